"""Until when a plan's stages are to be done: a row each time that a plan enters a stage with a deadline (docs/domain.md §3.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, Key
from .deadlines import DeadlineChange
from .runtime import ProcessInstance


class StageDeadline(Base):
    """One time that a plan was in a stage, with the rule and the moment (aware) until which it is to be done.

    Stages on branches beside one another are open at once. What moved the moment stands in `deadline_change` with the plan and
    the stage.
    """

    __tablename__ = "stage_deadline"
    __table_args__ = (
        Index("ix_stage_deadline_plan", "plan_id", "entered_at"),
        Index("uq_stage_deadline_open", "plan_id", "stage", unique=True, postgresql_where=text("left_at is null")),
        Index("ix_stage_deadline_due", "due_at", postgresql_where=text("left_at is null")),
        Index("ix_stage_deadline_left", "left_at"),
    )
    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    stage: Mapped[str]
    rule: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    due_at: Mapped[datetime]


@dataclass(frozen=True)
class StageDue:
    """The stage in which a plan was at a moment, and the moment until which it was to be done then."""

    stage: str
    due_at: datetime


def open_of(session: Session, plan_id: int) -> Sequence[StageDeadline]:
    """Give the deadlines of the stages in which a plan is, the one entered first first."""
    wanted = StageDeadline.plan_id == plan_id, StageDeadline.left_at.is_(None)
    return session.scalars(select(StageDeadline).where(*wanted).order_by(StageDeadline.id)).all()


def open_in(session: Session, plan_id: int, stage: str) -> StageDeadline | None:
    """Give the deadline of a stage in which a plan is, if it has one."""
    return next((one for one in open_of(session, plan_id) if one.stage == stage), None)


def is_left_behind(session: Session, row: StageDeadline, but: int) -> bool:
    """Whether a deadline was begun by another run, which is over."""
    over = ProcessInstance.status.in_(("completed", "terminated"))
    run = ProcessInstance.id == row.instance_id, ProcessInstance.id != but, over
    return session.scalars(select(ProcessInstance.id).where(*run)).first() is not None


def left_with(session: Session, plan_id: int, instance_id: int, ended_at: datetime) -> Sequence[StageDeadline]:
    """Give the deadlines of a run's stages that were left in the moment in which it ended."""
    left = StageDeadline.plan_id == plan_id, StageDeadline.instance_id == instance_id, StageDeadline.left_at == ended_at
    return session.scalars(select(StageDeadline).where(*left).order_by(StageDeadline.id)).all()


def all_of(session: Session, plan_id: int) -> Sequence[StageDeadline]:
    """Give every stage with a deadline that a plan has been in, in order."""
    statement = select(StageDeadline).where(StageDeadline.plan_id == plan_id)
    return session.scalars(statement.order_by(StageDeadline.entered_at, StageDeadline.id)).all()


def due_then(until: datetime) -> ColumnElement[datetime]:
    """The due moment that a row had just before a moment: what the first change since found, else what it has."""
    row, change = StageDeadline, DeadlineChange
    moved = (
        select(change.due_before)
        .where(
            change.plan_id == row.plan_id, change.stage == row.stage, change.task_id.is_(None), change.ended_at >= until,
            change.started_at >= row.entered_at, or_(row.left_at.is_(None), change.started_at < row.left_at),
            change.due_before.is_not(None), change.kind.not_in(("asked", "refused")),
        )
        .order_by(change.ended_at, change.id)
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip
    return func.coalesce(moved, row.due_at)


def dues_at(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, StageDue]:
    """For each plan that was in a stage with a deadline just before a moment: which, and until when; of several the first due."""
    row, due = StageDeadline, due_then(until)
    statement = (
        select(row.plan_id, row.stage, due)
        .where(row.plan_id.in_(list(plan_ids)), row.entered_at < until, or_(row.left_at.is_(None), row.left_at >= until))
        .ext(distinct_on(row.plan_id))
        .order_by(row.plan_id, due, row.entered_at.desc(), row.id.desc())
    )
    rows: Sequence[Any] = session.execute(statement).all() if plan_ids else ()
    return {one[0]: StageDue(one[1], one[2]) for one in rows}
