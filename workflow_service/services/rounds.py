"""Others asked on behalf of one task: added signers, a delegate, co-handlers, who is consulted (docs/approval-operations.md).

A round's tasks are rows like any other, with deadlines and drafts, and move no token: the token stands with the asking task
until that one is finished. What each relation means stands in `domain.rounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service import signals
from workflow_service.domain.approvals import Choice, choice_of
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rounds import (
    RULES,
    SIGNING,
    Relation,
    RelationRule,
    RoundMode,
    is_over,
    next_turns,
)
from workflow_service.i18n import N_
from workflow_service.identity.words import Word
from workflow_service.store import notice_rows, round_list, step_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.operations import TaskRound
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, completions, events, notices, pauses, recipients
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution, require_status
from .programs import program_of
from .recipients import Asked
from .task_access import (
    changed,
    holders_of,
    lock_task,
    put_aside,
    put_before,
    refuse_ballot,
    refuse_if_taken,
    require_holder,
)

LONGEST_NOTE = 2000
MOST_PEOPLE = 50


@dataclass(frozen=True)
class RoundAsked:
    """What a person asks for: whom, in which order, with which words. `draft_values` of the asker go along where he says so."""

    relation: Relation
    people: Sequence[Asked]
    mode: RoundMode = RoundMode.PARALLEL
    note: str = ""
    blocking: bool = True


def begin_round(
    session: Session, actor: Actor, task_id: int, asked: RoundAsked, *, now: datetime, expected: int | None = None
) -> TaskRound:
    """Ask others on behalf of a task; raises NotFound, Forbidden, Conflict, InvalidInput.

    Signers of a countersignature itself are added by `signers.add_signer`.
    """
    row, task = lock_task(session, task_id, expected)
    require_status(row, ("active",))
    actor = require_holder(session, actor, task, "task.work")
    refuse_if_taken(session, actor, task)
    if asked.relation is Relation.DELEGATE:
        refuse_ballot(session, row, task)
    check_round(session, task, asked, now)
    took = task.assignee_id is None and actor.user_id is not None
    if took:
        task.assignee_id, task.claimed_at = actor.responsible, now
    found = open_round(session, actor, row, task, asked, now=now)
    if took and not task.held:
        put_before(session, task)
    data = {"relation": asked.relation.value, "people": [one.holder for one in asked.people], "note": asked.note}
    events.note(session, actor, task, asked.relation.value, data | {"round": found.id}, now=now, reason=asked.note)
    changed(session, actor, row, task, f"task.{asked.relation.value}", data, now)
    return found


def check_round(session: Session, task: Task, asked: RoundAsked, now: datetime) -> None:
    """Refuse what cannot be asked on a task's behalf; raises InvalidInput."""
    if not asked.people or len(asked.people) > MOST_PEOPLE:
        raise InvalidInput(N_("请选择 1 到 50 位办理人。"))
    if len(asked.note) > LONGEST_NOTE:
        raise InvalidInput(N_("说明不能超过 2000 字。"))
    if len({one.holder for one in asked.people}) < len(asked.people):
        raise InvalidInput(N_("同一人或同一岗位只能选一次。"))
    if any(one.due_at is not None and one.due_at <= now for one in asked.people):
        raise InvalidInput(N_("新的时限应晚于现在。"))
    if asked.relation is Relation.DELEGATE and len(asked.people) != 1:
        raise InvalidInput(N_("委托办理只能选一人。"))
    if task.round_id is not None and asked.relation in (*SIGNING, Relation.CO_HANDLE):
        raise InvalidInput(N_("这是受他人之请办理的任务，可以委托、转办或沟通，不能再加签、再分协办。"))
    recipients.require_reachable(session, [one.holder for one in asked.people], now=now)


def open_round(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, asked: RoundAsked, *, now: datetime,
    data: dict[str, Any] | None = None,
) -> TaskRound:  # fmt: skip
    """Write a round and ask its first people; rights and records are the caller's."""
    rule = RULES[asked.relation]
    found = TaskRound(
        task_id=task.id, instance_id=row.id, relation=asked.relation.value, mode=asked.mode.value,
        blocking=rule.blocks and _is_waited_for(session, row, task, asked),
        people=[one.plain() for one in asked.people], note=asked.note.strip(), data=data or {},
        created_by=actor.responsible, created_at=now,
    )  # fmt: skip
    session.add(found)
    session.flush()
    task.rounds += 1
    if rule.holds:
        put_aside(session, task)
    if not rule.begins_after:
        _ask(session, actor, row, task, found, now)
    stand_still(session, actor, row, task, found, now=now)
    return found


