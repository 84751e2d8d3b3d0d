"""An instance that runs: one command in, one `Step` out. The only place where tokens move.

    instance = Instance.start(program, {"plan": facts}, business_key="42", now=now)
    step = instance.collect()            # what waits, what ran
    instance.complete(token, {"outcome": "agree"}); step = instance.collect(); blob = instance.freeze()
    instance = Instance.thaw(program, blob, "42", now)

`now` is the business time of the command (aware). Errors of expressions and tables become `Trouble`s at their element; other
branches go on, and `retry` lets the element try again.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException, TaskNotFoundException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.drawing import is_drawn
from workflow_service.domain.errors import Conflict, NaiveDatetime, TongchouError
from workflow_service.i18n import N_, _, said

from . import scope, stages
from .against_flow import AgainstTheFlow
from .blocks import Level
from .decision_table import DecisionTable
from .facts import Passage, Place, Step, Thrown, Trouble
from .gateways import wake_inclusive_joins
from .multi_instance import MultiInstanceSpec
from .program import Program
from .script import compile_expression
from .specs import (
    ANNOUNCED,
    BY_HAND,
    INCIDENT,
    DecisionSpec,
    EmbeddedSpec,
    EventGatewaySpec,
    HumanTaskSpec,
    OutsideEvent,
    ServiceWorkSpec,
    keep_result,
)
from .state import compact, freeze, thaw
from .waits import WaitCollector, describe

MAX_STEPS = 5_000


class InstanceScripts:
    """The script engine that SpiffWorkflow asks for conditions; one an instance, with the command's `now`."""

    def __init__(self, program: Program, business_key: str, now: datetime) -> None:
        if now.tzinfo is None:
            raise NaiveDatetime()
        self.tables, self.business_key, self.now = program.tables, business_key, now
        self.thrown: list[Thrown] = []

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:
        """Evaluate a condition where `task` stands."""
        return compile_expression(expression).evaluate(scope.visible(task), self.now)

    def throw(self, task: Task, event: Mapping[str, Any]) -> None:
        """Note a message or signal that `task` sends."""
        seen = scope.visible(task)
        key = event.get("correlation") or ""
        correlation = str(compile_expression(key).evaluate(seen, self.now)) if key else self.business_key
        self.thrown.append(Thrown(describe(task), event["kind"], event["name"], correlation, seen))


