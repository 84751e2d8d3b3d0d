"""The working calendar in force and the deadline settings, read from the database and kept for a minute a process."""

import time
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineSettings, parse_deadline
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.store.supervision import CalendarDay

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


def forget(session: Session) -> None:
    """Read the calendar anew at the next question: it was changed."""
    _kept.pop(session.get_bind(), None)


def due_at(session: Session, rule: str, arrived: datetime) -> datetime:
    """Give the due moment (aware) of something that arrived at `arrived` under a deadline rule; raises InvalidDeadline."""
    return parse_deadline(rule).due(arrived, working_calendar(session), SETTINGS)


def _read(session: Session) -> WorkingCalendar:
    rows = session.execute(
        select(CalendarDay.day, CalendarDay.working, CalendarDay.name, CalendarDay.provisional)
    ).all()
    own = WorkingCalendar.from_rows([(row.day, row.working, row.name, row.provisional) for row in rows])
    return WorkingCalendar.published().with_days(own.exceptions, own.provisional_years)
