"""Moves against the flow: return, retrieve, withdraw, jump, reopen (docs/approval-operations.md).

Each can be tried first: `Effect` says which open tasks would end and with whom, what would begin, and what joins would wait
for. The try thaws the instance, moves its tokens in memory and forgets it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.domain.approvals import (
    Choice,
    Resubmission,
    ReturnNotAllowed,
    choice_of,
    return_targets,
)
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.engine.facts import JoinWait, Step
from workflow_service.engine.navigate import TASK, Assumed, Stop
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import step_rows
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, pauses, recipients, rounds, taking_up
from .context import Actor
from .execution import AskedAgain, Execution, locked_instance, require_status
from .messages import forget_held
from .recipients import Asked
from .rounds import RoundAsked
from .task_access import (
    changed,
    holders_of,
    lock_task,
    note_for_whom,
    refuse_if_taken,
    require_holder,
)
from .topics import LASTING

LONGEST_REASON = 2000
MOST_POINTS = 30
RETURNED = "returned"


@dataclass(frozen=True)
class EndingTask:
    """An open task that an operation would end, and before whom it lies."""

    task_id: int
    name: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What an operation would do: tasks that end, elements that begin (by name), joins that then wait, branches that count as
    done (`assumed`), steps that were finished and would be asked again (`undone`), and services that would run.
    """

    ends: tuple[EndingTask, ...]
    begins: tuple[str, ...]
    joins: tuple[JoinWait, ...]
    assumed: tuple[Assumed, ...] = ()
    undone: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReturnTarget:
    """A step that a task may be returned to; `person` did it at `ended_at`. `kind` as of `Stop`."""

    element_id: str
    name: str
    kind: str
    person: str
    ended_at: datetime | None


@dataclass(frozen=True)
class ReturnAsked:
    """A return: to the step `to` (an element id), why, and in `points` everything that is to be put right, at once (一次性补正).

    `resubmission` says what the step does when it is handed in again; None leaves it to the diagram.
    """

    to: str
    reason: str
    points: Sequence[str] = ()
    resubmission: Resubmission | None = None


def return_options(session: Session, actor: Actor, task: Task, row: ProcessInstance, *, now: datetime) -> list[ReturnTarget]:
    """Give the steps that a task may be returned to, nearest first; empty for tasks that move no token."""
    if task.status != "open" or task.round_id is not None or row.status != "active":
        return []
    execution = Execution.thaw(session, actor, row, now)
    return [_target(session, row.id, stop) for stop in _allowed(execution, task)]


def resubmissions(session: Session, actor: Actor, task: Task, row: ProcessInstance, *, now: datetime) -> list[Resubmission]:
    """Give the ways of handing in again that the handler may choose from; one where the designer has chosen."""
    said = str(_attributes(Execution.thaw(session, actor, row, now), task).get("resubmit") or "")
    return list(Resubmission) if said == "choose" else [Resubmission(said or "again")]


def _attributes(execution: Execution, task: Task) -> dict[str, Any]:
    found: dict[str, Any] = execution.loaded.program.element(task.process_key, task.element_id).get("attrs", {})
    return found


def _allowed(execution: Execution, task: Task) -> list[Stop]:
    stops = execution.instance.stops(task.token)
    declared = (_attributes(execution, task).get("returnTargets") or "").split() or None
    if declared == ["*"]:
        return [stop for stop in stops if stop.element_id != task.element_id]
    travelled = [stop.element_id for stop in reversed(stops)]
    allowed = return_targets(travelled, task.element_id, declared)
    return [next(stop for stop in stops if stop.element_id == one) for one in allowed]


def _target(session: Session, instance_id: int, stop: Stop) -> ReturnTarget:
    done = _former(session, instance_id, stop.token)
    person = recipients.name_of(session, f"u:{done.completed_by}") if done is not None and done.completed_by else ""
    return ReturnTarget(stop.element_id, stop.name, stop.kind, person, done.ended_at if done is not None else None)


def _former(session: Session, instance_id: int, token: UUID) -> Task | None:
    return session.scalars(select(Task).where(Task.instance_id == instance_id, Task.token == token)).one_or_none()


