"""What a person sets up for himself: views of his lists, phrases, and how he is told of things."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Key


class SavedView(Base):
    """Filters of a list under a name, shown as a tab to its owner and, with `unit_id`, to everybody of that unit.

    `place` is the list (inbox, done …), `query` the filters as an address holds them.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("uq_saved_view_name", "user_id", "place", "name", unique=True),
        Index("ix_saved_view_unit", "unit_id", "place", postgresql_where=text("unit_id is not null")),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    place: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    created_at: Mapped[datetime]


class LastFilter(Base):
    """The filters with which a person last looked at a list; he finds it so again, at whatever machine."""

    __tablename__ = "last_filter"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[str]


class Phrase(Base):
    """A standard opinion (常用意见): of one person, or offered to everybody of a unit. `position` counts from 0."""

    __tablename__ = "phrase"
    __table_args__ = (
        CheckConstraint("(user_id is null) <> (unit_id is null)", name="owner"),
        Index("ix_phrase_user", "user_id", "position", postgresql_where=text("user_id is not null")),
        Index("ix_phrase_unit", "unit_id", "position", postgresql_where=text("unit_id is not null")),
    )
    id: Mapped[Key]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    text: Mapped[str]
    position: Mapped[int] = mapped_column(SmallInteger)


class NoticeChoice(Base):
    """How a person wants to be told: without a row, by e-mail, at once, at any hour.

    `channels` holds for each kind of notice the outside channels (email, robot, sms); a kind that it lacks goes by e-mail.
    `quiet_from` and `quiet_until` are minutes of the day in the government's zone (22:00 is 1320; the end may lie on the next
    day); `digest_at` is the minute of the day at which everything comes together in one message, None: each at once.
    """

    __tablename__ = "notice_choice"
    __table_args__ = (
        CheckConstraint("(quiet_from is null) = (quiet_until is null)", name="quiet"),
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    channels: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    quiet_from: Mapped[int | None] = mapped_column(SmallInteger)
    quiet_until: Mapped[int | None] = mapped_column(SmallInteger)
    digest_at: Mapped[int | None] = mapped_column(SmallInteger)
    robot_address: Mapped[str] = mapped_column(server_default="")
    changed_at: Mapped[datetime]
