"""Instances beyond their way: withdrawn by who started them, adjusted and taken up again by supervisors."""

from __future__ import annotations

from workflow_service.services import adjusting, interventions, processes, trials

from .calls import Answer, Call, endpoint
from .instances import InstanceShown, answer_with, require_instance_version
from .operation_shapes import (
    EffectShown,
    JumpGiven,
    JumpOptions,
    JumpStartShown,
    JumpTried,
    ReopenGiven,
    ReopenOptions,
    ReopenTried,
    ReturnTargetShown,
)
from .shapes import ReasonGiven

TAG = "process-instances"


@endpoint(
    "/process-instances/<id:instance_id>/withdraw", "POST", body=ReasonGiven, answer=InstanceShown, tag=TAG, versioned=True
)
def withdraw_instance(call: Call, instance_id: int, body: ReasonGiven) -> Answer:
    """Withdraw an instance that I started, while nobody has agreed."""
    require_instance_version(call, instance_id)
    return answer_with(interventions.withdraw_instance(call.session, call.actor, instance_id, body.reason, now=call.now))


@endpoint("/process-instances/<id:instance_id>/jump", answer=JumpOptions, tag=TAG)
def list_jump_targets(call: Call, instance_id: int) -> JumpOptions:
    """List where the tokens of an instance stand and on which steps each can be put; supervisors only."""
    row = processes.visible_instance(call.session, call.actor, instance_id)
    found = adjusting.jump_options(call.session, call.actor, row)
    return JumpOptions(items=[JumpStartShown.model_validate(one) for one in found])


@endpoint("/process-instances/<id:instance_id>/jump", "POST", body=JumpGiven, answer=InstanceShown, tag=TAG, versioned=True)
def jump(call: Call, instance_id: int, body: JumpGiven) -> Answer:
    """Put a token on another step; supervisors only. Ask `/jump/effect` first."""
    require_instance_version(call, instance_id)
    row = interventions.jump(call.session, call.actor, instance_id, body.token, body.to, body.reason, now=call.now)
    return answer_with(row)


@endpoint("/process-instances/<id:instance_id>/jump/effect", "POST", body=JumpTried, answer=EffectShown, tag=TAG)
def try_jump(call: Call, instance_id: int, body: JumpTried) -> EffectShown:
    """Tell what a jump would do, without doing it."""
    found = interventions.effect_of_jump(call.session, call.actor, instance_id, body.token, body.to, now=call.now)
    return EffectShown.model_validate(found)


@endpoint("/process-instances/<id:instance_id>/reopen", answer=ReopenOptions, tag=TAG)
def list_reopen_targets(call: Call, instance_id: int) -> ReopenOptions:
    """List the steps at which a finished instance can be taken up again."""
    row = processes.visible_instance(call.session, call.actor, instance_id)
    found = interventions.reopen_options(call.session, call.actor, row, now=call.now)
    return ReopenOptions(targets=[ReturnTargetShown.model_validate(one) for one in found])


@endpoint(
    "/process-instances/<id:instance_id>/reopen", "POST", body=ReopenGiven, answer=InstanceShown, tag=TAG, versioned=True
)
def reopen_instance(call: Call, instance_id: int, body: ReopenGiven) -> Answer:
    """Take up an instance again: a finished one at a step, a terminated one as it stood; supervisors only."""
    require_instance_version(call, instance_id)
    return answer_with(
        interventions.reopen_instance(call.session, call.actor, instance_id, body.to or "", body.reason, now=call.now)
    )


@endpoint("/process-instances/<id:instance_id>/withdraw/effect", "POST", answer=EffectShown, tag=TAG)
def try_withdraw(call: Call, instance_id: int) -> EffectShown:
    """Tell what a withdrawal would end, without doing it."""
    return _tried(call, instance_id, "withdraw")


@endpoint("/process-instances/<id:instance_id>/terminate/effect", "POST", answer=EffectShown, tag=TAG)
def try_terminate(call: Call, instance_id: int) -> EffectShown:
    """Tell what a termination would end, without doing it; supervisors only."""
    return _tried(call, instance_id, "terminate")


@endpoint("/process-instances/<id:instance_id>/suspend/effect", "POST", answer=EffectShown, tag=TAG)
def try_suspend(call: Call, instance_id: int) -> EffectShown:
    """Tell which tasks, dates and timers a suspension would stop, without doing it; supervisors only."""
    return _tried(call, instance_id, "suspend")


@endpoint("/process-instances/<id:instance_id>/resume/effect", "POST", answer=EffectShown, tag=TAG)
def try_resume(call: Call, instance_id: int) -> EffectShown:
    """Tell which dates would move by how many working days, and which timers fire, without resuming; supervisors only."""
    return _tried(call, instance_id, "resume")


@endpoint("/process-instances/<id:instance_id>/reopen/effect", "POST", body=ReopenTried, answer=EffectShown, tag=TAG)
def try_reopen(call: Call, instance_id: int, body: ReopenTried) -> EffectShown:
    """Tell what would begin and what would come back to whom, without reopening; supervisors only."""
    return _tried(call, instance_id, "reopen", body.to or "")


def _tried(call: Call, instance_id: int, command: str, to: str = "") -> EffectShown:
    return EffectShown.model_validate(trials.effect_of(call.session, call.actor, instance_id, command, to, now=call.now))
