"""Instructions of leaders, handing a task out, handing a person's work over."""

from __future__ import annotations

from workflow_service.i18n import _
from workflow_service.services import handing_out, handover, instructions, processes
from workflow_service.services.handing_out import HandOut
from workflow_service.services.handover import HandOver, Result
from workflow_service.services.instructions import Instruction
from workflow_service.services.recipients import Asked

from .calls import Answer, Call, endpoint
from .office_shapes import (
    AskedGiven,
    HandOutGiven,
    HandOverGiven,
    HandOverItem,
    HandOverShown,
    InstructionGiven,
    Instructions,
    InstructionShown,
    OrderShown,
)
from .task_shapes import TaskShown


@endpoint("/process-instances/<id:instance_id>/instructions", answer=Instructions, tag="process-instances")
def list_instructions(call: Call, instance_id: int) -> Instructions:
    """List a run's instructions, the highest post first, with what was ordered and how far it is."""
    processes.visible_instance(call.session, call.actor, instance_id)
    found = instructions.instructions_of(call.session, instance_id)
    return Instructions(items=[instruction_shown(one) for one in found])


@endpoint(
    "/process-instances/<id:instance_id>/instructions", "POST", body=InstructionGiven, answer=InstructionShown, status=201,
    tag="process-instances",
)  # fmt: skip
def instruct(call: Call, instance_id: int, body: InstructionGiven) -> InstructionShown:
    """Write an instruction and give its orders; leaders only."""
    event = instructions.instruct(
        call.session, call.actor, instance_id, body.words, _asked(body.orders), task_id=body.task_id, now=call.now
    )
    found = instructions.instructions_of(call.session, instance_id)
    return instruction_shown(next(one for one in found if one.event.id == event.id))


@endpoint("/tasks/<id:task_id>/hand-out", "POST", body=HandOutGiven, answer=TaskShown, tag="tasks", versioned=True)
def hand_out(call: Call, task_id: int, body: HandOutGiven) -> Answer:
    """Hand a task of mine out: one lead, co-handlers with deadlines of their own, in one step."""
    asked = HandOut(body.lead or "", _asked(body.co_handlers), body.proposal, body.blocking)
    task = handing_out.hand_out(call.session, call.actor, task_id, asked, now=call.now, expected=call.expected)
    return Answer(TaskShown.model_validate(task), version=task.revision)


@endpoint("/users/<id:user_id>/hand-over", "POST", body=HandOverGiven, answer=HandOverShown, tag="users")
def hand_over(call: Call, user_id: int, body: HandOverGiven) -> HandOverShown:
    """Hand over all of a person's work, with a result for each item; `check` only tells what it would be."""
    wanted = HandOver(user_id, body.to_id, body.on, body.with_posts)
    if body.check:
        items = handover.preview_hand_over(call.session, call.actor, wanted, now=call.now)
        return HandOverShown(written=False, refused=0, items=[_item(Result(one)) for one in items])
    report = handover.hand_over(call.session, call.actor, wanted, now=call.now)
    return HandOverShown(written=True, refused=report.refused, items=[_item(one) for one in report.results])


def _asked(given: list[AskedGiven]) -> list[Asked]:
    return [Asked(one.holder, one.due_at) for one in given]


def _item(one: Result) -> HandOverItem:
    item = one.item
    return HandOverItem(
        kind=item.kind, id=item.id, name=item.name, title=item.title, done=_(one.done) if one.done else "",  # type: ignore[arg-type]
        refused=one.refused,
    )  # fmt: skip


def instruction_shown(one: Instruction) -> InstructionShown:
    """Give an instruction with its orders as it is shown."""
    orders = [
        OrderShown(
            task_id=order.task.id, holder=order.holder, status=order.task.status, due_at=order.task.due_at,  # type: ignore[arg-type]
            ended_at=order.task.ended_at, outcome=order.task.outcome, opinion=order.task.opinion,
        )
        for order in one.orders
    ]  # fmt: skip
    return InstructionShown(
        id=one.event.id, leader=one.leader, unit=one.unit, post=one.post, words=one.event.reason, at=one.event.at,
        done=one.is_done, orders=orders,
    )  # fmt: skip
