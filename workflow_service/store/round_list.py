"""Who was asked on a task's behalf, and whom one asked lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

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
        select(TaskRound, User.name)
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
    statement = select(Task, User.name).outerjoin(User, person).where(Task.round_id.in_(round_ids))
    found: dict[int, list[tuple[Task, str]]] = {}
    for task, name in session.execute(statement.order_by(Task.turn, Task.id)):
        found.setdefault(int(task.round_id or 0), []).append((task, name or ""))
    return found


def lately_asked(session: Session, user_id: int, limit: int) -> list[str]:
    """Give the holder keys that a person chose last, the latest first, each once."""
    chosen = TaskEvent.actor_id == user_id, TaskEvent.kind.in_(HANDED_ON)
    latest = select(TaskEvent.data).where(*chosen).order_by(TaskEvent.id.desc()).limit(LATEST_EVENTS)
    found: dict[str, None] = {}
    for data in session.scalars(latest):
        found |= dict.fromkeys([*data.get("people", ()), *([data["to"]] if "to" in data else [])])
    return list(found)[:limit]
