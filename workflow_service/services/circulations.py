"""Copies, circulations, documents for receipt (抄送、传阅、阅知、阅办、圈阅、签收): sent to people and posts, read by them.

Nothing waits for a reader. Each reader's row says when it reached him, when it was read, by whom and for which unit; a unit reads
through its post, and whoever opens it first has read it. Who got something of a run may see the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.circulations import CirculationKind, due_turns
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TongchouError
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.identity.groups import resolve_groups
from workflow_service.identity.words import Word
from workflow_service.store import notice_rows
from workflow_service.store.operations import Circulation, CirculationReader
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, events, recipients
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution, locked_instance
from .task_access import visible_task

MOST_READERS, LONGEST_NOTE = 200, 2000
NOTICE, REMINDED = "circulation", "circulation-reminded"
AT_MOST_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Sending:
    """What is sent to whom (holder keys, in order), with which words; `in_order`: one after the other as each has read."""

    kind: CirculationKind
    holders: Sequence[str]
    note: str = ""
    in_order: bool = False


@dataclass(frozen=True)
class Subject:
    """What it is about: its title, where it stands in the service, its area, and the run, task and plan to which it belongs."""

    title: str
    link: str
    area_path: str
    instance_id: int | None = None
    task_id: int | None = None
    plan_id: int | None = None


def circulate(
    session: Session, actor: Actor, sending: Sending, *, instance_id: int | None = None, task_id: int | None = None,
    now: datetime,
) -> Circulation:  # fmt: skip
    """Send a task or a run round to be read; whoever sees it may. Raises NotFound, Forbidden, InvalidInput."""
    from .processes import visible_instance

    if task_id is not None:
        task, row = visible_task(session, actor, task_id)
        title = f"{task.title}：{task.name}"
    else:
        assert instance_id is not None
        task, row = None, visible_instance(session, actor, instance_id)
        title = title_of(session, row)
    policy.require(actor, "circulation.send", policy.thing_of(participants=(actor.user_id,)))
    row = locked_instance(session, row.id)
    _check(session, sending, now)
    about = Subject(title, f"/instances/{row.id}", row.area_path, row.id, task.id if task is not None else None, row.plan_id)
    found = send(session, actor, sending, about, now=now)
    data = {"circulation": found.id, "kind": sending.kind.value, "holders": list(sending.holders)}
    if task is not None:
        events.note(session, actor, task, "circulated", data, now=now, reason=found.note)
    else:
        events.note_instance(session, actor, row.id, "circulated", data, now=now, reason=found.note)
    audit.record(session, actor, "circulation.send", f"process-instance:{row.id}", data, now=now, instance=row)
    return found


def title_of(session: Session, row: ProcessInstance) -> str:
    """What a run is called: the title that its tasks have, else the name of its process."""
    latest = select(Task.title).where(Task.instance_id == row.id).order_by(Task.id.desc()).limit(1)
    return session.scalars(latest).first() or row.definition.name


def _check(session: Session, sending: Sending, now: datetime) -> None:
    if not 1 <= len(sending.holders) <= MOST_READERS:
        raise InvalidInput(N_("请选择 1 到 200 位接收人。"))
    if len(set(sending.holders)) < len(sending.holders):
        raise InvalidInput(N_("同一人或同一岗位只能选一次。"))
    if len(sending.note) > LONGEST_NOTE:
        raise InvalidInput(N_("说明不能超过 2000 字。"))
    recipients.require_reachable(session, sending.holders, now=now)


def send(
    session: Session, actor: Actor, sending: Sending, about: Subject, *, now: datetime, told: bool = True
) -> Circulation:
    """Write a circulation and give it to its first readers; rights and records are the caller's. `told`: with a notice."""
    found = Circulation(
        area_path=about.area_path, instance_id=about.instance_id, task_id=about.task_id, plan_id=about.plan_id,
        kind=sending.kind.value, title=about.title, note=sending.note.strip(), link=about.link, in_order=sending.in_order,
        sent_by=actor.user_id,
        sent_at=now,
    )  # fmt: skip
    session.add(found)
    session.flush()
    readers = [
        CirculationReader(circulation_id=found.id, holder=holder, turn=turn) for turn, holder in enumerate(sending.holders)
    ]
    session.add_all(readers)
    _deliver(session, actor, found, readers, now, told)
    return found


def _deliver(
    session: Session, actor: Actor, found: Circulation, readers: Sequence[CirculationReader], now: datetime, told: bool = True
) -> None:
    """Let those have it whose turn it is and who have not had it yet."""
    turns = due_turns(found.in_order, [one.read_at is not None for one in readers])
    reached = [readers[turn] for turn in turns if readers[turn].delivered_at is None]
    for one in reached:
        one.delivered_at = now
    session.flush()
    if told and reached:
        _tell(session, actor, found, [one.holder for one in reached], f"circulation:{found.id}", now)


def _tell(session: Session, actor: Actor, found: Circulation, holders: Sequence[str], occasion: str, now: datetime) -> int:
    values = {"kind": Word(CirculationKind(found.kind).label), "title": found.title}
    return recipients.tell(
        session, actor, holders, NOTICE, N_("%(kind)s：%(title)s"), values, occasion, now=now, note=found.note,
        link=f"/circulations/{found.id}",
    )  # fmt: skip