class Instance(AgainstTheFlow):
    """One process instance in memory, between thaw and freeze."""

    def __init__(self, program: Program, workflow: BpmnWorkflow, scripts: InstanceScripts) -> None:
        self.program, self.workflow, self.scripts = program, workflow, scripts
        self._passages: list[Passage] = []
        self._troubles: list[Trouble] = []
        self._outcome = ""
        self._before = {task.id: task for task in self._announced()}
        self.stood_open = frozenset(self._before)
        """The tokens that history knows as open since an earlier command."""
        self._stopped = self._troubled()

    @classmethod
    def start(
        cls,
        program: Program,
        variables: Mapping[str, Any],
        business_key: str,
        now: datetime,
        start_event: str = "",
    ) -> "Instance":
        """Start at `start_event` (default: the one without an event) and run until it waits."""
        scripts = InstanceScripts(program, business_key, now)
        workflow = BpmnWorkflow(program.specs[program.root], program.specs, script_engine=scripts)
        scope.scope_of(workflow).update(variables)
        instance = cls(program, workflow, scripts)
        instance._begin(start_event)
        instance._advance()
        return instance

    @classmethod
    def thaw(cls, program: Program, blob: bytes, business_key: str, now: datetime) -> "Instance":
        """Take up an instance from its frozen state."""
        scripts = InstanceScripts(program, business_key, now)
        return cls(program, thaw(program, blob, scripts), scripts)

    def freeze(self) -> bytes:
        """Compact and give the state as bytes."""
        compact(self.workflow)
        return freeze(self.workflow)

    def complete(self, token: UUID, values: dict[str, Any]) -> None:
        """A person finished the task: keep `values` under the element's id and go on."""
        task = self._waiting(token, HumanTaskSpec, TaskState.READY)
        keep_result(task, values)
        self._run(task)
        self._advance()

    def work_done(self, token: UUID, result: dict[str, Any], plan: Mapping[str, Any] | None = None) -> None:
        """A service task's handler finished; `plan` renews the plan's facts everywhere in the instance."""
        task = self._waiting(token, ServiceWorkSpec, TaskState.READY)
        if plan is not None:
            self.renew("plan", dict(plan))
        keep_result(task, result)
        self._run(task)
        self._advance()

    def work_failed(self, token: UUID, message: str) -> None:
        """A service task's handler refused: the element waits with an incident."""
        task = self._waiting(token, ServiceWorkSpec, TaskState.READY)
        self._trouble(task, message)

    def hold(self, token: UUID, message: str) -> None:
        """What waits at `token` cannot be put before anybody: it stays with an incident until `retry`."""
        task = self._find(token)
        task.internal_data[INCIDENT] = message
        task.internal_data.pop(ANNOUNCED, None)

    def fire(self, token: UUID, payload: dict[str, Any] | None = None, remaining: int | None = None) -> None:
        """A timer fell due, or a message or signal arrived for `token`. `remaining` cycles start the timer anew."""
        task = self._waiting(token, None, TaskState.WAITING)
        if payload is not None:
            keep_result(task, payload)
        self._release(task)
        if remaining or _may_happen_again(task):
            again = task.parent._add_child(task.task_spec, TaskState.WAITING)
            if remaining:
                again.internal_data["remaining"] = remaining
            again.task_spec._predict(again, mask=TaskState.NOT_FINISHED_MASK)
        self._advance()

    def retry(self, token: UUID) -> None:
        """Let an element with an incident try again."""
        task = self._find(token)
        if task.internal_data.pop(INCIDENT, None) is None:
            raise Conflict(N_("这一步已经结束，请刷新后查看。"))
        if not isinstance(task.task_spec, MultiInstanceSpec):
            task.internal_data.pop(ANNOUNCED, None)
            self._before.pop(task.id, None)
        self._advance()

    def undecided(self, token: UUID) -> DecisionTable | None:
        """Give the table of a business rule task that stands with an incident, None where another element does."""
        task = self._find(token)
        asked = isinstance(task.task_spec, DecisionSpec) and INCIDENT in task.internal_data
        return self.program.tables.get(task.task_spec.decision) if asked else None

    def decide(self, token: UUID, row: dict[str, Any]) -> None:
        """Let a business rule task go on with what a person decided; the version that it is pinned to stays as it is."""
        if self.undecided(token) is None:
            raise Conflict(N_("这一步没有等待人工决定的决策表。"))
        self._find(token).internal_data[BY_HAND] = row
        self.retry(token)

    def terminate(self) -> None:
        """End the instance now; everything that waits is cancelled."""
        self.workflow.cancel()

    def renew(self, name: str, value: Any) -> None:
        """Set a variable in every scope that holds it, or at the top where none does."""
        scopes = [scope.scope_of(one) for one in (self.workflow, *self.workflow.subprocesses.values())]
        for one in [each for each in scopes if name in each] or scopes[:1]:
            one[name] = value

    @property
    def variables(self) -> dict[str, Any]:
        """Give the top scope's variables."""
        return scope.scope_of(self.workflow)

    def variables_at(self, token: UUID) -> dict[str, Any]:
        """Give what an element sees."""
        return scope.visible(self._find(token))

    def stages_at_work(self) -> frozenset[str]:
        """The stages of the plan in which something is at work; none where the diagram has no two beside one another."""
        if not self.program.stages_beside:
            return frozenset()
        failed = self._troubled()
        return stages.at_work(self.program, (task for task in self._tasks() if _is_active(task) or task.id in failed))

    def collect(self) -> Step:
        """Tell what changed since the last look, and take note of what waits now."""
        waits = WaitCollector(self.program, self.scripts)
        now_waiting = {task.id: task for task in self._waiting_tasks()}
        for task in now_waiting.values():
            if ANNOUNCED not in task.internal_data and INCIDENT not in task.internal_data:
                self._announce(waits, task)
        gone = [token for token in self._before if token not in now_waiting]
        self._note_cancelled(gone)
        self._before = {task.id: task for task in now_waiting.values() if ANNOUNCED in task.internal_data}
        return self._step(waits, gone)

    def _announce(self, waits: WaitCollector, task: Task) -> None:
        try:
            waits.add(task)
        except TongchouError as error:
            self._trouble(task, reason(error))
            return
        task.internal_data[ANNOUNCED] = 1
        self._passages.append(Passage(describe(task), "started"))

    def _step(self, waits: WaitCollector, gone: list[UUID]) -> Step:
        completed, stopped = self.workflow.is_completed(), self._troubled()
        settled, self._stopped = self._stopped - stopped, stopped
        passages, troubles, thrown = self._passages, self._troubles, self.scripts.thrown
        self._passages, self._troubles, self.scripts.thrown = [], [], []
        return Step(
            at=self.scripts.now, human_tasks=tuple(waits.human), works=tuple(waits.works), timers=tuple(waits.timers),
            events=tuple(waits.events), ended=tuple(gone), passages=tuple(passages), thrown=tuple(thrown),
            troubles=tuple(troubles), settled=tuple(settled), stages=tuple(waits.stages), completed=completed,
            outcome=self._outcome, stalled=not completed and not self._waits() and not stopped, variables=self.variables,
        )  # fmt: skip

    def _begin(self, start_event: str) -> None:
        start = self.workflow.task_tree
        starts = list(start.children)
        chosen = start_event or next(
            (
                one.task_spec.bpmn_id
                for one in starts
                if not isinstance(one.task_spec.event_definition, OutsideEvent)
            ),
            starts[0].task_spec.bpmn_id,
        )
        start.run()
        for child in list(start.children):
            if child.task_spec.bpmn_id != chosen:
                child.cancel()
            elif isinstance(child.task_spec.event_definition, OutsideEvent):
                self._release(child)

    def _release(self, task: Task) -> None:
        if isinstance(task.parent.task_spec, EventGatewaySpec):
            for sibling in task.parent.children:
                if sibling is not task:
                    sibling.cancel()
        task.task_spec.event_definition.catch(task)
        task.task_spec._update(task)

    def _advance(self) -> None:
        """Run everything automatic until all tokens wait or have trouble."""
        for _count in range(MAX_STEPS):
            task = self._next()
            if task is None:
                return
            self._run(task)
        if (task := self._next()) is not None:
            self._trouble(task, N_("一次提交内自动执行的步骤过多，可能是没有出口的循环"))

    def _next(self) -> Task | None:
        ready = [
            task
            for task in self._tasks()
            if task.state == TaskState.READY
            and not task.task_spec.manual
            and INCIDENT not in task.internal_data
        ]
        if not ready and wake_inclusive_joins(self._tasks()):
            return self._next()
        return max(ready, key=_urgency, default=None)

    def _run(self, task: Task) -> None:
        try:
            task.run()
        except (TongchouError, SpiffWorkflowException) as error:
            task._set_state(TaskState.READY)
            self._trouble(task, reason(error))
            return
        if task.state == TaskState.STARTED:
            self._note_started(task)
        if task.state == TaskState.COMPLETED and task.task_spec.bpmn_id:
            self._passages.append(Passage(describe(task), "completed", self._flows(task)))
            if describe(task).element_type == "endEvent" and self._is_of_the_process(task):
                self._outcome = task.task_spec.bpmn_id

    def _is_of_the_process(self, task: Task) -> bool:
        """Whether an end is the process's own: beside an event sub-process it lies in the scope put around what was drawn, or
        in one that interrupts.
        """
        workflow = task.workflow
        while workflow.parent_task_id is not None:
            host = self.workflow.get_task_from_id(workflow.parent_task_id)
            key = str(host.task_spec.bpmn_id)
            if is_drawn(key) and not self._ends_everything(host, key):
                return False
            workflow = host.workflow
        return workflow is self.workflow

    def _ends_everything(self, host: Task, key: str) -> bool:
        if describe(host).element_type != "subProcess":
            return False
        spec = host.workflow.spec
        return Level(self.program.processes[spec.process_key], str(spec.name).partition("/")[2] or None).ends_everything(key)

    def _note_started(self, task: Task) -> None:
        if ANNOUNCED not in task.internal_data:
            task.internal_data[ANNOUNCED] = 1
            self._passages.append(Passage(describe(task), "started"))

    def _flows(self, task: Task) -> tuple[str, ...]:
        key = task.workflow.spec.process_key
        taken = []
        for child in task.children:
            if child.has_state(TaskState.PREDICTED_MASK & ~TaskState.FUTURE) or child.task_spec.name.endswith(
                "[child]"
            ):
                continue
            taken.append(self._flow(key, task, child))
        return tuple(flow for flow in taken if flow)

    def _flow(self, key: str, task: Task, child: Task) -> str | None:
        name = child.task_spec.name
        if name.endswith(".detour"):
            return self.program.flow_between(key, name, "")
        return self.program.flow_between(
            key, task.task_spec.bpmn_id, name.removesuffix(".BoundaryEventSplit")
        )

    def _note_cancelled(self, gone: list[UUID]) -> None:
        for token in gone:
            task = self._before[token]
            if not task.has_state(TaskState.COMPLETED):
                self._passages.append(Passage(describe(task), "cancelled"))

    def _trouble(self, task: Task, message: str) -> None:
        task.internal_data[INCIDENT] = message
        self._troubles.append(Trouble(describe(task), message))

    def _waits(self) -> bool:
        return any(not isinstance(one.task_spec, EmbeddedSpec | MultiInstanceSpec) for one in self._before.values())

    def _troubled(self) -> frozenset[UUID]:
        """Give the tokens that stand with an incident."""
        return frozenset(
            task.id
            for task in self._tasks()
            if INCIDENT in task.internal_data and not task.has_state(TaskState.FINISHED_MASK)
        )

    def _tasks(self) -> Iterator[Task]:
        yield from list(self.workflow.tasks.values())
        for child in list(self.workflow.subprocesses.values()):
            if not child.completed:
                yield from list(child.tasks.values())

    def _waiting_tasks(self) -> Iterator[Task]:
        for task in self._tasks():
            if _is_active(task):
                yield task

    def _announced(self) -> Iterator[Task]:
        return (task for task in self._tasks() if ANNOUNCED in task.internal_data and _is_active(task))

    def _find(self, token: UUID) -> Task:
        try:
            return self.workflow.get_task_from_id(token)
        except TaskNotFoundException as error:
            raise Conflict(N_("这一步已经结束，请刷新后查看。")) from error

    def _waiting(self, token: UUID, spec: type | None, state: int) -> Task:
        task = self._find(token)
        if task.state != state or (spec is not None and not isinstance(task.task_spec, spec)):
            raise Conflict(N_("这一步已经结束，请刷新后查看。"))
        return task

    def place(self, token: UUID) -> Place:
        """Tell where a token stands."""
        return describe(self._find(token))


