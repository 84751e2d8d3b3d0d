"""What supervisors do beside the flow: listed matters, notice slips, special reports, extensions (docs/domain.md §3, §6)."""

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key


class ListedMatter(Base):
    """One matter under listed supervision (挂牌督办), about a plan, a task or neither, numbered by area and year.

    The post `holder` (`g:unit:post`) of `unit_id` answers for it, whoever holds the post; `responsible_id` is the person who was
    named, and who may never strike it off. `asked_by` asked last that it be struck off. Its run is `instance_id`.
    """

    __tablename__ = "listed_matter"
    __table_args__ = (
        CheckConstraint("status in ('open', 'asked', 'struck_off')", name="status"),
        UniqueConstraint("area", "year", "number"),
        Index(
            "ix_listed_matter_area_path", "area_path", "id", postgresql_ops={"area_path": "text_pattern_ops"}
        ),
        Index("ix_listed_matter_plan", "plan_id", postgresql_where=text("plan_id is not null")),
        Index("ix_listed_matter_instance", "instance_id"),
    )
    id: Mapped[Key]
    area: Mapped[str]
    area_path: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int] = mapped_column(Integer)
    title: Mapped[str]
    reason: Mapped[str]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    holder: Mapped[str]
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(server_default="open")
    listed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    listed_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    struck_off_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    struck_off_at: Mapped[datetime | None]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))


class ListedNote(Base):
    """The course of a listed matter: listed, progress, asked to be struck off, refused, struck off, who answers for it now."""

    __tablename__ = "listed_note"
    __table_args__ = (
        CheckConstraint(
            "kind in ('listed', 'progress', 'asked', 'refused', 'struck_off', 'responsible')", name="kind"
        ),
        Index("ix_listed_note_matter", "matter_id", "id"),
    )
    id: Mapped[Key]
    matter_id: Mapped[int] = mapped_column(ForeignKey("listed_matter.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    text: Mapped[str] = mapped_column(server_default="")


class NoticeSlipRow(Base):
    """One notice slip (抄告单) as it was issued, to one unit; `number` is its document number, of a series of its own.

    `circulation_id` holds the receipts. A demanded answer is a task of the run `instance_id`; `superior_at` and `supervisor_at`
    say when its silence climbed.
    """

    __tablename__ = "notice_slip"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_notice_slip_area_path", "area_path", "id", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_notice_slip_unit", "unit_id", "id"),
        Index("ix_notice_slip_plan", "plan_id", postgresql_where=text("plan_id is not null")),
    )
    id: Mapped[Key]
    area: Mapped[str]
    area_path: Mapped[str]
    number: Mapped[str]
    organ: Mapped[str]
    organ_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    unit_name: Mapped[str]
    holder: Mapped[str]
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    matter: Mapped[str]
    facts: Mapped[str]
    asked: Mapped[str]
    until: Mapped[date]
    answer_wanted: Mapped[bool]
    copies: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    issued_on: Mapped[date]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    sent_at: Mapped[datetime]
    circulation_id: Mapped[int | None] = mapped_column(ForeignKey("circulation.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    answer: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    superior_at: Mapped[datetime | None]
    supervisor_at: Mapped[datetime | None]


class SpecialReportRow(Base):
    """One special report (专报) about a plan, straight to chosen leaders; the database refuses to change one that was sent.

    `area_path` is that of the unit that speaks in it; `number` its document number, of a series of its own, given when it is
    sent. `recipients` are ids of people and `recipient_names` how the paper names them, in the same order. It is drafted,
    released and read in the run `instance_id`, which holds what the leaders wrote. `origin_instance_id` is the weekly report's
    run in which it was begun; null: begun by a person.
    """

    __tablename__ = "special_report"
    __table_args__ = (
        CheckConstraint("status in ('draft', 'sent', 'dropped')", name="status"),
        CheckConstraint("status <> 'sent' or (number is not null and sent_at is not null)", name="sent"),
        UniqueConstraint("number"),
        Index("ix_special_report_area_path", "area_path", "id", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_special_report_plan", "plan_id", "id"),
        Index("ix_special_report_drafted_by", "drafted_by", "id"),
        Index("ix_special_report_instance", "instance_id"),
        Index("ix_special_report_origin", "origin_instance_id", postgresql_where=text("origin_instance_id is not null")),
    )
    id: Mapped[Key]
    area: Mapped[str]
    area_path: Mapped[str]
    number: Mapped[str | None]
    organ: Mapped[str]
    organ_unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    title: Mapped[str]
    text: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="draft")
    recipients: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    recipient_names: Mapped[list[str]]
    drafted_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    drafted_at: Mapped[datetime]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    sent_at: Mapped[datetime | None]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    origin_instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))


class Extension(Base):
    """A later date asked for, until somebody grants or refuses it; one open request for each task, stage and plan.

    It is for a task (`task_id`), asked by whom that lies before; else for the plan's present `stage`, or where that is empty
    for the whole plan, asked by the lead unit.
    """

    __tablename__ = "extension"
    __table_args__ = (
        CheckConstraint("status in ('open', 'granted', 'refused')", name="status"),
        Index("uq_extension_open", "task_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("ix_extension_task", "task_id", "id"),
        CheckConstraint("task_id is not null or plan_id is not null", name="subject"),
        Index(
            "uq_extension_open_plan", "plan_id", "stage", unique=True,
            postgresql_where=text("status = 'open' and task_id is null"),
        ),
    )
    id: Mapped[Key]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    stage: Mapped[str] = mapped_column(server_default="")
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    area_path: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    asked_at: Mapped[datetime]
    due_before: Mapped[datetime | None]
    wanted: Mapped[datetime]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    granted: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(server_default="")
