"""By what a light is read: the working calendar and the limits, as they were at the moment (docs/domain.md §3.3).

The limits (amber in the last n working days, black after more than n overdue) are kept in the setting `lights` with the day from
which each pair counts, so that a past day is read by the limits of that day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineSettings
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import setting_rows

from . import audit
from .calendars import SETTINGS, calendar_at
from .context import Actor
from .ownership import area_of_all

SETTING = "lights"
MOST_AMBER, MOST_BLACK = 30, 120


class Measure(NamedTuple):
    """What `read_light` asks for beside the moments."""

    calendar: WorkingCalendar
    settings: DeadlineSettings


def measure_at(session: Session, until: datetime) -> Measure:
    """Give by what lights were read just before a moment, whatever was entered since."""
    day = SETTINGS.day_of(until - timedelta(microseconds=1))
    return Measure(calendar_at(session, until), limits_on(session, day))


def limits_on(session: Session, day: date) -> DeadlineSettings:
    """Give the settings with the limits in force on a day of the government's calendar."""
    for one in reversed((setting_rows.value_of(session, SETTING) or {}).get("limits", ())):
        if date.fromisoformat(one["from"]) <= day:
            return replace(SETTINGS, amber_working_days=int(one["amber"]), black_working_days=int(one["black"]))
    return SETTINGS


def set_limits(session: Session, actor: Actor, amber: int, black: int, *, now: datetime) -> DeadlineSettings:
    """Set the limits in working days from today on, for all governments. Raises Forbidden, InvalidInput."""
    policy.require(actor, "rhythm.manage", area_of_all(session))
    if not 0 <= amber <= MOST_AMBER:
        raise InvalidInput(N_("临期天数应在 0 至 %(most)d 个工作日之间。"), most=MOST_AMBER)
    if not 1 <= black <= MOST_BLACK:
        raise InvalidInput(N_("严重逾期天数应在 1 至 %(most)d 个工作日之间。"), most=MOST_BLACK)
    today = SETTINGS.day_of(now)
    former = setting_rows.value_for_change(session, SETTING).get("limits", [])
    kept = [one for one in former if one["from"] < today.isoformat()]
    value = {"limits": [*kept, {"from": today.isoformat(), "amber": amber, "black": black}]}
    setting_rows.put(session, SETTING, value, at=now, by=actor.user_id)
    audit.record(session, actor, "setting.change", f"setting:{SETTING}", value, now=now)
    return limits_on(session, today)
