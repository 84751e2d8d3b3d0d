"""Checks a diagram before it is deployed: what designers see as a list of errors and warnings.

Puts together what does not run as drawn (`support`), expressions, variables and soundness, and looks itself at
references to forms, tables, topics and processes, at groups and attributes, and at what can never be reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workflow_service.engine.assignments import assignment_problems
from workflow_service.engine.conditions import covers_everything
from workflow_service.engine.diagram import Diagram, Element, Process
from workflow_service.engine.dialect import (
    APPROVAL_ATTRIBUTES,
    CAMUNDA_ATTRIBUTES,
    CO_HANDLERS,
    DISSENT,
    RESUBMIT,
    RETURN_TARGETS,
    SIGN,
    STAGES,
    TASK_KINDS,
    TIMEOUT_ACTIONS,
)
from workflow_service.engine.expressions import AFTER, Use
from workflow_service.engine.form_fields import Fields, domains, field_problems
from workflow_service.engine.normalise import refusals
from workflow_service.engine.problems import ERROR, WARNING, Problem
from workflow_service.engine.reachability import reachability_problems
from workflow_service.engine.script import compile_expression
from workflow_service.engine.signing import process_problems, signing_problems
from workflow_service.engine.soundness import soundness_problems
from workflow_service.engine.variables import Scope, variable_problems
from workflow_service.i18n import N_

_CHOICES = {
    "approval:kind": TASK_KINDS, "approval:stage": STAGES, "approval:resubmit": RESUBMIT, "approval:sign": SIGN,
    "approval:dissent": DISSENT, "approval:coHandlers": CO_HANDLERS, "approval:timeoutAction": TIMEOUT_ACTIONS,
}  # fmt: skip
_MAPPINGS = ("singleEntry", "singleResult", "collectEntries", "resultList")


@dataclass(frozen=True)
class Surroundings:
    """What a diagram may refer to; None leaves a kind of reference unchecked. `units` are the known unit codes.

    Where they are at hand: `fields` are the fields of forms with their choices, `table_names` the variables that a
    decision table reads, `inputs` what a called process must be given and `results` what it leaves when it ends;
    all by form, table or process key.
    """

    forms: frozenset[str] | None = None
    decisions: frozenset[str] | None = None
    processes: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    units: frozenset[str] | None = None
    fields: Fields = field(default_factory=dict, hash=False)
    table_names: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    inputs: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    results: Mapping[str, Scope] = field(default_factory=dict, hash=False)


def check(diagram: Diagram, around: Surroundings) -> list[Problem]:
    """Find everything to be said about a diagram that could be read, errors first."""
    found = list(refusals(diagram))
    own = frozenset(process.id for process in diagram.processes)
    for process in diagram.executable:
        found += process_problems(process)
        choices = domains(process, around.fields)
        for element in process.elements.values():
            found += _reference_problems(element, around, own)
            found += _attribute_problems(element, process)
            found += assignment_problems(element, around.units)
            found += _meaning_problems(element, process)
            found += _gateway_problems(element, choices)
        found += field_problems(process, around.fields)
        found += reachability_problems(process)
        if not any(problem.is_error for problem in found):
            found += soundness_problems(process)
    found += _value_problems(diagram)
    found += variable_problems(diagram, around.table_names)
    found += _drawing_problems(diagram)
    return sorted(_distinct(found), key=lambda problem: not problem.is_error)


def _distinct(found: list[Problem]) -> list[Problem]:
    """Leave out what is said twice, such as of two flows of one gateway."""
    by_words: dict[tuple[object, ...], Problem] = {}
    for problem in found:
        by_words.setdefault((problem.code, problem.element_id, *map(str, problem.values.values())), problem)
    return list(by_words.values())


def _about(
    severity: str, code: str, element: Element, text: str, advice: str = "", **values: object
) -> Problem:
    return Problem(severity, code, text, advice, element.id, element.line, {"name": element.label, **values})


def _reference_problems(element: Element, around: Surroundings, own: frozenset[str]) -> Iterator[Problem]:
    form, topic, table = (element.get(f"camunda:{key}") for key in ("formKey", "topic", "decisionRef"))
    if form and around.forms is not None and form not in around.forms:
        advice = N_("请先部署表单，或与本图一起部署。")
        yield _about(
            ERROR, "unknown_form", element, N_("“%(name)s”用的表单“%(ref)s”不存在"), advice, ref=form
        )
    if topic and around.topics is not None and topic not in around.topics:
        yield _about(
            ERROR, "unknown_topic", element, N_("“%(name)s”的主题“%(ref)s”没有对应的服务"), ref=topic
        )
    if table and around.decisions is not None and table not in around.decisions:
        advice = N_("请先部署决策表，或与本图一起部署。")
        yield _about(
            ERROR, "unknown_decision", element, N_("“%(name)s”用的决策表“%(ref)s”不存在"), advice, ref=table
        )
    if element.type == "callActivity":
        yield from _call_problems(element, around, own)


def _call_problems(element: Element, around: Surroundings, own: frozenset[str]) -> Iterator[Problem]:
    passed = {mapping.target for mapping in element.inputs} | {"plan"}
    for key in element.called_elements:
        if around.processes is not None and key not in around.processes | own:
            advice = N_("请先部署被调用的流程，或与本图一起部署。")
            yield _about(
                ERROR, "unknown_process", element, N_("“%(name)s”调用的流程“%(ref)s”不存在"), advice, ref=key
            )
        for name in sorted(around.inputs.get(key, frozenset()) - passed):
            advice = N_("请加一行 camunda:in，目标为“%(variable)s”。")
            text = N_("“%(name)s”调用“%(ref)s”时没有传“%(variable)s”，被调用的流程要用到它")
            yield _about(WARNING, "missing_input", element, text, advice, ref=key, variable=name)
        if key in around.results:
            yield from _output_problems(element, key, around.results[key], passed)


def _output_problems(element: Element, called: str, results: Scope, passed: set[str]) -> Iterator[Problem]:
    for mapping in element.outputs:
        use = Use("camunda:out", mapping.expression or mapping.source or "", AFTER, compile_expression)
        for name in sorted(use.names - results.must - passed):
            if name in results.may:
                text = N_("“%(name)s”要从“%(ref)s”取回“%(variable)s”，但它有的走法结束时没有")
                advice = N_("请在被调用的流程里先给它赋值，或换一个总会有的变量。")
                yield _about(WARNING, "perhaps_no_output", element, text, advice, ref=called, variable=name)
            else:
                text = N_("“%(name)s”要从“%(ref)s”取回“%(variable)s”，但那里没有它")
                yield _about(ERROR, "unknown_output", element, text, ref=called, variable=name)


def _attribute_problems(element: Element, process: Process) -> Iterator[Problem]:
    for attribute, choices in _CHOICES.items():
        value = element.get(attribute)
        if value is not None and value not in choices:
            text = N_("“%(name)s”的 %(attribute)s 不能是“%(value)s”")
            advice = N_("可用的值：%(choices)s。")
            shown = "、".join(choices)
            yield _about(
                ERROR, "value", element, text, advice, attribute=attribute, value=value, choices=shown
            )
    mapping = element.get("camunda:mapDecisionResult")
    if mapping is not None and mapping not in _MAPPINGS:
        text = N_("“%(name)s”的 %(attribute)s 不能是“%(value)s”")
        yield _about(ERROR, "value", element, text, attribute="camunda:mapDecisionResult", value=mapping)
    if element.get("approval:stageDeadline") and not element.get("approval:stage"):
        text = N_("“%(name)s”写了阶段时限（approval:stageDeadline），却没有写阶段（approval:stage）")
        yield _about(ERROR, "stage_deadline", element, text)
    yield from signing_problems(element)
    for target in (element.get("approval:returnTargets") or "").split():
        back = process.elements.get(target)
        if back is not None and back.type not in RETURN_TARGETS:
            text = N_("“%(name)s”的退回目标“%(target)s”不是用户任务，也不是子流程")
            yield _about(ERROR, "return_target", element, text, target=target)
        elif back is None and target != "*":
            text = N_("“%(name)s”的退回目标“%(target)s”不在本流程；只有在调用它的流程里有这一步时才起作用")
            yield _about(WARNING, "return_target", element, text, target=target)


def _value_problems(diagram: Diagram) -> Iterator[Problem]:
    """Find attributes that the dialect does not have, or not on that element; read from the XML."""
    elements = {element.id: element for element in diagram.elements()}
    for element in elements.values():
        for name in element.attributes:
            yield from _unknown_attribute(element, name)


def _unknown_attribute(element: Element, name: str) -> Iterator[Problem]:
    prefix, _colon, local = name.partition(":")
    known = APPROVAL_ATTRIBUTES if prefix == "approval" else CAMUNDA_ATTRIBUTES
    if element.type in known.get(local, ()):
        return
    if prefix == "approval":
        advice = N_("支持的属性见 BPMN 支持表。")
        yield _about(
            ERROR,
            "unknown_attribute",
            element,
            N_("“%(name)s”不能用属性 %(attribute)s"),
            advice,
            attribute=name,
        )
    else:
        text = N_("“%(name)s”的属性 %(attribute)s 不起作用")
        yield _about(WARNING, "unused_attribute", element, text, attribute=name)


def _meaning_problems(element: Element, process: Process) -> Iterator[Problem]:
    if element.type in ("task", "manualTask", "scriptTask") and element.boundary:
        text = N_("“%(name)s”不停留，它的边界事件不会发生")
        yield _about(WARNING, "boundary_never", element, text)
    if element.type == "userTask" and not element.name:
        yield _about(WARNING, "no_name", element, N_("任务“%(name)s”没有名称，办理人会看到编号"))
    if element.type == "boundaryEvent" and element.kind in ("error", "escalation"):
        yield from _catch_problems(element, process)
    if element.type == "endEvent" and element.kind == "error" and not _is_caught(element, process):
        text = N_("“%(name)s”抛出的错误在本流程里没有边界事件接住，须由调用它的流程接住")
        yield _about(WARNING, "error_not_caught", element, text)


def _gateway_problems(element: Element, choices: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    if element.type in ("exclusiveGateway", "inclusiveGateway") and not covers_everything(element, choices):
        text = N_("“%(name)s”的条件可能都不成立，届时流程停在这里")
        advice = N_("请指定一条默认线。")
        yield _about(WARNING, "incomplete_conditions", element, text, advice)


def _catch_problems(event: Element, process: Process) -> Iterator[Problem]:
    host = process.elements[event.attached_to or ""]
    if host.type not in ("subProcess", "callActivity"):
        text = N_("“%(name)s”附着在不会抛出错误或升级的元素上，不会发生")
        advice = N_("错误和升级边界事件画在子流程或调用活动上。")
        yield _about(WARNING, "boundary_never", event, text, advice)


def _is_caught(end: Element, process: Process) -> bool:
    parent = end.parent
    while True:
        if any(_listens_for(process, one, end) for one in process.level(parent) if one.triggered_by_event):
            return True
        if parent is None:
            return False
        for key in process.elements[parent].boundary:
            event = process.elements[key]
            if event.kind == "error" and event.definitions[0].name in (None, end.definitions[0].name):
                return True
        parent = process.elements[parent].parent


def _listens_for(process: Process, listening: Element, end: Element) -> bool:
    """Whether an event sub-process is begun by the error of an end event outside it."""
    if end.parent == listening.id:
        return False
    starts = [one for one in process.level(listening.id) if one.type == "startEvent" and one.kind == "error"]
    return any(one.definitions[0].name in (None, end.definitions[0].name) for one in starts)


def _drawing_problems(diagram: Diagram) -> Iterator[Problem]:
    missing = [element for element in diagram.elements() if element.box is None]
    if missing and len(missing) == len(list(diagram.elements())):
        text = N_("文件里没有图形信息，能运行但不能显示流程图")
        yield Problem(WARNING, "no_drawing", text, N_("请在设计器里打开并重新布局后保存。"))
    else:
        for element in missing:
            yield _about(WARNING, "no_shape", element, N_("“%(name)s”没有画在图上"))
