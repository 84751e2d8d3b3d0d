"""Runs a drawing on the running side of the engine, from XML to tokens: what a diagram really does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from workflow_service.domain.drawing import INSERTED
from workflow_service.engine.compile import compile_diagram
from workflow_service.engine.facts import Passage, Place, Step
from workflow_service.engine.program import Program
from workflow_service.engine.read import read_diagram
from workflow_service.engine.run import Instance

NOW = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)


class Run:
    """One instance; `done` are the elements of the drawing in the order they were finished, `flows` those taken."""

    def __init__(self, data: bytes, key: str = "p", start_event: str = "", **variables: Any) -> None:
        processes = json.loads(json.dumps(compile_diagram(read_diagram(data)), sort_keys=True))
        program = Program({"root": key, "processes": processes})
        self.instance = Instance.start(program, variables, "1", NOW, start_event)
        self.done: list[str] = []
        self.flows: list[str] = []
        self.thrown: list[str] = []
        self._open: dict[Any, tuple[str, Place, str]] = {}
        self._take(self.instance.collect())

    def _take(self, step: Step) -> None:
        assert not step.troubles, step.troubles
        for passage in step.passages:
            self._note(passage)
        for token in step.ended:
            self._open.pop(token, None)
        for kind, waits in (("user", step.human_tasks), ("event", step.events), ("timer", step.timers)):
            for wait in waits:
                self._open[wait.place.token] = (kind, wait.place, getattr(wait, "name", ""))
        self.thrown += [event.name for event in step.thrown]
        self.stalled = step.stalled
        self.ended = step.completed
        self.instance = Instance.thaw(self.instance.program, self.instance.freeze(), "1", NOW)

    def _note(self, passage: Passage) -> None:
        self.flows += [flow for flow in passage.flows if not flow.startswith(INSERTED)]
        if passage.status == "completed" and not passage.place.element_id.startswith(INSERTED):
            self.done.append(passage.place.element_id)

    @property
    def waiting(self) -> list[str]:
        """Give the user tasks that wait, by id."""
        return sorted(place.element_id for kind, place, _name in self._open.values() if kind == "user")

    def complete(self, key: str, **variables: Any) -> Run:
        """Finish one user task; `variables` are set beside its result."""
        token = self.token(key)
        for name, value in variables.items():
            self.instance.renew(name, value)
        self.instance.complete(token, {"outcome": "complete"})
        self._take(self.instance.collect())
        return self

    def token(self, key: str) -> Any:
        """The token of the first user task with an id that waits."""
        return next(t for t, (kind, place, _) in self._open.items() if kind == "user" and place.element_id == key)

    def go_back(self, key: str, to: str) -> Run:
        """Return from a user task that waits to an earlier step, both by id."""
        token = self.token(key)
        stop = next(one for one in self.instance.stops(token) if one.element_id == to)
        self.instance.go_back(token, stop.token)
        self._take(self.instance.collect())
        return self

    def complete_all(self) -> Run:
        """Finish user tasks until none waits."""
        for _round in range(100):
            if not self.waiting:
                return self
            self.complete(self.waiting[0])
        raise AssertionError(f"does not end: {self.done}")

    def send(self, name: str) -> Run:
        """Deliver a message or signal to whoever waits for it."""
        token = next(
            token for token, (kind, _place, wanted) in self._open.items() if (kind, wanted) == ("event", name)
        )
        self.instance.fire(token, {})
        self._take(self.instance.collect())
        return self
