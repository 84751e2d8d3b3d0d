"""Figures, rankings and urging: what ledgers, bulletins and digests say (docs/domain.md §3.4, §3.7, §4).

Everything is computed from rows as they stood on one day, so that a figure can be recounted later from
history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TypeVar

from workflow_service.domain.deadlines import DeadlineSettings, Light, Reading, read_day_light, read_light
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.plans import Category, Importance, Level, Route, Stage, Tier
from workflow_service.domain.words import N_, Labelled, Phrase
from workflow_service.domain.working_calendar import WorkingCalendar

ONE_DECIMAL = Decimal("0.1")

K = TypeVar("K", bound=str)


@dataclass(frozen=True)
class LedgerRow:
    """One plan in the ledger (台账). ``unit`` is the lead unit's code and ``unit_name`` its name on that day.

    ``left_on``: the day from which it is out of the catalogue (merged, split, withdrawn); ``issued_on``: see
    :func:`issue_day`; ``holder``: who has the next step. Dates are the government's.
    """

    plan_id: int
    code: str
    title: str
    unit: str
    unit_name: str
    category: Category
    level: Level
    tier: Tier
    importance: Importance
    registered_on: date
    due_on: date | None = None
    issued_on: date | None = None
    left_on: date | None = None
    stage: Stage = Stage.DRAFTING
    holder: str = ""

    def counts_on(self, day: date) -> bool:
        """Whether the plan stands in the catalogue at the end of ``day``."""
        return self.registered_on <= day and (self.left_on is None or day < self.left_on)

    def issued_by(self, day: date) -> bool:
        """Whether it had been issued at the end of ``day``."""
        return self.issued_on is not None and self.issued_on <= day

    def overdue_on(self, day: date) -> bool:
        """Whether its due date lay before ``day`` and it had not been issued by then."""
        return self.due_on is not None and self.due_on < day and not self.issued_by(day)

    def light(self, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings) -> Reading | None:
        """The light of the whole plan; none once it is issued, or without a due date."""
        if self.issued_by(settings.day_of(now)):
            return None
        return read_day_light(self.due_on, now, calendar, settings)


class IssueDayUnknown(InvalidInput):
    """A filing does not say when the plan was issued, or names a day after the filing."""

    code = "issue_day_unknown"
    text = N_("备案材料须写明印发日期，且不得晚于备案之日。")


def issue_day(
    route: Route, issuing_step: date | None, stated: date | None, filed_on: date | None
) -> date | None:
    """The day from which a plan counts as issued, None while it does not.

    It is the day of its issuing step. A plan that is only filed has none: for it the day counts that its
    filing states, from the moment of the filing. Raises :class:`IssueDayUnknown` where that day is missing
    or lies after the filing.
    """
    if route is not Route.FILING:
        return issuing_step
    if filed_on is None:
        return None
    if stated is None or stated > filed_on:
        raise IssueDayUnknown()
    return stated


@dataclass(frozen=True)
class Figures:
    """Counts over a set of plans: in the catalogue, of those issued, of those overdue."""

    total: int = 0
    issued: int = 0
    overdue: int = 0

    @property
    def in_progress(self) -> int:
        """Plans still on their way."""
        return self.total - self.issued

    @property
    def rate(self) -> Decimal | None:
        """Completion rate in per cent with one decimal, rounded half up: 176 of 179 are 98.3; None without
        plans.
        """
        return percentage(self.issued, self.total)

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.total + other.total, self.issued + other.issued, self.overdue + other.overdue)


def percentage(part: int, whole: int) -> Decimal | None:
    """``part`` of ``whole`` in per cent, one decimal, rounded half up; None where ``whole`` is 0."""
    if whole == 0:
        return None
    return (Decimal(part * 100) / Decimal(whole)).quantize(ONE_DECIMAL, ROUND_HALF_UP)


def figures_of(rows: Iterable[LedgerRow], day: date) -> Figures:
    """The figures at the end of ``day``."""
    counted = [row for row in rows if row.counts_on(day)]
    issued = sum(row.issued_by(day) for row in counted)
    overdue = sum(row.overdue_on(day) for row in counted)
    return Figures(len(counted), issued, overdue)


def breakdown(rows: Iterable[LedgerRow], day: date, key: Callable[[LedgerRow], K]) -> dict[K, Figures]:
    """The figures at the end of ``day`` for each value of ``key``; values without a plan that day are left
    out.
    """
    grouped: dict[K, list[LedgerRow]] = {}
    for row in rows:
        if row.counts_on(day):
            grouped.setdefault(key(row), []).append(row)
    return {value: figures_of(group, day) for value, group in grouped.items()}


def issued_between(rows: Iterable[LedgerRow], first: date, last: date) -> list[LedgerRow]:
    """The plans issued from ``first`` to ``last``, both included, in the order of their issue."""
    issued = [row for row in rows if row.issued_on and first <= row.issued_on <= last and row.counts_on(last)]
    return sorted(issued, key=lambda row: (row.issued_on or date.max, row.code))


def overdue_rows(rows: Iterable[LedgerRow], day: date) -> list[LedgerRow]:
    """The plans that were overdue on ``day``, the longest overdue first."""
    late = [row for row in rows if row.counts_on(day) and row.overdue_on(day)]
    return sorted(late, key=lambda row: (row.due_on or date.max, row.code))


@dataclass(frozen=True)
class Comparison:
    """Figures beside those of the former period; differences are now less then, rates in percentage points."""

    now: Figures
    before: Figures

    @property
    def issued(self) -> int:
        """Plans issued more than then."""
        return self.now.issued - self.before.issued

    @property
    def total(self) -> int:
        """Plans in the catalogue more than then; negative where plans were merged or withdrawn."""
        return self.now.total - self.before.total

    @property
    def overdue(self) -> int:
        """Plans overdue more than then."""
        return self.now.overdue - self.before.overdue

    @property
    def rate(self) -> Decimal | None:
        """The rate's change in percentage points, of the rates as shown; None where one of them is missing."""
        if self.now.rate is None or self.before.rate is None:
            return None
        return self.now.rate - self.before.rate


