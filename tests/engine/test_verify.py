# ruff: noqa: E501 - a drawing reads better on one line
"""What a designer is told before a diagram is deployed."""

from __future__ import annotations

import pytest

from tests.engine.xml_drawing import chain, draw, file, process
from workflow_service.engine.form_fields import fields_of
from workflow_service.engine.problems import Problem
from workflow_service.engine.read import read_diagram
from workflow_service.engine.variables import needed_inputs, results_of
from workflow_service.engine.verify import Surroundings, check

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
AROUND = Surroundings(
    forms=frozenset({"check"}),
    decisions=frozenset({"route_selection"}),
    processes=frozenset({"coordination"}),
    topics=frozenset({"plan.register"}),
    units=frozenset({"nb.fgw"}),
    table_names={"route_selection": frozenset({"plan", "tier"})},
)
WHO = 'camunda:candidateGroups="drc:handler"'


def findings(data: bytes) -> list[Problem]:
    found = check(read_diagram(data), AROUND)
    assert all(problem.message for problem in found)
    return found


def codes(data: bytes) -> list[str]:
    return [problem.code for problem in findings(data)]


def task(key: str = "x", more: str = WHO, inner: str = "") -> str:
    return f'<userTask id="{key}" name="任务" {more}>{inner}</userTask>'


def test_a_clean_diagram_has_no_findings() -> None:
    data = chain(
        task("apply", f'{WHO} camunda:formKey="check" approval:kind="draft" approval:stage="registration" approval:deadline="5 working days"'),
        '<serviceTask id="register" camunda:type="external" camunda:topic="plan.register"/>',
        '<scriptTask id="count"><script>tier = plan.tier</script></scriptTask>',
        '<businessRuleTask id="route" camunda:decisionRef="route_selection" camunda:resultVariable="way"/>',
        '<callActivity id="agree" calledElement="coordination"><extensionElements><camunda:in source="way" target="way"/></extensionElements></callActivity>',
        task("sign", 'camunda:candidateGroups="lead_unit:leader,nb.fgw:handler,${plan.lead_unit}:registry" approval:returnTargets="apply"'),
    )  # fmt: skip
    assert findings(data) == []


@pytest.mark.parametrize(
    ("node", "code", "is_error"),
    [
        (task(more=f'{WHO} camunda:formKey="gone"'), "unknown_form", True),
        ('<serviceTask id="x" camunda:type="external" camunda:topic="gone"/>', "unknown_topic", True),
        ('<businessRuleTask id="x" camunda:decisionRef="gone"/>', "unknown_decision", True),
        ('<callActivity id="x" calledElement="gone"/>', "unknown_process", True),
        (
            '<callActivity id="x" calledElement="${plan.route}" approval:calledElements="coordination gone"/>',
            "unknown_process",
            True,
        ),
        (task(more=""), "nobody", True),
        (task(more='camunda:candidateGroups="drc"'), "group", True),
        (task(more='camunda:candidateGroups="发 改:handler"'), "group", True),
        (task(more='camunda:candidateGroups="zj.slt:handler"'), "unknown_unit", False),
        (task(more='camunda:candidateGroups="drc:boss"'), "unknown_post", False),
        (task(more=f'{WHO} approval:deadline="5 workdays"'), "time", True),
        (task(more=f'{WHO} approval:deadline="2026-02-30"'), "time", True),
        (task(more=f'{WHO} camunda:dueDate="tomorrow"'), "time", True),
        (task(more=f'{WHO} approval:kind="sign"'), "value", True),
        (task(more=f'{WHO} approval:stage="dreaming"'), "value", True),
        (task(more=f'{WHO} approval:resubmit="never"'), "value", True),
        (task(more=f'{WHO} approval:returnTargets="gone"'), "return_target", False),
        (task(more=f'{WHO} approval:dedline="P1D"'), "unknown_attribute", True),
        (task(more=f'{WHO} camunda:asyncBefore="true"'), "unused_attribute", False),
        (f'<userTask id="x" {WHO}/>', "no_name", False),
        (task(more='camunda:assignee="${missing.name}"'), "from_outside", False),
        (task(more='camunda:assignee="${1 +}"'), "expression", True),
        ('<scriptTask id="x"><script>import os</script></scriptTask>', "expression", True),
        ('<scriptTask id="x"><script>a = b.c</script></scriptTask>', "from_outside", False),
        (
            '<intermediateCatchEvent id="x"><timerEventDefinition><timeDuration>soon</timeDuration></timerEventDefinition></intermediateCatchEvent>',
            "time",
            True,
        ),
        (
            '<intermediateCatchEvent id="x"><timerEventDefinition><timeDuration>5 working days</timeDuration></timerEventDefinition></intermediateCatchEvent>',
            None,
            False,
        ),
        (
            '<intermediateCatchEvent id="x"><timerEventDefinition><timeDate>${plan.deadline}</timeDate></timerEventDefinition></intermediateCatchEvent>',
            None,
            False,
        ),
        ('<complexGateway id="x"/>', "not_supported", True),
    ],
)
def test_each_mistake_is_named_at_its_element(node: str, code: str | None, is_error: bool) -> None:
    found = findings(chain(node))
    assert [(p.code, p.is_error, p.element_id) for p in found] == ([(code, is_error, "x")] if code else [])


