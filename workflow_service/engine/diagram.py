"""A BPMN diagram as plain, frozen values: what the designer drew, before anything is normalised.

Made by `read`; `verify` checks it, the running side and the pages read element names, attributes and positions from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Flow:
    """A sequence flow; `condition` is its text as written, bare or in `${…}`."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None
    is_default: bool = False
    line: int | None = None


@dataclass(frozen=True)
class EventDefinition:
    """What an event throws or waits for.

    `kind` is message, timer, signal, error, escalation, terminate, cancel, compensation, conditional or link;
    `ref` the id it refers to, `name` the message's or signal's name, the link's name, or the error's or escalation's
    code. `timer` is timeDate, timeDuration or timeCycle, and `value` its text; for conditional, the condition.
    """

    kind: str
    ref: str | None = None
    name: str | None = None
    timer: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class MultiInstance:
    """Several instances of one activity: over a collection (an expression giving a list) or by number."""

    sequential: bool = False
    collection: str | None = None
    element_variable: str | None = None
    output_collection: str | None = None
    cardinality: str | None = None
    completion_condition: str | None = None


@dataclass(frozen=True)
class StandardLoop:
    """An activity repeated while a condition holds; `maximum` limits the rounds."""

    condition: str | None
    test_before: bool = False
    maximum: str | None = None


@dataclass(frozen=True)
class DataMapping:
    """One `camunda:in` or `camunda:out`: `source` is a variable, or `expression` is set instead."""

    target: str
    source: str | None = None
    expression: str | None = None


@dataclass(frozen=True)
class Box:
    """Where a shape stands in the drawing, in the drawing's pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Element:
    """One flow node. `attributes` holds `camunda:` and `approval:` attributes by their prefixed names, as texts."""

    id: str
    type: str
    name: str
    process: str
    parent: str | None = None
    lane: str | None = None
    line: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    incoming: tuple[Flow, ...] = ()
    outgoing: tuple[Flow, ...] = ()
    boundary: tuple[str, ...] = ()
    attached_to: str | None = None
    interrupting: bool = True
    definitions: tuple[EventDefinition, ...] = ()
    multi_instance: MultiInstance | None = None
    loop: StandardLoop | None = None
    called: str | None = None
    inputs: tuple[DataMapping, ...] = ()
    outputs: tuple[DataMapping, ...] = ()
    message: str | None = None
    script: str | None = None
    documentation: str = ""
    triggered_by_event: bool = False
    is_for_compensation: bool = False
    box: Box | None = None

    @property
    def kind(self) -> str | None:
        """Give what an event throws or waits for (the first definition); None for a plain event or another element."""
        return self.definitions[0].kind if self.definitions else None

    @property
    def label(self) -> str:
        """Give the name users know the element by: its name, or its id where it has none."""
        return self.name or self.id

    def get(self, attribute: str, default: str | None = None) -> str | None:
        """Give a `camunda:` or `approval:` attribute by its prefixed name."""
        return self.attributes.get(attribute, default)

    @property
    def called_elements(self) -> tuple[str, ...]:
        """Give every process a call activity may call: calledElement, or approval:calledElements when computed."""
        listed = self.get("approval:calledElements")
        if listed:
            return tuple(listed.split())
        return (self.called,) if self.called and "${" not in self.called else ()

    @property
    def result_variable(self) -> str | None:
        """Give the variable that this element's result is stored in; None when it has none."""
        if self.multi_instance is not None:
            return self.multi_instance.output_collection or f"{self.id}_results"
        if self.type == "businessRuleTask":
            return self.get("camunda:resultVariable") or self.id
        waits = (
            self.type in ("intermediateCatchEvent", "boundaryEvent", "startEvent") and self.kind == "message"
        )
        has_result = self.type in ("userTask", "serviceTask", "receiveTask", "sendTask") or waits
        return self.id if has_result else None


@dataclass(frozen=True)
class Lane:
    """A lane with the flow nodes drawn in it."""

    id: str
    name: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message; `correlation_key` is an expression, None means the business key."""

    id: str
    name: str
    correlation_key: str | None = None


@dataclass(frozen=True)
class Process:
    """One process; `elements` are all its flow nodes by id, those of sub-processes too, in the file's order.

    `derived` is where checks keep what they worked out about the process, so that the next one need not.
    """

    id: str
    name: str
    executable: bool
    elements: Mapping[str, Element] = field(hash=False)
    flows: Mapping[str, Flow] = field(hash=False)
    lanes: tuple[Lane, ...] = ()
    line: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def level(self, parent: str | None = None) -> list[Element]:
        """Give the elements that stand directly in the process, or in one of its sub-processes."""
        return [element for element in self.elements.values() if element.parent == parent]

    def scopes(self) -> list[str | None]:
        """Give the process itself (None) and the ids of its sub-processes."""
        return [None, *(e.id for e in self.elements.values() if e.type in ("subProcess", "transaction"))]

    def of_type(self, *types: str) -> list[Element]:
        """Give the elements of the types asked for."""
        return [element for element in self.elements.values() if element.type in types]


@dataclass(frozen=True)
class Diagram:
    """One BPMN file. `tree` is the parsed XML root, as drawn; `edges` the drawing by element id; `derived` as of a process."""

    id: str
    name: str
    processes: tuple[Process, ...]
    messages: Mapping[str, Message] = field(hash=False)
    signals: Mapping[str, str] = field(hash=False)
    errors: Mapping[str, str | None] = field(hash=False)
    escalations: Mapping[str, str | None] = field(hash=False)
    edges: Mapping[str, tuple[tuple[float, float], ...]] = field(hash=False, default_factory=dict)
    tree: Any = field(repr=False, compare=False, default=None)
    derived: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def executable(self) -> tuple[Process, ...]:
        """Give the processes that may be started."""
        return tuple(process for process in self.processes if process.executable)

    def process(self, key: str) -> Process:
        """Give a process by its id; KeyError when the file has none of that id."""
        for process in self.processes:
            if process.id == key:
                return process
        raise KeyError(key)

    def elements(self) -> Iterator[Element]:
        """Give every flow node of every process."""
        for process in self.processes:
            yield from process.elements.values()
