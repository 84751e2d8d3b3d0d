"""The diagrams read well: everything drawn, nothing over anything else, no flow across another."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest
import SpiffWorkflow.bpmn.parser
from lxml import etree

from .files import DIAGRAMS
from .picture import Line, Picture

SCHEMA = Path(SpiffWorkflow.bpmn.parser.__file__).parent / "schema" / "BPMN20.xsd"
WIDE, NARROW, LINE_HEIGHT = 11, 6, 14
each_diagram = pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)


@each_diagram
def test_the_file_is_valid_bpmn(path: Path) -> None:
    """Valid but for `calledElement="${…}"`, which modellers write where the schema wants a plain name."""
    root = etree.fromstring(path.read_bytes())
    for call in root.iter("{*}callActivity"):
        call.set("calledElement", call.get("calledElement").strip("${}"))
    etree.XMLSchema(etree.parse(str(SCHEMA))).assertValid(root)


@each_diagram
def test_every_element_is_drawn_and_named(path: Path) -> None:
    picture = Picture(path)
    process = next(one for one in picture.elements.values() if etree.QName(one).localname == "process")
    drawn = {*picture.shapes, *picture.areas, *(line.name for line in picture.lines)}
    shown = [
        one.get("id") for one in process if etree.QName(one).localname not in ("laneSet", "documentation")
    ]
    assert set(shown) <= drawn
    unnamed = [key for key in picture.shapes if not picture.text(key)]
    assert {picture.tag(key) for key in unnamed} <= {"parallelGateway"}


@each_diagram
def test_no_two_shapes_overlap(path: Path) -> None:
    picture = Picture(path)
    clashes = [
        (one, other)
        for (one, box), (other, second) in combinations(picture.shapes.items(), 2)
        if box.overlaps(second) and picture.host(one) != other and picture.host(other) != one
    ]
    assert clashes == []


@each_diagram
def test_no_boundary_event_covers_the_marker_of_its_host(path: Path) -> None:
    picture = Picture(path)
    covered = [
        key
        for key, box in picture.shapes.items()
        if (host := picture.host(key)) and (marker := picture.marker(host)) and box.overlaps(marker)
    ]
    assert covered == []


@each_diagram
def test_every_lane_holds_its_own(path: Path) -> None:
    picture = Picture(path)
    for key, area in picture.areas.items():
        for reference in picture.elements[key].iter("{*}flowNodeRef"):
            box = picture.shapes[reference.text]
            if picture.host(reference.text) is None:
                assert area.holds(box), (key, reference.text)
    lanes = [area for key, area in picture.areas.items() if picture.tag(key) == "lane"]
    assert not any(one.overlaps(other) for one, other in combinations(lanes, 2))


@each_diagram
def test_labels_are_free_and_large_enough(path: Path) -> None:
    picture = Picture(path)
    for key, label in picture.labels.items():
        clashes = [name for name, box in picture.shapes.items() if label.overlaps(box)]
        clashes += [name for name, other in picture.labels.items() if name != key and label.overlaps(other)]
        clashes += [
            line.name for line in picture.lines if any(label.touches(*part) for part in pairwise(line.points))
        ]
        assert clashes == [], key
        width = sum(WIDE if ord(sign) > 255 else NARROW for sign in picture.text(key))
        lines = -(-width // (label.right - label.left))
        assert lines * LINE_HEIGHT <= label.bottom - label.top, key
    named = {
        key
        for key in picture.shapes
        if picture.text(key) and not picture.tag(key).endswith(("Task", "Activity"))
    }
    assert named | {line.name for line in picture.lines if picture.text(line.name)} == set(picture.labels)


@each_diagram
def test_flows_run_level_or_upright_from_border_to_border(path: Path) -> None:
    picture = Picture(path)
    for line in picture.lines:
        assert all(a == c or b == d for (a, b), (c, d) in pairwise(line.points)), line.name
        for key, point in ((line.source, line.points[0]), (line.target, line.points[-1])):
            box = picture.shapes[key]
            upright = point[0] in (box.left, box.right) and box.top <= point[1] <= box.bottom
            level = point[1] in (box.top, box.bottom) and box.left <= point[0] <= box.right
            assert upright or level, (line.name, key)


@each_diagram
def test_no_flow_runs_through_a_shape(path: Path) -> None:
    picture = Picture(path)
    for line in picture.lines:
        inner = list(line.pixels())[1:-1]
        for key, box in picture.shapes.items():
            if key in (picture.host(line.source), picture.host(line.target)):
                continue
            assert not any(
                box.left < x < box.right and box.top < y < box.bottom for x, y in inner
            ), (line.name, key)  # fmt: skip


@each_diagram
def test_no_flow_crosses_another(path: Path) -> None:
    picture = Picture(path)
    for one, other in combinations(picture.lines, 2):
        assert _shared(one, other) == set(), (one.name, other.name)


def _shared(one: Line, other: Line) -> set[tuple[int, int]]:
    """Points of both lines, but for a trunk that they leave their source by, or come to their target by, together."""
    first, second = list(one.pixels()), list(other.pixels())
    if one.source == other.source:
        first, second = _without_trunk(first, second)
    if one.target == other.target:
        back = _without_trunk(first[::-1], second[::-1])
        first, second = back[0][::-1], back[1][::-1]
    return set(first) & set(second)


def _without_trunk(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> tuple[list, list]:
    common = 0
    while common < min(len(first), len(second)) and first[common] == second[common]:
        common += 1
    return first[common:], second[common:]
