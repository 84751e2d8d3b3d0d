"""The list of plans: filtered, a page at a time, by due date; and one plan with what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, contains_eager, joinedload

from .people import Unit
from .plans import LibraryResult, Plan, PlanEvent, PlanningCycle
from .runtime import Attachment, ProcessInstance, Task, TaskHolder

COUNT_LIMIT = 1000
FAR_OFF = date(9999, 12, 31)
LIVE = ("applied", "pending", "active", "issued")


@dataclass(frozen=True)
class PlanFilter:
    """What the list shows. `areas` limits it to what the reader may see (None = everything), `own_units` adds his own
    units' plans, `public` adds issued plans of everybody. `overdue_on` keeps plans not issued by their due date.
    """

    areas: tuple[str, ...] | None = ()
    own_units: frozenset[int] = frozenset()
    public: bool = False
    words: ColumnElement[bool] | None = None
    equal: tuple[tuple[str, Any], ...] = ()
    overdue_on: date | None = None
    due_until: date | None = None
    live_only: bool = True

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on Plan."""
        found = [getattr(Plan, name) == value for name, value in self.equal]
        if self.areas is not None:
            found.append(or_(false(), *self._seen()))
        if self.words is not None:
            found.append(self.words)
        if self.overdue_on is not None:
            found.append(and_(Plan.due_on < self.overdue_on, Plan.status == "active", Plan.paused_for == ""))
        if self.due_until is not None:
            found.append(and_(Plan.due_on <= self.due_until, Plan.status == "active", Plan.paused_for == ""))
        if self.live_only and "status" not in dict(self.equal):
            found.append(Plan.status.in_(LIVE))
        return found

    def _seen(self) -> list[ColumnElement[bool]]:
        seen: list[ColumnElement[bool]] = [
            Plan.area_path.startswith(area, autoescape=True) for area in self.areas or ()
        ]
        if self.own_units:
            seen.append(Plan.lead_unit_id.in_(self.own_units))
        if self.public:
            seen.append(Plan.status == "issued")
        return seen


def plan_page(
    session: Session, wanted: PlanFilter, *, after: tuple[date, int] | None = None, limit: int | None = 50
) -> list[Plan]:
    """A page of plans with their lead units, those due first first, after the (due date, id) of the page before.

    Plans without a due date come last; they are a question of their own, so that both go along the index.
    """
    found: list[Plan] = []
    if after is None or after[0] < FAR_OFF:
        dated = _plans(wanted).where(Plan.due_on.is_not(None)).order_by(Plan.due_on, Plan.id)
        if after is not None:
            dated = dated.where(tuple_(Plan.due_on, Plan.id) > after)
        found += session.scalars(dated.limit(limit))
        after = None
    if limit is None or len(found) < limit:
        undated = _plans(wanted).where(Plan.due_on.is_(None), Plan.id > (after[1] if after else 0)).order_by(Plan.id)
        found += session.scalars(undated.limit(None if limit is None else limit - len(found)))
    return found


def _plans(wanted: PlanFilter) -> Select[Any]:
    with_units = select(Plan).join(Plan.lead_unit).options(contains_eager(Plan.lead_unit))
    return with_units.where(*wanted.conditions())


def cursor_of(plan: Plan) -> tuple[date, int]:
    """Where the page after this plan begins."""
    return plan.due_on or FAR_OFF, plan.id


def count_plans(session: Session, wanted: PlanFilter) -> int:
    """How many plans the filter gives, counted no further than COUNT_LIMIT + 1."""
    some = select(Plan.id).where(*wanted.conditions()).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def cycles(session: Session) -> Sequence[PlanningCycle]:
    """Every planning cycle, the newest first."""
    return session.scalars(select(PlanningCycle).order_by(PlanningCycle.first_year.desc())).all()


