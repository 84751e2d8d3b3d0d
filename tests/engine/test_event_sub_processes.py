"""Event sub-processes run as drawn: they listen while their scope runs, and every move across them is defined."""

from __future__ import annotations

import pytest

from tests.engine.running import Run
from tests.engine.xml_drawing import draw
from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.engine.read import read_diagram
from workflow_service.engine.support import unsupported
from workflow_service.engine.verify import Surroundings, check

ROOTS = (
    '<message id="m" name="recall"/><signal id="sig" name="halt"/><error id="err" errorCode="wrong"/>'
    '<escalation id="esc" escalationCode="up"/>'
)
MESSAGE = '<messageEventDefinition messageRef="m"/>'
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'


def listening(event: str, interrupting: bool = True, inner: str = '<userTask id="h"/>', ways: str = "") -> str:
    """An event sub-process s > h > e, begun by an event."""
    begin = f'<startEvent id="s" name="收到" isInterrupting="{str(interrupting).lower()}">{event}</startEvent>'
    flows = ways or '<sequenceFlow id="s_h" sourceRef="s" targetRef="h"/><sequenceFlow id="h_e" sourceRef="h" targetRef="e"/>'
    return f'<subProcess id="handle" triggeredByEvent="true">{begin}{inner}<endEvent id="e"/>{flows}</subProcess>'


def beside(event: str, interrupting: bool = True) -> bytes:
    """start > a > b > end, with an event sub-process beside."""
    nodes = START + '<userTask id="a"/><userTask id="b"/>' + END + listening(event, interrupting)
    return draw(nodes, "start -> a", "a -> b", "b -> end", roots=ROOTS)


def test_it_does_nothing_where_its_event_does_not_come() -> None:
    run = Run(beside(MESSAGE)).complete("a").complete("b")
    assert run.ended and run.done == ["start", "a", "b", "end"]


def test_one_that_interrupts_ends_everything_else_and_then_the_process() -> None:
    run = Run(beside(MESSAGE)).complete("a")
    run.send("recall")
    assert run.waiting == ["h"]
    run.complete("h")
    assert run.ended and run.done == ["start", "a", "s", "h", "e", "handle"]


def test_one_that_does_not_runs_beside_and_can_come_again() -> None:
    run = Run(beside(MESSAGE, interrupting=False))
    run.send("recall")
    run.send("recall")
    assert run.waiting == ["a", "h", "h"]
    run.complete("h").complete("a").complete("b")
    assert not run.ended and run.waiting == ["h"]
    assert run.complete("h").ended


def test_what_both_sides_set_is_seen_on_both_sides() -> None:
    choice = '<exclusiveGateway id="g" default="g_x"/><endEvent id="x"/>'
    ways = "".join(
        f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>'
        for source, target, condition in (
            ("s", "g", ""), ("g", "x", ""),
            ("g", "e", '<conditionExpression xsi:type="tFormalExpression">${a.outcome == "complete"}</conditionExpression>'),
        )
    )  # fmt: skip
    nodes = START + '<userTask id="a"/><userTask id="b"/>' + END + listening(MESSAGE, True, choice, ways)
    data = draw(nodes, "start -> a", "a -> b", "b -> end", roots=ROOTS)
    assert "g_e" in Run(data).complete("a").send("recall").flows


def test_a_timer_runs_from_the_moment_its_scope_begins() -> None:
    run = Run(beside(TIMER))
    assert [kind for kind, *_rest in run._open.values()].count("timer") == 1
    token = next(token for token, (kind, *_rest) in run._open.items() if kind == "timer")
    run.instance.fire(token, {})
    run._take(run.instance.collect())
    assert run.waiting == ["h"]


@pytest.mark.parametrize(
    ("event", "thrown"),
    [
        ('<errorEventDefinition errorRef="err"/>', '<errorEventDefinition errorRef="err"/>'),
        ('<escalationEventDefinition escalationRef="esc"/>', '<escalationEventDefinition escalationRef="esc"/>'),
    ],
)
def test_an_error_or_escalation_thrown_in_the_scope_begins_it(event: str, thrown: str) -> None:
    nodes = START + f'<userTask id="a"/><endEvent id="end">{thrown}</endEvent>' + listening(event)
    run = Run(draw(nodes, "start -> a", "a -> end", roots=ROOTS)).complete("a")
    assert run.waiting == ["h"] and run.complete("h").ended


