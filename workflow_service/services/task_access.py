"""One task under its lock: who may act on it, before whom it lies, and what every command on it writes.

Shared by everything that is done to tasks (`tasks`, `rounds`, `transfers`, `navigation`). The instance is locked first, then
the task, so that two people at one task meet there: one wins, the other is told who was first and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from workflow_service.domain.errors import Conflict, NotFound, PreconditionFailed
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.words import Word
from workflow_service.store.instance_view import participants_of
from workflow_service.store.people import User
from workflow_service.store.runtime import ProcessInstance, Task, TaskHolder

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .programs import program_of

VOTE = "vote"


def open_task(session: Session, task_id: int) -> Task:
    """Give an open task; raises NotFound, or Conflict with who finished it and when."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    refuse_if_over(session, task)
    return task


def visible_task(session: Session, actor: Actor, task_id: int) -> tuple[Task, ProcessInstance]:
    """Give a task, open or over, that the actor may see; raises NotFound, Forbidden."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    row = session.get(ProcessInstance, task.instance_id)
    assert row is not None
    part = task.completed_by, task.acted_for, row.started_by
    own = policy.thing_of(
        task.area_path, holders=holders_of(task), participants=part, process=row.definition_key, kind=task.kind
    )
    if not policy.may(actor, "task.see", own):
        holders, participants = participants_of(session, row.id)
        whole = policy.thing_of(
            task.area_path, holders=holders, participants=participants, process=row.definition_key
        )
        policy.require(actor, "task.see", whole)
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


def lock_task(
    session: Session, task_id: int, expected: int | None = None
) -> tuple[ProcessInstance, Task]:
    """Lock the task's instance, then the task as it is now; refuse one that is over or not at revision `expected`."""
    found = session.execute(_LOCKED, {"task_id": task_id}).one_or_none()
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    row, task = found
    refuse_if_over(session, task)
    if expected is not None and expected != task.revision:
        raise PreconditionFailed(present=task.revision, task=task.id, header="If-Match")
    return row, task


def refuse_if_over(session: Session, task: Task) -> None:
    """Raise Conflict with who finished the task and when, or when it ended."""
    if task.status == "completed":
        by = session.get(User, task.completed_by) if task.completed_by else None
        raise Conflict(
            N_("这项任务已由%(by)s于%(at)s办结。"),
            by=by.name if by else Word(N_("系统")),
            at=shown(task.ended_at),
            task=task.id,
        )
    if task.status == "cancelled":
        raise Conflict(
            N_("这项任务已随流程变化于%(at)s结束，无需再办。"), at=shown(task.ended_at), task=task.id
        )


def require_holder(session: Session, actor: Actor, task: Task, action: str) -> Actor:
    """Refuse who is not asked to do the task, and everybody while it waits for others; gives the actor as he acts: for himself,
    or for whom he is a substitute. Raises Forbidden, Conflict.
    """
    if task.held:
        raise Conflict(N_("这项任务正在等其他人办理（加签、委托或退回补正），办完后再交回。"), task=task.id)
    if actor.acting_for is not None:
        return actor
    policy.require(actor, action, asked_thing(session, actor, task))
    return as_he_acts(session, actor, task)


def asked_thing(session: Session, actor: Actor, task: Task, holders: Sequence[str] | None = None) -> policy.Thing:
    """The task as rights see it; its route and whether it is a signature are asked for only where a substitute's grant may leave
    them out.
    """
    asked = holders_of(task) if holders is None else holders
    if not actor.stand_ins:
        return policy.thing_of(task.area_path, holders=asked, kind=task.kind)
    row = session.get_one(ProcessInstance, task.instance_id)
    kind = policy.SIGN if signing_rule(session, row, task) else task.kind
    return policy.thing_of(task.area_path, holders=asked, process=row.definition_key, kind=kind)