def stand_still(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, found: TaskRound, *, now: datetime
) -> None:  # fmt: skip
    """While a round lies in somebody else's court, as the designer says (`approval:pausesOnReturn`), the clocks stand."""
    if found.data.get("waiting"):
        pauses.stop_returned(session, actor, row, task, found.note, now=now)


def _is_waited_for(session: Session, row: ProcessInstance, task: Task, asked: RoundAsked) -> bool:
    """Whether the asking task waits: for co-handlers as the designer says, where he does (`approval:coHandlers`)."""
    if asked.relation is not Relation.CO_HANDLE:
        return asked.blocking
    element = program_of(session, row.definition_id).program.element(task.process_key, task.element_id)
    said = element.get("attrs", {}).get("coHandlers")
    return asked.blocking if said is None else said == "wait"


def _ask(session: Session, actor: Actor, row: ProcessInstance, task: Task, found: TaskRound, now: datetime) -> None:
    """Give those whose turn it is their tasks; whoever is not there any more is passed over, and the task's handler told."""
    asked = 0
    while not asked and (turns := next_turns(RoundMode(found.mode), len(found.people), found.begun)):
        for turn in turns:
            found.begun = turn + 1
            if recipients.is_reachable(session, str(found.people[turn]["holder"]), now=now):
                ask_one(session, actor, row, task, found, turn, now)
                asked += 1
            else:
                pass_over(session, actor, task, found, turn, now)


def pass_over(session: Session, actor: Actor, task: Task, found: TaskRound, turn: int, now: datetime) -> None:
    """Leave out whoever is not there any more when his turn comes; the task's handler hears of it."""
    holder = str(found.people[turn]["holder"])
    events.note(session, actor, task, "passed_over", {"round": found.id, "people": [holder]}, now=now)
    recipients.tell(
        session, Actor.system("scheduler"), present_handlers(task), "given_back",
        N_("%(name)s已不在岗，不再请其办理：%(task)s（%(title)s）"),
        {"name": recipients.name_of(session, holder), "task": task.name, "title": task.title}, f"passed_over:{found.id}:{turn}",
        now=now, link=f"/tasks/{task.id}",
    )  # fmt: skip


def present_handlers(task: Task) -> list[str]:
    """Before whom a task lies now: who took it, else everybody it is asked of."""
    return [f"u:{task.assignee_id}"] if task.assignee_id is not None else holders_of(task)


def ask_one(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, found: TaskRound, turn: int, now: datetime
) -> Task:
    """Give the person or post of a turn its task, and tell it; gives that task."""
    rule, asked = RULES[Relation(found.relation)], Asked.from_plain(found.people[turn])
    side = _side_task(task, found, rule, asked, turn, now)
    session.add(side)
    session.flush()
    put_before(session, side)
    holders = [asked.holder]
    send_after_commit(session, signals.task_created, task_id=side.id, instance_id=row.id, holders=holders)
    recipients.tell(
        session, actor, holders, "asked", N_("%(by)s请您办理：%(task)s（%(title)s）"),
        {"by": actor.name, "task": side.name, "title": side.title}, f"asked:{side.id}", now=now, note=found.note,
        link=f"/tasks/{side.id}",
    )  # fmt: skip
    return side


def _side_task(task: Task, found: TaskRound, rule: RelationRule, asked: Asked, turn: int, now: datetime) -> Task:
    relation = Relation(found.relation)
    form = found.data.get("form_key") or rule.form or task.form_key
    name = str(found.data.get("name") or (task.name if relation is Relation.DELEGATE else f"{relation.label}：{task.name}"))
    return Task(
        instance_id=task.instance_id, token=uuid4(), process_key=found.data.get("process_key") or task.process_key,
        element_id=found.data.get("element_id") or task.element_id, name=name, form_key=form,
        kind=SIDE_KINDS.get(relation, task.kind), stage=task.stage, plan_id=task.plan_id, area_path=task.area_path,
        title=task.title, unit_id=asked.unit_id or task.unit_id, assignee_id=asked.user_id, candidate_users=[],
        candidate_groups=[asked.group] if asked.group else [], priority=task.priority, deadline_rule="",
        due_at=asked.due_at or task.due_at, created_at=now, round_id=found.id, turn=turn, prefill=found.data.get("prefill"),
        local=dict(task.local), status="open",
        waiting=bool(found.data.get("waiting")) or (task.waiting and not rule.survives),
    )  # fmt: skip


SIDE_KINDS = {
    Relation.BEFORE: "opinion", Relation.AFTER: "opinion", Relation.TOGETHER: "opinion", Relation.CONSULT: "opinion",
    Relation.CO_HANDLE: "draft", Relation.INSTRUCT: "draft",
}  # fmt: skip


