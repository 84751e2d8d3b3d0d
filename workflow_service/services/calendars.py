"""The working calendar in force and the deadline settings, read from the database and kept for a minute a process."""

import time
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineSettings, parse_deadline
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.store.supervision import CalendarChange, CalendarDay

KEPT_SECONDS = 60.0
SETTINGS = DeadlineSettings()

_kept: WeakKeyDictionary[Any, tuple[float, WorkingCalendar]] = WeakKeyDictionary()


def working_calendar(session: Session) -> WorkingCalendar:
    """Give the calendar in force: the published arrangements, and what the calendar table says on top."""
    key = session.get_bind()
    found = _kept.get(key)
    if found is None or time.monotonic() - found[0] > KEPT_SECONDS:
        found = _kept[key] = (time.monotonic(), _read(session))
    return found[1]


def calendar_at(session: Session, until: datetime) -> WorkingCalendar:
    """Give the calendar as it was just before a moment: what has been entered or taken back since is not in it."""
    since = select(CalendarChange.day, CalendarChange.was).where(CalendarChange.at >= until)
    first = since.ext(distinct_on(CalendarChange.day)).order_by(CalendarChange.day, CalendarChange.at, CalendarChange.id)
    was = {row.day: row.was for row in session.execute(first)}
    if not was:
        return working_calendar(session)
    rows = [row for row in _rows(session) if row[0] not in was]
    return _of([*rows, *((day, *said) for day, said in was.items() if said is not None)])


def forget(session: Session) -> None:
    """Read the calendar anew at the next question: it was changed."""
    _kept.pop(session.get_bind(), None)


def due_at(session: Session, rule: str, arrived: datetime) -> datetime:
    """Give the due moment (aware) of something that arrived at `arrived` under a deadline rule; raises InvalidDeadline."""
    return parse_deadline(rule).due(arrived, working_calendar(session), SETTINGS)


def _read(session: Session) -> WorkingCalendar:
    return _of(_rows(session))


def _rows(session: Session) -> list[tuple[date, bool, str, bool]]:
    said = select(CalendarDay.day, CalendarDay.working, CalendarDay.name, CalendarDay.provisional)
    return [(row.day, row.working, row.name, row.provisional) for row in session.execute(said)]


def _of(rows: list[tuple[date, bool, str, bool]]) -> WorkingCalendar:
    own = WorkingCalendar.from_rows(rows)
    return WorkingCalendar.published().with_days(own.exceptions, own.provisional_years)
