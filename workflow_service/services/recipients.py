"""People and posts as somebody chooses them on a page: checked before anything is put before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows, people_queries
from workflow_service.store.people import Post, Unit, User
from workflow_service.store.runtime import Task

from . import notices
from .calendars import SETTINGS
from .context import Actor


@dataclass(frozen=True)
class Asked:
    """One person (`u:7`) or post (`g:nb.fgw:handler`), with the moment until which he is asked where that is his own."""

    holder: str
    due_at: datetime | None = None
    unit_id: int | None = None

    @property
    def user_id(self) -> int | None:
        """The person, None for a post."""
        return int(self.holder[2:]) if self.holder.startswith("u:") else None

    @property
    def group(self) -> str:
        """The post as `unit:post`, empty for a person."""
        return self.holder[2:] if self.holder.startswith("g:") else ""

    def plain(self) -> dict[str, Any]:
        """The value as a row keeps it."""
        return {"holder": self.holder, "due": self.due_at.isoformat() if self.due_at else None, "unit": self.unit_id}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Asked:
        """The value that a row kept."""
        due = plain.get("due")
        return cls(str(plain["holder"]), datetime.fromisoformat(due) if due else None, plain.get("unit"))


def require_reachable(session: Session, holders: Sequence[str], *, now: datetime) -> None:
    """Refuse people who left and posts that nobody holds today; raises InvalidInput that names the first of them."""
    for holder in holders:
        kind, _colon, rest = holder.partition(":")
        if kind not in ("u", "g") or (kind == "u" and not rest.isdecimal()):
            raise InvalidInput(N_("办理人“%(holder)s”写法不对。"), holder=holder)
    found = notice_rows.people_of(session, holders, SETTINGS.day_of(now))
    for holder in holders:
        if not found.get(holder):
            raise InvalidInput(N_("“%(holder)s”现在无人在岗，请另选。"), holder=name_of(session, holder))


def is_reachable(session: Session, holder: str, *, now: datetime) -> bool:
    """Whether anybody stands behind a holder key today."""
    return bool(notice_rows.people_of(session, [holder], SETTINGS.day_of(now)).get(holder))


def name_of(session: Session, holder: str) -> str:
    """A person's name, or unit and post; the key itself where neither is known."""
    kind, _colon, rest = holder.partition(":")
    if kind == "u" and rest.isdecimal():
        return session.scalars(select(User.name).where(User.id == int(rest))).one_or_none() or holder
    unit, _colon, post = rest.rpartition(":")
    names = select(Unit.short_name, Post.name).join(Post, Post.unit_id == Unit.id).where(Unit.code == unit, Post.code == post)
    row = session.execute(names).one_or_none()
    return "·".join(row) if row is not None else holder


def unit_of(session: Session, holder: str, *, now: datetime) -> int | None:
    """The unit behind a holder: the post's, or that of the person's first post today."""
    if holder.startswith("g:"):
        code = holder[2:].rpartition(":")[0]
        return session.scalars(select(Unit.id).where(Unit.code == code)).one_or_none()
    return notice_rows.unit_of_person(session, int(holder[2:]), SETTINGS.day_of(now))


def belongs(session: Session, holder: str, unit_id: int, *, now: datetime) -> bool:
    """Whether a person holds a post in a unit today."""
    return notice_rows.holds_post_in(session, int(holder[2:]), unit_id, SETTINGS.day_of(now))


def is_still_his(session: Session, user_id: int, task: Task, *, now: datetime) -> bool:
    """Whether who did a task is still there to do it again: in one of the posts it was asked of; in its unit, where it was
    asked of him by name.
    """
    if not notice_rows.people_of(session, [f"u:{user_id}"], SETTINGS.day_of(now)):
        return False
    if str(user_id) in task.candidate_users:
        return True
    held = people_queries.memberships_of(session, [user_id], SETTINGS.day_of(now))
    if task.candidate_groups:
        return any(f"{one.post.unit.code}:{one.post.code}" in task.candidate_groups for one in held)
    return task.unit_id is None or any(one.post.unit_id == task.unit_id for one in held)


def supervisors_of(session: Session, area_path: str, *, now: datetime) -> list[str]:
    """Give the holder keys of those who supervise an area itself, not one above or below it."""
    rows = notice_rows.holders_of_posts(session, area_path, SETTINGS.day_of(now), roles=[policy.SUPERVISOR])
    return sorted({f"u:{row.user_id}" for row in rows if row.area_path == area_path})


def tell(
    session: Session, actor: Actor, holders: Sequence[str], kind: str, text: str, values: Mapping[str, object], dedup_key: str,
    *, now: datetime, note: str = "", link: str = "",
) -> int:  # fmt: skip
    """Post a notice to everybody behind holder keys but the actor, each in his language."""
    people = notice_rows.people_of(session, list(holders), SETTINGS.day_of(now))
    told = {user_id for found in people.values() for user_id in found} - {actor.user_id}
    return notices.tell(session, told, kind, text, values, dedup_key, now=now, note=note, link=link, by=actor.name)
