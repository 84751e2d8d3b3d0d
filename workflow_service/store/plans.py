"""Plans, their catalogue and the decisions taken over many of them at once (docs/domain.md §1, §2)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from .base import Base, Key
from .people import Unit


class PlanningCycle(Base):
    """A planning cycle such as 十四五 2021–2025."""

    __tablename__ = "planning_cycle"
    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    first_year: Mapped[int] = mapped_column(SmallInteger, unique=True)
    last_year: Mapped[int] = mapped_column(SmallInteger)


class Plan(Base):
    """One plan with its whole life. `code` is given once, on approval of its registration.

    `stage` and the dates are the present; the past is in `plan_event`. `issued_on` is a business date, `first_issued_on` the
    earliest that it had (a trigger keeps it); `due_on` the date by which it must be issued; `paused_for` why its clock stands
    (a `DeadlineChange.kind`; empty: it runs). `area` is the division code of the government whose catalogue it is in.
    `merged_into_id` is the plan that follows a merged one, `split_from_id` the one that this plan came of.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint(
            "status in ('applied', 'pending', 'active', 'issued', 'refused', 'merged', 'split', 'withdrawn')",
            name="status",
        ),
        Index("ix_plan_area_path", "area_path", "id", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_plan_lead_unit", "lead_unit_id"),
        Index("ix_plan_keywords", "keywords", postgresql_using="gin"),
        Index("ix_plan_due", "due_on", "id"),
        Index("ix_plan_registered", "registered_on"),
        Index("ix_plan_first_issued", "first_issued_on"),
        Index("ix_plan_split_from", "split_from_id", postgresql_where=text("split_from_id is not null")),
        Index("ix_plan_merged_into", "merged_into_id", postgresql_where=text("merged_into_id is not null")),
    )
    id: Mapped[Key]
    code: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str]
    cycle_id: Mapped[int] = mapped_column(ForeignKey("planning_cycle.id"))
    category: Mapped[str]
    level: Mapped[str]
    tier: Mapped[str]
    importance: Mapped[str]
    area: Mapped[str]
    area_path: Mapped[str]
    lead_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    first_year: Mapped[int] = mapped_column(SmallInteger)
    last_year: Mapped[int] = mapped_column(SmallInteger)
    environmental_review: Mapped[bool] = mapped_column(server_default=text("false"))
    water_review: Mapped[bool] = mapped_column(server_default=text("false"))
    upward_filing: Mapped[bool] = mapped_column(server_default=text("false"))
    needs_party_review: Mapped[bool] = mapped_column(server_default=text("false"))
    ordered_by: Mapped[str] = mapped_column(server_default="")
    order_attachment_id: Mapped[int | None]
    route: Mapped[str] = mapped_column(server_default="")
    review_form: Mapped[str] = mapped_column(server_default="")
    revision: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    status: Mapped[str] = mapped_column(server_default="applied")
    stage: Mapped[str] = mapped_column(server_default="registration")
    applied_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    due_on: Mapped[date | None]
    paused_for: Mapped[str] = mapped_column(server_default="")
    issued_on: Mapped[date | None]
    first_issued_on: Mapped[date | None]
    document_number: Mapped[str] = mapped_column(server_default="")
    filed_on: Mapped[date | None]
    filing_number: Mapped[str] = mapped_column(server_default="")
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    split_from_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    keywords: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    row_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lead_unit: Mapped[Unit] = relationship()
    cycle: Mapped[PlanningCycle] = relationship()


@event.listens_for(Plan, "before_update")
def _count_version(mapper: object, connection: object, plan: Plan) -> None:
    """Every change gives the plan a new version: its ETag."""
    if object_session(plan).is_modified(plan):  # type: ignore[union-attr]
        plan.row_version += 1


class PlanEvent(Base):
    """What happened to a plan and when (business time): registered, stage_changed, issued, filed, re_dated, merged, …

    The ledger of any past day is computed from these rows and from the tasks of that day.
    """

    __tablename__ = "plan_event"
    __table_args__ = (
        Index("ix_plan_event_plan", "plan_id", "at", "id"),
        Index("ix_plan_event_kind_at", "kind", "at"),
        Index("ix_plan_event_at", "at"),
    )
    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]]
    instance_id: Mapped[int | None]
    actor_id: Mapped[int | None]


class CodeSeries(Base):
    """The last number given in one series: plan codes, document numbers, bulletins, registrations."""

    __tablename__ = "code_series"
    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class Meeting(Base):
    """A decision over many plans at once: a meeting's agenda or a consolidated application list.

    `kind`: executive_meeting, party_committee_meeting, special_meeting, written_approval, people_congress, drc_office_meeting,
    catalogue_list. Its items' outcomes go to the waiting instances one message each.
    """

    __tablename__ = "meeting"
    __table_args__ = (CheckConstraint("status in ('planned', 'held', 'cancelled')", name="status"),)
    id: Mapped[Key]
    kind: Mapped[str]
    title: Mapped[str]
    area: Mapped[str]
    area_path: Mapped[str]
    held_on: Mapped[date]
    status: Mapped[str] = mapped_column(server_default="planned")
    minutes_attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    minutes_number: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class AgendaItem(Base):
    """One plan that waits for, or has, a place on an agenda. Without `meeting_id` it is in the pool."""

    __tablename__ = "agenda_item"
    __table_args__ = (
        Index(
            "ix_agenda_item_pool",
            "kind",
            "area",
            postgresql_where=text("meeting_id is null and status = 'waiting'"),
        ),
        Index("ix_agenda_item_meeting", "meeting_id", "position"),
    )
    id: Mapped[Key]
    kind: Mapped[str]
    area: Mapped[str]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    message_name: Mapped[str]
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    status: Mapped[str] = mapped_column(server_default="waiting")
    result: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    plan: Mapped[Plan | None] = relationship()
    meeting: Mapped[Meeting | None] = relationship()


class LibraryResult(Base):
    """The results library: an issued plan with its document (成果入库; one code – one library)."""

    __tablename__ = "library_result"
    __table_args__ = (UniqueConstraint("plan_id", "revision", "kind"),)
    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    revision: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    document_number: Mapped[str]
    issued_on: Mapped[date]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    entered_at: Mapped[datetime]
