"""Others asked on a task's behalf: delegates, added signers, co-handlers, who is consulted."""

from __future__ import annotations

from collections.abc import Iterable

from workflow_service.domain.rounds import Relation, RoundMode
from workflow_service.services import asked_others, onward, rounds, tasks
from workflow_service.services.onward import OnwardAsked
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked

from .calls import Answer, Call, endpoint
from .operation_shapes import (
    AskedGiven,
    ConsultGiven,
    DelegateGiven,
    OnwardGiven,
    RoundList,
    RoundShown,
    SignersGiven,
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


@endpoint("/tasks/<id:task_id>/co-handlers", "POST", body=OnwardGiven, answer=TaskShown, tag=TAG, versioned=True)
def assign_onward(call: Call, task_id: int, body: OnwardGiven) -> Answer:
    """Hand a task out: co-handlers with due moments of their own, and the lead to somebody else where one is named."""
    wanted = OnwardAsked(_asked(body.people), body.lead or "", body.note)
    return shown(onward.assign_onward(call.session, call.actor, task_id, wanted, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/remove-signer", "POST", answer=Done, tag=TAG)
def remove_signer(call: Call, task_id: int) -> Done:
    """Take out somebody who was asked on a task's behalf and has not acted; `task_id` is his own task."""
    rounds.remove_signer(call.session, call.actor, task_id, now=call.now)
    return Done()


def _asked(people: Iterable[AskedGiven]) -> list[Asked]:
    return [Asked(one.holder, one.due_at) for one in people]


def _begin(call: Call, task_id: int, wanted: RoundAsked) -> Answer:
    rounds.begin_round(call.session, call.actor, task_id, wanted, now=call.now, expected=call.expected)
    return shown(tasks.open_task(call.session, task_id))
