"""Running and finished instances, as rows that pages and sweeps can ask. The engine's own tree stays in `state`."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workflow_service.i18n import current_language

from .base import Base, Key
from .definitions import ProcessDefinition


class ProcessInstance(Base):
    """One run of one definition version. Locked `FOR UPDATE` by every command.

    `state` is the engine's frozen tree (zlib over JSON) without the spec; `audit_seq` and `audit_head` end its audit chain.
    `revision` counts commands and serves as ETag.
    """

    __tablename__ = "process_instance"
    __table_args__ = (
        CheckConstraint("status in ('active', 'suspended', 'completed', 'terminated')", name="status"),
        Index(
            "ix_process_instance_open",
            "definition_id",
            postgresql_where=text("status in ('active', 'suspended')"),
        ),
        Index("ix_process_instance_key_started", "definition_key", "started_at"),
        Index("ix_process_instance_started_by", "started_by", "started_at", "id"),
    )
    id: Mapped[Key]
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definition.id"))
    definition_key: Mapped[str]
    business_key: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    area_path: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str] = mapped_column(server_default="active")
    outcome: Mapped[str] = mapped_column(server_default="")
    started_at: Mapped[datetime]
    started_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    ended_at: Mapped[datetime | None]
    state: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    activity_seq: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    audit_seq: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    audit_head: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))
    definition: Mapped[ProcessDefinition] = relationship()


class Task(Base):
    """A human task, open or finished. `candidate_groups` are resolved `unit:post` keys; `submission` is what was handed in.

    `urging` is how often its holder hears of it before it is due: daily, weekly or none (docs/domain.md §3.4). `paused_for` is
    why its clock stands (a `DeadlineChange.kind`); a `waiting` task's never runs.
    `held`: it waits for a round of others (`rounds` counts them) and lies before nobody. A task of such a round has `round_id`
    and `turn` and a token of its own that no engine knows. `prefill` is what its form shows at first; `opened_at` when a
    handler opened it; `acted_for` the person for whom a substitute finished it; `timeout_at` when `timeout_action` is done.
    `opinion_keys` are the bigrams under which its opinion is found.
    """

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("status in ('open', 'completed', 'cancelled')", name="status"),
        Index("ix_task_open_instance", "instance_id", postgresql_where=text("status = 'open'")),
        Index("ix_task_instance", "instance_id", "id"),
        Index("ix_task_open_due", "due_at", "id", postgresql_where=text("status = 'open'")),
        Index(
            "ix_task_open_area", "area_path", postgresql_ops={"area_path": "text_pattern_ops"},
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_task_done_by", "completed_by", "ended_at", postgresql_where=text("status = 'completed'")),
        Index("ix_task_plan", "plan_id", "created_at"),
        Index("ix_task_ended", "ended_at", postgresql_where=text("ended_at is not null")),
        Index("ix_task_waiting", "plan_id", postgresql_where=text("waiting")),
        Index(
            "ix_task_opinion_keys", "opinion_keys", postgresql_using="gin", postgresql_where=text("opinion_keys is not null")
        ),
        Index("ix_task_held_assignee", "assignee_id", postgresql_where=text("held and status = 'open'")),
        Index("ix_task_held_handed_in", "completed_by", postgresql_where=text("held and status = 'open'")),
        Index("ix_task_round", "round_id", postgresql_where=text("round_id is not null")),
        Index("ix_task_timeout", "timeout_at", "id", postgresql_where=text("status = 'open' and timeout_at is not null")),
    )
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token: Mapped[Any] = mapped_column(UUID(as_uuid=True))
    process_key: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str]
    form_key: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="")
    stage: Mapped[str] = mapped_column(server_default="")
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    area_path: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    candidate_users: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    candidate_groups: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("50"))
    status: Mapped[str] = mapped_column(server_default="open")
    waiting: Mapped[bool] = mapped_column(server_default=text("false"))
    deadline_rule: Mapped[str] = mapped_column(server_default="")
    urging: Mapped[str] = mapped_column(server_default="daily")
    due_at: Mapped[datetime | None]
    paused_for: Mapped[str] = mapped_column(server_default="")
    follow_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    completed_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    outcome: Mapped[str] = mapped_column(server_default="")
    opinion: Mapped[str] = mapped_column(server_default="")
    opinion_keys: Mapped[list[str] | None] = mapped_column(ARRAY(Text()), deferred=True)
    submission: Mapped[dict[str, Any] | None]
    local: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    round_id: Mapped[int | None]
    turn: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    held: Mapped[bool] = mapped_column(server_default=text("false"))
    rounds: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    prefill: Mapped[dict[str, Any] | None]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[int | None]
    acted_for: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    timeout_at: Mapped[datetime | None]
    timeout_action: Mapped[str] = mapped_column(server_default="")
    timeout_failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    timeout_retry_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(Integer, server_default=text("0"))

    @property
    def responsible(self) -> int | None:
        """Who did it, or the person for whom a substitute did."""
        return self.acted_for if self.acted_for is not None else self.completed_by


class TaskHolder(Base):
    """Who sees an open task: a row for each `u:<user id>` and each `g:<unit code>:<post code>`. Gone when the task ends.

    A claimed task keeps its group rows with `claimed_by`, so that colleagues see who took it.
    `due_at` repeats the task's (infinity when none), so that one index answers the inbox.
    """

    __tablename__ = "task_holder"
    __table_args__ = (
        Index(
            "ix_task_holder_inbox", "holder", "due_at", "task_id", postgresql_where=text("claimed_by is null")
        ),
        Index("ix_task_holder_all", "holder", "due_at", "task_id"),
    )
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    holder: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))
    claimed_by: Mapped[int | None]


class TaskDraft(Base):
    """Form values that one person kept with one task; nobody else reads them."""

    __tablename__ = "task_draft"
    __table_args__ = (Index("ix_task_draft_user", "user_id", "saved_at"),)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    values: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Activity(Base):
    """One execution of one element: what ran, in order. `flows` are the sequence flows by which it was left."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("uq_activity_instance_seq", "instance_id", "seq", unique=True),
        Index("ix_activity_token", "instance_id", "token", postgresql_where=text("ended_at is null")),
    )
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    seq: Mapped[int] = mapped_column(Integer)
    token: Mapped[Any] = mapped_column(UUID(as_uuid=True))
    process_key: Mapped[str]
    element_id: Mapped[str]
    element_type: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    flows: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    status: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    actor_id: Mapped[int | None]
    task_id: Mapped[int | None]


