"""Drawings run as BPMN 2.0 says they should, whatever the library underneath lacks."""

from __future__ import annotations

import pytest

from tests.engine.running import Run
from tests.engine.xml_drawing import chain, draw, file, process
from workflow_service.engine.normalise import normalise
from workflow_service.engine.read import read_diagram

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'


def users(*keys: str) -> str:
    return "".join(f'<userTask id="{key}"/>' for key in keys)


def test_a_task_with_two_outgoing_flows_starts_both() -> None:
    run = Run(
        draw(START + users("a", "b", "c") + END, "start -> a", "a -> b", "a -> c", "b -> end", "c -> end")
    )
    assert run.complete("a").waiting == ["b", "c"]
    assert run.complete("b").complete("c").ended


def test_a_task_runs_once_for_each_token_that_arrives() -> None:
    nodes = START + '<parallelGateway id="split"/>' + users("a", "b", "c") + END
    run = Run(draw(nodes, "start -> split", "split -> a", "split -> b", "a -> c", "b -> c", "c -> end"))
    run.complete("a").complete("b")
    assert run.waiting == ["c", "c"]
    assert run.complete_all().done.count("c") == 2 and run.ended


@pytest.mark.parametrize(
    ("x", "after"), [(1, ["b"]), (5, ["b", "c"]), (0, ["d"])], ids=["one holds", "two hold", "default"]
)
def test_conditional_flows_of_a_task_take_all_that_hold_else_the_default(x: int, after: list[str]) -> None:
    nodes = START + '<userTask id="a" default="a_d"/>' + users("b", "c", "d") + END
    flows = [
        "start -> a",
        "a -> b [${x > 0}]",
        "a -> c [x > 3]",
        "a -> d",
        "b -> end",
        "c -> end",
        "d -> end",
    ]
    run = Run(draw(nodes, *flows), x=x)
    assert run.complete("a").waiting == after
    assert run.complete_all().ended


def test_an_unconditional_flow_beside_conditional_ones_is_always_taken() -> None:
    flows = ["start -> a", "a -> b [x > 0]", "a -> c", "b -> end", "c -> end"]
    nodes = START + users("a", "b", "c") + END
    assert Run(draw(nodes, *flows), x=0).complete("a").waiting == ["c"]
    assert Run(draw(nodes, *flows), x=1).complete("a").waiting == ["b", "c"]


def test_conditions_of_an_exclusive_gateway_are_tried_in_the_order_of_the_file() -> None:
    nodes = START + '<exclusiveGateway id="g" default="g_c"/>' + users("c", "b", "a") + END
    flows = ["start -> g", "g -> b [x > 1]", "g -> a [x > 0]", "g -> c", "a -> end", "b -> end", "c -> end"]
    assert [Run(draw(nodes, *flows), x=x).waiting for x in (2, 1, 0)] == [["b"], ["a"], ["c"]]


def test_two_flows_to_the_same_join_are_two_tokens() -> None:
    nodes = START + '<parallelGateway id="s"/><parallelGateway id="j"/>' + users("a", "b") + END
    flows = ["start -> s", "s -> j as one", "s -> j as two", "s -> a", "a -> j", "j -> b", "b -> end"]
    run = Run(draw(nodes, *flows))
    assert run.waiting == ["a"]
    assert run.complete("a").complete_all().done.count("b") == 1 and run.ended


def test_a_gateway_joins_and_splits_at_once() -> None:
    nodes = START + '<parallelGateway id="s"/><parallelGateway id="g"/>' + users("a", "b", "c", "d") + END
    flows = ["start -> s", "s -> a", "s -> b", "a -> g", "b -> g", "g -> c", "g -> d", "c -> end", "d -> end"]
    run = Run(draw(nodes, *flows)).complete("a")
    assert run.waiting == ["b"]
    assert run.complete("b").waiting == ["c", "d"]


def test_abstract_and_manual_tasks_pass_by_themselves() -> None:
    run = Run(chain('<task id="a"/>', '<manualTask id="b"/>'))
    assert run.done == ["start", "a", "b", "end"] and run.ended


