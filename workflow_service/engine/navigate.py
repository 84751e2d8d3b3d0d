"""Moves against the flow: back to an earlier step, to a step elsewhere, one signer's turn again, a finished run once more.

Going back undoes what came of a step and nothing else. What came of it is followed through joins: a join that fired with
the step's token is undone with all behind it, and the tokens of the other branches wait there again with their results
kept. The step is then entered anew, with its boundary events. The table of effects stands in docs/approval-operations.md.

Called by `Instance` only, which runs on afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflow_service.domain.drawing import is_drawn
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_

from .blocks import Level
from .dialect import ACTIVITIES
from .gateways import CAME_FROM, CONSUMED_BY, ParallelJoin, give_back, is_join
from .multi_instance import MultiInstanceSpec, body_of
from .program import Program
from .specs import ANNOUNCED, STAGE, EmbeddedSpec, EventGatewaySpec, HumanTaskSpec

TASK, COUNTERSIGN, PROCESS = "task", "countersign", "process"


@dataclass(frozen=True)
class Stop:
    """A step passed on the way of a token, to which it may go back. `token` names that execution.

    `kind`: `task`; `countersign`, asked of all its signers again; `process`, a called process or sub-process that is over
    and would run again from its start.
    """

    token: UUID
    process_key: str
    element_id: str
    name: str
    kind: str


@dataclass(frozen=True)
class Assumed:
    """A branch that counts as done because a token was put into the branch beside it; its join waits for it no more."""

    join: str
    source: str


def stops_before(task: Task) -> list[Stop]:
    """Give the steps that `task` came from, nearest first, through joins and out of called processes."""
    found: dict[tuple[int, str], Stop] = {}
    for earlier in way_back(task):
        stop = _stop(earlier)
        if stop is not None:
            found.setdefault((id(earlier.workflow), stop.element_id), stop)
    return list(found.values())


def way_back(task: Task) -> Iterator[Task]:
    """Give every execution that led to `task`, nearest first."""
    seen, queue = {task.id}, [task]
    while queue:
        for earlier in predecessors(queue.pop(0)):
            if earlier.id not in seen:
                seen.add(earlier.id)
                queue.append(earlier)
                yield earlier


def predecessors(task: Task) -> list[Task]:
    """Give the executions right before one: several at a join, the host of a called process at its beginning."""
    workflow = task.workflow
    if task.parent is None:
        host = workflow.parent_task_id
        return [workflow.top_workflow.get_task_from_id(host)] if host is not None else []
    merged = [one.parent for one in workflow.tasks.values() if one.internal_data.get(CONSUMED_BY) == str(task.id)]
    return [task.parent, *merged]


def _stop(task: Task) -> Stop | None:
    spec = task.task_spec
    if not task.has_state(TaskState.COMPLETED) or body_of(task) is not None:
        return None
    inner = task.workflow.spec.task_specs[spec.task_spec] if isinstance(spec, MultiInstanceSpec) else spec
    if isinstance(inner, HumanTaskSpec):
        kind = COUNTERSIGN if inner is not spec else TASK
    elif isinstance(inner, EmbeddedSpec):
        kind = PROCESS
    else:
        return None
    return Stop(task.id, task.workflow.spec.process_key, inner.bpmn_id, inner.bpmn_name or "", kind)


def go_back(task: Task, to: UUID) -> None:
    """Undo everything that came of the step `to` and enter it anew; raises InvalidInput where it is not on the way."""
    target = next((one for one in way_back(task) if one.id == to), None)
    if target is None or _stop(target) is None:
        raise InvalidInput(N_("这一步不在已走过的路上，不能退回到那里。"))
    _enter_again(_outermost(target))


def enter_again(task: Task) -> None:
    """Undo everything that came of `task` and enter it anew."""
    _enter_again(_outermost(task))


def _enter_again(anchor: Task) -> None:
    parent, spec, stage = anchor.parent, anchor.task_spec, anchor.internal_data.get(STAGE)
    take_back([anchor])
    again = _enter(parent, spec)
    if stage:
        again.internal_data[STAGE] = stage


def came_of(task: Task) -> list[Task]:
    """Give what has come of a finished step so far, itself and what only frames it left out."""
    body = body_of(task)
    roots = [task] if body is None else [one for one in body.children if one.task_spec.name != body.task_spec.task_spec]
    gone, undone = _what_came_of(roots)
    return [one for one in (*gone.values(), *undone.values()) if one is not task and not one.has_state(TaskState.PREDICTED_MASK)]


def stops_at_end(workflow: BpmnWorkflow) -> list[Stop]:
    """Give the steps of a finished run that it can be taken up at again, the latest first."""
    found: dict[str, Stop] = {}
    for task in reversed(list(workflow.tasks.values())):
        stop = _stop(task)
        if stop is not None:
            found.setdefault(stop.element_id, stop)
    return list(found.values())


def open_again(workflow: BpmnWorkflow, to: UUID) -> None:
    """Take up a finished run at one of `stops_at_end`: what came of that step is undone, what ran beside it stands."""
    target = workflow.tasks.get(to)
    if target is None or _stop(target) is None:
        raise InvalidInput(N_("这一步不在已走过的路上，不能退回到那里。"))
    workflow.completed = False
    _enter_again(_outermost(target))


def redo_item(body: Task, index: int) -> None:
    """Ask one signer again: his turn and, in a sequence, those after it; what followed the whole is undone.

    Signers who were spared because the result could not change any more are asked again too.
    """
    items = [one for one in body.children if one.task_spec.name == body.task_spec.task_spec]
    spared = [one for one in items if one.has_state(TaskState.CANCELLED)] if body.task_spec.is_over(body) else []
    again = [one for one in items if one.internal_data["index"] == index]
    later = [one for one in items if one.internal_data["index"] > index] if body.task_spec.rule["sequential"] else []
    turns = sorted({one.internal_data["index"] for one in (again if later else [*again, *spared])} | {index})
    following = [one for one in body.children if one.task_spec.name != body.task_spec.task_spec]
    over = body.task_spec.is_over(body)
    take_back([*following, *spared, *later, *again])
    if over:
        become_another(body)
    body.task_spec.open_again(body, turns)


def jump(program: Program, task: Task, target: str) -> tuple[list[Assumed], Task | None]:
    """Put the token of `task` on the activity `target` of its level or of one around it; gives what counts as done, and the
    execution that begins there (None where one on the way is entered again).

    A step on its way is gone back to. A split whose branches the token leaves ends its other branches too. A token put into
    a parallel block from outside lets the other branches count as done. A boundary event has no token of its own: the step that
    it is attached to is put elsewhere. Raises InvalidInput where that has no meaning.
    """
    if isinstance(task.task_spec, BoundaryEvent):
        raise InvalidInput(N_("边界事件只是随任务等待，请调整它所附着的环节。"))
    moved = _on_level_of(task, target)
    level = Level(program.processes[moved.workflow.spec.process_key], _parent_of(moved.workflow))
    if level.elements[target]["type"] not in ACTIVITIES or not is_drawn(target) or level.is_listening(target):
        raise InvalidInput(N_("只能调整到任务、子流程或调用的流程。"))
    passed = next((one for one in way_back(moved) if one.workflow is moved.workflow and _is_at(one, target)), None)
    if passed is not None:
        _enter_again(_outermost(passed))
        return [], None
    anchor = _outermost(moved)
    here = str(anchor.task_spec.bpmn_id or moved.task_spec.bpmn_id)
    parent, roots = _left_behind(level, anchor, here, target)
    entry = moved.workflow.spec.task_specs
    take_back(roots)
    assumed = _count_as_done(level, parent, here, target)
    return assumed, _enter(parent, entry.get(f"{target}.BoundaryEventSplit") or entry[target])


def _is_at(task: Task, element_id: str) -> bool:
    stop = _stop(task)
    return stop is not None and stop.element_id == element_id


def _on_level_of(task: Task, target: str) -> Task:
    """Give `task`, or the called process or sub-process around it that stands on the target's level."""
    while target not in {spec.bpmn_id for spec in task.workflow.spec.task_specs.values()}:
        host = task.workflow.parent_task_id
        if host is None:
            raise InvalidInput(N_("这个流程和外层流程里都没有环节“%(target)s”。"), target=target)
        task = task.workflow.top_workflow.get_task_from_id(host)
    return task


