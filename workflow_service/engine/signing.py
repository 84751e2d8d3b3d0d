"""Checks how several people sign and what happens when time is over: `approval:sign`, `threshold`, `dissent`, `timeout`.

Called by `verify`. A government meeting does not vote, and no clock decides or confirms for anybody (docs/domain.md §2.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from workflow_service.engine.diagram import Element, Process
from workflow_service.engine.dialect import REPEATED_APPROVER, RETURN_TARGETS
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.i18n import N_

_OF_SEVERAL = ("approval:sign", "approval:threshold", "approval:weight", "approval:dissent")


def signing_problems(element: Element) -> Iterator[Problem]:
    """Check one user task."""
    several = [name for name in _OF_SEVERAL if element.get(name)]
    if several and element.multi_instance is None:
        advice = N_("请加上多实例标记，写明由哪些单位或人员签署；或删去这个属性。")
        yield _about(
            "not_several",
            element,
            N_("“%(name)s”只由一方办理，%(attribute)s 不起作用"),
            advice,
            attribute=several[0],
        )
    if (element.get("approval:sign") == "vote") != bool(element.get("approval:threshold")):
        yield _about(
            "threshold", element, N_('“%(name)s”的表决要同时写明 approval:sign="vote" 和 approval:threshold')
        )
    if element.get("approval:threshold") and not _is_share(element.get("approval:threshold") or ""):
        advice = N_("写作 1/2、2/3 或 0.6，大于 0，不超过 1。")
        yield _about(
            "threshold",
            element,
            N_("“%(name)s”的通过比例“%(value)s”写法不对"),
            advice,
            value=element.get("approval:threshold") or "",
        )
    if element.get("approval:sign") in ("any", "vote") and element.get("approval:dissent"):
        yield _about(
            "dissent", element, N_("“%(name)s”或签、表决时，不同意按票计算，不能另设 approval:dissent")
        )
    yield from _timeout_problems(element)


def process_problems(process: Process) -> Iterator[Problem]:
    """Check what a process says of repeated approvers, and that each dissent that returns the whole has somewhere to go."""
    for element in process.elements.values():
        if element.get("approval:dissent") == "return" and not _comes_after_a_step(process, element):
            advice = N_("请在它前面画出要退回到的环节，或改为征齐再定（collect）。")
            yield _about("dissent", element, N_("“%(name)s”一人不同意即整体退回，但前面没有可退回的环节"), advice)
    value = process.attributes.get("approval:repeatedApprover")
    if value is not None and value not in REPEATED_APPROVER:
        values = {
            "name": process.name or process.id,
            "attribute": "approval:repeatedApprover",
            "value": value,
            "choices": "、".join(REPEATED_APPROVER),
        }
        yield Problem(
            ERROR,
            "value",
            N_("“%(name)s”的 %(attribute)s 不能是“%(value)s”"),
            N_("可用的值：%(choices)s。"),
            process.id,
            None,
            values,
        )


def _timeout_problems(element: Element) -> Iterator[Problem]:
    timeout, action = element.get("approval:timeout"), element.get("approval:timeoutAction")
    if bool(timeout) != bool(action):
        yield _about(
            "timeout", element, N_("“%(name)s”的超时要同时写明 approval:timeout 和 approval:timeoutAction")
        )
    if action == "no_comment" and element.get("approval:kind") != "opinion":
        advice = N_(
            '只有征求意见（approval:kind="opinion"）可以逾期视为无意见；决定、确认须由人作出。'
        )
        yield _about("decided_by_clock", element, N_("“%(name)s”不能到时视为无意见"), advice)
    elif action == "no_comment" and any(element.get(name) for name in _OF_SEVERAL):
        advice = N_("请改为到时催办、告知或转给上级；会签、或签、表决须由本人作出。")
        yield _about("decided_by_clock", element, N_("“%(name)s”由多方签署，不能到时视为无意见"), advice)


def _comes_after_a_step(process: Process, element: Element) -> bool:
    """Whether a step that a return can go to lies before an element in its process: of those that the designer names, if any."""
    named = set((element.get("approval:returnTargets") or "").split()) - {"*"}
    before: set[str] = set()
    waiting = _sources(process, element)
    while waiting:
        key = waiting.pop()
        if key not in before:
            before.add(key)
            waiting += _sources(process, process.elements[key])
    steps = {key for key in before - {element.id} if process.elements[key].type in RETURN_TARGETS}
    return bool(steps & named if named else steps)


def _sources(process: Process, element: Element) -> list[str]:
    """What a token comes to an element from: flows, the activity it hangs on or stands in, the other end of a link."""
    found = [flow.source for flow in element.incoming] + [key for key in (element.attached_to, element.parent) if key]
    if element.kind == "link" and element.type == "intermediateCatchEvent":
        throwing = process.of_type("intermediateThrowEvent")
        found += [one.id for one in throwing if one.kind == "link" and one.definitions[0].name == element.definitions[0].name]
    return found


def _is_share(text: str) -> bool:
    try:
        return 0 < Fraction(text) <= 1
    except (ValueError, ZeroDivisionError):
        return False


def _about(code: str, element: Element, text: str, advice: str = "", **values: str) -> Problem:
    return Problem(ERROR, code, text, advice, element.id, element.line, {"name": element.label, **values})
