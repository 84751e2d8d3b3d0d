"""From tokens that wait to plain rows: evaluates what the diagram says about each waiting element."""

from typing import Any

from SpiffWorkflow.task import Task

from . import scope, stages
from .facts import EventWait, HumanTask, Place, ServiceWork, TimerWait
from .program import Program
from .script import compile_expression, compile_template
from .specs import HumanTaskSpec, ServiceWorkSpec

TEMPLATES = (
    "assignee",
    "candidateUsers",
    "candidateGroups",
    "copyTo",
    "dueDate",
    "followUpDate",
    "priority",
    "deadline",
)


def describe(task: Task) -> Place:
    """Tell which element of which process `task` is an execution of."""
    spec = task.task_spec
    process_key = task.workflow.spec.process_key
    return Place(task.id, process_key, spec.bpmn_id or "", _type_of(task), spec.bpmn_name or "")


class WaitCollector:
    """Gathers the waits of one step, sorted by kind. Raises ExpressionError for what cannot be evaluated."""

    def __init__(self, program: Program, scripts: Any) -> None:
        self.program, self.scripts = program, scripts
        self.human: list[HumanTask] = []
        self.works: list[ServiceWork] = []
        self.timers: list[TimerWait] = []
        self.events: list[EventWait] = []
        self.stages: list[str] = []

    def add(self, task: Task) -> None:
        """Sort one waiting task in."""
        element = self.program.element(task.workflow.spec.process_key, task.task_spec.bpmn_id)
        attrs = element.get("attrs", {})
        if isinstance(task.task_spec, HumanTaskSpec):
            self._add_human(task, attrs)
        elif isinstance(task.task_spec, ServiceWorkSpec):
            self.works.append(ServiceWork(describe(task), task.task_spec.topic, scope.visible(task)))
        else:
            self._add_event(task, element["event"], attrs.get("waiting") == "true")

    def _add_human(self, task: Task, attrs: dict[str, Any]) -> None:
        seen = scope.visible(task)
        values = {
            name: compile_template(text).evaluate(seen, self.scripts.now)
            if name in TEMPLATES and text
            else text
            for name, text in attrs.items()
        }
        if stage := stages.entered_at(self.program, task):
            values["stage"] = stage
            self.stages.append(stage)
        self.human.append(HumanTask(describe(task), values, scope.local_of(task)))

    def _add_event(self, task: Task, event: dict[str, Any], waiting: bool) -> None:
        if event["kind"] == "timer":
            self.timers.append(self._timer(task, event))
        else:
            key = event.get("correlation") or ""
            correlation = self._text(task, key) if key else self.scripts.business_key
            name = compile_template(event["name"]).evaluate(scope.visible(task), self.scripts.now)
            self.events.append(EventWait(describe(task), event["kind"], name, correlation, waiting))

    def _timer(self, task: Task, event: dict[str, Any]) -> TimerWait:
        text = compile_template(event["rule"]).evaluate(scope.visible(task), self.scripts.now)
        return TimerWait(describe(task), event["timer"], text, task.internal_data.get("remaining"))

    def _text(self, task: Task, expression: str) -> str:
        return str(compile_expression(expression).evaluate(scope.visible(task), self.scripts.now))


def _type_of(task: Task) -> str:
    return str(getattr(task.task_spec, "element_type", "") or "")
