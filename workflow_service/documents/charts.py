"""Bar charts of official documents as plain values, and as SVG drawn here: for the page and the pdf.

The docx has the same chart as DrawingML (`docx_chart`), set in the fonts of the reader's machine. Colours differ in lightness
too, so that a copier tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from workflow_service.documents.model import Chart, clean

COLOURS = ("1F4E8C", "9DB7D8", "D9342B")
WIDTH, ROW, GAP, LEFT, RIGHT, TOP = 640, 14, 10, 190, 46, 34
COLUMN_HEIGHT, COLUMN_FOOT = 190, 34
FONT = "font-family=\"'Noto Sans CJK SC', 'Microsoft YaHei', SimHei, sans-serif\" font-size=\"13\" fill=\"currentColor\""


@dataclass(frozen=True)
class _Scale:
    largest: float
    length: float

    def __call__(self, value: float) -> float:
        return self.length * value / self.largest if self.largest else 0.0


def chart_svg(chart: Chart) -> str:
    """The chart as an SVG element; every text is escaped, nothing in it needs a style sheet."""
    body, height = (_bars(chart) if chart.lying else _columns(chart))
    label = escape(clean(f"{chart.title}：{_told(chart)}"), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" aria-label="{label}">'
        f"{''.join(_legend(chart))}{body}</svg>"
    )


def _told(chart: Chart) -> str:
    """The numbers in words, for who hears the page."""
    rows = (
        f"{name} " + "、".join(f"{one.name}{_number(one.values[index])}{chart.unit}" for one in chart.series)
        for index, name in enumerate(chart.labels)
    )
    return "；".join(rows)


def _legend(chart: Chart) -> Iterator[str]:
    x = 0
    for number, one in enumerate(chart.series):
        yield f'<rect x="{x}" y="4" width="12" height="12" fill="#{COLOURS[number]}"/>'
        yield f'<text x="{x + 18}" y="15" {FONT}>{_t(one.name)}</text>'
        x += 40 + 14 * len(one.name)


def _bars(chart: Chart) -> tuple[str, int]:
    """A group of lying bars a label: for names of units, which are long."""
    scale, y, parts = _Scale(chart.largest, WIDTH - LEFT - RIGHT), TOP, []
    for index, name in enumerate(chart.labels):
        middle = y + ROW * len(chart.series) / 2 + 5
        parts.append(f'<text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end" {FONT}>{_t(_short(name))}</text>')
        for number, one in enumerate(chart.series):
            value = one.values[index] or 0
            width = scale(value)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{ROW - 2}" fill="#{COLOURS[number]}"/>')
            parts.append(f'<text x="{LEFT + width + 6:.1f}" y="{y + 11}" {FONT}>{_number(one.values[index])}</text>')
            y += ROW
        y += GAP
    return "".join(parts), y


def _columns(chart: Chart) -> tuple[str, int]:
    """A group of standing columns a label: for a course in time."""
    scale = _Scale(chart.largest, COLUMN_HEIGHT - 20)
    step = WIDTH / max(len(chart.labels), 1)
    width = min(26.0, (step - 8) / max(len(chart.series), 1))
    foot, parts = TOP + COLUMN_HEIGHT, []
    for index, name in enumerate(chart.labels):
        left = step * index + (step - width * len(chart.series)) / 2
        for number, one in enumerate(chart.series):
            value, x = one.values[index] or 0, left + width * number
            height = scale(value)
            parts.append(
                f'<rect x="{x:.1f}" y="{foot - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}"'
                f' fill="#{COLOURS[number]}"/>'
            )
            parts.append(
                f'<text x="{x + width / 2 - 1:.1f}" y="{foot - height - 4:.1f}" text-anchor="middle" {FONT}>'
                f"{_number(one.values[index])}</text>"
            )
        parts.append(f'<text x="{step * (index + 0.5):.1f}" y="{foot + 18}" text-anchor="middle" {FONT}>{_t(name)}</text>')
    line = f'<line x1="0" y1="{foot}" x2="{WIDTH}" y2="{foot}" stroke="currentColor" stroke-width="1"/>'
    return line + "".join(parts), foot + COLUMN_FOOT


def _short(name: str) -> str:
    return name if len(name) <= 13 else f"{name[:12]}…"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"


def _t(text: str) -> str:
    return escape(clean(text))
