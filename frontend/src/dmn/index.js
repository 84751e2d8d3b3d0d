// <div data-dmn-viewer data-source="URL of the XML"></div> shows a decision table.

import DmnViewer from "dmn-js/lib/NavigatedViewer";
import "./index.css";

for (const place of document.querySelectorAll("[data-dmn-viewer]")) show(place);

async function show(place) {
  const viewer = new DmnViewer({ container: place });
  const answer = await fetch(place.dataset.source, { headers: { Accept: "application/xml" } });
  if (!answer.ok) {
    place.dataset.state = "failed";
    return;
  }
  await viewer.importXML(await answer.text());
  const table = viewer.getViews().find((view) => view.type === "decisionTable");
  if (table) await viewer.open(table);
  place.dataset.state = "ready";
}
