"""Multi-instance and loop activities of our own.

The library's second pass through the same multi-instance raises; here items and results belong to the pass, so a return across a
countersignature starts afresh. Results stand in the output collection in the order of the items, however they came in.
"""

from copy import deepcopy
from fractions import Fraction
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.approvals import Choice, Vote, VoteState, choice_of
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

from . import scope
from .facts import SignerTurn
from .script import compile_expression
from .specs import INCIDENT, RESULT

INDEX = "index"
DONE = "done"
REMOVED = "removed"
JUDGED = "judged"


class MultiInstanceSpec(LoopTask, BpmnSpecMixin):
    """Runs `task_spec` once for each item of a collection, at once or one after another.

    `rule`: collection or cardinality (expressions), variable, output, sequential, condition, as in the bundle; where people
    sign, also `sign` (all, any, vote), `threshold`, `weight` (an expression), `dissent` (collect, return) and `tally`.
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
        upcoming = self._upcoming(my_task, instances)
        if self.rule["sequential"] and not pending and upcoming:
            self._create(my_task, upcoming[0])
        elif not pending:
            self._finish(my_task)

    def _upcoming(self, my_task: Task, instances: list[Task]) -> list[int]:
        """The items whose turn has not come yet."""
        begun = {one.internal_data[INDEX] for one in instances} | set(my_task.internal_data.get(REMOVED, ()))
        return [index for index in range(len(my_task.internal_data["items"])) if index not in begun]

    def add_item(self, my_task: Task, item: Any) -> None:
        """Add one more instance to a running pass (加签): the last in a sequence, else asked at once."""
        my_task.internal_data["items"].append(deepcopy(item))
        if not self.rule["sequential"]:
            self._create(my_task, len(my_task.internal_data["items"]) - 1)

    def remove_item(self, my_task: Task, index: int) -> None:
        """Take an item that has not answered out of a running pass (减签); the pass may be over with that.

        Raises InvalidInput for one that has answered, is out already, or is the last that is asked.
        """
        instances = self._children(my_task)
        child = next((one for one in instances if one.internal_data[INDEX] == index), None)
        removed = my_task.internal_data.setdefault(REMOVED, [])
        answered = child is not None and child.has_state(TaskState.FINISHED_MASK)
        if answered or index in removed or not 0 <= index < len(my_task.internal_data["items"]):
            raise InvalidInput(N_("只能减去尚未办理的人员。"))
        if len(removed) + 1 >= len(my_task.internal_data["items"]):
            raise InvalidInput(N_("会签至少要保留一方。"))
        removed.append(index)
        if child is not None:
            child.cancel()
        self._judge(my_task, child if child is not None else my_task)

    def turns(self, my_task: Task) -> list[SignerTurn]:
        """Tell of each item of the pass how far it is, in the order of the items."""
        begun = {one.internal_data[INDEX]: one for one in self._children(my_task)}
        removed = my_task.internal_data.get(REMOVED, ())
        return [
            SignerTurn(index, item, _how_far(begun.get(index), index in removed), begun[index].id if index in begun else None)
            for index, item in enumerate(my_task.internal_data["items"])
        ]

    def _judge(self, my_task: Task, child: Task) -> None:
        """See whether a running pass is over, or whose turn comes, after its items changed."""
        self._go_on(my_task, child)
        if not my_task.internal_data.get(DONE):
            my_task._set_state(TaskState.STARTED)

    def is_over(self, my_task: Task) -> bool:
        """Whether a pass has its result."""
        return bool(my_task.internal_data.get(DONE))

    def open_again(self, my_task: Task, turns: list[int]) -> None:
        """Ask the items at `turns` again, whose instances were taken back; the pass goes on with what the others answered."""
        my_task.internal_data.pop(DONE, None)
        my_task.internal_data.pop(JUDGED, None)
        my_task._set_state(TaskState.STARTED)
        self._predict(my_task, mask=TaskState.NOT_FINISHED_MASK)
        self._publish(my_task)
        for index in turns:
            self._create(my_task, index)

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
        counted = {self.rule["tally"]: self.tally(my_task)} if self.rule.get("sign") else {}
        scope.assign(my_task, {self.rule["output"]: results} | counted)

    def tally(self, my_task: Task) -> dict[str, Any]:
        """Count the answers so far: weights of who agreed, disagreed and abstained, of all, and how a vote stands."""
        ballots = {
            str(one.internal_data[INDEX]): choice_of(str(one.internal_data.get(RESULT, {}).get("outcome")))
            for one in self._children(my_task)
            if one.has_state(TaskState.COMPLETED)
        }
        weights = self._weights(my_task)
        counted: dict[str, Any] = {
            choice.value: sum(weights[index] for index, chosen in ballots.items() if chosen is choice) for choice in Choice
        }
        counted["total"] = sum(weights.values())
        if self.rule["sign"] == "vote" and weights:
            counted["state"] = Vote(weights, Fraction(self.rule["threshold"])).state(ballots).value
        return counted

    def _weights(self, my_task: Task) -> dict[str, int]:
        """The weight of each item by its index: 1, or what `approval:weight` says of it."""
        removed = my_task.internal_data.get(REMOVED, ())
        asked = [(index, item) for index, item in enumerate(my_task.internal_data["items"]) if index not in removed]
        return {str(index): self._weight(my_task, item) for index, item in asked}

    def _weight(self, my_task: Task, item: Any) -> int:
        if not self.rule.get("weight"):
            return 1
        seen = scope.visible(my_task) | {self.rule["variable"] or "item": item}
        return _whole(compile_expression(self.rule["weight"]).evaluate(seen, my_task.workflow.top_workflow.script_engine.now))

    def _child_to_judge(self, my_task: Task) -> Task:
        index = my_task.internal_data[JUDGED]
        return next(one for one in self._children(my_task) if one.internal_data[INDEX] == index)

    def _satisfied(self, my_task: Task, child: Task, active: int) -> bool:
        """Whether the rest need not be asked: one is enough, the vote is decided, a dissent returns, the condition holds."""
        sign, answered = self.rule.get("sign"), child.has_state(TaskState.COMPLETED)
        if answered and sign == "any":
            return True
        if answered and self.rule.get("dissent") == "return" and _dissents(child):
            return True
        if sign == "vote":
            return bool(self.tally(my_task)["state"] != VoteState.OPEN.value)
        if not self.rule["condition"]:
            return False
        completed = sum(1 for one in self._children(my_task) if one.has_state(TaskState.COMPLETED))
        counts = {
            "nrOfInstances": len(my_task.internal_data["items"]) - len(my_task.internal_data.get(REMOVED, ())),
            "nrOfActiveInstances": active,
            "nrOfCompletedInstances": completed,
        }
        seen = scope.visible(child) | child.internal_data.get(RESULT, {}) | counts
        return bool(
            compile_expression(self.rule["condition"]).evaluate(
                seen, child.workflow.top_workflow.script_engine.now
            )
        )


def _how_far(child: Task | None, removed: bool) -> str:
    if removed:
        return "removed"
    if child is None:
        return "waiting"
    if child.has_state(TaskState.COMPLETED):
        return "completed"
    return "cancelled" if child.has_state(TaskState.CANCELLED) else "open"


def _dissents(child: Task) -> bool:
    return choice_of(str(child.internal_data.get(RESULT, {}).get("outcome"))) is Choice.DISAGREE


def body_of(task: Task) -> Task | None:
    """Give the multi-instance that a task is one instance of; None for what merely follows one."""
    body = task.parent
    if body is None or not isinstance(body.task_spec, MultiInstanceSpec):
        return None
    return body if task.task_spec.name == body.task_spec.task_spec else None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise InvalidInput(N_("多实例的次数应是 0 到 1000 的整数"))
    return value
