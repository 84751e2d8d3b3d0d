"""When something is due, how the clock stops, and what light that gives (docs/domain.md §3.2, §3.3).

Used by the services when a task is opened, paused or extended, and by everything that shows or sweeps
deadlines. All moments are aware datetimes; a day begins and ends in the government's zone
(:class:`DeadlineSettings`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from workflow_service.domain.errors import InvalidInput, NaiveDatetime
from workflow_service.domain.words import N_, Labelled, Phrase
from workflow_service.domain.working_calendar import CalendarDay, DayKind, WorkingCalendar

CHINA = ZoneInfo("Asia/Shanghai")
LONGEST_DEADLINE_DAYS = 3660  # ten years; longer is a slip of the pen


class InvalidDeadline(InvalidInput):
    """A deadline is not written in a form that is understood."""

    code = "invalid_deadline"
    text = N_("时限“%(deadline)s”无法识别，请写作：5 working days、3 calendar days、2026-06-30 或 P5D。")


@dataclass(frozen=True)
class DeadlineSettings:
    """Zone and office hours of the government, and the limits of the lights in working days."""

    zone: ZoneInfo = CHINA
    closes_at: time = time(17, 30)
    amber_working_days: int = 2
    black_working_days: int = 10

    def day_of(self, moment: datetime) -> date:
        """The calendar day that ``moment`` falls on in the government's zone; naive moments are refused."""
        return aware(moment).astimezone(self.zone).date()

    def close_of(self, day: date) -> datetime:
        """The end of office hours on ``day``."""
        return datetime.combine(day, self.closes_at, self.zone)