CYCLE = '<boundaryEvent id="t" attachedToRef="x" cancelActivity="false"><timerEventDefinition><timeCycle>{}</timeCycle></timerEventDefinition></boundaryEvent>'


@pytest.mark.parametrize(
    ("cycle", "expected"), [("R3/P1D", []), ("R/PT1H", []), ("R3/2 working days", []), ("often", ["time"])]
)
def test_a_timer_cycle_is_read(cycle: str, expected: list[str]) -> None:
    data = draw(START + task() + CYCLE.format(cycle) + END, "start -> x", "x -> end", "t -> end")
    assert codes(data) == expected


def branch(*conditions: str, default: str = "") -> bytes:
    ends = "".join(f'<endEvent id="e{n}"/>' for n in range(len(conditions)))
    flows = [
        f"x -> e{n} [{condition}]" if condition else f"x -> e{n}" for n, condition in enumerate(conditions)
    ]
    return draw(START + f'<exclusiveGateway id="x" {default}/>' + ends, "start -> x", *flows)


@pytest.mark.parametrize(
    ("conditions", "complete"),
    [
        (('plan.tier == "1"', 'plan.tier != "1"'), True),
        (("plan.water_review", "not plan.water_review"), True),
        (("${plan.revision > 1}", "${plan.revision <= 1}"), True),
        (('plan.tier == "1"', 'plan.tier == "N"', 'plan.tier not in ["1", "N"]'), False),
        (("plan.a and plan.b", "plan.a and not plan.b", "not plan.a"), True),
        (("plan.a == True", "plan.a == False"), True),
        (("plan.a", "plan.b"), False),
    ],
)
def test_conditions_without_a_default_must_cover_everything(
    conditions: tuple[str, ...], complete: bool
) -> None:
    assert codes(branch(*conditions)) == ([] if complete else ["incomplete_conditions"])
    assert codes(branch(*conditions, "", default=f'default="x_e{len(conditions)}"')) == []


def test_what_nothing_leads_to_is_named() -> None:
    data = draw(START + task("a") + task("b") + END, "start -> a", "a -> end", "b -> end")
    assert [(p.code, p.element_id) for p in findings(data)] == [("unreachable", "b")]


def test_a_loop_without_a_way_out_is_named() -> None:
    assert codes(draw(START + task("a") + task("b"), "start -> a", "a -> b", "b -> a")) == ["no_way_out"] * 3


TIMER = '<boundaryEvent id="late" name="到期" attachedToRef="x" {}><timerEventDefinition><timeDuration>P5D</timeDuration></timerEventDefinition></boundaryEvent>'


@pytest.mark.parametrize(
    ("kind", "more", "onward", "expected"),
    [
        ("decide", "", "end", ["decided_by_clock"]),
        ("confirm", "", "after", ["decided_by_clock"]),
        ("confirm", "", "gone", ["decided_by_clock"]),
        ("opinion", "", "after", []),
        ("decide", 'cancelActivity="false"', "gone", []),
        ("decide", "", "boss", []),
    ],
)
def test_a_clock_does_not_decide(kind: str, more: str, onward: str, expected: list[str]) -> None:
    nodes = START + task(more=f'{WHO} approval:kind="{kind}"') + task("after") + TIMER.format(more)
    nodes += task("boss") + '<endEvent id="gone"/>' + END
    flows = ["start -> x", "x -> after", "after -> end", "boss -> end", f"late -> {onward}"]
    if onward != "boss":
        flows.append("after -> boss")
    assert [p.code for p in findings(draw(nodes, *flows)) if p.element_id == "late"] == expected


