"""A person's notices, and bulletins that a reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import false, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from .supervision import Bulletin, Notice


def notices_of(
    session: Session,
    user_id: int,
    *,
    unread: bool = False,
    kind: str = "",
    after: int | None = None,
    limit: int = 50,
) -> Sequence[Notice]:
    """A person's notices, the newest first, before the id `after`."""
    statement = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()).limit(limit)
    if unread:
        statement = statement.where(Notice.read_at.is_(None))
    if kind:
        statement = statement.where(Notice.kind == kind)
    if after is not None:
        statement = statement.where(Notice.id < after)
    return session.scalars(statement).all()


def mark_read(session: Session, user_id: int, now: datetime, notice_id: int | None = None) -> int:
    """Note that a person has read one notice, or all of them; gives how many were unread."""
    statement = update(Notice).where(Notice.user_id == user_id, Notice.read_at.is_(None)).values(read_at=now)
    if notice_id is not None:
        statement = statement.where(Notice.id == notice_id)
    return len(session.execute(statement.returning(Notice.id)).all())


def notice_of(session: Session, user_id: int, notice_id: int) -> Notice | None:
    """One notice of a person."""
    return session.scalar(select(Notice).where(Notice.id == notice_id, Notice.user_id == user_id))


def bulletins(
    session: Session,
    areas: tuple[str, ...] | None,
    *,
    drafts: bool,
    after: int | None = None,
    limit: int = 50,
) -> Sequence[Bulletin]:
    """Bulletins of these areas (None = all), the newest period first; drafts only where asked for."""
    statement = select(Bulletin).order_by(Bulletin.figures_at.desc(), Bulletin.id.desc()).limit(limit)
    if areas is not None:
        statement = statement.where(or_(false(), *(Bulletin.area_path.startswith(area) for area in areas)))
    if not drafts:
        statement = statement.where(Bulletin.status == "released")
    if after is not None:
        last = select(Bulletin.figures_at).where(Bulletin.id == after).scalar_subquery()
        statement = statement.where(tuple_(Bulletin.figures_at, Bulletin.id) < tuple_(last, literal(after)))
    return session.scalars(statement).all()
