"""Urging (催办): one person's push on one task with a reason, through whatever channels its handlers chose.

The reason stands in the task's history and in the record, and is what those who are urged read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.actor import is_within
from workflow_service.store import notice_rows
from workflow_service.store.instance_view import participants_of
from workflow_service.store.people import Unit
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, events, notices
from .calendars import SETTINGS
from .context import Actor
from .task_access import holders_of, lock_task, shown
from .transfers import REGISTRY

AT_MOST_EVERY = timedelta(hours=1)
LONGEST_REASON = 500
OFFICES = ("government_office", "party_office")
"""What a unit is to its government whose people speak for it to the one above."""


def urge_task(session: Session, actor: Actor, task_id: int, reason: str, *, now: datetime) -> int:
    """Push one task with a reason (at most 500 characters): everybody before whom it lies gets a notice, and each substitute
    who is there; gives how many.

    Whoever has a part in the instance may, its starter too, and supervisors; at most once an hour a task, whoever does it. A
    task that lies with a unit of a higher government is urged by offices and registries only. Raises NotFound, Forbidden,
    InvalidInput (pointer `/note`), and Conflict when the task is over or was urged within the hour.
    """
    row, task = lock_task(session, task_id)
    require_urging(session, actor, task, row)
    reason = reason_of_urging(reason)
    if events.happened(session, task_id, "urged", now - AT_MOST_EVERY):
        raise Conflict(N_("这项任务一小时内已经催办过，请稍后再催。"), task=task_id)
    people = notice_rows.urged_people(session, task_id, SETTINGS.day_of(now))
    events.note(session, actor, task, "urged", {"people": people}, now=now, reason=reason)
    data = {"reason": reason, "people": people}
    audit.record(session, actor, "task.urge", f"task:{task_id}", data, now=now, instance=row)
    values = {"task": task.name, "title": task.title}
    return notices.tell(
        session, people, "urge", N_("请尽快办理：%(task)s（%(title)s）"), values, f"urge:{task_id}:{shown(now)}", now=now,
        note=reason, link=f"/tasks/{task_id}", by=actor.name,
    )  # fmt: skip


def reason_of_urging(text: str) -> str:
    """Give a reason as it is kept; raises InvalidInput (pointer `/note`) where it is empty or longer than 500 characters."""
    reason = text.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(N_("请写明催办理由，不超过 500 字。"), pointer="/note")
    return reason


def require_urging(session: Session, actor: Actor, task: Task, row: ProcessInstance) -> None:
    """Refuse who may not push a task; raises Forbidden."""
    policy.require(actor, "task.urge", _thing(session, task, row))
    if _goes_upwards(session, actor, task):
        raise Forbidden(N_("任务在上级单位，请由本级办公室或收发岗位催办。"), action="task.urge")


def may_urge(session: Session, actor: Actor, task: Task, row: ProcessInstance) -> bool:
    """Tell whether somebody may push an open task; that it was pushed within the hour is told when he does."""
    if task.status != "open":
        return False
    return policy.may(actor, "task.urge", _thing(session, task, row)) and not _goes_upwards(session, actor, task)


def _thing(session: Session, task: Task, row: ProcessInstance) -> policy.Thing:
    _holders, participants = participants_of(session, row.id)
    return policy.thing_of(task.area_path, holders=holders_of(task), participants={*participants, row.started_by})


def _goes_upwards(session: Session, actor: Actor, task: Task) -> bool:
    """Whether the task lies with a unit of a government above all of the actor's, and he does not speak for his own."""
    if actor.trusted or task.unit_id is None or not actor.area_paths:
        return False
    above = session.scalars(select(Unit.area_path).where(Unit.id == task.unit_id)).one()
    if not all(path != above and is_within(path, above) for path in actor.area_paths):
        return False
    speaks = any(one.endswith(f":{REGISTRY}") for one in actor.groups) or any(one in OFFICES for one, _path in actor.relations)
    return not speaks
