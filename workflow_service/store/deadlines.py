"""Why due moments stand still and how they moved: of plans, of stages and of tasks (docs/domain.md §3.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Select,
    Subquery,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, Key
from .people import User
from .runtime import Task, TaskHolder

_OF_PLAN, _OF_TASK = "task_id is null and stage = ''", "task_id is not null"


class DeadlineChange(Base):
    """One time that a clock stood still, or that a due moment was set anew (then `started_at` is `ended_at`).

    It belongs to a task (`task_id`), to a stage of a plan (`stage`) or to the whole plan. `kind` says why: waiting for a
    meeting or for an answer, the instance suspended, set by hand; a later date asked for, granted, refused. While the clock
    stands `ended_at` is empty, and the due moment is the one of the start; `due_after` and `working_days` say where it moved
    to. A subject has one standing clock.
    """

    __tablename__ = "deadline_change"
    __table_args__ = (
        CheckConstraint("kind in ('meeting', 'answer', 'suspended', 'by_hand', 'asked', 'extended', 'refused')", name="kind"),
        CheckConstraint("plan_id is not null or task_id is not null", name="subject"),
        Index("ix_deadline_change_plan", "plan_id", "started_at"),
        Index("ix_deadline_change_task", "task_id", "started_at", postgresql_where=text(_OF_TASK)),
        Index(
            "uq_deadline_change_standing_plan", "plan_id", unique=True,
            postgresql_where=text(f"ended_at is null and {_OF_PLAN}"),
        ),
        Index(
            "uq_deadline_change_standing_task", "task_id", unique=True,
            postgresql_where=text(f"ended_at is null and {_OF_TASK}"),
        ),
        Index("ix_deadline_change_started", "started_at", postgresql_where=text(_OF_PLAN)),
        Index("ix_deadline_change_ended", "ended_at", postgresql_where=text(_OF_PLAN)),
        Index("ix_deadline_change_task_ended", "ended_at", postgresql_where=text(_OF_TASK)),
    )  # fmt: skip
    id: Mapped[Key]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    stage: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    due_before: Mapped[datetime | None]
    due_after: Mapped[datetime | None]
    working_days: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reason: Mapped[str] = mapped_column(server_default="")
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


_WHY = text("""
SELECT CASE
  WHEN EXISTS (SELECT FROM task t JOIN process_instance i ON i.id = t.instance_id AND i.status = 'active'
               WHERE t.plan_id = :plan_id AND t.status = 'open' AND NOT t.waiting AND NOT t.held) THEN ''
  WHEN EXISTS (SELECT FROM agenda_item a
               JOIN subscription s ON s.kind = 'message' AND s.name = a.message_name AND s.correlation_key = a.id::text
               WHERE a.plan_id = :plan_id AND a.status = 'waiting') THEN 'meeting'
  WHEN EXISTS (SELECT FROM task t JOIN process_instance i ON i.id = t.instance_id AND i.status = 'active'
               WHERE t.plan_id = :plan_id AND t.status = 'open' AND t.waiting)
    OR EXISTS (SELECT FROM subscription s JOIN process_instance i ON i.id = s.instance_id AND i.status = 'active'
               WHERE i.plan_id = :plan_id AND s.waiting) THEN 'answer'
  WHEN EXISTS (SELECT FROM process_instance i WHERE i.plan_id = :plan_id AND i.status = 'suspended') THEN 'suspended'
  ELSE '' END
""")


def why_plan_stands(session: Session, plan_id: int) -> str:
    """Tell what keeps a plan's clock from running now: a kind, or nothing while somebody has something to do."""
    return str(session.scalar(_WHY, {"plan_id": plan_id}))


def standing_of_plan(session: Session, plan_id: int) -> DeadlineChange | None:
    """Give the plan's clock that stands, if one does."""
    return session.scalars(select(DeadlineChange).where(_of_plans(), _standing(), DeadlineChange.plan_id == plan_id)).first()


