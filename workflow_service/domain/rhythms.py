"""The three rhythms of supervision: which period a run belongs to, and when it is due (docs/domain.md §3.4
to §3.6).

Pure arithmetic over the working calendar. The scheduler asks :func:`runs_due`, claims every period that a
run covers, and lets the services do the work; nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from types import MappingProxyType

from workflow_service.domain.deadlines import DeadlineSettings, aware
from workflow_service.domain.words import N_, Labelled, Phrase
from workflow_service.domain.working_calendar import WorkingCalendar

ONE_DAY = timedelta(days=1)
LONGEST_SHIFT = timedelta(days=62)  # no arrangement keeps offices closed longer: so far back runs are sought
LONGEST_PERIOD = timedelta(days=11)
FRIDAY = 4  # as date.weekday() counts


class Rhythm(Labelled):
    """The three rhythms."""

    DAILY = "daily", N_("日督促")
    WEEKLY = "weekly", N_("周报送")
    TEN_DAY = "ten_day", N_("旬通报")


class TenDays(Labelled):
    """The thirds of a month."""

    FIRST = "D1", N_("上旬")
    MIDDLE = "D2", N_("中旬")
    LAST = "D3", N_("下旬")


@dataclass(frozen=True, order=True)
class Period:
    """One period of a rhythm, ``first`` to ``last`` day, both included; ``key`` is unique within the rhythm
    and sorts.

    Keys: ``2026-02-24`` (a day), ``2026-W09`` (a week), ``2026-02-D3`` (a ten-day period).
    """

    first: date
    last: date
    key: str


def day_period(day: date) -> Period:
    """The period of the daily rhythm."""
    return Period(day, day, day.isoformat())


def week_of(day: date) -> Period:
    """The week, Monday to Sunday, that ``day`` lies in."""
    monday = day - timedelta(days=day.weekday())
    year, week, _ = monday.isocalendar()
    return Period(monday, monday + timedelta(days=6), f"{year}-W{week:02d}")


def monday_of(week: str) -> date:
    """The Monday of a week by its key, as ``2026-W09``; ValueError for anything else."""
    year, _, number = week.partition("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def ten_day_period_of(day: date) -> Period:
    """The ten-day period (旬) that ``day`` lies in: days 1 to 10, 11 to 20, 21 to the end of the month."""
    part = min((day.day - 1) // 10, 2)
    first = day.replace(day=part * 10 + 1)
    last = _last_of_month(day) if part == 2 else first + timedelta(days=9)
    return Period(first, last, f"{day:%Y-%m}-D{part + 1}")


def _last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - ONE_DAY


_PERIOD_OF: Mapping[Rhythm, Callable[[date], Period]] = MappingProxyType(
    {Rhythm.DAILY: day_period, Rhythm.WEEKLY: week_of, Rhythm.TEN_DAY: ten_day_period_of}
)


def period_of(rhythm: Rhythm, day: date) -> Period:
    """The period of ``rhythm`` that ``day`` lies in."""
    return _PERIOD_OF[rhythm](day)


def next_period(rhythm: Rhythm, period: Period) -> Period:
    """The period that follows."""
    return period_of(rhythm, period.last + ONE_DAY)


def previous_period(rhythm: Rhythm, period: Period) -> Period:
    """The period before."""
    return period_of(rhythm, period.first - ONE_DAY)


def label(rhythm: Rhythm, period: Period) -> Phrase:
    """The period in words, without its year where offices leave it out: 6月上旬, 2026年第9周, 6月21日."""
    if rhythm is Rhythm.TEN_DAY:
        part = TenDays(period.key[-2:])
        return Phrase(N_("%(month)d月%(part)s"), {"month": period.first.month, "part": part})
    if rhythm is Rhythm.WEEKLY:
        year, week, _ = period.first.isocalendar()
        return Phrase(N_("%(year)d年第%(week)d周"), {"year": year, "week": week})
    return Phrase(N_("%(month)d月%(day)d日"), {"month": period.first.month, "day": period.first.day})


@dataclass(frozen=True)
class RhythmSettings:
    """Hours and catching up; times are local to the government's zone (``deadlines.zone``).

    ``hours`` are those of rhythms that do not begin at ``starts_at``; ``weekday`` is the day on which weekly
    reports are asked for, 0 (Monday) to 4.
    """

    starts_at: time = time(9, 0)
    hours: Mapping[Rhythm, time] = field(default_factory=dict)
    weekday: int = 0
    deadlines: DeadlineSettings = field(default_factory=DeadlineSettings)
    catch_up_periods: Mapping[Rhythm, int] = field(
        default_factory=lambda: {Rhythm.DAILY: 1, Rhythm.WEEKLY: 3, Rhythm.TEN_DAY: 3}
    )

    def start_of(self, day: date, rhythm: Rhythm) -> datetime:
        """The moment at which a run of ``day`` is due."""
        return datetime.combine(day, self.hours.get(rhythm, self.starts_at), self.deadlines.zone)

    def midnight_after(self, day: date) -> datetime:
        """The end of ``day``."""
        return datetime.combine(day + ONE_DAY, time(0), self.deadlines.zone)


@dataclass(frozen=True)
class Run:
    """One run of a rhythm. ``covers`` are its periods in order: several where offices were closed for one
    and longer.

    ``due_at``: when it starts. ``figures_at``: the moment whose figures it shows, however late it runs
    (exclusive: what happened before it counts). Weekly only: ``answers_due_at``, when the reports are due;
    ``late_named_at``, when those who have not reported are named; ``ledger_at``, when the weekly ledger
    goes to the supervisors.
    """

    rhythm: Rhythm
    due_at: datetime
    figures_at: datetime
    covers: tuple[Period, ...]
    answers_due_at: datetime | None = None
    late_named_at: datetime | None = None
    ledger_at: datetime | None = None

    @property
    def period_key(self) -> str:
        """The key of the newest period covered."""
        return self.covers[-1].key

    @property
    def period_keys(self) -> tuple[str, ...]:
        """Every key to be claimed, so that no period is run a second time."""
        return tuple(period.key for period in self.covers)

    @property
    def label(self) -> Phrase:
        """The periods in words: 6月上旬, or first and last where several are covered."""
        first, last = label(self.rhythm, self.covers[0]), label(self.rhythm, self.covers[-1])
        if len(self.covers) == 1:
            return last
        return Phrase(N_("%(first)s至%(last)s"), {"first": first, "last": last})

    @property
    def issue_year(self) -> int:
        """The year whose numbers a bulletin of this run takes if it is issued when due: not the period's
        year.
        """
        return self.due_at.year


def runs_between(
    rhythm: Rhythm, after: datetime, until: datetime, calendar: WorkingCalendar, settings: RhythmSettings
) -> list[Run]:
    """The runs due after ``after`` and not later than ``until`` (both aware), in order; every period is in
    one run only.
    """
    aware(after), aware(until)
    runs = _runs_from(rhythm, settings.deadlines.day_of(after) - LONGEST_SHIFT, calendar, settings)
    return [run for run in takewhile(lambda run: run.due_at <= until, runs) if run.due_at > after]


def upcoming_runs(
    rhythm: Rhythm, after: datetime, count: int, calendar: WorkingCalendar, settings: RhythmSettings
) -> list[Run]:
    """The next ``count`` runs after ``after``: the preview that supervisors see."""
    runs = _runs_from(rhythm, settings.deadlines.day_of(after) - LONGEST_SHIFT, calendar, settings)
    coming = (run for run in runs if run.due_at > aware(after))
    return [next(coming) for _ in range(count)]


def runs_due(
    rhythm: Rhythm,
    activated_at: datetime,
    now: datetime,
    claimed: Collection[str],
    calendar: WorkingCalendar,
    settings: RhythmSettings,
) -> list[Run]:
    """The runs since the activation that are due at ``now`` and not yet claimed, oldest first.

    After downtime only the newest ``catch_up_periods`` are looked at (daily: the newest day), whether
    claimed or not, so that what was dropped does not come back. ``claimed`` holds the period keys of that
    span; a run that shares a period with a claimed one (the calendar was changed in between) keeps the
    rest.
    """
    kept = settings.catch_up_periods[rhythm]
    longest_look_back = now - LONGEST_SHIFT - kept * LONGEST_PERIOD
    after = max(activated_at - timedelta(microseconds=1), longest_look_back)
    newest = runs_between(rhythm, after, now, calendar, settings)[-kept:]
    return [left for left in (_without(run, claimed) for run in newest) if left is not None]


def is_caught_up(run: Run, now: datetime, settings: RhythmSettings) -> bool:
    """Whether ``run``, started at ``now``, is started later than on its day."""
    return settings.deadlines.day_of(now) > settings.deadlines.day_of(run.due_at)


def _without(run: Run, claimed: Collection[str]) -> Run | None:
    left = tuple(period for period in run.covers if period.key not in claimed)
    if len(left) == len(run.covers):
        return run
    return replace(run, covers=left) if left else None


def _runs_from(
    rhythm: Rhythm, day: date, calendar: WorkingCalendar, settings: RhythmSettings
) -> Iterator[Run]:
    """The runs from the period of ``day`` on, without end; periods that come due on one day are one run."""
    if rhythm is Rhythm.DAILY:
        yield from _daily(day, calendar, settings)
        return
    period = period_of(rhythm, day)
    covers: list[Period] = []
    while True:
        covers.append(period)
        following = next_period(rhythm, period)
        due_on = _due_on(rhythm, period, calendar, settings)
        if due_on != _due_on(rhythm, following, calendar, settings):
            yield _BUILD[rhythm](due_on, tuple(covers), calendar, settings)
            covers = []
        period = following


def usual_day(rhythm: Rhythm, period: Period, settings: RhythmSettings) -> date:
    """The day on which the run of a period is due if offices work then. Daily: the day itself; weekly: the
    week's Monday, or the day that is set; ten-day: the day after the period.
    """
    if rhythm is Rhythm.TEN_DAY:
        return period.last + ONE_DAY
    return period.first + timedelta(days=settings.weekday if rhythm is Rhythm.WEEKLY else 0)


def _due_on(rhythm: Rhythm, period: Period, calendar: WorkingCalendar, settings: RhythmSettings) -> date:
    return calendar.next_working_day(usual_day(rhythm, period, settings))


def _daily(day: date, calendar: WorkingCalendar, settings: RhythmSettings) -> Iterator[Run]:
    while True:
        day = calendar.next_working_day(day)
        due_at = settings.start_of(day, Rhythm.DAILY)
        yield Run(Rhythm.DAILY, due_at, due_at, (day_period(day),))
        day += ONE_DAY


def _weekly(
    due_on: date, covers: tuple[Period, ...], calendar: WorkingCalendar, settings: RhythmSettings
) -> Run:
    """Reports are due on the Friday of the last week covered, never before they are asked for; the ledger
    waits for them and for the week's end.
    """
    week = covers[-1]
    answers_on = max(due_on, calendar.next_working_day(week.first + timedelta(days=FRIDAY)))
    named_on = calendar.add_working_days(answers_on, 1)
    return Run(
        Rhythm.WEEKLY,
        due_at=settings.start_of(due_on, Rhythm.WEEKLY),
        figures_at=settings.midnight_after(week.last),
        covers=covers,
        answers_due_at=settings.deadlines.close_of(answers_on),
        late_named_at=settings.start_of(named_on, Rhythm.WEEKLY),
        ledger_at=settings.start_of(
            max(named_on, calendar.next_working_day(week.last + ONE_DAY)), Rhythm.WEEKLY
        ),
    )


def _ten_day(
    due_on: date, covers: tuple[Period, ...], calendar: WorkingCalendar, settings: RhythmSettings
) -> Run:
    figures_at = settings.midnight_after(covers[-1].last)
    return Run(Rhythm.TEN_DAY, settings.start_of(due_on, Rhythm.TEN_DAY), figures_at, covers)


_BUILD = {Rhythm.WEEKLY: _weekly, Rhythm.TEN_DAY: _ten_day}
