"""Why a run of a rhythm falls on its day: a holiday, a make-up day, periods told together (docs/domain.md §3.5, §3.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from workflow_service.domain.rhythms import Rhythm, RhythmSettings, Run, day_period, label, usual_day
from workflow_service.domain.words import N_, Phrase
from workflow_service.domain.working_calendar import DayKind, WorkingCalendar


def reasons_of(run: Run, calendar: WorkingCalendar, settings: RhythmSettings) -> tuple[Phrase, ...]:
    """The sentences that explain the day of ``run``; none where it falls on its usual day like any other."""
    return tuple(_reasons(run, calendar, settings))


def _reasons(run: Run, calendar: WorkingCalendar, settings: RhythmSettings) -> Iterator[Phrase]:
    day = settings.deadlines.day_of(run.due_at)
    usual = usual_day(run.rhythm, run.covers[-1], settings)
    if usual != day:
        yield _moved(usual, calendar)
    if calendar.kind(day) is DayKind.MAKE_UP:
        yield Phrase(N_("%(name)s调休上班日"), {"name": Phrase(calendar.name(day))})
    if len(run.covers) > 1:
        yield Phrase(N_("%(count)d 期在同一天，合并为一次"), {"count": len(run.covers)})
    if calendar.is_provisional(day):
        yield Phrase(N_("当年放假安排尚未确认，日期可能变动"))


def _moved(usual: date, calendar: WorkingCalendar) -> Phrase:
    day = label(Rhythm.DAILY, day_period(usual))
    if calendar.kind(usual) is DayKind.HOLIDAY:
        return Phrase(N_("%(day)s%(name)s放假，顺延"), {"day": day, "name": Phrase(calendar.name(usual))})
    return Phrase(N_("%(day)s是周末，顺延"), {"day": day})


__all__ = ["reasons_of"]