def return_task(
    session: Session, actor: Actor, task_id: int, asked: ReturnAsked, *, now: datetime, expected: int | None = None
) -> Task:
    """Return a task to an earlier step, with a reason; raises NotFound, Forbidden, Conflict, InvalidInput, ReturnNotAllowed."""
    row, task, actor = _ready(session, actor, task_id, expected)
    require_words(asked.reason, asked.points)
    execution = Execution.thaw(session, actor, row, now)
    stop = _stop(execution, task, asked.to)
    if _resubmission(execution, task, asked, stop) is Resubmission.DIRECT:
        return _return_beside(session, actor, row, task, stop, asked, now)
    return _return_through(execution, task, stop, asked)


def effect_of_return(session: Session, actor: Actor, task_id: int, asked: ReturnAsked, *, now: datetime) -> Effect:
    """Say what a return would do, without doing it."""
    row, task, actor = _ready(session, actor, task_id, None)
    execution = Execution.thaw(session, actor, row, now)
    stop = _stop(execution, task, asked.to)
    if _resubmission(execution, task, asked, stop) is Resubmission.DIRECT:
        return Effect((), (stop.name,), tuple(execution.instance.joins()))
    return _tried(execution, task, lambda: execution.instance.go_back(task.token, stop.token), stop.token)


def _ready(
    session: Session, actor: Actor, task_id: int, expected: int | None
) -> tuple[ProcessInstance, Task, Actor]:
    row, task = lock_task(session, task_id, expected)
    require_status(row, ("active",))
    actor = require_holder(session, actor, task, "task.return")
    refuse_if_taken(session, actor, task)
    if task.round_id is not None:
        raise Conflict(N_("这是受他人之请办理的任务，请办理或转办，不能退回流程。"))
    return row, task, actor


def require_words(reason: str, points: Sequence[str] = ()) -> None:
    """Refuse a missing reason and what is too long; raises InvalidInput."""
    if not reason.strip():
        raise InvalidInput(N_("请写明理由。"))
    if len(reason) > LONGEST_REASON or len(points) > MOST_POINTS or any(len(one) > LONGEST_REASON for one in points):
        raise InvalidInput(N_("理由和补正事项不能超过 2000 字、30 项。"))


def _stop(execution: Execution, task: Task, to: str) -> Stop:
    found = next((stop for stop in _allowed(execution, task) if stop.element_id == to), None)
    if found is None:
        raise ReturnNotAllowed(target=to)
    return found


def _resubmission(execution: Execution, task: Task, asked: ReturnAsked, stop: Stop) -> Resubmission:
    said = str(_attributes(execution, task).get("resubmit") or "again")
    chosen = asked.resubmission
    if said != "choose":
        if chosen is not None and chosen.value != said:
            raise InvalidInput(N_("这一环节退回后如何再提交由流程规定，不能另选。"))
        chosen = Resubmission(said)
    if chosen is Resubmission.DIRECT and stop.kind != TASK:
        raise InvalidInput(N_("会签、子流程要重新办理，不能直接送回退回人。"))
    return chosen or Resubmission.AGAIN


def _return_through(execution: Execution, task: Task, stop: Stop, asked: ReturnAsked) -> Task:
    """Undo what came of the step and put it before who did it, with what he had handed in."""
    session, actor, now = execution.session, execution.actor, execution.now
    former = _former(session, task.instance_id, stop.token)
    _ask_again(execution, stop, former)
    values = {"outcome": RETURNED, "opinion": asked.reason.strip(), "points": list(asked.points), "to": stop.element_id}
    note_for_whom(session, actor, task)
    execution.hand_in(step_rows.Completion(task.id, actor.user_id, actor.unit_id, values), task.token)
    execution.why_ended = N_("流程已退回前面的环节")
    events.note(session, actor, task, RETURNED, _words(stop, asked), now=now, reason=asked.reason.strip())
    execution.instance.go_back(task.token, stop.token)
    execution.settle("task.return", {"task": task.id, "to": stop.element_id, "values": values})
    _leave_agendas(execution)
    rounds.end_open(session, actor, task, now=now)
    if former is not None and former.responsible is not None:
        _tell_returned(execution, task, former.responsible, asked.reason)
    session.refresh(task)
    return task


