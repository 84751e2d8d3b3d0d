"""Completion rates over past ten-day periods, for the board's trend (docs/domain.md §3.7).

The figures of a past period's end never change, so they are counted once, from history, and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.orm import Session

from workflow_service.domain.rhythms import ten_day_period_of
from workflow_service.domain.supervision import Figures
from workflow_service.store import board_queries as queries

from .ledger_lines import AsOf

PERIODS = 18
"""How many past periods are kept: half a year."""


@dataclass(frozen=True)
class Trend:
    """Figures at the ends of past periods, the oldest first, for each value of a kind; a value without plans has none."""

    days: tuple[date, ...] = ()
    figures: Mapping[str, Mapping[date, Figures]] = field(default_factory=dict)


def period_ends(day: date, number: int) -> list[date]:
    """Give the last days of the ten-day periods that were over before a day, the latest first."""
    found: list[date] = []
    while len(found) < number:
        day = ten_day_period_of(day).first - timedelta(days=1)
        found.append(day)
    return found


def keep_next(session: Session, today: date) -> bool:
    """Count the latest past period whose figures are not kept yet; gives whether one may be left."""
    first = queries.first_registration(session)
    wanted = [day for day in period_ends(today, PERIODS) if first is not None and day >= first]
    kept = queries.counted_days(session)
    lacking = [day for day in wanted if day not in kept]
    if not lacking:
        return False
    queries.keep_past(session, AsOf.of(lacking[0]).asked)
    if min(kept, default=wanted[-1]) < wanted[-1]:
        queries.forget_past(session, wanted[-1])
    return len(lacking) > 1


def trend_of(
    session: Session, areas: tuple[str, ...] | None, kind: str, values: Collection[str], until: date
) -> Trend:
    """Give the kept figures of periods that were over before `until`; `areas` None is everything."""
    first = period_ends(until, PERIODS)[-1]
    rows = queries.past_figures(
        session, ("",) if areas is None else areas, kind, values, first, until - timedelta(days=1)
    )
    figures: dict[str, dict[date, Figures]] = {value: {} for value in values}
    for row in rows:
        figures[row.value][row.day] = Figures(row.total, row.issued, row.overdue)
    return Trend(tuple(sorted({row.day for row in rows})), figures)
