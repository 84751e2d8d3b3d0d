"""Keeping the working calendar: days off and make-up days by the State Council's yearly notice (docs/domain.md §3.1).

The table holds what differs from the published arrangements that came with the service. A year without a notice can be
estimated; its days are provisional until a supervisor confirms them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import holidays
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.domain.working_calendar import PUBLISHED_YEARS, DayKind
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.database import after_commit
from workflow_service.store.supervision import CalendarChange, CalendarDay

from . import audit, calendar_effects, calendars
from .context import Actor
from .ownership import area_of_all

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
LONGEST_NAME = 50


@dataclass(frozen=True)
class ExceptionalDay:
    """A day on which offices do not keep to the plain week; `own` days were entered here, others came with the service."""

    day: date
    working: bool
    name: str
    provisional: bool
    own: bool


def days_of_year(session: Session, year: int) -> list[ExceptionalDay]:
    """Give the days off and make-up days of a year, in order."""
    _require_year(year)
    calendar = calendars.working_calendar(session)
    own = set(session.scalars(select(CalendarDay.day).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))))
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return [
        ExceptionalDay(
            day, calendar.is_working_day(day), calendar.name(day), calendar.is_provisional(day), day in own
        )
        for day in days
        if day.year == year and calendar.kind(day) in (DayKind.HOLIDAY, DayKind.MAKE_UP)
    ]  # fmt: skip


def may_manage(session: Session, actor: Actor) -> bool:
    """Whether the actor keeps the calendar: the State Council's arrangement is one for all, so only the top area does."""
    return policy.may(actor, "calendar.manage", area_of_all(session))


def require_manager(session: Session, actor: Actor) -> None:
    """Raise Forbidden unless the actor keeps the calendar."""
    policy.require(actor, "calendar.manage", area_of_all(session))


def set_days(
    session: Session, actor: Actor, days: Mapping[date, tuple[bool, str]], *, now: datetime, move: bool = False
) -> int:
    """Enter days as worked or not, with the holiday's name; an entry for a day replaces the former. Gives how many.

    In a year without a notice every entry is provisional until the year is confirmed. New deadlines count by the new calendar;
    those that run follow it where `move` says so (`calendar_effects`), else they stand. Raises InvalidInput, Forbidden.
    """
    require_manager(session, actor)
    if move:
        calendar_effects.move(session, actor, calendar_effects.effect_of(session, days, now=now), now=now)
    for day, (_worked, name) in days.items():
        _require_year(day.year)
        if len(name) > LONGEST_NAME:
            raise InvalidInput(N_("节日名称不超过 %(n)d 个字。"), n=LONGEST_NAME)
    _keep_former(session, days, now)
    settled = {year: is_settled(session, year) for year in {day.year for day in days}}
    for day, (worked, name) in sorted(days.items()):
        values = {"working": worked, "name": name.strip(), "provisional": not settled[day.year]}
        statement = insert(CalendarDay).values(day=day, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["day"], set_=values))
    data = {str(day): list(said) for day, said in sorted(days.items())}
    audit.record(session, actor, "calendar.set", "calendar", data, now=now)
    _read_anew(session)
    return len(days)


def forget_day(session: Session, actor: Actor, day: date, *, now: datetime, move: bool = False) -> None:
    """Take an entry back: the published arrangement or the plain week counts again. `move` as in `set_days`. Raises Forbidden."""
    require_manager(session, actor)
    if move:
        effect = calendar_effects.effect_of(session, {}, forgotten=(day,), now=now)
        calendar_effects.move(session, actor, effect, now=now)
    _keep_former(session, (day,), now)
    session.execute(delete(CalendarDay).where(CalendarDay.day == day))
    audit.record(session, actor, "calendar.forget", "calendar", {"day": str(day)}, now=now)
    _read_anew(session)


def estimate_year(session: Session, actor: Actor, year: int, *, now: datetime) -> int:
    """Enter the statutory holidays of a year without a notice, provisionally; make-up days cannot be known. Gives how many.

    Days entered already stay as they are. Raises Conflict for a year that has its notice, Forbidden.
    """
    _require_year(year)
    require_manager(session, actor)
    if is_settled(session, year):
        raise Conflict(N_("%(year)d 年已有国务院办公厅的安排，不需要预估。"), year=year)
    known = {one.day for one in days_of_year(session, year)}
    expected = holidays.country_holidays("CN", years=year, language="zh_CN")
    days = {day: (False, _name(str(name))) for day, name in expected.items() if day not in known}
    return set_days(session, actor, days, now=now) if days else 0


def confirm_year(session: Session, actor: Actor, year: int, notice: str, *, now: datetime) -> int:
    """Confirm that the days of a year are those of the State Council's notice, named by its number. Gives how many.

    Raises InvalidInput without the number, Conflict for a year without any day, Forbidden.
    """
    require_manager(session, actor)
    _require_year(year)
    if not notice.strip():
        raise InvalidInput(N_("请写明国务院办公厅通知的文号。"))
    if not days_of_year(session, year):
        raise Conflict(N_("%(year)d 年还没有放假安排，请先录入或预估。"), year=year)
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    changed = session.execute(update(CalendarDay).where(within).values(provisional=False).returning(CalendarDay.day)).all()
    audit.record(session, actor, "calendar.confirm", "calendar", {"year": year, "notice": notice.strip()}, now=now)
    _read_anew(session)
    return len(changed)


def is_settled(session: Session, year: int) -> bool:
    """Whether a year has its notice: a published one, or one that a supervisor has confirmed."""
    if year in PUBLISHED_YEARS:
        return True
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    found = session.execute(select(func.count(), func.count().filter(CalendarDay.provisional)).where(within)).one()
    return bool(found[0]) and not found[1]


def _keep_former(session: Session, days: Collection[date], now: datetime) -> None:
    """Keep what the table says of days that are about to change, so that past days go on being read by it."""
    found = session.scalars(select(CalendarDay).where(CalendarDay.day.in_(list(days))))
    was = {one.day: [one.working, one.name, one.provisional] for one in found}
    session.add_all(CalendarChange(at=now, day=day, was=was.get(day)) for day in sorted(days))
    session.flush()


def _name(text: str) -> str:
    """The name as the calendar writes it: two holidays on one day with 、."""
    return text.replace("; ", "、")[:LONGEST_NAME]


def _read_anew(session: Session) -> None:
    """Now, and once more when others can see the change: until then they read the former calendar."""
    calendars.forget(session)
    after_commit(session, lambda: calendars.forget(session))


def _require_year(year: int) -> None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise InvalidInput(N_("%(year)d 年不在可以维护的范围内。"), year=year)
