"""Event sub-processes, drawn out as boundary events of a sub-process around everything beside them.

BPMN 2.0.2 §13.5.4: an event sub-process listens while its scope runs; one that interrupts ends everything else in it, and
the scope is over once it is. A boundary event on a sub-process means exactly this, and shares the variables around it.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from workflow_service.domain.drawing import INSERTED
from workflow_service.engine.dialect import FLOW_NODES, bpmn

_STAY_OUTSIDE = frozenset(bpmn(tag) for tag in ("messageEventDefinition", "timerEventDefinition", "signalEventDefinition"))


def is_event_sub_process(node: Any) -> bool:
    """Whether a node is a sub-process that its start event begins."""
    return bool(node.tag == bpmn("subProcess") and node.get("triggeredByEvent") == "true")


def draw_event_sub_processes_out(scope: Any) -> None:
    """Rewrite one process or sub-process that has event sub-processes; anything else stays as it is."""
    listening = [node for node in scope if is_event_sub_process(node)]
    if not listening:
        return
    around = _put_around(scope, listening)
    for node in listening:
        _hang_on(scope, node, around)


def _put_around(scope: Any, listening: list[Any]) -> str:
    """Move everything beside the event sub-processes into a sub-process; a start event that is triggered stays before it."""
    key = f"{INSERTED}scope_{scope.get('id')}"
    around = etree.Element(bpmn("subProcess"), id=key, name=scope.get("name", ""))
    outside = {node.get("id") for node in scope if node.tag == bpmn("startEvent") and _is_triggered(node)}
    wanted = {bpmn(tag) for tag in (*FLOW_NODES, "sequenceFlow")}
    first: list[str] = []
    for node in [one for one in scope if one.tag in wanted and one not in listening]:
        if node.get("id") in outside:
            continue
        if node.get("sourceRef") in outside:
            first.append(node.get("targetRef"))
            node.set("targetRef", key)
        else:
            around.append(node)
    if first:
        _begin_with(around, first)
    scope.append(around)
    return key


def _begin_with(scope: Any, targets: list[str]) -> None:
    start = f"{INSERTED}first_{scope.get('id').removeprefix(INSERTED)}"
    etree.SubElement(scope, bpmn("startEvent"), id=start)
    for target in targets:
        _connect(scope, start, target)


def _hang_on(scope: Any, node: Any, around: str) -> None:
    """Let the event that begins a sub-process hang on the one around the rest, under the id and name that it was drawn with."""
    del node.attrib["triggeredByEvent"]
    start = node.find(bpmn("startEvent"))
    first = [flow for flow in node.findall(bpmn("sequenceFlow")) if flow.get("sourceRef") == start.get("id")]
    node.remove(start)
    inner = f"{INSERTED}begin_{node.get('id')}"
    etree.SubElement(node, bpmn("startEvent"), id=inner)
    for flow in first:
        flow.set("sourceRef", inner)
    start.tag = bpmn("boundaryEvent")
    start.set("attachedToRef", around)
    start.set("cancelActivity", start.attrib.pop("isInterrupting", "true"))
    scope.append(start)
    _connect(scope, start.get("id"), node.get("id"))


def _connect(scope: Any, source: str, target: str) -> None:
    key = f"{INSERTED}{source.removeprefix(INSERTED)}_to_{target.removeprefix(INSERTED)}"
    etree.SubElement(scope, bpmn("sequenceFlow"), id=key, sourceRef=source, targetRef=target)


def _is_triggered(node: Any) -> bool:
    return any(child.tag in _STAY_OUTSIDE for child in node)
