// <div data-chart="URL"></div> draws issued against due, added up, as SVG in the colours of the theme.

import { LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

for (const place of document.querySelectorAll("[data-chart]")) draw(place);

async function draw(place) {
  const answer = await fetch(place.dataset.chart, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption(option(await answer.json(), colours()));
  new ResizeObserver(() => chart.resize()).observe(place);
  place.dataset.state = "ready";
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return { accent: read("--accent"), grey: read("--grey-dot"), ink: read("--ink-2"), line: read("--line"), surface: read("--surface") };
}

function option({ days, issued, due, names }, colour) {
  const label = { color: colour.ink, fontFamily: "inherit", fontSize: 11 };
  const line = { type: "line", showSymbol: false, smooth: 0.25 };
  return {
    animation: false,
    grid: { left: 44, right: 20, top: 36, bottom: 30 },
    legend: { top: 6, right: 12, itemWidth: 18, itemHeight: 2, textStyle: label },
    tooltip: { trigger: "axis", backgroundColor: colour.surface, borderColor: colour.line, textStyle: { ...label, fontSize: 12 } },
    xAxis: { type: "category", data: days, boundaryGap: false, axisLabel: { ...label, formatter: shortDay }, axisLine: { lineStyle: { color: colour.line } }, axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1, axisLabel: label, splitLine: { lineStyle: { color: colour.line } } },
    series: [
      { ...line, name: names.due, data: due, lineStyle: { width: 1.5, type: "dashed", color: colour.grey }, itemStyle: { color: colour.grey } },
      { ...line, name: names.issued, data: issued, lineStyle: { width: 2.5, color: colour.accent }, itemStyle: { color: colour.accent } },
    ],
  };
}

function shortDay(day) {
  const [, month, date] = day.split("-");
  return `${Number(month)}/${Number(date)}`;
}
