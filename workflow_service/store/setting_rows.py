"""Read and write settings: one value a name, with who changed it last and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from .records import Setting


def value_of(session: Session, name: str) -> dict[str, Any] | None:
    """Give what a setting says; None while nothing is set."""
    return session.scalars(select(Setting.value).where(Setting.name == name)).one_or_none()


def value_for_change(session: Session, name: str) -> dict[str, Any]:
    """Give a copy of what a setting says, empty while nothing is set; whoever changes it too waits for this transaction."""
    row = session.get(Setting, name, with_for_update=True)
    return dict(row.value) if row else {}


def put(session: Session, name: str, value: dict[str, Any], *, at: datetime, by: int | None = None) -> None:
    """Set a value in place of the former; `at` is aware, `by` the user."""
    row = {"value": value, "changed_at": at, "changed_by": by}
    statement = insert(Setting).values(name=name, **row)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
