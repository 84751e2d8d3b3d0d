"""What a person does with a task (docs/domain.md §2): take it, put it back, keep a draft, finish it.

Two people at one task: the instance's row lock lets one win; the other gets a Conflict that says who and when.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.attributes import set_committed_value

from workflow_service import signals
from workflow_service.domain.deadlines import aware
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.database import send_after_commit
from workflow_service.store.deadlines import move_holders
from workflow_service.store.people import User
from workflow_service.store.runtime import ProcessInstance, Task, TaskDraft, TaskHolder

from . import audit, form_facts, forms, pauses
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution, require_status


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
    row, task = _lock(session, task_id, expected)
    require_status(row, ("active",))
    _require_holder(session, actor, task, "task.work")
    _refuse_if_taken(session, actor, task)
    execution = Execution.thaw(session, actor, row, now)
    form = forms.form_of_task(session, task, row.definition_id)
    forms.validate(form, values)
    form_facts.require_facts(session, actor, task, form, values, today=SETTINGS.day_of(now))
    execution.finish_task(task.id, task.token, values)
    execution.settle("task.complete", {"task": task.id, "element": task.element_id, "values": values})
    send_after_commit(
        session, signals.task_completed, task_id=task.id, instance_id=row.id, user_id=actor.user_id
    )
    _note_completed(task, actor, values, now)
    return task, row


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
    """Take a group's task for oneself; colleagues see who took it."""
    row, task = _lock(session, task_id, expected)
    require_status(row, ("active",))
    _require_holder(session, actor, task, "task.claim")
    if task.assignee_id == actor.user_id:
        return task
    _refuse_if_taken(session, actor, task)
    task.assignee_id, task.claimed_at = actor.user_id, now
    _set_holders(session, task, actor.user_id)
    return _changed(session, actor, row, task, "task.claim", {}, now)


def unclaim_task(
    session: Session, actor: Actor, task_id: int, *, now: datetime, expected: int | None = None
) -> Task:
    """Put a task back to its group; only who took it may."""
    row, task = _lock(session, task_id, expected)
    require_status(row, ("active",))
    _require_holder(session, actor, task, "task.claim")
    if task.assignee_id != actor.user_id:
        raise Conflict(N_("这项任务没有由您签收。"))
    if not task.candidate_groups and not task.candidate_users:
        raise Conflict(N_("这项任务指定由您办理，不能放回。"))
    task.assignee_id, task.claimed_at = None, None
    _set_holders(session, task, None)
    return _changed(session, actor, row, task, "task.unclaim", {}, now)


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
    for task_id in left:
        with suppress(Conflict):  # finished by him in this very moment
            row, task = _lock(session, task_id)
            task.assignee_id, task.claimed_at = None, None
            _set_holders(session, task, None)
            _changed(session, actor, row, task, "task.release", {"user": user_id}, now)
    return len(left)


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
    row, task = _lock(session, task_id, expected)
    policy.require(actor, "task.set_due", policy.thing_of(task.area_path))
    if due_at is not None and aware(due_at) <= now:
        raise InvalidInput(N_("新的时限应晚于现在。"))
    if not reason.strip():
        raise InvalidInput(N_("请写明调整时限的理由。"))
    before, task.due_at, task.deadline_rule = task.due_at, due_at, "by hand"
    move_holders(session, task)
    pauses.note_by_hand(session, actor, task, before, reason, now=now)
    return _changed(
        session, actor, row, task, "task.set_due", {"before": before, "due_at": due_at, "reason": reason}, now
    )


def save_draft(
    session: Session, actor: Actor, task_id: int, values: dict[str, Any], *, now: datetime
) -> None:
    """Keep form values with the task for this person only; nothing is validated yet."""
    task = open_task(session, task_id)
    _require_holder(session, actor, task, "task.work")
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


