"""What a change of the working calendar moves, told before it is saved and done with it (docs/domain.md §3.1).

Deadlines in working days, or in days that end on a day off, follow the calendar while they run; dates that were ordered stand.
What is due by today stays as it is: a change never makes anybody late who was not, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, func, insert, select, text, update
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CalendarDays, InvalidDeadline, WorkingDays, parse_deadline
from workflow_service.domain.rhythms import Rhythm, upcoming_runs
from workflow_service.domain.words import Phrase
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance, Task, Timer
from workflow_service.store.stage_deadlines import StageDeadline
from workflow_service.store.supervision import CalendarDay

from .calendars import SETTINGS, working_calendar
from .context import Actor
from .edge_timers import edges
from .programs import program_of
from .rhythm_settings import configured

Days = Mapping[date, tuple[bool, str]]
RUNS_LOOKED_AT = 60
BY_HAND = "by_hand"
REASON = "工作日历调整"

_HOLDERS = text("UPDATE task_holder h SET due_at = t.due_at FROM task t WHERE t.id = h.task_id AND t.id = ANY(:ids)")
_MOVED = "FROM unnest(CAST(:ids AS bigint[]), CAST(:moments AS timestamptz[])) AS moved(id, due_at) WHERE moved.id = "
_TIMERS = text(f"UPDATE timer SET due_at = moved.due_at {_MOVED} timer.id")
_TIMEOUTS = text(f"UPDATE task SET timeout_at = moved.due_at {_MOVED} task.id AND task.timeout_at IS NOT NULL")


@dataclass(frozen=True)
class MovedTask:
    """A running task whose deadline moves."""

    task_id: int
    plan_id: int | None
    instance_id: int
    title: str
    name: str
    unit: str
    before: datetime
    after: datetime


@dataclass(frozen=True)
class MovedStage:
    """A plan's present stage whose deadline moves."""

    row_id: int
    plan_id: int
    title: str
    stage: str
    before: datetime
    after: datetime


@dataclass(frozen=True)
class MovedRun:
    """A run of a rhythm that moves to another day."""

    rhythm: Rhythm
    label: Phrase
    before: datetime
    after: datetime


@dataclass(frozen=True)
class MovedClock:
    """What moves as tasks do: a timer at the edge of an activity (by its id), or a task's time-out (by the task's)."""

    row_id: int
    before: datetime
    after: datetime


@dataclass(frozen=True)
class Effect:
    """All that a change moves; `plans_on_days_off` have a due date that becomes a day off and stands all the same."""

    tasks: tuple[MovedTask, ...]
    runs: tuple[MovedRun, ...]
    plans_on_days_off: int
    stages: tuple[MovedStage, ...] = ()
    timers: tuple[MovedClock, ...] = ()
    timeouts: tuple[MovedClock, ...] = ()

    @property
    def later(self) -> int:
        """How many tasks get more time."""
        return sum(one.after > one.before for one in self.tasks)


@dataclass(frozen=True)
class _Shift:
    """From which calendar to which; only what is due after `begin`, and later than today, can move."""

    old: WorkingCalendar
    new: WorkingCalendar
    today: date
    begin: datetime

    def after(self, rule: str, due_at: datetime, arrived: datetime) -> datetime:
        """Where a clock goes: working days left stay as many; so many days after the arrival end on the next working day."""
        day = SETTINGS.day_of(due_at)
        return due_at + (self._day(rule, day, arrived) - day) if day > self.today else due_at

    def _day(self, rule: str, day: date, arrived: datetime) -> date:
        try:
            parsed = parse_deadline(rule)
        except InvalidDeadline:
            return day
        if isinstance(parsed, WorkingDays):
            left = self.old.working_days_between(self.today, day)
            return self.new.next_working_day(self.new.add_working_days(self.today, left))
        if isinstance(parsed, CalendarDays):
            last = SETTINGS.day_of(arrived) + timedelta(days=parsed.count)
            return self.new.next_working_day(last) if self.old.next_working_day(last) == day else day
        return day