def copy_to(
    session: Session, actor: Actor, task: Task, execution: Execution, values: Mapping[str, Any], *, now: datetime
) -> None:
    """Send the copies that the diagram names (`approval:copyTo`); a post that is not there holds up nothing, history says so."""
    element = execution.loaded.program.element(task.process_key, task.element_id)
    named = [one.strip() for one in (element.get("attrs", {}).get("copyTo") or "").split(",") if one.strip()]
    if not named:
        return
    seen = _seen(execution, task) | {task.element_id: dict(values)}
    holders: list[str] = []
    for one in named:
        try:
            groups = resolve_groups(session, [one], seen.get("plan") or {}, seen)
        except TongchouError as error:
            events.note(session, actor, task, "copy_failed", {"group": one}, now=now, reason=error.message)
        else:
            holders += [f"g:{group}" for group in groups if f"g:{group}" not in holders]
    if holders:
        about = Subject(
            f"{task.title}：{task.name}", f"/instances/{task.instance_id}", task.area_path, task.instance_id, task.id,
            task.plan_id,
        )  # fmt: skip
        found = send(session, actor, Sending(CirculationKind.COPY, holders), about, now=now)
        events.note(session, actor, task, "circulated", {"circulation": found.id, "kind": "copy", "holders": holders}, now=now)


def _seen(execution: Execution, task: Task) -> dict[str, Any]:
    """What the finished step saw, or the top of the run where its token is gone already."""
    try:
        return dict(execution.instance.variables_at(task.token))
    except Conflict:
        return dict(execution.instance.variables)


def readable(session: Session, actor: Actor, circulation_id: int) -> tuple[Circulation, list[CirculationReader]]:
    """Give something sent round with its readers, to who got it or sent it and to the supervisors of its area.

    Raises NotFound, Forbidden.
    """
    found = session.get(Circulation, circulation_id)
    if found is None:
        raise NotFound(N_("没有这份传阅。"))
    readers = _readers(session, found.id)
    reached = [one.holder for one in readers if one.delivered_at is not None]
    thing = policy.thing_of(found.area_path or "/", holders=reached, participants=(found.sent_by,))
    policy.require(actor, "circulation.see", thing)
    return found, readers


def _readers(session: Session, circulation_id: int, *, lock: bool = False) -> list[CirculationReader]:
    statement = select(CirculationReader).where(CirculationReader.circulation_id == circulation_id)
    ordered = statement.order_by(CirculationReader.turn)
    return list(session.scalars(ordered.with_for_update().execution_options(populate_existing=True) if lock else ordered))


def holders_of(session: Session, circulation_id: int) -> list[str]:
    """Give the holder keys to which something was sent round. Rights are the caller's."""
    return [one.holder for one in _readers(session, circulation_id)]


def mark_read(session: Session, actor: Actor, circulation_id: int, remark: str = "", *, now: datetime) -> list[CirculationReader]:
    """Note that the actor has read, ticked, signed for or dealt with what came to him and his posts; gives the rows it changed.

    What a colleague of the post read before stays his. Raises NotFound, Forbidden, InvalidInput where words are asked for.
    """
    session.execute(select(Circulation.id).where(Circulation.id == circulation_id).with_for_update())
    found, _rows = readable(session, actor, circulation_id)
    readers = _readers(session, found.id, lock=True)
    his = [one for one in readers if one.holder in actor.groups and one.delivered_at is not None]
    if not his:
        raise Forbidden(N_("这份传阅没有发给您。"), action="circulation.read")
    if len(remark) > LONGEST_NOTE:
        raise InvalidInput(N_("说明不能超过 2000 字。"))
    if CirculationKind(found.kind).asks_for_words and not remark.strip():
        raise InvalidInput(N_("阅办件请写明办理情况。"))
    fresh = [one for one in his if one.read_at is None]
    for one in fresh:
        one.read_at, one.read_by, one.remark = now, actor.user_id, remark.strip()
        one.unit_id = recipients.unit_of(session, one.holder, now=now) if one.holder.startswith("g:") else actor.unit_id
    if fresh:
        audit.record(session, actor, "circulation.read", f"circulation:{found.id}", {"remark": remark.strip()}, now=now)
        _deliver(session, actor, found, readers, now)
    return fresh


def remind_readers(session: Session, actor: Actor, circulation_id: int, *, now: datetime) -> int:
    """Push those who have it and have not read it, at most once an hour; the sender may, and supervisors. Gives how many."""
    found, readers = readable(session, actor, circulation_id)
    thing = policy.thing_of(found.area_path or "/", participants=(found.sent_by,))
    policy.require(actor, "circulation.remind", thing)
    row = locked_instance(session, found.instance_id) if found.instance_id is not None else None
    session.refresh(found, with_for_update=True)
    waiting = [one.holder for one in readers if one.delivered_at is not None and one.read_at is None]
    if not waiting:
        raise Conflict(N_("都已阅读，无需提醒。"))
    people = {one for behind in notice_rows.people_of(session, waiting, SETTINGS.day_of(now)).values() for one in behind}
    if notice_rows.told_since(session, people, f"{REMINDED}:{found.id}:", now - AT_MOST_EVERY):
        raise Conflict(N_("一小时内已经提醒过，请稍后再提醒。"))
    told = _tell(session, actor, found, waiting, f"{REMINDED}:{found.id}:{now.isoformat()}", now)
    audit.record(session, actor, "circulation.remind", f"circulation:{found.id}", {"people": told}, now=now, instance=row)
    return told