def _words(stop: Stop, asked: ReturnAsked) -> dict[str, Any]:
    return {"to": stop.element_id, "name": stop.name, "points": list(asked.points)}


def _ask_again(execution: Execution, stop: Stop, former: Task | None) -> None:
    if stop.kind == TASK and former is not None:
        again = AskedAgain(former.responsible, dict(former.submission or {}))
        execution.asked_again[stop.process_key, stop.element_id] = again


def _tell_returned(execution: Execution, task: Task, user_id: int, reason: str) -> None:
    values = {"by": execution.actor.name, "task": task.name, "title": task.title}
    recipients.tell(
        execution.session, execution.actor, [f"u:{user_id}"], RETURNED, N_("%(by)s退回：%(task)s（%(title)s）"), values,
        f"returned:{task.id}:{task.revision}", now=execution.now, note=reason.strip(), link=f"/instances/{task.instance_id}",
    )  # fmt: skip


def _return_beside(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, stop: Stop, asked: ReturnAsked, now: datetime
) -> Task:
    """Ask the earlier step's handler beside the flow: nothing else ends, and what he hands in comes straight back."""
    former = _former(session, task.instance_id, stop.token)
    if former is None or former.responsible is None:
        raise Conflict(N_("找不到那一环节的办理人，请选择重新逐级办理。"))
    if task.assignee_id is None:
        task.assignee_id, task.claimed_at = actor.responsible, now
    who = Asked(f"u:{former.responsible}", unit_id=former.completed_unit_id)
    recipients.require_reachable(session, [who.holder], now=now)
    step = {
        "process_key": stop.process_key, "element_id": stop.element_id, "form_key": former.form_key, "name": former.name,
        "prefill": former.submission or {},
    }  # fmt: skip
    wanted = RoundAsked(Relation.RESUBMIT, [who], RoundMode.PARALLEL, asked.reason)
    rounds.open_round(session, actor, row, task, wanted, now=now, data=step)
    events.note(session, actor, task, RETURNED, _words(stop, asked) | {"direct": True}, now=now, reason=asked.reason.strip())
    data = {"task": task.id, "to": stop.element_id, "direct": True}
    changed(session, actor, row, task, "task.return", data, now)
    _tell_returned(Execution.thaw(session, actor, row, now), task, former.responsible, asked.reason)
    return task


def dissent(execution: Execution, task: Task, values: dict[str, Any]) -> bool:
    """Return the whole task at the first dissent where the designer says so (一人不同意即退回); False where he does not."""
    rule = execution.loaded.program.element(task.process_key, task.element_id).get("multi") or {}
    if rule.get("dissent") != "return" or choice_of(str(values.get("outcome"))) is not Choice.DISAGREE:
        return False
    stop = next(iter(_allowed(execution, task)), None)
    if stop is None:
        return False
    _ask_again(execution, stop, _former(execution.session, task.instance_id, stop.token))
    execution.hand_in(
        step_rows.Completion(task.id, execution.actor.user_id, execution.actor.unit_id, values), task.token
    )
    execution.why_ended = N_("有一方不同意，会签已整体退回")
    reason = str(values.get("opinion") or "")
    data = {"to": stop.element_id, "name": stop.name}
    events.note(execution.session, execution.actor, task, RETURNED, data, now=execution.now, reason=reason)
    execution.instance.dissent(task.token, values, stop.token)
    execution.settle("task.dissent", {"task": task.id, "to": stop.element_id, "values": values})
    return True


