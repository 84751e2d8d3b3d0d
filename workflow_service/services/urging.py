"""Urging (催办): one person's push on one task, through whatever channels its handlers chose."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows
from workflow_service.store.instance_view import participants_of

from . import audit, events, notices
from .calendars import SETTINGS
from .context import Actor
from .task_access import holders_of, open_task, shown

AT_MOST_EVERY = timedelta(hours=1)
LONGEST_NOTE = 500


def urge_task(session: Session, actor: Actor, task_id: int, note: str = "", *, now: datetime) -> int:
    """Push one task: everybody before whom it lies gets a notice; gives how many.

    Whoever has a part in the instance may, and supervisors; at most once an hour a task, whoever does it. A task that lies
    with another government one level up is urged by the office only. Raises NotFound, Forbidden, and Conflict when the task
    is over or was urged within the hour.
    """
    task = open_task(session, task_id)
    _holders, participants = participants_of(session, task.instance_id)
    thing = policy.thing_of(task.area_path, holders=holders_of(task), participants=participants)
    policy.require(actor, "task.urge", thing)
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(N_("催办留言不能超过 500 字。"))
    if events.happened(session, task_id, "urged", now - AT_MOST_EVERY):
        raise Conflict(N_("这项任务一小时内已经催办过，请稍后再催。"), task=task_id)
    people = notice_rows.task_holders(session, task_id, SETTINGS.day_of(now))
    events.note(session, actor, task, "urged", {"people": people}, now=now, reason=note)
    audit.record(session, actor, "task.urge", f"task:{task_id}", {"note": note, "people": people}, now=now)
    values = {"task": task.name, "title": task.title}
    return notices.tell(
        session, people, "urge", N_("请尽快办理：%(task)s（%(title)s）"), values, f"urge:{task_id}:{shown(now)}", now=now,
        note=note, link=f"/tasks/{task_id}", by=actor.name,
    )  # fmt: skip
