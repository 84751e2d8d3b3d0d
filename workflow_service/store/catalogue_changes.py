"""Changes of the catalogue (目录调整): plans split, merged, withdrawn, re-dated, and what came of them (docs/domain.md §2.1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, Key
from .people import Unit, User
from .plans import Plan
from .runtime import ProcessInstance, Task

COUNT_LIMIT, MOST_LISTED = 1000, 500
RUNNING = ("active", "suspended")
OPEN, DROPPED = "open", "dropped"
"""A change is open while its run goes on; `dropped` is how one reads whose run was ended before it was decided."""


class CatalogueChange(Base):
    """One change: the plans `plan_ids` are split into, or merged into, the `successors`, or into `into_plan_id`, which is in the
    catalogue already; or withdrawn; or due on another day (`due_on`).

    `successors` are as proposed (`services.catalogue_changes.Successor`). `ordered_by` and `order_attachment_id` allow what else
    is refused. The government's approval is `document_number` of `decided_on`; it counts from `decided_at`, when it was entered,
    and made the plans `made_plan_ids`.
    """

    __tablename__ = "catalogue_change"
    __table_args__ = (
        CheckConstraint("kind in ('split', 'merge', 'withdraw', 're_date')", name="kind"),
        CheckConstraint("status in ('open', 'approved', 'refused', 'withdrawn')", name="status"),
        Index("ix_catalogue_change_area_path", "area_path", "id", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_catalogue_change_plans", "plan_ids", postgresql_using="gin"),
        Index("ix_catalogue_change_into", "into_plan_id", postgresql_where=text("into_plan_id is not null")),
        Index("ix_catalogue_change_instance", "instance_id"),
    )
    id: Mapped[Key]
    area: Mapped[str]
    area_path: Mapped[str]
    kind: Mapped[str]
    plan_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    successors: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    into_plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    due_on: Mapped[date | None]
    reason: Mapped[str]
    basis: Mapped[str] = mapped_column(server_default="")
    ordered_by: Mapped[str] = mapped_column(server_default="")
    order_attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    status: Mapped[str] = mapped_column(server_default=OPEN)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    proposed_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    proposed_at: Mapped[datetime]
    document_number: Mapped[str] = mapped_column(server_default="")
    decided_on: Mapped[date | None]
    decided_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(server_default="")
    made_plan_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))

    @property
    def touched(self) -> list[int]:
        """The ids of the plans that it changes or adds to."""
        return [*self.plan_ids, *([self.into_plan_id] if self.into_plan_id is not None else [])]


@dataclass(frozen=True)
class ChangeFilter:
    """Which changes: of these `areas` (None: all), by `state` (open, approved, refused, withdrawn, dropped), kind, the words of a
    plan's title or its code.
    """

    areas: tuple[str, ...] | None
    state: str = ""
    kind: str = ""
    text: str = ""
    plan_id: int | None = None


@dataclass(frozen=True)
class ChangeRow:
    """One change with the names that a list shows; `state` as of `ChangeFilter`."""

    change: CatalogueChange
    state: str
    proposer: str
    unit: str


def rows(session: Session, wanted: ChangeFilter, *, after: int | None = None, limit: int | None = 50) -> list[ChangeRow]:
    """Give the changes of a filter, the latest first, before the id `after`."""
    statement = _shown().where(*_conditions(wanted)).order_by(CatalogueChange.id.desc())
    if after is not None:
        statement = statement.where(CatalogueChange.id < after)
    found = session.execute(statement if limit is None else statement.limit(limit))
    return [_row(*one) for one in found]


def row_of(session: Session, change_id: int) -> ChangeRow:
    """Give one change with its names."""
    return _row(*session.execute(_shown().where(CatalogueChange.id == change_id)).one())


def count(session: Session, wanted: ChangeFilter) -> int:
    """Tell how many changes a filter gives, exact to 1,000; 1,001 means more."""
    inner = select(CatalogueChange.id).outerjoin(ProcessInstance, _is_its_run()).where(*_conditions(wanted))
    return session.scalar(select(func.count()).select_from(inner.limit(COUNT_LIMIT + 1).subquery())) or 0


def plans_of(session: Session, changes: Collection[CatalogueChange]) -> dict[int, Plan]:
    """Give the plans that some changes name or made, by id."""
    ids = {plan_id for one in changes for plan_id in (*one.touched, *one.made_plan_ids)}
    return {plan.id: plan for plan in session.scalars(select(Plan).where(Plan.id.in_(ids)))}


def open_of_plans(session: Session, plan_ids: Collection[int], but: int | None = None) -> CatalogueChange | None:
    """Give an open change that touches one of the plans, other than the change `but`."""
    touches = or_(CatalogueChange.plan_ids.overlap(list(plan_ids)), CatalogueChange.into_plan_id.in_(list(plan_ids)))
    statement = select(CatalogueChange).join(ProcessInstance, _is_its_run()).where(_is_open(), touches)
    if but is not None:
        statement = statement.where(CatalogueChange.id != but)
    return session.scalars(statement.order_by(CatalogueChange.id).limit(1)).first()


def of_plan(session: Session, plan_id: int) -> Sequence[ChangeRow]:
    """Give every change that touches a plan, the latest first."""
    return rows(session, ChangeFilter(areas=None, plan_id=plan_id), limit=None)


def of_run(session: Session, instance_id: int) -> CatalogueChange | None:
    """Give the change that a run is about, None for other runs."""
    return session.scalars(select(CatalogueChange).where(CatalogueChange.instance_id == instance_id)).one_or_none()


def successors_of(session: Session, plan: Plan) -> Sequence[Plan]:
    """Give the plans that follow one: what it was split into, or what it was merged into."""
    follows = or_(Plan.split_from_id == plan.id, Plan.id == plan.merged_into_id)
    return session.scalars(select(Plan).where(follows).order_by(Plan.id)).all()


def sources_of(session: Session, plan: Plan) -> Sequence[Plan]:
    """Give the plans that one follows."""
    came_of = or_(Plan.merged_into_id == plan.id, Plan.id == plan.split_from_id)
    return session.scalars(select(Plan).where(came_of).order_by(Plan.id)).all()


def partners_of(session: Session, plan: Plan) -> Sequence[Plan]:
    """Give the plans with which one may be merged: not issued, of the same government, kind and cycle."""
    same = [getattr(Plan, name) == getattr(plan, name) for name in ("area", "category", "cycle_id")]
    wanted = select(Plan).where(*same, Plan.status == "active", Plan.id != plan.id).order_by(Plan.code, Plan.id)
    return session.scalars(wanted.limit(MOST_LISTED)).all()


def running_of(session: Session, plan_ids: Collection[int]) -> Sequence[ProcessInstance]:
    """Give the runs that carry the plans now, in order."""
    carries = ProcessInstance.plan_id.in_(list(plan_ids)), ProcessInstance.status.in_(RUNNING)
    return session.scalars(select(ProcessInstance).where(*carries).order_by(ProcessInstance.id)).all()


def open_tasks_of(session: Session, instance_ids: Collection[int]) -> Sequence[Task]:
    """Give what lies before somebody in some runs, in order."""
    wanted = select(Task).where(Task.instance_id.in_(list(instance_ids)), Task.status == "open")
    return session.scalars(wanted.order_by(Task.instance_id, Task.id)).all()


def reports_asked(session: Session, process: str, element: str, unit_ids: Collection[int]) -> Sequence[int]:
    """Give the runs in which one of the units is asked for a report now, in order."""
    asked = (
        select(ProcessInstance.id)
        .join(Task, Task.instance_id == ProcessInstance.id)
        .where(ProcessInstance.definition_key == process, ProcessInstance.status.in_(RUNNING))
        .where(Task.element_id == element, Task.status == "open", Task.unit_id.in_(list(unit_ids)))
    )
    return session.scalars(asked.distinct().order_by(ProcessInstance.id)).all()


def _shown() -> Any:
    return (
        select(
            CatalogueChange, ProcessInstance.status, func.coalesce(User.name, ""),
            func.coalesce(Unit.short_name, Unit.name, ""),
        )
        .outerjoin(ProcessInstance, _is_its_run())
        .outerjoin(User, User.id == CatalogueChange.proposed_by)
        .outerjoin(Unit, Unit.id == CatalogueChange.proposed_unit_id)
    )  # fmt: skip


def _row(change: CatalogueChange, run: str | None, proposer: str, unit: str) -> ChangeRow:
    state = DROPPED if change.status == OPEN and run not in RUNNING else change.status
    return ChangeRow(change, state, proposer, unit)


def _is_its_run() -> ColumnElement[bool]:
    return ProcessInstance.id == CatalogueChange.instance_id


def _is_open() -> ColumnElement[bool]:
    return and_(CatalogueChange.status == OPEN, ProcessInstance.status.in_(RUNNING))


def _conditions(wanted: ChangeFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.areas is not None:
        conditions.append(or_(false(), *(CatalogueChange.area_path.startswith(one, autoescape=True) for one in wanted.areas)))
    if wanted.state == OPEN:
        conditions.append(_is_open())
    elif wanted.state == DROPPED:
        conditions.append(and_(CatalogueChange.status == OPEN, func.coalesce(ProcessInstance.status, "").not_in(RUNNING)))
    elif wanted.state:
        conditions.append(CatalogueChange.status == wanted.state)
    if wanted.kind:
        conditions.append(CatalogueChange.kind == wanted.kind)
    if wanted.text:
        said = or_(Plan.title.icontains(wanted.text, autoescape=True), Plan.code == wanted.text.upper())
        conditions.append(exists().where(Plan.id == func.any(CatalogueChange.plan_ids), said))
    if wanted.plan_id is not None:
        plan_id = wanted.plan_id
        touches = (CatalogueChange.plan_ids.contains([plan_id]), CatalogueChange.made_plan_ids.contains([plan_id]))
        conditions.append(or_(*touches, CatalogueChange.into_plan_id == plan_id))
    return conditions
