# ruff: noqa: E501 - a drawing reads better on one line
"""What would not run as drawn is refused with its element, the reason, and what to draw instead."""

from __future__ import annotations

import pytest

from tests.engine.xml_drawing import chain, draw, file, process
from workflow_service.engine.read import read_diagram
from workflow_service.engine.support import unsupported

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
ROOTS = '<message id="m" name="go"/><error id="err" errorCode="x"/><signal id="s" name="issued"/>'
INNER = '<startEvent id="a"/><endEvent id="b"/><sequenceFlow id="a_b" sourceRef="a" targetRef="b"/>'
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"


def catch(definition: str) -> str:
    return f'<intermediateCatchEvent id="x">{definition}</intermediateCatchEvent>'


def on_task(definition: str, more: str = "") -> bytes:
    nodes = (
        START
        + '<userTask id="t"/>'
        + END
        + f'<boundaryEvent id="x" attachedToRef="t" {more}>{definition}</boundaryEvent>'
    )
    return draw(nodes, "start -> t", "t -> end", "x -> end", roots=ROOTS)


def several(inner: str, attributes: str = "") -> bytes:
    marker = f"<multiInstanceLoopCharacteristics {attributes}>{inner}</multiInstanceLoopCharacteristics>"
    return chain(f'<userTask id="x">{marker}</userTask>')


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (chain('<complexGateway id="x"/>'), "not_supported"),
        (chain(f'<transaction id="x">{INNER}</transaction>'), "not_supported"),
        (chain('<adHocSubProcess id="x"><task id="a"/></adHocSubProcess>'), "not_supported"),
        (chain('<userTask id="x" isForCompensation="true"/>'), "not_supported"),
        (chain('<intermediateThrowEvent id="x"><compensateEventDefinition/></intermediateThrowEvent>'), "not_supported"),
        (chain(catch('<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>')), "not_supported"),
        (draw(START + END + f'<subProcess id="x" triggeredByEvent="true">{INNER}</subProcess>', "start -> end"), "event_sub_process"),
        (draw(START + '<endEvent id="x"><cancelEventDefinition/></endEvent>', "start -> x"), "not_supported"),
        (chain(catch("")), "event_kind"),
        (chain('<intermediateThrowEvent id="x">' + TIMER + "</intermediateThrowEvent>"), "event_kind"),
        (on_task(""), "event_kind"),
        (on_task('<errorEventDefinition errorRef="err"/>', 'cancelActivity="false"'), "error_interrupts"),
        (on_task("<messageEventDefinition/>"), "event_without_name"),
        (on_task("<signalEventDefinition/>"), "event_without_name"),
        (on_task("<timerEventDefinition/>"), "timer_without_time"),
        (chain(catch('<messageEventDefinition messageRef="m"/>' + TIMER), roots=ROOTS), "multiple_event"),
        (chain('<receiveTask id="x"/>'), "no_message"),
        (chain('<receiveTask id="x" messageRef="m" instantiate="true"/>', roots=ROOTS), "instantiate"),
        (chain('<sendTask id="x"/>'), "no_message"),
        (chain('<serviceTask id="x" camunda:class="org.Thing"/>'), "no_topic"),
        (chain('<businessRuleTask id="x"/>'), "no_decision"),
        (chain('<scriptTask id="x"/>'), "no_script"),
        (chain('<callActivity id="x" calledElement="${plan.route}"/>'), "called_unknown"),
        (chain('<callActivity id="x" calledElement="q"><extensionElements><camunda:in variables="all"/></extensionElements></callActivity>'), "all_variables"),
        (chain('<userTask id="x"><standardLoopCharacteristics loopMaximum="3"/></userTask>'), "loop_maximum"),
        (several(""), "multi_instance"),
        (several("<loopCardinality>3</loopCardinality>", 'camunda:collection="units"'), "multi_instance"),
        (several("", 'camunda:collection="units"'), "multi_instance"),
        (several("<loopDataInputRef>units</loopDataInputRef>"), "loop_data"),
        (chain('<task id="x"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>'), "multi_instance"),
        (chain('<userTask id="x" startQuantity="2"/>'), "quantity"),
        (draw(START + '<startEvent id="x"/>' + END, "start -> end", "x -> end"), "several_starts"),
        (chain(f'<subProcess id="sub"><startEvent id="x">{TIMER}</startEvent></subProcess>'), "start_in_sub_process"),
        (draw(START + '<parallelGateway id="x"/><endEvent id="e"/>' + END, "start -> x", "x -> e [a]", "x -> end"), "condition_ignored"),
        (draw('<startEvent id="x"/>' + END, "x -> end [a > 1]"), "condition_ignored"),
        (draw(START + '<exclusiveGateway id="x"/><endEvent id="e"/>' + END, "start -> x", "x -> e [a]", "x -> end"), "no_condition"),
        (draw('<startEvent id="x"/><userTask id="t"/>', "x -> t", "t -> x"), "into_start"),
        (draw(START + '<endEvent id="x"/><userTask id="t"/>', "start -> x", "x -> t"), "out_of_end"),
        (chain('<eventBasedGateway id="x"/>', '<userTask id="t"/>'), "event_gateway"),
        (draw(START + '<intermediateThrowEvent id="x"><linkEventDefinition name="L"/></intermediateThrowEvent>', "start -> x"), "link"),
    ],
)  # fmt: skip
def test_what_would_not_run_as_drawn_is_refused(data: bytes, code: str) -> None:
    found = unsupported(read_diagram(data))
    assert [problem.code for problem in found if problem.element_id == "x"][:1] == [code]
    assert all(problem.is_error and problem.message and problem.line for problem in found)


def test_advice_says_what_to_draw_instead() -> None:
    [problem] = unsupported(read_diagram(chain('<complexGateway id="x" name="汇总"/>')))
    assert problem.message == "“汇总”：不支持复杂网关"
    assert problem.advice == "请改用包容网关或互斥网关，把条件写在出线上。"


def test_a_file_without_an_executable_process_is_refused() -> None:
    [problem] = unsupported(read_diagram(file(process(START + END, "start -> end", executable="false"))))
    assert problem.code == "not_executable"
