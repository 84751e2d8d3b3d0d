"""The same approver twice in a row (去重): a step that falls to him again in the same capacity is passed on with a note.

Only where the route says `approval:repeatedApprover="consecutive"`, only to exactly the same person for the same post of the same
unit, and only what he has just agreed to: nobody's other capacity, no draft and no record is ever filled in for him.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.approvals import Choice, choice_of
from workflow_service.domain.errors import InvalidInput
from workflow_service.store import notice_rows
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, forms
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution
from .programs import program_of

CONSECUTIVE = "consecutive"
NEVER_KINDS = ("draft", "record")
PASSED_ON = "passed_on"
NOTE = "与上一环节为同一人、同一岗位，自动通过。"
"""The opinion that stands in the record of an official process, whatever language the page is read in."""
MOST = 20


def pass_on(
    session: Session, actor: Actor, row: ProcessInstance, done: Task, created: Sequence[int], values: Mapping[str, Any],
    now: datetime,
) -> int:  # fmt: skip
    """Pass on what has just come to the actor again after `done`; gives how many steps."""
    if actor.acting_for is not None or choice_of(str(values.get("outcome"))) is not Choice.AGREE:
        return 0
    passed, waiting, program = 0, list(created), program_of(session, row.definition_id).program
    while waiting and passed < MOST and row.status == "active":
        task = session.get(Task, waiting.pop(0), populate_existing=True)
        if task is None or task.status != "open" or not _wanted(program, task):
            continue
        answer = _answer(session, row, task, values) if _is_his_again(session, actor, done, task, now) else None
        if answer is not None:
            waiting += _pass(session, actor, row, task, answer, now)
            passed += 1
    return passed


def _wanted(program: Any, task: Task) -> bool:
    process = program.processes[task.process_key]
    several = process["elements"][task.element_id].get("multi")
    return process.get("repeated_approver") == CONSECUTIVE and task.kind not in NEVER_KINDS and not several


def _is_his_again(session: Session, actor: Actor, done: Task, task: Task, now: datetime) -> bool:
    """Whether the new step lies before nobody but the actor, for the post for which he did the one before."""
    capacity = (done.candidate_groups, done.candidate_users, done.unit_id)
    if (task.candidate_groups, task.candidate_users, task.unit_id) != capacity or task.prefill is not None:
        return False
    if not task.candidate_groups:
        return task.assignee_id is not None and task.assignee_id == done.assignee_id == actor.user_id
    if task.assignee_id is not None or len(task.candidate_groups) > 1 or task.candidate_users:
        return False
    holder = f"g:{task.candidate_groups[0]}"
    return notice_rows.people_of(session, [holder], SETTINGS.day_of(now)).get(holder) == [actor.user_id]


def _answer(session: Session, row: ProcessInstance, task: Task, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same answer with the note in place of an opinion; None where the form asks for anything else."""
    form = forms.form_of_task(session, task, row.definition_id)
    given = {"outcome": values["outcome"], "opinion": NOTE}
    wanted = {name: one for name, one in given.items() if name in form.get("properties", {})}
    try:
        return forms.validate(form, wanted)
    except InvalidInput:
        return None


def _pass(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, values: dict[str, Any], now: datetime
) -> Sequence[int]:
    execution = Execution.thaw(session, actor, row, now)
    events.note(session, actor, task, PASSED_ON, now=now, reason=NOTE)
    execution.finish_task(task.id, task.token, values)
    execution.settle("task.pass_on", {"task": task.id, "element": task.element_id, "values": values})
    session.expire(task)
    return execution.created


def is_consecutive(session: Session, row: ProcessInstance) -> bool:
    """Whether any process of the run passes repeated approvers on; no statement for what is known."""
    program = program_of(session, row.definition_id).program
    return any(one.get("repeated_approver") == CONSECUTIVE for one in program.processes.values())
