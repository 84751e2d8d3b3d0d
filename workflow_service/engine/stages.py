"""In which stages of its plan an instance is at work, where its diagram has several beside one another.

A stage is the span from an element that enters it (`approval:stage`) up to the next one that enters another. Where branches
enter stages of their own, the elements at which tokens stand say which of them still have work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from .multi_instance import MultiInstanceSpec
from .navigate import predecessors
from .program import Program
from .specs import STAGE, EmbeddedSpec, HumanTaskSpec
from .stage_spans import HUMAN, left_in, order


def at_work(program: Program, standing: Iterable[Task]) -> frozenset[str]:
    """The stages of what stands somewhere: human tasks, waits, and what failed; joins and what only frames others left out."""
    frames = EmbeddedSpec | MultiInstanceSpec | BoundaryEvent
    found = (stage_of(program, task) for task in standing if not isinstance(task.task_spec, frames))
    return frozenset(stage for stage in found if stage)


def keep(program: Program, tasks: Iterable[Task]) -> None:
    """Human tasks that were entered against the flow bring the plan back into the stages in which they lie."""
    for task in tasks:
        if isinstance(task.task_spec, HumanTaskSpec) and not entered_at(program, task) and (stage := stage_of(program, task)):
            task.internal_data[STAGE] = stage


def stage_of(program: Program, task: Task) -> str:
    """The stage that an execution belongs to; where branches have met, the last of theirs in the order of stages."""
    seen, waiting, found = {task.id}, [task], set()
    while waiting:
        one = waiting.pop()
        if stage := entered_at(program, one):
            found.add(stage)
            continue
        waiting += [earlier for earlier in predecessors(one) if earlier.id not in seen]
        seen.update(earlier.id for earlier in waiting)
    return max(found, key=order, default="")


def entered_at(program: Program, task: Task) -> str:
    """The stage that an execution enters: its element's own, that in which it was put back or put, of a human task that of the
    nearest frame around it, of a frame that is over that in which it is left.
    """
    element = _element(program, task)
    host = element.get("attached_to")
    if host:
        element = program.element(task.workflow.spec.process_key, host)
    stage = str(element.get("attrs", {}).get("stage") or task.internal_data.get(STAGE) or "")
    if not stage and (isinstance(task.task_spec, HumanTaskSpec) or element.get("type") in HUMAN):
        return _around(program, task)
    if not stage and isinstance(task.task_spec, EmbeddedSpec | MultiInstanceSpec) and task.has_state(TaskState.COMPLETED):
        return left_in(program.processes, task.workflow.spec.process_key, _id_of(task))
    return stage


def _around(program: Program, task: Task) -> str:
    """The nearest call activity or sub-process around a task that names a stage."""
    workflow = task.workflow
    while workflow.parent_task_id is not None:
        host = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
        if stage := _element(program, host).get("attrs", {}).get("stage"):
            return str(stage)
        workflow = host.workflow
    return ""


def _element(program: Program, task: Task) -> Mapping[str, Any]:
    elements: Mapping[str, Any] = program.processes[task.workflow.spec.process_key]["elements"]
    found: Mapping[str, Any] = elements.get(_id_of(task), {})
    return found


def _id_of(task: Task) -> str:
    """The element of an execution; that of the loop for the body that asks it of several."""
    spec = task.task_spec
    return str((spec.name if isinstance(spec, MultiInstanceSpec) else spec.bpmn_id) or "")
