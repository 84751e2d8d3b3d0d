"""A leader's instruction (批示): set apart on the slip, by rank, with the tasks that it ordered and how far each is.

What was ordered is a round with relation `instruct`: tasks of their own with deadlines, which outlive the step and the run. The
leader is told of each answer, and once more when all have answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import operations_list
from workflow_service.store.instance_view import participants_of
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, events, recipients, rounds
from .calendars import SETTINGS
from .context import Actor
from .execution import locked_instance
from .recipients import Asked
from .rounds import MOST_PEOPLE, RoundAsked

LONGEST_TEXT = 2000
INSTRUCTED = "instructed"


@dataclass(frozen=True)
class Order:
    """One followed-up task: before whom it lies, until when, and what came of it."""

    task: Task
    holder: str
    person: str


@dataclass(frozen=True)
class Instruction:
    """One instruction with who gave it for which unit and post, his post's rank, and what he ordered by it."""

    event: TaskEvent
    leader: str
    unit: str
    post: str
    rank: int
    orders: tuple[Order, ...]

    @property
    def is_done(self) -> bool:
        """Whether everybody who was ordered something has answered."""
        return all(one.task.status != "open" for one in self.orders)


def instruct(
    session: Session, actor: Actor, instance_id: int, words: str, orders: Sequence[Asked] = (), *, now: datetime,
    task_id: int | None = None,
) -> TaskEvent:  # fmt: skip
    """Write an instruction on a run (or one task of it) and give its orders; leaders only.

    Raises NotFound, Forbidden, InvalidInput, Conflict where there is no task yet from which orders could follow.
    """
    row = locked_instance(session, instance_id)
    require_leader(session, actor, row)
    words = words.strip()
    if not 1 <= len(words) <= LONGEST_TEXT:
        raise InvalidInput(N_("请写明批示，不超过 2000 字。"))
    task = _about(session, row, task_id)
    standing = operations_list.standing_of(session, actor.user_id, actor.unit_id, SETTINGS.day_of(now))
    data = {"unit": standing.unit, "post": standing.post, "rank": standing.rank}
    found = _order(session, actor, row, task, words, orders, now) if orders else None
    if found is not None:
        data["round"] = found
    event = (
        events.note(session, actor, task, INSTRUCTED, data, now=now, reason=words)
        if task is not None
        else events.note_instance(session, actor, row.id, INSTRUCTED, data, now=now, reason=words)
    )
    session.flush()
    row.revision += 1
    record = {"event": event.id, "words": words, "orders": [one.holder for one in orders]}
    audit.record(session, actor, "instance.instruct", f"process-instance:{row.id}", record, now=now, instance=row)
    _tell_handlers(session, actor, row, event, now)
    return event


def require_leader(session: Session, actor: Actor, row: ProcessInstance) -> None:
    """Raise Forbidden unless the actor may write an instruction on this run."""
    holders, participants = participants_of(session, row.id)
    thing = policy.thing_of(row.area_path, holders=holders, participants=participants, process=row.definition_key)
    policy.require(actor, "instance.instruct", thing)


def _about(session: Session, row: ProcessInstance, task_id: int | None) -> Task | None:
    """The task from which the orders follow: the one named, else an open step of the run, else its latest."""
    of_run = select(Task).where(Task.instance_id == row.id, Task.round_id.is_(None))
    if task_id is not None:
        found = session.scalars(select(Task).where(Task.instance_id == row.id, Task.id == task_id)).one_or_none()
        if found is None:
            raise InvalidInput(N_("这项任务不属于这个流程。"))
        return found
    return session.scalars(of_run.order_by(Task.status != "open", Task.id.desc()).limit(1)).first()


def _order(
    session: Session, actor: Actor, row: ProcessInstance, task: Task | None, words: str, orders: Sequence[Asked], now: datetime
) -> int:
    if task is None:
        raise Conflict(N_("流程还没有任务，暂不能交办。"))
    if len(orders) > MOST_PEOPLE or len({one.holder for one in orders}) < len(orders):
        raise InvalidInput(N_("交办对象最多 50 个，且不能重复。"))
    if any(one.due_at is not None and one.due_at <= now for one in orders):
        raise InvalidInput(N_("新的时限应晚于现在。"))
    recipients.require_reachable(session, [one.holder for one in orders], now=now)
    placed = [Asked(one.holder, one.due_at, recipients.unit_of(session, one.holder, now=now)) for one in orders]
    asked = RoundAsked(Relation.INSTRUCT, placed, RoundMode.PARALLEL, words)
    return rounds.open_round(session, actor, row, task, asked, now=now).id


def _tell_handlers(session: Session, actor: Actor, row: ProcessInstance, event: TaskEvent, now: datetime) -> None:
    """Those before whom the run's steps lie hear of it."""
    holders = operations_list.holders_of_steps(session, row.id)
    title = session.scalars(select(Task.title).where(Task.instance_id == row.id).limit(1)).first() or row.definition.name
    recipients.tell(
        session, actor, holders, INSTRUCTED, N_("%(by)s批示：%(title)s"), {"by": actor.name, "title": title},
        f"{INSTRUCTED}:{event.id}", now=now, note=event.reason, link=f"/instances/{row.id}",
    )  # fmt: skip


def instructions_of(session: Session, instance_id: int) -> list[Instruction]:
    """Give a run's instructions, the highest post first, then in the order in which they were given."""
    rows = operations_list.events_of_kind(session, instance_id, INSTRUCTED)
    orders = operations_list.tasks_of_rounds(session, [event.data["round"] for event, _name in rows if "round" in event.data])
    found = [
        Instruction(
            event, name, event.data.get("unit", ""), event.data.get("post", ""), int(event.data.get("rank", 0)),
            tuple(_order_of(session, *one) for one in orders.get(event.data.get("round", 0), ())),
        )
        for event, name in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.rank, one.event.id))


def _order_of(session: Session, task: Task, person: str) -> Order:
    asked = f"u:{task.assignee_id}" if task.assignee_id is not None and not task.candidate_groups else None
    holder = asked or f"g:{task.candidate_groups[0]}" if asked or task.candidate_groups else ""
    return Order(task, recipients.name_of(session, holder) if holder else "", person)
