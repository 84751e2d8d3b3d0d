"""Says what a diagram asks for that would not run as drawn, with what to draw instead.

Everything legal in BPMN 2.0 is either run, rewritten by `normalise`, or refused here; nothing is run otherwise than
drawn. docs/bpmn-support.md gives designers the same in a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflow_service.engine.diagram import Diagram, Element, Process
from workflow_service.engine.dialect import ACTIVITIES, bpmn, camunda
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.i18n import N_, Term

_REFUSED_TYPES = {
    "complexGateway": (
        N_("“%(name)s”：不支持复杂网关"),
        N_("请改用包容网关或互斥网关，把条件写在出线上。"),
    ),
    "transaction": (
        N_("“%(name)s”：不支持事务子流程"),
        N_("请改用普通子流程，用边界事件画出失败后的去向。"),
    ),
    "adHocSubProcess": (
        N_("“%(name)s”：不支持自由子流程"),
        N_("请用并行网关或包容网关画出各项任务。"),
    ),
}
_COMPENSATION = (N_("“%(name)s”：不支持补偿"), N_("请用网关画出撤回后要办的任务。"))
_REFUSED_KINDS = {
    "compensation": _COMPENSATION,
    "cancel": (N_("“%(name)s”：不支持取消事件"), N_("请改用错误结束和错误边界事件。")),
    "conditional": (N_("“%(name)s”：不支持条件事件"), N_("请改用消息事件，或用网关判断条件。")),
}
_ALLOWED_KINDS: dict[str, set[str | None]] = {
    "startEvent": {None, "message", "timer", "signal"},
    "intermediateCatchEvent": {"message", "timer", "signal", "link"},
    "intermediateThrowEvent": {None, "message", "signal", "escalation", "link"},
    "endEvent": {None, "message", "signal", "error", "escalation", "terminate"},
    "boundaryEvent": {"message", "timer", "signal", "error", "escalation"},
}
_NEEDS_NAME = {"message": N_("消息"), "signal": N_("信号"), "link": N_("链接名称")}
_CONDITIONAL_SOURCES = ACTIVITIES | {"exclusiveGateway", "inclusiveGateway"}
_CATCHING_AFTER_GATEWAY = {"message", "timer", "signal"}


def unsupported(diagram: Diagram) -> list[Problem]:
    """Find every element that would not run as drawn; all findings are errors."""
    found: list[Problem] = []
    if not diagram.executable:
        advice = N_("请在流程属性里勾选“可执行”。")
        found.append(Problem(ERROR, "not_executable", N_("文件里没有可执行的流程"), advice))
    for process in diagram.executable:
        for scope in process.scopes():
            found += [*_start_problems(process, scope), *_link_problems(process, scope)]
        for element in process.elements.values():
            found += _element_problems(element, process)
    return [*_written_otherwise(diagram), *found]


def _refused(element: Element, code: str, text: str, advice: str = "", **values: Any) -> Problem:
    return Problem(ERROR, code, text, advice, element.id, element.line, {"name": element.label, **values})


def _element_problems(element: Element, process: Process) -> Iterator[Problem]:
    if element.type in _REFUSED_TYPES:
        yield _refused(element, "not_supported", *_REFUSED_TYPES[element.type])
    if element.is_for_compensation:
        yield _refused(element, "not_supported", *_COMPENSATION)
    if element.triggered_by_event:
        yield from _event_sub_process_problems(element, process)
    if element.type in _ALLOWED_KINDS:
        yield from _event_problems(element, process)
    yield from _flow_problems(element)
    if element.type == "eventBasedGateway":
        yield from _event_gateway_problems(element, process)
    yield from _task_problems(element)
    yield from _loop_problems(element)


def _start_problems(process: Process, scope: str | None) -> Iterator[Problem]:
    starts = [element for element in process.level(scope) if element.type == "startEvent"]
    plain = [element for element in starts if element.kind is None]
    for element in plain[1:]:
        advice = N_("只留一个无触发的开始事件，其后用网关分开。")
        yield _refused(element, "several_starts", N_("“%(name)s”：有多个无触发的开始事件"), advice)
    own = process.elements[scope] if scope is not None else None
    for element in starts if own is not None and not own.triggered_by_event else []:
        if element.kind is not None:
            advice = N_("子流程由到达它的连线启动，开始事件不带触发。")
            yield _refused(
                element, "start_in_sub_process", N_("“%(name)s”：子流程的开始事件带有触发"), advice
            )


def _interrupts(process: Process, element: Element) -> bool | None:
    """Whether an event sub-process interrupts; None where it has no start event to say so."""
    starts = [one for one in process.level(element.id) if one.type == "startEvent"]
    return starts[0].interrupting if starts else None


def _event_sub_process_problems(element: Element, process: Process) -> Iterator[Problem]:
    """It has one start event that something triggers, no flows, and what lies beside it can be put around."""
    inside = process.level(element.id)
    starts = [one for one in inside if one.type == "startEvent"]
    if len(starts) != 1 or starts[0].kind is None:
        text = N_("“%(name)s”：事件子流程要恰好一个带触发的开始事件（消息、定时、信号、错误、升级）")
        yield _refused(element, "event_sub_process", text)
        return
    if element.incoming or element.outgoing or element.boundary:
        yield _refused(element, "event_sub_process", N_("“%(name)s”：事件子流程不能有入线、出线和边界事件"))
    if element.multi_instance is not None or element.loop is not None:
        yield _refused(element, "event_sub_process", N_("“%(name)s”：事件子流程不能是多实例或循环"))
    if starts[0].kind == "error" and not starts[0].interrupting:
        yield _refused(starts[0], "error_interrupts", N_("“%(name)s”：错误开始事件一定中断所在流程"))
    beside = process.level(element.parent)
    if sum(one.type == "startEvent" and one.kind is not None for one in beside) and (
        sum(one.type == "startEvent" for one in beside) > 1
    ):
        text = N_("“%(name)s”：有事件子流程时，所在流程只能有一个开始事件")
        yield _refused(element, "event_sub_process", text)
    triggered = [one for one in beside if one.type == "startEvent" and one.kind is not None]
    if any(len(one.outgoing) > 1 for one in triggered):
        text = N_("“%(name)s”：有事件子流程时，带触发的开始事件只能有一条出线")
        yield _refused(element, "event_sub_process", text, N_("请在开始事件之后画并行网关。"))
    around = process.elements.get(element.parent or "")
    if around is not None and around.triggered_by_event:
        yield _refused(element, "event_sub_process", N_("“%(name)s”：事件子流程里不能再有事件子流程"))
    kinds = {_interrupts(process, one) for one in beside if one.triggered_by_event}
    if len(kinds - {None}) > 1:
        text = N_("“%(name)s”：同一范围里中断的和不中断的事件子流程不能并存")
        yield _refused(element, "event_sub_process", text, N_("请把其中一种放进子流程。"))
    for end in beside if not starts[0].interrupting else ():
        if end.type == "endEvent" and end.kind == "terminate":
            advice = N_("请改用中断的事件子流程，或用普通结束。")
            text = N_("“%(name)s”：终止结束不会结束不中断的事件子流程")
            yield _refused(end, "event_sub_process", text, advice)


def _link_problems(process: Process, scope: str | None) -> Iterator[Problem]:
    links = [element for element in process.level(scope) if element.kind == "link"]
    catching = [e.definitions[0].name for e in links if e.type == "intermediateCatchEvent"]
    throwing = [e.definitions[0].name for e in links if e.type == "intermediateThrowEvent"]
    for element in links:
        name, catches = element.definitions[0].name, element.type == "intermediateCatchEvent"
        if catches and (name not in throwing or catching.count(name) > 1 or element.incoming):
            text = N_("“%(name)s”：链接捕获事件要恰好一个，没有入线，并有同名的链接抛出事件")
            yield _refused(element, "link", text)
        if not catches and (name not in catching or element.outgoing):
            text = N_("“%(name)s”：链接抛出事件没有出线，并要在同一层有同名的链接捕获事件")
            yield _refused(element, "link", text)


def _begins_event_sub_process(element: Element, process: Process) -> bool:
    around = process.elements.get(element.parent or "")
    is_start = element.type == "startEvent" and element.kind in ("error", "escalation")
    return is_start and around is not None and around.triggered_by_event


def _event_problems(element: Element, process: Process) -> Iterator[Problem]:
    if len(element.definitions) > 1:
        advice = N_("请用事件网关后接几个事件，或分成几个事件。")
        yield _refused(element, "multiple_event", N_("“%(name)s”：一个事件有多个定义"), advice)
        return
    kind = element.kind
    if kind in _REFUSED_KINDS:
        yield _refused(element, "not_supported", *_REFUSED_KINDS[kind])
    elif kind not in _ALLOWED_KINDS[element.type] and not _begins_event_sub_process(element, process):
        advice = N_("请在设计器里为事件选择类型。")
        yield _refused(element, "event_kind", N_("“%(name)s”：这里不能用这种事件"), advice)
    else:
        yield from _definition_problems(element)


def _definition_problems(element: Element) -> Iterator[Problem]:
    definition = element.definitions[0] if element.definitions else None
    if definition is None:
        return
    if definition.kind in _NEEDS_NAME and not definition.name:
        text = N_("“%(name)s”：没有指定%(what)s")
        yield _refused(element, "event_without_name", text, what=Term(_NEEDS_NAME[definition.kind]))
    if definition.kind == "timer" and not definition.value:
        yield _refused(element, "timer_without_time", N_("“%(name)s”：没有写时间"))
    if definition.kind == "error" and element.type == "boundaryEvent" and not element.interrupting:
        yield _refused(element, "error_interrupts", N_("“%(name)s”：错误边界事件一定中断任务"))


def _flow_problems(element: Element) -> Iterator[Problem]:
    if element.type == "startEvent" and element.incoming:
        yield _refused(element, "into_start", N_("“%(name)s”：开始事件不能有入线"))
    if element.type == "boundaryEvent" and element.incoming:
        yield _refused(element, "into_boundary", N_("“%(name)s”：边界事件不能有入线"))
    if element.type == "endEvent" and element.outgoing:
        yield _refused(element, "out_of_end", N_("“%(name)s”：结束事件不能有出线"))
    for flow in element.outgoing:
        if flow.condition and element.type not in _CONDITIONAL_SOURCES:
            advice = N_("请在它后面画一个互斥网关或包容网关，条件写在网关的出线上。")
            yield _refused(element, "condition_ignored", N_("“%(name)s”的出线不能带条件"), advice)
    if element.type in ("exclusiveGateway", "inclusiveGateway") and len(element.outgoing) > 1:
        for flow in element.outgoing:
            if not flow.condition and not flow.is_default:
                text = N_("“%(name)s”的出线“%(flow)s”没有条件，也不是默认线")
                advice = N_("请写条件，或把它设为默认线。")
                yield _refused(element, "no_condition", text, advice, flow=flow.name or flow.id)


def _event_gateway_problems(gateway: Element, process: Process) -> Iterator[Problem]:
    if len(gateway.outgoing) < 2:
        yield _refused(gateway, "event_gateway", N_("“%(name)s”：事件网关至少要有两条出线"))
    for flow in gateway.outgoing:
        target = process.elements[flow.target]
        catches = target.type == "intermediateCatchEvent" and target.kind in _CATCHING_AFTER_GATEWAY
        receives = target.type == "receiveTask" and not target.boundary and target.multi_instance is None
        if not (catches or receives) or len(target.incoming) > 1:
            text = N_("“%(name)s”：事件网关之后只能是各有一条入线的消息、定时、信号事件或接收任务")
            yield _refused(gateway, "event_gateway", text)


def _task_problems(element: Element) -> Iterator[Problem]:
    if element.type == "receiveTask" and not element.message:
        yield _refused(element, "no_message", N_("“%(name)s”：接收任务没有指定消息"))
    if element.type == "sendTask" and not element.message and not element.get("camunda:topic"):
        yield _refused(element, "no_message", N_("“%(name)s”：发送任务没有指定消息或主题（camunda:topic）"))
    if element.type == "serviceTask" and not (
        element.get("camunda:type") == "external" and element.get("camunda:topic")
    ):
        advice = N_("实现方式选“外部”，填写主题，例如 plan.register。")
        yield _refused(element, "no_topic", N_("“%(name)s”：服务任务没有主题（camunda:topic）"), advice)
    if element.type == "businessRuleTask" and not element.get("camunda:decisionRef"):
        yield _refused(
            element, "no_decision", N_("“%(name)s”：业务规则任务没有决策表（camunda:decisionRef）")
        )
    if element.type == "scriptTask" and not element.script:
        yield _refused(element, "no_script", N_("“%(name)s”：脚本任务没有脚本"))
    if element.type == "callActivity" and not element.called_elements:
        advice = N_("请在 approval:calledElements 里列出可能调用的流程，以空格分开。")
        yield _refused(
            element, "called_unknown", N_("“%(name)s”：被调用的流程在运行时才定，却没有列出"), advice
        )


def _loop_problems(element: Element) -> Iterator[Problem]:
    loop, several = element.loop, element.multi_instance
    if loop is not None and (loop.maximum or not loop.condition):
        advice = N_("请写循环条件，不写次数；或用互斥网关画出循环。")
        yield _refused(element, "loop_maximum", N_("“%(name)s”：循环要有条件，不能限次数"), advice)
    if several is None:
        return
    if bool(several.collection) == bool(several.cardinality):
        advice = N_("填写集合（camunda:collection），或填写实例数（loopCardinality）。")
        yield _refused(
            element, "multi_instance", N_("“%(name)s”：多实例要有集合或实例数，且只有一个"), advice
        )
    if several.collection and not several.element_variable:
        text = N_("“%(name)s”：多实例没有元素变量（camunda:elementVariable）")
        yield _refused(element, "multi_instance", text)
    if element.type not in ACTIVITIES or element.type in ("task", "manualTask", "scriptTask", "sendTask"):
        text = N_("“%(name)s”：多实例只用于用户任务、服务任务、业务规则任务、接收任务、子流程和调用活动")
        yield _refused(element, "multi_instance", text)


def _written_otherwise(diagram: Diagram) -> Iterator[Problem]:
    """Find what the model does not carry because nothing runs it: looked up in the XML itself."""
    tree = diagram.tree
    elements = {element.id: element for element in diagram.elements()}
    processes = tree.iterfind(bpmn("process")) if tree is not None else ()
    for node in (node for process in processes for node in process.iter()):
        element = elements.get(node.get("id"))
        if element is None:
            continue
        if node.get("instantiate") == "true" or node.get("eventGatewayType") == "Parallel":
            advice = N_("请用消息开始事件启动流程。")
            yield _refused(element, "instantiate", N_("“%(name)s”：不支持由网关或任务启动流程"), advice)
        if any(node.get(quantity, "1") != "1" for quantity in ("startQuantity", "completionQuantity")):
            yield _refused(element, "quantity", N_("“%(name)s”：不支持开始或完成数量大于 1"))
        yield from _data_problems(node, element)


def _data_problems(node: Any, element: Element) -> Iterator[Problem]:
    loop = node.find(bpmn("multiInstanceLoopCharacteristics"))
    if loop is not None and (
        loop.find(bpmn("loopDataInputRef")) is not None or loop.get("behavior", "All") != "All"
    ):
        advice = N_("请改用 camunda:collection 和 approval:outputCollection。")
        yield _refused(element, "loop_data", N_("“%(name)s”：不支持 loopDataInputRef 和 behavior"), advice)
    for child in node.iterfind(f"{bpmn('extensionElements')}/*"):
        if child.tag in (camunda("in"), camunda("out")) and not (child.get("target") or child.get("source")):
            advice = N_("请逐个写出要传的变量（source、target）；业务主键和规划总会传入。")
            yield _refused(element, "all_variables", N_("“%(name)s”：调用活动不能传全部变量"), advice)