def standing_of_instance(session: Session, instance_id: int, *kinds: str) -> Sequence[tuple[DeadlineChange, Task]]:
    """Give the clocks of an instance's tasks that stand for these reasons (none: for any), each with its task."""
    for_it = (DeadlineChange.kind.in_(kinds),) if kinds else ()
    statement = (
        select(DeadlineChange, Task)
        .join(Task, Task.id == DeadlineChange.task_id)
        .where(DeadlineChange.instance_id == instance_id, _standing(), *for_it)
        .order_by(DeadlineChange.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def standing_of_task(session: Session, task_id: int) -> DeadlineChange | None:
    """Give the clock of a task that stands, if it does."""
    return session.scalars(select(DeadlineChange).where(DeadlineChange.task_id == task_id, _standing())).first()


def standing_of_stages(session: Session, plan_id: int) -> dict[str, DeadlineChange]:
    """Give the clocks of a plan's stages that stand, by stage."""
    of_stage = DeadlineChange.plan_id == plan_id, DeadlineChange.task_id.is_(None), DeadlineChange.stage != ""
    return {one.stage: one for one in session.scalars(select(DeadlineChange).where(*of_stage, _standing()))}


def moved_by_people_at(session: Session, plan_id: int, stage: str, since: datetime) -> datetime | None:
    """When a person last set the due moment of a plan, or of a stage of it, after a moment."""
    of_it = DeadlineChange.plan_id == plan_id, DeadlineChange.task_id.is_(None), DeadlineChange.stage == stage
    by_people = DeadlineChange.kind.in_(("by_hand", "extended")), DeadlineChange.started_at > since
    return session.scalar(select(func.max(DeadlineChange.started_at)).where(*of_it, *by_people))


def open_tasks(session: Session, instance_id: int) -> Sequence[Task]:
    """Give an instance's open tasks."""
    statement = select(Task).where(Task.instance_id == instance_id, Task.status == "open").order_by(Task.id)
    return session.scalars(statement).all()


def set_by_hand_at(session: Session, task_ids: Collection[int]) -> dict[int, datetime]:
    """For each of the tasks whose due moment a person has set: when he did so last."""
    by_hand = DeadlineChange.task_id.in_(list(task_ids)), DeadlineChange.kind.in_(("by_hand", "extended"))
    last = select(DeadlineChange.task_id, func.max(DeadlineChange.started_at)).where(*by_hand)
    rows = session.execute(last.group_by(DeadlineChange.task_id))
    return {task_id: moment for task_id, moment in rows if task_id is not None}


def move_holders(session: Session, task: Task) -> None:
    """Let the rows by which an inbox is ordered follow the task's due moment."""
    due = task.due_at if task.due_at is not None else text("'infinity'")
    session.execute(update(TaskHolder).where(TaskHolder.task_id == task.id).values(due_at=due))


def changes_of(
    session: Session, *, plan_id: int | None = None, task_id: int | None = None, stages: bool = False
) -> Sequence[tuple[DeadlineChange, str]]:
    """Give everything that moved the due moment of one plan (or of its `stages`) or of one task, in order, with who did it."""
    of_plan = and_(DeadlineChange.task_id.is_(None), DeadlineChange.stage != "") if stages else _of_plans()
    subject = and_(DeadlineChange.plan_id == plan_id, of_plan) if plan_id else DeadlineChange.task_id == task_id
    statement = (
        select(DeadlineChange, User.name)
        .outerjoin(User, User.id == DeadlineChange.actor_id)
        .where(subject)
        .order_by(DeadlineChange.started_at, DeadlineChange.id)
    )
    return [(row[0], row[1] or "") for row in session.execute(statement)]


def paused_plans(until: datetime) -> Select[Any, Any, Any]:
    """The plans whose clocks stood at a moment: id, kind, since when."""
    return select(DeadlineChange.plan_id, DeadlineChange.kind, DeadlineChange.started_at).where(
        _of_plans(), _stood(until)
    )


def paused_at(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, Any]:
    """For each of the plans whose clock stood at the moment: why (`kind`) and since when (`started_at`)."""
    rows = session.execute(paused_plans(until).where(DeadlineChange.plan_id.in_(list(plan_ids))))
    return {row.plan_id: row for row in rows}


def plan_clocks_moved_since(until: datetime) -> ColumnElement[bool]:
    """Whether any plan's clock stopped or started since; asked by the last entries of two indexes."""
    moments = DeadlineChange.started_at, DeadlineChange.ended_at
    last = [select(func.max(one)).where(text(_OF_PLAN)).scalar_subquery() for one in moments]
    return func.coalesce(func.greatest(*last) >= until, false())


def task_stood(until: datetime) -> ColumnElement[bool]:
    """Whether the clock of a task (of the statement around) stood at a moment."""
    return exists().where(DeadlineChange.task_id == Task.id, _stood(until))


def moved_since(until: datetime) -> Subquery:
    """The tasks whose due moment was moved at or after a moment, with the one that each had before (`due_at`)."""
    later = and_(DeadlineChange.task_id.is_not(None), DeadlineChange.ended_at >= until)
    first = select(DeadlineChange.task_id, DeadlineChange.due_before.label("due_at")).where(later)
    ordered = first.order_by(DeadlineChange.task_id, DeadlineChange.ended_at, DeadlineChange.id)
    return ordered.ext(distinct_on(DeadlineChange.task_id)).subquery("moved")


def _of_plans() -> ColumnElement[bool]:
    return and_(DeadlineChange.task_id.is_(None), DeadlineChange.stage == "")


def _standing() -> ColumnElement[bool]:
    return DeadlineChange.ended_at.is_(None)


def _stood(until: datetime) -> ColumnElement[bool]:
    return and_(
        DeadlineChange.started_at < until, or_(DeadlineChange.ended_at.is_(None), DeadlineChange.ended_at >= until)
    )