def test_names_are_followed_along_the_ways() -> None:
    nodes = (
        START
        + '<exclusiveGateway id="g" default="g_b"/><exclusiveGateway id="j"/>'
        + task("a")
        + task("b")
        + '<scriptTask id="s"><script>result = a.outcome</script></scriptTask>'
        + END
    )
    flows = ["start -> g", "g -> a [plan.tier == 1]", "g -> b", "a -> j", "b -> j", "j -> s", "s -> end"]
    assert [(p.code, p.element_id) for p in findings(draw(nodes, *flows))] == [("perhaps_unset", "s")]


def test_names_set_later_and_names_nobody_sets_are_told_apart() -> None:
    early = chain('<scriptTask id="s"><script>y = later.outcome</script></scriptTask>', task("later"))
    assert codes(early) == ["set_later"]
    declared = file(
        process(
            START + '<scriptTask id="s"><script>y = unit + extra</script></scriptTask>' + END,
            "start -> s",
            "s -> end",
        )
    )
    declared = declared.replace(b'isExecutable="true"', b'isExecutable="true" approval:inputs="unit"')
    assert [(p.code, p.values["variable"]) for p in findings(declared)] == [("never_set", "extra")]


def test_a_parallel_join_has_what_both_branches_set() -> None:
    nodes = (
        START
        + '<parallelGateway id="split"/><parallelGateway id="j"/>'
        + task("a")
        + task("b")
        + '<scriptTask id="s"><script>z = [a, b]</script></scriptTask>'
        + END
    )
    assert (
        codes(
            draw(
                nodes, "start -> split", "split -> a", "split -> b", "a -> j", "b -> j", "j -> s", "s -> end"
            )
        )
        == []
    )


def test_items_of_a_multi_instance_are_known_inside_and_its_results_after() -> None:
    marker = '<multiInstanceLoopCharacteristics camunda:collection="${plan.units}" camunda:elementVariable="unit" approval:outputCollection="opinions"><completionCondition>nrOfCompletedInstances == 2 or outcome == "no"</completionCondition></multiInstanceLoopCharacteristics>'
    opinion = task("opinion", 'camunda:candidateGroups="${unit}:handler"', marker)
    summary = '<scriptTask id="s"><script>n = len(opinions)</script></scriptTask>'
    assert codes(chain(opinion, summary)) == []
    assert codes(chain(opinion, summary.replace("opinions", "unit"))) == ["from_outside"]


def test_a_sub_process_hands_its_results_on() -> None:
    inner = (
        '<subProcess id="sub"><startEvent id="i"/>'
        + task("a")
        + '<endEvent id="e"/><sequenceFlow id="f1" sourceRef="i" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e"/></subProcess>'
    )
    assert codes(chain(inner, '<scriptTask id="s"><script>z = a.outcome</script></scriptTask>')) == []


def test_a_table_that_reads_what_nobody_sets_is_named() -> None:
    assert codes(chain('<businessRuleTask id="x" camunda:decisionRef="route_selection"/>')) == [
        "from_outside"
    ]


def test_a_lane_that_names_somebody_else_is_a_warning() -> None:
    def drawn(lane: str) -> bytes:
        lanes = f'<laneSet id="ls"><lane id="l" name="{lane}"><flowNodeRef>x</flowNodeRef></lane></laneSet>'
        return draw(lanes + START + task() + END, "start -> x", "x -> end")

    assert codes(drawn("生态环境部门")) == ["lane"]
    assert codes(drawn("发展改革委")) == [] == codes(drawn("各部门"))


def test_a_file_without_a_drawing_is_a_warning() -> None:
    assert codes(draw(START + END, "start -> end", shapes=False)) == ["no_drawing"]


