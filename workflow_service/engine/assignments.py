"""Checks who is to act: candidate groups `unit:post`, and whether the lane a task is drawn in says the same.

Called by `verify`. Groups decide who may act; lanes are drawing, so a mismatch is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflow_service.engine.diagram import Element
from workflow_service.engine.dialect import POSTS, RELATIONS
from workflow_service.engine.problems import ERROR, WARNING, Problem
from workflow_service.i18n import N_

_PLACE = re.compile(r"\$\{[^{}]*\}")
_UNIT = re.compile(r"[\w.\-]+")
_LANE_WORDS = {
    "lead_unit": ("牵头", "编制部门", "编制单位", "申请单位", "申报单位"),
    "drc": ("发改", "发展改革"),
    "drc_above": ("发改", "发展改革"),
    "government_office": ("政府",),
    "government_office_above": ("政府",),
    "party_office": ("党委", "党办", "常委"),
    "congress_office": ("人大",),
    "ecology": ("生态", "环保", "环境"),
    "water": ("水利",),
    "natural_resources": ("自然资源", "规划和自然"),
    "inspection_office": ("督查",),
}
"""Words in lane names that speak of one of the relations."""


def assignment_problems(element: Element, units: frozenset[str] | None) -> Iterator[Problem]:
    """Check one user task; `units` are the known unit codes, None leaves them unchecked."""
    if element.type != "userTask":
        return
    groups = [
        group.strip() for group in (element.get("camunda:candidateGroups") or "").split(",") if group.strip()
    ]
    if not groups and not element.get("camunda:assignee") and not element.get("camunda:candidateUsers"):
        advice = N_("请填写候选组，例如 lead_unit:handler。")
        yield _about(ERROR, "nobody", element, N_("“%(name)s”没有指定由谁办理"), advice)
    for group in groups:
        yield from _group_problems(element, group, units)
    yield from _lane_problems(element, groups)


def _about(severity: str, code: str, element: Element, text: str, advice: str = "", **values: str) -> Problem:
    return Problem(severity, code, text, advice, element.id, element.line, {"name": element.label, **values})


def _group_problems(element: Element, group: str, units: frozenset[str] | None) -> Iterator[Problem]:
    unit, post = split_group(group)
    if not unit or not post:
        advice = N_("写作“单位:岗位”，例如 drc:handler 或 ${unit}:handler。")
        yield _about(
            ERROR, "group", element, N_("“%(name)s”的候选组“%(group)s”写法不对"), advice, group=group
        )
        return
    computed = _PLACE.search(unit) is not None
    if not computed and not _UNIT.fullmatch(unit):
        advice = N_("单位用代码、保留关系或 ${表达式}。")
        yield _about(
            ERROR, "group", element, N_("“%(name)s”的候选组“%(group)s”写法不对"), advice, group=group
        )
    elif not computed and unit not in RELATIONS and units is not None and unit not in units:
        advice = N_("请核对单位代码，或用保留关系：%(relations)s。")
        text = N_("“%(name)s”的候选组里没有代码为“%(unit)s”的单位")
        yield _about(
            WARNING, "unknown_unit", element, text, advice, unit=unit, relations="、".join(RELATIONS)
        )
    if post not in POSTS and _PLACE.search(post) is None:
        text = N_("“%(name)s”的候选组里，“%(post)s”不是通用岗位")
        advice = N_("通用岗位：%(posts)s。")
        yield _about(WARNING, "unknown_post", element, text, advice, post=post, posts="、".join(POSTS))


def split_group(group: str) -> tuple[str, str]:
    """Split a candidate group at its last colon outside `${…}`: unit and post, empty where missing."""
    hidden = _PLACE.sub(lambda match: "x" * len(match[0]), group)
    colon = hidden.rfind(":")
    return (group[:colon].strip(), group[colon + 1 :].strip()) if colon >= 0 else ("", "")


def _lane_problems(element: Element, groups: list[str]) -> Iterator[Problem]:
    units = {split_group(group)[0] for group in groups}
    if not element.lane or not units or not units <= set(RELATIONS):
        return
    spoken = {
        relation for relation, words in _LANE_WORDS.items() if any(word in element.lane for word in words)
    }
    if spoken and not spoken & units:
        text = N_("“%(name)s”画在泳道“%(lane)s”里，办理的却是 %(units)s")
        yield _about(WARNING, "lane", element, text, lane=element.lane, units="、".join(sorted(units)))
