"""What a person does with a task (docs/domain.md §2): take it, put it back, keep a draft, finish it.

Two people at one task: the instance's row lock lets one win; the other gets a Conflict that says who and when.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from workflow_service import signals
from workflow_service.domain.deadlines import aware
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import step_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.deadlines import move_holders
from workflow_service.store.runtime import ProcessInstance, Task, TaskDraft, TaskHolder

from . import (
    completions,
    due_dates,
    edge_timers,
    events,
    form_facts,
    forms,
    navigation,
    pauses,
    rounds,
    separation,
)
from .context import Actor
from .execution import Execution, require_status
from .task_access import (
    as_he_acts,
    asked_thing,
    changed,
    holders_of,
    lock_task,
    may_work,
    note_for_whom,
    open_task,
    refuse_if_taken,
    require_holder,
    set_holders,
    visible_task,
)

__all__ = [
    "as_he_acts", "asked_thing", "claim_task", "complete_task", "discard_draft", "draft_of", "finish_task", "holders_of",
    "may_work", "note_opened", "open_task", "own_draft", "release_tasks", "save_draft", "set_due", "unclaim_task", "visible_task",
]  # fmt: skip


def complete_task(
    session: Session,
    actor: Actor,
    task_id: int,
    values: dict[str, Any],
    *,
    now: datetime,
    expected: int | None = None,
) -> Task:
    """Finish a task with the form's values (`outcome`, `opinion` among them) and move the instance on.

    `expected` is the revision that the person saw (None: any). Raises FormErrors, Forbidden, NotFound, PreconditionFailed,
    and Conflict when somebody else was first.
    """
    return finish_task(session, actor, task_id, values, now=now, expected=expected)[0]


def finish_task(
    session: Session,
    actor: Actor,
    task_id: int,
    values: dict[str, Any],
    *,
    now: datetime,
    expected: int | None = None,
) -> tuple[Task, ProcessInstance]:
    """Do the same as `complete_task`, and give the instance as it stands afterwards too."""
    row, task = lock_task(session, task_id, expected)
    require_status(row, rounds.statuses_for(session, task))
    actor = require_holder(session, actor, task, "task.work")
    refuse_if_taken(session, actor, task)
    separation.require_another_person(session, actor, row, task, now=now)
    form = forms.form_of_task(session, task, row.definition_id)
    forms.validate(form, values)
    form_facts.require_facts(session, actor, task, form, values, now=now)
    note_for_whom(session, actor, task)
    if task.round_id is not None:
        rounds.answer(session, actor, row, task, values, now=now)
        return task, row
    execution = Execution.thaw(session, actor, row, now)
    navigation.require_ground(execution, task, values)
    if not (task.rounds and rounds.wait_for_others(session, actor, row, task, values, now=now)):
        _move_on(execution, task, values)
    return task, row


def _move_on(execution: Execution, task: Task, values: dict[str, Any]) -> None:
    session, actor, row, now = execution.session, execution.actor, execution.row, execution.now
    completion = step_rows.Completion(task.id, actor.user_id, actor.unit_id, values)
    if not navigation.dissent(execution, task, values, completion):
        execution.finish_task(task.id, task.token, values)
        execution.settle("task.complete", {"task": task.id, "element": task.element_id, "values": values})
        completions.follow(session, actor, row, task, execution, values, now=now)
    if task.rounds:
        rounds.end_open(session, actor, task, now=now)
    send_after_commit(
        session, signals.task_completed, task_id=task.id, instance_id=row.id, user_id=actor.user_id
    )
    _note_completed(task, actor, values, now)


def _note_completed(task: Task, actor: Actor, values: dict[str, Any], now: datetime) -> None:
    """Let the object say what `complete_task_row` wrote, without reading it again."""
    written = {
        "status": "completed", "ended_at": now, "completed_by": actor.user_id, "completed_unit_id": actor.unit_id,
        "outcome": str(values.get("outcome") or ""), "opinion": str(values.get("opinion") or ""), "submission": values,
        "assignee_id": task.assignee_id if task.assignee_id is not None else actor.user_id,
        "revision": task.revision + 1,
    }  # fmt: skip
    for name, value in written.items():
        set_committed_value(task, name, value)


def claim_task(
    session: Session, actor: Actor, task_id: int, *, now: datetime, expected: int | None = None
) -> Task:
    """Take a group's task for oneself, or for whom one is a substitute; colleagues see who took it."""
    row, task = lock_task(session, task_id, expected)
    require_status(row, rounds.statuses_for(session, task))
    actor = require_holder(session, actor, task, "task.claim")
    if task.assignee_id == actor.responsible:
        return task
    refuse_if_taken(session, actor, task)
    separation.require_another_person(session, actor, row, task, now=now)
    task.assignee_id, task.claimed_at = actor.responsible, now
    set_holders(session, task, actor.responsible)
    _mark_opened(task, actor, now)
    events.note(session, actor, task, "claimed", now=now)
    return changed(session, actor, row, task, "task.claim", {}, now)


