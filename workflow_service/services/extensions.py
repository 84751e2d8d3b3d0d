"""Extensions (延期): a later date is asked for, somebody else grants or refuses it; both are recorded.

For a task whoever it lies before asks, for a plan or its present stage its lead unit. Supervisors of the area decide, and
the lead unit of the task's plan where the task is another unit's. What was asked, granted and refused stands in the deadline
history of task, stage or plan beside its pauses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import aware
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.plans import Stage
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.words import Word
from workflow_service.store import extension_list
from workflow_service.store.acting import Extension
from workflow_service.store.deadlines import move_holders
from workflow_service.store.plans import Plan

from . import audit, due_dates, edge_timers, events, pauses, recipients, stage_clocks
from .context import Actor
from .plans import visible_plan
from .task_access import changed, lock_task, require_holder

KIND = "extension"
LONGEST_REASON = 500


def ask_for_extension(
    session: Session, actor: Actor, task_id: int, wanted: datetime, reason: str, *, now: datetime
) -> Extension:
    """Ask for a later date (an aware moment after the present one) for a task that lies before the actor.

    Raises NotFound, Forbidden, InvalidInput, and Conflict where one is asked for already or the task has no date.
    """
    row, task = lock_task(session, task_id)
    actor = require_holder(session, actor, task, "task.work")
    reason = _words(reason)
    if task.due_at is None:
        raise Conflict(N_("这项任务没有时限，无需延期。"), task=task.id)
    if aware(wanted) <= max(task.due_at, now):
        raise InvalidInput(N_("申请的时限应晚于现在的时限。"), pointer="/wanted")
    if extension_list.open_of(session, task.id) is not None:
        raise Conflict(N_("这项任务已有延期申请待批。"), task=task.id)
    made = Extension(
        task_id=task.id, plan_id=task.plan_id, area_path=task.area_path, unit_id=task.unit_id, asked_by=actor.user_id,
        asked_at=now, due_before=task.due_at, wanted=wanted, reason=reason, status="open", answer="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    pauses.note_change(session, actor, task, "asked", task.due_at, wanted, reason, now=now)
    data = {"extension": made.id, "due": task.due_at, "wanted": wanted}
    events.note(session, actor, task, "extension_asked", data, now=now, reason=reason)
    changed(session, actor, row, task, "extension.ask", data | {"reason": reason}, now)
    _tell_deciders(session, actor, made, task.name, task.title, now)
    return made


def ask_for_plan(
    session: Session, actor: Actor, plan_id: int, stage: str, wanted: datetime, reason: str, *, now: datetime
) -> Extension:
    """Ask for a later date (an aware moment) for a plan's present stage, or where `stage` is empty for its issue; the lead unit.

    Raises NotFound, Forbidden, InvalidInput, and Conflict where one is asked for already or there is no date.
    """
    plan = visible_plan(session, actor, plan_id, "plan.edit", lock=True)
    reason = _words(reason)
    due = stage_clocks.due_of(session, plan, stage)
    if due is None:
        raise Conflict(N_("没有时限，无需延期。"))
    if aware(wanted) <= max(due, now):
        raise InvalidInput(N_("申请的时限应晚于现在的时限。"), pointer="/wanted")
    if extension_list.open_for_plan(session, plan.id, stage) is not None:
        raise Conflict(N_("已有延期申请待批。"))
    made = Extension(
        task_id=None, plan_id=plan.id, stage=stage, area_path=plan.area_path, unit_id=plan.lead_unit_id,
        asked_by=actor.user_id, asked_at=now, due_before=due, wanted=wanted, reason=reason, status="open", answer="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    stage_clocks.note(session, actor, plan, stage, "asked", due, wanted, reason, now=now)
    data = {"extension": made.id, "stage": stage, "due": due, "wanted": wanted, "reason": reason}
    audit.record(session, actor, "extension.ask", f"plan:{plan.id}", data, now=now)
    _tell_deciders(session, actor, made, _what(made), plan.title, now)
    return made


def _what(extension: Extension) -> Any:
    """What is asked for, in words: a stage's name or the whole plan; the reader's language chooses them."""
    return Word(Stage(extension.stage).word) if extension.stage else Word(N_("规划印发"))


def grant_extension(
    session: Session, actor: Actor, extension_id: int, answer: str = "", *, granted: datetime | None = None, now: datetime
) -> Extension:
    """Grant what was asked for, or another later date (`granted`). Raises NotFound, Forbidden, InvalidInput, Conflict."""
    found = _open(session, actor, extension_id)
    if found.task_id is None:
        return _grant_plan(session, actor, found, answer, granted, now)
    row, task = lock_task(session, found.task_id)
    _require_open(session, found)
    moment = granted or found.wanted
    before = task.due_at
    if aware(moment) <= now or (before is not None and moment <= before):
        raise InvalidInput(N_("新的时限应晚于现在的时限。"), pointer="/granted")
    _decide(found, actor, "granted", answer, now)
    found.granted = moment
    edge_timers.follow(session, task, before, moment)
    task.due_at, task.deadline_rule = moment, "by hand"
    move_holders(session, task)
    words = found.answer or found.reason
    pauses.note_change(session, actor, task, "extended", before, moment, words, now=now)
    data = {"extension": found.id, "due": before, "granted": moment}
    events.note(session, actor, task, "extension_granted", data, now=now, reason=words)
    changed(session, actor, row, task, "extension.grant", data | {"answer": found.answer}, now)
    due_dates.carry(session, actor, row, task, now=now)
    _tell_asker(session, actor, found, (task.name, task.title), N_("同意延期：%(task)s（%(title)s）"), now)
    return found


def _grant_plan(
    session: Session, actor: Actor, found: Extension, answer: str, granted: datetime | None, now: datetime
) -> Extension:
    plan = _locked_plan(session, found)
    moment, before = granted or found.wanted, stage_clocks.due_of(session, plan, found.stage)
    if before is not None and aware(moment) <= before:
        raise InvalidInput(N_("新的时限应晚于现在的时限。"), pointer="/granted")
    _decide(found, actor, "granted", answer, now)
    found.granted = moment
    words = found.answer or found.reason
    stage_clocks.move(session, actor, plan, found.stage, moment, words, stage_clocks.EXTENDED, now=now)
    data = {"extension": found.id, "stage": found.stage, "due": before, "granted": moment, "answer": found.answer}
    audit.record(session, actor, "extension.grant", f"plan:{plan.id}", data, now=now)
    _tell_asker(session, actor, found, (_what(found), plan.title), N_("同意延期：%(task)s（%(title)s）"), now)
    return found


def _locked_plan(session: Session, found: Extension) -> Plan:
    plan = session.get_one(Plan, found.plan_id, with_for_update={"of": Plan}, populate_existing=True)
    _require_open(session, found)
    return plan


def refuse_extension(session: Session, actor: Actor, extension_id: int, answer: str, *, now: datetime) -> Extension:
    """Refuse it with a reason; the date stays. Raises NotFound, Forbidden, InvalidInput, Conflict."""
    found = _open(session, actor, extension_id)
    answer = _words(answer)
    if found.task_id is None:
        return _refuse_plan(session, actor, found, answer, now)
    row, task = lock_task(session, found.task_id)
    _require_open(session, found)
    _decide(found, actor, "refused", answer, now)
    pauses.note_change(session, actor, task, "refused", task.due_at, task.due_at, answer, now=now)
    data = {"extension": found.id, "wanted": found.wanted}
    events.note(session, actor, task, "extension_refused", data, now=now, reason=answer)
    changed(session, actor, row, task, "extension.refuse", data | {"answer": answer}, now)
    _tell_asker(session, actor, found, (task.name, task.title), N_("不同意延期：%(task)s（%(title)s）"), now)
    return found


def _refuse_plan(session: Session, actor: Actor, found: Extension, answer: str, now: datetime) -> Extension:
    plan = _locked_plan(session, found)
    _decide(found, actor, "refused", answer, now)
    stage_clocks.note(session, actor, plan, found.stage, "refused", found.due_before, found.due_before, answer, now=now)
    data = {"extension": found.id, "stage": found.stage, "wanted": found.wanted, "answer": answer}
    audit.record(session, actor, "extension.refuse", f"plan:{plan.id}", data, now=now)
    _tell_asker(session, actor, found, (_what(found), plan.title), N_("不同意延期：%(task)s（%(title)s）"), now)
    return found


def may_decide(session: Session, actor: Actor, extension: Extension) -> bool:
    """Whether the actor may grant or refuse a request: never his own, nor his own unit's as the lead unit."""
    own = extension.asked_by is not None and extension.asked_by in (actor.user_id, actor.acted_for)
    return not own and policy.may(actor, "extension.decide", _thing(session, extension))