def open_task(session: Session, task_id: int) -> Task:
    """Give an open task; raises NotFound, or Conflict with who finished it and when."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    _refuse_if_over(session, task)
    return task


def visible_task(session: Session, actor: Actor, task_id: int) -> tuple[Task, ProcessInstance]:
    """Give a task, open or over, that the actor may see; raises NotFound, Forbidden."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    row = session.get(ProcessInstance, task.instance_id)
    assert row is not None
    thing = policy.thing_of(
        task.area_path, holders=holders_of(task), participants=(task.completed_by, row.started_by),
    )  # fmt: skip
    policy.require(actor, "task.see", thing)
    return task, row


def holders_of(task: Task) -> list[str]:
    """Give the holder keys of those asked to do the task, whoever took it."""
    assigned = [f"u:{task.assignee_id}"] if task.assignee_id is not None else []
    return (
        assigned
        + [f"u:{one}" for one in task.candidate_users]
        + [f"g:{one}" for one in task.candidate_groups]
    )


_LOCKED = (
    select(ProcessInstance, Task)
    .join(Task, Task.instance_id == ProcessInstance.id)
    .where(Task.id == bindparam("task_id"))
    .with_for_update(of=[ProcessInstance, Task])
    .options(undefer(ProcessInstance.state))
    .execution_options(populate_existing=True)
)
"""One statement, for it stands in every command. The order in `of` is the order of the locks: the instance comes first, and the
task is locked too, because only a locked row is read anew after waiting."""


def _lock(
    session: Session, task_id: int, expected: int | None = None
) -> tuple[ProcessInstance, Task]:
    """Lock the task's instance, then the task as it is now; refuse one that is over or not at revision `expected`."""
    found = session.execute(_LOCKED, {"task_id": task_id}).one_or_none()
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    row, task = found
    _refuse_if_over(session, task)
    if expected is not None and expected != task.revision:
        raise PreconditionFailed(present=task.revision, task=task.id, header="If-Match")
    return row, task


def _refuse_if_over(session: Session, task: Task) -> None:
    if task.status == "completed":
        by = session.get(User, task.completed_by) if task.completed_by else None
        raise Conflict(
            N_("这项任务已由%(by)s于%(at)s办结。"),
            by=by.name if by else "系统",
            at=_shown(task.ended_at),
            task=task.id,
        )
    if task.status == "cancelled":
        raise Conflict(
            N_("这项任务已随流程变化于%(at)s结束，无需再办。"), at=_shown(task.ended_at), task=task.id
        )


def _require_holder(session: Session, actor: Actor, task: Task, action: str) -> None:
    policy.require(actor, action, policy.thing_of(task.area_path, holders=holders_of(task)))


def _refuse_if_taken(session: Session, actor: Actor, task: Task) -> None:
    if task.assignee_id is None or task.assignee_id == actor.user_id or actor.trusted:
        return
    by = session.get(User, task.assignee_id)
    raise Conflict(
        N_("这项任务已由%(by)s于%(at)s签收。"),
        by=by.name if by else "",
        at=_shown(task.claimed_at),
        task=task.id,
    )


def _set_holders(session: Session, task: Task, claimed_by: int | None) -> None:
    """Claimed: its group's rows say by whom, and the person has an own row. Put back: the candidates' rows only."""
    candidates = [f"u:{one}" for one in task.candidate_users] + [f"g:{one}" for one in task.candidate_groups]
    session.execute(update(TaskHolder).where(TaskHolder.task_id == task.id).values(claimed_by=claimed_by))
    if claimed_by is None:
        session.execute(
            delete(TaskHolder).where(TaskHolder.task_id == task.id, TaskHolder.holder.not_in(candidates))
        )
        return
    due = task.due_at if task.due_at is not None else text("'infinity'")
    row = insert(TaskHolder).values(task_id=task.id, holder=f"u:{claimed_by}", due_at=due)
    session.execute(
        row.on_conflict_do_update(index_elements=["task_id", "holder"], set_={"claimed_by": None})
    )


def _changed(
    session: Session,
    actor: Actor,
    row: ProcessInstance,
    task: Task,
    action: str,
    data: dict[str, Any],
    now: datetime,
) -> Task:
    task.revision += 1
    row.revision += 1
    audit.record(session, actor, action, f"task:{task.id}", data, now=now, instance=row)
    return task


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone(SETTINGS.zone):%Y-%m-%d %H:%M}" if moment else ""