def test_deadlock_is_an_error_of_the_check() -> None:
    nodes = (
        START
        + '<exclusiveGateway id="g" default="g_a"/><parallelGateway id="j"/>'
        + task("a")
        + task("b")
        + END
    )
    data = draw(nodes, "start -> g", "g -> a", "g -> b [plan.a]", "a -> j", "b -> j", "j -> end")
    assert [(p.code, p.element_id, p.is_error) for p in findings(data)] == [("deadlock", "j", True)]


def test_errors_come_before_warnings() -> None:
    found = findings(chain(task(more='camunda:candidateGroups="drc:boss" camunda:formKey="gone"')))
    assert [p.is_error for p in found] == [True, False]


FORMS = Surroundings(fields={"check": {"outcome": frozenset({"complete", "incomplete"}), "note": None}})


def form_findings(condition: str, other: str = "", more: str = "") -> list[tuple[str, bool]]:
    asked = task("check", f'{WHO} camunda:formKey="check" {more}')
    nodes = START + asked + '<exclusiveGateway id="x"/><endEvent id="a"/><endEvent id="b"/>'
    data = draw(
        nodes,
        "start -> check",
        "check -> x",
        f"x -> a [{condition}]",
        f"x -> b [{other or 'not (' + condition + ')'}]",
    )
    return [(problem.code, problem.is_error) for problem in check(read_diagram(data), FORMS)]


@pytest.mark.parametrize(
    ("condition", "other", "expected"),
    [
        ('check.outcome == "complete"', 'check.outcome == "incomplete"', []),
        ('check.outcome in ["complete", "incomplete"]', 'check.note == "x"', []),
        ('check.outcome == "complete"', 'check.note == "x"', [("incomplete_conditions", False)]),
        ('check.outcome == "agree"', "", [("impossible_value", True)]),
        ('check.outcom == "complete"', "", [("unknown_field", True)]),
        ('get(check, "anything") == 1', "", []),
    ],
)
def test_conditions_are_compared_with_the_form(
    condition: str, other: str, expected: list[tuple[str, bool]]
) -> None:
    assert form_findings(condition, other) == expected


def test_fields_of_a_form_come_with_their_choices() -> None:
    schema = {
        "properties": {
            "a": {"enum": ["x", "y"]},
            "b": {"oneOf": [{"const": "z"}]},
            "c": {"type": "number"},
            "d": {"enum": [1]},
        }
    }
    assert fields_of(schema) == {"a": {"x", "y"}, "b": {"z"}, "c": None, "d": None}


def test_what_a_called_process_needs_must_be_passed() -> None:
    called = read_diagram(
        chain(
            task(
                "opinion",
                'camunda:candidateGroups="${unit}:handler" camunda:dueDate="${get(plan, &quot;due&quot;)}"',
            )
        )
    )
    assert needed_inputs(called.process("p")) == {"unit"}
    around = Surroundings(inputs={"p": frozenset({"unit"})})

    def calling(inner: str) -> list[str]:
        call = f'<callActivity id="call" calledElement="p"><extensionElements>{inner}</extensionElements></callActivity>'
        return [problem.code for problem in check(read_diagram(chain(call)), around)]

    assert calling('<camunda:in sourceExpression="${plan.lead_unit}" target="unit"/>') == []
    assert calling('<camunda:in source="plan" target="plan"/>') == ["missing_input"]


def test_what_is_taken_from_a_called_process_must_be_there_when_it_ends() -> None:
    nodes = START + '<exclusiveGateway id="g" default="g_b"/>' + task("a") + task("b") + task("c") + END
    called = read_diagram(
        draw(nodes, "start -> c", "c -> g", "g -> a [plan.x]", "g -> b", "a -> end", "b -> end")
    )
    around = Surroundings(results={"p": results_of(called.process("p"))})

    def calling(source: str) -> list[str]:
        out = f'<extensionElements><camunda:out source="{source}" target="y"/></extensionElements>'
        call = f'<callActivity id="call" calledElement="p">{out}</callActivity>'
        return [problem.code for problem in check(read_diagram(chain(call)), around)]

    assert [calling(name) for name in ("c", "a", "z")] == [[], ["perhaps_no_output"], ["unknown_output"]]


def test_an_unknown_variable_is_told_once() -> None:
    assert codes(chain(task("a", 'camunda:assignee="${who}"'), task("b", 'camunda:assignee="${who}"'))) == [
        "from_outside"
    ]
