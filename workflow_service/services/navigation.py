"""A handler's moves against the flow: return, the dissent that returns, retrieve (docs/approval-operations.md).

Those of a whole run stand in `interventions`, what both share in `moves`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
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
from workflow_service.engine.navigate import TASK, Stop
from workflow_service.i18n import N_
from workflow_service.store import step_rows
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, forms, recipients, rounds
from .context import Actor
from .execution import Execution, locked_instance, require_status
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
from .programs import program_of
from .recipients import Asked
from .rounds import RoundAsked
from .task_access import (
    changed,
    lock_task,
    note_for_whom,
    refuse_if_taken,
    require_holder,
)
from .topics import LASTING
from .waiting import pauses_on_return

RETURNED = "returned"
HANDED_ON = ("transfer", "reassign", "timeout_transfer", "proposed")
"""Events after which a task was acted upon, though whoever has it now has not opened it."""


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
    return [target_of(session, row.id, stop) for stop in _allowed(execution, task)]


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
    return tried(execution, task, lambda: execution.instance.go_back(task.token, stop.token), stop.token)


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
    former = former_task(session, task.instance_id, stop.token)
    ask_again(execution, stop, former, returned=True)
    values = {"outcome": RETURNED, "opinion": asked.reason.strip(), "points": list(asked.points), "to": stop.element_id}
    note_for_whom(session, actor, task)
    execution.hand_in(step_rows.Completion(task.id, actor.user_id, actor.unit_id, values), task.token)
    execution.why_ended = N_("流程已退回前面的环节")
    events.note(session, actor, task, RETURNED, _words(stop, asked), now=now, reason=asked.reason.strip())
    execution.instance.go_back(task.token, stop.token)
    execution.settle("task.return", {"task": task.id, "to": stop.element_id, "values": values})
    leave_agendas(execution)
    rounds.end_open(session, actor, task, now=now)
    if former is not None and former.responsible is not None:
        _tell_returned(execution, task, f"u:{former.responsible}", asked.reason)
    session.refresh(task)
    return task


def _words(stop: Stop, asked: ReturnAsked) -> dict[str, Any]:
    return {"to": stop.element_id, "name": stop.name, "points": list(asked.points)}


def _tell_returned(execution: Execution, task: Task, holder: str, reason: str) -> None:
    values = {"by": execution.actor.name, "task": task.name, "title": task.title}
    recipients.tell(
        execution.session, execution.actor, [holder], RETURNED, N_("%(by)s退回：%(task)s（%(title)s）"), values,
        f"returned:{task.id}:{task.revision}", now=execution.now, note=reason.strip(), link=f"/instances/{task.instance_id}",
    )  # fmt: skip


def _return_beside(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, stop: Stop, asked: ReturnAsked, now: datetime
) -> Task:
    """Ask the earlier step's handler beside the flow: nothing else ends, and what he hands in comes straight back."""
    former = former_task(session, task.instance_id, stop.token)
    if former is None or former.responsible is None:
        raise Conflict(N_("找不到那一环节的办理人，请选择重新逐级办理。"))
    if task.assignee_id is None:
        task.assignee_id, task.claimed_at = actor.responsible, now
    holder = f"u:{former.responsible}"
    if former.candidate_groups and not recipients.is_still_his(session, former.responsible, former, now=now):
        holder = f"g:{former.candidate_groups[0]}"
    who = Asked(holder, unit_id=former.completed_unit_id)
    recipients.require_reachable(session, [who.holder], now=now)
    element = program_of(session, row.definition_id).program.element(stop.process_key, stop.element_id)
    step = {
        "process_key": stop.process_key, "element_id": stop.element_id, "form_key": former.form_key, "name": former.name,
        "prefill": former.submission or {}, "waiting": pauses_on_return(element.get("attrs", {})),
    }  # fmt: skip
    wanted = RoundAsked(Relation.RESUBMIT, [who], RoundMode.PARALLEL, asked.reason)
    rounds.open_round(session, actor, row, task, wanted, now=now, data=step)
    events.note(session, actor, task, RETURNED, _words(stop, asked) | {"direct": True}, now=now, reason=asked.reason.strip())
    data = {"task": task.id, "to": stop.element_id, "direct": True}
    changed(session, actor, row, task, "task.return", data, now)
    _tell_returned(Execution.thaw(session, actor, row, now), task, holder, asked.reason)
    return task


