// Lines over days: { days, lines: [{ name, values, planned }], unit }. A single one, or the one beside a plan, is the accent.

import { LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { shortDay, tip, words } from "./colours.js";

use([LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export function course({ days, lines, unit = "" }, colour) {
  const label = words(colour);
  const real = lines.filter((line) => !line.planned);
  return {
    animation: false,
    grid: { left: 48, right: 20, top: lines.length > 4 ? 60 : 36, bottom: 30 },
    legend: { top: 6, right: 12, left: 12, itemWidth: 18, itemHeight: 2, textStyle: label },
    tooltip: { trigger: "axis", ...tip(colour), valueFormatter: (value) => (value === null || value === undefined ? "—" : `${value}${unit}`) },
    xAxis: {
      type: "category", data: days, boundaryGap: false, axisTick: { show: false },
      axisLabel: { ...label, formatter: shortDay, hideOverlap: true }, axisLine: { lineStyle: { color: colour.line } },
    },
    yAxis: {
      type: "value", minInterval: unit ? undefined : 1, max: unit ? 100 : undefined,
      axisLabel: { ...label, formatter: `{value}${unit}` }, splitLine: { lineStyle: { color: colour.line } },
    },
    series: lines.map((line) => one(line, real.indexOf(line), real.length, colour)),
  };
}

const DASHES = ["solid", "dashed", "dotted"];

function one(line, place, count, colour) {
  const hue = line.planned ? colour.grey : count === 1 ? colour.accent : colour.lines[place % colour.lines.length];
  const dash = line.planned ? "dashed" : DASHES[Math.floor(place / 3) % DASHES.length];
  return {
    type: "line", name: line.name, data: line.values, showSymbol: line.values.length < 3, smooth: 0.25, connectNulls: true,
    lineStyle: { width: line.planned ? 1.5 : 2.5, type: dash, color: hue }, itemStyle: { color: hue },
  };
}
