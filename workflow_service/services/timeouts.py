"""What happens when a task's time is over (超时): remind, tell the superior, hand it to the superior, 逾期视为无意见.

`Task.timeout_at` was computed on the working calendar when the task arose (`approval:timeout`), and moves with every pause, with
a later date of the task, with the calendar, and by the time in which the task waited for others. A due row is fired once: the
moment is taken away in the same transaction as what follows from it. No clock confirms, signs or decides for anybody: only a
consultation that is no signature can count as "no comment" (docs/approval-operations.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service import signals
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.store import notice_rows, round_list, step_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.people import Unit
from workflow_service.store.runtime import ProcessInstance, Task

from . import clock_failures, completions, events, forms, recipients, rounds, transfers
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution
from .task_access import changed, holders_of, lock_task, signing_rule
from .transfers import TransferAsked

REMIND, ESCALATE, TRANSFER, NO_COMMENT = "remind", "escalate", "transfer", "no_comment"
TIMED_OUT, SUPERIOR_POST = "timed_out", "leader"
SILENCE = "逾期未反馈，视为无意见。"
SILENT_TRANSFER = "超时未办，转上级办理。"
"""The words that stand in the record of an official process, whatever language the page is read in."""


def due_timeouts(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """Give the ids of open tasks whose time is over, oldest first; tasks that wait for others or whose clock stands are not."""
    due = Task.status == "open", Task.timeout_at <= now, ~Task.held, Task.paused_for == "", ~round_list.waits_for_others()
    runs = ProcessInstance.status == "active", clock_failures.may_try(Task.timeout_retry_at, now)
    found = select(Task.id).join(ProcessInstance, ProcessInstance.id == Task.instance_id).where(*due, *runs)
    statement = found.order_by(Task.timeout_at, Task.id).limit(limit)
    return list(session.scalars(statement))


def fire_timeout(session: Session, task_id: int, *, now: datetime) -> bool:
    """Do what the diagram says for one task whose time is over; False where it was done, the task is over or its run stands."""
    found = session.get(Task, task_id)
    if found is None or found.status != "open":
        return False
    row, task = lock_task(session, task_id)
    waits = task.held or (task.rounds > 0 and round_list.does_wait(session, task.id))
    stands = row.status != "active" or waits or task.paused_for != ""
    if stands or task.timeout_at is None or task.timeout_at > now:
        return False
    actor, task.timeout_at = Actor.system("scheduler"), None
    if task.timeout_failures:
        task.timeout_failures, task.timeout_retry_at = 0, None
        step_rows.settle_incidents(session, row.id, [task.token], None, now)
    session.flush()
    if not (task.timeout_action == NO_COMMENT and _count_as_no_comment(session, actor, row, task, now)):
        _push(session, actor, row, task, now)
    return True


def superior_of(session: Session, task: Task, *, now: datetime) -> str:
    """The holder key of the leader of the unit that a task lies with, empty where nobody holds that post or it lies with him."""
    code = session.scalars(select(Unit.code).where(Unit.id == task.unit_id)).one_or_none() if task.unit_id else None
    holder = f"g:{code}:{SUPERIOR_POST}"
    if code is None or holder in holders_of(task):
        return ""
    others = set(notice_rows.people_of(session, [holder], SETTINGS.day_of(now)).get(holder, ())) - {task.assignee_id}
    return holder if others else ""


def _push(session: Session, actor: Actor, row: ProcessInstance, task: Task, now: datetime) -> None:
    """Remind the handler; let the superior know or do it. Where there is no superior it stays with who has it."""
    superior = superior_of(session, task, now=now) if task.timeout_action in (ESCALATE, TRANSFER) else ""
    data = {"action": task.timeout_action, "superior": superior}
    events.note(session, actor, task, TIMED_OUT, data, now=now)
    told = [*holders_of(task), *([superior] if superior else [])]
    recipients.tell(
        session, actor, told, TIMED_OUT, N_("办理超时：%(task)s（%(title)s）"), {"task": task.name, "title": task.title},
        f"{TIMED_OUT}:{task.id}:{task.revision}", now=now, link=f"/tasks/{task.id}",
    )  # fmt: skip
    if superior and task.timeout_action == TRANSFER:
        asked = TransferAsked(superior, SILENT_TRANSFER)
        try:
            transfers.hand_on(session, actor, row, task, asked, "timeout_transfer", now)
        except (InvalidInput, Conflict):
            changed(session, actor, row, task, "task.timeout", data, now)
        return
    changed(session, actor, row, task, "task.timeout", data, now)


def _count_as_no_comment(session: Session, actor: Actor, row: ProcessInstance, task: Task, now: datetime) -> bool:
    """Finish a consultation that nobody answered; False where a person must answer after all."""
    if task.kind != "opinion" or task.round_id is not None or signing_rule(session, row, task):
        return False
    try:
        form = forms.form_of_task(session, task, row.definition_id)
        values = forms.validate(form, silent_values(form))
    except (InvalidInput, NotFound):
        return False
    events.note(session, actor, task, TIMED_OUT, {"action": NO_COMMENT}, now=now, reason=SILENCE)
    execution = Execution.thaw(session, actor, row, now)
    execution.hand_in(step_rows.Completion(task.id, None, task.unit_id, values), task.token)
    execution.instance.complete(task.token, values)
    execution.settle("task.timeout", {"task": task.id, "element": task.element_id, "values": values})
    completions.follow(session, actor, row, task, execution, values, now=now)
    if task.rounds:
        rounds.end_open(session, actor, task, now=now)
    send_after_commit(session, signals.task_completed, task_id=task.id, instance_id=row.id, user_id=None)
    session.refresh(task)
    return True


def silent_values(form: Mapping[str, Any]) -> dict[str, Any]:
    """What a form says where nobody answered: its `no_comment`, and nothing else, for silence agrees to nothing.

    Raises InvalidInput for a form whose outcomes have no `no_comment`.
    """
    fields = form.get("properties", {})
    values: dict[str, Any] = {"opinion": SILENCE} if "opinion" in fields else {}
    if "outcome" not in fields:
        return values
    field = fields["outcome"]
    choices = field.get("enum") or [one["const"] for one in field.get("oneOf", ())] or [NO_COMMENT]
    if NO_COMMENT not in choices:
        raise InvalidInput(N_("表单没有可以视为无意见的结果。"))
    return values | {"outcome": NO_COMMENT}
