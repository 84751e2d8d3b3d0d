"""What was late at a moment: tasks, and the stages in which plans were, the longest first (docs/domain.md §3.3, §3.7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, case, not_, or_, select, union_all
from sqlalchemy.orm import Session

from .deadlines import DeadlineChange, moved_since, task_stood
from .former_names import unit_name_at
from .ledger_queries import taker, within
from .people import Unit, User
from .plans import Plan
from .runtime import Task
from .stage_deadlines import StageDeadline, due_then


def late_tasks(
    session: Session, areas: tuple[str, ...] | None, until: datetime, limit: int, *, counted: int
) -> tuple[Sequence[Any], int]:
    """Tasks that were open then and past their due moment, the longest overdue first, up to `limit`; paused ones are left out.

    With how many there are, at most `counted`.
    """
    late = _late_tasks(areas, until, counted)
    found = session.execute(select(late.c.id, late.c.due_at).order_by(late.c.due_at, late.c.id).limit(counted)).all()
    due_then = {row.id: row.due_at for row in found[:limit]}
    statement = (
        select(
            Task.id, Task.plan_id, Task.title, Task.name, Task.stage, Task.candidate_groups.label("groups"),
            unit_name_at(until, short=True).label("unit_name"), taker(until),
            case(due_then, value=Task.id, else_=Task.due_at).label("due_at"),
        )
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .outerjoin(User, User.id == Task.assignee_id)
        .where(Task.id.in_(list(due_then)))
    )  # fmt: skip
    rows = session.execute(statement).all() if due_then else []
    return sorted(rows, key=lambda row: (row.due_at, row.id)), len(found)


def _late_tasks(areas: tuple[str, ...] | None, until: datetime, limit: int) -> Subquery:
    """The ids with the due moments of then; each of the parts in which they are looked for gives at most `limit`."""
    moved = moved_since(until)
    was_open = Task.created_at < until, Task.waiting.is_(False), within(Task.area_path, areas), not_(task_stood(until))
    unmoved = Task.due_at < until, Task.id.not_in(select(moved.c.task_id))
    parts = [
        select(Task.id, Task.due_at).where(*was_open, *unmoved, still_open).order_by(Task.due_at, Task.id).limit(limit)
        for still_open in (Task.status == "open", Task.ended_at >= until)
    ]
    before = select(Task.id, moved.c.due_at).join(moved, moved.c.task_id == Task.id)
    was_late = *was_open, moved.c.due_at < until, or_(Task.ended_at.is_(None), Task.ended_at >= until)
    parts.append(before.where(*was_late).order_by(moved.c.due_at, Task.id).limit(limit))
    return union_all(*(select(part.subquery()) for part in parts)).subquery()


def late_stages(
    session: Session, areas: tuple[str, ...] | None, units: Collection[str], until: datetime, limit: int
) -> list[int]:
    """The plans whose stage was past its due moment just before a moment, the longest first; `units` by code, none for all.

    Looked for where it can be, as tasks are: among what is open, what was left since, and what was moved since.
    """
    row = StageDeadline
    moved = select(DeadlineChange.plan_id).where(DeadlineChange.ended_at >= until, DeadlineChange.stage != "")
    open_still, left_since, due = row.left_at.is_(None), row.left_at >= until, due_then(until)
    parts = [
        _late_stages(areas, units, until, row.due_at, limit).where(row.plan_id.not_in(moved), one)
        for one in (open_still, left_since)
    ]
    parts.append(_late_stages(areas, units, until, due, limit).where(row.plan_id.in_(moved), or_(open_still, left_since)))
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return list(session.scalars(select(found.c.plan_id).order_by(found.c.due_at, found.c.id).limit(limit)))


def _late_stages(
    areas: tuple[str, ...] | None, units: Collection[str], until: datetime, due: Any, limit: int
) -> Select[int, int, datetime]:
    row = StageDeadline
    within_it = row.entered_at < until, due < until, within(Plan.area_path, areas)
    found = select(row.plan_id, row.id, due.label("due_at")).join(Plan, Plan.id == row.plan_id).where(*within_it)
    if units:
        found = found.join(Unit, Unit.id == Plan.lead_unit_id).where(Unit.code.in_(list(units)))
    return found.order_by(due, row.id).limit(limit)
