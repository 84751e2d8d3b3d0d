"""Rewrites legal BPMN that the running side lacks into BPMN that it has, with the meaning of the drawing kept.

Works on a copy of the diagram's tree and gives legal BPMN again; what `support` refuses is refused here as well. Ids
of the drawing stay; inserted elements and flows begin with `_n_`, so whoever shows or records elements leaves those
out. What is only drawing or data modelling (shapes, data objects, annotations) is dropped.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lxml import etree

from workflow_service.domain.drawing import INSERTED
from workflow_service.engine.diagram import Diagram
from workflow_service.engine.dialect import (
    ACTIVITIES,
    BPMNDI,
    EVENT_DEFINITIONS,
    FLOW_NODES,
    bpmn,
    camunda,
)
from workflow_service.engine.event_sub_processes import draw_event_sub_processes_out
from workflow_service.engine.expressions import expression_problems
from workflow_service.engine.problems import DefinitionRefused, Problem
from workflow_service.engine.script import unwrap
from workflow_service.engine.support import unsupported

_DROPPED = (
    *("dataObject", "dataObjectReference", "dataStoreReference", "dataStore", "ioSpecification", "property"),
    *("dataInputAssociation", "dataOutputAssociation", "textAnnotation", "association", "group", "category"),
    *("collaboration", "incoming", "outgoing"),
)


def normalise(diagram: Diagram) -> Any:
    """Give a rewritten copy of the diagram's XML root; DefinitionRefused for what would run otherwise than drawn."""
    if problems := refusals(diagram):
        raise DefinitionRefused(diagram.name or diagram.id, problems)
    root = deepcopy(diagram.tree)
    _inline_event_definitions(root)
    _drop_drawing(root)
    for process in root.findall(bpmn("process")):
        if process.get("isExecutable") != "true":
            root.remove(process)
            continue
        for scope in [process, *process.iter(bpmn("subProcess"))]:
            draw_event_sub_processes_out(scope)
        for scope in [process, *process.iter(bpmn("subProcess"))]:
            _Scope(scope).rewrite()
    return root


def refusals(diagram: Diagram) -> list[Problem]:
    """Find what would run otherwise than drawn or cannot be read; looked for once in a diagram."""
    if "refusals" not in diagram.derived:
        diagram.derived["refusals"] = [*unsupported(diagram), *expression_problems(diagram)]
    found: list[Problem] = diagram.derived["refusals"]
    return found


def _inline_event_definitions(root: Any) -> None:
    definitions = {node.get("id"): node for tag in EVENT_DEFINITIONS for node in root.iterfind(bpmn(tag))}
    for reference in list(root.iter(bpmn("eventDefinitionRef"))):
        inlined = deepcopy(definitions[(reference.text or "").strip()])
        inlined.attrib.pop("id", None)
        reference.getparent().replace(reference, inlined)
    for node in definitions.values():
        root.remove(node)


def _drop_drawing(root: Any) -> None:
    unwanted = [bpmn(tag) for tag in _DROPPED]
    for node in list(root.iter(*unwanted, f"{{{BPMNDI}}}BPMNDiagram")):
        node.getparent().remove(node)


