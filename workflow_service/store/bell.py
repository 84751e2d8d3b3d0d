"""What the frame of every page counts: open tasks of a person and his groups, and unread notices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
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
    mine = or_(TaskHolder.claimed_by.is_(None), TaskHolder.claimed_by == user_id)
    tasks = (
        select(TaskHolder.task_id)
        .where(TaskHolder.holder.in_(groups), mine)
        .distinct()
        .limit(COUNT_LIMIT + 1)
    )
    unread = (
        select(Notice.id).where(Notice.user_id == user_id, Notice.read_at.is_(None)).limit(COUNT_LIMIT + 1)
    )
    if standings:
        wanted = InboxFilter(user_id=user_id or 0, groups=frozenset(groups), standings=standings)
        return Counts(count_inbox(session, wanted), session.scalar(select(_count(unread))) or 0)
    row = session.execute(select(_count(tasks), _count(unread))).one()
    return Counts(*row)


def _count(rows: Any) -> Any:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()
