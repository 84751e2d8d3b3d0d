"""What designers deploy: process, decision and form definitions, each version immutable.

`area_path` is the government whose definition it is, the same in every version; empty: of all governments together.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Key


class Deployment(Base):
    """One upload: several resources that came together."""

    __tablename__ = "deployment"
    id: Mapped[Key]
    name: Mapped[str]
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    note: Mapped[str] = mapped_column(server_default="")


class Resource(Base):
    """A deployed file as it came in."""

    __tablename__ = "resource"
    __table_args__ = (UniqueConstraint("deployment_id", "name"),)
    id: Mapped[Key]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    name: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ProcessDefinition(Base):
    """One version of one process. `bundle` holds everything a running instance needs: specs, tables, forms, called processes."""

    __tablename__ = "process_definition"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index("ix_process_definition_key_latest", "key", "version"),
    )
    id: Mapped[Key]
    key: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    bundle: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    problems: Mapped[list[Any]]
    called: Mapped[dict[str, Any]]
    area_path: Mapped[str] = mapped_column(server_default="")
    deployed_at: Mapped[datetime]
    deployment: Mapped[Deployment] = relationship()
    resource: Mapped[Resource] = relationship()


class DecisionDefinition(Base):
    """One version of one decision table, in the plain form that the engine evaluates."""

    __tablename__ = "decision_definition"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[Key]
    key: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    table: Mapped[dict[str, Any]]
    area_path: Mapped[str] = mapped_column(server_default="")
    deployed_at: Mapped[datetime]
    resource: Mapped[Resource] = relationship()


class FormDefinition(Base):
    """One version of one task form (JSON Schema 2020-12)."""

    __tablename__ = "form_definition"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[Key]
    key: Mapped[str]
    version: Mapped[int]
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    form_schema: Mapped[dict[str, Any]]
    area_path: Mapped[str] = mapped_column(server_default="")
    deployed_at: Mapped[datetime]
