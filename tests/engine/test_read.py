"""Reading BPMN: what comes out of a file, and what is said about a file that cannot be read."""

from __future__ import annotations

import pytest

from tests.engine.xml_drawing import HEAD, chain, draw, file, process
from workflow_service.domain.errors import TongchouError
from workflow_service.engine.problems import DefinitionRefused
from workflow_service.engine.read import read_diagram
from workflow_service.engine.xml import FileTooLarge, NotReadable

USER_TASK = (
    '<userTask id="check" name="要件核查" camunda:formKey="check" camunda:candidateGroups="drc:handler,drc:leader" '
    'approval:deadline="5 working days" approval:kind="check"/>'
)
BOMB = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><definitions>&b;</definitions>'


def problem_codes(data: bytes) -> set[str]:
    with pytest.raises(DefinitionRefused) as caught:
        read_diagram(data)
    assert all(problem.message for problem in caught.value.problems)
    return {problem.code for problem in caught.value.problems}


def test_elements_come_with_name_attributes_flows_and_place() -> None:
    diagram = read_diagram(chain(USER_TASK))
    check = diagram.process("p").elements["check"]
    assert (check.type, check.name, check.get("camunda:formKey")) == ("userTask", "要件核查", "check")
    assert check.get("approval:deadline") == "5 working days"
    assert [f.source for f in check.incoming] + [f.target for f in check.outgoing] == ["start", "end"]
    assert check.box is not None and check.box.width == 100
    assert check.result_variable == "check"
    assert [process.id for process in diagram.executable] == ["p"]


def test_conditions_defaults_and_lanes_are_read() -> None:
    lanes = '<laneSet id="ls"><lane id="l1" name="发改委"><flowNodeRef>ok</flowNodeRef></lane></laneSet>'
    nodes = (
        lanes
        + '<startEvent id="start"/><exclusiveGateway id="ok" default="ok_no"/><endEvent id="yes"/><endEvent id="no"/>'
    )
    found = read_diagram(draw(nodes, "start -> ok", "ok -> yes [${x > 1}]", "ok -> no")).process("p")
    assert [(f.condition, f.is_default) for f in found.elements["ok"].outgoing] == [
        ("${x > 1}", False),
        (None, True),
    ]
    assert found.elements["ok"].lane == "发改委"


def test_events_say_what_they_throw_or_wait_for() -> None:
    nodes = (
        '<startEvent id="start"/>'
        + USER_TASK
        + '<boundaryEvent id="late" attachedToRef="check" cancelActivity="false"><timerEventDefinition>'
        "<timeDuration>5 working days</timeDuration></timerEventDefinition></boundaryEvent>"
        '<intermediateCatchEvent id="wait"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        '<endEvent id="end"/><endEvent id="told"/>'
    )
    roots = '<message id="m" name="meeting.result" approval:correlationKey="${agenda.item}"/>'
    diagram = read_diagram(
        draw(nodes, "start -> check", "check -> wait", "wait -> end", "late -> told", roots=roots)
    )
    late, wait = (diagram.process("p").elements[key] for key in ("late", "wait"))
    assert (late.attached_to, late.interrupting, late.definitions[0].timer) == (
        "check",
        False,
        "timeDuration",
    )
    assert (wait.kind, wait.definitions[0].name) == ("message", "meeting.result")
    assert diagram.messages["m"].correlation_key == "${agenda.item}"
    assert diagram.process("p").elements["check"].boundary == ("late",)


def test_multi_instance_and_call_activity_carry_their_data() -> None:
    opinions = (
        '<userTask id="opinion"><multiInstanceLoopCharacteristics isSequential="true" camunda:collection="units" '
        'camunda:elementVariable="unit" approval:outputCollection="opinions">'
        "<completionCondition>nrOfCompletedInstances > 2</completionCondition></multiInstanceLoopCharacteristics></userTask>"
    )
    call = (
        '<callActivity id="route" calledElement="${plan.route}" approval:calledElements="a b"><extensionElements>'
        '<camunda:in source="x" target="y"/><camunda:in sourceExpression="${x + 1}" target="z"/>'
        '<camunda:out source="r" target="result"/></extensionElements></callActivity>'
    )
    elements = read_diagram(chain(opinions.replace("> 2", "&gt; 2"), call)).process("p").elements
    loop = elements["opinion"].multi_instance
    assert loop is not None and (loop.sequential, loop.collection, loop.element_variable) == (
        True,
        "units",
        "unit",
    )
    assert (loop.completion_condition, elements["opinion"].result_variable) == (
        "nrOfCompletedInstances > 2",
        "opinions",
    )
    assert elements["route"].called_elements == ("a", "b")
    assert [(m.source, m.expression, m.target) for m in elements["route"].inputs] == [
        ("x", None, "y"),
        (None, "${x + 1}", "z"),
    ]