def lead_units(session: Session, areas: tuple[str, ...] | None) -> Sequence[Unit]:
    """Units of these areas that lead a plan, for the filter; one look into an index for each unit, however many plans it has."""
    one = select(func.min(Plan.lead_unit_id)).where(Plan.lead_unit_id >= Unit.id).correlate(Unit)
    statement = (
        select(Unit).where(Unit.id == one.scalar_subquery()).order_by(Unit.sort_key, Unit.id)
    )
    if areas is not None:
        statement = statement.where(or_(false(), *(Unit.area_path.startswith(area) for area in areas)))
    return session.scalars(statement.limit(300)).all()


def plan_by_id(session: Session, plan_id: int) -> Plan | None:
    """One plan with its lead unit and cycle."""
    return session.get(Plan, plan_id, options=[joinedload(Plan.lead_unit), joinedload(Plan.cycle)])


def plan_holders(session: Session, plan_id: int) -> set[str]:
    """The holder keys of everybody who is asked to act on this plan now."""
    held = select(TaskHolder.holder).join(Task, Task.id == TaskHolder.task_id)
    return set(session.scalars(held.where(Task.plan_id == plan_id, Task.status == "open")))


def events_of(session: Session, plan_id: int) -> Sequence[PlanEvent]:
    """What happened to the plan, newest first."""
    return session.scalars(
        select(PlanEvent)
        .where(PlanEvent.plan_id == plan_id)
        .order_by(PlanEvent.at.desc(), PlanEvent.id.desc())
    ).all()


def instances_of(session: Session, plan_id: int) -> Sequence[ProcessInstance]:
    """The runs that carried or carry the plan, newest first."""
    return session.scalars(
        select(ProcessInstance)
        .join(ProcessInstance.definition)
        .options(contains_eager(ProcessInstance.definition))
        .where(ProcessInstance.plan_id == plan_id)
        .order_by(ProcessInstance.id.desc())
    ).all()


def open_tasks_of(session: Session, plan_id: int) -> Sequence[tuple[Task, str | None]]:
    """Open tasks of the plan with the name of the unit asked, those due first first."""
    rows = session.execute(
        select(Task, Unit.name)
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .where(Task.plan_id == plan_id, Task.status == "open")
        .order_by(Task.due_at.nulls_last(), Task.id)
    )
    return [(task, name) for task, name in rows]


def library_of(session: Session, plan_id: int) -> Sequence[tuple[LibraryResult, Attachment | None]]:
    """What the results library holds of a plan, the newest revision first, each with its file where one was attached."""
    statement = select(LibraryResult, Attachment).outerjoin(Attachment, Attachment.id == LibraryResult.attachment_id)
    ordered = statement.order_by(LibraryResult.revision.desc(), LibraryResult.kind)
    rows = session.execute(ordered.where(LibraryResult.plan_id == plan_id))
    return [(row[0], row[1]) for row in rows]


def attachments(
    session: Session, reader: int | None, *, plan_id: int | None = None, instance_id: int | None = None
) -> Sequence[Attachment]:
    """Files of a plan or of one run that a reader may know of, the newest version first within a dossier item."""
    owner = Attachment.plan_id == plan_id if plan_id is not None else Attachment.instance_id == instance_id
    return session.scalars(_files().where(owner, is_shown_to(reader))).all()


def is_shown_to(reader: int | None) -> ColumnElement[bool]:
    """Whether a file is more than part of somebody else's draft: nobody else knows of it before the task is handed in.

    A draft that was given along with the task shows its files to the person who has it now.
    """
    named = cast(Task.prefill, Text).contains(func.concat('"', Attachment.id, '"'))
    given = exists().where(Task.id == Attachment.task_id, Task.assignee_id == reader, named)
    return or_(Attachment.task_id.is_(None), Attachment.uploaded_by == reader, was_handed_in(), given)


def was_handed_in() -> ColumnElement[bool]:
    """Whether the task that a file came with was handed in."""
    handed_in = or_(Task.status == "completed", Task.submission.is_not(None))
    return exists().where(Task.id == Attachment.task_id, handed_in)


def _files() -> Select[Attachment]:
    ordered = select(Attachment).where(Attachment.removed_at.is_(None))
    return ordered.order_by(Attachment.dossier_item == "", Attachment.dossier_item, Attachment.id.desc())