def _parent_of(workflow: Any) -> str | None:
    return str(workflow.spec.name).partition("/")[2] or None


def _left_behind(level: Level, anchor: Task, here: str, target: str) -> tuple[Task, list[Task]]:
    """Where the token leaves from, and what ends with that: itself, the events that wait beside it behind one gateway, or all
    that runs in the blocks that it leaves.
    """
    parent = anchor.parent
    roots = list(parent.children) if isinstance(parent.task_spec, EventGatewaySpec) else [anchor]
    for block in level.blocks_around(here):
        if target in block.inside:
            if block.branch_of(target) is None or block.branch_of(target) != block.branch_of(here):
                raise InvalidInput(N_("目标在同一并行段的另一分支上，那里已有自己的进度；请在那个分支上调整。"))
            break
        while _element_of(parent) is None or _element_of(parent) in block.inside:
            if parent.parent is None:
                break
            parent = parent.parent
        roots = [one for one in parent.children if _element_of(one) in block.inside or _element_of(one) == block.join]
    return parent, roots


def _element_of(task: Task) -> str | None:
    """The element that a task of the tree belongs to; None for what lies between elements."""
    spec = task.task_spec
    return spec.bpmn_id or (spec.name.rpartition(".BoundaryEvent")[0] or None)


def _count_as_done(level: Level, parent: Task, here: str, target: str) -> list[Assumed]:
    """Let the branches beside the target's wait at their join as if they had come."""
    specs, assumed = parent.workflow.spec.task_specs, []
    for block in level.blocks_around(target):
        join = specs.get(str(block.join))
        if here in block.inside or not isinstance(join, ParallelJoin) or not is_join(join):
            continue  # the token was there before, or the join waits for nobody who cannot come
        coming = level.reach(target, block.join)
        for name in dict.fromkeys(join._inputs):
            source = _element_before(specs, name)
            if source in coming:
                continue
            token = parent._add_child(join, TaskState.WAITING)
            token.internal_data[CAME_FROM] = name
            assumed.append(Assumed(str(block.join), source))
    return assumed