@dataclass(frozen=True)
class Ranked:
    """A unit's place; units with the same rate share it and the next place is skipped (1, 1, 3)."""

    place: int
    unit: str
    figures: Figures


def rank_units(figures: Mapping[str, Figures]) -> list[Ranked]:
    """Units by completion rate, exact and not as rounded; among equals those with more plans come first,
    then by code.
    """
    ordered = sorted(
        ((unit, each) for unit, each in figures.items() if each.total),
        key=lambda item: (-_exact(item[1]), -item[1].total, item[0]),
    )
    places: dict[Fraction, int] = {}
    for number, (_, each) in enumerate(ordered, start=1):
        places.setdefault(_exact(each), number)
    return [Ranked(places[_exact(each)], unit, each) for unit, each in ordered]


def _exact(figures: Figures) -> Fraction:
    return Fraction(figures.issued, figures.total)


class Urgency(Labelled):
    """The groups of a daily digest, the most urgent first."""

    OVERDUE = "overdue", N_("已逾期")
    TODAY = "today", N_("今天到期")
    SOON = "soon", N_("即将到期")


class Urged(Labelled):
    """How far a push goes."""

    HOLDER = "holder", N_("本人")
    SUPERIOR = "superior", N_("上级")


@dataclass(frozen=True)
class UrgingSettings:
    """From how many working days overdue the superior is told too (0: never)."""

    superior_after_working_days: int = 3


@dataclass(frozen=True)
class OpenTask:
    """A task as the digest needs it; ``paused`` ones are not urged."""

    task_id: int
    title: str
    due_at: datetime
    paused: bool = False


@dataclass(frozen=True)
class DigestLine:
    """One task in a digest with its light."""

    task: OpenTask
    urgency: Urgency
    reading: Reading


def urgency_of(
    due_at: datetime, now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> Urgency | None:
    """Whether a running task is overdue, due today or soon (amber); None while it is on time."""
    reading = read_light(due_at, now, calendar, settings)
    if reading is None or reading.light is Light.GREEN:
        return None
    if reading.light in (Light.RED, Light.BLACK):
        return Urgency.OVERDUE
    return Urgency.TODAY if settings.day_of(due_at) == settings.day_of(now) else Urgency.SOON


def daily_digest(
    tasks: Iterable[OpenTask], now: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> list[DigestLine]:
    """What one person is urged to do at ``now``, the longest overdue first; empty means that nothing is
    sent.
    """
    lines = []
    for task in sorted(tasks, key=lambda task: (task.due_at, task.task_id)):
        urgency = None if task.paused else urgency_of(task.due_at, now, calendar, settings)
        reading = read_light(task.due_at, now, calendar, settings)
        if urgency and reading:
            lines.append(DigestLine(task, urgency, reading))
    return lines


def grouped(lines: Sequence[DigestLine]) -> dict[Urgency, list[DigestLine]]:
    """A digest's lines under their urgency, the most urgent group first, empty groups left out."""
    groups = {urgency: [line for line in lines if line.urgency is urgency] for urgency in Urgency}
    return {urgency: group for urgency, group in groups.items() if group}


def who_is_urged(reading: Reading, settings: UrgingSettings) -> Urged | None:
    """Whom a task's light reaches: its holder from amber on, the superior too once it is long overdue."""
    if reading.light in (Light.GREEN, Light.GREY):
        return None
    limit = settings.superior_after_working_days
    late = -reading.working_days_left
    return Urged.SUPERIOR if limit and late >= limit else Urged.HOLDER


_ALSO_SAID = (
    N_("请今天办结。"),
    N_("请说明未办结的原因和预计办结的日期。"),
    N_("确有困难的，请及时申请延期。"),
)


def urging_phrases(readings: Iterable[Reading | None]) -> list[Phrase]:
    """What an urging of tasks may say, the fitting sentence first; a reading is None where no clock runs."""
    found = list(readings)
    words = {str(one.words) if one else "" for one in found}
    if len(words) == 1 and found[0] is not None:
        first = Phrase(N_("%(light)s，请尽快办理。"), {"light": found[0].words})
    elif found and all(one is not None and one.is_late for one in found):
        first = Phrase(N_("均已逾期，请尽快办理。"))
    else:
        first = Phrase(N_("请尽快办理。"))
    return [first, *map(Phrase, _ALSO_SAID)]
