"""Requests for later dates as lists show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from .acting import Extension
from .people import Unit, User
from .plans import Plan
from .runtime import Task

_decider = aliased(User)


@dataclass(frozen=True)
class ExtensionRow:
    """One request with its task (None: it is for a plan or its stage), the plan's title, and the names of who asked, for which
    unit, and who decided.
    """

    extension: Extension
    task: Task | None
    plan_title: str
    asker: str
    unit: str
    decider: str


@dataclass(frozen=True)
class ExtensionFilter:
    """Whose requests: of the supervised `areas` (None: all), of plans that the `unit_ids` lead, and one's own."""

    areas: tuple[str, ...] | None
    unit_ids: Collection[int] = ()
    user_id: int | None = None
    status: str = ""


def open_of(session: Session, task_id: int) -> Extension | None:
    """Give the request of a task that waits to be decided."""
    wanted = Extension.task_id == task_id, Extension.status == "open"
    return session.scalars(select(Extension).where(*wanted)).one_or_none()


def open_for_plan(session: Session, plan_id: int, stage: str) -> Extension | None:
    """Give the request for a plan (`stage` empty) or a stage of it that waits to be decided."""
    of_it = Extension.plan_id == plan_id, Extension.stage == stage, Extension.task_id.is_(None)
    return session.scalars(select(Extension).where(*of_it, Extension.status == "open")).one_or_none()


def rows(
    session: Session, wanted: ExtensionFilter, *, after: int | None = None, limit: int = 50
) -> list[ExtensionRow]:
    """Give the requests of a filter, the latest first, before the id `after`; open ones only where their task is open."""
    statement = (
        select(
            Extension, Task, func.coalesce(Plan.title, ""), func.coalesce(User.name, ""),
            func.coalesce(Unit.short_name, Unit.name, ""),
            func.coalesce(_decider.name, ""),
        )
        .outerjoin(Task, Task.id == Extension.task_id)
        .outerjoin(User, User.id == Extension.asked_by)
        .outerjoin(Unit, Unit.id == Extension.unit_id)
        .outerjoin(_decider, _decider.id == Extension.decided_by)
        .outerjoin(Plan, Plan.id == Extension.plan_id)
        .where(_in_sight(wanted), or_(Extension.status != "open", Task.id.is_(None), Task.status == "open"))
        .order_by(Extension.id.desc())
        .limit(limit)
    )  # fmt: skip
    if wanted.status:
        statement = statement.where(Extension.status == wanted.status)
    if after is not None:
        statement = statement.where(Extension.id < after)
    return [ExtensionRow(*row) for row in session.execute(statement)]


def _in_sight(wanted: ExtensionFilter) -> Any:
    if wanted.areas is None:
        return true()
    supervised = [Extension.area_path.startswith(one, autoescape=True) for one in wanted.areas]
    units = list(wanted.unit_ids)
    led = and_(Plan.lead_unit_id.in_(units), Extension.unit_id.is_distinct_from(Plan.lead_unit_id))
    return or_(false(), *supervised, led, Extension.asked_by == wanted.user_id)