def test_open_ends_end_the_process() -> None:
    run = Run(draw(START + users("a", "b"), "start -> a", "start -> b"))
    assert run.complete("a").ended is False
    assert run.complete("b").ended


def test_a_process_without_start_begins_at_what_nothing_enters() -> None:
    assert Run(draw(users("a", "b", "c"), "a -> c")).waiting == ["a", "b"]


def test_a_sub_process_without_start_and_end_runs_its_tasks() -> None:
    run = Run(
        draw(
            START + '<subProcess id="sub">' + users("a", "b") + "</subProcess>" + END,
            "start -> sub",
            "sub -> end",
        )
    )
    assert run.waiting == ["a", "b"]
    assert run.complete("a").complete("b").ended and run.done[-1] == "end"


SEVERAL = (
    START + '<startEvent id="asked"><messageEventDefinition messageRef="m"/></startEvent>'
    '<startEvent id="due"><timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition></startEvent>'
    + users("a", "b", "c") + END
)  # fmt: skip


@pytest.mark.parametrize(("start", "task"), [("start", "a"), ("asked", "b"), ("due", "c")])
def test_of_several_starts_the_one_that_happened_begins(start: str, task: str) -> None:
    flows = ["start -> a", "asked -> b", "due -> c", "a -> end", "b -> end", "c -> end"]
    run = Run(draw(SEVERAL, *flows, roots='<message id="m" name="ask"/>'), start_event=start)
    assert (run.waiting, run.done) == ([task], [start])


def test_a_single_message_start_does_not_wait_again() -> None:
    nodes = '<startEvent id="asked"><messageEventDefinition messageRef="m"/></startEvent>' + users("a")
    assert Run(draw(nodes, "asked -> a", roots='<message id="m" name="ask"/>')).waiting == ["a"]


def test_links_lead_on_where_they_are_caught() -> None:
    nodes = (
        START
        + users("a", "b")
        + '<intermediateThrowEvent id="off"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="on"><linkEventDefinition name="L"/></intermediateCatchEvent>'
    )
    run = Run(draw(nodes, "start -> a", "a -> off", "on -> b"))
    assert run.complete("a").waiting == ["b"]
    assert run.done == ["start", "a", "off", "on"] and run.complete("b").ended


@pytest.mark.parametrize(
    ("before", "x", "rounds"), [(False, 9, 1), (True, 9, 0), (False, 0, 3), (True, 0, 3)]
)
def test_a_loop_marker_repeats_the_task_while_its_condition_holds(before: bool, x: int, rounds: int) -> None:
    condition = "<loopCondition>${x &lt; 3}</loopCondition></standardLoopCharacteristics>"
    marker = f'<standardLoopCharacteristics testBefore="{str(before).lower()}">{condition}'
    run = Run(chain(f'<userTask id="a">{marker}</userTask>'), x=x)
    count = 0
    while run.waiting:
        count += 1
        run.complete("a", x=x + count)
    assert (count, run.ended) == (rounds, True)


TIMER = "<timerEventDefinition><timeDuration>P99D</timeDuration></timerEventDefinition>"


def test_an_event_definition_defined_elsewhere_is_used() -> None:
    nodes = (
        START
        + '<intermediateCatchEvent id="wait"><eventDefinitionRef>d</eventDefinitionRef></intermediateCatchEvent>'
        + END
    )
    roots = '<message id="m" name="go"/><messageEventDefinition id="d" messageRef="m"/>'
    run = Run(draw(nodes, "start -> wait", "wait -> end", roots=roots))
    assert not run.ended and run.send("go").ended


def test_a_signal_end_event_is_thrown() -> None:
    nodes = START + '<endEvent id="told"><signalEventDefinition signalRef="s"/></endEvent>'
    run = Run(draw(nodes, "start -> told", roots='<signal id="s" name="issued"/>'))
    assert run.ended and run.thrown == ["issued"] and run.done == ["start", "told"]