ANY_STATUS = ("active", "suspended", "completed", "terminated")


def statuses_for(session: Session, task: Task) -> tuple[str, ...]:
    """In which states of its run a task can be worked on: what a leader ordered by instruction outlives the run."""
    if task.round_id is None or not RULES[Relation(session.get_one(TaskRound, task.round_id).relation)].survives:
        return ("active",)
    return ANY_STATUS


def wait_for_others(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, values: dict[str, Any], *, now: datetime
) -> bool:
    """Keep what a handler handed in while others still have to act; False when nobody has to, so that the task can move on."""
    for one in _blocking(session, task.id):
        if RULES[Relation(one.relation)].begins_after and not one.begun:
            _ask(session, actor, row, task, one, now)
            if _is_over(session, one):
                end_round(session, actor, one, now=now)
    if not _blocking(session, task.id):
        return False
    task.submission, task.completed_by, task.completed_unit_id = values, actor.user_id, actor.unit_id
    put_aside(session, task)
    changed(session, actor, row, task, "task.hand_in", {"task": task.id, "values": values}, now)
    return True


def _blocking(session: Session, task_id: int) -> Sequence[TaskRound]:
    running = TaskRound.task_id == task_id, TaskRound.ended_at.is_(None), TaskRound.blocking
    return session.scalars(select(TaskRound).where(*running).order_by(TaskRound.id)).all()


def answer(
    session: Session, actor: Actor, row: ProcessInstance, side: Task, values: dict[str, Any], *, now: datetime
) -> None:
    """Somebody who was asked on another's behalf answers; the last answer lets the asking task go on."""
    completion = step_rows.Completion(side.id, actor.user_id, actor.unit_id, values)
    step_rows.complete_task_row(session, completion, now)
    session.refresh(side)
    found = session.get_one(TaskRound, side.round_id)
    main = session.get_one(Task, found.task_id, with_for_update=True)
    row.revision += 1
    audit.record(session, actor, "task.answer", f"task:{side.id}", {"round": found.id, "values": values}, now=now, instance=row)
    send_after_commit(session, signals.task_completed, task_id=side.id, instance_id=row.id, user_id=actor.user_id)
    if side.rounds:
        end_open(session, actor, side, now=now)
    if found.relation == Relation.INSTRUCT.value:
        words = N_("%(by)s已办理批示交办事项：%(title)s")
        _tell_leader(session, actor, row, main, found, words, f"order:{side.id}", now, note=side.opinion)
    go_on(session, actor, row, main, found, now=now)


def go_on(session: Session, actor: Actor, row: ProcessInstance, main: Task, found: TaskRound, *, now: datetime) -> None:
    """Ask whose turn comes next in a round, or end it and let its asking task go on."""
    if not _is_over(session, found) and not _counts(session, found.id)[0]:
        _ask(session, actor, row, main, found, now)
    if not _is_over(session, found):
        return
    end_round(session, actor, found, now=now)
    since = round_list.waited_since(session, found) if main.timeout_at is not None else None
    if since is not None:
        pauses.move_timeout(session, row, main, since, now)
    if found.relation == Relation.INSTRUCT.value:
        _tell_leader(session, actor, row, main, found, N_("批示交办事项已全部办结：%(title)s"), f"round:{found.id}", now)
    elif main.status == "open":
        _let_go(session, actor, row, main, found, now)
    if found.data.get("waiting"):
        pauses.start_returned(session, actor, row, main, now=now)


def _tell_leader(
    session: Session, actor: Actor, row: ProcessInstance, main: Task, found: TaskRound, sentence: str, occasion: str,
    now: datetime, note: str = "",
) -> None:  # fmt: skip
    """A leader hears what came of what he ordered."""
    if found.created_by is not None:
        values = {"by": actor.name, "title": main.title}
        notices.tell(
            session, {found.created_by} - {actor.user_id}, "instructed", sentence, values, occasion, now=now, note=note,
            link=f"/instances/{row.id}", by=actor.name,
        )  # fmt: skip


def _is_over(session: Session, found: TaskRound) -> bool:
    open_ones, answered = _counts(session, found.id)
    return is_over(RoundMode(found.mode), len(found.people), found.begun, answered, open_ones)


def _counts(session: Session, round_id: int) -> tuple[int, int]:
    rows = select(Task.status, func.count()).where(Task.round_id == round_id).group_by(Task.status)
    counted: dict[str, int] = {status: number for status, number in session.execute(rows)}  # noqa: C416 - rows, not pairs
    return counted.get("open", 0), counted.get("completed", 0)


