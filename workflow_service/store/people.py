"""Units, posts, people and how they sign in (docs/domain.md §5, §7)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Key


class Unit(Base):
    """One organ or division; a tree over province, city, county and town.

    `area` is the GB/T 2260 code of the government it belongs to (330000, 330205 …; towns have nine digits). `path` holds the
    codes of all units from the root down, each followed by `/`, so that "everything below" is a prefix.
    `relation` says which of the reserved relations of its area it fills (drc, ecology …), empty for an ordinary department.
    `successor_id` is the unit into which it was merged: who is asked of its posts is asked there.
    """

    __tablename__ = "unit"
    __table_args__ = (
        Index("ix_unit_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index(
            "uq_unit_area_relation", "area", "relation", unique=True, postgresql_where=text("relation <> ''")
        ),
        Index("ix_unit_keywords", "keywords", postgresql_using="gin"),
        Index("ix_unit_area", "area"),
        Index("ix_unit_successor", "successor_id", postgresql_where=text("successor_id is not null")),
    )
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    level: Mapped[str]
    area: Mapped[str]
    area_path: Mapped[str]
    relation: Mapped[str] = mapped_column(server_default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    path: Mapped[str]
    pinyin: Mapped[str] = mapped_column(server_default="")
    sort_key: Mapped[str] = mapped_column(server_default="")
    keywords: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    document_prefix: Mapped[str] = mapped_column(server_default="")
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    parent: Mapped["Unit | None"] = relationship(remote_side="Unit.id", foreign_keys="Unit.parent_id")
    successor: Mapped["Unit | None"] = relationship(remote_side="Unit.id", foreign_keys="Unit.successor_id")


class Post(Base):
    """A post in a unit; the candidate group `unit:post`. `role` gives rights in the service, empty for none beyond the tasks."""

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("unit_id", "code"),
        CheckConstraint("role in ('', 'designer', 'supervisor', 'administrator', 'leader')", name="role"),
    )
    id: Mapped[Key]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[str]
    name: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="")
    rank: Mapped[int] = mapped_column(server_default=text("100"))
    unit: Mapped[Unit] = relationship()


class User(Base):
    """A person who signs in. `password_hash` is argon2; `session_epoch` grows when all sessions must end.

    `sort_key` (post rank, then pinyin) and `keywords` (bigrams, pinyin initials) are computed in Python when the person or
    a post changes. `must_change_password` marks a password that somebody else chose.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        Index("ix_user_account_sort", "sort_key", "id"),
        Index("ix_user_account_keywords", "keywords", postgresql_using="gin"),
    )
    id: Mapped[Key]
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    pinyin: Mapped[str] = mapped_column(server_default="")
    sort_key: Mapped[str] = mapped_column(server_default="")
    keywords: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    email: Mapped[str] = mapped_column(server_default="")
    mobile: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str] = mapped_column(server_default="")
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    failed_sign_ins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(server_default=text("0"))
    language: Mapped[str] = mapped_column(server_default="zh")
    theme: Mapped[str] = mapped_column(server_default="auto")
    constructed: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]


class Membership(Base):
    """A person holds a post from `since` until before `until` (business dates; None = open)."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "post_id", "since"),)
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    since: Mapped[date]
    until: Mapped[date | None]
    user: Mapped[User] = relationship()
    post: Mapped[Post] = relationship()


class ApiToken(Base):
    """A bearer token that a user made for himself; only its SHA-256 is kept."""

    __tablename__ = "api_token"
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
