"""What the frame of every page counts: open tasks of a person and his groups, and unread notices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from .inbox import InboxFilter, Standing, count_inbox
from .runtime import TaskHolder
from .supervision import Notice

COUNT_LIMIT = 1000


@dataclass(frozen=True)
class Counts:
    """Both exact up to COUNT_LIMIT; one more than that means "more"."""

    tasks: int
    notices: int


def counts(
    session: Session, user_id: int | None, groups: Collection[str], standings: tuple[Standing, ...] = ()
) -> Counts:
    """Open tasks that `user_id` or one of `groups` holds and nobody else has claimed; unread notices of `user_id`.

    A substitute's count has what lies before his principals too.
    """
    unread = (
        select(Notice.id).where(Notice.user_id == user_id, Notice.read_at.is_(None)).limit(COUNT_LIMIT + 1)
    )
    if standings:
        wanted = InboxFilter(user_id=user_id or 0, groups=frozenset(groups), standings=standings)
        return Counts(count_inbox(session, wanted), session.scalar(select(_count(unread))) or 0)
    held = [_held(group, user_id) for group in sorted(groups)]
    tasks = _count(select(union_all(*held).subquery().c.task_id).distinct()) if held else literal(0)
    row = session.execute(select(func.least(tasks, COUNT_LIMIT + 1), _count(unread))).one()
    return Counts(*row)


def _held(group: str, user_id: int | None) -> Any:
    """As many tasks under one holder key as are counted, from its own index range, however many there are."""
    mine = or_(TaskHolder.claimed_by.is_(None), TaskHolder.claimed_by == user_id)
    rows = select(TaskHolder.task_id).where(TaskHolder.holder == group, mine)
    return rows.order_by(TaskHolder.due_at, TaskHolder.task_id).limit(COUNT_LIMIT + 1).subquery().select()


def _count(rows: Any) -> Any:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()
