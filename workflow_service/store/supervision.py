"""The three rhythms and what they send (docs/domain.md §3)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key


class CalendarDay(Base):
    """An exception of the working calendar: a weekday off or a weekend day worked. Ordinary days have no row."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(server_default="")
    provisional: Mapped[bool] = mapped_column(server_default=text("false"))


class CalendarChange(Base):
    """What the calendar's table said of a day until a moment: worked or not, name, provisional; null: it said nothing."""

    __tablename__ = "calendar_change"
    __table_args__ = (Index("ix_calendar_change_at", "at"),)
    id: Mapped[Key]
    at: Mapped[datetime]
    day: Mapped[date]
    was: Mapped[list[Any] | None]


class RhythmRun(Base):
    """One run of one rhythm for one period; the primary key makes it once only, however many schedulers claim it."""

    __tablename__ = "rhythm_run"
    rhythm: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    claimed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    caught_up: Mapped[bool] = mapped_column(server_default=text("false"))
    cursor: Mapped[int] = mapped_column(server_default=text("0"))
    figures: Mapped[dict[str, Any] | None]


class Notice(Base):
    """One message to one person in the service. `dedup_key` holds it to one per person and occasion."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "dedup_key"),
        Index("ix_notice_user", "user_id", "id"),
        Index("ix_notice_unread", "user_id", postgresql_where=text("read_at is null")),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    body: Mapped[dict[str, Any]]
    link: Mapped[str] = mapped_column(server_default="")
    dedup_key: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Delivery(Base):
    """One notice on its way through one outside channel; retried with back-off until sent or given up."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'sent', 'failed')", name="status"),
        UniqueConstraint("notice_id", "channel"),
        Index("ix_delivery_pending", "next_attempt_at", "id", postgresql_where=text("status = 'pending'")),
        Index("ix_delivery_failed", "id", postgresql_where=text("status = 'failed'")),
    )
    id: Mapped[Key]
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[str]
    address: Mapped[str]
    message_id: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(server_default="")
    sent_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """One try of a delivery, with what the other side answered; `arrived` is whether it took the message."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("ix_delivery_attempt_delivery", "delivery_id", "id"),)
    id: Mapped[Key]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    arrived: Mapped[bool]
    answer: Mapped[str]


class WeeklyReport(Base):
    """What a lead unit reported on one plan for one week (Monday's date); the last of a week counts, those before stay."""

    __tablename__ = "weekly_report"
    __table_args__ = (UniqueConstraint("plan_id", "week", "reported_at"), Index("ix_weekly_report_unit", "unit_id", "week"))
    id: Mapped[Key]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    week: Mapped[date]
    progress: Mapped[str] = mapped_column(server_default="")
    problems: Mapped[str] = mapped_column(server_default="")
    next_steps: Mapped[str] = mapped_column(server_default="")
    reported_at: Mapped[datetime]
    reported_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class WeeklyLedgerDocument(Base):
    """The docx of an area's weekly ledger of one week (Monday's date), as it was sent; a trigger refuses every change."""

    __tablename__ = "weekly_ledger_document"
    __table_args__ = (UniqueConstraint("area_path", "week"),)
    id: Mapped[Key]
    area_path: Mapped[str]
    week: Mapped[date]
    sent_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Bulletin(Base):
    """The ten-day bulletin of one area and period; `figures` are those of the period's end and never change.

    `scope` is empty for the bulletin of all plans, `unit:<code>` or `route:<key>` for one about a part of them. `form` is None
    until the release: a draft takes the one that is set. `document_prefix` is the organ's code in the number of a 通报.
    `asks` is what it asks of whom until when, `followed` what became of the former one's asks and overdue plans, `document` the
    docx as it was sent. A trigger keeps a released row from ever being changed or removed.
    """

    __tablename__ = "bulletin"
    __table_args__ = (
        UniqueConstraint("area", "period", "scope"),
        UniqueConstraint("area", "year", "document_prefix", "number"),
    )
    id: Mapped[Key]
    area: Mapped[str]
    area_path: Mapped[str]
    period: Mapped[str]
    scope: Mapped[str] = mapped_column(server_default="")
    form: Mapped[str | None]
    document_prefix: Mapped[str] = mapped_column(server_default="")
    figures_at: Mapped[datetime]
    figures: Mapped[dict[str, Any]]
    asks: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    text: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str] = mapped_column(server_default="draft")
    year: Mapped[int | None] = mapped_column(SmallInteger)
    number: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    followed: Mapped[dict[str, Any] | None]
    document: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class DocumentTemplate(Base):
    """A docx that an official edited in Word, for one kind of document; the newest that is not retired is used."""

    __tablename__ = "document_template"
    __table_args__ = (Index("ix_document_template_kind", "kind", "id", postgresql_where=text("retired_at is null")),)
    id: Mapped[Key]
    kind: Mapped[str]
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    retired_at: Mapped[datetime | None]