def end_round(session: Session, actor: Actor, found: TaskRound, *, now: datetime) -> None:
    """Close a round; who was asked and has not answered is told that nobody waits for it."""
    ended = step_rows.cancel_tasks(session, found.instance_id, [], now, rounds=[found.id])
    session.refresh(found)
    found.ended_at, found.outcome = now, "over"
    session.flush()
    notices.tell_ended(session, ended, N_("已有人办理"), actor, now=now)


def end_open(session: Session, actor: Actor, task: Task, *, now: datetime) -> None:
    """End what was still asked on behalf of a task that is done, but for what a leader ordered."""
    running = TaskRound.task_id == task.id, TaskRound.ended_at.is_(None), TaskRound.relation != Relation.INSTRUCT.value
    ended = session.scalars(select(TaskRound).where(*running)).all()
    for found in ended:
        end_round(session, actor, found, now=now)
    if ended:
        pauses.settle_plan_of(session, actor, session.get_one(ProcessInstance, task.instance_id), now=now)


def _let_go(session: Session, actor: Actor, row: ProcessInstance, main: Task, found: TaskRound, now: datetime) -> None:
    relation = Relation(found.relation)
    answers = _answers(session, found.id)  # none where the only one asked was taken out
    if relation is Relation.DELEGATE and answers:
        main.prefill = answers[-1].submission
    if relation is Relation.RESUBMIT and answers:
        _take_over(session, actor, row, found, now)
    if RULES[relation].holds:
        return _give_back(session, actor, row, main, found, now)
    if main.submission is None or _blocking(session, main.id):
        return None
    if _dissented(session, main.id):
        main.prefill = main.submission
        return _give_back(session, actor, row, main, found, now)
    return _finish(session, actor, row, main, now)


def _answers(session: Session, round_id: int) -> Sequence[Task]:
    done = Task.round_id == round_id, Task.status == "completed"
    return session.scalars(select(Task).where(*done).order_by(Task.ended_at, Task.id)).all()


def _dissented(session: Session, task_id: int) -> bool:
    """Whether one of those who signed with or after the task said no, since it was last handed in."""
    rounds = session.scalars(select(TaskRound).where(TaskRound.task_id == task_id, TaskRound.outcome == "over")).all()
    counted = [one for one in rounds if RULES[Relation(one.relation)].dissent_returns and not one.data.get("heard")]
    said = [answer.outcome for one in counted for answer in _answers(session, one.id)]
    for one in counted:
        one.data = one.data | {"heard": True}
    return any(choice_of(outcome) is Choice.DISAGREE for outcome in said)


def _give_back(
    session: Session, actor: Actor, row: ProcessInstance, main: Task, found: TaskRound, now: datetime
) -> None:
    """Put the asking task before its handler again."""
    main.held, main.submission, main.completed_by, main.completed_unit_id = False, None, None, None
    main.revision += 1
    put_before(session, main)
    day = SETTINGS.day_of(now)
    present = notice_rows.people_of(session, present_handlers(main), day).values()
    people = {user_id for found_ids in present for user_id in found_ids}
    notices.tell(
        session, people, "given_back", N_("%(relation)s已办完，请继续办理：%(task)s（%(title)s）"),
        {"relation": Word(Relation(found.relation).label), "task": main.name, "title": main.title},
        f"round:{found.id}", now=now, by=actor.name, link=f"/tasks/{main.id}",
    )  # fmt: skip


def _finish(session: Session, actor: Actor, row: ProcessInstance, main: Task, now: datetime) -> None:
    """Move the instance on with what the handler had handed in; it stays his work, whoever signed last."""
    from . import navigation

    values, execution = dict(main.submission or {}), Execution.thaw(session, actor, row, now)
    main.held = False
    session.flush()
    completion = step_rows.Completion(main.id, main.completed_by, main.completed_unit_id, values)
    if not navigation.dissent(execution, main, values, completion):
        execution.hand_in(completion, main.token)
        execution.instance.complete(main.token, values)
        execution.settle("task.complete", {"task": main.id, "element": main.element_id, "values": values})
        completions.follow(session, actor, row, main, execution, values, now=now)
    end_open(session, actor, main, now=now)
    send_after_commit(session, signals.task_completed, task_id=main.id, instance_id=row.id, user_id=main.completed_by)
    session.refresh(main)


def _take_over(session: Session, actor: Actor, row: ProcessInstance, found: TaskRound, now: datetime) -> None:
    """Write the earlier step's answer anew for all who come after it."""
    main = session.get_one(Task, found.task_id)
    execution = Execution.thaw(session, actor, row, now)
    execution.instance.revise(main.token, str(found.data["element_id"]), dict(_answers(session, found.id)[-1].submission or {}))
    execution.settle("task.resubmit", {"task": main.id, "element": found.data["element_id"]})
