"""Others asked on a task's behalf: delegates, added signers, who is consulted."""

from __future__ import annotations

from collections.abc import Iterable

from workflow_service.domain.errors import Conflict
from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.i18n import N_
from workflow_service.services import asked_others, rounds, signers, taking_out, tasks
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked

from .calls import Answer, Call, endpoint
from .operation_shapes import (
    AskedGiven,
    ConsultGiven,
    DelegateGiven,
    RoundList,
    RoundShown,
    SignerGiven,
    SignerRemoved,
    SignersGiven,
    SignerShown,
    SigningShown,
    TurnGiven,
)
from .operations import TAG, shown
from .shapes import Done
from .task_shapes import TaskShown


@endpoint("/tasks/<id:task_id>/rounds", answer=RoundList, tag=TAG)
def list_rounds(call: Call, task_id: int) -> RoundList:
    """List who was asked on a task's behalf, and what they said."""
    tasks.visible_task(call.session, call.actor, task_id)
    found = asked_others.rounds_of(call.session, task_id)
    return RoundList(items=[RoundShown.model_validate(one) for one in found])


@endpoint("/tasks/<id:task_id>/delegate", "POST", body=DelegateGiven, answer=TaskShown, tag=TAG, versioned=True)
def delegate_task(call: Call, task_id: int, body: DelegateGiven) -> Answer:
    """Let somebody do a task for its handler; it comes back to him with the result."""
    return _begin(call, task_id, RoundAsked(Relation.DELEGATE, _asked([body]), note=body.note))


@endpoint("/tasks/<id:task_id>/add-signers", "POST", body=SignersGiven, answer=TaskShown, tag=TAG, versioned=True)
def add_signers(call: Call, task_id: int, body: SignersGiven) -> Answer:
    """Let others sign before the handler, after him or together with him."""
    wanted = RoundAsked(Relation(body.position), _asked(body.people), RoundMode(body.mode), body.note)
    return _begin(call, task_id, wanted)


@endpoint("/tasks/<id:task_id>/consult", "POST", body=ConsultGiven, answer=TaskShown, tag=TAG, versioned=True)
def consult(call: Call, task_id: int, body: ConsultGiven) -> Answer:
    """Ask others a question inside the task; it stays where it is."""
    return _begin(call, task_id, RoundAsked(Relation.CONSULT, _asked(body.people), note=body.note))


@endpoint("/tasks/<id:task_id>/remove-signer", "POST", answer=Done, tag=TAG)
def remove_signer(call: Call, task_id: int) -> Done:
    """Take out somebody who was asked on a task's behalf and has not acted; `task_id` is his own task."""
    taking_out.remove_signer(call.session, call.actor, task_id, now=call.now)
    return Done()


@endpoint("/rounds/<id:round_id>/remove-signer", "POST", body=TurnGiven, answer=Done, tag=TAG)
def remove_turn(call: Call, round_id: int, body: TurnGiven) -> Done:
    """Take out somebody by his turn in a round, counted from 0, before it has come too."""
    taking_out.remove_turn(call.session, call.actor, round_id, body.turn, now=call.now)
    return Done()


@endpoint("/tasks/<id:task_id>/signers", answer=SigningShown, tag=TAG)
def list_signers(call: Call, task_id: int) -> SigningShown:
    """List who signs or votes beside an open task of a countersignature or vote, and how far each is."""
    task, row = tasks.visible_task(call.session, call.actor, task_id)
    found = signers.signing_of(call.session, call.actor, task, row, now=call.now)
    if found is None:
        raise Conflict(N_("这项任务不在会签之中。"))
    return SigningShown.model_validate(found)


@endpoint("/tasks/<id:task_id>/signers", "POST", body=SignerGiven, answer=SignerShown, status=201, tag=TAG, versioned=True)
def add_signer(call: Call, task_id: int, body: SignerGiven) -> SignerShown:
    """Let one more person or post sign or vote: last where it goes in order, else at once."""
    wanted = call.session, call.actor, task_id, body.holder, body.reason
    return SignerShown.model_validate(signers.add_signer(*wanted, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/signers/remove", "POST", body=SignerRemoved, answer=Done, tag=TAG, versioned=True)
def remove_countersigner(call: Call, task_id: int, body: SignerRemoved) -> Done:
    """Take out somebody who has not signed or voted, by his turn."""
    wanted = call.session, call.actor, task_id, body.turn, body.reason
    signers.remove_signer(*wanted, now=call.now, expected=call.expected)
    return Done()


def _asked(people: Iterable[AskedGiven]) -> list[Asked]:
    return [Asked(one.holder, one.due_at) for one in people]


def _begin(call: Call, task_id: int, wanted: RoundAsked) -> Answer:
    rounds.begin_round(call.session, call.actor, task_id, wanted, now=call.now, expected=call.expected)
    return shown(tasks.open_task(call.session, task_id))
