"""What keeps the service honest: the audit chain, its anchors, idempotency keys, settings."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key


class AuditRecord(Base):
    """One command: who, when (wall and business time), what, from where; hashed over its predecessor in the chain.

    `chain` is `i<instance id>` for an instance, `general` for everything else, `anchors` for the hourly anchors.
    """

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("uq_audit_record_chain_seq", "chain", "seq", unique=True),
        Index("ix_audit_record_at", "recorded_at"),
    )
    id: Mapped[Key]
    chain: Mapped[str]
    seq: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]
    business_at: Mapped[datetime]
    actor_id: Mapped[int | None]
    actor_name: Mapped[str]
    source: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    thing: Mapped[str]
    data: Mapped[dict[str, Any]]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditChain(Base):
    """The end of a chain that has no instance row to hold it. Locked while a record is appended."""

    __tablename__ = "audit_chain"
    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    head: Mapped[bytes] = mapped_column(LargeBinary)


class IdempotencyKey(Base):
    """The answer that a POST got under a key of one user and route; kept 24 hours."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created", "created_at"),)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Setting(Base):
    """One setting that a supervisor or administrator can change while the service runs."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None]
