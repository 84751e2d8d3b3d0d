// <div data-chart="id of a JSON script, or URL"></div> draws an ECharts option as SVG, in the colours of the theme.

import { BarChart, CustomChart, HeatmapChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
  VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, HeatmapChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent,
  TooltipComponent, VisualMapComponent, SVGRenderer]);

for (const place of document.querySelectorAll("[data-chart]")) draw(place);

async function draw(place) {
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption({ aria: { enabled: true }, textStyle: { fontFamily: "inherit" }, ...(await option(place.dataset.chart)) });
  new ResizeObserver(() => chart.resize()).observe(place);
  place.dataset.state = "ready";
}

async function option(where) {
  const script = document.getElementById(where);
  return script ? JSON.parse(script.textContent) : (await fetch(where)).json();
}
