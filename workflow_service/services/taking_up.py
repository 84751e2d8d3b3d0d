"""What a terminated run gets back when it is taken up again as it stood (重办).

Places on agendas, incidents, who had what and until when, what people had begun to write (drafts), whom they had asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow_service.domain.rounds import RULES, Relation
from workflow_service.store import people_queries, step_rows
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.operations import TaskRound
from workflow_service.store.runtime import Incident, ProcessInstance, Task, TaskDraft

from . import edge_timers, pauses, recipients, rounds
from .context import Actor
from .execution import Execution
from .moves import ComingBack
from .task_access import holders_of, put_aside, put_before


def reinstate(execution: Execution, ended_at: datetime | None, moved: Mapping[UUID, UUID]) -> None:
    """Give a run that was terminated at `ended_at`, and waits again, what its end took; `moved`: its new tokens by former."""
    from .mergers import pass_stragglers

    session, actor, row, now = execution.session, execution.actor, execution.row, execution.now
    step_rows.reinstate_items(session, row.id)
    if ended_at is not None:
        _reopen_incidents(session, row, ended_at, moved)
    for former, task in _pairs(session, row, moved):
        _give_back(session, actor, former, task, now)
        _ask_again(session, actor, row, former, task, now)
    session.flush()
    pass_stragglers(session, now=now)  # a unit before whose post it lay may have been merged meanwhile


def coming_back(session: Session, former: Task, *, now: datetime) -> ComingBack:
    """What would come back of a task that ended with its run: before whom, whose drafts, of whom what was asked."""
    drafts = select(TaskDraft.user_id).where(TaskDraft.task_id == former.id).order_by(TaskDraft.user_id)
    writers = [one for one in session.scalars(drafts) if _is_his(session, one, former, now)]
    sides = [one for found in _rounds_ended_with(session, former) for one in _sides_ended_with(session, found)]
    asked = [name for one in sides if _is_there(session, one, now) for name in goes_to(session, one, now=now)]
    names = tuple(recipients.name_of(session, f"u:{one}") for one in writers)
    return ComingBack(former.name, goes_to(session, former, now=now), names, tuple(dict.fromkeys(asked)))


def goes_to(session: Session, former: Task, *, now: datetime) -> tuple[str, ...]:
    """The names of those before whom a task that is over would lie again: who had it where he still may, else its candidates."""
    had = former.responsible or former.assignee_id
    if had is not None and _is_his(session, had, former, now):
        return (recipients.name_of(session, f"u:{had}"),)
    candidates = [one for one in holders_of(former) if one != f"u:{former.assignee_id}"]
    return tuple(recipients.name_of(session, one) for one in candidates)


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
    his = former.assignee_id is not None and _is_his(session, former.assignee_id, former, now)
    if his or former.candidate_groups or former.candidate_users:
        task.candidate_users, task.candidate_groups = list(former.candidate_users), list(former.candidate_groups)
        task.unit_id = former.unit_id
        task.assignee_id, task.claimed_at = (former.assignee_id, former.claimed_at) if his else (None, None)
    task.prefill = former.submission or former.prefill
    _give_drafts(session, former, task, now)
    if (by_hand := _by_hand(session, former)) is not None:
        edge_timers.follow(session, task, task.due_at, former.due_at)
        before, task.due_at, task.deadline_rule = task.due_at, former.due_at, former.deadline_rule
        pauses.note_by_hand(session, actor, task, before, by_hand.reason, now=now)
    put_before(session, task)


def _by_hand(session: Session, former: Task) -> DeadlineChange | None:
    set_anew = DeadlineChange.task_id == former.id, DeadlineChange.kind == pauses.BY_HAND
    return session.scalars(select(DeadlineChange).where(*set_anew).order_by(DeadlineChange.id.desc()).limit(1)).one_or_none()


def _give_drafts(session: Session, former: Task, task: Task, now: datetime) -> None:
    """What people had begun to write goes with the task, as long as it is still theirs to do."""
    written = session.scalars(select(TaskDraft.user_id).where(TaskDraft.task_id == former.id)).all()
    writers = [one for one in written if _is_his(session, one, former, now)]
    theirs = TaskDraft.task_id == former.id, TaskDraft.user_id.in_(writers)
    session.execute(update(TaskDraft).where(*theirs).values(task_id=task.id))


def _ask_again(session: Session, actor: Actor, row: ProcessInstance, former: Task, task: Task, now: datetime) -> None:
    """Let the rounds that ended with the run go on: what was answered counts, who had not answered is asked again."""
    found = [(one, _sides_ended_with(session, one)) for one in _rounds_ended_with(session, former)]
    for one, _sides in found:
        one.task_id, one.ended_at, one.outcome = task.id, None, ""
        one.people = [asked | {"holder": people_queries.heir_of(session, asked["holder"])} for asked in one.people]
        task.rounds += 1
    if any(RULES[Relation(one.relation)].holds for one, _sides in found):
        put_aside(session, task)
    elif former.submission is not None and any(one.blocking for one, _sides in found):
        task.submission, task.completed_by = former.submission, former.completed_by
        task.acted_for, task.completed_unit_id = former.acted_for, former.completed_unit_id
        put_aside(session, task)
    session.flush()
    for one, sides in found:
        _ask_round_again(session, actor, row, task, one, sides, now)


def _ask_round_again(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, found: TaskRound, sides: Sequence[Task], now: datetime
) -> None:
    for side in sides:
        if not _is_there(session, side, now):
            rounds.pass_over(session, actor, task, found, int(side.turn or 0), now)
            continue
        again = rounds.ask_one(session, actor, row, task, found, int(side.turn or 0), now)
        _give_back(session, actor, side, again, now)
        _ask_again(session, actor, row, side, again, now)
    rounds.stand_still(session, actor, row, task, found, now=now)
    if found.begun:
        rounds.go_on(session, actor, row, task, found, now=now)


def _rounds_ended_with(session: Session, former: Task) -> Sequence[TaskRound]:
    """The rounds on a task's behalf that ended in the moment in which it ended itself, with its run."""
    ended = TaskRound.task_id == former.id, TaskRound.outcome == "cancelled", TaskRound.ended_at == former.ended_at
    return session.scalars(select(TaskRound).where(*ended).order_by(TaskRound.id)).all()


def _sides_ended_with(session: Session, found: TaskRound) -> Sequence[Task]:
    """The tasks of a round that ended with it, so that nobody had done them, in the order of their turns."""
    ended = Task.round_id == found.id, Task.status == "cancelled", Task.ended_at == found.ended_at
    return session.scalars(select(Task).where(*ended).order_by(Task.turn, Task.id)).all()


def _is_his(session: Session, user_id: int, former: Task, now: datetime) -> bool:
    """Whether a task is a person's to do still; what he was asked by name on another's behalf, wherever he works now."""
    by_name = former.round_id is not None and former.assignee_id == user_id and not former.candidate_groups
    if by_name:
        return recipients.is_reachable(session, f"u:{user_id}", now=now)
    return recipients.is_still_his(session, user_id, former, now=now)


def _is_there(session: Session, side: Task, now: datetime) -> bool:
    """Whether anybody stands behind one of those of whom it was asked."""
    asked = [people_queries.heir_of(session, one) for one in holders_of(side)]
    return any(recipients.is_reachable(session, one, now=now) for one in asked)
