// <div data-chart="URL"></div> draws what the URL tells: kind "course" (lines over days) or "gantt" (bars over days), as SVG in
// the colours of the theme. Each chart has its table beside it on the page.

import { init } from "echarts/core";
import { colours } from "./colours.js";
import { course } from "./course.js";
import { gantt } from "./gantt.js";

const KINDS = { course, gantt };

draw();
document.addEventListener("live:shown", draw);

function draw() {
  for (const place of document.querySelectorAll("[data-chart]:not([data-state])")) drawOne(place);
}

async function drawOne(place) {
  place.dataset.state = "waiting";
  const answer = await fetch(place.dataset.chart, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const told = await answer.json();
  if (told.height) place.style.height = `${told.height}px`;
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption(KINDS[told.kind](told, colours(), place));
  chart.on("click", ({ data }) => { if (data?.href) location.assign(data.href); });
  new ResizeObserver(() => chart.resize()).observe(place);
  place.dataset.state = "ready";
}
