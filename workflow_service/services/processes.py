"""Process instances: start, fire timers, retry incidents, end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, undefer

from workflow_service import signals
from workflow_service.domain.errors import NotFound
from workflow_service.engine.run import Instance
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import deadlines, step_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.instance_view import participants_of
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Incident, ProcessInstance, Task, TaskHolder, Timer

from . import audit, circulations, clock_failures, due_dates, events, pauses, recipients, stage_clocks
from .context import Actor
from .execution import Execution, locked_instance, require_status
from .interventions import end_instance, to_control
from .messages import broadcast_signal, deliver_held, deliver_message
from .programs import latest_definition, program_of

__all__ = [
    "broadcast_signal", "deliver_message", "fire_timer", "locked_instance", "resume_instance", "retry_incident", "start_process",
    "suspend_instance", "terminate_instance", "variables_of", "visible_instance",
]  # fmt: skip


def start_process(
    session: Session, actor: Actor, key: str, *, variables: Mapping[str, Any], business_key: str = "",
    plan_id: int | None = None, area_path: str = "", now: datetime,
) -> ProcessInstance:  # fmt: skip
    """Start the newest version of a process and run it until it waits; raises NotFound for an unknown key."""
    loaded = program_of(session, latest_definition(session, key).id)
    plan = session.get(Plan, plan_id) if plan_id is not None else None
    row = ProcessInstance(
        definition_id=loaded.definition_id, definition_key=key, business_key=business_key, plan_id=plan_id,
        area_path=plan.area_path if plan else area_path, started_at=now, started_by=actor.user_id, state=b"",
        status="active", outcome="", revision=0, activity_seq=0, audit_seq=0, audit_head=b"",
    )  # fmt: skip
    session.add(row)
    session.flush()
    instance = Instance.start(loaded.program, dict(variables), business_key, now)
    execution = Execution(session, actor, row, loaded, instance, now)
    execution.begins = True
    if plan is not None:
        stage_clocks.begin(execution, plan)
    started = {"definition": key, "version": loaded.version, "variables": dict(variables)}
    execution.settle("process-instance.start", started)
    send_after_commit(session, signals.instance_started, instance_id=row.id, definition_key=key)
    return row


def visible_instance(session: Session, actor: Actor, instance_id: int) -> ProcessInstance:
    """Give an instance that the actor may see: of his area, or one in which he is asked or had a part.

    Raises NotFound, Forbidden.
    """
    row = session.get(ProcessInstance, instance_id)
    if row is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程实例。"), id=instance_id)
    if not policy.may(actor, "instance.see", policy.thing_of(row.area_path, participants=(row.started_by,))):
        holders, participants = participants_of(session, instance_id)
        thing = policy.thing_of(
            row.area_path, holders=holders, participants=participants, process=row.definition_key
        )
        policy.require(actor, "instance.see", thing)
    return row


def variables_of(session: Session, row: ProcessInstance, *, now: datetime) -> dict[str, Any]:
    """Give the variables at the top of an instance, empty once it has ended. Rights are the caller's."""
    if row.status not in ("active", "suspended"):
        return {}
    loaded = program_of(session, row.definition_id)
    return Instance.thaw(loaded.program, row.state, row.business_key, now).variables


def variables_at(session: Session, row: ProcessInstance, token: UUID, *, now: datetime) -> dict[str, Any]:
    """Give what a waiting element sees, in a called process too; empty once the instance has ended. Rights are the caller's."""
    if row.status not in ("active", "suspended"):
        return {}
    loaded = program_of(session, row.definition_id)
    return Instance.thaw(loaded.program, row.state, row.business_key, now).variables_at(token)


_LOCKED_TIMER = (
    select(ProcessInstance, Timer)
    .join(Timer, Timer.instance_id == ProcessInstance.id)
    .where(Timer.id == bindparam("timer_id"))
    .with_for_update(of=[ProcessInstance, Timer])
    .options(undefer(ProcessInstance.state))
    .execution_options(populate_existing=True)
)
"""The instance is locked first; the timer too, because only a locked row is read anew after waiting."""


def fire_timer(session: Session, timer_id: int, *, now: datetime) -> bool:
    """Fire one timer that fell due; False when it is gone or its instance does not run any more."""
    found = session.execute(_LOCKED_TIMER, {"timer_id": timer_id}).one_or_none()
    if found is None:
        return False
    row, timer = found
    if row.status != "active" or timer.due_at > now or timer.stood_since is not None:
        return False
    execution = Execution.thaw(session, Actor.system("scheduler"), row, now)
    remaining = timer.remaining - 1 if timer.remaining else None
    element_id, token = timer.element_id, timer.token
    if timer.failures:
        timer.failures, timer.retry_at = 0, None
        step_rows.settle_incidents(session, row.id, [token], None, now)
    execution.instance.fire(token, remaining=remaining)
    execution.settle("timer.fire", {"element": element_id})
    return True


