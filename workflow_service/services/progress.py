"""Plans and their stages against the calendar: what a Gantt chart draws, as it stood at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from workflow_service.domain.plans import Stage
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.store import board_queries as queries

from . import ledger
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .ledger_lines import AsOf, LedgerLine

ROWS, ROWS_OF_A_FILE = 25, 1000
LONG_DAYS = 200
"""Over a longer time weekends are no longer told apart: only longer rests are shaded."""
LONG_REST_DAYS = 3


@dataclass(frozen=True)
class Bar:
    """A stage from its first to its last day; `working_days` in it. The present one ends on the day shown."""

    stage: Stage
    begun: date
    ended: date
    working_days: int


@dataclass(frozen=True)
class GanttRow:
    """One plan with the stages that it has been in, in order."""

    line: LedgerLine
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Gantt:
    """Rows, the days that they span (`first` to `last`), the rests in between, and where the next page begins."""

    rows: tuple[GanttRow, ...]
    day: date
    first: date
    last: date
    rests: tuple[tuple[date, date], ...]
    cursor: tuple[date, int] | None


def gantt(
    session: Session, actor: Actor, filters: ledger.LedgerFilter, *, as_of: date | datetime,
    after: tuple[date, int] | None = None, limit: int | None = None,
) -> Gantt:  # fmt: skip
    """Give the plans in progress (or of the state that the filter names) with their stages, those due first first."""
    at, calendar = AsOf.of(as_of), working_calendar(session)
    wanted = filters if filters.state else replace(filters, state="in_progress")
    page = ledger.ledger_rows(session, actor, wanted, as_of=as_of, after=after, limit=limit or ROWS)
    entered = queries.stages_entered(session, [line.plan_id for line in page.rows], at.until)
    rows = tuple(GanttRow(line, _bars(line, entered.get(line.plan_id, []), at.day, calendar)) for line in page.rows)
    days = [bar.begun for row in rows for bar in row.bars] + [row.line.due_on for row in rows if row.line.due_on]
    first, last = min([*days, at.day]), max([*days, at.day])
    return Gantt(rows, at.day, first, last, _rests(first, last, calendar), page.cursor)


def all_rows(session: Session, actor: Actor, filters: ledger.LedgerFilter, *, as_of: date | datetime) -> Iterator[GanttRow]:
    """Give all plans of a filter with their stages, in the same order, read page by page."""
    after: tuple[date, int] | None = None
    while True:
        page = gantt(session, actor, filters, as_of=as_of, after=after, limit=ROWS_OF_A_FILE)
        yield from page.rows
        if (after := page.cursor) is None:
            return


def _bars(
    line: LedgerLine, entered: Sequence[tuple[str, datetime]], day: date, calendar: WorkingCalendar
) -> tuple[Bar, ...]:
    """A plan that was issued ends there: how it is carried out has no bar."""
    end = line.issued_on or day
    begun = [(Stage(stage), SETTINGS.day_of(at)) for stage, at in entered]
    ends = [one for _stage, one in begun[1:]] + [end]
    return tuple(
        Bar(stage, since, min(until, end), calendar.working_days_between(since, min(until, end)))
        for (stage, since), until in zip(begun, ends, strict=True)
        if since <= end and (since < until or until == end)
    )


def _rests(first: date, last: date, calendar: WorkingCalendar) -> tuple[tuple[date, date], ...]:
    """Stretches of days on which offices do not work."""
    found: list[tuple[date, date]] = []
    least = LONG_REST_DAYS if (last - first).days > LONG_DAYS else 1
    day = first
    while day <= last:
        worked = calendar.next_working_day(day)
        if (worked - day).days >= least:
            found.append((day, worked))
        day = calendar.next_working_day(worked)
        while day <= last and calendar.is_working_day(day):
            day = date.fromordinal(day.toordinal() + 1)
    return tuple(found)
