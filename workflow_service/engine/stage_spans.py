"""The stages of a plan as spans of a diagram: whether several lie beside one another, and in which an element lies.

Processes are those of the bundle (`compile.py`); what a called process enters counts where it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .blocks import Level
from .dialect import STAGES

HUMAN = ("userTask", "manualTask")


def lie_side_by_side(processes: Mapping[str, Any]) -> bool:
    """Whether branches of any of the processes enter different stages, or only some of them enter one."""
    named = {one.get("attrs", {}).get("stage") for process in processes.values() for one in process["elements"].values()}
    if len(named - {None, ""}) < 2:
        return False
    return any(_branches_differ(processes, key, level) for key, process in processes.items() for level in _levels(process))


def span_of(processes: Mapping[str, Any], key: str, name: str) -> str:
    """The stage in which an element lies: the nearest entered on the ways that lead to it, or that of the frame around it.

    Where several ways meet in it, the last of theirs in the order of stages; empty where none is entered before.
    """
    elements = processes[key]["elements"]
    level = Level(dict(processes[key]), elements[name].get("parent"))
    found = set(_entered_before(processes, key, level, name))
    if found:
        return max(found, key=order)
    frame = elements[name].get("parent")
    if frame is None:
        return ""
    return str(elements[frame].get("attrs", {}).get("stage") or "") or span_of(processes, key, frame)


def left_in(processes: Mapping[str, Any], key: str, name: str) -> str:
    """The stage in which an element is left: its own, else the last in order of those that are entered within it."""
    own = str(processes[key]["elements"][name].get("attrs", {}).get("stage") or "")
    return own or max(_of_element(processes, key, name, ()), key=order, default="")


def order(stage: str) -> int:
    """Where a stage stands in a plan's life; before all of them what is none."""
    return STAGES.index(stage) if stage in STAGES else -1


def _entered_before(processes: Mapping[str, Any], key: str, level: Level, name: str) -> Iterator[str]:
    """The stages that are entered last before an element, on ways from the beginning that have not passed it yet."""
    before: dict[str, list[str]] = {one: [] for one in level.elements}
    for source, targets in level.onward.items():
        for target in targets:
            before[target].append(source)
    come = {one for start, sources in before.items() if not sources for one in level.reach(start, name)}
    seen, waiting = {name}, [name]
    while waiting:
        for source in before[waiting.pop()]:
            if source not in come or source in seen:
                continue
            seen.add(source)
            if stage := left_in(processes, key, source):
                yield stage
            else:
                waiting.append(source)


def _levels(process: Mapping[str, Any]) -> Iterator[Level]:
    for parent in {one.get("parent") for one in process["elements"].values()}:
        yield Level(dict(process), parent)


def _branches_differ(processes: Mapping[str, Any], key: str, level: Level) -> bool:
    stages = {one: frozenset(_of_element(processes, key, one, ())) for one in level.elements}
    if not any(stages.values()):
        return False
    if any(_is_asked_at_once(one) and stages[name] for name, one in level.elements.items() if one["type"] not in HUMAN):
        return True
    if any(_goes_on_beside(one) and any(stages[name] for name in level.reach(event)) for event, one in level.elements.items()):
        return True
    return any(_differ(stages, block.branches.values()) for block in level.blocks())


def _differ(stages: Mapping[str, frozenset[str]], branches: Iterable[frozenset[str]]) -> bool:
    entered = {frozenset().union(*(stages[one] for one in branch)) for branch in branches}
    return len(entered) > 1 or any(len(one) > 1 for one in entered)


def _is_asked_at_once(element: Mapping[str, Any]) -> bool:
    rule = element.get("multi") or {}
    return bool(rule) and not rule.get("sequential")


def _goes_on_beside(element: Mapping[str, Any]) -> bool:
    return bool(element.get("attached_to")) and not element.get("interrupting", True)


def _of_process(processes: Mapping[str, Any], key: str, around: tuple[str, ...]) -> Iterator[str]:
    if key not in around and key in processes:
        for name, one in processes[key]["elements"].items():
            if one.get("parent") is None:
                yield from _of_element(processes, key, name, (*around, key))


def _of_element(processes: Mapping[str, Any], key: str, name: str, around: tuple[str, ...]) -> Iterator[str]:
    """The stages that are entered at an element or within it."""
    elements = processes[key]["elements"]
    element = elements[name]
    if stage := element.get("attrs", {}).get("stage"):
        yield str(stage)
    if element["type"] == "callActivity":
        yield from _of_process(processes, str(element.get("called") or ""), around)
    for inner, one in elements.items():
        if one.get("parent") == name:
            yield from _of_element(processes, key, inner, around)
