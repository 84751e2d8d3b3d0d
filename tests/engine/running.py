"""Runs a drawing in SpiffWorkflow with our expression language: what the normalised diagram really does.

The product's own running side has its own tests; this is only the library under what `normalise` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from workflow_service.engine.normalise import normalise
from workflow_service.engine.read import read_diagram
from workflow_service.engine.script import compile_expression, compile_script
from workflow_service.engine.support import unsupported


class _Environment(BasePythonScriptEngineEnvironment):
    def evaluate(self, expression: str, context: dict[str, Any], external_context: Any = None) -> Any:
        return compile_expression(expression).evaluate(context)

    def execute(self, script: str, context: dict[str, Any], external_context: Any = None) -> bool:
        context.update(compile_script(script).execute(context))
        return True


class Run:
    """One instance; `done` are the elements of the drawing in the order they were finished."""

    def __init__(self, data: bytes, key: str = "p", **variables: Any) -> None:
        diagram = read_diagram(data)
        assert [problem.message for problem in unsupported(diagram)] == []
        parser = BpmnParser()
        parser.add_bpmn_xml(normalise(diagram))
        spec = parser.get_spec(key)
        self.workflow = BpmnWorkflow(
            spec, parser.get_subprocess_specs(key), PythonScriptEngine(_Environment())
        )
        self.workflow.task_tree.data.update(variables)
        self.drawn = {element.id for element in diagram.elements()}
        self.done: list[str] = []
        self.step()

    def step(self) -> None:
        """Run until every token waits for somebody."""
        self.workflow.do_engine_steps(did_complete_task=self._record)

    def _record(self, task: Any) -> None:
        if task.task_spec.bpmn_id in self.drawn:
            self.done.append(task.task_spec.bpmn_id)

    @property
    def waiting(self) -> list[str]:
        """Give the user tasks that wait, by id."""
        ready = self.workflow.get_tasks(state=TaskState.READY, manual=True)
        return sorted(task.task_spec.bpmn_id for task in ready)

    def complete(self, key: str, **variables: Any) -> Run:
        """Finish one user task with variables."""
        task = self.workflow.get_next_task(state=TaskState.READY, spec_name=key)
        assert task is not None, (key, self.waiting)
        task.data.update(variables)
        task.run()
        self._record(task)
        self.step()
        return self

    def complete_all(self, change: Callable[[str], dict[str, Any]] = lambda key: {}) -> Run:
        """Finish user tasks until none waits; `change` gives the variables for a task."""
        for _round in range(100):
            if not self.waiting:
                return self
            self.complete(self.waiting[0], **change(self.waiting[0]))
        raise AssertionError(f"does not end: {self.done}")

    def send(self, name: str) -> Run:
        """Deliver a message."""
        self.workflow.catch(BpmnEvent(MessageEventDefinition(name), payload={}))
        self.step()
        return self

    def signal(self, name: str) -> Run:
        """Broadcast a signal."""
        self.workflow.catch(BpmnEvent(SignalEventDefinition(name), payload={}))
        self.step()
        return self

    @property
    def ended(self) -> bool:
        """Tell whether the instance is finished."""
        return bool(self.workflow.completed)

    @property
    def thrown(self) -> list[str]:
        """Give the names of the events that were thrown and nobody inside caught."""
        return [event.event_definition.name for event in self.workflow.get_events()]
