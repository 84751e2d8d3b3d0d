// <div data-diagram="URL of the XML" data-marks='{"way":[],"here":[],"wait":[],"bad":[],"notes":{id: text},
// "heat":{id: {level, badge, again, note}}}'></div>
// draws a diagram with the way travelled and the present place. The wheel zooms with Ctrl only.

import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "./index.css";
import { connectChecks } from "./checks.js";
import { heat, notesOf } from "./heat.js";
import { mark } from "./marks.js";
import { connectNotes } from "./notes.js";
import { connectTools } from "./tools.js";
import { wheelOnlyWithCtrl } from "./wheel.js";

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    show(target);
  }
}, { rootMargin: "200px" });

for (const place of document.querySelectorAll("[data-diagram]")) near.observe(place);

async function show(place) {
  const xml = await source(place);
  if (!xml) return fail(place);
  const viewer = new NavigatedViewer({ container: place, additionalModules: [wheelOnlyWithCtrl] });
  try {
    await viewer.importXML(xml);
  } catch {
    return fail(place);
  }
  place.querySelector(".diagram-wait")?.remove();
  const marks = JSON.parse(place.dataset.marks || "{}");
  mark(viewer, marks);
  fit(viewer, place, marks.here || []);
  heat(viewer, marks.heat || {});
  connectNotes(viewer, place, marks.notes || notesOf(marks.heat || {}));
  connectTools(viewer, place);
  connectChecks(viewer, place);
  place.dataset.state = "ready";
}

async function source(place) {
  const inline = document.getElementById(place.dataset.diagram);
  if (inline) return inline.value ?? inline.textContent;
  const answer = await fetch(place.dataset.diagram, { headers: { Accept: "application/xml" } });
  return answer.ok ? answer.text() : "";
}

function fail(place) {
  place.dataset.state = "failed";
  const line = place.querySelector(".diagram-wait");
  if (line) line.textContent = place.dataset.failed || "";
}

const READABLE = 0.72;

// A wide route in a small frame is fitted only as far as its words stay readable; then the present place is in the middle.
function fit(viewer, place, here) {
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) canvas.zoom(1, "auto");
  if (place.classList.contains("diagram-tall")) shrink(canvas, place);
  const standing = here.map((id) => viewer.get("elementRegistry").get(id)).find((element) => element && !element.waypoints);
  if (canvas.zoom() >= READABLE || !standing || place.dataset.fit === "all") return;
  canvas.zoom(Math.max(READABLE, canvas.zoom()));
  centre(canvas, standing);
}

const LEAST_PX = 240;
const MARGIN_PX = 48;

// A flat route leaves no empty field above and below itself.
function shrink(canvas, place) {
  const needed = Math.ceil(canvas.viewbox().inner.height * canvas.zoom()) + MARGIN_PX;
  if (needed >= place.clientHeight) return;
  place.style.height = `${Math.max(LEAST_PX, needed)}px`;
  canvas.resized();
  canvas.zoom("fit-viewport", "auto");
}

export function centre(canvas, element) {
  const box = canvas.viewbox();
  canvas.viewbox({
    x: within(element.x + element.width / 2 - box.width / 2, box.width, box.inner.x, box.inner.width),
    y: within(element.y + element.height / 2 - box.height / 2, box.height, box.inner.y, box.inner.height),
    width: box.width, height: box.height,
  });
}

// No more than a margin of empty field beside the drawing; a drawing smaller than its frame stands in the middle.
function within(wanted, shown, from, length) {
  if (length <= shown) return from - (shown - length) / 2;
  return Math.min(Math.max(wanted, from - MARGIN_PX / 2), from + length - shown + MARGIN_PX / 2);
}