def test_a_process_that_a_message_begins_listens_too() -> None:
    begin = f'<startEvent id="start">{MESSAGE}</startEvent>'
    nodes = begin + '<userTask id="a"/>' + END + listening('<signalEventDefinition signalRef="sig"/>')
    run = Run(draw(nodes, "start -> a", "a -> end", roots=ROOTS), start_event="start")
    assert run.waiting == ["a"] and run.flows == ["start_a"]
    assert run.send("halt").waiting == ["h"]


def nested(interrupting: bool = True) -> bytes:
    """start > a > sub(p1 > q, with an event sub-process) > b > end."""
    inner = (
        '<startEvent id="in"/><userTask id="p1"/><userTask id="q"/><endEvent id="out"/>'
        '<sequenceFlow id="in_p" sourceRef="in" targetRef="p1"/><sequenceFlow id="p_q" sourceRef="p1" targetRef="q"/>'
        '<sequenceFlow id="q_out" sourceRef="q" targetRef="out"/>'
    )
    nodes = START + '<userTask id="a"/><userTask id="b"/>' + END
    nodes += f'<subProcess id="sub">{inner}{listening(MESSAGE, interrupting)}</subProcess>'
    return draw(nodes, "start -> a", "a -> sub", "sub -> b", "b -> end", roots=ROOTS)


def test_in_a_sub_process_it_ends_that_and_the_process_goes_on() -> None:
    run = Run(nested()).complete("a").complete("p1").send("recall")
    assert run.waiting == ["h"]
    assert run.complete("h").waiting == ["b"]
    assert run.complete("b").ended


def test_it_listens_again_after_a_return_begins_its_scope_anew() -> None:
    run = Run(nested()).complete("a").complete("p1").complete("q")
    run.go_back("b", "a")
    run.complete("a").send("recall")
    assert run.waiting == ["h"] and run.complete("h").complete("b").ended


def test_a_return_out_of_it_ends_it_and_one_within_stays_within() -> None:
    run = Run(nested()).complete("a").send("recall")
    run.go_back("h", "a")
    assert run.waiting == ["a"]
    assert run.complete("a").waiting == ["p1"]


def test_a_return_beside_one_that_does_not_interrupt_leaves_it_alone() -> None:
    run = Run(beside(MESSAGE, interrupting=False)).complete("a").send("recall")
    run.go_back("b", "a")
    assert run.waiting == ["a", "h"]
    run.complete("h").complete("a").complete("b")
    assert run.ended


def test_the_last_step_before_it_interrupted_is_not_retrieved() -> None:
    run = Run(beside(MESSAGE))
    token = run.token("a")
    run.complete("a").send("recall")
    with pytest.raises(Conflict):
        run.instance.retrieve(token)


def test_a_jump_beside_it_keeps_what_listens() -> None:
    run = Run(beside(MESSAGE))
    run.instance.jump(run.token("a"), "b")
    run._take(run.instance.collect())
    assert run.waiting == ["b"] and run.send("recall").waiting == ["h"]


def test_a_terminated_run_taken_up_again_listens_as_before() -> None:
    run = Run(beside(MESSAGE)).complete("a")
    run._open.clear()
    run.instance.revive()
    run._take(run.instance.collect())
    assert run.waiting == ["b"] and run.send("recall").complete("h").ended


def test_a_finished_run_is_reopened_where_its_event_sub_process_began() -> None:
    run = Run(beside(MESSAGE)).complete("a").complete("b")
    assert run.ended
    run._open.clear()
    run.instance.reopen(run.instance.stops_at_end()[-1].token)
    run._take(run.instance.collect())
    assert run.waiting == ["a"] and run.send("recall").complete("h").ended


