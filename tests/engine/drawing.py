"""A small vocabulary for engine tests: plain processes in few words, and an instance that changes process at every wait."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from workflow_service.engine.facts import Place, Step
from workflow_service.engine.navigate import Assumed
from workflow_service.engine.program import Program
from workflow_service.engine.run import Instance

NOW = datetime(2026, 1, 5, 1, tzinfo=UTC)


def element(kind: str, **more: Any) -> dict[str, Any]:
    """One element; its name is its type unless `name` is given."""
    return {"type": kind, "name": more.pop("name", kind), **more}


def process(
    elements: dict[str, dict[str, Any]], *ways: str, conditions: dict[str, str] | None = None
) -> dict[str, Any]:
    """A process of elements and ways such as `start > a > end`; flow ids are `source_target`, repeated ones numbered."""
    flows: dict[str, dict[str, Any]] = {}
    for way in ways:
        stops = [stop.strip() for stop in way.split(">")]
        for source, target in pairwise(stops):
            key = f"{source}_{target}"
            while key in flows:
                key += "x"
            flows[key] = {
                "source": source,
                "target": target,
                "name": "",
                "condition": (conditions or {}).get(key),
            }
    return {"name": "test", "elements": elements, "flows": flows}


class Run:
    """An instance under test: what waits is found by element id; every command ends with a freeze and a thaw."""

    def __init__(
        self, processes: dict[str, Any], variables: dict[str, Any] | None = None, root: str = "main", *, frozen: bool = True
    ) -> None:
        """`frozen=False` keeps the instance in memory between commands."""
        self.frozen = frozen
        self.program = Program({"root": root, "processes": processes, "decisions": {}})
        self.open: dict[str, list[tuple[UUID, Any]]] = {}
        self.flows: list[str] = []
        self.history: list[tuple[str, str]] = []
        self.steps: list[Step] = []
        self.instance = Instance.start(self.program, variables or {}, "1", NOW)
        self._settle()

    def complete(self, element_id: str, values: dict[str, Any] | None = None, **local: Any) -> Step:
        """Finish the first open task of an element (the one whose item variables are `local`)."""
        self.instance.complete(self.token(element_id, **local), values or {})
        return self._settle()

    def work(self, element_id: str, **result: Any) -> Step:
        self.instance.work_done(self.token(element_id), result)
        return self._settle()

    def fire(
        self, element_id: str, payload: dict[str, Any] | None = None, remaining: int | None = None
    ) -> Step:
        self.instance.fire(self.token(element_id), payload, remaining)
        return self._settle()

    def go_back(self, element_id: str, to: str) -> Step:
        """Return from an open task to the nearest earlier step `to`."""
        token = self.token(element_id)
        stop = next(one for one in self.instance.stops(token) if one.element_id == to)
        return self.do(lambda: self.instance.go_back(token, stop.token))

    def jump(self, element_id: str, to: str) -> list[Assumed]:
        """Put an open task's token on another activity; gives the branches that count as done."""
        assumed = self.instance.jump(self.token(element_id), to)
        self._settle()
        return assumed

    def do(self, command: Callable[[], object]) -> Step:
        """Give the instance one more command."""
        command()
        return self._settle()

    def ended(self, step: Step) -> list[Place]:
        """Give where the tokens stood that ended without having been done."""
        return [one.place for one in step.passages if one.status == "cancelled"]

    def token(self, element_id: str, **local: Any) -> UUID:
        for token, seen in self.open.get(element_id, []):
            if all(seen.get(key) == value for key, value in local.items()):
                return token
        raise AssertionError(f"{element_id} {local} does not wait; open: {self.waiting}")

    @property
    def waiting(self) -> list[str]:
        return sorted(key for key, tokens in self.open.items() for _token in tokens)

    @property
    def step(self) -> Step:
        return self.steps[-1]

    @property
    def variables(self) -> dict[str, Any]:
        return self.instance.variables

    def _settle(self) -> Step:
        step = self.instance.collect()
        self.steps.append(step)
        for wait in (*step.human_tasks, *step.works, *step.timers, *step.events):
            self.open.setdefault(wait.place.element_id, []).append(
                (wait.place.token, getattr(wait, "local", {}))
            )
        for key, tokens in list(self.open.items()):
            self.open[key] = [pair for pair in tokens if pair[0] not in step.ended]
        self.history += [(one.status, one.place.element_id) for one in step.passages]
        self.flows += [flow for one in step.passages for flow in one.flows]
        if self.frozen:
            self.instance = Instance.thaw(self.program, self.instance.freeze(), "1", NOW)
        return step


def in_another_process(code: str, *arguments: str) -> str:
    """Run Python code in a fresh interpreter and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()
