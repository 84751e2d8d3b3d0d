// <div data-bpmn-modeler data-source="URL of the XML" data-field="id of a hidden field"></div>
// edits a route; the field receives the XML before its form is sent.

import Modeler from "bpmn-js/lib/Modeler";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import "./index.css";
import approval from "./approval.json";

for (const place of document.querySelectorAll("[data-bpmn-modeler]")) edit(place);

async function edit(place) {
  const modeler = new Modeler({ container: place, moddleExtensions: { camunda, approval } });
  const answer = await fetch(place.dataset.source, { headers: { Accept: "application/xml" } });
  await modeler.importXML(await answer.text());
  modeler.get("canvas").zoom("fit-viewport", "auto");
  handOver(modeler, document.getElementById(place.dataset.field));
  place.dataset.state = "ready";
  place.dispatchEvent(new CustomEvent("diagram:ready", { bubbles: true, detail: { modeler } }));
}

function handOver(modeler, field) {
  if (!field) return;
  modeler.on("commandStack.changed", async () => {
    field.value = (await modeler.saveXML({ format: true })).xml;
  });
}
