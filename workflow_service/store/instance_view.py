"""One run as a reader sees it: what ran, who did it and when, what waits, what went wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, false, func, not_, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from workflow_service.domain.drawing import INSERTED
from workflow_service.i18n import _

from .former_names import person_name_at, unit_name_at
from .operations import Circulation, CirculationReader
from .people import Post, Unit, User
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
    """One human step for the slip and the history; `for_whom` is named where a substitute did it.

    `rank` is that of the leading post that was asked, None where none was.
    """

    task: Task
    person: str
    unit: str
    for_whom: str = ""
    rank: int | None = None

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
    person, unit, principal = (
        func.coalesce(one, "")
        for one in (person_name_at(Task.ended_at), unit_name_at(Task.ended_at), person_name_at(Task.ended_at, _principal))
    )
    rows = session.execute(
        select(Task, person, unit, principal)
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
        .outerjoin(_principal, _principal.id == Task.acted_for)
        .outerjoin(Unit, Unit.id == func.coalesce(Task.completed_unit_id, Task.unit_id))
        .where(Task.instance_id == instance_id, Task.status != "cancelled")
        .order_by(Task.id)
    )
    found = [(task, name, unit, for_whom) for task, name, unit, for_whom in rows]
    ranks = _leading_posts(session, {group for task, *_names in found for group in task.candidate_groups})
    return [
        Step(task, name, unit, for_whom, min((ranks[one] for one in task.candidate_groups if one in ranks), default=None))
        for task, name, unit, for_whom in found
    ]


def _leading_posts(session: Session, groups: set[str]) -> dict[str, int]:
    """Which of these `unit:post` groups are posts of leaders, with their rank."""
    if not groups:
        return {}
    group = Unit.code + ":" + Post.code
    units = {one.rpartition(":")[0] for one in groups}
    statement = select(group, Post.rank).join(Post, Post.unit_id == Unit.id)
    rows = session.execute(statement.where(Unit.code.in_(units), Post.role == "leader"))
    return {code: rank for code, rank in rows if code in groups}


def activities_of(session: Session, instance_id: int) -> list[tuple[Activity, str]]:
    """What ran of what was drawn, in order, with the name of who did it, and for whom."""
    rows = session.execute(
        select(
            Activity, func.coalesce(person_name_at(Activity.ended_at), ""), person_name_at(Activity.ended_at, _principal)
        )
        .outerjoin(User, User.id == Activity.actor_id)
        .outerjoin(Task, and_(Task.instance_id == Activity.instance_id, Task.token == Activity.token))
        .outerjoin(_principal, _principal.id == Task.acted_for)
        .where(Activity.instance_id == instance_id, not_(Activity.element_id.startswith(INSERTED, autoescape=True)))
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
        select(Comment, person_name_at(Comment.created_at))
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

