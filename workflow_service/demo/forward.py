"""Moves a demo's stored clock forward: what falls due on the way happens at its time, as if the scheduler had run."""

from datetime import datetime, timedelta

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.services import processes, rhythms
from workflow_service.services.business_clock import set_clock, stored_moment
from workflow_service.services.calendars import SETTINGS
from workflow_service.store.database import Database
from workflow_service.store.runtime import Timer

from .driver import at


def move_clock(database: Database, moment: datetime) -> None:
    """Let the stored clock go forward to `moment` (aware); raises InvalidInput for a clock that runs, or backwards."""
    with database.transaction() as session:
        before = stored_moment(session)
    if before is None:
        raise InvalidInput(N_("这个库没有设定的时钟。"))
    if moment < before:
        raise InvalidInput(N_("时钟只能向前拨。"))
    for morning in _mornings(before, moment):
        pass_time(database, morning)
    pass_time(database, moment)


def pass_time(database: Database, moment: datetime) -> None:
    """Let the clock stand at `moment`, fire the timers and run the rhythms that are due by then."""
    with database.transaction() as session:
        set_clock(session, moment)
    fire_timers(database, moment)
    rhythms.run_due(database, now=moment)


def fire_timers(database: Database, until: datetime) -> None:
    """Fire what is due by a moment, each timer at its own time, also those that a fired one sets."""
    while True:
        with database.transaction() as session:
            due = processes.due_timers(session, until, 1)
            moment = session.get_one(Timer, due[0]).due_at if due else until
        if not due:
            return
        with database.transaction() as session:
            processes.fire_timer(session, due[0], now=moment)


def _mornings(before: datetime, after: datetime) -> list[datetime]:
    day, last = SETTINGS.day_of(before), SETTINGS.day_of(after)
    days = [day + timedelta(days=number) for number in range((last - day).days + 1)]
    return [moment for moment in map(at, days) if before < moment < after]