def _thing(session: Session, extension: Extension) -> policy.Thing:
    plan = session.get(Plan, extension.plan_id) if extension.plan_id is not None else None
    lead = plan.lead_unit_id if plan is not None and plan.lead_unit_id != extension.unit_id else None
    return policy.thing_of(extension.area_path, unit_ids=(lead,))


def _open(session: Session, actor: Actor, extension_id: int) -> Extension:
    found = session.get(Extension, extension_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的延期申请。"), id=extension_id)
    policy.require(actor, "extension.decide", _thing(session, found))
    if not may_decide(session, actor, found):
        raise Forbidden(N_("不能审批自己的延期申请。"), action="extension.decide")
    return found


def _require_open(session: Session, extension: Extension) -> None:
    session.refresh(extension, with_for_update=True)
    if extension.status != "open":
        raise Conflict(N_("这项延期申请已经办理。"))


def _decide(extension: Extension, actor: Actor, status: str, answer: str, now: datetime) -> None:
    if len(answer.strip()) > LONGEST_REASON:
        raise InvalidInput(N_("理由不能超过 500 字。"))
    extension.status, extension.decided_by, extension.decided_at = status, actor.user_id, now
    extension.answer = answer.strip()


def _words(reason: str) -> str:
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise InvalidInput(N_("请写明理由，不超过 500 字。"), pointer="/reason")
    return reason.strip()


def _tell_deciders(session: Session, actor: Actor, extension: Extension, what: Any, title: str, now: datetime) -> None:
    people = recipients.supervisors_of(session, extension.area_path, now=now)
    recipients.tell(
        session, actor, people, KIND, N_("申请延期：%(task)s（%(title)s）"), {"task": what, "title": title},
        f"{KIND}:{extension.id}", now=now, note=extension.reason, link="/supervision/extensions",
    )  # fmt: skip


def _tell_asker(
    session: Session, actor: Actor, extension: Extension, about: tuple[Any, str], text: str, now: datetime
) -> None:
    link = f"/tasks/{extension.task_id}" if extension.task_id is not None else f"/plans/{extension.plan_id}"
    if extension.asked_by is not None:
        recipients.tell(
            session, actor, [f"u:{extension.asked_by}"], KIND, text, {"task": about[0], "title": about[1]},
            f"{KIND}:{extension.id}:decided", now=now, note=extension.answer, link=link,
        )  # fmt: skip


def requests_of(session: Session, task_id: int) -> list[Extension]:
    """Give a task's requests, the latest first. Rights are the caller's."""
    return list(session.scalars(select(Extension).where(Extension.task_id == task_id).order_by(Extension.id.desc())))