def returns_whole(execution: Execution, task: Task, values: Mapping[str, Any]) -> bool:
    """Whether an answer is a dissent that returns the whole task (一人不同意即退回), as the designer says."""
    rule = execution.loaded.program.element(task.process_key, task.element_id).get("multi") or {}
    return rule.get("dissent") == "return" and choice_of(str(values.get("outcome"))) is Choice.DISAGREE


def require_ground(execution: Execution, task: Task, values: Mapping[str, Any]) -> None:
    """Refuse a dissent that would return the whole task without a reason, or has no step to return it to.

    Raises InvalidInput, Conflict.
    """
    if not returns_whole(execution, task, values):
        return
    form = forms.form_of_task(execution.session, task, execution.row.definition_id)
    if "opinion" in form.get("properties", {}) and not str(values.get("opinion") or "").strip():
        raise InvalidInput(N_("不同意将整体退回，请写明理由。"))
    _whole_to(execution, task)


def _whole_to(execution: Execution, task: Task) -> Stop:
    """Where a dissent returns the whole task to: the nearest step that is allowed, else the nearest that was passed."""
    passed = (one for one in execution.instance.stops(task.token) if one.element_id != task.element_id)
    stop = next(iter([*_allowed(execution, task), *passed]), None)
    if stop is None:
        raise Conflict(N_("不同意应整体退回，但前面没有可退回的环节；请联系督办岗位。"))
    return stop


def dissent(execution: Execution, task: Task, values: dict[str, Any], completion: step_rows.Completion) -> bool:
    """Return the whole task at a dissent where the designer says so; False where the token is to go on.

    `completion` says who dissents: he who handed the task in, whoever signed after him.
    """
    if not returns_whole(execution, task, values):
        return False
    stop = _whole_to(execution, task)
    ask_again(execution, stop, former_task(execution.session, task.instance_id, stop.token), returned=True)
    execution.hand_in(completion, task.token)
    execution.why_ended = N_("有一方不同意，会签已整体退回")
    reason = str(values.get("opinion") or "")
    data = {"to": stop.element_id, "name": stop.name}
    events.note(execution.session, execution.actor, task, RETURNED, data, now=execution.now, reason=reason)
    execution.instance.dissent(task.token, values, stop.token)
    execution.settle("task.dissent", {"task": task.id, "to": stop.element_id, "values": values})
    leave_agendas(execution)
    return True


def retrieve_task(session: Session, actor: Actor, task_id: int, *, now: datetime) -> Task:
    """Take a finished task back (取回) while nobody after it has opened his task or acted; it lies before its handler again.

    Raises NotFound, Forbidden (somebody else's), Conflict that says what has happened since.
    """
    execution, task = _to_retrieve(session, actor, task_id, now)
    execution.ask_again(task)
    execution.why_ended = N_("前一环节已取回")
    events.note(session, actor, task, "retrieved", now=now)
    execution.instance.retrieve(task.token)
    execution.settle("task.retrieve", {"task": task.id})
    leave_agendas(execution)
    return task


def effect_of_retrieve(session: Session, actor: Actor, task_id: int, *, now: datetime) -> Effect:
    """Say what a retrieval would do, without doing it; raises what `retrieve_task` would raise."""
    execution, task = _to_retrieve(session, actor, task_id, now)
    return tried(execution, task, lambda: execution.instance.retrieve(task.token))


def _to_retrieve(session: Session, actor: Actor, task_id: int, now: datetime) -> tuple[Execution, Task]:
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
    return execution, task


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
    his = task.responsible
    if his is None or not recipients.is_still_his(execution.session, his, task, now=execution.now):
        raise Conflict(N_("您已离开办理时的原岗位，不能取回；可以请督办岗位调整。"))
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
    if acted := events.first_of(execution.session, [one.id for one in later], HANDED_ON):
        name = next(one.name for one in later if one.id == acted.task_id)
        raise Conflict(N_("“%(task)s”已经转给他人，不能取回；可以请其退回。"), task=name)
