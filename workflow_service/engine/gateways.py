"""Joining gateways of our own: tokens wait at their flow and are consumed one by one, as BPMN 2.0.2 §13.3 says.

The library's joins ask which elements before them were ever completed. In a loop the branches of an earlier round
count again, so the join fires before the others have come; and a second token that passes drops what the first began.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

from .facts import JoinWait

CONSUMED_BY = "consumed_by"
CAME_FROM = "from"
"""The flow by which a token came to a join, as the name of the element before it."""
_ACTIVE = TaskState.READY | TaskState.STARTED | TaskState.WAITING


class ParallelJoin(ParallelGateway):
    """Goes on when a token waits on each incoming flow, and consumes one of each; what is left waits on."""

    def _update_hook(self, my_task: Task) -> bool:
        tokens = _waiting_tokens(self, my_task)
        if len(tokens) < len(set(self._inputs)):
            my_task._set_state(TaskState.WAITING)
            return False
        _consume(my_task, tokens.values())
        return True

    def _run_hook(self, my_task: Task) -> bool:
        return True


class FrameJoin(BoundaryEventJoin):
    """The end of an activity and its boundary events. It ends its own frame only: a way behind an event that does not
    interrupt can come to the same activity again, and what begins there has a frame of its own inside this one.
    """

    def _find_tasks(self, my_task: Task) -> list[Task]:
        own = my_task.find_ancestor(self.split_task)
        return [task for task in super()._find_tasks(my_task) if task.find_ancestor(self.split_task) is own]


class InclusiveJoin(InclusiveGateway):
    """Goes on when no token elsewhere on its level can still come, and consumes one of each flow that has one."""

    def _update_hook(self, my_task: Task) -> bool:
        tokens = _waiting_tokens(self, my_task)
        if is_join(self) and _one_may_come(self, my_task):
            my_task._set_state(TaskState.WAITING)
            return False
        _consume(my_task, tokens.values())
        return True

    def _run_hook(self, my_task: Task) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        chosen = matches or defaults
        if not chosen:
            raise InvalidInput(N_("没有一个条件成立，也没有默认流向"))
        my_task._sync_children(chosen, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


def look_ahead_one_step(process: Any) -> None:
    """Keep the library from adding what may follow, and what may follow that, to every instance's tree.

    Its prediction goes through parallel blocks once for each way through them: fourteen blocks in a row made 130,000
    tasks, and a loop without a choice never ended. What follows is added in time when its turn comes.
    """
    for spec in process.task_specs.values():
        if type(spec)._predict_hook is TaskSpec._predict_hook:
            spec._predict_hook = partial(_predict_next, spec)


def _predict_next(spec: TaskSpec, my_task: Task) -> None:
    reached = my_task.has_state(_ACTIVE)
    my_task._sync_children(spec.outputs, TaskState.FUTURE if reached else TaskState.MAYBE)


def is_join(spec: TaskSpec) -> bool:
    """Tell whether tokens may wait at an element for others."""
    return isinstance(spec, ParallelJoin | InclusiveJoin) and len(set(spec._inputs)) > 1


def wake_inclusive_joins(tasks: Iterable[Task]) -> bool:
    """Look again at inclusive joins that wait: a token they waited for may have ended elsewhere."""
    for task in tasks:
        if task.state == TaskState.WAITING and isinstance(task.task_spec, InclusiveJoin):
            task.task_spec._update(task)
            if task.state == TaskState.READY:
                return True
    return False


def give_back(task: Task) -> None:
    """Let a token wait again at its join: what the join made of it was undone."""
    task.internal_data.pop(CONSUMED_BY, None)
    task._set_state(TaskState.WAITING)


def came_from(task: Task) -> str:
    """Name the element whose flow a token at a join came by; kept with the token, for the tree before it is thinned out."""
    return str(task.internal_data.setdefault(CAME_FROM, task.parent.task_spec.name))


def waiting_joins(tasks: Iterable[Task]) -> list[JoinWait]:
    """Tell which joins wait, who has come and who may still come; elements by the names of their specs."""
    waits: dict[tuple[int, str], JoinWait] = {}
    for task in tasks:
        spec = task.task_spec
        if task.state != TaskState.WAITING or not is_join(spec):
            continue
        arrived = tuple(_waiting_tokens(spec, task))
        missing = [name for name in dict.fromkeys(spec._inputs) if name not in arrived]
        if isinstance(spec, InclusiveJoin):
            missing = [name for name in missing if _can_come(task, name)]
        waits[id(task.workflow), spec.name] = JoinWait(
            task.workflow.spec.process_key, spec.bpmn_id, spec.bpmn_name or "", arrived, tuple(missing)
        )
    return list(waits.values())


def _can_come(join: Task, name: str) -> bool:
    """Whether a token that runs elsewhere on the level can still reach the element `name`."""
    workflow = join.workflow
    others = (one for one in workflow.tasks.values() if one.task_spec is not join.task_spec)
    running = {one.task_spec.name for one in others if one.has_state(_ACTIVE)}
    return any(start == name or _leads_to(workflow.spec, start, name) for start in running)


def _waiting_tokens(spec: TaskSpec, my_task: Task) -> dict[str, Task]:
    """Give the token that waits longest on each incoming flow, by the element it comes from; `my_task` for its own."""
    tokens = {came_from(my_task): my_task}
    for task in my_task.workflow.tasks.values():
        if task.task_spec is spec and task.state == TaskState.WAITING and task is not my_task:
            tokens.setdefault(came_from(task), task)
    return tokens


def _consume(my_task: Task, tokens: Iterable[Task]) -> None:
    for token in tokens:
        if token is not my_task:
            token.cancel()
            token.internal_data[CONSUMED_BY] = str(my_task.id)


def _one_may_come(spec: TaskSpec, my_task: Task) -> bool:
    starts = {
        task.task_spec.name
        for task in my_task.workflow.tasks.values()
        if task.has_state(_ACTIVE) and task.task_spec is not spec
    }
    return any(_leads_to(my_task.workflow.spec, name, spec.name) for name in starts)


def _leads_to(process: Any, start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        for name in process.task_specs[waiting.pop()]._outputs:
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False
