"""Timers at the edge of an activity (boundary events) go with the clocks of its tasks (docs/domain.md §3.3).

A diagram writes a limit at a task for whom it lies before, and once more at its edge for what follows when it is over. Both must
name one moment, else somebody is counted as silent while his task still has time. A timer that is due with its task (where the
task is asked of several: with the last of them) therefore follows the task wherever it goes. Any other that counts days or hours
moves with the time that the task is given, or that it stood; a date that was ordered stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import (
    CalendarDays,
    DeadlineClock,
    Elapsed,
    InvalidDeadline,
    WorkingDays,
    parse_deadline,
)
from workflow_service.store.runtime import ProcessInstance, Task, Timer

from .calendars import SETTINGS, working_calendar
from .programs import program_of


@dataclass(frozen=True)
class Edge:
    """A timer at an activity's edge with the open tasks of the activity, and their due moments as they were when it was read."""

    timer: Timer
    tasks: frozenset[int]
    dues: Mapping[int, datetime]
    arrived: datetime | None

    @property
    def follows(self) -> bool:
        """Whether the timer is due with the last of its tasks."""
        return bool(self.dues) and self.timer.due_at == max(self.dues.values())

    def last(self, moved: Mapping[int, datetime]) -> datetime:
        """When the last of the tasks is due once those have moved."""
        return max(moved.get(task_id, due) for task_id, due in self.dues.items())


def edges(session: Session, *which: ColumnElement[bool]) -> list[Edge]:
    """Give the timers at edges that meet the conditions (on `Timer` and `ProcessInstance`), the first due first."""
    timers = select(Timer, ProcessInstance.definition_id).join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
    found = session.execute(timers.where(*which).order_by(Timer.due_at, Timer.id)).all()
    hosts = _hosts(session, *which) if found else {}
    made = []
    for timer, definition_id in found:
        element = program_of(session, definition_id).program.element(timer.process_key, timer.element_id)
        if host := element.get("attached_to"):
            tasks = hosts.get((timer.instance_id, timer.process_key, host), [])
            dues = {one.id: one.due_at for one in tasks if one.due_at is not None}
            arrived = min((one.created_at for one in tasks), default=None)
            made.append(Edge(timer, frozenset(one.id for one in tasks), dues, arrived))
    return made


def of_run(session: Session, instance_id: int) -> list[Edge]:
    """Give the timers at edges of one run."""
    return edges(session, Timer.instance_id == instance_id)


def follow(session: Session, task: Task, before: datetime | None, after: datetime | None) -> None:
    """Let a task's time-out and the timers at its edge go with its due moment, which was set anew from `before` to `after`.

    Called before the row has `after`. A task without a due moment, before or after, has nothing that goes with it.
    """
    if before is None or after is None:
        return
    if task.timeout_at is not None:
        task.timeout_at = _given(session, task.timeout_at, before, after)
    for edge in of_run(session, task.instance_id):
        if task.id not in edge.dues:
            continue
        last = edge.last({task.id: after})
        if edge.follows or counts(edge.timer.rule):
            edge.timer.due_at = _given(session, edge.timer.due_at, edge.last({}), last)


def after_pause(
    session: Session, found: list[Edge], dues: Mapping[int, datetime], since: datetime, now: datetime
) -> Iterator[tuple[Timer, datetime]]:
    """Tell where the timers of a run that stood `since` move to when it goes on, and its tasks are due at `dues`.

    One that stands for its own tasks moves once these go on.
    """
    for edge in found:
        timer = edge.timer
        if timer.stood_since is not None:
            continue
        if edge.follows:
            yield timer, edge.last(dues)
        elif counts(timer.rule) and timer.due_at > since:
            clock = DeadlineClock(timer.due_at, since, isinstance(parse_deadline(timer.rule), Elapsed))
            yield timer, clock.resume(now, working_calendar(session), SETTINGS).due_at


def stand(session: Session, task: Task, standing: Collection[int], *, now: datetime) -> None:
    """Let the timers at the edge of a task's activity stand once all its tasks do (`standing`, by id)."""
    for edge in of_run(session, task.instance_id):
        if task.id in edge.tasks and edge.tasks <= set(standing) and edge.timer.stood_since is None:
            edge.timer.stood_since = now


def go_on(session: Session, task: Task, edges_before: Sequence[Edge], *, now: datetime) -> None:
    """The clock of a task runs again, and with it the timers at its edge: with the last of the tasks, or later by the time
    that they stood. `edges_before` were read before the task's due moment moved.
    """
    for edge in edges_before:
        timer = edge.timer
        if task.id not in edge.tasks:
            continue
        since, timer.stood_since = timer.stood_since, None
        moved = {task.id: task.due_at} if task.due_at is not None else {}
        if edge.follows:
            timer.due_at = edge.last(moved)
        elif since is not None and counts(timer.rule) and timer.due_at > since:
            clock = DeadlineClock(timer.due_at, since, isinstance(parse_deadline(timer.rule), Elapsed))
            timer.due_at = clock.resume(now, working_calendar(session), SETTINGS).due_at


def counts(rule: str) -> bool:
    """Whether a timer counts days or hours from its arrival; an ordered date and a cycle do not."""
    try:
        return isinstance(parse_deadline(rule), WorkingDays | CalendarDays | Elapsed)
    except InvalidDeadline:
        return False


def _hosts(session: Session, *which: ColumnElement[bool]) -> dict[tuple[int, str, str], list[Any]]:
    """The open tasks of the runs of those timers, by place; what others are asked on a task's behalf is no host."""
    runs = select(Timer.instance_id).join(ProcessInstance, ProcessInstance.id == Timer.instance_id).where(*which)
    statement = select(
        Task.id, Task.instance_id, Task.process_key, Task.element_id, Task.due_at, Task.created_at
    ).where(Task.status == "open", Task.round_id.is_(None), Task.instance_id.in_(runs))
    places: dict[tuple[int, str, str], list[Any]] = {}
    for row in session.execute(statement):
        places.setdefault((row.instance_id, row.process_key, row.element_id), []).append(row)
    return places


def _given(session: Session, moment: datetime, before: datetime, after: datetime) -> datetime:
    """Where a clock goes when its task's due moment goes: along with it, or on by the working days that the task is given."""
    if moment == before:
        return after
    calendar = working_calendar(session)
    days = calendar.working_days_between(SETTINGS.day_of(before), SETTINGS.day_of(after))
    if days <= 0:
        return moment
    day = calendar.add_working_days(SETTINGS.day_of(moment), days)
    return moment.astimezone(SETTINGS.zone).replace(year=day.year, month=day.month, day=day.day)