def reason(error: Exception) -> str:
    """Say in words why an element failed, in every language where the words are ours."""
    if isinstance(error, TongchouError):
        return said(lambda: error.message)
    if "No conditions satisfied" in str(error):
        return said(lambda: _(N_("没有一个条件成立，也没有默认流向")))
    return str(error)


def _may_happen_again(task: Task) -> bool:
    """Tell whether a boundary event waits on: a message or signal that does not interrupt (BPMN 2.0.2 §13.5.3)."""
    spec = task.task_spec
    beside = isinstance(spec, BoundaryEvent) and not spec.cancel_activity
    return beside and spec.event_definition.event["kind"] in ("message", "signal")


def _urgency(task: Task) -> tuple[bool, int]:
    return isinstance(task.task_spec, BoundaryEvent), task.workflow.depth


def _is_active(task: Task) -> bool:
    spec = task.task_spec
    if isinstance(spec, HumanTaskSpec | ServiceWorkSpec):
        return bool(task.state == TaskState.READY)
    if isinstance(spec, EmbeddedSpec | MultiInstanceSpec):
        return bool(task.state == TaskState.STARTED or (task.state == TaskState.READY and ANNOUNCED in task.internal_data))
    return task.state == TaskState.WAITING and isinstance(
        getattr(spec, "event_definition", None), OutsideEvent
    )
