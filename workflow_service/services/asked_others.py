"""Who was asked on a task's behalf, as a page or the interface shows it: with names, turns and what each said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.store import round_list
from workflow_service.store.round_list import RoundRow
from workflow_service.store.runtime import Task

from . import recipients
from .recipients import Asked

WAITING = "waiting"


@dataclass(frozen=True)
class Member:
    """One who is asked; `status` is that of his task, or `waiting` where his turn has not come."""

    holder: str
    name: str
    status: str
    task_id: int | None = None
    due_at: datetime | None = None
    outcome: str = ""
    opinion: str = ""
    ended_at: datetime | None = None
    task: Task | None = None


@dataclass(frozen=True)
class RoundSeen:
    """A round with everybody who is asked in it."""

    id: int
    task_id: int
    relation: str
    mode: str
    blocking: bool
    note: str
    asked_by: str
    asked_by_id: int | None
    created_at: datetime
    ended_at: datetime | None
    members: tuple[Member, ...]

    @property
    def running(self) -> bool:
        """Whether somebody still has to act."""
        return self.ended_at is None


def rounds_of(session: Session, task_id: int) -> list[RoundSeen]:
    """Give the rounds on a task's behalf, the first first. Rights are the caller's."""
    return [_seen(session, row) for row in round_list.rounds_of(session, task_id)]


def round_behind(session: Session, task: Task) -> RoundSeen | None:
    """Give the round in which a task is asked on another's behalf; None for a task of the flow."""
    row = round_list.round_behind(session, task)
    return _seen(session, row) if row is not None else None


def _seen(session: Session, row: RoundRow) -> RoundSeen:
    found, by_turn = row.round, {task.turn: (task, person) for task, person in row.tasks}
    members = tuple(_member(session, turn, plain, by_turn) for turn, plain in enumerate(found.people))
    return RoundSeen(
        found.id, found.task_id, found.relation, found.mode, found.blocking, found.note, row.asker, found.created_by,
        found.created_at, found.ended_at, members,
    )  # fmt: skip


def _member(session: Session, turn: int, plain: Mapping[str, object], by_turn: Mapping[int, tuple[Task, str]]) -> Member:
    asked = Asked.from_plain(plain)
    task, person = by_turn.get(turn, (None, ""))
    name = person or recipients.name_of(session, asked.holder)
    if task is None:
        return Member(asked.holder, name, WAITING, due_at=asked.due_at)
    return Member(
        asked.holder, name, task.status, task.id, task.due_at, task.outcome, task.opinion, task.ended_at, task
    )
