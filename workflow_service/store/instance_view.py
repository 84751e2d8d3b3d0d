"""One run as a reader sees it: what ran, who did it and when, what waits, what went wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

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


@dataclass(frozen=True)
class Step:
    """One human step for the slip and the history; names are those of the day on which it ended."""

    task: Task
    person: str
    unit: str


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
        select(Task, person, func.coalesce(Unit.name, ""))
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
        .outerjoin(Unit, Unit.id == func.coalesce(Task.completed_unit_id, Task.unit_id))
        .where(Task.instance_id == instance_id, Task.status != "cancelled")
        .order_by(Task.id)
    )
    return [Step(task, name, unit) for task, name, unit in rows]


def activities_of(session: Session, instance_id: int) -> list[tuple[Activity, str]]:
    """What ran, in order, with the name of who did it."""
    rows = session.execute(
        select(Activity, func.coalesce(User.name, ""))
        .outerjoin(User, User.id == Activity.actor_id)
        .where(Activity.instance_id == instance_id)
        .order_by(Activity.seq)
    )
    return [(activity, name) for activity, name in rows]


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
    """Holder keys of who is asked now, and ids of who had a part."""
    holders = session.scalars(
        select(TaskHolder.holder)
        .join(Task, Task.id == TaskHolder.task_id)
        .where(Task.instance_id == instance_id)
    )
    done = session.scalars(
        select(Task.completed_by)
        .where(Task.instance_id == instance_id, Task.completed_by.is_not(None))
        .distinct()
    )
    return set(holders), {each for each in done if each is not None}


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
        statement = statement.where(or_(*(ProcessInstance.area_path.startswith(area) for area in areas)))
    if after is not None:
        statement = statement.where(Incident.id < after)
    return [IncidentRow(*row) for row in session.execute(statement)]