def retrieve_task(session: Session, actor: Actor, task_id: int, *, now: datetime) -> Task:
    """Take a finished task back (取回) while nobody after it has opened his task or acted; it lies before its handler again.

    Raises NotFound, Forbidden (somebody else's), Conflict that says what has happened since.
    """
    task = session.get(Task, task_id)
    if task is None or task.status != "completed" or task.round_id is not None:
        raise Conflict(N_("只能取回本人办结的流程任务。"))
    row = locked_instance(session, task.instance_id)
    session.refresh(task, with_for_update=True)
    if actor.user_id is None or actor.user_id not in (task.completed_by, task.acted_for):
        raise Forbidden(N_("只能取回本人办结的任务。"), action="task.retrieve")
    require_status(row, ("active",))
    execution = Execution.thaw(session, actor, row, now)
    _require_untouched(execution, task)
    execution.asked_again[task.process_key, task.element_id] = AskedAgain(task.responsible, dict(task.submission or {}))
    execution.why_ended = N_("前一环节已取回")
    events.note(session, actor, task, "retrieved", now=now)
    execution.instance.retrieve(task.token)
    execution.settle("task.retrieve", {"task": task.id})
    _leave_agendas(execution)
    return task


def may_retrieve(session: Session, actor: Actor, task: Task, row: ProcessInstance, *, now: datetime) -> bool:
    """Tell whether `retrieve_task` would be carried out now."""
    own = task.status == "completed" and task.round_id is None and actor.user_id is not None
    if not own or actor.user_id not in (task.completed_by, task.acted_for) or row.status != "active":
        return False
    try:
        _require_untouched(Execution.thaw(session, actor, row, now), task)
    except Conflict:
        return False
    return True


def _require_untouched(execution: Execution, task: Task) -> None:
    places = execution.instance.after(task.token)
    elements = [execution.loaded.program.element(one.process_key, one.element_id) for one in places]
    if any(one.get("attrs", {}).get("topic") in LASTING for one in elements if one["type"] == "serviceTask"):
        raise Conflict(N_("之后的登记、编号或印发已经完成，不能取回。"))
    if any(one["type"] in ("sendTask", "intermediateThrowEvent") for one in elements):
        raise Conflict(N_("已经向其他流程发出消息，不能取回。"))
    tokens = [one.token for one in places]
    later = execution.session.scalars(select(Task).where(Task.instance_id == task.instance_id, Task.token.in_(tokens))).all()
    for one in later:
        if one.status == "completed" or one.rounds:
            raise Conflict(N_("“%(task)s”已经办理，不能取回。"), task=one.name)
        if one.status == "open" and one.opened_at is not None:
            raise Conflict(N_("“%(task)s”的办理人已经打开，不能取回；可以请他退回。"), task=one.name)


def withdraw_instance(session: Session, actor: Actor, instance_id: int, reason: str, *, now: datetime) -> ProcessInstance:
    """Withdraw what one started (撤件) while nobody else has agreed; raises NotFound, Forbidden, Conflict."""
    row = locked_instance(session, instance_id)
    require_words(reason)
    if actor.user_id is None or row.started_by != actor.user_id:
        raise Forbidden(N_("只有发起人可以撤件。"), action="instance.withdraw")
    require_status(row, ("active", "suspended"))
    if agreed := who_agreed(session, row):
        raise Conflict(N_("“%(task)s”已有人同意，不能撤件；确需终止请联系督办岗位。"), task=agreed.name)
    return end_instance(session, actor, row, "process-instance.withdraw", "withdrawn", reason, now)


def who_agreed(session: Session, row: ProcessInstance) -> Task | None:
    """The first task in which somebody but the starter agreed; None while the starter may withdraw."""
    by_another = func.coalesce(Task.acted_for, Task.completed_by) != row.started_by
    done = Task.instance_id == row.id, Task.status == "completed", by_another
    tasks = session.scalars(select(Task).where(*done).order_by(Task.ended_at)).all()
    return next((one for one in tasks if choice_of(one.outcome) is Choice.AGREE), None)


def end_instance(
    session: Session, actor: Actor, row: ProcessInstance, action: str, kind: str, reason: str, now: datetime
) -> ProcessInstance:
    """End an instance that is locked, for the reason given; its tasks, timers, subscriptions and rounds end with it.

    Its state stays as it was, so that it can be taken up again.
    """
    execution, stood = Execution.thaw(session, actor, row, now), row.state
    execution.why_ended = N_("流程已终止")
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
    _leave_agendas(execution)
    return execution.row


