"""Taking somebody out who was asked on a task's behalf and has not acted (减签), his turn come or not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, Forbidden, NotFound
from workflow_service.domain.rounds import RULES, Relation
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import step_rows
from workflow_service.store.operations import TaskRound
from workflow_service.store.runtime import Task

from . import events, notices
from .context import Actor
from .execution import require_status
from .rounds import go_on, present_handlers, statuses_for
from .task_access import changed, lock_task


def may_remove(actor: Actor, process: str, main: Task, relation: Relation, asked_by: int | None) -> bool:
    """Whether the actor may take people out of a round: who has the asking task now, who gave an order, and supervisors."""
    if policy.may(actor, "task.reassign", policy.thing_of(main.area_path)):
        return True
    standing = [one for one in actor.stand_ins if one.covers(process)]
    if RULES[relation].survives:
        return asked_by in {actor.user_id, *(one.user_id for one in standing)}
    return not actor.groups.union(*(one.groups for one in standing)).isdisjoint(present_handlers(main))


def remove_signer(session: Session, actor: Actor, task_id: int, *, now: datetime) -> None:
    """Take out somebody who was asked on a task's behalf and has not acted (减签); who has the task may, and supervisors."""
    row, side = lock_task(session, task_id)
    require_status(row, statuses_for(session, side))
    if side.round_id is None:
        raise Conflict(N_("这项任务不是加签产生的。"))
    found = session.get_one(TaskRound, side.round_id)
    main = session.get_one(Task, found.task_id, with_for_update=True)
    if not may_remove(actor, row.definition_key, main, Relation(found.relation), found.created_by):
        raise Forbidden(N_("只有原任务的办理人和督办岗位可以减签。"))
    ended = step_rows.cancel_tasks(session, row.id, [side.token], now)
    session.refresh(side)
    events.note(session, actor, main, "remove_signer", {"task": side.id}, now=now)
    notices.tell_ended(session, ended, N_("已减签"), actor, now=now)
    changed(session, actor, row, main, "task.remove_signer", {"task": side.id}, now)
    go_on(session, actor, row, main, found, now=now)


def remove_turn(session: Session, actor: Actor, round_id: int, turn: int, *, now: datetime) -> None:
    """Take out somebody by his turn in a round, before it has come too (减签); who has the task may, and supervisors.

    Raises NotFound, Forbidden, Conflict.
    """
    found = session.get(TaskRound, round_id)
    if found is None:
        raise NotFound(N_("没有这次加签。"))
    side = session.scalars(select(Task.id).where(Task.round_id == round_id, Task.turn == turn)).one_or_none()
    if side is not None:
        return remove_signer(session, actor, side, now=now)
    row, main = lock_task(session, found.task_id)
    require_status(row, statuses_for(session, main))
    session.refresh(found, with_for_update=True)
    if not may_remove(actor, row.definition_key, main, Relation(found.relation), found.created_by):
        raise Forbidden(N_("只有原任务的办理人和督办岗位可以减签。"))
    if found.ended_at is not None or not found.begun <= turn < len(found.people):
        raise Conflict(N_("只能减去尚未办理的人员。"))
    out = found.people[turn]["holder"]
    found.people = [one for number, one in enumerate(found.people) if number != turn]
    session.flush()
    data = {"round": found.id, "turn": turn, "people": [out]}
    events.note(session, actor, main, "remove_signer", data, now=now)
    changed(session, actor, row, main, "task.remove_signer", data, now)
    if found.begun or not found.people:
        go_on(session, actor, row, main, found, now=now)
    return None
