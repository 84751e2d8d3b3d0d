// <div data-bpmn-viewer data-source="URL of the XML" data-done="ids" data-active="ids" data-failed="ids"></div>
// draws a diagram with the way travelled and where it stands; [data-bpmn-download] saves the picture.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "./index.css";
import { connectDownload } from "./download.js";
import { markElements } from "./marks.js";
import { wheelOnlyWithCtrl } from "./wheel.js";

for (const place of document.querySelectorAll("[data-bpmn-viewer]")) show(place);

async function show(place) {
  const viewer = new NavigatedViewer({ container: place, additionalModules: [wheelOnlyWithCtrl] });
  const answer = await fetch(place.dataset.source, { headers: { Accept: "application/xml" } });
  if (!answer.ok) {
    place.dataset.state = "failed";
    return;
  }
  await viewer.importXML(await answer.text());
  fit(viewer);
  markElements(viewer, place.dataset);
  connectDownload(viewer, place);
  place.dataset.state = "ready";
  place.dispatchEvent(new CustomEvent("diagram:ready", { bubbles: true, detail: { viewer } }));
}

function fit(viewer) {
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) canvas.zoom(1, "auto");
}
