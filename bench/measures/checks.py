"""The check of diagrams before they are deployed."""

from __future__ import annotations

from functools import partial

from tests.engine import xml_drawing
from tests.services.house import user_task
from workflow_service.identity.actor import Actor
from workflow_service.services import deployments

from ..figures import Figure, Row, Scale, median_time, milliseconds
from ..installation import Installation, Scene

DIAGRAMS, ELEMENTS, BRANCHES = 20, 500, 17
FEW = 5
HOW = """Twenty diagrams of 500 elements (tasks, choices, parallel blocks and loops back), read, compiled and checked
together as an upload is; and one of 17 parallel branches of two tasks each, whose markings would be 3^17. In this
process, everything warm."""
HINDRANCE = """Reading with the schema, building the model as drawn and as normalised, references, expressions, forms,
soundness and variables each pass over every element once, in Python; nothing is quadratic (see the ratio to five
diagrams)."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure both."""
    figure = Figure("checks", "Deployment check", HOW, hindrance=HINDRANCE)
    files = {f"{number}.bpmn": long_process(f"p{number}", ELEMENTS) for number in range(DIAGRAMS)}
    wide, narrow = {"wide.bpmn": parallel_branches(BRANCHES)}, {"narrow.bpmn": parallel_branches(3)}
    with installation.scene() as scene:
        scene.house.deploy()
        few = median_time(lambda: _check(scene, dict(list(files.items())[:FEW])), scale.of(1, 5), warm=1)
        many = median_time(lambda: _check(scene, files), scale.of(1, 5), warm=1)
        small, broad = (median_time(partial(_check, scene, one), scale.of(3, 21)) for one in (narrow, wide))
    figure.rows = [
        Row(f"{DIAGRAMS} diagrams of {ELEMENTS} elements", milliseconds(many), f"{FEW} of them: {milliseconds(few)}", many / few,
            "≤ 1 s", many <= 1),
        Row(f"{BRANCHES} parallel branches", milliseconds(broad), f"3 branches: {milliseconds(small)}", broad / small,
            "≤ 50 ms", broad <= 0.05),
    ]  # fmt: skip
    return figure


def long_process(key: str, elements: int) -> bytes:
    """A chain of blocks of ten elements: a task, a choice with a way back, a parallel pair, and their joins."""
    nodes, flows, last = ['<startEvent id="start"/>'], [], "start"
    for number in range(elements // 10):
        nodes.append(_BLOCK.replace("#", str(number)) + "".join(user_task(f"{name}{number}") for name in "abcdef"))
        flows += [line.replace("#", str(number)) for line in (f"{last} -> again#", *_FLOWS)]
        last = f"f{number}"
    nodes.append('<endEvent id="end"/>')
    return xml_drawing.file(xml_drawing.process("".join(nodes), *flows, f"{last} -> end", key=key))


_BLOCK = (
    '<exclusiveGateway id="again#"/><exclusiveGateway id="choice#" default="on#"/>'
    '<parallelGateway id="fork#"/><parallelGateway id="join#"/>'
)
_FLOWS = (
    "again# -> a#", "a# -> choice#", 'choice# -> again# [a#.outcome == "return"] as back#', "choice# -> fork# as on#",
    "fork# -> b#", "fork# -> c#", "c# -> d#", "b# -> join#", "d# -> join#", "join# -> e#", "e# -> f#",
)  # fmt: skip


def parallel_branches(number: int) -> bytes:
    """A fork into branches of two tasks each, and their join."""
    nodes = '<startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="end"/>'
    flows = ["start -> fork", "join -> end"]
    for each in range(number):
        nodes += user_task(f"a{each}") + user_task(f"b{each}")
        flows += [f"fork -> a{each}", f"a{each} -> b{each}", f"b{each} -> join"]
    return xml_drawing.draw(nodes, *flows)


def _check(scene: Scene, files: dict[str, bytes]) -> None:
    with scene.house.database.transaction() as session:
        problems = deployments.check_files(session, Actor.system("bench"), files)
    errors = [one for found in problems.values() for one in found if one.severity == "error"]
    assert not errors, errors[:3]

