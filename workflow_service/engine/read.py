"""Reads a BPMN file into a `Diagram`, or says with element and line why it cannot be read.

Order: XML (no entities, DTD, network; 5 MB), our own check of tags, ids and references in words, the BPMN 2.0 schema
for the rest, then the model. `normalise` and `verify` work on what this gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import SpiffWorkflow.bpmn.parser
from lxml import etree

from workflow_service.engine.diagram import (
    Box,
    DataMapping,
    Diagram,
    Element,
    EventDefinition,
    Flow,
    Lane,
    Message,
    MultiInstance,
    Process,
    StandardLoop,
)
from workflow_service.engine.dialect import (
    APPROVAL,
    BPMN,
    BPMNDI,
    CAMUNDA,
    DC,
    DI,
    EVENT_DEFINITIONS,
    FLOW_NODES,
    PREFIXES,
    SUB_PROCESSES,
    approval,
    bpmn,
    camunda,
)
from workflow_service.engine.problems import ERROR, DefinitionRefused, Problem
from workflow_service.engine.references import structure_problems
from workflow_service.engine.xml import parse_xml
from workflow_service.i18n import N_

_SCHEMA = Path(SpiffWorkflow.bpmn.parser.__file__).parent / "schema" / "BPMN20.xsd"
_MAX_SCHEMA_PROBLEMS = 20
_EXTENSIONS = bpmn("extensionElements")
_MULTI_INSTANCE, _STANDARD_LOOP = bpmn("multiInstanceLoopCharacteristics"), bpmn("standardLoopCharacteristics")
_schema_lock = Lock()


def read_diagram(data: bytes) -> Diagram:
    """Read one BPMN file.

    Raises NotReadable and FileTooLarge for the XML, and DefinitionRefused with all findings when the tags, ids,
    references or the schema do not hold.
    """
    root = parse_xml(data)
    problems = structure_problems(root)
    if not any(problem.is_error for problem in problems):
        problems += _schema_problems(root)
    if any(problem.is_error for problem in problems):
        raise DefinitionRefused(root.get("name") or root.get("id") or "BPMN", problems)
    return diagram_of(root)


def _schema_problems(root: Any) -> list[Problem]:
    with _schema_lock, _as_the_schema_wants(root):
        schema = _schema()
        if schema.validate(root):
            return []
        entries = list(schema.error_log)[:_MAX_SCHEMA_PROBLEMS]
    return [
        Problem(
            ERROR,
            "bpmn_schema",
            N_("不符合 BPMN 2.0 的结构：%(detail)s"),
            line=entry.line,
            values={"detail": entry.message.replace(f"{{{BPMN}}}", "bpmn:")},
        )
        for entry in entries
    ]


@lru_cache(maxsize=1)
def _schema() -> Any:
    return etree.XMLSchema(etree.parse(str(_SCHEMA)))


@contextmanager
def _as_the_schema_wants(root: Any) -> Iterator[None]:
    """Hide from the schema, while it looks, what Camunda and bpmn-js write and it does not know.

    A called element computed at run time, and the path of a correlation property under another name.
    """
    computed = [(node, node.get("calledElement")) for node in root.iter(bpmn("callActivity"))]
    computed = [(node, called) for node, called in computed if "${" in (called or "")]
    for node, _called in computed:
        node.set("calledElement", "computed")
    for path in root.iterfind(
        f".//{bpmn('correlationPropertyRetrievalExpression')}/{bpmn('formalExpression')}"
    ):
        path.tag = bpmn("messagePath")
    yield
    for node, called in computed:
        node.set("calledElement", called)


def diagram_of(root: Any) -> Diagram:
    """Give the model of a BPMN tree that was checked, or normalised, before."""
    names = _Names(root)
    boxes, edges = _drawing(root)
    return Diagram(
        id=root.get("id", ""),
        name=root.get("name", ""),
        processes=tuple(_process(node, names, boxes) for node in root.iterfind(bpmn("process"))),
        messages=names.messages,
        signals=names.signals,
        errors=names.errors,
        escalations=names.escalations,
        edges=edges,
        tree=root,
    )


class _Names:
    """What event definitions refer to by id, looked up once a file."""

    def __init__(self, root: Any) -> None:
        self.messages = {
            node.get("id"): Message(
                node.get("id"), node.get("name", ""), node.get(approval("correlationKey"))
            )
            for node in root.iterfind(bpmn("message"))
        }
        self.signals = {node.get("id"): node.get("name", "") for node in root.iterfind(bpmn("signal"))}
        self.errors = {node.get("id"): node.get("errorCode") for node in root.iterfind(bpmn("error"))}
        self.escalations = {
            node.get("id"): node.get("escalationCode") for node in root.iterfind(bpmn("escalation"))
        }
        self.definitions = {
            node.get("id"): node for tag in EVENT_DEFINITIONS for node in root.iterfind(bpmn(tag))
        }

    def of(self, kind: str, node: Any) -> tuple[str | None, str | None]:
        """Give the id an event definition refers to and the name or code found there."""
        ref = node.get(f"{kind}Ref")
        if kind == "message":
            return ref, self.messages[ref].name if ref in self.messages else None
        if kind == "link":
            return ref, node.get("name")
        found: dict[str, Any] = {"signal": self.signals, "error": self.errors, "escalation": self.escalations}
        return ref, found.get(kind, {}).get(ref)


def _process(node: Any, names: _Names, boxes: dict[str, Box]) -> Process:
    flows = {flow.id: flow for flow in _flows(node)}
    lanes = tuple(_lanes(node))
    reader = _Elements(
        node, names, boxes, flows, {element: lane.name for lane in lanes for element in lane.elements}
    )
    return Process(
        id=node.get("id"),
        name=node.get("name", ""),
        executable=node.get("isExecutable", "false") == "true",
        elements={element.id: element for element in reader.read(node, None)},
        flows=flows,
        lanes=lanes,
        line=node.sourceline,
        attributes=_attributes(node),
    )


def _flows(process: Any) -> Iterable[Flow]:
    defaults = {node.get("default") for node in process.iter() if node.get("default")}
    for node in process.iter(bpmn("sequenceFlow")):
        condition = _text(node, "conditionExpression")
        yield Flow(
            id=node.get("id"),
            source=node.get("sourceRef"),
            target=node.get("targetRef"),
            name=node.get("name", ""),
            condition=condition,
            is_default=node.get("id") in defaults,
            line=node.sourceline,
        )


def _lanes(process: Any) -> Iterable[Lane]:
    """Give the lanes; in nested ones the innermost comes last and so names its elements."""
    for lane in process.iter(bpmn("lane")):
        references = tuple((ref.text or "").strip() for ref in lane.iterfind(bpmn("flowNodeRef")))
        yield Lane(lane.get("id", ""), lane.get("name", ""), references)


class _Elements:
    """Reads the flow nodes of one process, sub-processes included."""

    def __init__(
        self,
        process: Any,
        names: _Names,
        boxes: dict[str, Box],
        flows: dict[str, Flow],
        lanes: dict[str, str],
    ) -> None:
        self.process, self.names, self.boxes, self.lanes = process.get("id"), names, boxes, lanes
        self.incoming: dict[str, list[Flow]] = {}
        self.outgoing: dict[str, list[Flow]] = {}
        for flow in flows.values():
            self.incoming.setdefault(flow.target, []).append(flow)
            self.outgoing.setdefault(flow.source, []).append(flow)
        self.boundary: dict[str, list[str]] = {}
        for node in process.iter(bpmn("boundaryEvent")):
            self.boundary.setdefault(node.get("attachedToRef"), []).append(node.get("id"))

    def read(self, scope: Any, parent: str | None) -> Iterable[Element]:
        """Give the flow nodes directly in `scope`, each sub-process followed by what stands in it."""
        for node in scope:
            namespace, _brace, tag = node.tag.rpartition("}")
            if tag in FLOW_NODES and namespace == f"{{{BPMN}":
                yield self._element(node, tag, parent)
                if tag in SUB_PROCESSES:
                    yield from self.read(node, node.get("id"))

    def _element(self, node: Any, tag: str, parent: str | None) -> Element:
        key = node.get("id")
        has = {child.tag for child in node}
        return Element(
            id=key,
            type=tag,
            name=node.get("name", ""),
            process=self.process,
            parent=parent,
            lane=self.lanes.get(key),
            line=node.sourceline,
            attributes=_attributes(node),
            incoming=tuple(self.incoming.get(key, ())),
            outgoing=tuple(self.outgoing.get(key, ())),
            boundary=tuple(self.boundary.get(key, ())),
            attached_to=node.get("attachedToRef"),
            interrupting=node.get("cancelActivity", "true") == "true"
            and node.get("isInterrupting", "true") == "true",
            definitions=tuple(self._definitions(node)) if has else (),
            multi_instance=_multi_instance(node) if _MULTI_INSTANCE in has else None,
            loop=_standard_loop(node) if _STANDARD_LOOP in has else None,
            called=node.get("calledElement"),
            inputs=_mappings(node, "in") if _EXTENSIONS in has else (),
            outputs=_mappings(node, "out") if _EXTENSIONS in has else (),
            message=self._message(node),
            script=_text(node, "script") if has else None,
            documentation=(_text(node, "documentation") or "") if has else "",
            triggered_by_event=node.get("triggeredByEvent") == "true",
            is_for_compensation=node.get("isForCompensation") == "true",
            box=self.boxes.get(key),
        )

    def _message(self, node: Any) -> str | None:
        message = self.names.messages.get(node.get("messageRef"))
        return message.name if message else None

    def _definitions(self, node: Any) -> Iterable[EventDefinition]:
        inlined = [
            self.names.definitions[(ref.text or "").strip()]
            for ref in node.iterfind(bpmn("eventDefinitionRef"))
        ]
        for child in [*node, *inlined]:
            kind = EVENT_DEFINITIONS.get(child.tag.rpartition("}")[2])
            if kind is None:
                continue
            ref, name = self.names.of(kind, child)
            timer, value = _timer(child)
            yield EventDefinition(kind, ref, name, timer, value if timer else _text(child, "condition"))


def _attributes(node: Any) -> dict[str, str]:
    """Give `camunda:` and `approval:` attributes by prefixed name, also those of a multi-instance marker."""
    found = {}
    for name, value in node.attrib.items():
        namespace, _brace, local = name.rpartition("}")
        if namespace[1:] in (CAMUNDA, APPROVAL):
            found[f"{PREFIXES[namespace[1:]]}:{local}"] = value
    return found


def _multi_instance(node: Any) -> MultiInstance | None:
    loop = node.find(_MULTI_INSTANCE)
    if loop is None:
        return None
    return MultiInstance(
        sequential=loop.get("isSequential") == "true",
        collection=loop.get(camunda("collection")),
        element_variable=loop.get(camunda("elementVariable")),
        output_collection=loop.get(approval("outputCollection")) or node.get(approval("outputCollection")),
        cardinality=_text(loop, "loopCardinality"),
        completion_condition=_text(loop, "completionCondition"),
    )


def _standard_loop(node: Any) -> StandardLoop | None:
    loop = node.find(_STANDARD_LOOP)
    if loop is None:
        return None
    return StandardLoop(
        _text(loop, "loopCondition"), loop.get("testBefore") == "true", loop.get("loopMaximum")
    )


def _mappings(node: Any, name: str) -> tuple[DataMapping, ...]:
    return tuple(
        DataMapping(
            child.get("target") or child.get("source") or "",
            child.get("source"),
            child.get("sourceExpression"),
        )
        for child in node.iterfind(f"{_EXTENSIONS}/{camunda(name)}")
        if child.get("target") or child.get("source")
    )


def _timer(definition: Any) -> tuple[str | None, str | None]:
    for name in ("timeDate", "timeDuration", "timeCycle"):
        value = _text(definition, name)
        if value is not None:
            return name, value
    return None, None


def _text(node: Any, tag: str) -> str | None:
    child = node.find(bpmn(tag))
    return None if child is None else "".join(child.itertext()).strip()


def _drawing(root: Any) -> tuple[dict[str, Box], dict[str, tuple[tuple[float, float], ...]]]:
    boxes, edges = {}, {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        if bounds is not None:
            boxes[shape.get("bpmnElement")] = Box(
                *(float(bounds.get(k, 0)) for k in ("x", "y", "width", "height"))
            )
    for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge"):
        points = edge.iterfind(f"{{{DI}}}waypoint")
        edges[edge.get("bpmnElement")] = tuple((float(p.get("x", 0)), float(p.get("y", 0))) for p in points)
    return boxes, edges
