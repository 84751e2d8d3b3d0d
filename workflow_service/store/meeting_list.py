"""Meetings with their agendas, and the pool of plans that wait for a place on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from .plans import AgendaItem, Meeting, Plan


def _within(column: Any, areas: tuple[str, ...] | None) -> list[ColumnElement[bool]]:
    return [] if areas is None else [or_(false(), *(column.startswith(area) for area in areas))]


def waiting(session: Session, areas: tuple[str, ...] | None) -> Sequence[AgendaItem]:
    """Items without a meeting whose plans lie in these areas, with their plans, longest waiting first."""
    statement = (
        select(AgendaItem)
        .join(Plan, Plan.id == AgendaItem.plan_id)
        .options(joinedload(AgendaItem.plan).joinedload(Plan.lead_unit))
        .where(
            AgendaItem.meeting_id.is_(None), AgendaItem.status == "waiting", *_within(Plan.area_path, areas)
        )
        .order_by(AgendaItem.kind, AgendaItem.requested_at, AgendaItem.id)
    )
    return session.scalars(statement.limit(500)).all()


def meetings(
    session: Session, areas: tuple[str, ...] | None, *, after: int | None = None, limit: int = 50
) -> list[tuple[Meeting, int]]:
    """Meetings of these areas, the newest first, before the id `after`, with the length of the agenda."""
    length = select(func.count(AgendaItem.id)).where(AgendaItem.meeting_id == Meeting.id).scalar_subquery()
    statement = (
        select(Meeting, length)
        .where(*_within(Meeting.area_path, areas))
        .order_by(Meeting.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Meeting.id < after)
    return [(meeting, count) for meeting, count in session.execute(statement)]


def meeting_by_id(session: Session, meeting_id: int) -> Meeting | None:
    """One meeting."""
    return session.get(Meeting, meeting_id)


def agenda(session: Session, meeting_id: int) -> Sequence[AgendaItem]:
    """A meeting's items in order, with their plans."""
    return session.scalars(
        select(AgendaItem)
        .options(joinedload(AgendaItem.plan).joinedload(Plan.lead_unit))
        .where(AgendaItem.meeting_id == meeting_id)
        .order_by(AgendaItem.position, AgendaItem.id)
    ).all()
