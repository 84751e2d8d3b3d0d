"""What a change of the working calendar moves, told before it is saved and done with it (docs/domain.md §3.1).

Deadlines in working days, or in days that end on a day off, follow the calendar while they run; dates that were ordered stand.
What is due by today stays as it is: a change never makes anybody late who was not, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CalendarDays, InvalidDeadline, WorkingDays, parse_deadline
from workflow_service.domain.rhythms import Rhythm, upcoming_runs
from workflow_service.domain.words import Phrase
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task
from workflow_service.store.stage_deadlines import StageDeadline
from workflow_service.store.supervision import CalendarDay

from .calendars import SETTINGS, working_calendar
from .context import Actor
from .rhythm_settings import configured

Days = Mapping[date, tuple[bool, str]]
RUNS_LOOKED_AT = 60
BY_HAND = "by_hand"
REASON = "工作日历调整"

_HOLDERS = text("UPDATE task_holder h SET due_at = t.due_at FROM task t WHERE t.id = h.task_id AND t.id = ANY(:ids)")


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
class Effect:
    """All that a change moves; `plans_on_days_off` have a due date that becomes a day off and stands all the same."""

    tasks: tuple[MovedTask, ...]
    runs: tuple[MovedRun, ...]
    plans_on_days_off: int
    stages: tuple[MovedStage, ...] = ()

    @property
    def later(self) -> int:
        """How many tasks get more time."""
        return sum(one.after > one.before for one in self.tasks)


def effect_of(session: Session, days: Days, *, forgotten: Collection[date] = (), now: datetime) -> Effect:
    """Give what moves if these days are entered and those entries are taken back; nothing is changed."""
    old, new = working_calendar(session), changed_calendar(session, days, forgotten)
    touched = {day for day in (*days, *forgotten) if old.is_working_day(day) != new.is_working_day(day)}
    if not touched:
        return Effect((), (), 0)
    return Effect(
        tasks=tuple(_moved_tasks(session, old, new, min(touched), now)),
        runs=tuple(_moved_runs(session, old, new, now)),
        plans_on_days_off=_plans_due_on(session, [day for day in touched if not new.is_working_day(day)]),
        stages=tuple(_moved_stages(session, old, new, min(touched), now)),
    )


def changed_calendar(session: Session, days: Days, forgotten: Collection[date] = ()) -> WorkingCalendar:
    """Give the calendar as it would be."""
    rows = session.execute(select(CalendarDay.day, CalendarDay.working, CalendarDay.name, CalendarDay.provisional))
    kept = {row.day: (row.working, row.name, row.provisional) for row in rows if row.day not in forgotten}
    kept |= {day: (worked, name, False) for day, (worked, name) in days.items()}
    own = WorkingCalendar.from_rows([(day, *said) for day, said in kept.items()])
    return WorkingCalendar.published().with_days(own.exceptions, own.provisional_years)


def move(session: Session, actor: Actor, effect: Effect, *, now: datetime) -> None:
    """Move the tasks and stages of an effect; each keeps in its history from when to when and why."""
    if effect.stages:
        session.execute(update(StageDeadline), [{"id": one.row_id, "due_at": one.after} for one in effect.stages])
        session.execute(insert(DeadlineChange), [_noted_stage(one, actor, now) for one in effect.stages])
    if not effect.tasks:
        return
    session.execute(update(Task), [{"id": one.task_id, "due_at": one.after} for one in effect.tasks])
    session.execute(_HOLDERS, {"ids": [one.task_id for one in effect.tasks]})
    session.execute(insert(DeadlineChange), [_noted(one, actor, now) for one in effect.tasks])


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


def _moved_stages(
    session: Session, old: WorkingCalendar, new: WorkingCalendar, first: date, now: datetime
) -> Iterator[MovedStage]:
    """Stages of plans whose clock runs, by the same rules as tasks."""
    today = SETTINGS.day_of(now)
    begin = SETTINGS.close_of(max(first, today) - timedelta(days=1))
    row = StageDeadline
    statement = (
        select(
            row.id, row.plan_id, row.stage, row.due_at, row.rule.label("deadline_rule"), row.entered_at.label("created_at"),
            Plan.title,
        )
        .join(Plan, Plan.id == row.plan_id)
        .where(row.left_at.is_(None), row.due_at > begin, Plan.paused_for == "")
        .order_by(row.due_at, row.id)
    )  # fmt: skip
    for one in session.execute(statement):
        day = SETTINGS.day_of(one.due_at)
        after = _moved_to(one, day, today, old, new) if day > today else day
        if after != day:
            yield MovedStage(one.id, one.plan_id, one.title, one.stage, one.due_at, one.due_at + (after - day))


def _moved_tasks(
    session: Session, old: WorkingCalendar, new: WorkingCalendar, first: date, now: datetime
) -> Iterator[MovedTask]:
    """Only what is due on or after the first day that changes, and later than today, can move."""
    today = SETTINGS.day_of(now)
    begin = SETTINGS.close_of(max(first, today) - timedelta(days=1))
    statement = (
        select(
            Task.id, Task.plan_id, Task.instance_id, Task.title, Task.name, Task.due_at, Task.created_at, Task.deadline_rule,
            Unit.name.label("unit"),
        )
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .where(Task.status == "open", Task.due_at > begin, Task.paused_for == "")
        .order_by(Task.due_at, Task.id)
    )  # fmt: skip
    for row in session.execute(statement):
        day = SETTINGS.day_of(row.due_at)
        after = _moved_to(row, day, today, old, new) if day > today else day
        if after != day:
            moved = row.due_at + (after - day)
            yield MovedTask(row.id, row.plan_id, row.instance_id, row.title, row.name, row.unit or "", row.due_at, moved)


def _moved_to(row: Any, day: date, today: date, old: WorkingCalendar, new: WorkingCalendar) -> date:
    """Working days left stay as many; so many days after the arrival end on the next working day."""
    try:
        rule = parse_deadline(row.deadline_rule)
    except InvalidDeadline:
        return day
    if isinstance(rule, WorkingDays):
        return new.next_working_day(new.add_working_days(today, old.working_days_between(today, day)))
    if isinstance(rule, CalendarDays):
        last = SETTINGS.day_of(row.created_at) + timedelta(days=rule.count)
        return new.next_working_day(last) if old.next_working_day(last) == day else day
    return day


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
