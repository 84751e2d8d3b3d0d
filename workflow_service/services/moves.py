"""What all moves against the flow share: what one would do, whom a step lay before, and the words that each needs.

Each can be tried first: `Effect` says which open tasks would end and with whom, what would begin, and what joins would wait
for. The try thaws the instance, moves its tokens in memory and forgets it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import JoinWait, Step
from workflow_service.engine.navigate import TASK, Assumed, Stop
from workflow_service.i18n import N_
from workflow_service.store import step_rows
from workflow_service.store.runtime import Task

from . import recipients
from .execution import Execution
from .task_access import holders_of

LONGEST_REASON = 2000
MOST_POINTS = 30


@dataclass(frozen=True)
class EndingTask:
    """An open task that an operation would end, and before whom it lies."""

    task_id: int
    name: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class StandingClock:
    """A due moment (aware; None where none is set) that would stand still; of a task, or of the plan where `task_id` is None."""

    task_id: int | None
    name: str
    holders: tuple[str, ...]
    due_at: datetime | None


@dataclass(frozen=True)
class MovedDate:
    """A due moment that would move by `working_days`; of a task, or of the plan where `task_id` is None."""

    task_id: int | None
    name: str
    before: datetime
    after: datetime
    working_days: int


@dataclass(frozen=True)
class WaitingTimer:
    """A timer that would wait, or that fires with the next look where `due_at` has passed."""

    name: str
    due_at: datetime


@dataclass(frozen=True)
class ComingBack:
    """A task that would lie before `holders` again, with the drafts of `drafts` and what was asked of `asked` on its behalf."""

    name: str
    holders: tuple[str, ...]
    drafts: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """What an operation would do: tasks that end, elements that begin (by name), joins that then wait, branches that count as
    done (`assumed`), steps that were finished and would be asked again (`undone`), and services that would run; clocks that
    stand still, dates that move, timers that wait, tasks that come back and before whom, and the meetings whose agendas the run
    leaves or comes back to (their titles, empty for the pool).
    """

    ends: tuple[EndingTask, ...]
    begins: tuple[str, ...]
    joins: tuple[JoinWait, ...]
    assumed: tuple[Assumed, ...] = ()
    undone: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    stands: tuple[StandingClock, ...] = ()
    moved: tuple[MovedDate, ...] = ()
    timers: tuple[WaitingTimer, ...] = ()
    comes_back: tuple[ComingBack, ...] = ()
    leaves: tuple[str, ...] = ()
    rejoins: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReturnTarget:
    """A step that a task may be returned to; `person` did it at `ended_at`. `kind` as of `Stop`."""

    element_id: str
    name: str
    kind: str
    person: str
    ended_at: datetime | None


def target_of(session: Session, instance_id: int, stop: Stop) -> ReturnTarget:
    done = former_task(session, instance_id, stop.token)
    person = recipients.name_of(session, f"u:{done.completed_by}") if done is not None and done.completed_by else ""
    return ReturnTarget(stop.element_id, stop.name, stop.kind, person, done.ended_at if done is not None else None)


def former_task(session: Session, instance_id: int, token: UUID) -> Task | None:
    return session.scalars(select(Task).where(Task.instance_id == instance_id, Task.token == token)).one_or_none()


def require_words(reason: str, points: Sequence[str] = ()) -> None:
    """Refuse a missing reason and what is too long; raises InvalidInput."""
    if not reason.strip():
        raise InvalidInput(N_("请写明理由。"))
    if len(reason) > LONGEST_REASON or len(points) > MOST_POINTS or any(len(one) > LONGEST_REASON for one in points):
        raise InvalidInput(N_("理由和补正事项不能超过 2000 字、30 项。"))


def ask_again(execution: Execution, stop: Stop, former: Task | None, *, returned: bool = False) -> None:
    if stop.kind == TASK and former is not None:
        execution.ask_again(former, returned=returned)


def tried(execution: Execution, task: Task | None, move: Callable[[], object], undone: UUID | None = None) -> Effect:
    """Move the tokens of an instance that is only in memory, and tell what changed."""
    instance = execution.instance
    again = instance.after(undone) if undone is not None else []
    move()
    step: Step = instance.collect()
    ended = step_rows.falling(execution.session, execution.row.id, step.ended)
    others = Task.id.in_([one for one in ended if task is None or one != task.id])
    rows = execution.session.scalars(select(Task).where(others).order_by(Task.id)).all()
    ends = tuple(EndingTask(one.id, one.name, names_of_holders(execution.session, one)) for one in rows)
    human = [one.name for one in again if one.element_type == "userTask" and one.token not in step.ended]
    return Effect(
        ends, tuple(one.place.name for one in step.human_tasks), tuple(instance.joins()), (), tuple(dict.fromkeys(human)),
        tuple(one.place.name for one in step.works),
    )  # fmt: skip


def names_of_holders(session: Session, task: Task) -> tuple[str, ...]:
    """Before whom a task lies, by name."""
    return tuple(recipients.name_of(session, holder) for holder in holders_of(task))


def leave_agendas(execution: Execution) -> None:
    step_rows.withdraw_orphans(execution.session, execution.row.id, execution.now)
