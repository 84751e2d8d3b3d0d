"""One run as a reader sees it: what ran, who did it and when, what waits, what went wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload

from workflow_service.i18n import _

from .operations import Circulation, CirculationReader
from .people import Unit, User
from .plans import Plan
from .runtime import (
    Activity,
    Attachment,
    Comment,
    Incident,
    ProcessInstance,
    Subscription,
    Task,
    TaskHolder,
    Timer,
)

_principal = aliased(User)


@dataclass(frozen=True)
class Step:
    """One human step for the slip and the history; `for_whom` is named where a substitute did it."""

    task: Task
    person: str
    unit: str
    for_whom: str = ""

    @property
    def signature(self) -> str:
        """Who did it, as the slip shows it: 乙（代甲） for a substitute."""
        return signed(self.person, self.for_whom)


def signed(person: str, for_whom: str | None) -> str:
    """A name as history shows it, with him for whom a substitute acted."""
    return _("%(name)s（代%(principal)s）", name=person, principal=for_whom) if for_whom else person


@dataclass(frozen=True)
class IncidentRow:
    """An incident with the run and the plan in which it stands."""

    incident: Incident
    instance: ProcessInstance
    plan_title: str
    plan_code: str | None


def instance_by_id(session: Session, instance_id: int) -> ProcessInstance | None:
    """One run with its definition."""
    return session.get(ProcessInstance, instance_id, options=[joinedload(ProcessInstance.definition)])


def steps_of(session: Session, instance_id: int) -> list[Step]:
    """The run's human tasks in the order in which they arose, with who did or has them."""
    person = func.coalesce(User.name, "")
    rows = session.execute(
        select(Task, person, func.coalesce(Unit.name, ""), func.coalesce(_principal.name, ""))
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
        .outerjoin(_principal, _principal.id == Task.acted_for)
        .outerjoin(Unit, Unit.id == func.coalesce(Task.completed_unit_id, Task.unit_id))
        .where(Task.instance_id == instance_id, Task.status != "cancelled")
        .order_by(Task.id)
    )
    return [Step(*row) for row in rows]


def activities_of(session: Session, instance_id: int) -> list[tuple[Activity, str]]:
    """What ran, in order, with the name of who did it, and for whom."""
    rows = session.execute(
        select(Activity, func.coalesce(User.name, ""), _principal.name)
        .outerjoin(User, User.id == Activity.actor_id)
        .outerjoin(Task, and_(Task.instance_id == Activity.instance_id, Task.token == Activity.token))
        .outerjoin(_principal, _principal.id == Task.acted_for)
        .where(Activity.instance_id == instance_id)
        .order_by(Activity.seq)
    )
    return [(activity, signed(name, principal)) for activity, name, principal in rows]


def incidents_of(session: Session, instance_id: int) -> Sequence[Incident]:
    """What stopped the run, open ones first."""
    ordered = select(Incident).where(Incident.instance_id == instance_id)
    return session.scalars(ordered.order_by(Incident.resolved_at.is_not(None), Incident.id.desc())).all()


def waits_of(session: Session, instance_id: int) -> tuple[Sequence[Timer], Sequence[Subscription]]:
    """The timers and messages that the run waits for."""
    timers = session.scalars(
        select(Timer).where(Timer.instance_id == instance_id).order_by(Timer.due_at)
    ).all()
    waits = session.scalars(select(Subscription).where(Subscription.instance_id == instance_id)).all()
    return timers, waits


def comments_of(session: Session, instance_id: int) -> list[tuple[Comment, str]]:
    """Remarks in the order written, with the writer's name."""
    rows = session.execute(
        select(Comment, User.name)
        .join(User, User.id == Comment.user_id)
        .where(Comment.instance_id == instance_id)
        .order_by(Comment.id)
    )
    return [(comment, name) for comment, name in rows]


def participants_of(session: Session, instance_id: int) -> tuple[set[str], set[int]]:
    """Holder keys of who is asked now or got it to read, and ids of who had a part."""
    asked = select(TaskHolder.holder).join(Task, Task.id == TaskHolder.task_id).where(Task.instance_id == instance_id)
    readers = (
        select(CirculationReader.holder)
        .join(Circulation, Circulation.id == CirculationReader.circulation_id)
        .where(Circulation.instance_id == instance_id, CirculationReader.delivered_at.is_not(None))
    )
    holders = session.scalars(asked.union(readers))
    done = session.execute(
        select(Task.completed_by, Task.acted_for)
        .where(Task.instance_id == instance_id, Task.completed_by.is_not(None))
        .distinct()
    )
    return set(holders), {each for row in done for each in row if each is not None}


def attachment_by_id(session: Session, attachment_id: int) -> Attachment | None:
    """A file's row, removed ones left out."""
    found = session.get(Attachment, attachment_id)
    return None if found is None or found.removed_at else found


def open_incidents(
    session: Session, areas: Collection[str] | None, *, after: int | None = None, limit: int = 50
) -> list[IncidentRow]:
    """Incidents that wait to be settled in these areas (None = everywhere), newest first, before the id `after`."""
    statement = (
        select(Incident, ProcessInstance, func.coalesce(Plan.title, ""), Plan.code)
        .join(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .outerjoin(Plan, Plan.id == ProcessInstance.plan_id)
        .where(Incident.resolved_at.is_(None))
        .order_by(Incident.id.desc())
        .limit(limit)
    )
    if areas is not None:
        statement = statement.where(or_(false(), *(ProcessInstance.area_path.startswith(area) for area in areas)))
    if after is not None:
        statement = statement.where(Incident.id < after)
    return [IncidentRow(*row) for row in session.execute(statement)]


def started_by(
    session: Session, user_id: int, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[tuple[ProcessInstance, str, str | None]]:
    """The runs that a person started, newest first, with the plan's title and code."""
    plan = aliased(Plan)
    statement = (
        select(ProcessInstance, func.coalesce(plan.title, ""), plan.code)
        .outerjoin(plan, plan.id == ProcessInstance.plan_id)
        .options(joinedload(ProcessInstance.definition))
        .where(ProcessInstance.started_by == user_id)
        .order_by(ProcessInstance.started_at.desc(), ProcessInstance.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(ProcessInstance.started_at, ProcessInstance.id) < after)
    return [(row, title, code) for row, title, code in session.execute(statement)]
