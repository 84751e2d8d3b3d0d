"""A BPMN diagram as a picture (SVG), drawn from the layout in its file: shapes by kind, flows, labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

DI, DC, LINE = "{http://www.omg.org/spec/BPMN/20100524/DI}", "{http://www.omg.org/spec/DD/20100524/DC}", "{http://www.omg.org/spec/DD/20100524/DI}"
MARGIN = 20
CHARACTERS_A_LINE = 8
FONT_PX = 12
STYLE = (
    "svg{background:#fff}rect,circle,polygon,path{fill:#fff;stroke:#1f2937;stroke-width:1.5}.lane,.pool{stroke:#9ca3af}"
    ".flow{fill:none}.end{stroke-width:3}.group{stroke-dasharray:6 4;fill:none}"
    f"text{{font:{FONT_PX}px 'Noto Sans SC','Microsoft YaHei',sans-serif;fill:#111827;text-anchor:middle}}"
)
_ARROW = '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" style="fill:#1f2937"/></marker></defs>'  # noqa: E501  # one element
_MARKS = {"exclusiveGateway": "×", "parallelGateway": "+", "inclusiveGateway": "○", "eventBasedGateway": "⬠"}


def picture_of(bpmn: bytes) -> str:
    """Draw a deployed diagram; one without a layout gives an empty picture."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    root = etree.fromstring(bpmn, parser)
    elements = {node.get("id"): node for node in root.iter("{*}*") if node.get("id")}
    shapes = [_Box(node, elements.get(node.get("bpmnElement"))) for node in root.iter(f"{DI}BPMNShape")]
    edges = [(node, elements.get(node.get("bpmnElement"))) for node in root.iter(f"{DI}BPMNEdge")]
    parts = [part for box in sorted(shapes, key=_depth) for part in box.drawn()]
    parts += [part for node, element in edges for part in _edge(node, element)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_view(shapes)}"><style>{STYLE}</style>{_ARROW}'
    return f"{head}{''.join(parts)}</svg>"


class _Box:
    """One shape with its place; `kind` is the element's tag."""

    def __init__(self, shape: Any, element: Any) -> None:
        bounds = shape.find(f"{DC}Bounds")
        self.x, self.y, self.width, self.height = (float(bounds.get(one, 0)) for one in ("x", "y", "width", "height"))
        self.kind = etree.QName(element).localname if element is not None else ""
        self.name = (element.get("name") or "") if element is not None else ""
        self.label = shape.find(f"{DI}BPMNLabel/{DC}Bounds")

    def drawn(self) -> Iterator[str]:
        """Give the shape and its label."""
        if self.kind.endswith("Event"):
            yield self._circle()
        elif self.kind.endswith("Gateway"):
            yield self._diamond()
            yield _text(self.x + self.width / 2, self.y + self.height / 2 + 6, _MARKS.get(self.kind, ""), 1)
        else:
            css = {"lane": "lane", "participant": "pool", "group": "group"}.get(self.kind, "task")
            radius = 0 if css in ("lane", "pool") else 8
            yield (
                f'<rect class="{css}" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" height="{self.height:g}" '
                f'rx="{radius}"/>'
            )
        if self.name:
            yield self._name()

    def _circle(self) -> str:
        css = "end" if self.kind == "endEvent" else "event"
        return (
            f'<circle class="{css}" cx="{self.x + self.width / 2:g}" cy="{self.y + self.height / 2:g}" r="{self.width / 2:g}"/>'
        )

    def _diamond(self) -> str:
        x, y, w, h = self.x, self.y, self.width, self.height
        return f'<polygon points="{x + w / 2:g},{y:g} {x + w:g},{y + h / 2:g} {x + w / 2:g},{y + h:g} {x:g},{y + h / 2:g}"/>'

    def _name(self) -> str:
        if self.kind in ("lane", "participant"):
            x, y = self.x + 15, self.y + self.height / 2
            return f'<text transform="translate({x:g} {y:g}) rotate(-90)">{escape(self.name)}</text>'
        if self.label is not None:
            x = float(self.label.get("x")) + float(self.label.get("width")) / 2
            return _text(x, float(self.label.get("y")) + FONT_PX, self.name, CHARACTERS_A_LINE + 2)
        if self.kind.endswith(("Event", "Gateway")):
            return _text(self.x + self.width / 2, self.y + self.height + FONT_PX + 3, self.name, CHARACTERS_A_LINE)
        lines = -(-len(self.name) // CHARACTERS_A_LINE)
        top = self.y + self.height / 2 - (lines - 1) * FONT_PX * 0.65 + FONT_PX * 0.35
        return _text(self.x + self.width / 2, top, self.name, CHARACTERS_A_LINE)


def _depth(box: _Box) -> int:
    order = ("participant", "lane", "subProcess")
    return order.index(box.kind) if box.kind in order else len(order) + (box.kind == "boundaryEvent")


def _edge(node: Any, element: Any) -> Iterator[str]:
    points = [(float(one.get("x")), float(one.get("y"))) for one in node.iter(f"{LINE}waypoint")]
    if len(points) < 2:
        return
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    dashed = ' stroke-dasharray="4 3"' if element is not None and etree.QName(element).localname != "sequenceFlow" else ""
    yield f'<path class="flow" d="{path}" marker-end="url(#arrow)"{dashed}/>'
    name, label = (element.get("name") if element is not None else None), node.find(f"{DI}BPMNLabel/{DC}Bounds")
    if name and label is not None:
        x = float(label.get("x")) + float(label.get("width")) / 2
        yield _text(x, float(label.get("y")) + FONT_PX, name, CHARACTERS_A_LINE)


def _text(x: float, y: float, text: str, width: int) -> str:
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    spans = "".join(
        f'<tspan x="{x:g}" dy="{FONT_PX * 1.3 if number else 0:g}">{escape(line)}</tspan>' for number, line in enumerate(lines)
    )
    return f'<text x="{x:g}" y="{y:g}">{spans}</text>'


def _view(shapes: list[_Box]) -> str:
    if not shapes:
        return "0 0 100 100"
    left, top = min(one.x for one in shapes) - MARGIN, min(one.y for one in shapes) - MARGIN
    right = max(one.x + one.width for one in shapes) + MARGIN
    bottom = max(one.y + one.height for one in shapes) + 2 * MARGIN
    return f"{left:g} {top:g} {right - left:g} {bottom - top:g}"
