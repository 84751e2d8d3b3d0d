"""What stands on an approval slip besides the opinions: instructions by rank, proposals, results that an office entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflow_service.store import operations_list
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import ProcessInstance, Task

from .events import ENTERED_FOR
from .handing_out import PROPOSED
from .instructions import Instruction, instructions_of
from .programs import program_of


@dataclass(frozen=True)
class SlipWords:
    """Instructions (批示) stand on top, then proposals (拟办意见), then what was entered on behalf of a body (代录)."""

    instructions: Sequence[Instruction]
    proposals: Sequence[tuple[TaskEvent, str]]
    entered: Sequence[tuple[TaskEvent, str]]

    def __bool__(self) -> bool:
        return bool(self.instructions or self.proposals or self.entered)


def body_behind(session: Session, task: Task) -> str:
    """The body whose result an office enters with a task (代录), as `approval:onBehalfOf` says; empty for other tasks."""
    if task.round_id is not None:
        return ""
    row = session.get_one(ProcessInstance, task.instance_id)
    element = program_of(session, row.definition_id).program.element(task.process_key, task.element_id)
    return str(element.get("attrs", {}).get("onBehalfOf") or "")


def words_of(session: Session, instance_id: int) -> SlipWords:
    """Give the words of one run; rights are the caller's."""
    rows = operations_list.events_of_kind(session, instance_id, PROPOSED, ENTERED_FOR)
    return SlipWords(
        instructions_of(session, instance_id),
        [row for row in rows if row[0].kind == PROPOSED and row[0].reason],
        [row for row in rows if row[0].kind == ENTERED_FOR],
    )
