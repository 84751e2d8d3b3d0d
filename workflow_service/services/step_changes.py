"""What one command gathers before it is written, as values: the changes of its steps, the rows that they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from workflow_service.engine.facts import HumanTask, Passage, Step, Thrown
from workflow_service.store import step_rows


@dataclass
class Changes:
    """What a command has gathered before it is written."""

    human: list[HumanTask] = field(default_factory=list)
    timers: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    troubles: list[Any] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)
    thrown: list[Thrown] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Add one step's changes."""
        self.human += step.human_tasks
        self.timers += step.timers
        self.events += step.events
        self.ended += step.ended
        self.passages += step.passages
        self.troubles += step.troubles
        self.settled += step.settled
        self.thrown += step.thrown
        self.stages += step.stages


@dataclass(frozen=True)
class AskedAgain:
    """Whom a step lies before when it is entered again, and what its form shows: who did it, and what he handed in.

    `returned` where somebody returned it to him, not where he took it back.
    """

    user_id: int | None
    prefill: dict[str, Any]
    returned: bool = False


def turn_of(process_key: str, element_id: str, local: Mapping[str, Any]) -> tuple[str, str, int | None]:
    """Name one turn of a step: the element, and which of several it is (None where it is asked of one)."""
    return process_key, element_id, local.get("loopCounter")


@dataclass
class Written:
    """The rows of one step, and the ids that its new tasks got."""

    tasks: list[step_rows.NewTask]
    cancelled: list[step_rows.EndedTask]
    activities: list[step_rows.ActivityRow]
    ends: list[step_rows.ActivityEnd]
    ids: dict[UUID, int] = field(default_factory=dict)
