"""The neighbours of the inbox: what a person has done, started, kept as drafts, and waits for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, tuple_, union
from sqlalchemy.orm import Session, aliased, joinedload

from . import work_search
from .inbox import COUNT_LIMIT, InboxRow, list_rows
from .operations import CirculationReader
from .people import User
from .plans import Plan
from .runtime import ProcessInstance, Task, TaskDraft
from .work_search import Match, Rows

_principal = aliased(User)


@dataclass(frozen=True)
class DoneFilter:
    """What a person completed: of one process, since a moment (aware), with words in it."""

    user_id: int
    process_key: str = ""
    since: datetime | None = None
    match: Match | None = None
    typed: str = ""


def done_page(
    session: Session, wanted: DoneFilter, *, after: tuple[datetime, int] | None = None, limit: int | None = 50
) -> list[InboxRow]:
    """What a person has completed, the latest first, before the (end, task id) of the page before."""
    parts = [_latest(part, after, limit) for part in _done(wanted)]
    if len(parts) == 1:
        keys = parts[0].subquery()
    else:
        joined = union(*(part.subquery().select() for part in parts)).subquery()
        keys = select(joined).order_by(joined.c.ended_at.desc(), joined.c.id.desc()).limit(limit).subquery()
    statement = list_rows().add_columns(func.coalesce(_principal.name, "")).join(keys, keys.c.id == Task.id)
    statement = statement.outerjoin(_principal, _principal.id == Task.acted_for)
    statement = statement.order_by(Task.ended_at.desc(), Task.id.desc())
    return [InboxRow(*row) for row in session.execute(statement)]


def count_done(session: Session, wanted: DoneFilter) -> int:
    """How many there are, counted no further than COUNT_LIMIT + 1."""
    parts = [part.limit(COUNT_LIMIT + 1).subquery().select() for part in _done(wanted)]
    keys = (union(*parts) if len(parts) > 1 else parts[0]).subquery()
    some = select(keys.c.id).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _done(wanted: DoneFilter) -> Sequence[Rows]:
    statement: Rows = select(Task.id, Task.ended_at).where(Task.completed_by == wanted.user_id, Task.status == "completed")
    if wanted.process_key:
        statement = statement.where(Task.process_key == wanted.process_key)
    if wanted.since is not None:
        statement = statement.where(Task.ended_at >= wanted.since)
    return work_search.found_in(statement, wanted.match, wanted.typed) if wanted.match else [statement]


def _latest(statement: Rows, after: tuple[datetime, int] | None, limit: int | None) -> Rows:
    if after is not None:
        statement = statement.where(tuple_(Task.ended_at, Task.id) < after)
    return statement.order_by(Task.ended_at.desc(), Task.id.desc()).limit(limit)


def processes_done(session: Session, user_id: int) -> Sequence[str]:
    """The processes in which a person lately completed something, for the filter."""
    mine = select(Task.process_key).where(Task.completed_by == user_id, Task.status == "completed")
    some = mine.order_by(Task.ended_at.desc()).limit(COUNT_LIMIT).subquery()
    return session.scalars(select(some.c.process_key).distinct().order_by(some.c.process_key)).all()


def held_page(session: Session, user_id: int, *, after: int | None = None, limit: int = 50) -> list[InboxRow]:
    """Tasks of a person that wait for others (加签, 委托, 退回补正 …), the latest first, before the id `after`."""
    mine = or_(Task.assignee_id == user_id, Task.completed_by == user_id)
    statement = list_rows().where(Task.held, Task.status == "open", mine).order_by(Task.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(Task.id < after)
    return [InboxRow(*row) for row in session.execute(statement)]


def drafts_page(
    session: Session, user_id: int, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[tuple[InboxRow, datetime]]:
    """Tasks with which a person kept a draft, and when he last did, the latest first."""
    statement = list_rows().add_columns(TaskDraft.saved_at).join(TaskDraft, TaskDraft.task_id == Task.id)
    statement = statement.where(TaskDraft.user_id == user_id, Task.status == "open")
    if after is not None:
        statement = statement.where(tuple_(TaskDraft.saved_at, TaskDraft.task_id) < after)
    statement = statement.order_by(TaskDraft.saved_at.desc(), TaskDraft.task_id.desc()).limit(limit)
    return [(InboxRow(*row[:4]), row[4]) for row in session.execute(statement)]


@dataclass(frozen=True)
class TabCounts:
    """What the tabs beside the inbox count, none further than COUNT_LIMIT + 1."""

    held: int
    drafts: int
    unread_copies: int


def tab_counts(session: Session, user_id: int, holders: Collection[str]) -> TabCounts:
    """One statement for all of them."""
    mine = or_(Task.assignee_id == user_id, Task.completed_by == user_id)
    held = select(Task.id).where(Task.held, Task.status == "open", mine)
    drafts = select(TaskDraft.task_id).join(Task, Task.id == TaskDraft.task_id)
    drafts = drafts.where(TaskDraft.user_id == user_id, Task.status == "open")
    unread = select(CirculationReader.id).where(
        CirculationReader.holder.in_(holders), CirculationReader.read_at.is_(None), CirculationReader.delivered_at.is_not(None)
    )
    return TabCounts(*session.execute(select(*(_count(one) for one in (held, drafts, unread)))).one())


def _count(statement: Rows) -> Any:
    some = statement.limit(COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def started_page(
    session: Session, user_id: int, *, status: str = "", match: Match | None = None,
    after: tuple[datetime, int] | None = None, limit: int = 50,
) -> list[tuple[ProcessInstance, str, str | None]]:  # fmt: skip
    """The runs that a person started, newest first, with the plan's title and code; of one status, with words in the title."""
    statement = (
        select(ProcessInstance, func.coalesce(Plan.title, ""), Plan.code)
        .outerjoin(Plan, Plan.id == ProcessInstance.plan_id)
        .options(joinedload(ProcessInstance.definition))
        .where(ProcessInstance.started_by == user_id)
        .order_by(ProcessInstance.started_at.desc(), ProcessInstance.id.desc())
        .limit(limit)
    )
    if status:
        statement = statement.where(ProcessInstance.status == status)
    if match is not None:
        statement = statement.where(match(Plan.keywords))
    if after is not None:
        statement = statement.where(tuple_(ProcessInstance.started_at, ProcessInstance.id) < after)
    return [(row, title, code) for row, title, code in session.execute(statement)]
