"""A registry or a leader proposes and hands out (拟办、分办): one lead, co-handlers with deadlines of their own, one command.

The lead becomes the handler for good (as by a transfer); what he hands in waits for the co-handlers or overrides them. The words
of the proposal (拟办意见) stay on the slip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.i18n import N_
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, recipients, rounds, transfers
from .context import Actor
from .execution import require_status
from .programs import program_of
from .recipients import Asked
from .rounds import RoundAsked
from .task_access import changed, lock_task, refuse_if_taken, require_holder
from .transfers import TransferAsked

LONGEST_PROPOSAL = 2000
PROPOSED = "proposed"


@dataclass(frozen=True)
class HandOut:
    """Who leads (a holder key; empty: the task stays where it is), who helps until when, and how it is proposed to be handled.

    `blocking`: what the lead hands in waits for the co-handlers; None: as the designer says (`approval:coHandlers`).
    """

    lead: str = ""
    co_handlers: Sequence[Asked] = ()
    proposal: str = ""
    blocking: bool | None = None


def hand_out(
    session: Session, actor: Actor, task_id: int, asked: HandOut, *, now: datetime, expected: int | None = None
) -> Task:
    """Propose, transfer to the lead and ask the co-handlers, in one transaction; whoever has the task may.

    Raises NotFound, Forbidden, Conflict, InvalidInput.
    """
    row, task = lock_task(session, task_id, expected)
    require_status(row, ("active",))
    actor = require_holder(session, actor, task, "task.transfer")
    refuse_if_taken(session, actor, task)
    _check(asked)
    proposal = asked.proposal.strip()
    blocking = asked.blocking if asked.blocking is not None else lead_waits(session, task)
    data = {"lead": asked.lead, "co_handlers": [one.plain() for one in asked.co_handlers], "blocking": blocking}
    events.note(session, actor, task, PROPOSED, data, now=now, reason=proposal)
    if asked.lead:
        transfers.hand_on(session, actor, row, task, TransferAsked(asked.lead, proposal), "transfer", now)
    if asked.co_handlers:
        helpers = [_placed(session, one, now) for one in asked.co_handlers]
        wanted = RoundAsked(Relation.CO_HANDLE, helpers, RoundMode.PARALLEL, proposal, blocking)
        rounds.check_round(session, task, wanted, now)
        rounds.open_round(session, actor, row, task, wanted, now=now)
    return changed(session, actor, row, task, "task.hand_out", data | {"proposal": proposal}, now)


def lead_waits(session: Session, task: Task) -> bool:
    """Whether the task's designer lets its lead wait for the co-handlers; so it is where he says nothing."""
    row = session.get_one(ProcessInstance, task.instance_id)
    element = program_of(session, row.definition_id).program.element(task.process_key, task.element_id)
    return bool(element.get("attrs", {}).get("coHandlers") != "override")


def _check(asked: HandOut) -> None:
    if not asked.lead and not asked.co_handlers:
        raise InvalidInput(N_("请选择主办或协办。"))
    if len(asked.proposal) > LONGEST_PROPOSAL:
        raise InvalidInput(N_("拟办意见不能超过 2000 字。"))
    if asked.lead in {one.holder for one in asked.co_handlers}:
        raise InvalidInput(N_("主办不能同时是协办。"))


def _placed(session: Session, asked: Asked, now: datetime) -> Asked:
    """A co-handler's task belongs to his own unit."""
    try:
        return Asked(asked.holder, asked.due_at, recipients.unit_of(session, asked.holder, now=now))
    except ValueError as error:
        raise InvalidInput(N_("办理人“%(holder)s”写法不对。"), holder=asked.holder) from error
