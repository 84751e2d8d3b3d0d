"""From rows of the store to lines of the ledger: lights, holders, what was done last (docs/domain.md §3.3, §3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import (
    DeadlineClock,
    Light,
    Reading,
    aware,
    read_day_light,
    read_light,
)
from workflow_service.domain.plans import Category, Importance, Level, Stage, Tier
from workflow_service.domain.words import Phrase
from workflow_service.i18n import N_
from workflow_service.store import board_queries
from workflow_service.store import ledger_queries as queries
from workflow_service.store.deadlines import paused_at
from workflow_service.store.stage_deadlines import StageDue, dues_at

from .calendars import SETTINGS
from .lights import Measure, measure_at

CHUNK = 1000
PAUSED = {"meeting": N_("等待上会"), "answer": N_("等待答复"), "suspended": N_("流程暂停")}


@dataclass(frozen=True)
class AsOf:
    """A moment of the ledger: everything before `until` counts; `day` is the date whose lights are shown."""

    until: datetime
    day: date

    @classmethod
    def of(cls, as_of: date | datetime) -> AsOf:
        """The end of a day, or an aware moment with what happened at it; naive moments are refused."""
        if isinstance(as_of, datetime):
            return cls(aware(as_of) + timedelta(microseconds=1), SETTINGS.day_of(as_of))
        return cls(datetime.combine(as_of + timedelta(days=1), datetime.min.time(), SETTINGS.zone), as_of)

    @property
    def last_moment(self) -> datetime:
        """The last moment that counts."""
        return self.until - timedelta(microseconds=1)

    @property
    def asked(self) -> queries.Moment:
        """The moment as the store takes it."""
        return queries.Moment(self.until, self.day, SETTINGS.zone.key)


@dataclass(frozen=True)
class Part:
    """Which plans of an area are meant: those led then by some `units` (codes), those on a `route`; all where neither is said."""

    units: tuple[str, ...] = ()
    route: str = ""

    @classmethod
    def of_unit(cls, code: str) -> Part:
        """The plans that one unit leads; all without a code."""
        return cls((code,) if code else ())

    def within(self, areas: tuple[str, ...] | None) -> queries.Wanted:
        """The part of these areas as the store takes it."""
        return queries.Wanted(areas=areas, units=self.units, equal=(("route", self.route),) if self.route else ())


WHOLE = Part()


@dataclass(frozen=True)
class LedgerLine:
    """One plan of the ledger. Dates are the government's; `overdue` says that it should have been issued before this day,
    `days_late` by how many working days (0: less than one).

    `light` is that of the whole plan, None once it is issued or without due date; `waiting` says that it waits for others.
    `holder` has the `step` that is open (`task_id`), due at `step_due_at`; `last_action` is what was done last and by whom;
    `stage_due_at` is until when its present stage is to be done (`due_stage`, of several the first due); `report` is what the
    unit last reported of its progress, with its problems.
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
    stage: Stage
    registered_on: date
    due_on: date | None
    issued_on: date | None
    document_number: str = ""
    light: Reading | None = None
    overdue: bool = False
    days_late: int = 0
    waiting: bool = False
    holder: str = ""
    step: str = ""
    task_id: int | None = None
    step_due_at: datetime | None = None
    step_light: Reading | None = None
    due_stage: Stage | None = None
    stage_due_at: datetime | None = None
    stage_light: Reading | None = None
    last_action: str = ""
    last_action_at: datetime | None = None
    report: str = ""
    reported_at: datetime | None = None


def lines_of(session: Session, found: Sequence[Any], at: AsOf) -> Iterator[LedgerLine]:
    """Give the lines of the store's rows, with what was open and done last at the moment; a few statements for each 1,000."""
    units, measure = queries.units_by_id(session, {row.lead_unit_id for row in found}, at.until), measure_at(session, at.until)
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        ids = [row.id for row in chunk]
        steps = queries.steps_at(session, ids, at.until)
        done = queries.last_done(session, ids, at.until)
        numbers = queries.documents_of(session, [row.id for row in chunk if row.issued_on], at.until)
        waiting = paused_at(session, [row.id for row in chunk if row.issued_on is None], at.until)
        agendas = queries.agendas_at(session, waiting, at.until)
        reports = board_queries.last_reports(session, ids, at.until)
        held = held_then(session, [step.id for step in steps.values()], at)
        stages = dues_at(session, [row.id for row in chunk if row.issued_on is None], at.until)
        for row in chunk:
            line = _plain_line(row, units[row.lead_unit_id], waiting.get(row.id), at, measure)
            line = _with_step(line, steps.get(row.id), row.id in agendas, at, measure)
            line = _with_stage(line, stages.get(row.id), at, measure)
            line = replace(line, holder=held.get(line.task_id or 0, line.holder))
            line = _with_report(_with_last(line, done.get(row.id)), reports.get(row.id))
            yield replace(line, document_number=numbers.get(row.id, ""))


