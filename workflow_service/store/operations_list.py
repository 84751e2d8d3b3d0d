"""Questions about what people did with tasks: events of a kind, the tasks of rounds, who a leader is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .former_names import person_name_at
from .operations import TaskEvent
from .people import Membership, Post, Unit, User
from .people_queries import is_current
from .runtime import Task, TaskHolder


class Standing(NamedTuple):
    """For which unit and post a person speaks, and that post's rank (small is high)."""

    unit: str = ""
    post: str = ""
    rank: int = 0


def standing_of(session: Session, user_id: int | None, unit_id: int | None, today: date) -> Standing:
    """The highest post that a person holds in the unit for which he acts."""
    held = (
        select(Unit.short_name, Post.name, Post.rank)
        .join(Post, Post.unit_id == Unit.id)
        .join(Membership, Membership.post_id == Post.id)
        .where(Membership.user_id == user_id, is_current(today))
        .order_by(Unit.id != unit_id, Post.rank, Post.id)
        .limit(1)
    )
    row = session.execute(held).first()
    return Standing(*row) if row is not None else Standing()


def events_of_kind(session: Session, instance_id: int, *kinds: str) -> Sequence[tuple[TaskEvent, str]]:
    """A run's events of some kinds in order, each with who did it."""
    statement = (
        select(TaskEvent, func.coalesce(person_name_at(TaskEvent.at), ""))
        .outerjoin(User, User.id == TaskEvent.actor_id)
        .where(TaskEvent.instance_id == instance_id, TaskEvent.kind.in_(kinds))
        .order_by(TaskEvent.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def tasks_of_rounds(session: Session, round_ids: Collection[int]) -> dict[int, list[tuple[Task, str]]]:
    """The tasks of rounds in their order, each with who did it or has it."""
    statement = (
        select(Task, func.coalesce(person_name_at(Task.ended_at), ""))
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
        .where(Task.round_id.in_(list(round_ids)))
        .order_by(Task.round_id, Task.turn, Task.id)
    )
    found: dict[int, list[tuple[Task, str]]] = {}
    for task, person in session.execute(statement) if round_ids else ():
        found.setdefault(task.round_id or 0, []).append((task, person))
    return found


def holders_of_steps(session: Session, instance_id: int) -> list[str]:
    """Before whom the open steps of a run lie, without what is asked on their behalf."""
    held = select(TaskHolder.holder).join(Task, Task.id == TaskHolder.task_id)
    own = held.where(Task.instance_id == instance_id, Task.round_id.is_(None), TaskHolder.claimed_by.is_(None))
    return list(session.scalars(own.distinct().order_by(TaskHolder.holder)))