def effect_of(session: Session, days: Days, *, forgotten: Collection[date] = (), now: datetime) -> Effect:
    """Give what moves if these days are entered and those entries are taken back; nothing is changed."""
    old, new = working_calendar(session), changed_calendar(session, days, forgotten)
    touched = {day for day in (*days, *forgotten) if old.is_working_day(day) != new.is_working_day(day)}
    if not touched:
        return Effect((), (), 0)
    today = SETTINGS.day_of(now)
    shift = _Shift(old, new, today, SETTINGS.close_of(max(min(touched), today) - timedelta(days=1)))
    tasks = tuple(_moved_tasks(session, shift))
    dues = {one.task_id: one.after for one in tasks}
    return Effect(
        tasks=tasks,
        runs=tuple(_moved_runs(session, old, new, now)),
        plans_on_days_off=_plans_due_on(session, [day for day in touched if not new.is_working_day(day)]),
        stages=tuple(_moved_stages(session, shift)),
        timers=tuple(_moved_timers(session, shift, dues)),
        timeouts=tuple(_moved_timeouts(session, shift, dues)),
    )


def changed_calendar(session: Session, days: Days, forgotten: Collection[date] = ()) -> WorkingCalendar:
    """Give the calendar as it would be."""
    rows = session.execute(select(CalendarDay.day, CalendarDay.working, CalendarDay.name, CalendarDay.provisional))
    kept = {row.day: (row.working, row.name, row.provisional) for row in rows if row.day not in forgotten}
    kept |= {day: (worked, name, False) for day, (worked, name) in days.items()}
    own = WorkingCalendar.from_rows([(day, *said) for day, said in kept.items()])
    return WorkingCalendar.published().with_days(own.exceptions, own.provisional_years)


def move(session: Session, actor: Actor, effect: Effect, *, now: datetime) -> None:
    """Move the tasks and stages of an effect, which keep in their history from when to when and why, and what goes with them."""
    _move_clocks(session, _TIMERS, effect.timers)
    _move_clocks(session, _TIMEOUTS, effect.timeouts)
    if effect.stages:
        session.execute(update(StageDeadline), [{"id": one.row_id, "due_at": one.after} for one in effect.stages])
        session.execute(insert(DeadlineChange), [_noted_stage(one, actor, now) for one in effect.stages])
    if not effect.tasks:
        return
    session.execute(update(Task), [{"id": one.task_id, "due_at": one.after} for one in effect.tasks])
    session.execute(_HOLDERS, {"ids": [one.task_id for one in effect.tasks]})
    session.execute(insert(DeadlineChange), [_noted(one, actor, now) for one in effect.tasks])


def _move_clocks(session: Session, statement: TextClause, clocks: Sequence[MovedClock]) -> None:
    """One that fired in this very moment is gone and stays so."""
    if clocks:
        session.execute(statement, {"ids": [one.row_id for one in clocks], "moments": [one.after for one in clocks]})


def _noted(one: MovedTask, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "plan_id": one.plan_id, "instance_id": one.instance_id, "task_id": one.task_id, "kind": BY_HAND, "started_at": now,
        "ended_at": now, "due_before": one.before, "due_after": one.after, "reason": REASON, "actor_id": actor.user_id,
    }  # fmt: skip


def _noted_stage(one: MovedStage, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "plan_id": one.plan_id, "stage": one.stage, "kind": BY_HAND, "started_at": now, "ended_at": now,
        "due_before": one.before, "due_after": one.after, "reason": REASON, "actor_id": actor.user_id,
    }  # fmt: skip


