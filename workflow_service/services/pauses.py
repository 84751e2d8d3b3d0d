"""Clocks that stand still: plans that wait for a meeting or an answer, suspended instances (docs/domain.md §3.3).

Called by every step in its own transaction, so that a plan is never counted as late for a day that was nobody's. A clock that
runs again has its due moment moved by the working days that passed; the row of the pause keeps both moments.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineClock, InvalidDeadline, parse_deadline
from workflow_service.store import deadlines, round_list
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import ProcessInstance, Task, Timer

from . import edge_timers, stage_clocks
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .edge_timers import Edge
from .programs import program_of

SUSPENDED, BY_HAND, ANSWER = "suspended", "by_hand", "answer"


def settle_plan(session: Session, actor: Actor, plan: Plan, instance: ProcessInstance, *, now: datetime) -> None:
    """Stop the plan's clock if nobody has anything to do but to wait, let it run again if somebody has.

    Only the clock of a plan on its way counts: one in the catalogue that is not yet issued.
    """
    if _why(session, plan) == plan.paused_for:
        return
    session.flush()
    session.refresh(plan, with_for_update={"of": Plan})
    why = _why(session, plan)  # once more: another run of the same plan may have moved before the lock was ours
    if why == plan.paused_for:
        return
    if plan.paused_for:
        _start_plan(session, actor, plan, instance, now)
        stage_clocks.start(session, plan, now=now)
    if why:
        stage_clocks.stop(session, actor, plan, why, now=now)
        row = DeadlineChange(
            plan_id=plan.id, instance_id=instance.id, kind=why, started_at=now, due_before=_close(plan), stage="",
            working_days=0, reason="", actor_id=actor.user_id,
        )  # fmt: skip
        session.add(row)
    plan.paused_for = why
    session.flush()


def stop_tasks(session: Session, actor: Actor, instance: ProcessInstance, reason: str, *, now: datetime) -> None:
    """Stop the clocks of a suspended instance's open tasks; one that stands already goes on standing for its own reason."""
    for task in deadlines.open_tasks(session, instance.id):
        if not task.paused_for:
            _stop(session, actor, task, SUSPENDED, reason, now)
    session.flush()


def start_tasks(session: Session, instance: ProcessInstance, *kinds: str, now: datetime) -> None:
    """Let the clocks of an instance's tasks run again that stand for these reasons (none: for any).

    Tasks that are over by now keep the due moment that they had. A due moment that was set by hand while the clock stood moves
    by the working days since then: who set it knew of those before.
    """
    standing = deadlines.standing_of_instance(session, instance.id, *kinds)
    edges = edge_timers.of_run(session, instance.id) if standing else []
    _start(session, instance, standing, now)
    dues = {task.id: task.due_at for _row, task in standing if task.due_at is not None}
    for timer, moved_to in timers_after(session, edges, [row for row, _task in standing], dues, now=now):
        timer.due_at = moved_to
    session.flush()


def stop_returned(session: Session, actor: Actor, instance: ProcessInstance, task: Task, reason: str, *, now: datetime) -> None:
    """Stop the clock of a task that went straight back to an earlier handler, and the plan's, if nothing else is to be done."""
    if not task.paused_for:
        _stop(session, actor, task, ANSWER, reason, now)
    session.flush()
    standing = [one.id for one in deadlines.open_tasks(session, instance.id) if one.paused_for]
    edge_timers.stand(session, task, standing, now=now)
    settle_plan_of(session, actor, instance, now=now)


def start_returned(session: Session, actor: Actor, instance: ProcessInstance, task: Task, *, now: datetime) -> None:
    """What went straight back has come back: the task's clock runs again, with the timers at its edge, and the plan's."""
    row = deadlines.standing_of_task(session, task.id)
    if row is not None and row.kind == ANSWER:
        edges = edge_timers.of_run(session, instance.id)
        _start(session, instance, [(row, task)], now)
        edge_timers.go_on(session, task, edges, now=now)
        session.flush()
    settle_plan_of(session, actor, instance, now=now)


def settle_plan_of(session: Session, actor: Actor, instance: ProcessInstance, *, now: datetime) -> None:
    """The same for the plan that a run carries, if any: where what others were asked on a task's behalf ends, or begins."""
    plan = session.get(Plan, instance.plan_id) if instance.plan_id is not None else None
    if plan is not None:
        settle_plan(session, actor, plan, instance, now=now)


def _stop(session: Session, actor: Actor, task: Task, kind: str, reason: str, now: datetime) -> None:
    task.paused_for = kind
    row = DeadlineChange(
        plan_id=task.plan_id, instance_id=task.instance_id, task_id=task.id, kind=kind, started_at=now,
        due_before=task.due_at, stage="", working_days=0, reason=reason, actor_id=actor.user_id,
    )  # fmt: skip
    session.add(row)