def _plain_line(row: Any, unit: tuple[str, str], pause: Any, at: AsOf, measure: Measure) -> LedgerLine:
    overdue = pause is None and row.due_on is not None and row.due_on < at.day and row.issued_on is None
    late = measure.calendar.working_days_between(row.due_on, at.day) if overdue else 0
    return LedgerLine(
        plan_id=row.id, code=row.code or "", title=row.title, unit=unit[0], unit_name=unit[1],
        category=Category(row.category), level=Level(row.level), tier=Tier(row.tier),
        importance=Importance(row.importance), stage=Stage(row.stage), registered_on=row.registered_on,
        due_on=row.due_on, issued_on=row.issued_on, light=_light(row, pause, at, measure), overdue=overdue,
        days_late=late, waiting=pause is not None,
    )  # fmt: skip


def _light(row: Any, pause: Any, at: AsOf, measure: Measure) -> Reading | None:
    if row.issued_on is not None:
        return None
    if pause is None:
        return read_day_light(row.due_on, at.last_moment, *measure)
    clock = DeadlineClock(SETTINGS.close_of(row.due_on), pause.started_at) if row.due_on else None
    left = clock.reading(at.last_moment, *measure).working_days_left if clock else 0
    if left < 0:
        late = Phrase(N_("%(why)s，此前已逾期 %(days)d 个工作日"), {"why": Phrase(PAUSED[pause.kind]), "days": -left})
        return Reading(Light.GREY, left, late)
    return Reading(Light.GREY, left, Phrase(PAUSED[pause.kind]))


def _with_step(line: LedgerLine, step: Any, on_agenda: bool, at: AsOf, measure: Measure) -> LedgerLine:
    if step is None:
        return replace(line, step=str(Phrase(PAUSED["meeting"])) if on_agenda else "")
    reading = None if step.waiting else read_light(step.due_at, at.last_moment, *measure)
    return replace(
        line, holder=holder_of(step), step=step.name, task_id=step.id, step_due_at=step.due_at, step_light=reading
    )


def _with_stage(line: LedgerLine, due: StageDue | None, at: AsOf, measure: Measure) -> LedgerLine:
    """The present stage's moment, read like a task's; while the plan's clock stands the stage has no light of its own."""
    if due is None:
        return line
    reading = None if line.waiting else read_light(due.due_at, at.last_moment, *measure)
    return replace(line, due_stage=Stage(due.stage), stage_due_at=due.due_at, stage_light=reading)


def held_then(session: Session, task_ids: Sequence[int], at: AsOf) -> dict[int, str]:
    """The holders of those tasks that lay before others at the moment than they did later."""
    former = board_queries.former_holders(session, task_ids, at.until)
    taken = {task_id: was["user"] if datetime.fromisoformat(was["since"]) < at.until else None for task_id, was in former.items()}
    people, units = board_queries.names_of(
        session, {one for one in taken.values() if one}, {was["unit"] for was in former.values() if was["unit"]}, at.until
    ) if former else ({}, {})  # fmt: skip
    return {
        task_id: _named(units.get(was["unit"]), people.get(taken[task_id] or 0), was["groups"]) for task_id, was in former.items()
    }


def _with_last(line: LedgerLine, done: Any) -> LedgerLine:
    if done is None:
        return line
    who = done.person or done.unit_name or ""
    return replace(line, last_action=f"{done.name}（{who}）" if who else done.name, last_action_at=done.at)


def _with_report(line: LedgerLine, told: Any) -> LedgerLine:
    if told is None:
        return line
    words = "；".join(part for part in (told.progress.strip(), told.problems.strip()) if part)
    return replace(line, report=words, reported_at=told.reported_at)


def holder_of(step: Any) -> str:
    """The unit and who took the step, or the unit alone while nobody has."""
    return _named(step.unit_name, step.person, step.groups)


def _named(unit: str | None, person: str | None, groups: Sequence[str] | None) -> str:
    return "·".join(part for part in (unit, person) if part) or "、".join(groups or ())
