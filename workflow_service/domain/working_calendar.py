"""Which days are worked: Monday to Friday, less the holidays, plus the make-up days (docs/domain.md §3.1).

The calendar is a value: the store reads its table into one, the rules count on it. Counting is closed
arithmetic with a correction by bisection, so that half a million deadlines can be read in one sweep.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from workflow_service.domain.published_holidays import PUBLISHED, PUBLISHED_YEARS

_MONDAY = date(1, 1, 1).toordinal()  # 1 January of the year 1 is a Monday in the proleptic calendar
_WORKDAYS_A_WEEK = 5


class DayKind(StrEnum):
    """What a day is by the arrangement; weekends need no entry."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


@dataclass(frozen=True)
class CalendarDay:
    """An exception from the plain week: a day off with its holiday's name, or a weekend day on which
    offices work.
    """

    kind: DayKind
    name: str = ""


@dataclass(frozen=True)
class WorkingCalendar:
    """The plain week and its exceptions; ``provisional_years`` are estimated, no notice having been
    confirmed yet.
    """

    exceptions: Mapping[date, CalendarDay] = field(default_factory=dict)
    provisional_years: frozenset[int] = frozenset()

    @classmethod
    def published(cls) -> WorkingCalendar:
        """The calendar of the published arrangements, 2019 to 2026."""
        return cls(published_exceptions())

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[date, bool, str, bool]]) -> WorkingCalendar:
        """The calendar of a table of exceptions: day, whether it is worked, the holiday's name, whether
        provisional.
        """
        kept = list(rows)
        kinds = {True: DayKind.MAKE_UP, False: DayKind.HOLIDAY}
        exceptions = {day: CalendarDay(kinds[worked], name) for day, worked, name, _ in kept}
        return cls(exceptions, frozenset(day.year for day, _, _, provisional in kept if provisional))

    def with_days(
        self, days: Mapping[date, CalendarDay], provisional_years: frozenset[int] = frozenset()
    ) -> WorkingCalendar:
        """The same calendar with further or other days; years named provisional are added to those that
        were.
        """
        return WorkingCalendar({**self.exceptions, **days}, self.provisional_years | provisional_years)

    def kind(self, day: date) -> DayKind:
        """What ``day`` is: by its exception, else by the plain week."""
        exception = self.exceptions.get(day)
        if exception is not None:
            return exception.kind
        return DayKind.WEEKEND if day.weekday() >= _WORKDAYS_A_WEEK else DayKind.WORKDAY

    def name(self, day: date) -> str:
        """The holiday's name, or an empty text."""
        exception = self.exceptions.get(day)
        return exception.name if exception else ""

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on ``day``."""
        return self.kind(day) in (DayKind.WORKDAY, DayKind.MAKE_UP)

    def is_provisional(self, day: date) -> bool:
        """Whether ``day`` lies in a year whose arrangement is not confirmed, or not known at all."""
        return day.year in self.provisional_years or day.year not in self._arranged_years

    def next_working_day(self, day: date) -> date:
        """The first working day on or after ``day``."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def previous_working_day(self, day: date) -> date:
        """The last working day on or before ``day``."""
        while not self.is_working_day(day):
            day -= timedelta(days=1)
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day`` (before it, if negative); ``day`` itself for 0, worked
        or not.
        """
        if count == 0:
            return day
        before = day if count > 0 else day - timedelta(days=1)
        return self._day_of(self._worked_until(before) + count + (count < 0))

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and including ``end``; backwards, those from ``end`` to before
        ``start``, as a negative number. So ``working_days_between(d, add_working_days(d, n)) == n`` for
        every n.
        """
        if end >= start:
            return self._worked_until(end) - self._worked_until(start)
        one = timedelta(days=1)
        return self._worked_until(end - one) - self._worked_until(start - one)

    def working_days(self, first: date, last: date) -> list[date]:
        """The working days from ``first`` to ``last``, both included."""
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [day for day in days if self.is_working_day(day)]

    def _worked_until(self, day: date) -> int:
        """Working days from the first Monday of the calendar up to and including ``day``."""
        days, corrections = self._corrections
        weeks, rest = divmod(day.toordinal() - _MONDAY + 1, 7)
        plain = weeks * _WORKDAYS_A_WEEK + min(rest, _WORKDAYS_A_WEEK)
        return plain + corrections[bisect_right(days, day)]

    def _day_of(self, ordinal: int) -> date:
        """The working day that is the ``ordinal``-th since the first Monday: guessed from the plain week,
        then mended.
        """
        weeks, rest = divmod(ordinal - 1, _WORKDAYS_A_WEEK)
        day = date.fromordinal(_MONDAY + weeks * 7 + rest)
        while (missing := ordinal - self._worked_until(day)) > 0:
            day += timedelta(days=missing)
        while self._worked_until(day - timedelta(days=1)) >= ordinal:
            day -= timedelta(days=1)
        return day

    @cached_property
    def _arranged_years(self) -> frozenset[int]:
        """Every year has holidays: one without a single exception has not been arranged yet."""
        return frozenset(day.year for day in self.exceptions)

    @cached_property
    def _corrections(self) -> tuple[list[date], list[int]]:
        """The exceptions that change the plain week, in order, and their running total (starting with 0)."""
        changes = sorted(
            (day, 1 if day.weekday() >= _WORKDAYS_A_WEEK else -1)
            for day in self.exceptions
            if self.is_working_day(day) != (day.weekday() < _WORKDAYS_A_WEEK)
        )
        totals = [0]
        for _, change in changes:
            totals.append(totals[-1] + change)
        return [day for day, _ in changes], totals


def published_exceptions() -> dict[date, CalendarDay]:
    """Every day off and every make-up day of the published arrangements, 2019 to 2026."""
    exceptions: dict[date, CalendarDay] = {}
    for holiday in PUBLISHED:
        exceptions.update((day, CalendarDay(DayKind.HOLIDAY, holiday.name)) for day in holiday.days())
        exceptions.update((day, CalendarDay(DayKind.MAKE_UP, holiday.name)) for day in holiday.make_up)
    return exceptions


__all__ = ["PUBLISHED_YEARS", "CalendarDay", "DayKind", "WorkingCalendar", "published_exceptions"]
