"""Rewrites legal BPMN that SpiffWorkflow lacks into BPMN that it has, with the meaning of the drawing kept.

Works on a copy of the diagram's tree; what `support` refuses never arrives here. Ids of the drawing stay; inserted
elements begin with `_n_`, so whoever shows or records elements leaves those out. What is only drawing or data
modelling (shapes, data objects, annotations) is dropped: SpiffWorkflow would order branches by their height in the
picture and take variables away with data associations.

Multi-instance markers stay as they are: the engine has its own tasks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from workflow_service.engine.diagram import Diagram
from workflow_service.engine.dialect import (
    ACTIVITIES,
    BPMN,
    BPMNDI,
    EVENT_DEFINITIONS,
    FLOW_NODES,
    INSERTED,
    bpmn,
    camunda,
)
from workflow_service.engine.script import unwrap

START_EVENT = "start_event"
"""The variable that says which of several start events began an instance; the engine sets it to the event's id."""

NOTHING = "# nothing to run"
"""The script of a task without work for the engine: a comment, no assignments."""

_DROPPED = (
    *("dataObject", "dataObjectReference", "dataStoreReference", "dataStore", "ioSpecification", "property"),
    *("dataInputAssociation", "dataOutputAssociation", "textAnnotation", "association", "group", "category"),
    *("collaboration", "incoming", "outgoing"),
)
_SPLITTING = ACTIVITIES | {"startEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}


def normalise(diagram: Diagram) -> Any:
    """Give a rewritten copy of the diagram's XML root, ready for SpiffWorkflow's parser."""
    root = deepcopy(diagram.tree)
    _inline_event_definitions(root)
    _drop_drawing(root)
    for process in root.findall(bpmn("process")):
        if process.get("isExecutable") != "true":
            root.remove(process)
            continue
        for scope in [process, *process.iter(bpmn("subProcess"))]:
            _Scope(scope).rewrite()
    return root


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
        self.is_process = node.tag == bpmn("process")

    def rewrite(self) -> None:
        """Apply every rewriting, in an order in which later ones see what earlier ones inserted."""
        self._unwrap_conditions()
        self._plain_starts()
        self._links_become_flows()
        self._tasks_without_work_pass()
        self._sends_become_services()
        self._signal_ends_throw_first()
        self._loops_become_gateways()
        self._splits_become_gateways()
        self._parallel_flows_to_one_target_part()
        self._open_ends_close()

    def nodes(self, *types: str) -> list[Any]:
        """Give the flow nodes of this scope, of the types asked for or all."""
        wanted = {bpmn(name) for name in types or FLOW_NODES}
        return [node for node in self.node if node.tag in wanted]

    def flows(self) -> list[Any]:
        """Give the sequence flows of this scope in the file's order."""
        return list(self.node.findall(bpmn("sequenceFlow")))

    def outgoing(self, key: str) -> list[Any]:
        """Give the flows that leave an element."""
        return [flow for flow in self.flows() if flow.get("sourceRef") == key]

    def incoming(self, key: str) -> list[Any]:
        """Give the flows that enter an element."""
        return [flow for flow in self.flows() if flow.get("targetRef") == key]

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
        return key

    def _unwrap_conditions(self) -> None:
        for flow in self.flows():
            for condition in flow.findall(bpmn("conditionExpression")):
                text = "".join(condition.itertext()).strip()
                if text:
                    condition.text = unwrap(text)
                else:
                    flow.remove(condition)

    def _plain_starts(self) -> None:
        """Triggers start instances from outside, so inside every start is plain; of several, `start_event` chooses."""
        starts = self.nodes("startEvent")
        kinds = {start.get("id"): _remove_definitions(start) for start in starts}
        if not starts:
            self._start_what_nothing_enters()
        elif len(starts) > 1:
            self._choose_among(starts, kinds)

    def _start_what_nothing_enters(self) -> None:
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

    def _choose_among(self, starts: list[Any], kinds: dict[str, bool]) -> None:
        start = self.add("startEvent", f"start_{self.node.get('id')}")
        choice = self.add("exclusiveGateway", f"choose_{self.node.get('id')}")
        self.connect(start, choice)
        for node in starts:
            node.tag = bpmn("intermediateThrowEvent")
            key = node.get("id")
            if kinds[key]:
                self.connect(choice, key, f'{START_EVENT} == "{key}"')
            else:
                self._set_default(choice, self.connect(choice, key))

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

    def _tasks_without_work_pass(self) -> None:
        for node in self.nodes("task", "manualTask"):
            node.tag = bpmn("scriptTask")
            etree.SubElement(node, bpmn("script")).text = NOTHING

    def _sends_become_services(self) -> None:
        for node in self.nodes("sendTask"):
            if node.get(camunda("topic")):
                node.tag = bpmn("serviceTask")

    def _signal_ends_throw_first(self) -> None:
        for node in self.nodes("endEvent"):
            if node.find(bpmn("signalEventDefinition")) is not None:
                node.tag = bpmn("intermediateThrowEvent")

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
            flow.set("sourceRef", onward)
        self._move_default(node, onward)
        for flow in entering if test_before else []:
            flow.set("targetRef", gateway)
        self.connect(key, gateway)

    def _move_default(self, node: Any, target: str) -> None:
        default = node.attrib.pop("default", None)
        if default is not None:
            next(other for other in self.nodes() if other.get("id") == target).set("default", default)

    def _splits_become_gateways(self) -> None:
        for node in self.nodes(*_SPLITTING):
            flows = self.outgoing(node.get("id"))
            conditional = any(flow.find(bpmn("conditionExpression")) is not None for flow in flows)
            if len(flows) > 1 or conditional:
                self._split(node, flows, conditional)

    def _split(self, node: Any, flows: list[Any], conditional: bool) -> None:
        """BPMN 2.0.2 §13.2.1: all unconditional flows and those whose condition holds, else the default."""
        key, default = node.get("id"), node.get("default")
        gateway = self.add("inclusiveGateway" if conditional else "parallelGateway", f"split_{key}")
        for flow in flows:
            flow.set("sourceRef", gateway)
            if conditional and flow.find(bpmn("conditionExpression")) is None and flow.get("id") != default:
                etree.SubElement(flow, bpmn("conditionExpression")).text = "True"
        if conditional:
            self._move_default(node, gateway)
        else:
            node.attrib.pop("default", None)
        self.connect(key, gateway)

    def _parallel_flows_to_one_target_part(self) -> None:
        """Two flows from one element to the same next one are two tokens; SpiffWorkflow would see one."""
        seen: set[tuple[str, str]] = set()
        for flow in self.flows():
            ends = (flow.get("sourceRef"), flow.get("targetRef"))
            if ends in seen:
                between = self.add("intermediateThrowEvent", f"between_{flow.get('id')}")
                flow.set("targetRef", between)
                self.connect(between, ends[1])
            seen.add(ends)

    def _open_ends_close(self) -> None:
        leaving = {flow.get("sourceRef") for flow in self.flows()}
        for node in self.nodes():
            if node.get("id") not in leaving and node.tag != bpmn("endEvent"):
                end = self.add("endEvent", f"end_{node.get('id').removeprefix(INSERTED)}")
                self.connect(node.get("id"), end)


def _definitions(node: Any) -> Iterator[Any]:
    for child in node:
        name = etree.QName(child)
        if name.namespace == BPMN and name.localname in EVENT_DEFINITIONS:
            yield child


def _remove_definitions(node: Any) -> bool:
    """Remove the event's definitions and tell whether there were any."""
    definitions = list(_definitions(node))
    for definition in definitions:
        node.remove(definition)
    return bool(definitions)


def _is_link_catch(node: Any) -> bool:
    return node.tag == bpmn("intermediateCatchEvent") and node.find(bpmn("linkEventDefinition")) is not None


def _remove_link(node: Any) -> str | None:
    link = node.find(bpmn("linkEventDefinition"))
    if link is None:
        return None
    node.remove(link)
    return str(link.get("name"))