def test_sub_processes_keep_their_elements_on_their_own_level() -> None:
    inner = (
        '<subProcess id="sub"><startEvent id="s2"/><userTask id="t2"/><endEvent id="e2"/>'
        '<sequenceFlow id="i1" sourceRef="s2" targetRef="t2"/><sequenceFlow id="i2" sourceRef="t2" targetRef="e2"/></subProcess>'
    )
    found = read_diagram(
        draw('<startEvent id="start"/>' + inner + '<endEvent id="end"/>', "start -> sub", "sub -> end")
    )
    assert [element.id for element in found.process("p").level("sub")] == ["s2", "t2", "e2"]
    assert [element.id for element in found.process("p").level()] == ["start", "sub", "end"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"PK\x03\x04 a spreadsheet", 1),
        (chain(USER_TASK)[:-40], 8),
        (BOMB, 1),
        (BOMB.decode().encode("utf-16"), 1),
        (b"<definitions>\n<process></definitions>", 2),
        ('<?xml version="1.0" encoding="gb2312"?><中/>'.encode(), 1),
        (b"<a>" * 300, 1),
    ],
)
def test_what_is_no_xml_is_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(NotReadable) as caught:
        read_diagram(data)
    assert caught.value.line == line and caught.value.reason


def test_a_file_of_fifty_megabytes_is_refused_unread() -> None:
    with pytest.raises(FileTooLarge) as caught:
        read_diagram(b" " * 50_000_000)
    assert caught.value.status == 413


START_END = '<startEvent id="start"/><endEvent id="end"/>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html/>", "not_bpmn"),
        ((HEAD + "</definitions>").encode(), "no_process"),
        (draw(START_END, "start -> nowhere"), "dangling"),
        (draw(START_END, "nowhere -> end"), "dangling"),
        (
            draw(
                START_END
                + '<boundaryEvent id="b" attachedToRef="gone"><timerEventDefinition/></boundaryEvent>',
                "start -> end",
            ),
            "dangling",
        ),
        (draw(START_END + '<receiveTask id="r" messageRef="gone"/>', "start -> end"), "dangling"),
        (draw(START_END + '<exclusiveGateway id="g" default="start_end"/>', "start -> end"), "dangling"),
        (
            draw(
                '<laneSet id="l"><lane id="l1"><flowNodeRef>gone</flowNodeRef></lane></laneSet>' + START_END,
                "start -> end",
            ),
            "dangling",
        ),
        (draw(START_END + '<callActivity id="c"/>', "start -> end"), "no_called_element"),
        (draw(START_END + '<task id="start"/>', "start -> end"), "duplicate_id"),
        (draw(START_END + "<task/>", "start -> end"), "missing_id"),
        (draw(START_END + '<task id="_n_x"/>', "start -> end"), "reserved_id"),
        (draw(START_END + '<userTask id="plan"/>', "start -> end"), "unusable_id"),
        (draw(START_END + '<userTask id="a-b"/>', "start -> end"), "unusable_id"),
        (draw(START_END + '<magicTask id="m"/>', "start -> end"), "unknown_element"),
        (draw(START_END + '<camunda:thing id="m"/>', "start -> end"), "unknown_element"),
        (file(process(START_END, "start -> end"), roots='<choreography id="x"/>'), "unknown_element"),
        (
            draw(
                '<endEvent id="end"/><subProcess id="s"><startEvent id="a"/><endEvent id="b"/></subProcess>',
                "a -> end",
            ),
            "crossing_flow",
        ),
        (draw(START_END, "start -> end").replace(b'bpmnElement="end"', b'bpmnElement="gone"'), "dangling"),
        (draw(START_END + '<userTask id="u" startQuantity="many"/>', "start -> end"), "bpmn_schema"),
    ],
)
def test_a_broken_structure_is_refused_by_element_and_line(data: bytes, code: str) -> None:
    assert code in problem_codes(data)


def test_a_problem_names_element_and_line() -> None:
    with pytest.raises(DefinitionRefused) as caught:
        read_diagram(draw(START_END, "start -> nowhere"))
    [problem] = caught.value.problems
    assert (problem.element_id, problem.line) == ("start_nowhere", 5)
    assert problem.to_plain()["message"] == "连线“start_nowhere”的 targetRef “nowhere”不存在"
    assert isinstance(caught.value, TongchouError) and "共有 1 处错误" in caught.value.message


def test_a_file_can_hold_several_processes() -> None:
    data = file(
        process(START_END, "start -> end"), process('<startEvent id="s2"/>', key="q", executable="false")
    )
    diagram = read_diagram(data)
    assert [p.id for p in diagram.processes] == ["p", "q"] and [p.id for p in diagram.executable] == ["p"]
