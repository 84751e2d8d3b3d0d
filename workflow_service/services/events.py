"""What happened to tasks besides their beginning and end, in order: the history that a task's page shows (动态)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from workflow_service.i18n import N_, _
from workflow_service.store.former_names import person_name_at
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import User
from workflow_service.store.runtime import Task

from .audit import plain
from .context import Actor

WAS = "was"
"""In the data of an event that puts a task before others: before whom it lay, so that a past ledger can tell."""
SERVICE = N_("系统")
"""What the service itself is called where no person did it."""
ENTERED_FOR = "entered_for"
"""An office entered a body's result (代录): `data` has office, body, result, minutes and the day of the meeting."""


def note(
    session: Session, actor: Actor, task: Task, kind: str, data: Mapping[str, Any] | None = None, *, now: datetime,
    reason: str = "", acted_for: int | None = None,
) -> TaskEvent:  # fmt: skip
    """Write an event of a task, in the transaction of the command that caused it."""
    event = TaskEvent(
        instance_id=task.instance_id, task_id=task.id, at=now, kind=kind, actor_id=actor.user_id,
        acted_for=acted_for if acted_for is not None else actor.acted_for,
        reason=reason, data=plain(dict(data or {})),
    )  # fmt: skip
    session.add(event)
    return event


def note_instance(
    session: Session, actor: Actor, instance_id: int, kind: str, data: Mapping[str, Any] | None = None, *, now: datetime,
    reason: str = "",
) -> TaskEvent:  # fmt: skip
    """Write an event of a whole instance."""
    event = TaskEvent(
        instance_id=instance_id, task_id=None, at=now, kind=kind, actor_id=actor.user_id, reason=reason,
        data=plain(dict(data or {})),
    )  # fmt: skip
    session.add(event)
    return event


def held(task: Task) -> dict[str, Any]:
    """Before whom a task lies: who took it and when, its unit, the groups asked."""
    since = task.claimed_at or task.created_at
    return {"user": task.assignee_id, "since": since.isoformat(), "unit": task.unit_id, "groups": list(task.candidate_groups)}


def events_of(session: Session, instance_id: int) -> Sequence[tuple[TaskEvent, str, str]]:
    """Give the events of an instance in order, each with who did it and the task's name."""
    rows = session.execute(
        select(TaskEvent, person_name_at(TaskEvent.at), Task.name)
        .outerjoin(User, User.id == TaskEvent.actor_id)
        .outerjoin(Task, Task.id == TaskEvent.task_id)
        .where(TaskEvent.instance_id == instance_id)
        .order_by(TaskEvent.id)
    )
    return [(event, person or _(SERVICE), task or "") for event, person, task in rows]


def happened(session: Session, task_id: int, kind: str, since: datetime) -> bool:
    """Tell whether an event of this kind stands in a task's history after `since`."""
    found = exists().where(TaskEvent.task_id == task_id, TaskEvent.kind == kind, TaskEvent.at > since)
    return bool(session.scalar(select(found)))


def first_of(session: Session, task_ids: Sequence[int], kinds: Sequence[str]) -> TaskEvent | None:
    """Give the first event of some kinds in the history of some tasks."""
    found = select(TaskEvent).where(TaskEvent.task_id.in_(task_ids), TaskEvent.kind.in_(kinds))
    return session.scalars(found.order_by(TaskEvent.id).limit(1)).first() if task_ids else None


def returned_for(session: Session, task: Task) -> TaskEvent | None:
    """Give the return by which a task came before its handler again, with reason and points; None where it came forward."""
    came = TaskEvent.instance_id == task.instance_id, TaskEvent.kind == "returned", TaskEvent.at == task.created_at
    found = session.scalars(select(TaskEvent).where(*came).order_by(TaskEvent.id.desc())).all()
    return next((one for one in found if one.data.get("to") == task.element_id and one.task_id != task.id), None)
