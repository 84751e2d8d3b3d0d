"""Special reports as lists show them, and the leaders to whom one can go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from workflow_service.domain.divisions import paths_down_to

from .acting import SpecialReportRow
from .people import Membership, Post, Unit, User
from .people_queries import is_current
from .plans import Plan
from .runtime import Task, TaskHolder

COUNT_LIMIT = 1000
READING = "read"
"""The element of the delivered process at which each leader reads."""


@dataclass(frozen=True)
class ReportFilter:
    """What to show: reports of the supervised `areas` (None: all), and those that `user_id` or the `holders` have to do with.

    `state`: draft, unread (sent, and a leader has not read it yet), read (by all), dropped.
    """

    areas: tuple[str, ...] | None
    user_id: int | None = None
    holders: Collection[str] = ()
    state: str = ""
    text: str = ""
    plan_id: int | None = None


@dataclass(frozen=True)
class ReportRow:
    """One report, its plan, who drafted it, and how many of its leaders have read it."""

    report: SpecialReportRow
    plan_title: str
    drafter: str
    read: int


@dataclass(frozen=True)
class Leader:
    """A leader to whom a report can go, with unit and post."""

    user_id: int
    name: str
    unit: str
    post: str
    unit_id: int


def rows(
    session: Session, wanted: ReportFilter, *, after: int | None = None, limit: int | None = 50
) -> list[ReportRow]:
    """Give the reports of a filter, the latest first, before the id `after`."""
    statement = _shown().where(*_conditions(wanted)).order_by(SpecialReportRow.id.desc())
    if after is not None:
        statement = statement.where(SpecialReportRow.id < after)
    found = session.execute(statement if limit is None else statement.limit(limit))
    return [ReportRow(*one) for one in found]


def row_of(session: Session, report_id: int) -> ReportRow:
    """Give one report with its names."""
    return ReportRow(*session.execute(_shown().where(SpecialReportRow.id == report_id)).one())


def count(session: Session, wanted: ReportFilter) -> int:
    """Tell how many reports a filter gives, exact to 1,000; 1,001 means more."""
    inner = select(SpecialReportRow.id).join(Plan, Plan.id == SpecialReportRow.plan_id).where(*_conditions(wanted))
    return session.scalar(select(func.count()).select_from(inner.limit(COUNT_LIMIT + 1).subquery())) or 0


def of_instance(session: Session, instance_id: int) -> SpecialReportRow | None:
    """Give the report that a run is about."""
    return session.scalars(select(SpecialReportRow).where(SpecialReportRow.instance_id == instance_id)).one_or_none()


def begun_in(session: Session, instance_id: int) -> Sequence[SpecialReportRow]:
    """Give the reports that were begun in another run, in order."""
    begun = select(SpecialReportRow).where(SpecialReportRow.origin_instance_id == instance_id)
    return session.scalars(begun.order_by(SpecialReportRow.id)).all()


def reading_tasks(session: Session, instance_id: int | None) -> Sequence[Task]:
    """Give the tasks at which leaders read or have read, the first given first; what was taken back is left out."""
    reading = Task.instance_id == instance_id, Task.element_id == READING, Task.round_id.is_(None)
    wanted = select(Task).where(*reading, Task.status.in_(("open", "completed")))
    return session.scalars(wanted.order_by(Task.id)).all()


def leaders_over(session: Session, area_path: str, today: date) -> list[Leader]:
    """Give who holds a leading post today in a unit of an area itself or above it, the highest post first, one row each."""
    unit = func.coalesce(func.nullif(Unit.short_name, ""), Unit.name)
    statement = (
        select(User.id, User.name, unit, Post.name, Unit.id)
        .join(Membership, Membership.user_id == User.id)
        .join(Post, Post.id == Membership.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(User.active, Unit.active, is_current(today), Post.role == "leader", Unit.area_path.in_(paths_down_to(area_path)))
        .order_by(Unit.area_path.desc(), Post.rank, Unit.sort_key, User.sort_key, User.id)
    )
    found: dict[int, Leader] = {}
    for row in session.execute(statement):
        found.setdefault(row[0], Leader(*row))
    return list(found.values())


def _shown() -> Select[Any]:
    drafter = select(User.name).where(User.id == SpecialReportRow.drafted_by).scalar_subquery()
    finished = (
        select(func.count(func.distinct(Task.assignee_id)))
        .where(_reading(), Task.status == "completed")
        .correlate(SpecialReportRow)
        .scalar_subquery()
    )
    joined = select(SpecialReportRow, Plan.title, func.coalesce(drafter, ""), finished)
    return joined.join(Plan, Plan.id == SpecialReportRow.plan_id)


def _reading() -> ColumnElement[bool]:
    own = Task.instance_id == SpecialReportRow.instance_id
    return own & (Task.element_id == READING) & Task.round_id.is_(None)


def _conditions(wanted: ReportFilter) -> Sequence[ColumnElement[bool]]:
    report = SpecialReportRow
    conditions = [_in_sight(wanted)]
    unread = exists().where(_reading(), Task.status == "open")
    if wanted.state in ("draft", "dropped"):
        conditions.append(report.status == wanted.state)
    elif wanted.state in ("unread", "read"):
        conditions += [report.status == "sent", unread if wanted.state == "unread" else ~unread]
    if wanted.text:
        parts = (report.title, report.number, Plan.title)
        conditions.append(or_(*[one.icontains(wanted.text, autoescape=True) for one in parts]))
    if wanted.plan_id is not None:
        conditions.append(report.plan_id == wanted.plan_id)
    return conditions


def _in_sight(wanted: ReportFilter) -> ColumnElement[bool]:
    """Supervised areas, one's own drafts, and whatever one is asked in or has acted in."""
    if wanted.areas is None:
        return true()
    report = SpecialReportRow
    supervised = [report.area_path.startswith(one, autoescape=True) for one in wanted.areas]
    of_run = Task.instance_id == report.instance_id
    acted = exists().where(of_run, or_(Task.completed_by == wanted.user_id, Task.acted_for == wanted.user_id))
    held = exists().where(TaskHolder.task_id == Task.id, of_run, TaskHolder.holder.in_(list(wanted.holders)))
    return or_(false(), *supervised, report.drafted_by == wanted.user_id, acted, held)
