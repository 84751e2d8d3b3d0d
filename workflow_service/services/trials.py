"""What a command to a whole run would do, told before anybody gives it (docs/approval-operations.md).

Each try is refused where the command would be, and writes nothing: what moves tokens moves them in memory (`moves.tried`), what
moves dates is counted by the rules that the command itself uses (`pauses`). The jump's stands beside the jump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from workflow_service.domain.plans import Stage
from workflow_service.store import deadlines, stage_deadlines
from workflow_service.store.plans import AgendaItem, Meeting, Plan
from workflow_service.store.runtime import ProcessInstance, Task, Timer

from . import edge_timers, pauses, stage_clocks, taking_up
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution
from .interventions import stop_at_end, to_control, to_reopen, to_withdraw
from .moves import (
    ComingBack,
    Effect,
    MovedDate,
    StandingClock,
    WaitingTimer,
    former_task,
    names_of_holders,
    target_of,
    tried,
)

UNSAID = "?"
"""Stands for the reason, which is not asked before the effect has been seen."""


def effect_of(session: Session, actor: Actor, instance_id: int, command: str, to: str = "", *, now: datetime) -> Effect:
    """Say what `command` (a key of EFFECTS) would do to a run; `to` is the step at which a finished one is reopened.

    Raises NotFound, Forbidden, Conflict, ReturnNotAllowed as the command would.
    """
    return EFFECTS[command](session, actor, instance_id, to, now)


def _withdraw(session: Session, actor: Actor, instance_id: int, _to: str, now: datetime) -> Effect:
    return _end(session, actor, to_withdraw(session, actor, instance_id, UNSAID), now)


def _terminate(session: Session, actor: Actor, instance_id: int, _to: str, now: datetime) -> Effect:
    return _end(session, actor, to_control(session, actor, instance_id, UNSAID, ("active", "suspended")), now)


def _end(session: Session, actor: Actor, row: ProcessInstance, now: datetime) -> Effect:
    execution = Execution.thaw(session, actor, row, now)
    effect = tried(execution, None, execution.instance.terminate)
    waiting = AgendaItem.instance_id == row.id, AgendaItem.status == "waiting"
    return Effect(effect.ends, (), (), leaves=_agendas(session, *waiting))


def _suspend(session: Session, actor: Actor, instance_id: int, _to: str, now: datetime) -> Effect:
    row = to_control(session, actor, instance_id, UNSAID, ("active",))
    tasks = [one for one in deadlines.open_tasks(session, row.id) if not one.paused_for]
    stands = [StandingClock(one.id, one.name, names_of_holders(session, one), one.due_at) for one in tasks]
    plan = _plan_on_its_way(session, row)
    if plan is not None and plan.due_on is not None and not _others_run(session, plan, row):
        stands.append(StandingClock(None, plan.title, (), SETTINGS.close_of(plan.due_on)))
    if plan is not None and not _others_run(session, plan, row):
        stages = stage_deadlines.open_of(session, plan.id)
        stands += [StandingClock(None, Stage(one.stage).label, (), one.due_at) for one in stages]
    return Effect((), (), (), stands=tuple(stands), timers=_timers(session, row))


def _resume(session: Session, actor: Actor, instance_id: int, _to: str, now: datetime) -> Effect:
    row = to_control(session, actor, instance_id, UNSAID, ("suspended",))
    stood = deadlines.standing_of_instance(session, row.id, pauses.SUSPENDED)
    standing = [(clock, task) for clock, task in stood if task.status == "open"]
    by_hand = deadlines.set_by_hand_at(session, [task.id for _clock, task in standing])
    moved, dues = [], {}
    for clock, task in standing:
        if task.due_at is not None:
            dues[task.id], days = pauses.due_after(session, clock, task, task.due_at, by_hand, now=now)
            moved.append(MovedDate(task.id, task.name, task.due_at, dues[task.id], days))
    edges = edge_timers.of_run(session, row.id)
    later = pauses.timers_after(session, edges, [clock for clock, _task in standing], dues, now=now)
    moves = {timer.id: after for timer, after in later}
    timers = _timers(session, row, until=now, moves=moves)
    return Effect((), (), (), moved=(*moved, *_plan_moves(session, row, now)), timers=timers)


def _plan_moves(session: Session, row: ProcessInstance, now: datetime) -> Iterable[MovedDate]:
    plan = _plan_on_its_way(session, row)
    clock = deadlines.standing_of_plan(session, plan.id) if plan is not None and plan.paused_for == pauses.SUSPENDED else None
    if plan is None or plan.due_on is None or clock is None:
        return
    after, days = pauses.plan_due_after(session, clock, plan, now=now)
    if after is not None:
        yield MovedDate(None, plan.title, SETTINGS.close_of(plan.due_on), after, days)
    standing = deadlines.standing_of_stages(session, plan.id)
    for stage in stage_deadlines.open_of(session, plan.id):
        if stage.stage in standing:
            after, days = stage_clocks.due_after(session, standing[stage.stage], stage, now=now)
            yield MovedDate(None, Stage(stage.stage).label, stage.due_at, after, days)


def _reopen(session: Session, actor: Actor, instance_id: int, to: str, now: datetime) -> Effect:
    row = to_reopen(session, actor, instance_id, UNSAID)
    execution = Execution.thaw(session, actor, row, now)
    if row.status == "terminated":
        return _revive(execution, row)
    stop = stop_at_end(execution, to)
    former, target = former_task(session, row.id, stop.token), target_of(session, row.id, stop)
    effect = tried(execution, None, lambda: execution.instance.reopen(stop.token))
    if former is None or not target.person:
        return effect
    return replace(effect, comes_back=(ComingBack(stop.name, taking_up.goes_to(session, former, now=now)),))


def _revive(execution: Execution, row: ProcessInstance) -> Effect:
    session, found = execution.session, dict[UUID, UUID]()
    effect = tried(execution, None, lambda: found.update(execution.instance.revive()))
    formers = session.scalars(select(Task).where(Task.instance_id == row.id, Task.token.in_(found)).order_by(Task.id)).all()
    back = tuple(taking_up.coming_back(session, one, now=execution.now) for one in formers)
    withdrawn = AgendaItem.instance_id == row.id, AgendaItem.status == "withdrawn", AgendaItem.decided_at == row.ended_at
    again = _agendas(session, *withdrawn, planned=True)
    return Effect((), (), effect.joins, services=effect.services, comes_back=back, rejoins=again)


def _agendas(session: Session, *which: object, planned: bool = False) -> tuple[str, ...]:
    """The meetings on whose agendas items stand; those in the pool, and `planned` those whose meeting is over, are empty."""
    statement = select(AgendaItem, Meeting).outerjoin(Meeting, Meeting.id == AgendaItem.meeting_id).where(*which)  # type: ignore[arg-type]
    rows = session.execute(statement.order_by(AgendaItem.id))
    return tuple(one.title if one is not None and not (planned and one.status != "planned") else "" for _item, one in rows)


def _timers(
    session: Session, row: ProcessInstance, until: datetime | None = None, moves: Mapping[int, datetime] = MappingProxyType({})
) -> tuple[WaitingTimer, ...]:
    """The timers of a run, all of them or those that fall due `until`, once some of them have moved."""
    found = session.scalars(select(Timer).where(Timer.instance_id == row.id).order_by(Timer.due_at, Timer.id))
    dues = [(one, moves.get(one.id, one.due_at)) for one in found]
    return tuple(WaitingTimer(one.name or one.element_id, due) for one, due in dues if until is None or due <= until)


def _plan_on_its_way(session: Session, row: ProcessInstance) -> Plan | None:
    plan = session.get(Plan, row.plan_id) if row.plan_id is not None else None
    return plan if plan is not None and plan.status == "active" and plan.issued_on is None else None


def _others_run(session: Session, plan: Plan, row: ProcessInstance) -> bool:
    """Whether other runs of a plan go on, so that its clock does."""
    others = ProcessInstance.plan_id == plan.id, ProcessInstance.id != row.id, ProcessInstance.status == "active"
    return bool(session.scalar(select(exists().where(*others))))


EFFECTS: Mapping[str, Callable[[Session, Actor, int, str, datetime], Effect]] = {
    "withdraw": _withdraw, "terminate": _terminate, "suspend": _suspend, "resume": _resume, "reopen": _reopen,
}  # fmt: skip