def test_data_objects_are_drawing_and_take_no_variables_away() -> None:
    nodes = (
        START + '<dataObject id="d"/><dataObjectReference id="draft" dataObjectRef="d"/>'
        '<userTask id="a"><property id="pr"/><dataInputAssociation id="i"><sourceRef>draft</sourceRef>'
        "<targetRef>pr</targetRef></dataInputAssociation></userTask>"
        '<scriptTask id="b"><script>y = x + 1</script></scriptTask>' + END
    )
    run = Run(draw(nodes, "start -> a", "a -> b", "b -> end"), x=1).complete("a")
    assert run.ended and run.instance.variables["y"] == 2


def boundary(kind: str, interrupting: str = "true", host: str = "sub") -> str:
    return f'<boundaryEvent id="caught" attachedToRef="{host}" cancelActivity="{interrupting}">{kind}</boundaryEvent>'


def inside(end: str) -> str:
    return (
        '<subProcess id="sub"><startEvent id="s"/><userTask id="a"/>'
        + end
        + '<sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e"/></subProcess>'
    )


def test_an_error_end_leaves_by_the_error_boundary() -> None:
    error = '<errorEventDefinition errorRef="err"/>'
    nodes = START + inside(f'<endEvent id="e">{error}</endEvent>') + boundary(error) + users("b", "c") + END
    flows = ["start -> sub", "sub -> b", "caught -> c", "b -> end", "c -> end"]
    run = Run(draw(nodes, *flows, roots='<error id="err" errorCode="refused"/>')).complete("a")
    assert run.waiting == ["c"] and run.complete("c").ended


def test_an_escalation_goes_beside_the_work_that_goes_on() -> None:
    escalation = '<escalationEventDefinition escalationRef="esc"/>'
    throw = (
        f'<intermediateThrowEvent id="e">{escalation}</intermediateThrowEvent><userTask id="d"/>'
        '<sequenceFlow id="f3" sourceRef="e" targetRef="d"/>'
    )
    nodes = START + inside(throw) + boundary(escalation, "false") + users("b", "c") + END
    flows = ["start -> sub", "sub -> b", "caught -> c", "b -> end", "c -> end"]
    run = Run(draw(nodes, *flows, roots='<escalation id="esc" escalationCode="late"/>')).complete("a")
    assert "c" in run.waiting and run.complete_all().ended
    assert run.done.count("b") == 1 and run.done.count("d") == 1


@pytest.mark.parametrize(("interrupting", "waiting"), [("true", ["b"]), ("false", ["a", "b"])])
def test_a_boundary_event_interrupts_or_runs_beside(interrupting: str, waiting: list[str]) -> None:
    message = '<messageEventDefinition messageRef="m"/>'
    nodes = START + users("a", "b") + boundary(message, interrupting, host="a") + END
    run = Run(
        draw(
            nodes, "start -> a", "caught -> b", "a -> end", "b -> end", roots='<message id="m" name="call"/>'
        )
    )
    assert run.send("call").waiting == waiting
    assert run.complete_all().ended


def test_a_boundary_event_with_two_flows_starts_both() -> None:
    message = '<messageEventDefinition messageRef="m"/>'
    nodes = START + users("a", "b", "c") + boundary(message, host="a") + END
    flows = ["start -> a", "caught -> b", "caught -> c", "a -> end", "b -> end", "c -> end"]
    run = Run(draw(nodes, *flows, roots='<message id="m" name="call"/>'))
    assert run.send("call").waiting == ["b", "c"]


def test_an_event_gateway_takes_the_event_that_comes_first() -> None:
    nodes = (
        START + '<eventBasedGateway id="g"/><receiveTask id="r" messageRef="m"/>'
        '<intermediateCatchEvent id="sig"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>'
        + users("a", "b", "c")
    )
    flows = ["start -> g", "g -> r", "g -> sig", "r -> a", "sig -> b", "sig -> c"]
    roots = '<message id="m" name="go"/><signal id="s" name="stop"/>'
    assert Run(draw(nodes, *flows, roots=roots)).send("go").waiting == ["a"]
    assert Run(draw(nodes, *flows, roots=roots)).send("stop").waiting == ["b", "c"]


