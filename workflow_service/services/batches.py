"""Many tasks in one go (批量办理): each is its own transaction; one refusal holds up no other and nothing is half-done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.domain.words import Labelled
from workflow_service.i18n import N_
from workflow_service.store import failures
from workflow_service.store.idempotency import RequestKey, keep_answer, take_key

from . import escalating, processes, tasks, transfers, urging
from .context import Actor
from .transfers import TransferAsked

MOST_TASKS = 100
Opening = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction that is committed at the end of its with-block."""


class BatchAction(Labelled):
    """What can be done to many tasks at once."""

    CLAIM = "claim", N_("签收")
    COMPLETE = "complete", N_("办理")
    TRANSFER = "transfer", N_("转办")
    URGE = "urge", N_("催办")
    REASSIGN = "reassign", N_("改派")
    EXTEND = "extend", N_("延期")
    ESCALATE = "escalate", N_("报上级")
    SUSPEND = "suspend", N_("暂停")
    TERMINATE = "terminate", N_("终止")


OF_STAFF = (BatchAction.CLAIM, BatchAction.COMPLETE, BatchAction.TRANSFER, BatchAction.URGE)
OF_SUPERVISORS = (
    BatchAction.URGE, BatchAction.ESCALATE, BatchAction.EXTEND, BatchAction.REASSIGN, BatchAction.SUSPEND, BatchAction.TERMINATE,
)  # fmt: skip
"""What is done from the board, each with a reason; the last two are done to the runs of the tasks."""


@dataclass(frozen=True)
class BatchAsked:
    """One action for many tasks. `values` are handed in with each (complete), `holder` gets each (transfer, reassign), `note`
    says why (asked of all that supervisors do), `due_at` is the new moment of each (extend).
    """

    action: BatchAction
    task_ids: Sequence[int]
    values: Mapping[str, Any] = field(default_factory=dict)
    holder: str = ""
    note: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True)
class BatchResult:
    """What came of one task: done, or refused with the reason; refused means nothing of it was done."""

    task_id: int
    refusal: TongchouError | None = None


def run_batch(opening: Opening, actor: Actor, asked: BatchAsked, *, now: datetime, key: str = "") -> list[BatchResult]:
    """Do the action to each task in the order given and tell what came of it.

    `key`: the sender's idempotency key; a batch that is sent again does no task twice, wherever it was cut off.
    Raises InvalidInput (pointer `/note`) before anything is done, where a supervisor's act has no reason.
    """
    _require_reason(asked)
    return [_one(opening, actor, asked, task_id, now, key) for task_id in dict.fromkeys(asked.task_ids)]


def _require_reason(asked: BatchAsked) -> None:
    if asked.action is BatchAction.URGE:
        urging.reason_of_urging(asked.note)
    elif asked.action in OF_SUPERVISORS and not asked.note.strip():
        raise InvalidInput(N_("请写明理由。"), pointer="/note")


def _one(opening: Opening, actor: Actor, asked: BatchAsked, task_id: int, now: datetime, key: str) -> BatchResult:
    try:
        with opening() as session:
            if not _was_done(session, actor, asked, task_id, key):
                _ACTS[asked.action](session, actor, task_id, asked, now)
    except TongchouError as error:
        return BatchResult(task_id, error)
    except DBAPIError as error:  # another command may hold the instance for longer than a command may wait
        if (known := failures.foreseen(error)) is None:
            raise
        return BatchResult(task_id, known)
    return BatchResult(task_id)


def _was_done(session: Session, actor: Actor, asked: BatchAsked, task_id: int, key: str) -> bool:
    if not key or actor.user_id is None:
        return False
    name = RequestKey(actor.user_id, f"batch {asked.action.value} {task_id}", key)
    if take_key(session, name, hashlib.sha256(key.encode()).digest()) is not None:
        return True
    keep_answer(session, name, 200, {})
    return False


def _claim(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    tasks.claim_task(session, actor, task_id, now=now)


def _complete(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    tasks.complete_task(session, actor, task_id, dict(asked.values), now=now)


def _transfer(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    transfers.transfer_task(session, actor, task_id, TransferAsked(asked.holder, asked.note), now=now)


def _urge(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    urging.urge_task(session, actor, task_id, asked.note, now=now)


def _reassign(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    transfers.reassign_task(session, actor, task_id, TransferAsked(asked.holder, asked.note), now=now)


def _extend(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    if asked.due_at is None:
        raise InvalidInput(N_("请选择日期。"))
    task = tasks.open_task(session, task_id)
    if task.due_at is not None and asked.due_at <= task.due_at:
        raise InvalidInput(N_("新的时限应晚于现在的时限。"))
    tasks.set_due(session, actor, task_id, asked.due_at, asked.note, now=now)


def _escalate(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    escalating.escalate_task(session, actor, task_id, asked.note, now=now)


def _suspend(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    processes.suspend_instance(session, actor, tasks.open_task(session, task_id).instance_id, asked.note, now=now)


def _terminate(session: Session, actor: Actor, task_id: int, asked: BatchAsked, now: datetime) -> None:
    processes.terminate_instance(session, actor, tasks.open_task(session, task_id).instance_id, asked.note, now=now)


_ACTS: dict[BatchAction, Callable[[Session, Actor, int, BatchAsked, datetime], None]] = {
    BatchAction.CLAIM: _claim, BatchAction.COMPLETE: _complete, BatchAction.TRANSFER: _transfer, BatchAction.URGE: _urge,
    BatchAction.REASSIGN: _reassign, BatchAction.EXTEND: _extend, BatchAction.ESCALATE: _escalate,
    BatchAction.SUSPEND: _suspend, BatchAction.TERMINATE: _terminate,
}  # fmt: skip
