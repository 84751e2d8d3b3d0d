"""The drawn side of a diagram: rectangles and lines out of its BPMN DI, in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from lxml import etree

from workflow_service.engine.dialect import BPMN, BPMNDI, DC, DI

Point = tuple[int, int]
NOT_SHAPES = {"participant", "lane"}


@dataclass(frozen=True)
class Rectangle:
    """A rectangle with its sides; `name` says what it shows."""

    name: str
    left: int
    top: int
    right: int
    bottom: int

    def overlaps(self, other: Rectangle) -> bool:
        """Tell whether the two share more than a border."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Rectangle) -> bool:
        """Tell whether `other` lies within."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def touches(self, start: Point, end: Point) -> bool:
        """Tell whether an upright or level line runs through the inside."""
        (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
        return left < self.right and self.left < right + 1 and top < self.bottom and self.top < bottom + 1


@dataclass(frozen=True)
class Line:
    """A flow with its corners."""

    name: str
    source: str
    target: str
    points: tuple[Point, ...]

    def pixels(self) -> Iterator[Point]:
        """Walk the line pixel by pixel."""
        for (x, y), (to_x, to_y) in pairwise(self.points):
            step = ((to_x > x) - (to_x < x), (to_y > y) - (to_y < y))
            while (x, y) != (to_x, to_y):
                yield x, y
                x, y = x + step[0], y + step[1]
        yield self.points[-1]


class Picture:
    """Everything that one file draws."""

    def __init__(self, path: Path) -> None:
        self.root = etree.fromstring(path.read_bytes())
        self.elements = {one.get("id"): one for one in self.root.iter(f"{{{BPMN}}}*") if one.get("id")}
        drawn = {one.get("bpmnElement"): one for one in self.root.iter(f"{{{BPMNDI}}}BPMNShape")}
        boxes = {key: self._rectangle(key, one) for key, one in drawn.items()}
        self.areas = {key: box for key, box in boxes.items() if self.tag(key) in NOT_SHAPES}
        self.shapes = {key: box for key, box in boxes.items() if key not in self.areas}
        edges = {one.get("bpmnElement"): one for one in self.root.iter(f"{{{BPMNDI}}}BPMNEdge")}
        self.lines = [self._line(key, one) for key, one in edges.items()]
        both = {**drawn, **edges}
        labels = {key: one.find(f"{{{BPMNDI}}}BPMNLabel") for key, one in both.items()}
        self.labels = {
            key: self._rectangle(f"label of {key}", label)
            for key, label in labels.items()
            if label is not None and label.find(f"{{{DC}}}Bounds") is not None
        }

    def tag(self, key: str) -> str:
        """Give the element's tag without its namespace."""
        return str(etree.QName(self.elements[key]).localname)

    def text(self, key: str) -> str:
        """Give the element's name."""
        return str(self.elements[key].get("name") or "")

    def host(self, key: str) -> str | None:
        """Give what a boundary event sits on."""
        host = self.elements[key].get("attachedToRef")
        return str(host) if host else None

    def marker(self, key: str) -> Rectangle | None:
        """Give where the viewer draws the signs at an activity's foot: [+] in the middle, ||| there or left of it."""
        called = self.tag(key) in ("callActivity", "subProcess")
        many = self.elements[key].find(f"{{{BPMN}}}multiInstanceLoopCharacteristics") is not None
        if not called and not many:
            return None
        box = self.shapes[key]
        middle = (box.left + box.right) // 2
        left = middle - (24 if called and many else 8)
        return Rectangle(f"marker of {key}", left, box.bottom - 20, middle + 8, box.bottom)

    @staticmethod
    def _rectangle(name: str, drawn: etree._Element) -> Rectangle:
        bounds = drawn.find(f"{{{DC}}}Bounds")
        left, top, width, height = (int(bounds.get(key)) for key in ("x", "y", "width", "height"))
        return Rectangle(name, left, top, left + width, top + height)

    def _line(self, key: str, drawn: etree._Element) -> Line:
        flow = self.elements[key]
        corners = [(int(one.get("x")), int(one.get("y"))) for one in drawn.iter(f"{{{DI}}}waypoint")]
        return Line(key, flow.get("sourceRef"), flow.get("targetRef"), tuple(corners))
