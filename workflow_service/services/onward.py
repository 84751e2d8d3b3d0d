"""Handing work out (拟办、分办): one lead, several co-handlers with deadlines of their own, in one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.i18n import N_
from workflow_service.store.runtime import ProcessInstance, Task

from . import rounds, transfers
from .context import Actor
from .programs import program_of
from .recipients import Asked
from .rounds import RoundAsked
from .transfers import TransferAsked


@dataclass(frozen=True)
class OnwardAsked:
    """Who works on a task from now on. `lead` is a holder key, empty: whoever hands it out leads himself."""

    co_handlers: Sequence[Asked] = ()
    lead: str = ""
    note: str = ""


def assign_onward(
    session: Session, actor: Actor, task_id: int, asked: OnwardAsked, *, now: datetime, expected: int | None = None
) -> Task:
    """Ask the co-handlers, then hand the task itself to the lead; both or neither.

    Whether the lead waits for the co-handlers, or ends what they have not done, is the designer's (`approval:coHandlers`).
    Raises NotFound, Forbidden, Conflict, InvalidInput.
    """
    if not asked.lead and not asked.co_handlers:
        raise InvalidInput(N_("请选择主办或协办。"))
    if asked.lead in {one.holder for one in asked.co_handlers}:
        raise InvalidInput(N_("主办不能同时是协办。"))
    if asked.co_handlers:
        waits = lead_waits(session, task_id)
        wanted = RoundAsked(Relation.CO_HANDLE, asked.co_handlers, note=asked.note, blocking=waits)
        rounds.begin_round(session, actor, task_id, wanted, now=now, expected=expected)
        expected = None
    if asked.lead:
        lead = TransferAsked(asked.lead, asked.note)
        return transfers.transfer_task(session, actor, task_id, lead, now=now, expected=expected)
    return session.get_one(Task, task_id)


def lead_waits(session: Session, task_id: int) -> bool:
    """Whether the task's designer lets its lead wait for the co-handlers; so it is where he says nothing."""
    task = session.get(Task, task_id)
    row = session.get(ProcessInstance, task.instance_id) if task is not None else None
    if task is None or row is None:
        return True
    program = program_of(session, row.definition_id).program
    return bool(program.element(task.process_key, task.element_id).get("attrs", {}).get("coHandlers") != "override")
