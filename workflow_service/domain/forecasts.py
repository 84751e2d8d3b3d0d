"""When a plan will be issued, from how long finished plans of its route took (docs/domain.md §3.7).

The time that is left is drawn again and again: for the present stage from those past plans that had been in it at least as
long, for each later stage from all of them. Half of the draws end by the likely date, nine in ten by the safe one. The dice are
seeded, so that one question has one answer. Dates are the government's, lengths are working days.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from workflow_service.domain.plans import Stage
from workflow_service.domain.supervision import percentage
from workflow_service.domain.working_calendar import WorkingCalendar

LEAST_HISTORY = 8
"""Fewer finished plans of a route tell nothing."""
DRAWS = 1000
TOWARDS_ISSUE = tuple(Stage)[: list(Stage).index(Stage.ISSUE) + 1]
_HALF, _NINE_TENTHS = 50, 90


@dataclass(frozen=True)
class Passage:
    """A finished plan: which stages it entered on which days, from its registration on, and the day of its issue."""

    entered: tuple[tuple[Stage, date], ...]
    finished_on: date

    def times(self, calendar: WorkingCalendar) -> Mapping[Stage, int]:
        """Working days in each stage; a stage that it came back to counts all its times, one that it skipped none."""
        ends = [day for _stage, day in self.entered[1:]] + [self.finished_on]
        found: dict[Stage, int] = {}
        for (stage, begun), ended in zip(self.entered, ends, strict=True):
            found[stage] = found.get(stage, 0) + max(0, calendar.working_days_between(begun, ended))
        return found


@dataclass(frozen=True)
class Standing:
    """Where a plan stands on a day: its stage and since when it has been in it."""

    stage: Stage
    since: date


@dataclass(frozen=True)
class Forecast:
    """The day by which it is issued with a probability of one half, and of nine tenths; `history` plans told it.

    `beyond`: it has been in its stage for longer than every one of them, so that its stage is taken to end now.
    """

    likely: date
    safe: date
    history: int
    beyond: bool = False


@dataclass(frozen=True)
class Quality:
    """How good forecasts were: of those `made`, how many came true by the likely date, and by the safe one."""

    made: int = 0
    by_likely: int = 0
    by_safe: int = 0

    @property
    def likely_share(self) -> Decimal | None:
        """Per cent that came true by the likely date; 50 is perfect. None where none was made."""
        return percentage(self.by_likely, self.made)

    @property
    def safe_share(self) -> Decimal | None:
        """Per cent that came true by the safe date; 90 is perfect. None where none was made."""
        return percentage(self.by_safe, self.made)


def forecast(
    history: Sequence[Mapping[Stage, int]], standing: Standing, day: date, calendar: WorkingCalendar, *, seed: str,
    draws: int = DRAWS,
) -> Forecast | None:  # fmt: skip
    """Forecast on `day` the issue of a plan from the stage times of finished plans of its route.

    None where the history is too short, or the plan is past the stages that lead to its issue.
    """
    if len(history) < LEAST_HISTORY or standing.stage not in TOWARDS_ISSUE:
        return None
    spent = max(0, calendar.working_days_between(standing.since, day))
    left = [took - spent for took in (one.get(standing.stage, 0) for one in history) if took >= spent]
    later = TOWARDS_ISSUE[TOWARDS_ISSUE.index(standing.stage) + 1 :]
    totals = _drawn([left or [0], *([one.get(stage, 0) for one in history] for stage in later)], seed, draws)
    likely, safe = (
        calendar.next_working_day(calendar.add_working_days(day, ranked(totals, share))) for share in (_HALF, _NINE_TENTHS)
    )
    return Forecast(likely, safe, len(history), beyond=not left)


def ranked(ordered: Sequence[int], share: int) -> int:
    """The value that `share` per cent of the ordered values do not exceed (nearest rank); one that occurred."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def backtest(
    finished: Iterable[Passage], calendar: WorkingCalendar, *, seed: str, tested: int, draws: int = DRAWS
) -> Quality:
    """Forecast again on each day before its issue on which a finished plan entered a stage, from those alone that were
    finished before that day. The `tested` plans that were finished last are judged; all are known.
    """
    known = sorted(((one, one.times(calendar)) for one in finished), key=lambda pair: pair[0].finished_on)
    made = by_likely = by_safe = 0
    for number, (plan, _times) in enumerate(known[-tested:]):
        for day, stage in {day: stage for stage, day in plan.entered if day < plan.finished_on}.items():
            before = [times for one, times in known if one.finished_on < day]
            found = forecast(before, Standing(stage, day), day, calendar, seed=f"{seed}:{number}:{stage}", draws=draws)
            if found is None:
                continue
            made += 1
            by_likely += plan.finished_on <= found.likely
            by_safe += plan.finished_on <= found.safe
    return Quality(made, by_likely, by_safe)


def _drawn(times: Sequence[Sequence[int]], seed: str, draws: int) -> list[int]:
    dice = random.Random(seed)
    columns = [dice.choices(each, k=draws) for each in times]
    return sorted(map(sum, zip(*columns, strict=True)))
