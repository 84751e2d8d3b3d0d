"""Our own SpiffWorkflow task specs: what runs when a token stands on an element.

All of them evaluate in `_run_hook`, never in `_update_hook`: an expression that fails must stop its own element and become an
incident there, not break the step of the element before it.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import (
    CallActivity,
    NoneTask,
    ScriptTask,
    ServiceTask,
    SubWorkflowTask,
    UserTask,
)
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

from . import scope
from .script import compile_expression, compile_script, plain

RESULT = "result"
INCIDENT = "incident"
STAGE = "stage"
"""Where an execution keeps the stage into which it was put, or put back."""
ANNOUNCED = "announced"
"""Set on a task that history knows as started."""
BY_HAND = "by_hand"


class HumanTaskSpec(UserTask):
    """A user or manual task: waits for `Instance.complete`."""


class ServiceWorkSpec(ServiceTask):
    """A service task: waits for its topic's handler, in the same transaction."""

    def __init__(self, wf_spec: Any, name: str, topic: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.topic = topic
        self.manual = True

    def _run_hook(self, my_task: Task) -> bool:
        return True


class ScriptSpec(ScriptTask):
    """A script task in the expression language: its assignments go to the scope."""

    def _run_hook(self, my_task: Task) -> bool:
        now = my_task.workflow.top_workflow.script_engine.now
        scope.assign(my_task, compile_script(self.script).execute(scope.visible(my_task), now))
        return True


class PassSpec(NoneTask):
    """An abstract task: nobody has anything to do, the token passes."""

    def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.manual = False


class DecisionSpec(PassSpec):
    """A business rule task: evaluates its pinned table over the variables."""

    def __init__(
        self, wf_spec: Any, name: str, decision: str, variable: str, mapping: str | None, **kwargs: Any
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.decision, self.variable, self.mapping = decision, variable, mapping

    def _run_hook(self, my_task: Task) -> bool:
        engine = my_task.workflow.top_workflow.script_engine
        if self.decision not in engine.tables:
            raise InvalidInput(N_("没有部署过决策表“%(table)s”"), table=self.decision)
        table, row = engine.tables[self.decision], my_task.internal_data.pop(BY_HAND, None)
        result = table.evaluate(scope.visible(my_task), engine.now) if row is None else table.by_hand(row)
        scope.assign(my_task, {self.variable: plain(result.mapped(self.mapping))})
        return True


class EmbeddedSpec(SubWorkflowTask):
    """An embedded sub-process. It shares the scope around it."""

    isolated = False

    def _update_hook(self, my_task: Task) -> bool:
        return not my_task.has_state(TaskState.STARTED) or _child_completed(my_task)

    def _run_hook(self, my_task: Task) -> bool | None:
        if my_task.workflow.top_workflow.get_subprocess(my_task) is None:
            self.open(my_task)
            return None
        self.close(my_task)
        return True

    def open(self, my_task: Task) -> None:
        """Create the sub-workflow, fill its scope and let its start event go."""
        name = self.called(my_task)
        inputs = self.inputs_of(my_task)
        child = my_task.workflow.top_workflow.create_subprocess(my_task, name)
        scope.scope_of(child).update(inputs)
        child.completed_event.connect(self._on_subworkflow_completed, my_task)
        child.get_next_task(child.task_tree, skip_subprocesses=True, spec_name="Start").run()

    def close(self, my_task: Task) -> None:
        """Take over what the sub-workflow leaves: nothing, since the scope is shared."""

    def called(self, my_task: Task) -> str:
        """Name the spec to run."""
        return str(self.spec)

    def inputs_of(self, my_task: Task) -> dict[str, Any]:
        """Give the variables that the sub-workflow starts with."""
        return {}

    def _on_subworkflow_completed(self, subworkflow: Any, my_task: Task) -> None:
        my_task._set_state(TaskState.READY)


class CallSpec(EmbeddedSpec, CallActivity):
    """A call activity: declared inputs go in, declared outputs come out, the called process may be chosen at run time."""

    isolated = True

    def __init__(
        self, wf_spec: Any, name: str, subworkflow_spec: str, mapping: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(wf_spec, name, subworkflow_spec=subworkflow_spec, **kwargs)
        self.mapping = mapping

    def called(self, my_task: Task) -> str:
        if "${" not in self.spec:
            return str(self.spec)
        chosen = self._value(my_task, self.spec)
        if chosen not in self.mapping["candidates"]:
            raise InvalidInput(N_("“%(chosen)s”不在可调用的流程之列"), chosen=chosen)
        return str(chosen)

    def inputs_of(self, my_task: Task) -> dict[str, Any]:
        seen = scope.visible(my_task)
        inputs = {"plan": seen["plan"]} if "plan" in seen else {}
        return inputs | {target: self._value(my_task, text) for target, text in self.mapping["in"].items()}

    def close(self, my_task: Task) -> None:
        child = my_task.workflow.top_workflow.get_subprocess(my_task)
        inner, now = scope.scope_of(child), my_task.workflow.top_workflow.script_engine.now
        outputs = {
            target: plain(compile_expression(text).evaluate(inner, now))
            for target, text in self.mapping["out"].items()
        }
        if "plan" in inner and scope.LOCAL not in my_task.internal_data:
            outputs["plan"] = inner["plan"]
        keep_result(my_task, outputs, spread=True)

    def _value(self, my_task: Task, text: str) -> Any:
        now = my_task.workflow.top_workflow.script_engine.now
        return plain(compile_expression(text).evaluate(scope.visible(my_task), now))


def keep_result(my_task: Task, values: dict[str, Any], spread: bool = False) -> None:
    """Keep what an element produced: with its multi-instance, else as a variable (`spread`: as several) in the scope."""
    if scope.LOCAL in my_task.internal_data:
        my_task.internal_data[RESULT] = values
    else:
        scope.assign(my_task, values if spread else {my_task.task_spec.bpmn_id: values})


class EventGatewaySpec(PassSpec):
    """An event-based gateway: all events behind it wait; the first that fires cancels the others (see `Instance.fire`)."""


class OutsideEvent(EventDefinition):
    """An event that comes from outside by its token: a timer's row fired, a message or signal was delivered.

    `event` is the plain description from the bundle. It never catches what runs inside the library.
    """

    def __init__(self, name: str, event: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.event = event

    def catches(self, my_task: Task, event: BpmnEvent) -> bool:
        return False

    def throw(self, my_task: Task) -> None:
        my_task.workflow.top_workflow.script_engine.throw(my_task, self.event)


def _child_completed(my_task: Task) -> bool:
    child = my_task.workflow.top_workflow.get_subprocess(my_task)
    return child is not None and bool(child.completed)
