"""Escalating by hand (报上级): a supervisor puts a task that does not move before the superior of whom it lies before.

It moves nothing: the leaders of the unit hear of it with the reason, and where the task lies before the leader himself, or the
unit has none, the leaders of the government's office or commission do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.divisions import last_area
from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows
from workflow_service.store.people import Unit
from workflow_service.store.runtime import Task

from . import audit, events, recipients
from .calendars import SETTINGS
from .context import Actor
from .task_access import lock_task
from .timeouts import SUPERIOR_POST

ESCALATED = "escalated"
AT_MOST_EVERY = timedelta(days=1)
LONGEST_REASON = 500
OFFICES = ("government_office", "drc")


def escalate_task(session: Session, actor: Actor, task_id: int, reason: str, *, now: datetime) -> int:
    """Tell the superior of a task with a reason; gives how many people hear of it.

    Raises NotFound, Forbidden, InvalidInput, and Conflict when the task is over, went up within the day, or nobody is above.
    """
    row, task = lock_task(session, task_id)
    policy.require(actor, "task.escalate", policy.thing_of(task.area_path))
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(N_("请写明理由，不超过 500 字。"), pointer="/reason")
    if events.happened(session, task_id, ESCALATED, now - AT_MOST_EVERY):
        raise Conflict(N_("这项任务一天内已经报过上级。"), task=task_id)
    superiors = superiors_of(session, task, now)
    if not superiors:
        raise Conflict(N_("没有可以上报的负责人。"), task=task_id)
    data = {"people": superiors}
    event = events.note(session, actor, task, ESCALATED, data, now=now, reason=reason)
    session.flush()
    audit.record(session, actor, "task.escalate", f"task:{task_id}", data | {"reason": reason}, now=now, instance=row)
    return recipients.tell(
        session, actor, [f"u:{one}" for one in superiors], ESCALATED, N_("%(by)s上报：%(task)s（%(title)s）"),
        {"by": actor.name, "task": task.name, "title": task.title}, f"{ESCALATED}:{event.id}", now=now, note=reason,
        link=f"/tasks/{task_id}",
    )  # fmt: skip


def superiors_of(session: Session, task: Task, now: datetime) -> list[int]:
    """Give who is above those before whom a task lies: the unit's leaders, else those of the government's offices."""
    today = SETTINGS.day_of(now)
    below = set(notice_rows.task_holders(session, task.id, today))
    unit = session.get(Unit, task.unit_id) if task.unit_id is not None else None
    area = unit.area if unit is not None else last_area(task.area_path)
    offices = select(Unit.code, Unit.relation).where(Unit.area == area, Unit.active, Unit.relation.in_(OFFICES))
    known = {relation: code for code, relation in session.execute(offices)}
    codes = [unit.code] if unit is not None else []
    for code in [*codes, *[known[one] for one in OFFICES if one in known]]:
        key = f"g:{code}:{SUPERIOR_POST}"
        people = set(notice_rows.people_of(session, [key], today).get(key, ())) - below
        if people:
            return sorted(people)
    return []