class _Scope:
    """One process or sub-process while it is rewritten: its flow nodes and flows, and ways to add and move them."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.leaving: dict[str, list[Any]] = {}
        self.entering: dict[str, list[Any]] = {}
        for flow in self.flows():
            self._index(flow)

    def _index(self, flow: Any) -> None:
        self.leaving.setdefault(flow.get("sourceRef"), []).append(flow)
        self.entering.setdefault(flow.get("targetRef"), []).append(flow)

    def _move(self, flow: Any, end: str, key: str) -> None:
        """Let a flow leave from (`sourceRef`) or lead to (`targetRef`) another element."""
        index = self.leaving if end == "sourceRef" else self.entering
        index[flow.get(end)].remove(flow)
        flow.set(end, key)
        index.setdefault(key, []).append(flow)

    def rewrite(self) -> None:
        """Apply every rewriting, in an order in which later ones see what earlier ones inserted."""
        self._unwrap_conditions()
        self._start_what_nothing_enters()
        self._links_become_flows()
        self._manual_tasks_pass()
        self._sends_become_services()
        self._loops_become_gateways()
        self._conditional_flows_leave_a_gateway()

    def nodes(self, *types: str) -> list[Any]:
        """Give the flow nodes of this scope, of the types asked for or all."""
        wanted = {bpmn(name) for name in types or FLOW_NODES}
        return [node for node in self.node if node.tag in wanted]

    def flows(self) -> list[Any]:
        """Give the sequence flows of this scope in the file's order."""
        return list(self.node.findall(bpmn("sequenceFlow")))

    def outgoing(self, key: str) -> list[Any]:
        """Give the flows that leave an element."""
        return list(self.leaving.get(key, ()))

    def incoming(self, key: str) -> list[Any]:
        """Give the flows that enter an element."""
        return list(self.entering.get(key, ()))

    def add(self, tag: str, key: str) -> str:
        """Insert a flow node and give its id."""
        etree.SubElement(self.node, bpmn(tag), id=f"{INSERTED}{key}")
        return f"{INSERTED}{key}"

    def connect(self, source: str, target: str, condition: str | None = None) -> str:
        """Insert a flow and give its id."""
        key = f"{INSERTED}{source.removeprefix(INSERTED)}_to_{target.removeprefix(INSERTED)}"
        flow = etree.SubElement(self.node, bpmn("sequenceFlow"), id=key, sourceRef=source, targetRef=target)
        if condition is not None:
            etree.SubElement(flow, bpmn("conditionExpression")).text = condition
        self._index(flow)
        return key

    def _unwrap_conditions(self) -> None:
        for flow in self.flows():
            for condition in flow.findall(bpmn("conditionExpression")):
                text = "".join(condition.itertext()).strip()
                if text:
                    condition.text = unwrap(text)
                else:
                    flow.remove(condition)

    def _start_what_nothing_enters(self) -> None:
        """BPMN 2.0.2 §13.3.1: without a start event everything that no flow enters begins."""
        if self.nodes("startEvent"):
            return
        entered = {flow.get("targetRef") for flow in self.flows()}
        first = [
            node.get("id")
            for node in self.nodes()
            if node.get("id") not in entered
            and node.tag != bpmn("boundaryEvent")
            and not _is_link_catch(node)
        ]
        start = self.add("startEvent", f"start_{self.node.get('id')}")
        for key in first:
            self.connect(start, key)

    def _set_default(self, gateway: str, flow: str) -> None:
        for node in self.nodes("exclusiveGateway", "inclusiveGateway"):
            if node.get("id") == gateway:
                node.set("default", flow)

    def _links_become_flows(self) -> None:
        catching = {}
        for node in self.nodes("intermediateCatchEvent"):
            if name := _remove_link(node):
                node.tag = bpmn("intermediateThrowEvent")
                catching[name] = node.get("id")
        for node in self.nodes("intermediateThrowEvent"):
            name = _remove_link(node)
            if name in catching:
                self.connect(node.get("id"), catching[name])

    def _manual_tasks_pass(self) -> None:
        """Work that the service neither offers nor follows: the token passes, as at an abstract task."""
        for node in self.nodes("manualTask"):
            node.tag = bpmn("task")

    def _sends_become_services(self) -> None:
        for node in self.nodes("sendTask"):
            if node.get(camunda("topic")):
                node.tag = bpmn("serviceTask")

    def _loops_become_gateways(self) -> None:
        for node in self.nodes():
            loop = node.find(bpmn("standardLoopCharacteristics"))
            if loop is not None:
                node.remove(loop)
                condition = unwrap("".join(loop.find(bpmn("loopCondition")).itertext()))
                self._loop(node, condition, test_before=loop.get("testBefore") == "true")

    def _loop(self, node: Any, condition: str, test_before: bool) -> None:
        """Draw the loop out: a gateway behind the activity goes back while the condition holds, else onward."""
        key = node.get("id")
        gateway = self.add("exclusiveGateway", f"loop_{key}")
        entering, leaving = self.incoming(key), self.outgoing(key)
        self.connect(gateway, key, condition)
        onward = self.add("intermediateThrowEvent", f"after_{key}")
        self._set_default(gateway, self.connect(gateway, onward))
        for flow in leaving:
            self._move(flow, "sourceRef", onward)
        self._move_default(node, onward)
        for flow in entering if test_before else []:
            self._move(flow, "targetRef", gateway)
        self.connect(key, gateway)

    def _move_default(self, node: Any, target: str) -> None:
        default = node.attrib.pop("default", None)
        if default is not None:
            next(other for other in self.nodes() if other.get("id") == target).set("default", default)

    def _conditional_flows_leave_a_gateway(self) -> None:
        for node in self.nodes(*ACTIVITIES):
            flows = self.outgoing(node.get("id"))
            if any(flow.find(bpmn("conditionExpression")) is not None for flow in flows):
                self._split(node, flows)

    def _split(self, node: Any, flows: list[Any]) -> None:
        """BPMN 2.0.2 §13.2.1: all unconditional flows and those whose condition holds, else the default."""
        key, default = node.get("id"), node.get("default")
        gateway = self.add("inclusiveGateway", f"split_{key}")
        for flow in flows:
            self._move(flow, "sourceRef", gateway)
            if flow.find(bpmn("conditionExpression")) is None and flow.get("id") != default:
                etree.SubElement(flow, bpmn("conditionExpression")).text = "True"
        self._move_default(node, gateway)
        self.connect(key, gateway)


def _is_link_catch(node: Any) -> bool:
    return node.tag == bpmn("intermediateCatchEvent") and node.find(bpmn("linkEventDefinition")) is not None


def _remove_link(node: Any) -> str | None:
    link = node.find(bpmn("linkEventDefinition"))
    if link is None:
        return None
    node.remove(link)
    return str(link.get("name"))
