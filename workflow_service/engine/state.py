"""Freeze and thaw: an instance's tree as compressed JSON without the spec, and compaction of what is over.

One entry a task: [id, parent, state, spec name, triggered, internal data]. Ids are written as 22 characters of base64.
"""

import base64
import json
import zlib
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from .gateways import is_join
from .program import Program
from .specs import EmbeddedSpec, HumanTaskSpec, ServiceWorkSpec

FORMAT = 1


def freeze(workflow: BpmnWorkflow) -> bytes:
    """Give the state of an instance as bytes; the spec is not in it."""
    plain = {
        "format": FORMAT,
        "top": _plain_workflow(workflow),
        "children": [
            {"under": _short(key), "spec": child.spec.name, **_plain_workflow(child)}
            for key, child in _outer_first(workflow)
        ],
    }
    return zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), 3)


def thaw(program: Program, blob: bytes, script_engine: Any) -> BpmnWorkflow:
    """Build the instance back over its program's shared specs, callbacks and waiting events included."""
    plain = json.loads(zlib.decompress(blob))
    spec = program.specs[program.root]
    workflow = BpmnWorkflow(spec, program.specs, script_engine=script_engine, deserializing=True)
    _fill(workflow, plain["top"])
    for child in plain["children"]:
        _add_child(workflow, child)
    return workflow


def compact(workflow: BpmnWorkflow) -> None:
    """Splice out finished tasks that nothing will ask for again, so that loops do not grow the tree.

    Kept: splits, joins (their tokens refer to them), the hosts of loops and sub-processes that still run, the last
    execution of every human task, service task and called process (what can be returned to, and what forbids taking back),
    and the parent of anything unfinished.
    """
    for one in (workflow, *workflow.subprocesses.values()):
        _compact(one)
    _drop_finished_children(workflow)


def _compact(workflow: Any) -> None:
    seen: set[str] = set()
    for task in reversed(list(workflow.tasks.values())):
        if task.parent is None or not task.has_state(TaskState.COMPLETED) or len(task._children) != 1:
            continue
        child = task.children[0]
        name = task.task_spec.name
        if isinstance(task.task_spec, HumanTaskSpec | ServiceWorkSpec | EmbeddedSpec) and name not in seen:
            seen.add(name)
            continue
        if _spliceable(task, child):
            _splice(workflow, task, child)


def _spliceable(task: Task, child: Task) -> bool:
    parent = task.parent
    return (
        child.has_state(TaskState.COMPLETED)
        and parent.parent is not None
        and parent.has_state(TaskState.COMPLETED)
        and not isinstance(task.task_spec, BoundaryEventSplit | LoopTask)
        and not is_join(task.task_spec)
        and not isinstance(parent.task_spec, BoundaryEventSplit | LoopTask)
    )


def _splice(workflow: Any, task: Task, child: Task) -> None:
    parent = task.parent
    parent._children[parent._children.index(task.id)] = child.id
    child._parent = parent.id
    del workflow.tasks[task.id]
    if workflow.last_task is task:
        workflow.last_task = child


def _drop_finished_children(workflow: BpmnWorkflow) -> None:
    finished = [
        key for key, child in workflow.subprocesses.items() if child.completed and _closed(workflow, child)
    ]
    for key in finished:
        workflow.subprocesses.pop(key, None)


def _closed(workflow: BpmnWorkflow, child: BpmnSubWorkflow) -> bool:
    try:
        return bool(workflow.get_task_from_id(child.parent_task_id).has_state(TaskState.FINISHED_MASK))
    except Exception:
        return True


def _outer_first(workflow: BpmnWorkflow) -> list[tuple[UUID, BpmnSubWorkflow]]:
    return sorted(workflow.subprocesses.items(), key=lambda pair: pair[1].depth)


def _plain_workflow(workflow: Any) -> dict[str, Any]:
    return {
        "root": _short(workflow.task_tree.id),
        "last": _short(workflow.last_task.id) if workflow.last_task is not None else None,
        "done": workflow.completed,
        "success": workflow.success,
        "data": workflow.data,
        "tasks": [
            [
                _short(task.id),
                _short(task._parent) if task._parent is not None else None,
                task.state,
                task.task_spec.name,
                int(task.triggered),
                task.internal_data,
            ]
            for task in _tree_order(workflow)
        ],
    }


def _tree_order(workflow: Any) -> list[Task]:
    """Parents before children, children in their order."""
    order, stack = [], [workflow.task_tree]
    while stack:
        task = stack.pop()
        order.append(task)
        stack.extend(reversed(task.children))
    return order


def _fill(workflow: Any, plain: dict[str, Any]) -> None:
    specs = workflow.spec.task_specs
    for short, parent, state, name, triggered, internal in plain["tasks"]:
        task = Task(workflow, specs[name], state=state, id=_long(short))
        task.triggered, task.internal_data = bool(triggered), internal
        if parent is not None:
            task._parent = _long(parent)
            workflow.tasks[task._parent]._children.append(task.id)
        if isinstance(task.task_spec, CatchingEvent) and state == TaskState.WAITING:
            workflow.top_workflow.event_manager.add_task(task)
    workflow.task_tree = workflow.tasks[_long(plain["root"])]
    workflow.last_task = workflow.tasks.get(_long(plain["last"])) if plain["last"] else None
    workflow.completed, workflow.success, workflow.data = plain["done"], plain["success"], plain["data"]


def _add_child(workflow: BpmnWorkflow, plain: dict[str, Any]) -> None:
    host = workflow.get_task_from_id(_long(plain["under"]))
    child = BpmnSubWorkflow(workflow.subprocess_specs[plain["spec"]], host.id, workflow, deserializing=True)
    workflow.subprocesses[host.id] = child
    child.completed_event.connect(host.task_spec._on_subworkflow_completed, host)
    _fill(child, plain)


def _short(token: UUID) -> str:
    return base64.urlsafe_b64encode(token.bytes)[:22].decode()


def _long(text: str) -> UUID:
    return UUID(bytes=base64.urlsafe_b64decode(text + "=="))
