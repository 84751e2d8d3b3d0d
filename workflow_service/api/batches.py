"""Many tasks in one request."""

from __future__ import annotations

from workflow_service.services import batches
from workflow_service.services.batches import BatchAction, BatchAsked, BatchResult

from .calls import Call, endpoint
from .operation_shapes import BatchGiven, BatchLine, BatchShown


@endpoint("/tasks/batch", "POST", body=BatchGiven, answer=BatchShown, tag="tasks")
def run_batch(call: Call, body: BatchGiven) -> BatchShown:
    """Claim, complete, transfer or urge many tasks,
    reassign, extend or escalate them, stop their runs; each is carried out or refused on its own.

    With an Idempotency-Key a repeated batch does no task twice, also when the first was cut off.
    """
    asked = BatchAsked(BatchAction(body.action), body.task_ids, body.values, body.holder or "", body.note, body.due_at)
    found = batches.run_batch(call.opening, call.actor, asked, now=call.now, key=call.key)
    return BatchShown(items=[_line(one) for one in found])


def _line(one: BatchResult) -> BatchLine:
    error = one.refusal
    return BatchLine(
        task_id=one.task_id, done=error is None, status=error.status if error else 200, code=error.code if error else "",
        detail=error.message if error else "",
    )  # fmt: skip
