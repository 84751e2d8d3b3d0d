"""What an instance does against the flow: `Instance` has these commands beside those that move it on.

Each is one command, like `complete`: afterwards the tokens have run on until they wait, and `collect` tells what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.errors import Conflict
from workflow_service.i18n import N_

from . import navigate, scope, stages
from .facts import JoinWait, Passage, Place, SignerTurn
from .gateways import waiting_joins
from .multi_instance import INDEX, MultiInstanceSpec, body_of
from .navigate import Assumed, Stop
from .program import Program
from .specs import STAGE, EmbeddedSpec, HumanTaskSpec, keep_result
from .stage_spans import span_of
from .waits import describe


class AgainstTheFlow:
    """Return, retrieve, jump, reopen, and change who signs; the parts it needs of an instance are declared here."""

    program: Program
    workflow: BpmnWorkflow
    _before: dict[UUID, Task]
    _passages: list[Passage]
    _outcome: str
    _find: Callable[[UUID], Task]
    _waiting: Callable[[UUID, type | None, int], Task]
    _advance: Callable[[], None]
    _note_started: Callable[[Task], None]
    _announced: Callable[[], Iterator[Task]]
    _tasks: Callable[[], Iterator[Task]]

    def stops(self, token: UUID) -> list[Stop]:
        """Give the steps that `token` came from, nearest first: where it may go back to."""
        return navigate.stops_before(self._find(token))

    def go_back(self, token: UUID, to: UUID) -> None:
        """Take the token back to the earlier step `to` (an execution of `stops`), undoing all that came of that step."""
        navigate.go_back(self._find(token), to)
        self._go_on()

    def dissent(self, token: UUID, values: dict[str, Any], to: UUID) -> None:
        """A signer says no where one dissent returns the whole: his answer is kept, and the token goes back to the step `to`."""
        task, body = self._waiting(token, HumanTaskSpec, TaskState.READY), self._body(token)
        keep_result(task, values)
        task._set_state(TaskState.COMPLETED)
        body.task_spec._publish(body)
        self._passages.append(Passage(describe(task), "completed"))
        navigate.go_back(task, to)
        self._go_on()

    def retrieve(self, token: UUID) -> None:
        """Undo what came of a finished human task and let it wait again; in a countersignature only this signer's turn."""
        task = self._waiting(token, HumanTaskSpec, TaskState.COMPLETED)
        _refuse_if_around_is_over(task)
        body = body_of(task)
        if body is not None:
            navigate.redo_item(body, task.internal_data[INDEX])
            self._note_started(body)
        else:
            navigate.enter_again(task)
        self._go_on()

    def after(self, token: UUID) -> list[Place]:
        """Tell what has come of a finished step so far: what `retrieve` would undo. Raises Conflict where it would be refused."""
        task = self._find(token)
        _refuse_if_around_is_over(task)
        return [describe(one) for one in navigate.came_of(task) if one.task_spec.bpmn_id]

    def jump(self, token: UUID, element_id: str) -> list[Assumed]:
        """Put a token on another activity of its process or of one around it; gives the branches that count as done."""
        assumed, begun = navigate.jump(self.program, self._find(token), element_id)
        if begun is not None and (stage := span_of(self.program.processes, begun.workflow.spec.process_key, element_id)):
            begun.internal_data[STAGE] = stage
        self._go_on()
        return assumed

    def stops_at_end(self) -> list[Stop]:
        """Give the steps at which a finished run can be taken up again."""
        return navigate.stops_at_end(self.workflow)

    def reopen(self, to: UUID) -> None:
        """Take up a finished run again at the step `to`, one of `stops_at_end`."""
        navigate.open_again(self.workflow, to)
        self._outcome = ""
        self._go_on()

    def revive(self) -> dict[UUID, UUID]:
        """Take up a run that was terminated, as it stood: everything that waited is told anew; gives the new tokens by former."""
        moved: dict[UUID, UUID] = {}
        for task in list(self._announced()):
            if not isinstance(task.task_spec, EmbeddedSpec | MultiInstanceSpec):
                former = task.id
                self._before.pop(former)
                navigate.become_another(task)
                moved[former] = task.id
        return moved

    def add_signer(self, token: UUID, item: Any) -> None:
        """Ask one more in the countersignature that `token` belongs to; `item` as in its collection."""
        body = self._body(token)
        body.task_spec.add_item(body, item)
        self._advance()

    def remove_signer(self, token: UUID, turn: int | None = None) -> None:
        """Take a signer who has not acted out of his countersignature: the one at `token`, or another by his `turn` in it."""
        task, body = self._find(token), self._body(token)
        body.task_spec.remove_item(body, task.internal_data[INDEX] if turn is None else turn)
        self._advance()

    def signers(self, token: UUID) -> list[SignerTurn]:
        """Tell who is asked in the countersignature that `token` belongs to, those whose turn has not come too."""
        body = self._body(token)
        found: list[SignerTurn] = body.task_spec.turns(body)
        return found

    def revise(self, token: UUID, name: str, values: dict[str, Any]) -> None:
        """Write the answer of an earlier step anew, where the element at `token` sees it."""
        scope.revise(self._find(token), name, values)

    def joins(self) -> list[JoinWait]:
        """Tell which joins wait, for whom, and who has come."""
        return waiting_joins(self._tasks())

    def _go_on(self) -> None:
        """Run until everything waits; what waits anew lies in the stage into which the token was put."""
        self._advance()
        waiting = (task for task in self._tasks() if task.state == TaskState.READY and task.id not in self._before)
        stages.keep(self.program, waiting)

    def _body(self, token: UUID) -> Task:
        body = body_of(self._find(token))
        if body is None:
            raise Conflict(N_("这项任务不在会签之中。"))
        return body


def _refuse_if_around_is_over(task: Task) -> None:
    """A step cannot wait again inside a called process or sub-process that is over: that runs anew as a whole, by a return."""
    if task.workflow is not task.workflow.top_workflow and task.workflow.completed:
        raise Conflict(N_("这一环节所在的子流程已经办结，不能取回；可以请后面的办理人退回。"))
