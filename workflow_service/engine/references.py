"""Checks tags, ids and references of a BPMN file in words, before the schema does it in its own.

Called by `read`. What it finds keeps the file from being read at all: nothing can be said about a diagram whose
flows lead nowhere. Missing drawing information is left to `verify`, it does not keep a process from running.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any

from lxml import etree

from workflow_service.domain.drawing import INSERTED
from workflow_service.engine.dialect import (
    BPMN,
    DRAWING,
    EVENT_DEFINITIONS,
    FLOW_NODES,
    ROOT_ELEMENTS,
    SUB_PROCESSES,
    bpmn,
)
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.i18n import N_

_REFERENCES = {
    "messageRef": ("message",),
    "signalRef": ("signal",),
    "errorRef": ("error",),
    "escalationRef": ("escalation",),
    "processRef": ("process",),
}
_KNOWN_IN_SCOPE = FLOW_NODES | DRAWING | {"sequenceFlow", "extensionElements"}
_RESULTS = frozenset(
    bpmn(tag) for tag in ("userTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask")
)
_MAX_PROBLEMS = 50
_BPMN_PREFIX = f"{{{BPMN}}}"
_WITH_ID = frozenset(
    bpmn(tag) for tag in FLOW_NODES | {"process", "sequenceFlow", "message", "signal", "error", "escalation"}
)


def structure_problems(root: Any) -> list[Problem]:
    """Find unknown elements, missing, repeated or unusable ids, and references that lead nowhere."""
    if root.tag != bpmn("definitions"):
        return [
            _problem("not_bpmn", N_("这不是 BPMN 2.0 文件（根元素 %(tag)s）"), root, tag=_short(root.tag))
        ]
    if root.find(bpmn("process")) is None:
        return [_problem("no_process", N_("文件里没有流程（process）"), root)]
    ids = {node.get("id"): node for node in root.iter() if node.get("id")}
    checks = (_unknown(root), _ids(root), _flow_references(root, ids), _other_references(root, ids))
    found = [problem for check in checks for problem in check]
    return found[:_MAX_PROBLEMS]


def _problem(code: str, text: str, node: Any, advice: str = "", **values: Any) -> Problem:
    return Problem(ERROR, code, text, advice, node.get("id"), node.sourceline, values)


def _short(tag: str) -> str:
    name = etree.QName(tag)
    return f"bpmn:{name.localname}" if name.namespace == BPMN else name.localname


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _is_bpmn(node: Any) -> bool:
    return str(node.tag).startswith(_BPMN_PREFIX)


def _scopes(root: Any) -> Iterator[Any]:
    yield from root.iterfind(bpmn("process"))
    for tag in SUB_PROCESSES:
        yield from root.iter(bpmn(tag))


def _unknown(root: Any) -> Iterator[Problem]:
    advice = N_("请在设计器里改用支持的元素，见 BPMN 支持表。")
    for node in root:
        if _is_bpmn(node) and _local(node) not in ROOT_ELEMENTS:
            yield _problem("unknown_element", N_("不认识的元素 %(tag)s"), node, advice, tag=_short(node.tag))
    allowed_beside = {"ioSpecification", "completionCondition", *_LOOPS, *_LINKS}
    for scope in _scopes(root):
        for node in scope:
            if not _is_bpmn(node) or _local(node) not in _KNOWN_IN_SCOPE | allowed_beside:
                yield _problem(
                    "unknown_element", N_("不认识的元素 %(tag)s"), node, advice, tag=_short(node.tag)
                )


_LOOPS = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
_LINKS = frozenset({"incoming", "outgoing", "dataInputAssociation", "dataOutputAssociation", "resourceRole"})


def _ids(root: Any) -> Iterator[Problem]:
    seen: dict[str, Any] = {}
    for node in root.iter():
        key = node.get("id")
        if key is None:
            if _needs_id(node):
                text = N_("%(tag)s“%(name)s”没有编号（id）")
                yield _problem("missing_id", text, node, tag=_short(node.tag), name=node.get("name", ""))
            continue
        if key in seen:
            text = N_("编号“%(id)s”重复，第 %(first)s 行已用过")
            yield _problem("duplicate_id", text, node, id=key, first=seen[key].sourceline)
        seen.setdefault(key, node)
        if node.tag in _RESULTS or key.startswith(INSERTED):
            yield from _unusable_id(node, key)


def _needs_id(node: Any) -> bool:
    return node.tag in _WITH_ID


def _unusable_id(node: Any, key: str) -> Iterator[Problem]:
    if key.startswith(INSERTED):
        yield _problem("reserved_id", N_("编号不能以 _n_ 开头：“%(id)s”"), node, id=key)
    elif not is_variable(key):
        advice = N_(
            "办理结果存为以编号命名的变量：只用字母、数字、下划线，不以数字开头，不用 plan 等保留字。"
        )
        yield _problem("unusable_id", N_("编号“%(id)s”不能作变量名"), node, advice, id=key)


def is_variable(name: str) -> bool:
    """Tell whether a name can be a variable of our language that a diagram may set itself."""
    reserved = {"plan", "start_event", "true", "false", "null"}
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not name.startswith("_")
        and name not in reserved
    )


def _flow_references(root: Any, ids: dict[str, Any]) -> Iterator[Problem]:
    for scope in _scopes(root):
        inside = {node.get("id") for node in scope if _local(node) in FLOW_NODES}
        for flow in scope.iterfind(bpmn("sequenceFlow")):
            for end in ("sourceRef", "targetRef"):
                yield from _flow_end(flow, end, inside, ids)
        for event in scope.iterfind(bpmn("boundaryEvent")):
            if event.get("attachedToRef") not in inside:
                text = N_("边界事件“%(id)s”附着的“%(ref)s”不存在")
                yield _problem("dangling", text, event, id=event.get("id"), ref=event.get("attachedToRef"))


def _flow_end(flow: Any, end: str, inside: set[str], ids: dict[str, Any]) -> Iterator[Problem]:
    ref = flow.get(end)
    if ref in inside:
        return
    values = {"id": flow.get("id"), "ref": ref or "", "end": end}
    if ref in ids and _local(ids[ref]) in FLOW_NODES:
        advice = N_("子流程内外之间要用边界事件或子流程的结束来连接，池与池之间用消息流。")
        yield _problem(
            "crossing_flow", N_("连线“%(id)s”的 %(end)s “%(ref)s”在另一层里"), flow, advice, **values
        )
    else:
        yield _problem("dangling", N_("连线“%(id)s”的 %(end)s “%(ref)s”不存在"), flow, **values)


def _other_references(root: Any, ids: dict[str, Any]) -> Iterator[Problem]:
    for node in root.iter():
        for attribute, ref in node.items():
            tags = _REFERENCES.get(attribute)
            if tags is not None and (ref not in ids or _local(ids[ref]) not in tags):
                yield _dangling(node, attribute, ref)
        default = node.get("default")
        if default is not None and (default not in ids or ids[default].get("sourceRef") != node.get("id")):
            yield _dangling(node, "default", default)
        tag = _local(node)
        text = (node.text or "").strip()
        if tag == "flowNodeRef" and (text not in ids or _local(ids[text]) not in FLOW_NODES):
            yield _dangling(node.getparent(), "flowNodeRef", text)
        if tag == "eventDefinitionRef" and (text not in ids or _local(ids[text]) not in EVENT_DEFINITIONS):
            yield _dangling(node.getparent(), "eventDefinitionRef", text)
        if tag in ("incoming", "outgoing") and text not in ids:
            yield _dangling(node.getparent(), tag, text)
        if tag in ("BPMNShape", "BPMNEdge", "BPMNPlane"):
            yield from _drawn(node, ids)
        if tag == "callActivity" and not node.get("calledElement"):
            text = N_("调用活动“%(id)s”没有写被调用的流程（calledElement）")
            yield _problem("no_called_element", text, node, id=node.get("id"))


def _drawn(shape: Any, ids: dict[str, Any]) -> Iterator[Problem]:
    ref = shape.get("bpmnElement")
    if ref not in ids:
        yield _dangling(shape, "bpmnElement", ref or "")


def _dangling(node: Any, attribute: str, ref: str) -> Problem:
    text = N_("“%(id)s”的 %(attribute)s 指向不存在的“%(ref)s”")
    return _problem(
        "dangling", text, node, id=node.get("id") or _short(node.tag), attribute=attribute, ref=ref
    )