def test_a_terminate_end_stops_everything() -> None:
    nodes = START + users("a", "b") + '<endEvent id="stop"><terminateEventDefinition/></endEvent>' + END
    run = Run(draw(nodes, "start -> a", "start -> b", "a -> stop", "b -> end")).complete("a")
    assert run.ended and run.waiting == []


@pytest.mark.parametrize(("x", "ways"), [(1, ["a"]), (2, ["a", "b"])])
def test_an_inclusive_join_waits_for_the_ways_that_were_taken(x: int, ways: list[str]) -> None:
    nodes = START + '<inclusiveGateway id="s"/><inclusiveGateway id="j"/>' + users("a", "b", "c") + END
    flows = ["start -> s", "s -> a [x > 0]", "s -> b [x > 1]", "a -> j", "b -> j", "j -> c", "c -> end"]
    run = Run(draw(nodes, *flows), x=x)
    for way in ways:
        assert "c" not in run.waiting
        run.complete(way)
    assert run.waiting == ["c"] and run.complete("c").ended


def test_a_loop_through_a_split_and_join_can_be_walked_again() -> None:
    nodes = (
        START + '<exclusiveGateway id="back"/><parallelGateway id="s"/><parallelGateway id="j"/>'
        '<exclusiveGateway id="again" default="again_end"/>' + users("a", "b") + END
    )
    flows = ["start -> back", "back -> s", "s -> a", "s -> b", "a -> j", "b -> j", "j -> again",
             "again -> back [x < 3]", "again -> end"]  # fmt: skip
    run = Run(draw(nodes, *flows), x=0)
    for x in (1, 2, 3):
        assert run.waiting == ["a", "b"]
        run.complete("a", x=x).complete("b", x=x)
    assert run.ended


def test_processes_that_are_only_drawn_are_left_out() -> None:
    data = file(process(START + END, "start -> end"), process(users("x"), key="other", executable="false"))
    assert [node.get("id") for node in normalise(read_diagram(data)).iter("{*}process")] == ["p"]


def test_the_drawing_itself_stays_as_it_was() -> None:
    diagram = read_diagram(draw(START + users("a", "b"), "start -> a", "start -> b"))
    normalise(diagram)
    assert len(list(diagram.tree.iter("{*}BPMNShape"))) == 3
    assert not [node for node in diagram.tree.iter() if (node.get("id") or "").startswith("_n_")]


def test_a_loop_that_only_a_boundary_event_leaves_runs() -> None:
    nodes = START + users("a", "b") + boundary('<messageEventDefinition messageRef="m"/>', host="b") + END
    run = Run(
        draw(nodes, "start -> a", "a -> b", "b -> a", "caught -> end", roots='<message id="m" name="stop"/>')
    )
    assert run.complete("a").complete("b").complete("a").waiting == ["b"]
    assert run.flows.count("b_a") == 1
    assert run.send("stop").ended


def test_an_event_gateway_can_be_come_to_again() -> None:
    wait = '<intermediateCatchEvent id="w"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>'
    nodes = (
        START + '<eventBasedGateway id="g"/><receiveTask id="r" messageRef="m"/>' + wait + users("a") + END
    )
    roots = '<message id="m" name="go"/><signal id="s" name="stop"/>'
    run = Run(draw(nodes, "start -> g", "g -> r", "g -> w", "r -> a", "a -> g", "w -> end", roots=roots))
    assert run.send("go").complete("a").send("go").waiting == ["a"]
    assert run.complete("a").send("stop").ended


def test_a_message_beside_a_task_can_come_again_and_again() -> None:
    nodes = (
        START
        + users("a", "b")
        + boundary('<messageEventDefinition messageRef="m"/>', "false", host="a")
        + END
    )
    run = Run(
        draw(
            nodes, "start -> a", "caught -> b", "a -> end", "b -> end", roots='<message id="m" name="call"/>'
        )
    )
    assert run.send("call").send("call").waiting == ["a", "b", "b"]
    assert run.complete_all().ended
