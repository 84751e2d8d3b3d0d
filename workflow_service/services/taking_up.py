"""What a terminated run gets back when it is taken up again as it stood (重办): places on agendas, incidents, who had what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.store import step_rows
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.runtime import Incident, ProcessInstance, Task

from . import pauses, recipients
from .context import Actor
from .execution import Execution
from .task_access import put_before


def reinstate(execution: Execution, ended_at: datetime | None, moved: Mapping[UUID, UUID]) -> None:
    """Give a run that was terminated at `ended_at`, and waits again, what its end took; `moved`: its new tokens by former."""
    session, actor, row, now = execution.session, execution.actor, execution.row, execution.now
    step_rows.reinstate_items(session, row.id)
    if ended_at is not None:
        _reopen_incidents(session, row, ended_at, moved)
    for former, task in _pairs(session, row, moved):
        _give_back(session, actor, former, task, now)
    session.flush()
    if execution.plan is not None:
        pauses.settle_plan(session, actor, execution.plan, row, now=now)


def _reopen_incidents(session: Session, row: ProcessInstance, ended_at: datetime, moved: Mapping[UUID, UUID]) -> None:
    settled = Incident.instance_id == row.id, Incident.resolved_at == ended_at
    for one in session.scalars(select(Incident).where(*settled)):
        one.resolved_at = one.resolved_by = None
        if one.token is not None:
            one.token = moved.get(one.token, one.token)


def _pairs(session: Session, row: ProcessInstance, moved: Mapping[UUID, UUID]) -> list[tuple[Task, Task]]:
    """The tasks that ended with the run, each with the one that stands in its place now."""
    of_run = select(Task).where(Task.instance_id == row.id, Task.token.in_([*moved, *moved.values()]))
    rows = {one.token: one for one in session.scalars(of_run)}
    return [(rows[before], rows[after]) for before, after in moved.items() if before in rows and after in rows]


def _give_back(session: Session, actor: Actor, former: Task, task: Task, now: datetime) -> None:
    """Let the task lie before whom it lay, until when it was to be done; who has left meanwhile gets nothing."""
    his = former.assignee_id is not None and recipients.is_still_his(session, former.assignee_id, former, now=now)
    if his or former.candidate_groups or former.candidate_users:
        task.candidate_users, task.candidate_groups = list(former.candidate_users), list(former.candidate_groups)
        task.unit_id = former.unit_id
        task.assignee_id, task.claimed_at = (former.assignee_id, former.claimed_at) if his else (None, None)
    task.prefill = former.submission or former.prefill
    if (by_hand := _by_hand(session, former)) is not None:
        before, task.due_at, task.deadline_rule = task.due_at, former.due_at, former.deadline_rule
        pauses.note_by_hand(session, actor, task, before, by_hand.reason, now=now)
    put_before(session, task)


def _by_hand(session: Session, former: Task) -> DeadlineChange | None:
    set_anew = DeadlineChange.task_id == former.id, DeadlineChange.kind == pauses.BY_HAND
    return session.scalars(select(DeadlineChange).where(*set_anew).order_by(DeadlineChange.id.desc()).limit(1)).one_or_none()
