"""Who was asked on a task's behalf, and whom one asked lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from .former_names import person_name_at
from .operations import TaskEvent, TaskRound
from .people import User
from .runtime import Task

HANDED_ON = ("transfer", "reassign", "delegate", "before", "after", "together", "co_handle", "consult", "instruct")
"""Kinds of events in which somebody chose people."""
LATEST_EVENTS = 60


@dataclass(frozen=True)
class RoundRow:
    """A round with who asked, and the tasks that came of it with who did or has them, in the order of their turns."""

    round: TaskRound
    asker: str
    tasks: tuple[tuple[Task, str], ...]


def rounds_of(session: Session, task_id: int) -> list[RoundRow]:
    """Give the rounds on a task's behalf, the first first."""
    rows = session.execute(
        select(TaskRound, person_name_at(TaskRound.created_at))
        .outerjoin(User, User.id == TaskRound.created_by)
        .where(TaskRound.task_id == task_id)
        .order_by(TaskRound.id)
    ).all()
    asked = _tasks_of(session, [found.id for found, _name in rows])
    return [RoundRow(found, name or "", tuple(asked.get(found.id, ()))) for found, name in rows]


def round_behind(session: Session, task: Task) -> RoundRow | None:
    """Give the round that a task belongs to, None for a task of the flow itself."""
    found = session.get(TaskRound, task.round_id) if task.round_id is not None else None
    if found is None:
        return None
    asker = session.get(User, found.created_by) if found.created_by is not None else None
    return RoundRow(found, asker.name if asker else "", tuple(_tasks_of(session, [found.id]).get(found.id, ())))


def _tasks_of(session: Session, round_ids: Sequence[int]) -> dict[int, list[tuple[Task, str]]]:
    if not round_ids:
        return {}
    person = User.id == Task.completed_by
    statement = select(Task, person_name_at(Task.ended_at)).outerjoin(User, person).where(Task.round_id.in_(round_ids))
    found: dict[int, list[tuple[Task, str]]] = {}
    for task, name in session.execute(statement.order_by(Task.turn, Task.id)):
        found.setdefault(int(task.round_id or 0), []).append((task, name or ""))
    return found


def waits_for_others() -> ColumnElement[bool]:
    """The condition that others whom a task waits for have been asked and have not all acted."""
    running = TaskRound.task_id == Task.id, TaskRound.ended_at.is_(None), TaskRound.blocking, TaskRound.begun > 0
    return select(TaskRound.id).where(*running).exists()


def does_wait(session: Session, task_id: int) -> bool:
    """Whether a task waits for others who have been asked."""
    return session.scalars(select(Task.id).where(Task.id == task_id, waits_for_others())).first() is not None


def waited_since(session: Session, found: TaskRound) -> datetime | None:
    """Since when a task waited without a break for those of a round that has just ended, and of rounds beside it; None where it
    waits for others still, or did not wait.
    """
    if not found.blocking or not found.begun or does_wait(session, found.task_id):
        return None
    begun = func.min(Task.created_at).label("begun")
    spans = session.execute(
        select(begun, TaskRound.ended_at)
        .join(Task, Task.round_id == TaskRound.id)
        .where(TaskRound.task_id == found.task_id, TaskRound.blocking, TaskRound.ended_at.is_not(None))
        .group_by(TaskRound.id)
        .order_by(TaskRound.ended_at.desc(), begun)
    ).all()
    since = found.ended_at
    for start, end in spans:
        if since is not None and end is not None and end >= since:
            since = min(since, start)
    return since


def lately_asked(session: Session, user_id: int, limit: int) -> list[str]:
    """Give the holder keys that a person chose last, the latest first, each once."""
    chosen = TaskEvent.actor_id == user_id, TaskEvent.kind.in_(HANDED_ON)
    latest = select(TaskEvent.data).where(*chosen).order_by(TaskEvent.id.desc()).limit(LATEST_EVENTS)
    found: dict[str, None] = {}
    for data in session.scalars(latest):
        found |= dict.fromkeys([*data.get("people", ()), *([data["to"]] if "to" in data else [])])
    return list(found)[:limit]