def aware(moment: datetime) -> datetime:
    """``moment`` itself if it knows its zone; :class:`NaiveDatetime` otherwise."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise NaiveDatetime(moment=moment.isoformat())
    return moment


class Deadline(Protocol):
    """How a due moment follows from the moment of arrival."""

    @property
    def elapsed(self) -> bool:
        """Whether hours count rather than days: a pause then moves the due moment by its exact length."""

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        """The due moment of what arrived at ``arrived`` (aware)."""


@dataclass(frozen=True)
class WorkingDays:
    """``count`` working days, counted from the working day after the arrival; due when the office closes on
    the last.

    None at all means the day of arrival, or the next working day after a day off.
    """

    count: int
    elapsed = False

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        day = settings.day_of(arrived)
        last = calendar.add_working_days(day, self.count) if self.count else calendar.next_working_day(day)
        return settings.close_of(last)


@dataclass(frozen=True)
class CalendarDays:
    """``count`` days of any kind, counted from the day after the arrival; a last day off moves to the next
    working day.
    """

    count: int
    elapsed = False

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        last = settings.day_of(arrived) + timedelta(days=self.count)
        return settings.close_of(calendar.next_working_day(last))


@dataclass(frozen=True)
class FixedDate:
    """The day that an order names, at the close of the office; it stands as ordered, day off or not."""

    day: date
    elapsed = False

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        return settings.close_of(self.day)


@dataclass(frozen=True)
class FixedMoment:
    """An exact moment with its offset."""

    moment: datetime
    elapsed = False

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Elapsed:
    """An ISO 8601 duration, counted through nights and holidays; calendar months end on the month's last
    day.
    """

    months: int = 0
    length: timedelta = timedelta(0)
    elapsed = True

    def due(self, arrived: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        local = aware(arrived).astimezone(settings.zone)
        return _add_months(local, self.months) + self.length


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


_WORKING = re.compile(r"(\d{1,4})\s*(?:working[ -]days?|个?\s*工作日)", re.IGNORECASE)
_CALENDAR = re.compile(r"(\d{1,4})\s*(?:(?:calendar[ -])?days?|个?\s*自然日|[天日])", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T.+")
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d{1,2})Y)?(?:(?P<months>\d{1,3})M)?(?:(?P<weeks>\d{1,3})W)?(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?"
)


def parse_deadline(text: str) -> Deadline:
    """Read ``5 working days``, ``3 calendar days``, ``2026-06-30``, ``2026-06-30T12:00+08:00``, ``P5D`` or
    ``PT4H``.

    The Chinese forms ``5个工作日`` and ``3天`` are read too. Raises :class:`InvalidDeadline` (naming the
    text), also for an impossible date, and :class:`NaiveDatetime` for a time without offset.
    """
    wanted = text.strip()
    for pattern, build in _GRAMMAR:
        if match := pattern.fullmatch(wanted):
            try:
                return build(match)
            except (ValueError, OverflowError) as error:
                raise InvalidDeadline(deadline=text) from error
    raise InvalidDeadline(deadline=text)


def _days(match: re.Match[str]) -> int:
    if (count := int(match[1])) > LONGEST_DEADLINE_DAYS:
        raise ValueError(match[0])
    return count


def _moment(match: re.Match[str]) -> Deadline:
    return FixedMoment(aware(datetime.fromisoformat(match[0])))


def _duration(match: re.Match[str]) -> Deadline:
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    months = part.pop("years") * 12 + part.pop("months")
    return Elapsed(months, timedelta(**part))


_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Deadline]], ...] = (
    (_WORKING, lambda match: WorkingDays(_days(match))),
    (_CALENDAR, lambda match: CalendarDays(_days(match))),
    (_DATE, lambda match: FixedDate(date.fromisoformat(match[0]))),
    (_MOMENT, _moment),
    (_DURATION, _duration),
)


class Light(Labelled):
    """The traffic light, the same everywhere."""

    GREEN = "green", N_("正常")
    AMBER = "amber", N_("临期")
    RED = "red", N_("逾期")
    BLACK = "black", N_("严重逾期")
    GREY = "grey", N_("暂停计时")


@dataclass(frozen=True)
class Reading:
    """What a clock shows: the light, working days left (negative: late), and the sentence beside the light."""

    light: Light
    working_days_left: int
    words: Phrase

    @property
    def is_late(self) -> bool:
        """Whether a running clock is past its due moment, be it by less than a working day."""
        return self.light in (Light.RED, Light.BLACK)


@dataclass(frozen=True)
class DeadlineClock:
    """A due moment that can be stopped; ``paused_at`` is set while it stands still.

    While it stands, the days go to nobody's account: on resuming the due moment moves by the working days
    that passed (``elapsed``: by the exact time), so that what was left, or was late, stays as it was
    (docs/domain.md §3.3).
    """

    due_at: datetime
    paused_at: datetime | None = None
    elapsed: bool = False

    def pause(self, now: datetime) -> DeadlineClock:
        """Stop the clock; one that stands keeps its first moment."""
        return self if self.paused_at else replace(self, paused_at=aware(now))

    def resume(self, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> DeadlineClock:
        """Let the clock run again from ``now``."""
        return replace(self, due_at=self.due_as_of(now, calendar, settings), paused_at=None)

    def due_as_of(self, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
        """The due moment if the clock, should it stand, ran again from ``now``."""
        if self.paused_at is None or aware(now) <= self.paused_at:
            return self.due_at
        if self.elapsed:
            return self.due_at + (now - self.paused_at)
        passed = calendar.working_days_between(settings.day_of(self.paused_at), settings.day_of(now))
        moved_to = calendar.add_working_days(settings.day_of(self.due_at), passed)
        return _same_time_on(moved_to, self.due_at, settings)

    def reading(self, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> Reading:
        """The light at ``now``."""
        due_at = self.due_as_of(now, calendar, settings)
        left = calendar.working_days_between(settings.day_of(now), settings.day_of(due_at))
        if self.paused_at:
            return Reading(Light.GREY, left, Phrase(Light.GREY.word))
        if aware(now) > due_at:
            return _overdue(due_at, now, calendar, settings)
        light = Light.AMBER if left <= settings.amber_working_days else Light.GREEN
        return Reading(light, left, _left_in_words(due_at, now, left, settings))


def read_light(
    due_at: datetime | None, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> Reading | None:
    """The light of a running clock, or None where nothing is due."""
    return DeadlineClock(due_at).reading(now, calendar, settings) if due_at else None


def read_day_light(
    due_on: date | None, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> Reading | None:
    """The light of what counts by the day, as a whole plan: its day lasts until midnight and is late from the next."""
    if due_on is None:
        return None
    at = min(aware(now), settings.close_of(settings.day_of(now)))
    return read_light(settings.close_of(due_on), at, calendar, settings)


def amber_from(due_at: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> date:
    """The first day on which ``due_at`` shows amber: sweeps select by it instead of reading every clock."""
    day = settings.day_of(due_at)
    back = settings.amber_working_days + (not calendar.is_working_day(day))
    return calendar.add_working_days(day, -back)


def _same_time_on(day: date, moment: datetime, settings: DeadlineSettings) -> datetime:
    return datetime.combine(day, moment.astimezone(settings.zone).time(), settings.zone)


def _left_in_words(due_at: datetime, now: datetime, left: int, settings: DeadlineSettings) -> Phrase:
    if settings.day_of(due_at) == settings.day_of(now):
        return Phrase(N_("今天到期"))
    return Phrase(N_("还剩 %(days)d 个工作日"), {"days": left})


def _overdue(
    due_at: datetime, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> Reading:
    late = calendar.working_days_between(settings.day_of(due_at), settings.day_of(now))
    light = Light.BLACK if late > settings.black_working_days else Light.RED
    if late == 0:
        return Reading(light, 0, Phrase(N_("已逾期，不足 1 个工作日")))
    return Reading(light, -late, Phrase(N_("逾期 %(days)d 个工作日"), {"days": late}))


__all__ = [
    "CalendarDay",
    "CalendarDays",
    "DayKind",
    "Deadline",
    "DeadlineClock",
    "DeadlineSettings",
    "Elapsed",
    "FixedDate",
    "FixedMoment",
    "InvalidDeadline",
    "Light",
    "Reading",
    "WorkingCalendar",
    "WorkingDays",
    "amber_from",
    "aware",
    "parse_deadline",
    "read_day_light",
    "read_light",
]
