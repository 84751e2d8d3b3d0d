"""Moves of a whole run: withdraw, terminate, jump, reopen (docs/approval-operations.md). Most are the supervisors'."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.domain.approvals import Choice, ReturnNotAllowed, choice_of
from workflow_service.domain.errors import Conflict, Forbidden
from workflow_service.engine.navigate import Assumed, Stop
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import catalogue_changes, step_rows
from workflow_service.store.ledger_queries import LEAVING
from workflow_service.store.plans import PlanEvent
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, pauses, stage_clocks, taking_up
from .context import Actor
from .execution import Execution, locked_instance, require_status
from .messages import forget_held
from .moves import (
    Effect,
    ReturnTarget,
    ask_again,
    former_task,
    leave_agendas,
    require_words,
    target_of,
    tried,
)


def withdraw_instance(session: Session, actor: Actor, instance_id: int, reason: str, *, now: datetime) -> ProcessInstance:
    """Withdraw what one started (撤件) while nobody else has agreed; raises NotFound, Forbidden, Conflict."""
    row = to_withdraw(session, actor, instance_id, reason)
    return end_instance(session, actor, row, "process-instance.withdraw", "withdrawn", reason, now)


def to_withdraw(session: Session, actor: Actor, instance_id: int, reason: str) -> ProcessInstance:
    """Lock an instance that the actor may withdraw; raises NotFound, Forbidden, Conflict, InvalidInput."""
    row = locked_instance(session, instance_id)
    require_words(reason)
    if actor.user_id is None or row.started_by != actor.user_id:
        raise Forbidden(N_("只有发起人可以撤件。"), action="instance.withdraw")
    require_status(row, ("active", "suspended"))
    if agreed := who_agreed(session, row):
        raise Conflict(N_("“%(task)s”已有人同意，不能撤件；确需终止请联系督办岗位。"), task=agreed.name)
    return row


def who_agreed(session: Session, row: ProcessInstance) -> Task | None:
    """The first task in which somebody but the starter agreed; None while the starter may withdraw."""
    by_another = func.coalesce(Task.acted_for, Task.completed_by) != row.started_by
    done = Task.instance_id == row.id, Task.status == "completed", by_another
    tasks = session.scalars(select(Task).where(*done).order_by(Task.ended_at)).all()
    return next((one for one in tasks if choice_of(one.outcome) is Choice.AGREE), None)


def end_instance(
    session: Session, actor: Actor, row: ProcessInstance, action: str, kind: str, reason: str, now: datetime,
    why: str = N_("流程已终止"),
) -> ProcessInstance:  # fmt: skip
    """End an instance that is locked, for the reason given; its tasks, timers, subscriptions and rounds end with it. `why` is
    what those hear before whom its tasks lie.

    Its state stays as it was, so that it can be taken up again.
    """
    execution, stood = Execution.thaw(session, actor, row, now), row.state
    execution.why_ended = why
    pauses.start_tasks(session, row, now=now)
    row.status = "terminated"
    execution.instance.terminate()
    events.note_instance(session, actor, row.id, kind, now=now, reason=reason)
    execution.settle(action, {"reason": reason})
    row.state = stood
    step_rows.resolve_incidents(session, row.id, actor.user_id, now)
    forget_held(session, row.id)
    return row


def jump(
    session: Session, actor: Actor, instance_id: int, token: UUID, element_id: str, reason: str, *, now: datetime
) -> ProcessInstance:
    """Put one token of an instance on another step (调整环节); supervisors only.

    Raises NotFound, Forbidden, Conflict, InvalidInput.
    """
    execution = _controlled(session, actor, instance_id, reason, now)
    execution.why_ended = N_("督办岗位已调整环节")
    place = execution.instance.place(token)
    assumed = execution.instance.jump(token, element_id)
    data = {"from": place.element_id, "to": element_id, "assumed": [vars(one) for one in assumed]}
    events.note_instance(session, actor, instance_id, "jumped", data, now=now, reason=reason.strip())
    execution.settle("process-instance.jump", data | {"reason": reason})
    leave_agendas(execution)
    return execution.row


def effect_of_jump(
    session: Session, actor: Actor, instance_id: int, token: UUID, element_id: str, *, now: datetime
) -> Effect:
    """Say what a jump would do, without doing it."""
    execution = _controlled(session, actor, instance_id, "?", now)
    found: list[Assumed] = []
    effect = tried(execution, None, lambda: found.extend(execution.instance.jump(token, element_id)))
    return Effect(effect.ends, effect.begins, effect.joins, tuple(found), effect.undone, effect.services)


def _controlled(session: Session, actor: Actor, instance_id: int, reason: str, now: datetime) -> Execution:
    return Execution.thaw(session, actor, to_control(session, actor, instance_id, reason, ("active",)), now)


def to_control(
    session: Session, actor: Actor, instance_id: int, reason: str, statuses: tuple[str, ...]
) -> ProcessInstance:
    """Lock an instance that the actor may control, in one of the states; raises NotFound, Forbidden, Conflict, InvalidInput."""
    row = locked_instance(session, instance_id)
    policy.require(actor, "instance.control", policy.thing_of(row.area_path))
    require_words(reason)
    require_status(row, statuses)
    return row


def reopen_options(session: Session, actor: Actor, row: ProcessInstance, *, now: datetime) -> list[ReturnTarget]:
    """Give the steps at which a finished instance can be taken up again; none for a terminated one, which goes on as it stood."""
    if row.status != "completed" or not row.state:
        return []
    instance = Execution.thaw(session, actor, row, now).instance
    return [target_of(session, row.id, stop) for stop in instance.stops_at_end()]


def reopen_instance(
    session: Session, actor: Actor, instance_id: int, element_id: str, reason: str, *, now: datetime
) -> ProcessInstance:
    """Take up an instance again (重办): a finished one at a step, a terminated one as it stood; supervisors only."""
    row = to_reopen(session, actor, instance_id, reason)
    execution = Execution.thaw(session, actor, row, now)
    terminated, ended_at = row.status == "terminated", row.ended_at
    row.status, row.outcome, row.ended_at = "active", "", None
    moved = execution.instance.revive() if terminated else _reopen_at(execution, element_id)
    events.note_instance(session, actor, row.id, "reopened", {"to": element_id}, now=now, reason=reason.strip())
    execution.take_plan_up_again()
    if terminated and row.plan_id is not None and ended_at is not None:
        stage_clocks.take_up(session, row.plan_id, row.id, ended_at)
    execution.settle("process-instance.reopen", {"to": element_id, "reason": reason})
    if terminated:
        taking_up.reinstate(execution, ended_at, moved)
    return row


def to_reopen(session: Session, actor: Actor, instance_id: int, reason: str) -> ProcessInstance:
    """Lock an instance that is over and can be taken up again; raises NotFound, Forbidden, Conflict, InvalidInput."""
    row = to_control(session, actor, instance_id, reason, ("completed", "terminated"))
    _require_plan_open(session, row)
    _require_change_open(session, row)
    if not row.state:
        raise Conflict(N_("这个流程办结于保留现场之前，不能重办；请另行发起。"))
    return row


def _require_plan_open(session: Session, row: ProcessInstance) -> None:
    """Nothing goes on for a plan that left the catalogue by an approved change: its successors have routes of their own."""
    closed = PlanEvent.plan_id == row.plan_id, PlanEvent.kind.in_(LEAVING), PlanEvent.data.has_key("change")
    if row.plan_id is not None and session.scalars(select(PlanEvent.id).where(*closed).limit(1)).first() is not None:
        raise Conflict(N_("规划已从目录中调出，其流程不能重办。"))


def _require_change_open(session: Session, row: ProcessInstance) -> None:
    """A change of the catalogue that was decided is proposed anew; one that was dropped goes on unless another took its place."""
    change = catalogue_changes.of_run(session, row.id)
    if change is None:
        return
    if change.status != catalogue_changes.OPEN:
        raise Conflict(N_("这项目录调整已经办结，不能重办；请另行提出。"))
    if catalogue_changes.open_of_plans(session, change.touched, but=change.id) is not None:
        raise Conflict(N_("所涉规划已有另一项目录调整在办，不能重办。"))


def stop_at_end(execution: Execution, element_id: str) -> Stop:
    """The step at which a finished instance is taken up; raises ReturnNotAllowed."""
    stop = next((one for one in execution.instance.stops_at_end() if one.element_id == element_id), None)
    if stop is None:
        raise ReturnNotAllowed(target=element_id)
    return stop


def _reopen_at(execution: Execution, element_id: str) -> dict[UUID, UUID]:
    stop = stop_at_end(execution, element_id)
    ask_again(execution, stop, former_task(execution.session, execution.row.id, stop.token))
    execution.instance.reopen(stop.token)
    return {}
