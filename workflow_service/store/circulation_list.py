"""What was sent round: what came to a person and his posts, what he sent, and who has read it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from .operations import Circulation, CirculationReader
from .people import Unit, User

COUNT_LIMIT = 1000
_sender = aliased(User)


@dataclass(frozen=True)
class ReceivedRow:
    """One thing that came to a reader, with who sent it and who read it for the post."""

    reader: CirculationReader
    circulation: Circulation
    sender: str
    read_by: str


@dataclass(frozen=True)
class ReaderRow:
    """One reader of something sent round: whom it went to is worded by the caller; `person` read it for `unit`."""

    reader: CirculationReader
    person: str
    unit: str


def received(
    session: Session, groups: Collection[str], *, unread: bool = False, kind: str = "", after: int | None = None,
    limit: int = 50,
) -> list[ReceivedRow]:  # fmt: skip
    """What has come to these holder keys, the latest first, before the reader's id `after`."""
    statement = (
        select(CirculationReader, Circulation, func.coalesce(_sender.name, ""), func.coalesce(User.name, ""))
        .join(Circulation, Circulation.id == CirculationReader.circulation_id)
        .outerjoin(_sender, _sender.id == Circulation.sent_by)
        .outerjoin(User, User.id == CirculationReader.read_by)
        .where(*_delivered(groups))
        .order_by(CirculationReader.id.desc())
        .limit(limit)
    )
    if unread:
        statement = statement.where(CirculationReader.read_at.is_(None))
    if kind:
        statement = statement.where(Circulation.kind == kind)
    if after is not None:
        statement = statement.where(CirculationReader.id < after)
    return [ReceivedRow(*row) for row in session.execute(statement)]


def count_unread(session: Session, groups: Collection[str]) -> int:
    """How much has come to these holder keys and was not read, counted no further than COUNT_LIMIT + 1."""
    some = select(CirculationReader.id).where(*_delivered(groups), CirculationReader.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(some.limit(COUNT_LIMIT + 1).subquery())) or 0


def _delivered(groups: Collection[str]) -> tuple[Any, ...]:
    return CirculationReader.holder.in_(sorted(groups)), CirculationReader.delivered_at.is_not(None)


def sent_by(session: Session, user_id: int, *, after: int | None = None, limit: int = 50) -> list[tuple[Circulation, int, int]]:
    """What a person sent, the latest first, each with how many readers it has and how many have read it."""
    readers = func.count(CirculationReader.id)
    statement = (
        select(Circulation, readers, func.count(CirculationReader.read_at))
        .join(CirculationReader, CirculationReader.circulation_id == Circulation.id)
        .where(Circulation.sent_by == user_id)
        .group_by(Circulation.id)
        .order_by(Circulation.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Circulation.id < after)
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]


def readers_of(session: Session, circulation_ids: Collection[int]) -> dict[int, list[ReaderRow]]:
    """The readers of each, in their order."""
    statement = (
        select(CirculationReader, func.coalesce(User.name, ""), func.coalesce(Unit.short_name, ""))
        .outerjoin(User, User.id == CirculationReader.read_by)
        .outerjoin(Unit, Unit.id == CirculationReader.unit_id)
        .where(CirculationReader.circulation_id.in_(list(circulation_ids)))
        .order_by(CirculationReader.circulation_id, CirculationReader.turn)
    )
    found: dict[int, list[ReaderRow]] = {}
    for reader, person, unit in session.execute(statement):
        found.setdefault(reader.circulation_id, []).append(ReaderRow(reader, person, unit))
    return found


def of_instance(session: Session, instance_id: int) -> Sequence[tuple[Circulation, str]]:
    """What was sent round of a run, in order, with who sent it."""
    statement = (
        select(Circulation, func.coalesce(User.name, ""))
        .outerjoin(User, User.id == Circulation.sent_by)
        .where(Circulation.instance_id == instance_id)
        .order_by(Circulation.id)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def of_link(session: Session, link: str) -> Sequence[Circulation]:
    """What was sent round of a page of the service, such as a bulletin."""
    return session.scalars(select(Circulation).where(Circulation.link == link).order_by(Circulation.id)).all()