def _element_before(specs: dict[str, Any], name: str) -> str:
    """The element that a join's input stands for; a second flow between two elements has a step of its own."""
    spec = specs[name]
    return str(spec.bpmn_id) if spec.bpmn_id else _element_before(specs, spec._inputs[0])


def _outermost(task: Task) -> Task:
    """The token that carries a step: the body of a countersignature, the frame of boundary events around it."""
    task = body_of(task) or task
    framed = task.parent is not None and isinstance(task.parent.task_spec, BoundaryEventSplit)
    return task.parent if framed and not isinstance(task.task_spec, BoundaryEvent) else task


def become_another(task: Task) -> None:
    """Give what was over and waits again a new token: history told its end, and what comes now is another execution."""
    former, task.id = task.id, uuid4()
    tasks = task.workflow.tasks
    tasks[task.id] = tasks.pop(former)
    task.parent._children[task.parent._children.index(former)] = task.id
    for child in list(tasks.values()):
        if child._parent == former:
            child._parent = task.id
    task.internal_data.pop(ANNOUNCED, None)


def _enter(parent: Task, spec: Any) -> Task:
    again = parent._add_child(spec, TaskState.FUTURE)
    again.task_spec._predict(again, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    again.task_spec._update(again)
    return again


def take_back(roots: Iterable[Task]) -> None:
    """Remove what came of `roots`, they included, as if they had not run; joins and called processes among it too."""
    roots = list(roots)
    if not roots:
        return
    workflow = roots[0].workflow
    gone, undone = _what_came_of(roots)
    top: BpmnWorkflow = workflow.top_workflow
    for one in gone.values():
        _drop_called(top, one)
    for one in list(workflow.tasks.values()):
        if one.id not in gone and one.internal_data.get(CONSUMED_BY) in {str(key) for key in (*gone, *undone)}:
            give_back(one)
    for one in gone.values():
        if one.parent is not None and one.parent.id not in gone:
            workflow._remove_task(one.id)
    for one in undone.values():
        give_back(one)
        become_another(one)
    if workflow.last_task is not None and workflow.last_task.id in gone:
        workflow.last_task = None


def _what_came_of(roots: list[Task]) -> tuple[dict[UUID, Task], dict[UUID, Task]]:
    """Everything below `roots` and behind the joins that took their tokens, and those joins where they stand elsewhere."""
    workflow = roots[0].workflow
    gone: dict[UUID, Task] = {}
    undone: dict[UUID, Task] = {}
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if one.id in gone:
            continue
        gone[one.id] = one
        waiting += one.children
        consumer = one.internal_data.get(CONSUMED_BY)
        join = workflow.tasks.get(UUID(consumer)) if consumer else None
        if join is not None and join.id not in undone:
            undone[join.id] = join
            waiting += join.children
    return gone, {key: one for key, one in undone.items() if key not in gone}


def _drop_called(top: BpmnWorkflow, host: Task) -> None:
    called = top.subprocesses.pop(host.id, None)
    if called is not None:
        for one in list(called.tasks.values()):
            _drop_called(top, one)