def retry_incident(session: Session, actor: Actor, incident_id: int, *, now: datetime) -> None:
    """Let the element of an open incident try again; what fails again becomes a new incident."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(N_("没有编号为 %(id)s 的未处理事件。"), id=incident_id)
    row = locked_instance(session, incident.instance_id)
    policy.require(actor, "instance.manage", policy.thing_of(row.area_path))
    session.refresh(incident)
    if incident.resolved_at is not None:
        raise NotFound(N_("没有编号为 %(id)s 的未处理事件。"), id=incident_id)
    if incident.kind in clock_failures.KINDS:
        return clock_failures.try_again(session, actor, row, incident, now=now)
    if incident.kind == "message" and incident.data is not None:
        return _send_again(session, actor, row, incident, now)
    require_status(row, ("active",))
    execution = Execution.thaw(session, actor, row, now)
    incident.resolved_at, incident.resolved_by = now, actor.user_id
    if incident.token is not None:
        execution.instance.retry(incident.token)
    execution.settle("incident.retry", {"incident": incident_id})
    return None


def _send_again(
    session: Session, actor: Actor, row: ProcessInstance, incident: Incident, now: datetime
) -> None:
    """Deliver the message that nobody took; raises NotFound, and leaves the incident, while still nobody waits for it."""
    message = incident.data or {}
    incident.resolved_at, incident.resolved_by = now, actor.user_id
    deliver_message(session, actor, message["name"], message["key"], message["payload"], now=now)
    audit.record(
        session, actor, "incident.retry", f"process-instance:{row.id}", {"incident": incident.id}, now=now, instance=row
    )


def terminate_instance(
    session: Session, actor: Actor, instance_id: int, reason: str, *, now: datetime
) -> ProcessInstance:
    """End an instance now, with a reason (终止); its tasks, timers and subscriptions end with it. Supervisors only."""
    row = to_control(session, actor, instance_id, reason, ("active", "suspended"))
    return end_instance(session, actor, row, "process-instance.terminate", "terminated", reason, now)


def suspend_instance(
    session: Session, actor: Actor, instance_id: int, reason: str, *, now: datetime
) -> ProcessInstance:
    """Stop an instance for a while: nothing in it can be done, its clocks stand, timers and messages wait until it goes on."""
    return _switch(session, actor, instance_id, "active", "suspended", reason, now)


def resume_instance(
    session: Session, actor: Actor, instance_id: int, reason: str, *, now: datetime
) -> ProcessInstance:
    """Let a suspended instance go on: what was sent to it meanwhile arrives, timers that fell due fire with the next look."""
    row = _switch(session, actor, instance_id, "suspended", "active", reason, now)
    deliver_held(session, actor, instance_id, now=now)
    return row


def _switch(
    session: Session, actor: Actor, instance_id: int, before: str, after: str, reason: str, now: datetime
) -> ProcessInstance:
    row = to_control(session, actor, instance_id, reason, (before,))
    row.status = after
    if after == "suspended":
        pauses.stop_tasks(session, actor, row, reason, now=now)
    else:
        pauses.start_tasks(session, row, pauses.SUSPENDED, now=now)
    command = "suspend" if after == "suspended" else "resume"
    events.note_instance(session, actor, row.id, command, now=now, reason=reason.strip())
    execution = Execution.thaw(session, actor, row, now)
    if after == "active":
        due_dates.renew(execution, deadlines.open_tasks(session, row.id))
    execution.settle(f"process-instance.{command}", {"reason": reason})
    _tell_switched(session, actor, row, after, reason, now)
    return row


def _tell_switched(session: Session, actor: Actor, row: ProcessInstance, after: str, reason: str, now: datetime) -> None:
    """Those before whom open tasks lie hear that nothing can be done for a while, or that it goes on."""
    stands = after == "suspended"
    kind, text = ("suspended", N_("流程已暂停：%(title)s")) if stands else ("resumed", N_("流程已恢复：%(title)s"))
    title = circulations.title_of(session, row)
    asked = select(TaskHolder.holder).join(Task, Task.id == TaskHolder.task_id)
    holders = session.scalars(asked.where(Task.instance_id == row.id, Task.status == "open").distinct()).all()
    recipients.tell(
        session, actor, holders, kind, text, {"title": title}, f"{kind}:{row.id}:{row.revision}", now=now, note=reason.strip(),
        link=f"/instances/{row.id}",
    )  # fmt: skip


def due_timers(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """Give the ids of timers that are due and whose instance runs, oldest first: none that stands, or waits for its next try."""
    statement = (
        select(Timer.id)
        .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
        .where(Timer.due_at <= now, ProcessInstance.status == "active", Timer.stood_since.is_(None))
        .where(clock_failures.may_try(Timer.retry_at, now))
        .order_by(Timer.due_at, Timer.id)
        .limit(limit)
    )
    return list(session.scalars(statement))