def _start(session: Session, instance: ProcessInstance, standing: Sequence[tuple[DeadlineChange, Task]], now: datetime) -> None:
    by_hand = deadlines.set_by_hand_at(session, [task.id for _row, task in standing]) if standing else {}
    for row, task in standing:
        row.ended_at, task.paused_for = now, ""
        row.due_before = task.due_at  # it may have been set by hand meanwhile
        waits = task.held or (task.rounds > 0 and round_list.does_wait(session, task.id))
        if not waits:  # else it moves when the others have acted
            move_timeout(session, instance, task, row.started_at, now)
        if task.status == "open" and task.due_at is not None:
            task.due_at, row.working_days = due_after(session, row, task, task.due_at, by_hand, now=now)
            deadlines.move_holders(session, task)
        row.due_after = task.due_at
    session.flush()


def timers_after(
    session: Session, edges: list[Edge], standing: Sequence[DeadlineChange], dues: Mapping[int, datetime], *, now: datetime
) -> list[tuple[Timer, datetime]]:
    """Where the timers at the edges of a run's activities move to when its clocks, `standing`, run again: as its tasks do."""
    since = min((row.started_at for row in standing), default=now)
    return list(edge_timers.after_pause(session, edges, dues, since, now))


def due_after(
    session: Session, row: DeadlineChange, task: Task, due_at: datetime, by_hand: Mapping[int, datetime], *, now: datetime
) -> tuple[datetime, int]:
    """Where a task's due moment moves to when its clock, standing by `row`, runs again, and by how many working days."""
    since = max(row.started_at, by_hand.get(task.id, row.started_at))
    clock = DeadlineClock(due_at, since, _counts_hours(task))
    return clock.resume(now, working_calendar(session), SETTINGS).due_at, _days(session, since, now)


def plan_due_after(session: Session, row: DeadlineChange, plan: Plan, *, now: datetime) -> tuple[datetime | None, int]:
    """Where a plan's due moment moves to when its clock, standing by `row`, runs again, and by how many working days."""
    since = deadlines.moved_by_people_at(session, plan.id, "", row.started_at) or row.started_at
    days = _days(session, since, now)
    if plan.due_on is None or not days or plan.issued_on is not None:
        return _close(plan), days
    clock = DeadlineClock(SETTINGS.close_of(plan.due_on), since)
    return clock.resume(now, working_calendar(session), SETTINGS).due_at, days


def move_timeout(session: Session, instance: ProcessInstance, task: Task, stood_since: datetime, now: datetime) -> None:
    """Give a task back the time in which nobody could do it before its time-out."""
    if task.status != "open" or task.timeout_at is None or task.round_id is not None:
        return
    element = program_of(session, instance.definition_id).program.element(task.process_key, task.element_id)
    clock = DeadlineClock(task.timeout_at, stood_since, _is_elapsed(element.get("attrs", {}).get("timeout") or ""))
    task.timeout_at = clock.resume(now, working_calendar(session), SETTINGS).due_at


def note_by_hand(
    session: Session, actor: Actor, task: Task, before: datetime | None, reason: str, *, now: datetime
) -> None:
    """Keep why a person set a task's due moment anew."""
    note_change(session, actor, task, BY_HAND, before, task.due_at, reason, now=now)


def note_change(
    session: Session, actor: Actor, task: Task, kind: str, before: datetime | None, after: datetime | None, reason: str, *,
    now: datetime,
) -> None:  # fmt: skip
    """Keep what a person did about a task's due moment: set it, asked for a later one (`after`), granted or refused it."""
    row = DeadlineChange(
        plan_id=task.plan_id, instance_id=task.instance_id, task_id=task.id, kind=kind, started_at=now, ended_at=now,
        due_before=before, due_after=after, stage="", working_days=0, reason=reason, actor_id=actor.user_id,
    )  # fmt: skip
    session.add(row)


def _why(session: Session, plan: Plan) -> str:
    on_its_way = plan.status == "active" and plan.issued_on is None
    return deadlines.why_plan_stands(session, plan.id) if on_its_way else ""


def _start_plan(session: Session, actor: Actor, plan: Plan, instance: ProcessInstance, now: datetime) -> None:
    """Let the plan's clock run again: its date moves, and its history says from when to when and why."""
    row = deadlines.standing_of_plan(session, plan.id)
    if row is None:
        return
    row.ended_at, row.due_before = now, _close(plan)  # it may have been set by hand meanwhile
    row.due_after, row.working_days = plan_due_after(session, row, plan, now=now)
    if plan.due_on is not None and row.due_after is not None and row.working_days and plan.issued_on is None:
        before, plan.due_on = plan.due_on, SETTINGS.day_of(row.due_after)
        data = {
            "from": before.isoformat(), "to": plan.due_on.isoformat(), "paused_for": row.kind,
            "working_days": row.working_days,
        }  # fmt: skip
        event = PlanEvent(
            plan_id=plan.id, at=now, kind="re_dated", data=data, instance_id=instance.id, actor_id=actor.user_id
        )
        session.add(event)


def _days(session: Session, since: datetime, now: datetime) -> int:
    calendar = working_calendar(session)
    return calendar.working_days_between(SETTINGS.day_of(since), SETTINGS.day_of(now))


def _close(plan: Plan) -> datetime | None:
    return SETTINGS.close_of(plan.due_on) if plan.due_on is not None else None


def _counts_hours(task: Task) -> bool:
    return _is_elapsed(task.deadline_rule)


def _is_elapsed(rule: str) -> bool:
    try:
        return parse_deadline(rule).elapsed
    except InvalidDeadline:
        return False
