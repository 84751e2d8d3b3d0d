"""Multi-instance and loop activities of our own.

The library's second pass through the same multi-instance raises; here items and results belong to the pass, so a return across a
countersignature starts afresh. Results stand in the output collection in the order of the items, however they came in.
"""

from copy import deepcopy
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

from . import scope
from .script import compile_expression
from .specs import INCIDENT, RESULT

INDEX = "index"
DONE = "done"
JUDGED = "judged"


class MultiInstanceSpec(LoopTask, BpmnSpecMixin):
    """Runs `task_spec` once for each item of a collection, at once or one after another.

    `rule`: collection or cardinality (expressions), variable, output, sequential, condition, as in the bundle.
    """

    def __init__(self, wf_spec: Any, name: str, task_spec: str, rule: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.task_spec, self.rule = task_spec, rule

    def _update_hook(self, my_task: Task) -> bool:
        return not my_task.has_state(TaskState.STARTED)

    def _run_hook(self, my_task: Task) -> bool | None:
        if my_task.internal_data.get(DONE):
            self._publish(my_task)
            return True
        if "items" in my_task.internal_data:
            self._go_on(my_task, self._child_to_judge(my_task))
            return True if my_task.internal_data.get(DONE) else None
        items = self._items(my_task)
        my_task.internal_data["items"] = items
        self._publish(my_task)
        if not items:
            return True
        for index in range(1 if self.rule["sequential"] else len(items)):
            self._create(my_task, index)
        return None

    def merge_child(self, workflow: Any, child: Task) -> None:
        """Called when one instance completed: start the next, or finish when all are done or the condition holds.

        A condition that fails stops the activity, not the instance that is done: it is judged again in `_run_hook`.
        """
        my_task = child.parent
        if my_task.task_spec is not self or my_task.internal_data.get(DONE):
            return
        my_task.internal_data[JUDGED] = child.internal_data[INDEX]
        try:
            self._go_on(my_task, child)
        except InvalidInput:
            my_task._set_state(TaskState.READY)
            return
        my_task.internal_data.pop(INCIDENT, None)
        if not my_task.internal_data.get(DONE):
            my_task._set_state(TaskState.STARTED)

    def _go_on(self, my_task: Task, child: Task) -> None:
        self._publish(my_task)
        instances = self._children(my_task)
        pending = [one for one in instances if not one.has_state(TaskState.FINISHED_MASK)]
        if self._satisfied(my_task, child, len(pending)):
            for one in pending:
                one.cancel()
            self._finish(my_task)
            return
        started = max((one.internal_data[INDEX] for one in instances), default=-1) + 1
        if self.rule["sequential"] and started < len(my_task.internal_data["items"]):
            self._create(my_task, started)
        elif not pending:
            self._finish(my_task)

    def add_item(self, my_task: Task, item: Any) -> None:
        """Add one more instance to a running pass (an added signer)."""
        my_task.internal_data["items"].append(item)
        if not self.rule["sequential"]:
            self._create(my_task, len(my_task.internal_data["items"]) - 1)

    def _finish(self, my_task: Task) -> None:
        my_task.internal_data[DONE] = True
        my_task._set_state(TaskState.READY)

    def _items(self, my_task: Task) -> list[Any]:
        text = self.rule["collection"] or self.rule["cardinality"]
        now = my_task.workflow.top_workflow.script_engine.now
        value = compile_expression(text).evaluate(scope.visible(my_task), now)
        if self.rule["cardinality"] and not self.rule["collection"]:
            value = list(range(_whole(value)))
        if not isinstance(value, list):
            raise InvalidInput(N_("多实例的集合“%(text)s”不是列表"), text=text)
        return deepcopy(value)

    def _create(self, my_task: Task, index: int) -> None:
        spec = my_task.workflow.spec.task_specs[self.task_spec]
        child = my_task._add_child(spec, TaskState.WAITING)
        child.triggered = True
        item = my_task.internal_data["items"][index]
        local = {"loopCounter": index}
        if self.rule["variable"]:
            local[self.rule["variable"]] = item
        child.internal_data[INDEX] = index
        child.internal_data[scope.LOCAL] = scope.local_of(my_task) | local
        spec._update(child)

    def _children(self, my_task: Task) -> list[Task]:
        return [one for one in my_task.children if one.task_spec.name == self.task_spec]

    def _publish(self, my_task: Task) -> None:
        done = [one for one in self._children(my_task) if one.has_state(TaskState.COMPLETED)]
        done.sort(key=lambda one: int(one.internal_data[INDEX]))
        items = my_task.internal_data["items"]
        results = [
            {**one.internal_data.get(RESULT, {}), "item": items[one.internal_data[INDEX]]} for one in done
        ]
        scope.assign(my_task, {self.rule["output"]: results})

    def _child_to_judge(self, my_task: Task) -> Task:
        index = my_task.internal_data[JUDGED]
        return next(one for one in self._children(my_task) if one.internal_data[INDEX] == index)

    def _satisfied(self, my_task: Task, child: Task, active: int) -> bool:
        if not self.rule["condition"]:
            return False
        completed = sum(1 for one in self._children(my_task) if one.has_state(TaskState.COMPLETED))
        counts = {
            "nrOfInstances": len(my_task.internal_data["items"]),
            "nrOfActiveInstances": active,
            "nrOfCompletedInstances": completed,
        }
        seen = scope.visible(child) | child.internal_data.get(RESULT, {}) | counts
        return bool(
            compile_expression(self.rule["condition"]).evaluate(
                seen, child.workflow.top_workflow.script_engine.now
            )
        )


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise InvalidInput(N_("多实例的次数应是 0 到 1000 的整数"))
    return value