def signing_rule(session: Session, row: ProcessInstance, task: Task) -> str:
    """How the answers of those who sign with a task count (`approval:sign`: all, any, vote); empty where it is no signature."""
    if task.round_id is not None:
        return ""
    element = program_of(session, row.definition_id).program.element(task.process_key, task.element_id)
    return str((element.get("multi") or {}).get("sign") or "")


def refuse_ballot(session: Session, row: ProcessInstance, task: Task) -> None:
    """Raise Conflict for a ballot: a vote is the voter's own, and nobody votes twice."""
    if signing_rule(session, row, task) == VOTE:
        raise Conflict(N_("表决须由本人投票，不能转办、委托、改派或移交。"), task=task.id)


def note_for_whom(session: Session, actor: Actor, task: Task) -> None:
    """Keep with the task for whom a substitute acts on it."""
    if actor.acted_for != task.acted_for:
        task.acted_for = actor.acted_for
        session.flush()


def as_he_acts(session: Session, actor: Actor, task: Task) -> Actor:
    """The actor in the capacity in which the task is his: his own, or that of a principal, for whose unit he then acts."""
    if not actor.stand_ins or _is_his_own(actor, task):
        return actor
    taken = [f"u:{task.assignee_id}"] if task.assignee_id is not None else None
    principal = policy.stands_in(actor, asked_thing(session, actor, task, taken))
    if principal is None:
        return actor
    unit_id = task.unit_id if task.unit_id in principal.unit_ids else next(iter(principal.unit_ids), None)
    return replace(actor, acting_for=principal, unit_id=unit_id)


def _is_his_own(actor: Actor, task: Task) -> bool:
    if task.assignee_id is not None:
        return task.assignee_id == actor.user_id
    return not actor.groups.isdisjoint(holders_of(task))


def refuse_if_taken(session: Session, actor: Actor, task: Task) -> None:
    """Raise Conflict with who took the task and when, unless it was the actor, or the one for whom he acts."""
    if task.assignee_id is None or task.assignee_id in (actor.user_id, actor.acted_for) or actor.trusted:
        return
    by = session.get(User, task.assignee_id)
    raise Conflict(
        N_("这项任务已由%(by)s于%(at)s签收。"),
        by=by.name if by else "",
        at=shown(task.claimed_at),
        task=task.id,
    )


def may_work(session: Session, actor: Actor, task: Task) -> bool:
    """Whether the task lies before the actor: his own to do, or as somebody's substitute."""
    return task.status == "open" and policy.may(actor, "task.work", asked_thing(session, actor, task))


def put_before(session: Session, task: Task) -> None:
    """Let a task lie before whom it is asked of, anew: after it was held, handed on or opened again."""
    session.execute(delete(TaskHolder).where(TaskHolder.task_id == task.id))
    due = task.due_at if task.due_at is not None else text("'infinity'")
    for holder in dict.fromkeys(holders_of(task)):
        claimed_by = task.assignee_id if holder != f"u:{task.assignee_id}" else None
        session.execute(insert(TaskHolder).values(task_id=task.id, holder=holder, due_at=due, claimed_by=claimed_by))


def put_aside(session: Session, task: Task) -> None:
    """Let a task lie before nobody while it waits for others."""
    task.held = True
    session.execute(delete(TaskHolder).where(TaskHolder.task_id == task.id))


def set_holders(session: Session, task: Task, claimed_by: int | None) -> None:
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


def changed(
    session: Session,
    actor: Actor,
    row: ProcessInstance,
    task: Task,
    action: str,
    data: dict[str, Any],
    now: datetime,
) -> Task:
    """Count a command on a task and record it."""
    task.revision += 1
    row.revision += 1
    audit.record(session, actor, action, f"task:{task.id}", data, now=now, instance=row)
    return task


def shown(moment: datetime | None) -> str:
    """A moment as errors say it, in the government's zone."""
    return f"{moment.astimezone(SETTINGS.zone):%Y-%m-%d %H:%M}" if moment else ""
