"""Any sequence of operations on any shape of diagram: no task is lost, none comes twice, every join can still fire."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine import xml_drawing
from tests.engine.drawing import Run, element, process
from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.engine.compile import compile_diagram
from workflow_service.engine.facts import Step
from workflow_service.engine.read import read_diagram

EXAMPLES = int(os.environ.get("TONGCHOU_TEST_EXAMPLES", "150"))
START, END, USER = element("startEvent"), element("endEvent"), element("userTask")
FORK = element("parallelGateway")
CALL = element("callActivity", called="sub", mapping={"in": {"units": "units"}, "out": {}, "candidates": []})


def _multi(kind: str, sequential: bool) -> dict[str, Any]:
    rule = {
        "collection": "units", "cardinality": None, "variable": "unit", "output": f"{kind}_{sequential}",
        "sequential": sequential, "condition": None,
    }  # fmt: skip
    return (USER if kind == "userTask" else CALL) | {"multi": rule}


def _process(
    elements: dict[str, Any], *ways: str, conditions: dict[str, str] | None = None
) -> dict[str, Any]:
    return process({"start": START, "end": END} | elements, *ways, conditions=conditions)


def _timer(host: str, interrupting: bool) -> dict[str, Any]:
    event = {"kind": "timer", "timer": "duration", "rule": "PT1H"}
    return element("boundaryEvent", attached_to=host, interrupting=interrupting, event=event)


def _listening(interrupting: bool) -> dict[str, Any]:
    """start > a > b > c > end, with an event sub-process that a timer begins: compiled from its drawing."""
    begin = f'<startEvent id="s" isInterrupting="{str(interrupting).lower()}">{TIMER}</startEvent>'
    inner = begin + '<userTask id="h"/><userTask id="k"/><endEvent id="e"/>'
    inner += "".join(map(xml_drawing.flow, ("s -> h", "h -> k", "k -> e")))
    nodes = '<startEvent id="start"/><userTask id="a"/><userTask id="b"/><userTask id="c"/><endEvent id="end"/>'
    nodes += f'<subProcess id="handle" triggeredByEvent="true">{inner}</subProcess>'
    drawn = xml_drawing.process(nodes, "start -> a", "a -> b", "b -> c", "c -> end", key="main")
    return compile_diagram(read_diagram(xml_drawing.file(drawn)))


TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
SUB = _process({"x": USER, "y": USER}, "start > x > y > end")
INCLUSIVE = element("inclusiveGateway", default="f_c")
INNER = {key: one | {"parent": "sub"} for key, one in {"in": START, "p": USER, "q": USER, "out": END}.items()}
SHAPES: dict[str, dict[str, Any]] = {
    "row": {"main": _process({"a": USER, "b": USER, "c": USER}, "start > a > b > c > end")},
    "parallel": {
        "main": _process(
            {"a": USER, "f": FORK, "b": USER, "c": USER, "d": USER, "j": FORK, "e": USER},
            "start > a > f > b > c > j > e > end", "f > d > j",
        )
    },
    "nested": {
        "main": _process(
            {"f": FORK, "a": USER, "g": FORK, "b": USER, "c": USER, "h": FORK, "j": FORK, "d": USER, "e": USER},
            "start > f > a > g > b > h > j > e > end", "g > c > h", "f > d > j",
        )
    },
    "inclusive": {
        "main": _process(
            {"f": INCLUSIVE, "a": USER, "b": USER, "c": USER, "j": element("inclusiveGateway"), "d": USER},
            "start > f > a > j > d > end", "f > b > j", "f > c > j", conditions={"f_a": "true", "f_b": "true"},
        )
    },
    "countersign": {
        "main": _process({"a": USER, "ask": _multi("userTask", False), "b": USER}, "start > a > ask > b > end")
    },
    "sequence": {
        "main": _process({"a": USER, "ask": _multi("userTask", True), "b": USER}, "start > a > ask > b > end")
    },
    "called": {"main": _process({"a": USER, "call": CALL, "b": USER}, "start > a > call > b > end"), "sub": SUB},
    "called by each": {
        "main": _process({"a": USER, "each": _multi("callActivity", False), "b": USER}, "start > a > each > b > end"),
        "sub": SUB,
    },
    "sub-process": {
        "main": _process({"a": USER, "sub": element("subProcess"), "b": USER} | INNER, "start > a > sub > b > end",
            "in > p > q > out",)
    },
    "timers": {
        "main": _process(
            {"a": USER, "b": USER, "t": _timer("b", False), "u": _timer("b", True), "c": USER, "late": USER, "over": USER},
            "start > a > b > c > end", "t > late > end", "u > over > c",
        )
    },
    "branches with calls": {
        "main": _process(
            {"f": FORK, "call": CALL, "ask": _multi("userTask", False), "j": FORK, "b": USER},
            "start > f > call > j > b > end", "f > ask > j",
        ),
        "sub": SUB,
    },
    "event sub-process": _listening(True),
    "event sub-process beside": _listening(False),
}  # fmt: skip
pick = st.integers(0, 1_000)


class Operations(RuleBasedStateMachine):
    """One instance; tokens are tracked from what the engine tells, as the rows of tasks are."""

    @initialize(shape=st.sampled_from(sorted(SHAPES)))
    def start(self, shape: str) -> None:
        self.open: dict[UUID, str] = {}
        self.over: set[UUID] = set()
        self.done: list[UUID] = []
        self.run = Run(SHAPES[shape], {"units": ["u1", "u2", "u3"]})
        self._follow(self.run.steps[0])

    def _follow(self, step: Step) -> None:
        for token in step.ended:
            assert token not in self.over, "a token ends once"
            self.open.pop(token, None)
            self.over.add(token)
        for wait in (*step.human_tasks, *step.timers):
            assert wait.place.token not in self.over | set(self.open), "a token is told once"
            self.open[wait.place.token] = wait.place.element_type
        self.last = step

    def _try(self, command: Any) -> None:
        before = self.run.instance.freeze()
        try:
            command()
        except (InvalidInput, Conflict):
            from workflow_service.engine.run import Instance

            self.run.instance = Instance.thaw(self.run.program, before, "1", self.run.instance.scripts.now)
            return
        self._follow(self.run._settle())

    def _tokens(self, kind: str = "userTask") -> list[UUID]:
        return [token for token, found in self.open.items() if found == kind]

    def _some(self, number: int) -> UUID | None:
        tokens = self._tokens()
        return tokens[number % len(tokens)] if tokens else None

    @rule(number=pick)
    def complete(self, number: int) -> None:
        token = self._some(number)
        if token is not None:
            self._try(lambda: self.run.instance.complete(token, {"outcome": "agree"}))
            self.done.append(token)

    @rule(number=pick, where=pick)
    def go_back(self, number: int, where: int) -> None:
        token = self._some(number)
        stops = self.run.instance.stops(token) if token else []
        if stops:
            self._try(lambda: self.run.instance.go_back(token, stops[where % len(stops)].token))

    @rule(number=pick, where=pick)
    def jump(self, number: int, where: int) -> None:
        token = self._some(number)
        elements = sorted({key for one in self.run.program.processes.values() for key in one["elements"]})
        if token is not None:
            self._try(lambda: self.run.instance.jump(token, elements[where % len(elements)]))

    @precondition(lambda self: getattr(self, "done", None))
    @rule(number=pick)
    def retrieve(self, number: int) -> None:
        if not self.last.completed:
            self._try(lambda: self.run.instance.retrieve(self.done[number % len(self.done)]))

    @rule(number=pick)
    def fire(self, number: int) -> None:
        timers = self._tokens("boundaryEvent")
        if timers:
            self._try(lambda: self.run.instance.fire(timers[number % len(timers)]))

    @rule(number=pick, item=st.sampled_from(["u4", "u5"]))
    def add_signer(self, number: int, item: str) -> None:
        token = self._some(number)
        if token is not None:
            self._try(lambda: self.run.instance.add_signer(token, item))

    @rule(number=pick)
    def remove_signer(self, number: int) -> None:
        token = self._some(number)
        if token is not None:
            self._try(lambda: self.run.instance.remove_signer(token))

    @invariant()
    def it_waits_or_has_ended(self) -> None:
        if hasattr(self, "last"):
            assert not self.last.stalled and not self.last.troubles
            assert self.last.completed != bool(self._tokens())

    @invariant()
    def what_was_told_is_what_waits(self) -> None:
        if hasattr(self, "last"):
            waiting = {task.id for task in self.run.instance._waiting_tasks() if task.task_spec.bpmn_id}
            assert set(self.open) <= waiting

    def teardown(self) -> None:
        """Whatever was done, finishing what is open brings the instance to its end: every join can still fire."""
        if not hasattr(self, "last"):
            return
        for _step in range(200):
            token = self._some(0)
            if token is None:
                break
            self._try(lambda token=token: self.run.instance.complete(token, {"outcome": "agree"}))
        assert self.last.completed


Operations.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOperations = Operations.TestCase