def unclaim_task(
    session: Session, actor: Actor, task_id: int, *, now: datetime, expected: int | None = None
) -> Task:
    """Put a task back to its group; only who took it may."""
    row, task = lock_task(session, task_id, expected)
    require_status(row, rounds.statuses_for(session, task))
    actor = require_holder(session, actor, task, "task.claim")
    if task.assignee_id != actor.responsible:
        raise Conflict(N_("这项任务没有由您签收。"))
    if not task.candidate_groups and not task.candidate_users:
        raise Conflict(N_("这项任务指定由您办理，不能放回。"))
    events.note(session, actor, task, "unclaimed", {events.WAS: events.held(task)}, now=now)
    task.assignee_id, task.claimed_at = None, None
    set_holders(session, task, None)
    return changed(session, actor, row, task, "task.unclaim", {}, now)


def note_opened(session: Session, actor: Actor, task_id: int, *, now: datetime) -> bool:
    """Note that somebody asked to do the task opened it: it cannot be retrieved from him any more (取回).

    Said by the page itself when it is in front of a person, not by a list or a prefetch. Gives whether that was news.
    """
    row, task = lock_task(session, task_id)
    if task.opened_at is not None or not may_work(session, actor, task):
        return False
    actor = as_he_acts(session, actor, task)
    _mark_opened(task, actor, now)
    events.note(session, actor, task, "opened", now=now)
    changed(session, actor, row, task, "task.open", {}, now)
    return True


def _mark_opened(task: Task, actor: Actor, now: datetime) -> None:
    if task.opened_at is None:
        task.opened_at, task.opened_by = now, actor.user_id


def release_tasks(
    session: Session, actor: Actor, user_id: int, still_held: Collection[str], *, now: datetime
) -> int:
    """Put back what a person claimed for posts that he holds no more: a post's task stays with the post.

    `still_held` are the `unit:post` groups that he keeps. What was asked of him by name stays his (docs/domain.md §7).
    Gives how many tasks were put back.
    """
    mine = select(TaskHolder.task_id).where(TaskHolder.holder == f"u:{user_id}")
    claimed = select(Task).where(Task.id.in_(mine), Task.status == "open", Task.assignee_id == user_id)
    left = [
        task.id
        for task in session.scalars(claimed.order_by(Task.instance_id, Task.id))
        if task.candidate_groups
        and str(user_id) not in task.candidate_users
        and set(task.candidate_groups).isdisjoint(still_held)
    ]
    released = 0
    for task_id in left:
        with suppress(Conflict):  # finished by him in this very moment
            row, task = lock_task(session, task_id)
            if task.assignee_id != user_id:  # put back or handed on in this very moment
                continue
            events.note(session, actor, task, "unclaimed", {events.WAS: events.held(task)}, now=now)
            task.assignee_id, task.claimed_at = None, None
            set_holders(session, task, None)
            changed(session, actor, row, task, "task.release", {"user": user_id}, now)
            released += 1
    return released


def set_due(
    session: Session,
    actor: Actor,
    task_id: int,
    due_at: datetime | None,
    reason: str,
    *,
    now: datetime,
    expected: int | None = None,
) -> Task:
    """Set a task's due moment by hand, with a reason; it wins over the diagram and the table."""
    row, task = lock_task(session, task_id, expected)
    policy.require(actor, "task.set_due", policy.thing_of(task.area_path))
    if due_at is not None and aware(due_at) <= now:
        raise InvalidInput(N_("新的时限应晚于现在。"))
    if not reason.strip():
        raise InvalidInput(N_("请写明调整时限的理由。"))
    edge_timers.follow(session, task, task.due_at, due_at)
    before, task.due_at, task.deadline_rule = task.due_at, due_at, "by hand"
    move_holders(session, task)
    pauses.note_by_hand(session, actor, task, before, reason, now=now)
    changed(session, actor, row, task, "task.set_due", {"before": before, "due_at": due_at, "reason": reason}, now)
    due_dates.carry(session, actor, row, task, now=now)
    return task


def save_draft(
    session: Session, actor: Actor, task_id: int, values: dict[str, Any], *, now: datetime
) -> None:
    """Keep form values with the task for this person only; nothing is validated yet."""
    task = open_task(session, task_id)
    require_holder(session, actor, task, "task.work")
    if len(str(values)) > forms.MAX_BYTES:
        raise InvalidInput(N_("填写的内容过长，请把长文放进附件。"))
    statement = insert(TaskDraft).values(task_id=task_id, user_id=actor.user_id, values=values, saved_at=now)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["task_id", "user_id"],
            set_={"values": statement.excluded["values"], "saved_at": statement.excluded.saved_at},
        )
    )


def draft_of(session: Session, actor: Actor, task_id: int) -> TaskDraft | None:
    """Give the person's own draft, if any."""
    if actor.user_id is None:
        return None
    return session.get(TaskDraft, (task_id, actor.user_id))


def own_draft(session: Session, actor: Actor, task_id: int) -> TaskDraft:
    """Give the person's own draft; raises NotFound where he kept none."""
    draft = draft_of(session, actor, task_id)
    if draft is None:
        raise NotFound(N_("这项任务没有您保存的草稿。"))
    return draft


def discard_draft(session: Session, actor: Actor, task_id: int) -> None:
    """Forget the person's own draft."""
    session.execute(delete(TaskDraft).where(TaskDraft.task_id == task_id, TaskDraft.user_id == actor.user_id))
