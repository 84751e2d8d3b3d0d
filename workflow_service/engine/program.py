"""From a stored bundle to SpiffWorkflow specs that run: built once a process and definition version, then shared.

A bundle is plain JSON (see `compile.py`): `root` names the main process, `processes` holds it and everything it calls,
`decisions` the tables in plain form. Running instances never see XML.
"""

import logging
from collections import defaultdict
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs import defaults as library
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import (
    ErrorEventDefinition,
    EscalationEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition

from . import specs
from .decision_table import DecisionTable
from .gateways import FrameJoin, InclusiveJoin, ParallelJoin, look_ahead_one_step
from .multi_instance import MultiInstanceSpec
from .stage_spans import lie_side_by_side

logging.getLogger("spiff.task").setLevel(logging.ERROR)
logging.getLogger("spiff.workflow").setLevel(logging.ERROR)

OUTSIDE = ("timer", "message", "signal")


class Program:
    """Everything that instances of one definition version share. Immutable once built; safe between threads."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.root: str = bundle["root"]
        self.processes: dict[str, Any] = bundle["processes"]
        self.tables = {
            key: DecisionTable.from_plain(plain) for key, plain in bundle.get("decisions", {}).items()
        }
        self.specs: dict[str, BpmnProcessSpec] = {}
        self.flow_index: dict[str, dict[tuple[str, str], str]] = {}
        for key, process in self.processes.items():
            _ProcessBuilder(self, key, process).build()

    @cached_property
    def stages_beside(self) -> bool:
        """Whether an instance may be in several stages of its plan at once."""
        return lie_side_by_side(self.processes)

    def element(self, process_key: str, element_id: str) -> dict[str, Any]:
        """Give the plain description of one element."""
        found: dict[str, Any] = self.processes[process_key]["elements"][element_id]
        return found

    def flow_between(self, process_key: str, source: str, target: str) -> str | None:
        """Name the sequence flow from one element to another."""
        return self.flow_index[process_key].get((source, target))


class _ProcessBuilder:
    def __init__(self, program: Program, key: str, process: dict[str, Any]) -> None:
        self.program, self.key, self.process = program, key, process
        self.elements: dict[str, Any] = process["elements"]
        self.flows: dict[str, Any] = _in_order(process["flows"])
        self.attached: dict[str, list[str]] = defaultdict(list)
        for element_id, element in self.elements.items():
            if element.get("attached_to"):
                self.attached[element["attached_to"]].append(element_id)

    def build(self) -> None:
        self.program.flow_index[self.key] = {
            (flow["source"], flow["target"]): flow_id for flow_id, flow in self.flows.items()
        }
        parents = {element.get("parent") for element in self.elements.values()}
        for parent in parents | {None}:
            self._build_level(parent)

    def _build_level(self, parent: str | None) -> None:
        spec = BpmnProcessSpec(name=self._spec_name(parent), description=self.process["name"])
        spec.process_key = self.key
        level = {key: one for key, one in self.elements.items() if one.get("parent") == parent}
        for element_id, element in level.items():
            self._add(spec, element_id, element)
        for element_id, element in level.items():
            self._connect(spec, element_id, element)
        look_ahead_one_step(spec)
        self.program.specs[spec.name] = spec

    def _spec_name(self, parent: str | None) -> str:
        return self.key if parent is None else f"{self.key}/{parent}"

    def _add(self, spec: BpmnProcessSpec, element_id: str, element: dict[str, Any]) -> None:
        rule = element.get("multi")
        name = f"{element_id} [child]" if rule else element_id
        task = self._create(spec, name, element_id, element)
        task.bpmn_id, task.element_type = element_id, element["type"]
        if rule:
            loop = MultiInstanceSpec(spec, element_id, name, rule, bpmn_name=element["name"])
            loop.element_type = "multiInstanceBody"
            task.inputs = [loop]
            task.completed_event.connect(loop.merge_child)
        if self.attached.get(element_id):
            self._add_boundary_frame(spec, element_id)

    def _add_boundary_frame(self, spec: BpmnProcessSpec, element_id: str) -> None:
        split = BoundaryEventSplit(spec, f"{element_id}.BoundaryEventSplit")
        join = FrameJoin(spec, f"{element_id}.BoundaryEventJoin", split_task=split.name, cancel=True)
        split.connect(spec.task_specs[element_id])
        spec.task_specs[element_id].connect(join)

    def _create(self, spec: BpmnProcessSpec, name: str, element_id: str, element: dict[str, Any]) -> Any:
        kind, attrs = element["type"], element.get("attrs", {})
        common = {"bpmn_name": element["name"]}
        if kind in ("userTask", "manualTask"):
            return specs.HumanTaskSpec(spec, name, **common)
        if kind == "serviceTask":
            return specs.ServiceWorkSpec(spec, name, topic=attrs.get("topic", ""), **common)
        if kind == "scriptTask":
            return specs.ScriptSpec(spec, name, script=element["script"], **common)
        if kind == "businessRuleTask":
            return self._decision(spec, name, element_id, attrs, common)
        if kind == "callActivity":
            return specs.CallSpec(spec, name, element["called"], element["mapping"], **common)
        if kind == "subProcess":
            return specs.EmbeddedSpec(spec, name, subworkflow_spec=self._spec_name(element_id), **common)
        if kind in _GATEWAYS:
            return _GATEWAYS[kind](spec, name, **common)
        if kind in _EVENTS:
            return self._event(spec, name, element, common)
        return specs.PassSpec(spec, name, **common)

    def _decision(
        self, spec: Any, name: str, element_id: str, attrs: dict[str, Any], common: dict[str, Any]
    ) -> Any:
        return specs.DecisionSpec(
            spec, name, decision=attrs["decisionRef"], variable=attrs.get("resultVariable") or element_id,
            mapping=attrs.get("mapDecisionResult"), **common,
        )  # fmt: skip

    def _event(self, spec: Any, name: str, element: dict[str, Any], common: dict[str, Any]) -> Any:
        kind = element["type"]
        definition = _definition(name, element.get("event"))
        if kind == "boundaryEvent":
            common["cancel_activity"] = element.get("interrupting", True)
        return _EVENTS[kind](spec, name, event_definition=definition, **common)

    def _connect(self, spec: BpmnProcessSpec, element_id: str, element: dict[str, Any]) -> None:
        task = spec.task_specs[element_id]
        if element["type"] == "startEvent":
            spec.start.connect(task)
        if element.get("attached_to"):
            host = element["attached_to"]
            spec.task_specs[f"{host}.BoundaryEventSplit"].connect(task)
            task.connect(spec.task_specs[f"{host}.BoundaryEventJoin"])
        outgoing = [(flow_id, flow) for flow_id, flow in self.flows.items() if flow["source"] == element_id]
        for flow_id, flow in outgoing:
            self._connect_flow(spec, task, element, flow_id, flow, len(outgoing) == 1)
        if not outgoing:
            task.connect(spec.end)

    def _connect_flow(
        self,
        spec: BpmnProcessSpec,
        task: Any,
        element: dict[str, Any],
        flow_id: str,
        flow: dict[str, Any],
        only: bool,
    ) -> None:
        target = self._entry(spec, flow["target"])
        if self.program.flow_between(self.key, flow["source"], flow["target"]) != flow_id:
            target = self._detour(spec, flow_id, target)
        conditional = element["type"] in ("exclusiveGateway", "inclusiveGateway")
        is_default = element.get("default") == flow_id or (only and not flow.get("condition"))
        if conditional and not is_default:
            task.connect_outgoing_if(flow["condition"], target)
        else:
            task.connect(target)

    def _entry(self, spec: BpmnProcessSpec, element_id: str) -> Any:
        return spec.task_specs.get(f"{element_id}.BoundaryEventSplit") or spec.task_specs[element_id]

    def _detour(self, spec: BpmnProcessSpec, flow_id: str, target: Any) -> Any:
        """Two flows between the same elements: give the second a step of its own, so that history can tell them apart."""
        step = specs.PassSpec(spec, f"{flow_id}.detour")
        step.bpmn_id = None
        self.program.flow_index[self.key][step.name, ""] = flow_id
        step.connect(target)
        return step


def _in_order(flows: dict[str, Any]) -> dict[str, Any]:
    """Flows as the diagram lists them: a gateway tries its conditions in that order, and JSONB forgets it."""
    return dict(sorted(flows.items(), key=lambda item: int(item[1].get("order", 0))))


def _definition(name: str, event: dict[str, Any] | None) -> EventDefinition:
    if event is None:
        return NoneEventDefinition()
    if event["kind"] in OUTSIDE:
        return specs.OutsideEvent(name, event)
    if event["kind"] == "error":
        return ErrorEventDefinition(event.get("name") or "error", event.get("code"))
    if event["kind"] == "escalation":
        return EscalationEventDefinition(event.get("name") or "escalation", event.get("code"))
    if event["kind"] == "terminate":
        return TerminateEventDefinition()
    raise ValueError(f"unknown event kind {event['kind']}")


_GATEWAYS = {
    "exclusiveGateway": library.ExclusiveGateway,
    "parallelGateway": ParallelJoin,
    "inclusiveGateway": InclusiveJoin,
    "eventBasedGateway": specs.EventGatewaySpec,
}
_EVENTS = {
    "startEvent": library.StartEvent,
    "endEvent": library.EndEvent,
    "intermediateCatchEvent": library.IntermediateCatchEvent,
    "receiveTask": library.ReceiveTask,
    "intermediateThrowEvent": library.IntermediateThrowEvent,
    "sendTask": library.SendTask,
    "boundaryEvent": library.BoundaryEvent,
}