def _moved_stages(session: Session, shift: _Shift) -> Iterator[MovedStage]:
    """Stages of plans whose clock runs, by the same rules as tasks."""
    row = StageDeadline
    statement = (
        select(
            row.id, row.plan_id, row.stage, row.due_at, row.rule.label("deadline_rule"), row.entered_at,
            Plan.title,
        )
        .join(Plan, Plan.id == row.plan_id)
        .where(row.left_at.is_(None), row.due_at > shift.begin, Plan.paused_for == "")
        .order_by(row.due_at, row.id)
    )  # fmt: skip
    for one in session.execute(statement):
        after = shift.after(one.deadline_rule, one.due_at, one.entered_at)
        if after != one.due_at:
            yield MovedStage(one.id, one.plan_id, one.title, one.stage, one.due_at, after)


def _moved_tasks(session: Session, shift: _Shift) -> Iterator[MovedTask]:
    """Tasks whose clock runs."""
    statement = (
        select(
            Task.id, Task.plan_id, Task.instance_id, Task.title, Task.name, Task.due_at, Task.created_at, Task.deadline_rule,
            Unit.name.label("unit"),
        )
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .where(Task.status == "open", Task.due_at > shift.begin, Task.paused_for == "")
        .order_by(Task.due_at, Task.id)
    )  # fmt: skip
    for row in session.execute(statement):
        after = shift.after(row.deadline_rule, row.due_at, row.created_at)
        if after != row.due_at:
            yield MovedTask(row.id, row.plan_id, row.instance_id, row.title, row.name, row.unit or "", row.due_at, after)


def _moved_timers(session: Session, shift: _Shift, dues: Mapping[int, datetime]) -> Iterator[MovedClock]:
    """Timers at edges of running activities: with their tasks, which are due at `dues` then, else by their own rule."""
    for edge in edges(session, Timer.due_at > shift.begin, Timer.stood_since.is_(None), ProcessInstance.status == "active"):
        timer = edge.timer
        own = shift.after(timer.rule, timer.due_at, edge.arrived or timer.due_at)
        after = edge.last(dues) if edge.follows else own
        if after != timer.due_at:
            yield MovedClock(timer.id, timer.due_at, after)


def _moved_timeouts(session: Session, shift: _Shift, dues: Mapping[int, datetime]) -> Iterator[MovedClock]:
    """Time-outs of running tasks: with their task where both are due in one moment, else by the diagram's rule."""
    found = (
        select(
            Task.id, Task.process_key, Task.element_id, Task.due_at, Task.timeout_at, Task.created_at,
            ProcessInstance.definition_id,
        )
        .join(ProcessInstance, ProcessInstance.id == Task.instance_id)
        .where(Task.status == "open", Task.timeout_at > shift.begin, Task.paused_for == "", Task.round_id.is_(None))
        .order_by(Task.timeout_at, Task.id)
    )  # fmt: skip
    for task in session.execute(found):
        element = program_of(session, task.definition_id).program.element(task.process_key, task.element_id)
        own = shift.after(element.get("attrs", {}).get("timeout") or "", task.timeout_at, task.created_at)
        after = dues.get(task.id, task.due_at) if task.timeout_at == task.due_at else own
        if after != task.timeout_at:
            yield MovedClock(task.id, task.timeout_at, after)


def _moved_runs(session: Session, old: WorkingCalendar, new: WorkingCalendar, now: datetime) -> Iterator[MovedRun]:
    """Runs of the same period that come on another day; the daily one has none, it is every working day's."""
    setup = configured(session)
    for rhythm in (Rhythm.WEEKLY, Rhythm.TEN_DAY):
        if rhythm in setup.activated:
            coming = upcoming_runs(rhythm, now, RUNS_LOOKED_AT, old, setup.settings)
            then = {run.period_key: run for run in upcoming_runs(rhythm, now, RUNS_LOOKED_AT, new, setup.settings)}
            for run in coming:
                moved = then.get(run.period_key)
                if moved is not None and moved.due_at != run.due_at:
                    yield MovedRun(rhythm, run.label, run.due_at, moved.due_at)


def _plans_due_on(session: Session, days: Collection[date]) -> int:
    on_its_way = Plan.due_on.in_(days), Plan.status == "active", Plan.issued_on.is_(None)
    return session.scalar(select(func.count()).select_from(Plan).where(*on_its_way)) or 0