def effect_of_jump(
    session: Session, actor: Actor, instance_id: int, token: UUID, element_id: str, *, now: datetime
) -> Effect:
    """Say what a jump would do, without doing it."""
    execution = _controlled(session, actor, instance_id, "?", now)
    found: list[Assumed] = []
    effect = _tried(execution, None, lambda: found.extend(execution.instance.jump(token, element_id)))
    return Effect(effect.ends, effect.begins, effect.joins, tuple(found), effect.undone, effect.services)


def _controlled(session: Session, actor: Actor, instance_id: int, reason: str, now: datetime) -> Execution:
    row = locked_instance(session, instance_id)
    policy.require(actor, "instance.control", policy.thing_of(row.area_path))
    require_words(reason)
    require_status(row, ("active",))
    return Execution.thaw(session, actor, row, now)


def reopen_options(session: Session, actor: Actor, row: ProcessInstance, *, now: datetime) -> list[ReturnTarget]:
    """Give the steps at which a finished instance can be taken up again; none for a terminated one, which goes on as it stood."""
    if row.status != "completed" or not row.state:
        return []
    instance = Execution.thaw(session, actor, row, now).instance
    return [_target(session, row.id, stop) for stop in instance.stops_at_end()]


def reopen_instance(
    session: Session, actor: Actor, instance_id: int, element_id: str, reason: str, *, now: datetime
) -> ProcessInstance:
    """Take up an instance again (重办): a finished one at a step, a terminated one as it stood; supervisors only."""
    row = locked_instance(session, instance_id)
    policy.require(actor, "instance.control", policy.thing_of(row.area_path))
    require_words(reason)
    require_status(row, ("completed", "terminated"))
    if not row.state:
        raise Conflict(N_("这个流程办结于保留现场之前，不能重办；请另行发起。"))
    execution = Execution.thaw(session, actor, row, now)
    terminated, ended_at = row.status == "terminated", row.ended_at
    row.status, row.outcome, row.ended_at = "active", "", None
    moved = execution.instance.revive() if terminated else _reopen_at(execution, element_id)
    events.note_instance(session, actor, row.id, "reopened", {"to": element_id}, now=now, reason=reason.strip())
    execution.take_plan_up_again()
    execution.settle("process-instance.reopen", {"to": element_id, "reason": reason})
    if terminated:
        taking_up.reinstate(execution, ended_at, moved)
    return row


def _reopen_at(execution: Execution, element_id: str) -> dict[UUID, UUID]:
    stop = next((one for one in execution.instance.stops_at_end() if one.element_id == element_id), None)
    if stop is None:
        raise ReturnNotAllowed(target=element_id)
    _ask_again(execution, stop, _former(execution.session, execution.row.id, stop.token))
    execution.instance.reopen(stop.token)
    return {}


def _tried(execution: Execution, task: Task | None, move: Callable[[], object], undone: UUID | None = None) -> Effect:
    """Move the tokens of an instance that is only in memory, and tell what changed."""
    instance = execution.instance
    again = instance.after(undone) if undone is not None else []
    move()
    step: Step = instance.collect()
    ended = step_rows.falling(execution.session, execution.row.id, step.ended)
    others = Task.id.in_([one for one in ended if task is None or one != task.id])
    rows = execution.session.scalars(select(Task).where(others).order_by(Task.id)).all()
    ends = tuple(EndingTask(one.id, one.name, tuple(_names(execution.session, one))) for one in rows)
    human = [one.name for one in again if one.element_type == "userTask" and one.token not in step.ended]
    return Effect(
        ends, tuple(one.place.name for one in step.human_tasks), tuple(instance.joins()), (), tuple(dict.fromkeys(human)),
        tuple(one.place.name for one in step.works),
    )  # fmt: skip


def _names(session: Session, task: Task) -> list[str]:
    return [recipients.name_of(session, holder) for holder in holders_of(task)]


def _leave_agendas(execution: Execution) -> None:
    step_rows.withdraw_orphans(execution.session, execution.row.id, execution.now)