@pytest.mark.parametrize("data", [beside(MESSAGE), beside(TIMER, interrupting=False), nested(), nested(interrupting=False)])
def test_the_check_finds_nothing_wrong(data: bytes) -> None:
    found = [one for one in check(read_diagram(data), Surroundings()) if one.severity == "error" and one.code != "nobody"]
    assert found == []


BAD = listening(MESSAGE)
SECOND = '<startEvent id="s2"><signalEventDefinition signalRef="sig"/></startEvent><userTask'
SEVERAL = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
OTHER = (
    '<subProcess id="other" triggeredByEvent="true"><startEvent id="s3"><signalEventDefinition signalRef="sig"/></startEvent>'
    '<endEvent id="e3"/><sequenceFlow id="s3_e3" sourceRef="s3" targetRef="e3"/></subProcess>'
)
INNER = OTHER
STOP = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'


@pytest.mark.parametrize(
    ("nodes", "flows", "code"),
    [
        (listening(""), (), "event_sub_process"),
        (BAD, ("a -> handle",), "event_sub_process"),
        (BAD.replace("<userTask", SECOND), (), "event_sub_process"),
        (BAD.replace('true">', f'true">{SEVERAL}', 1), (), "event_sub_process"),
        (listening('<errorEventDefinition errorRef="err"/>', interrupting=False), (), "error_interrupts"),
        (listening("<conditionalEventDefinition><condition>x</condition></conditionalEventDefinition>"), (), "not_supported"),
        (listening(MESSAGE, interrupting=False) + OTHER, (), "event_sub_process"),
        (BAD.replace("<userTask", INNER + "<userTask"), (), "event_sub_process"),
        (listening(MESSAGE, interrupting=False) + STOP, ("a -> stop",), "event_sub_process"),
    ],
)  # fmt: skip
def test_what_could_not_run_as_drawn_is_refused(nodes: str, flows: tuple[str, ...], code: str) -> None:
    data = draw(START + '<userTask id="a"/>' + END + nodes, "start -> a", "a -> end", *flows, roots=ROOTS)
    assert code in {one.code for one in unsupported(read_diagram(data))}


def test_a_triggered_start_with_several_ways_is_refused_beside_one() -> None:
    begin = f'<startEvent id="start">{MESSAGE}</startEvent>'
    nodes = begin + '<userTask id="a"/><userTask id="b"/>' + END + listening('<signalEventDefinition signalRef="sig"/>')
    data = draw(nodes, "start -> a", "start -> b", "a -> end", "b -> end", roots=ROOTS)
    assert "event_sub_process" in {one.code for one in unsupported(read_diagram(data))}


def test_its_timer_must_not_end_what_somebody_has_to_decide() -> None:
    ways = '<sequenceFlow id="s_e" sourceRef="s" targetRef="e"/>'
    nodes = START + '<userTask id="a" approval:kind="decide"/>' + END + listening(TIMER, True, "", ways)
    found = check(read_diagram(draw(nodes, "start -> a", "a -> end", roots=ROOTS)), Surroundings())
    assert "decided_by_clock" in {one.code for one in found}
    nodes = START + '<userTask id="a" approval:kind="decide"/>' + END + listening(TIMER)
    asked = draw(nodes, "start -> a", "a -> end", roots=ROOTS)
    assert "decided_by_clock" not in {one.code for one in check(read_diagram(asked), Surroundings())}


def test_nobody_is_put_on_it_by_hand_nor_on_what_was_put_in() -> None:
    for target in ("handle", "_n_scope_p"):
        run = Run(beside(MESSAGE, interrupting=False))
        with pytest.raises(InvalidInput):
            run.instance.jump(run.token("a"), target)
        assert run.waiting == ["a"]


def test_an_error_that_it_listens_for_is_caught() -> None:
    error = '<errorEventDefinition errorRef="err"/>'
    nodes = START + f'<userTask id="a"/><endEvent id="end">{error}</endEvent>' + listening(error)
    found = check(read_diagram(draw(nodes, "start -> a", "a -> end", roots=ROOTS)), Surroundings())
    assert "error_not_caught" not in {one.code for one in found}
