"""Two people, not one (职责分离): who did one step, or answers for the matter, must not confirm it (`approval:notBy`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Forbidden
from workflow_service.engine.script import compile_template
from workflow_service.i18n import N_
from workflow_service.store.people import User
from workflow_service.store.runtime import ProcessInstance, Task

from . import processes
from .context import Actor
from .programs import program_of


def require_another_person(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, *, now: datetime
) -> None:
    """Refuse whom the diagram bars from the task: himself, and as somebody's substitute. Raises Forbidden that names him."""
    barred = barred_people(session, row, task, now=now)
    found = next((one for one in (actor.user_id, actor.acted_for) if one is not None and one in barred), None)
    if found is not None:
        name = session.scalars(select(User.name).where(User.id == found)).one()
        raise Forbidden(
            N_("这项任务须由申请人、责任人以外的人办理，%(name)s应当回避。"), action="task.work", name=name
        )


def barred_people(session: Session, row: ProcessInstance, task: Task, *, now: datetime) -> frozenset[int]:
    """Give the ids of those who must not do a task; empty, without a statement, where the diagram bars nobody."""
    element = program_of(session, row.definition_id).program.element(task.process_key, task.element_id)
    text = element.get("attrs", {}).get("notBy") or ""
    if not text or task.round_id is not None:
        return frozenset()
    seen = processes.variables_at(session, row, task.token, now=now) if "${" in text else {}
    named = [one.strip() for one in str(compile_template(text).evaluate(seen)).split(",")]
    people = {int(one) for one in named if one.isdecimal()}
    for element_id in (one for one in named if one and not one.isdecimal()):
        people |= _last_doers(session, row.id, element_id)
    return frozenset(people)


def _last_doers(session: Session, instance_id: int, element_id: str) -> set[int]:
    """Who did a step last, and for whom he did it."""
    done = select(Task.completed_by, Task.acted_for).where(
        Task.instance_id == instance_id,
        Task.element_id == element_id,
        Task.status == "completed",
        Task.round_id.is_(None),
    )
    last = session.execute(done.order_by(Task.ended_at.desc(), Task.id.desc()).limit(1)).one_or_none()
    return {one for one in last or () if one is not None}
