// Bars over days: { from, until, today, off: [[first, last]], rows: [{ title, href, bars: [{ stage, words, from, until }], due,
// dueWords, light, stageDue, stageDueWords, stageLight }] }. Days off are shaded; a row's due date is a mark in the colour of its light.

import { CustomChart } from "echarts/charts";
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { tip, words } from "./colours.js";

use([CustomChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const BAR_PX = 12;
const NAMES_PX = 236; // texts with Chinese quotation marks come out wider than they are measured
const BELOW_NAME_PX = 7; // on a narrow screen a row's name stands above its bar

export function gantt(told, colour, place) {
  const label = words(colour);
  const narrow = place.clientWidth < 560;
  const below = narrow ? BELOW_NAME_PX : 0;
  const titles = told.rows.map((row) => row.title);
  return {
    animation: false,
    grid: { left: narrow ? 8 : NAMES_PX, right: 16, top: 44, bottom: 30 },
    legend: { top: 6, left: 8, right: 8, type: "scroll", itemWidth: 14, itemHeight: 8, textStyle: label, data: told.stages.map((one) => one.words) },
    tooltip: { trigger: "item", ...tip(colour), formatter: ({ data }) => data.words },
    xAxis: {
      type: "time", min: told.from, max: told.until, axisLabel: { ...label, hideOverlap: true, formatter: "{M}/{d}" },
      axisLine: { lineStyle: { color: colour.line } }, splitLine: { show: true, lineStyle: { color: colour.line } },
    },
    yAxis: {
      type: "category", inverse: true, data: titles, axisTick: { show: false }, axisLine: { show: false },
      axisLabel: narrow
        ? { ...label, color: colour.strong, fontSize: 11, inside: true, margin: 2, align: "left", verticalAlign: "bottom" }
        : { ...label, color: colour.strong, width: NAMES_PX - 44, overflow: "truncate" },
      z: narrow ? 3 : 0,
    },
    series: [...told.stages.map((stage, number) => bars(told, stage, number, colour, below)), dues(told, colour, below), stageDues(told, colour, below)],
  };
}

function bars(told, stage, number, colour, below) {
  const data = told.rows.flatMap((row, place) => row.bars.filter((bar) => bar.stage === stage.code).map((bar) => ({
    value: [place, bar.from, bar.until], words: `${row.title}\n${bar.words}`.replaceAll("\n", "<br>"), href: row.href,
  })));
  return {
    type: "custom", name: stage.words, data, encode: { x: [1, 2], y: 0 }, renderItem: (params, api) => bar(params, api, below),
    itemStyle: { color: colour.stages[number % colour.stages.length] },
    ...(number ? {} : { markArea: daysOff(told, colour), markLine: today(told, colour) }),
  };
}

function bar(params, api, below) {
  const begin = api.coord([api.value(1), api.value(0)]);
  const end = api.coord([api.value(2), api.value(0)]);
  const frame = params.coordSys;
  const left = Math.max(begin[0], frame.x);
  const right = Math.min(Math.max(end[0], begin[0] + 2), frame.x + frame.width);
  if (right <= left) return undefined;
  return {
    type: "rect", shape: { x: left, y: begin[1] + below - BAR_PX / 2, width: right - left, height: BAR_PX, r: 2 },
    style: { fill: api.visual("color") },
  };
}

function dues(told, colour, below) {
  const data = told.rows.flatMap((row, place) => (row.due ? [{
    value: [place, row.due], words: `${row.title}<br>${row.dueWords}`, href: row.href,
    itemStyle: { color: colour.lights[row.light] || colour.ink },
  }] : []));
  return { type: "custom", name: told.dueName, data, encode: { x: 1, y: 0 }, renderItem: (params, api) => due(params, api, below), itemStyle: { color: colour.ink } };
}

function stageDues(told, colour, below) {
  const data = told.rows.flatMap((row, place) => (row.stageDue ? [{
    value: [place, row.stageDue], words: `${row.title}<br>${row.stageDueWords}`, href: row.href,
    itemStyle: { color: colour.lights[row.stageLight] || colour.ink },
  }] : []));
  return { type: "custom", name: told.stageDueName, data, encode: { x: 1, y: 0 }, renderItem: (params, api) => stageDue(params, api, below), itemStyle: { color: colour.ink } };
}

function stageDue(params, api, below) {
  const [x, middle] = api.coord([api.value(1), api.value(0)]);
  if (x < params.coordSys.x || x > params.coordSys.x + params.coordSys.width) return undefined;
  return { type: "rect", shape: { x: x - 1.5, y: middle + below - 9, width: 3, height: 18 }, style: { fill: api.visual("color") } };
}

function due(params, api, below) {
  const [x, middle] = api.coord([api.value(1), api.value(0)]);
  const y = middle + below;
  if (x < params.coordSys.x || x > params.coordSys.x + params.coordSys.width) return undefined;
  return {
    type: "polygon", shape: { points: [[x, y - 8], [x + 6, y], [x, y + 8], [x - 6, y]] },
    style: { fill: api.visual("color") },
  };
}

function daysOff(told, colour) {
  return { silent: true, itemStyle: { color: colour.off }, data: told.off.map(([first, last]) => [{ xAxis: first }, { xAxis: last }]) };
}

function today(told, colour) {
  return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colour.accent, type: "dashed" }, data: [{ xAxis: told.today }] };
}