class Timer(Base):
    """A waiting timer; fired only from this row. `due_at` is business time; one that failed is tried again at `retry_at`.

    At the edge of an activity whose tasks all stand it stands too, `stood_since` a moment, and does not fire.
    """

    __tablename__ = "timer"
    __table_args__ = (Index("ix_timer_due", "due_at", "id"), Index("ix_timer_instance", "instance_id"))
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token: Mapped[Any] = mapped_column(UUID(as_uuid=True))
    process_key: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    due_at: Mapped[datetime]
    rule: Mapped[str]
    remaining: Mapped[int | None] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retry_at: Mapped[datetime | None]
    stood_since: Mapped[datetime | None]


class Subscription(Base):
    """An instance waits for a message (by correlation key) or a signal (by name); `waiting`: on somebody else's calendar."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_event", "kind", "name", "correlation_key"),
        Index("ix_subscription_instance", "instance_id"),
    )
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token: Mapped[Any] = mapped_column(UUID(as_uuid=True))
    element_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    correlation_key: Mapped[str] = mapped_column(server_default="")
    waiting: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]


class HeldEvent(Base):
    """A message or signal for an instance that was suspended: delivered when it goes on, in the order of arrival.

    It reaches whatever in the instance waits for its name (and key, if a message) by then.
    """

    __tablename__ = "held_event"
    __table_args__ = (Index("ix_held_event_instance", "instance_id", "id"),)
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    kind: Mapped[str]
    name: Mapped[str]
    correlation_key: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    sent_at: Mapped[datetime]
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class Incident(Base):
    """Something that stopped an instance: where, why in words, and whether it is settled.

    `data` is the message that nobody took (`name`, `key`, `payload`), so that a retry can send it again, and under `said` the
    words in every language; `message` has the source text.
    """

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_open", "instance_id", postgresql_where=text("resolved_at is null")),)
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    token: Mapped[Any | None] = mapped_column(UUID(as_uuid=True))
    element_id: Mapped[str]
    kind: Mapped[str]
    message: Mapped[str]
    data: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    @property
    def words(self) -> str:
        """What stopped, in the reader's language."""
        known: dict[str, str] = (self.data or {}).get("said") or {}
        return known.get(current_language(), self.message)


class Comment(Base):
    """A remark on an instance, in the order written."""

    __tablename__ = "comment"
    id: Mapped[Key]
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    body: Mapped[str]
    created_at: Mapped[datetime]


class Attachment(Base):
    """A file, stored outside the web root under its SHA-256. `size` in bytes."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_instance", "instance_id"), Index("ix_attachment_plan", "plan_id"))
    id: Mapped[Key]
    sha256: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    dossier_item: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
