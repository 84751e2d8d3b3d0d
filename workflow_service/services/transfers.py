"""Handing a task on for good: transfer by its handler (转办), reassignment by a supervisor (改派), hand-over of a person's work.

Within the unit it goes to a person; to another unit through that unit's registry post, which hands it out itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.people import Unit
from workflow_service.store.runtime import ProcessInstance, Task, TaskDraft

from . import events, recipients, rounds
from .context import Actor
from .execution import require_status
from .task_access import (
    changed,
    holders_of,
    lock_task,
    put_before,
    refuse_ballot,
    refuse_if_taken,
    require_holder,
)

REGISTRY = "registry"
LONGEST_REASON = 2000
PRIVATE = ("opinion", "outcome")
"""What of a draft never goes along: the former handler's own words and decision."""


@dataclass(frozen=True)
class TransferAsked:
    """To whom, a holder key (`u:7`, or `g:unit:registry` for another unit), and why. `with_draft`: form values and files that
    were drafted go along; the opinion stays private.
    """

    holder: str
    reason: str = ""
    with_draft: bool = False


def transfer_task(
    session: Session, actor: Actor, task_id: int, asked: TransferAsked, *, now: datetime, expected: int | None = None
) -> Task:
    """Hand a task on to somebody of the same unit, or to another unit's registry; he becomes the handler for good (转办).

    Raises NotFound, Forbidden, Conflict, InvalidInput.
    """
    row, task = lock_task(session, task_id, expected)
    require_status(row, rounds.statuses_for(session, task))
    actor = require_holder(session, actor, task, "task.transfer")
    refuse_if_taken(session, actor, task)
    return hand_on(session, actor, row, task, asked, "transfer", now)


def reassign_task(
    session: Session, actor: Actor, task_id: int, asked: TransferAsked, *, now: datetime, expected: int | None = None
) -> Task:
    """A supervisor gives a task to somebody else (改派), with a reason, whoever has taken it."""
    row, task = lock_task(session, task_id, expected)
    require_status(row, rounds.statuses_for(session, task))
    policy.require(actor, "task.reassign", policy.thing_of(task.area_path))
    if task.held:
        raise Conflict(N_("这项任务正在等其他人办理（加签、委托或退回补正），办完后再交回。"), task=task.id)
    if not asked.reason.strip():
        raise InvalidInput(N_("请写明理由。"))
    return hand_on(session, actor, row, task, asked, "reassign", now)


def hand_on(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, asked: TransferAsked, kind: str, now: datetime
) -> Task:
    """Put a locked task before somebody else, with an event and a notice; rights are the caller's."""
    if len(asked.reason) > LONGEST_REASON:
        raise InvalidInput(N_("说明不能超过 2000 字。"))
    refuse_ballot(session, row, task)
    recipients.require_reachable(session, [asked.holder], now=now)
    unit_id = _destination(session, task, asked.holder, now)
    before = holders_of(task)
    if asked.holder in before and (task.assignee_id is None or asked.holder == f"u:{task.assignee_id}"):
        raise InvalidInput(N_("任务已经在“%(name)s”名下。"), name=recipients.name_of(session, asked.holder))
    own = task.assignee_id is None or actor.acting_for is not None
    former = actor.user_id if own else task.assignee_id
    _take_draft_along(session, task, former, asked.with_draft)
    was = events.held(task)
    _place(task, asked.holder, unit_id, now)
    put_before(session, task)
    data: dict[str, Any] = {"from": before, "to": asked.holder, "reason": asked.reason.strip(), "with_draft": asked.with_draft}
    data[events.WAS] = was
    events.note(session, actor, task, kind, data, now=now, reason=asked.reason.strip())
    values = {"by": actor.name, "task": task.name, "title": task.title}
    recipients.tell(
        session, actor, [asked.holder], kind, N_("%(by)s转给您办理：%(task)s（%(title)s）"), values,
        f"{kind}:{task.id}:{task.revision}", now=now, note=asked.reason.strip(), link=f"/tasks/{task.id}",
    )  # fmt: skip
    return changed(session, actor, row, task, f"task.{kind}", data, now)


def _destination(session: Session, task: Task, holder: str, now: datetime) -> int | None:
    """The unit that answers for the task from now on; raises InvalidInput for a person of another unit."""
    unit_id, present = recipients.unit_of(session, holder, now=now), _unit_of(session, task, now)
    if holder.startswith("g:"):
        if unit_id != present and not holder.endswith(f":{REGISTRY}"):
            raise InvalidInput(N_("转给其他单位时，请转到该单位的收发岗位，由其分办。"))
        return unit_id
    if present is not None and not recipients.belongs(session, holder, present, now=now):
        unit = session.scalars(select(Unit.short_name).where(Unit.id == present)).one_or_none() or ""
        name = recipients.name_of(session, holder)
        raise InvalidInput(N_("“%(name)s”不在%(unit)s；转给其他单位时，请转到该单位的收发岗位。"), name=name, unit=unit)
    return present


def _unit_of(session: Session, task: Task, now: datetime) -> int | None:
    """The unit that a task lies with: that of the person asked, where it was asked of him by name."""
    if task.unit_id is not None:
        return task.unit_id
    named = [holder for holder in holders_of(task) if holder.startswith("u:")]
    return recipients.unit_of(session, named[0], now=now) if named else None


def _place(task: Task, holder: str, unit_id: int | None, now: datetime) -> None:
    task.opened_at = task.opened_by = None
    task.unit_id, task.candidate_users = unit_id, []
    if holder.startswith("u:"):
        task.assignee_id, task.claimed_at, task.candidate_groups = int(holder[2:]), now, []
    else:
        task.assignee_id, task.claimed_at, task.candidate_groups = None, None, [holder[2:]]


def _take_draft_along(session: Session, task: Task, former: int | None, along: bool) -> None:
    """The drafted values go to the next handler if the former says so, the opinion never; the draft itself is forgotten."""
    draft = session.get(TaskDraft, (task.id, former)) if former is not None else None
    if draft is None:
        return
    if along:
        task.prefill = (task.prefill or {}) | {name: one for name, one in draft.values.items() if name not in PRIVATE}
    session.delete(draft)
