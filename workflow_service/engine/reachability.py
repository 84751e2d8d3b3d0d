"""Finds elements that nothing leads to or that lead nowhere, and decisions that a clock would take.

Called by `verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workflow_service.engine.diagram import Element, Process
from workflow_service.engine.dialect import DECIDING_KINDS
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.i18n import N_

_PEOPLE = ("userTask", "receiveTask", "callActivity", "subProcess")


def reachability_problems(process: Process) -> Iterator[Problem]:
    """Check every level of a process."""
    for scope in process.scopes():
        yield from _scope_problems(process, scope)
    for element in process.of_type("boundaryEvent"):
        yield from _clock_problems(process, element)
    for element in process.elements.values():
        if element.triggered_by_event:
            yield from _listening_clock_problems(process, element)


def _about(code: str, element: Element, text: str, advice: str = "", **values: str) -> Problem:
    return Problem(ERROR, code, text, advice, element.id, element.line, {"name": element.label, **values})


def _scope_problems(process: Process, scope: str | None) -> Iterator[Problem]:
    level = process.level(scope)
    onward = {element.id: _next(process, element) for element in level}
    starts = [element.id for element in level if element.type == "startEvent"]
    if not starts:
        starts = [
            e.id for e in level if not e.incoming and e.type != "boundaryEvent" and not _catches_link(e)
        ]
    reached = _walk(starts, onward)
    backward: dict[str, list[str]] = {}
    for key, targets in onward.items():
        for target in targets:
            backward.setdefault(target, []).append(key)
    ends = [key for key, targets in onward.items() if not targets or process.elements[key].type == "endEvent"]
    ending = _walk(ends, backward)
    for element in level:
        if element.id not in reached and not element.triggered_by_event:
            advice = N_("请连上入线，或删去它。")
            yield _about("unreachable", element, N_("没有一条路走到“%(name)s”"), advice)
        elif element.id not in ending:
            advice = N_("请画一条离开循环的出线。")
            yield _about("no_way_out", element, N_("从“%(name)s”走不到结束"), advice)


def _next(process: Process, element: Element) -> list[str]:
    targets = [flow.target for flow in element.outgoing] + list(element.boundary)
    if element.kind == "link" and element.type == "intermediateThrowEvent":
        name = element.definitions[0].name
        targets += [
            e.id for e in process.level(element.parent) if _catches_link(e) and e.definitions[0].name == name
        ]
    return targets


def _catches_link(element: Element) -> bool:
    return element.kind == "link" and element.type == "intermediateCatchEvent"


def _walk(begin: Iterable[str], onward: dict[str, list[str]]) -> set[str]:
    seen = set(begin)
    waiting = list(seen)
    while waiting:
        for target in onward.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _clock_problems(process: Process, event: Element) -> Iterator[Problem]:
    """A decision or confirmation is somebody's: an interrupting timer must hand it on, not finish it."""
    host = process.elements[event.attached_to or ""]
    if event.kind != "timer" or not event.interrupting:
        return
    decided = [task for task in _inside(process, host) if task.get("approval:kind") in DECIDING_KINDS]
    if decided and _same_end(process, event, host):
        text = N_("“%(task)s”须由人决定或确认，不能到时由“%(name)s”代为办结")
        advice = N_("请改为不中断的催办，或到时转给上级的任务。")
        yield _about("decided_by_clock", event, text, advice, task=decided[0].label)


def _listening_clock_problems(process: Process, listening: Element) -> Iterator[Problem]:
    """The same for an event sub-process whose timer ends everything beside it before anybody is asked."""
    for event in process.level(listening.id):
        if event.type != "startEvent" or event.kind != "timer" or not event.interrupting:
            continue
        beside = [one for one in process.level(listening.parent) if not one.triggered_by_event]
        decided = [task for one in beside for task in _inside(process, one) if task.get("approval:kind") in DECIDING_KINDS]
        if decided and any(process.elements[key].type == "endEvent" for key in _until_people(process, event)):
            text = N_("“%(task)s”须由人决定或确认，不能到时由“%(name)s”代为办结")
            advice = N_("请改为不中断的催办，或到时转给上级的任务。")
            yield _about("decided_by_clock", event, text, advice, task=decided[0].label)


def _inside(process: Process, host: Element) -> list[Element]:
    if host.type != "subProcess":
        return [host]
    return [task for scope in process.level(host.id) for task in _inside(process, scope)]


def _same_end(process: Process, event: Element, host: Element) -> bool:
    """Tell whether the timer's way meets the regular way, or an end, before it comes to a person."""
    timed = _until_people(process, event)
    regular = _until_people(process, host)
    return bool(timed & regular) or any(process.elements[key].type == "endEvent" for key in timed)


def _until_people(process: Process, element: Element) -> set[str]:
    """Give what follows an element up to and including the next work of people."""
    seen: set[str] = set()
    waiting = [flow.target for flow in element.outgoing]
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        if process.elements[key].type not in _PEOPLE:
            waiting += [flow.target for flow in process.elements[key].outgoing]
    return seen
