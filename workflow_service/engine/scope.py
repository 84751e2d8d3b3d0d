"""Where variables live: one scope a process instance and one a called process; nothing travels on the tokens.

As in Camunda, variables belong to the scope, not to the branch: parallel branches see one another's results. An embedded
sub-process shares its parent's scope, except inside a multi-instance, where each instance has its own on top. An item of a
multi-instance (`local`) is seen only below it.
"""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task

VARIABLES = "variables"
LOCAL = "local"


def visible(task: Task) -> dict[str, Any]:
    """Give all variables that `task` sees, inner ones hiding outer ones."""
    seen: dict[str, Any] = {}
    for layer in reversed(list(_layers(task))):
        seen.update(layer)
    return seen


def assign(task: Task, values: dict[str, Any]) -> None:
    """Set variables where `task` stands: in its instance of a multi-instance sub-process, else in its scope."""
    _writable(task).update(values)


def revise(task: Task, name: str, value: Any) -> None:
    """Write a variable anew in the innermost scope seen by `task` that holds it, else where `task` stands."""
    holder = next((layer for layer in _layers(task) if name in layer and layer is not local_of(task)), None)
    if holder is None:
        holder = _writable(task)
    holder[name] = value


def scope_of(workflow: Any) -> dict[str, Any]:
    """Give the variables kept on one workflow or sub-workflow (created when missing)."""
    scope: dict[str, Any] = workflow.data.setdefault(VARIABLES, {})
    return scope


def is_isolated(workflow: Any) -> bool:
    """Tell whether `workflow` is the instance itself or a called process: nothing shines through from outside."""
    return not isinstance(workflow, BpmnSubWorkflow) or _parent_task(workflow).task_spec.isolated


def local_of(task: Task) -> dict[str, Any]:
    """Give the item variables of a task that is one instance of a multi-instance, else nothing."""
    local: dict[str, Any] = task.internal_data.get(LOCAL, {})
    return local


def _layers(task: Task) -> Iterator[dict[str, Any]]:
    yield local_of(task)
    yield scope_of(task.workflow)
    if not is_isolated(task.workflow):
        yield from _layers(_parent_task(task.workflow))


def _writable(task: Task) -> dict[str, Any]:
    workflow = task.workflow
    while not is_isolated(workflow):
        parent = _parent_task(workflow)
        if LOCAL in parent.internal_data:
            break
        workflow = parent.workflow
    return scope_of(workflow)


def _parent_task(workflow: BpmnSubWorkflow) -> Task:
    return workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
