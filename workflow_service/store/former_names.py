"""The names that units and people bore before: what was done then is shown under them (docs/domain.md §7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, func, literal, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, Key
from .people import Unit, User


class FormerName(Base):
    """A name that one unit, or one person, bore until before the moment `until`; `short_name` is a unit's."""

    __tablename__ = "former_name"
    __table_args__ = (
        CheckConstraint("num_nonnulls(unit_id, user_id) = 1", name="one_bearer"),
        Index("ix_former_name_unit", "unit_id", "until", postgresql_where=text("unit_id is not null")),
        Index("ix_former_name_user", "user_id", "until", postgresql_where=text("user_id is not null")),
    )
    id: Mapped[Key]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str]
    short_name: Mapped[str] = mapped_column(server_default="")
    until: Mapped[datetime]


def unit_name_at(at: Any, unit: Any = Unit, *, short: bool = False) -> ColumnElement[str]:
    """SQL: the name of a unit of the query at an aware moment (a value or a column; null is now)."""
    bore = FormerName.short_name if short else FormerName.name
    return _name_at(bore, FormerName.unit_id, at, unit, unit.short_name if short else unit.name)


def person_name_at(at: Any, user: Any = User) -> ColumnElement[str]:
    """SQL: the name of a person of the query at an aware moment (a value or a column; null is now)."""
    return _name_at(FormerName.name, FormerName.user_id, at, user, user.name)


def _name_at(bore: Any, bearer: Any, at: Any, whose: Any, now: Any) -> ColumnElement[str]:
    moment = literal(at) if isinstance(at, datetime) else at
    former = select(bore).where(bearer == whose.id, FormerName.until > moment).order_by(FormerName.until).limit(1)
    return func.coalesce(former.scalar_subquery(), now)


def names_of_unit(session: Session, unit_id: int) -> list[FormerName]:
    """Give the former names of a unit, the latest first."""
    found = select(FormerName).where(FormerName.unit_id == unit_id).order_by(FormerName.until.desc())
    return list(session.scalars(found))


def keep_unit_name(session: Session, unit: Unit, name: str, short_name: str, until: datetime) -> None:
    """Keep the name that a unit bore until now."""
    session.add(FormerName(unit_id=unit.id, name=name, short_name=short_name, until=until))


def keep_person_name(session: Session, user: User, name: str, until: datetime) -> None:
    """Keep the name that a person bore until now."""
    session.add(FormerName(user_id=user.id, name=name, short_name="", until=until))
