"""Who is not at his desk, and what lies before nobody else (docs/domain.md §3.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, select, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, Key
from .people import User
from .presence import AWAY_AND_POSTS, HELD_AND_SEEN


class Absence(Base):
    """A person is away from `since` until before `until` (business dates); `planned_until` is what was entered.

    Ended early (`ended_at`), it holds until before the day on which that was said, no day at all where it had not begun. No two
    of a person hold on the same day.
    """

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("kind in ('leave', 'trip', 'training', 'other')", name="kind"),
        CheckConstraint("since <= until and until <= planned_until", name="span"),
        ExcludeConstraint(
            (func.int8range(text("user_id"), text("user_id"), text("'[]'")), "&&"),
            (func.daterange(text("since"), text("until")), "&&"),
            name="ex_absence_one_a_day", using="gist",
        ),
        Index("ix_absence_user", "user_id", "until"),
        Index("ix_absence_until", "until"),
    )  # fmt: skip
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str]
    since: Mapped[date]
    until: Mapped[date]
    planned_until: Mapped[date]
    remark: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def absences_of(session: Session, user_id: int) -> Sequence[Absence]:
    """All absences of a person, the latest first."""
    found = select(Absence).where(Absence.user_id == user_id)
    return session.scalars(found.order_by(Absence.since.desc(), Absence.id.desc())).all()


def overlapping(session: Session, user_id: int, since: date, until: date) -> Absence | None:
    """An absence of the person that has a day in common with `since` until before `until`."""
    both = Absence.user_id == user_id, Absence.since < until, Absence.until > since, Absence.since < Absence.until
    return session.scalars(select(Absence).where(*both).order_by(Absence.since).limit(1)).one_or_none()


def away_on(session: Session, user_ids: Collection[int], today: date) -> Sequence[Any]:
    """Those of the people who are away on a day: (user_id, name, kind, until), by name."""
    here = Absence.user_id.in_(list(user_ids)), Absence.since <= today, Absence.until > today
    found = select(Absence.user_id, User.name, Absence.kind, Absence.until).join(User, User.id == Absence.user_id).where(*here)
    return session.execute(found.order_by(User.sort_key, User.id)).all() if user_ids else []


_AWAY_OF_TASKS = text(f"""
WITH asked_of AS (
  SELECT t.id, i.definition_key FROM task t JOIN process_instance i ON i.id = t.instance_id WHERE t.id = ANY(:task_ids)
), {AWAY_AND_POSTS}, {HELD_AND_SEEN}
SELECT held.id AS task_id, person.id AS user_id, person.name, away.kind, away.until, held.id IN (SELECT id FROM seen) AS seen
FROM held JOIN user_account person ON person.id = held.user_id
LEFT JOIN away ON away.user_id = held.user_id
ORDER BY held.id, person.sort_key, person.id
""")


def holders_away(session: Session, task_ids: Collection[int], today: date) -> Sequence[Any]:
    """Everybody before whom the tasks lie, with his absence on that day: (task_id, user_id, name, kind, until, seen).

    `kind` and `until` are None for who is there; `seen` tells whether anybody of them is, or a substitute of theirs.
    """
    return session.execute(_AWAY_OF_TASKS, {"task_ids": list(task_ids), "today": today}).all() if task_ids else []
