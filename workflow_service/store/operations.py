"""What people do with tasks beyond finishing them: rounds of others asked, events, substitutes, copies.

Told in docs/approval-operations.md.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key


class TaskRound(Base):
    """Others asked on behalf of one task, each with a task of his own (`Task.round_id`) that moves no token.

    `relation`: delegate, before, after, together, co_handle, resubmit, consult or instruct. `people` lists who is asked, in
    order: {"holder": "u:7" or "g:unit:post", "due": ISO moment or null}; `mode` says whether in order, at once, or any one.
    `begun` counts those whose task exists. `blocking`: the asking task cannot be finished before the round is over.
    """

    __tablename__ = "task_round"
    __table_args__ = (
        CheckConstraint("mode in ('sequence', 'parallel', 'any')", name="mode"),
        Index("ix_task_round_task", "task_id"),
    )
    id: Mapped[Key]
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    relation: Mapped[str]
    mode: Mapped[str]
    blocking: Mapped[bool]
    people: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    begun: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    note: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(server_default="")


class TaskEvent(Base):
    """What happened to a task besides its beginning and its end: transferred, returned, urged, opened by its handler …

    `acted_for` is the person for whom a substitute acted; `data` holds what the kind needs.
    """

    __tablename__ = "task_event"
    __table_args__ = (
        Index("ix_task_event_instance", "instance_id", "id"),
        Index("ix_task_event_task", "task_id", "kind", "id"),
    )
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    acted_for: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    reason: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))


class Substitution(Base):
    """A person lets another act for him (授权代办): from `since` until before `until` (business dates), given on `given_on`.

    `processes` are keys of the routes it covers, empty for all; `may_decide` also covers signing and deciding.
    """

    __tablename__ = "substitution"
    __table_args__ = (
        Index("ix_substitution_substitute", "substitute_id"),
        Index("ix_substitution_principal", "principal_id"),
        CheckConstraint("principal_id <> substitute_id", name="two_people"),
    )
    id: Mapped[Key]
    principal_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    substitute_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    since: Mapped[date]
    until: Mapped[date]
    processes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    may_decide: Mapped[bool] = mapped_column(server_default=text("false"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    given_on: Mapped[date]
    revoked_at: Mapped[datetime | None]


class Circulation(Base):
    """Something sent round for reading: a copy (抄送), a circulation (传阅), a document for receipt (签收). It blocks nothing.

    `kind`: copy, read (阅知), act (阅办), tick (圈阅), receipt. `in_order`: the next gets it when the one before has read it.
    The supervisors of `area_path` see it too.
    """

    __tablename__ = "circulation"
    __table_args__ = (
        CheckConstraint("kind in ('copy', 'read', 'act', 'tick', 'receipt')", name="kind"),
        Index("ix_circulation_instance", "instance_id"),
    )
    id: Mapped[Key]
    area_path: Mapped[str] = mapped_column(server_default="")
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    kind: Mapped[str]
    title: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    link: Mapped[str] = mapped_column(server_default="")
    in_order: Mapped[bool] = mapped_column(server_default=text("false"))
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    sent_at: Mapped[datetime]


class CirculationReader(Base):
    """One recipient: a person, or a unit by its post, for which whoever opens it first signs."""

    __tablename__ = "circulation_reader"
    __table_args__ = (
        UniqueConstraint("circulation_id", "holder"),
        Index("ix_circulation_reader_holder", "holder", "circulation_id"),
        Index("ix_circulation_reader_unread", "holder", postgresql_where=text("read_at is null")),
    )
    id: Mapped[Key]
    circulation_id: Mapped[int] = mapped_column(ForeignKey("circulation.id", ondelete="CASCADE"))
    holder: Mapped[str]
    turn: Mapped[int] = mapped_column(SmallInteger)
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    read_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    remark: Mapped[str] = mapped_column(server_default="")
