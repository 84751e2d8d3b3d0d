"""Tasks beyond finishing them: return, retrieve, transfer, reassign, and what happened to them."""

from __future__ import annotations

from workflow_service.domain.approvals import Resubmission
from workflow_service.services import candidates, events, navigation, processes, tasks, transfers
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

from .calls import Answer, Call, endpoint
from .operation_shapes import (
    CandidateList,
    CandidateQuery,
    CandidateShown,
    EffectShown,
    EventList,
    EventShown,
    Opened,
    ReassignGiven,
    ReturnGiven,
    ReturnOptions,
    ReturnTried,
    TransferGiven,
)
from .preconditions import require_version
from .task_shapes import TaskShown

TAG = "tasks"


@endpoint("/tasks/<id:task_id>/return", answer=ReturnOptions, tag=TAG)
def list_return_targets(call: Call, task_id: int) -> ReturnOptions:
    """List the steps that a task can be returned to, and how it can be handed in again."""
    task, row = tasks.visible_task(call.session, call.actor, task_id)
    targets = navigation.return_options(call.session, call.actor, task, row, now=call.now)
    ways = navigation.resubmissions(call.session, call.actor, task, row, now=call.now) if targets else []
    return ReturnOptions.model_validate({"targets": targets, "resubmissions": [one.value for one in ways]})


@endpoint("/tasks/<id:task_id>/return", "POST", body=ReturnGiven, answer=TaskShown, tag=TAG, versioned=True)
def return_task(call: Call, task_id: int, body: ReturnGiven) -> Answer:
    """Return a task to an earlier step, with the reason and every point to be put right.

    What came of that step ends or waits again; ask `/return/effect` first.
    """
    asked = ReturnAsked(body.to, body.reason, body.points, _resubmission(body))
    return shown(navigation.return_task(call.session, call.actor, task_id, asked, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/return/effect", "POST", body=ReturnTried, answer=EffectShown, tag=TAG)
def try_return(call: Call, task_id: int, body: ReturnTried) -> EffectShown:
    """Tell what a return would do, without doing it."""
    asked = ReturnAsked(body.to, "", (), _resubmission(body))
    return EffectShown.model_validate(navigation.effect_of_return(call.session, call.actor, task_id, asked, now=call.now))


def _resubmission(body: ReturnTried) -> Resubmission | None:
    return Resubmission(body.resubmission) if body.resubmission else None


@endpoint("/tasks/<id:task_id>/retrieve", "POST", answer=TaskShown, tag=TAG, versioned=True)
def retrieve_task(call: Call, task_id: int) -> Answer:
    """Take a task that I finished back, while nobody after me has opened his task or acted.

    The task itself stays finished; a new one for the same step lies before me.
    """
    task, _row = tasks.visible_task(call.session, call.actor, task_id)
    processes.locked_instance(call.session, task.instance_id)
    require_version(call.expected, task.revision)
    return shown(navigation.retrieve_task(call.session, call.actor, task_id, now=call.now))


@endpoint("/tasks/<id:task_id>/retrieve/effect", "POST", answer=EffectShown, tag=TAG)
def try_retrieve(call: Call, task_id: int) -> EffectShown:
    """Tell what a retrieval would end and with whom, without doing it; refused as the retrieval would be."""
    tasks.visible_task(call.session, call.actor, task_id)
    return EffectShown.model_validate(navigation.effect_of_retrieve(call.session, call.actor, task_id, now=call.now))


@endpoint("/tasks/<id:task_id>/transfer", "POST", body=TransferGiven, answer=TaskShown, tag=TAG, versioned=True)
def transfer_task(call: Call, task_id: int, body: TransferGiven) -> Answer:
    """Hand a task on for good: to somebody of the same unit, or to another unit's registry."""
    asked = TransferAsked(body.holder, body.reason, body.with_draft)
    return shown(transfers.transfer_task(call.session, call.actor, task_id, asked, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/reassign", "POST", body=ReassignGiven, answer=TaskShown, tag=TAG, versioned=True)
def reassign_task(call: Call, task_id: int, body: ReassignGiven) -> Answer:
    """Give a task to somebody else, whoever has taken it; supervisors only."""
    asked = TransferAsked(body.holder, body.reason)
    return shown(transfers.reassign_task(call.session, call.actor, task_id, asked, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/candidates", query=CandidateQuery, answer=CandidateList, tag=TAG)
def list_candidates(call: Call, task_id: int, query: CandidateQuery) -> CandidateList:
    """List whom one may choose for a task, by name, unit or pinyin initials."""
    task, _row = tasks.visible_task(call.session, call.actor, task_id)
    found = candidates.candidates(
        call.session, call.actor, task, query.q, within_unit=query.within_unit, now=call.now
    )
    return CandidateList(items=[CandidateShown.model_validate(one) for one in found])


@endpoint("/tasks/<id:task_id>/open", "POST", answer=Opened, tag=TAG)
def open_task(call: Call, task_id: int) -> Opened:
    """Note that somebody asked to do the task has it before his eyes: from then on it cannot be retrieved from him."""
    tasks.visible_task(call.session, call.actor, task_id)
    return Opened(news=tasks.note_opened(call.session, call.actor, task_id, now=call.now))


@endpoint("/tasks/<id:task_id>/events", answer=EventList, tag=TAG)
def list_task_events(call: Call, task_id: int) -> EventList:
    """List what happened to a task besides its beginning and end, in order."""
    task, _row = tasks.visible_task(call.session, call.actor, task_id)
    found = events.events_of(call.session, task.instance_id)
    return EventList(items=[_event(event, name) for event, name, _task in found if event.task_id == task_id])


@endpoint("/process-instances/<id:instance_id>/events", answer=EventList, tag="process-instances")
def list_instance_events(call: Call, instance_id: int) -> EventList:
    """List what happened in an instance besides the beginnings and ends of its tasks, in order."""
    processes.visible_instance(call.session, call.actor, instance_id)
    return EventList(items=[_event(event, name) for event, name, _task in events.events_of(call.session, instance_id)])


def _event(event: TaskEvent, name: str) -> EventShown:
    return EventShown(
        id=event.id, task_id=event.task_id, at=event.at, kind=event.kind, actor_id=event.actor_id, actor=name,
        reason=event.reason, data=event.data,
    )  # fmt: skip


def shown(task: Task) -> Answer:
    """A task after a command, with its version."""
    return Answer(TaskShown.model_validate(task), version=task.revision)
