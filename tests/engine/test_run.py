"""What a diagram does when it runs: each case ends every command with a freeze and a thaw."""

import json
from typing import Any

import pytest

from tests.engine.drawing import NOW, Run, element, in_another_process, process
from workflow_service.domain.errors import Conflict
from workflow_service.engine.program import Program
from workflow_service.engine.run import Instance

START, END = element("startEvent"), element("endEvent")
USER = element("userTask")


def test_a_token_waits_at_each_user_task_and_its_submission_becomes_a_variable() -> None:
    run = Run({"main": process({"start": START, "a": USER, "b": USER, "end": END}, "start > a > b > end")})
    assert run.waiting == ["a"]
    run.complete("a", {"outcome": "agree"})
    assert run.waiting == ["b"] and run.variables["a"] == {"outcome": "agree"}
    assert run.complete("b").completed and run.step.outcome == "end"
    assert run.flows == ["start_a", "a_b", "b_end"]


@pytest.mark.parametrize(("outcome", "reached"), [("yes", "b"), ("no", "c"), ("else", "c")])
def test_an_exclusive_gateway_takes_the_first_true_condition_or_the_default(
    outcome: str, reached: str
) -> None:
    elements = {
        "start": START,
        "a": USER,
        "x": element("exclusiveGateway", default="x_c"),
        "b": USER,
        "c": USER,
        "end": END,
    }
    main = process(
        elements, "start > a > x > b > end", "x > c > end", conditions={"x_b": 'a.outcome == "yes"'}
    )
    run = Run({"main": main})
    run.complete("a", {"outcome": outcome})
    assert run.waiting == [reached] and f"x_{reached}" in run.flows


def test_a_gateway_without_a_true_condition_is_an_incident_and_goes_on_after_a_retry() -> None:
    elements = {"start": START, "a": USER, "x": element("exclusiveGateway"), "b": USER, "c": USER, "end": END}
    conditions = {"x_b": 'a.outcome == "yes"', "x_c": 'a.outcome == "no"'}
    run = Run({"main": process(elements, "start > a > x > b > end", "x > c > end", conditions=conditions)})
    step = run.complete("a", {"outcome": "?"})
    assert [trouble.place.element_id for trouble in step.troubles] == ["x"] and not step.stalled
    run.instance.renew("a", {"outcome": "no"})
    run.instance.retry(step.troubles[0].place.token)
    run._settle()
    assert run.waiting == ["c"]


def test_parallel_branches_see_one_anothers_results_and_join_once() -> None:
    fork, join = element("parallelGateway"), element("parallelGateway")
    elements = {"start": START, "fork": fork, "a": USER, "b": USER, "join": join, "c": USER, "end": END}
    run = Run({"main": process(elements, "start > fork > a > join > c > end", "fork > b > join")})
    assert run.waiting == ["a", "b"]
    run.complete("b", {"n": 1})
    assert run.waiting == ["a"] and run.instance.variables_at(run.token("a"))["b"] == {"n": 1}
    run.complete("a")
    assert run.waiting == ["c"]
    assert {"fork_a", "fork_b", "a_join", "b_join", "join_c"} <= set(run.flows)


def test_an_inclusive_gateway_joins_only_the_branches_that_were_taken() -> None:
    gate = element("inclusiveGateway", default="gate_c")
    elements = {
        "start": START,
        "gate": gate,
        "a": USER,
        "b": USER,
        "c": USER,
        "join": element("inclusiveGateway"),
        "end": END,
    }
    conditions = {"gate_a": "n > 0", "gate_b": "n > 1"}
    ways = ("start > gate > a > join > end", "gate > b > join", "gate > c > join")
    run = Run({"main": process(elements, *ways, conditions=conditions)}, {"n": 2})
    assert run.waiting == ["a", "b"]
    assert not run.complete("a").completed
    assert run.complete("b").completed
    assert Run({"main": process(elements, *ways, conditions=conditions)}, {"n": 0}).waiting == ["c"]


def multi(**more: Any) -> dict[str, Any]:
    rule = {
        "collection": "units",
        "cardinality": None,
        "variable": "unit",
        "output": "opinions",
        "sequential": False,
    }
    return rule | {"condition": None} | more


def test_a_parallel_multi_instance_collects_results_in_the_order_of_the_items() -> None:
    elements = {
        "start": START,
        "ask": element("userTask", multi=multi(), attrs={"candidateGroups": "${unit}:handler"}),
        "end": END,
    }
    run = Run({"main": process(elements, "start > ask > end")}, {"units": ["u1", "u2", "u3"]})
    assert [task.attributes["candidateGroups"] for task in run.step.human_tasks] == [
        "u1:handler",
        "u2:handler",
        "u3:handler",
    ]
    run.complete("ask", {"o": 3}, unit="u3")
    run.complete("ask", {"o": 1}, unit="u1")
    assert [one["item"] for one in run.variables["opinions"]] == ["u1", "u3"]
    assert run.complete("ask", {"o": 2}, unit="u2").completed
    assert run.variables["opinions"] == [
        {"item": "u1", "o": 1},
        {"item": "u2", "o": 2},
        {"item": "u3", "o": 3},
    ]


def test_a_sequential_multi_instance_asks_one_after_another() -> None:
    elements = {"start": START, "ask": element("userTask", multi=multi(sequential=True)), "end": END}
    run = Run({"main": process(elements, "start > ask > end")}, {"units": ["u1", "u2"]})
    assert run.waiting == ["ask"]
    run.complete("ask", unit="u1")
    assert run.waiting == ["ask"] and run.token("ask", unit="u2")
    assert run.complete("ask").completed


def test_a_completion_condition_ends_the_others() -> None:
    rule = multi(condition="nrOfCompletedInstances / nrOfInstances >= 0.5")
    run = Run(
        {
            "main": process(
                {"start": START, "ask": element("userTask", multi=rule), "end": END}, "start > ask > end"
            )
        },
        {"units": [1, 2, 3, 4]},
    )
    run.complete("ask")
    assert run.complete("ask").completed
    assert run.history.count(("cancelled", "ask")) == 2


def test_an_empty_collection_passes_at_once() -> None:
    run = Run(
        {
            "main": process(
                {"start": START, "ask": element("userTask", multi=multi()), "end": END}, "start > ask > end"
            )
        },
        {"units": []},
    )
    assert run.step.completed and run.variables["opinions"] == []


def test_a_second_pass_through_a_multi_instance_starts_afresh() -> None:
    elements = {
        "start": START, "ask": element("userTask", multi=multi()), "judge": USER,
        "x": element("exclusiveGateway", default="x_end"), "end": END,
    }  # fmt: skip
    main = process(
        elements, "start > ask > judge > x > end", "x > ask", conditions={"x_ask": 'judge.outcome == "again"'}
    )
    run = Run({"main": main}, {"units": ["u1", "u2"]})
    for _round in range(3):
        run.complete("ask", unit="u1")
        run.complete("ask", unit="u2")
        assert len(run.variables["opinions"]) == 2
        run.complete("judge", {"outcome": "again"})
        assert run.waiting == ["ask", "ask"]


def call(**more: Any) -> dict[str, Any]:
    return (
        element(
            "callActivity",
            called="sub",
            mapping={"in": {"given": "wanted"}, "out": {"got": "a.n"}, "candidates": []},
        )
        | more
    )


SUB = process({"start": START, "a": USER, "end": END}, "start > a > end")


def test_a_called_process_gets_its_declared_inputs_and_gives_its_declared_outputs_and_nothing_else() -> None:
    main = process({"start": START, "c": call(), "end": END}, "start > c > end")
    run = Run({"main": main, "sub": SUB}, {"wanted": 7, "secret": 1, "plan": {"id": 1}})
    assert run.instance.variables_at(run.token("a")) == {"given": 7, "plan": {"id": 1}}
    assert run.complete("a", {"n": 5, "x": 9}).completed
    assert run.variables == {"wanted": 7, "secret": 1, "plan": {"id": 1}, "got": 5}


def test_a_process_chosen_at_run_time_must_be_among_those_pinned() -> None:
    chosen = call(called="${route}", mapping={"in": {}, "out": {}, "candidates": ["sub"]})
    main = process({"start": START, "c": chosen, "end": END}, "start > c > end")
    assert Run({"main": main, "sub": SUB}, {"route": "sub"}).waiting == ["a"]
    run = Run({"main": main, "sub": SUB}, {"route": "main"})
    assert run.waiting == [] and run.step.troubles[0].place.element_id == "c"


def test_a_called_process_runs_once_for_each_item() -> None:
    main = process(
        {
            "start": START,
            "c": call(
                multi=multi(output="all"),
                mapping={"in": {"who": "unit"}, "out": {"n": "a.n"}, "candidates": []},
            ),
            "end": END,
        },
        "start > c > end",
    )
    run = Run({"main": main, "sub": SUB}, {"units": ["u1", "u2"]})
    assert run.waiting == ["a", "a"]
    run.complete("a", {"n": 1})
    assert run.complete("a", {"n": 2}).completed
    assert run.variables["all"] == [{"item": "u1", "n": 1}, {"item": "u2", "n": 2}]


def test_an_embedded_sub_process_shares_its_parents_variables() -> None:
    elements = {
        "start": START, "box": element("subProcess"), "end": END,
        "s": START | {"parent": "box"}, "a": USER | {"parent": "box"}, "e": END | {"parent": "box"}, "b": USER,
    }  # fmt: skip
    run = Run({"main": process(elements, "start > box > b > end", "s > a > e")}, {"n": 1})
    run.complete("a", {"n": 2})
    assert run.waiting == ["b"] and run.variables["a"] == {"n": 2}


def guarded(
    event: dict[str, Any], interrupting: bool = True, host: dict[str, Any] | None = None
) -> dict[str, Any]:
    elements = {
        "start": START, "a": host or USER, "end": END, "late": USER, "end2": END,
        "edge": element("boundaryEvent", attached_to="a", interrupting=interrupting, event=event),
    }  # fmt: skip
    return process(elements, "start > a > end", "edge > late > end2")


TIMER = {"kind": "timer", "timer": "duration", "rule": "P5D"}


def test_an_interrupting_timer_takes_the_task_away() -> None:
    run = Run({"main": guarded(TIMER)})
    assert run.waiting == ["a", "edge"] and run.step.timers[0].rule == "P5D"
    run.fire("edge")
    assert run.waiting == ["late"] and ("cancelled", "a") in run.history
    assert run.complete("late").completed


def test_a_non_interrupting_timer_leaves_the_task_and_a_cycle_waits_again() -> None:
    run = Run({"main": guarded({"kind": "timer", "timer": "cycle", "rule": "R3/P1D"}, interrupting=False)})
    run.fire("edge", remaining=2)
    assert run.waiting == ["a", "edge", "late"]
    run.complete("a")
    assert run.waiting == ["late"]
    assert run.complete("late").completed


def test_a_way_behind_an_event_that_does_not_interrupt_may_come_to_the_same_task_again() -> None:
    """What begins there has boundary events of its own; the end of the first leaves them alone, and the run still ends."""
    timer = element("boundaryEvent", attached_to="b", interrupting=False, event=TIMER)
    elements = {"start": START, "b": USER, "t": timer, "late": USER, "end": END}
    run = Run({"main": process(elements, "start > b > end", "t > late > b")})
    run.fire("t")
    run.complete("late")
    assert run.waiting == ["b", "b", "t"]
    run.complete("b")
    run.complete("b")
    assert run.step.completed and run.waiting == []


def test_a_finished_task_ends_its_boundary_events() -> None:
    run = Run({"main": guarded(TIMER)})
    assert run.complete("a").completed and ("cancelled", "edge") in run.history


def test_a_message_at_the_edge_brings_its_payload() -> None:
    run = Run({"main": guarded({"kind": "message", "name": "stop", "correlation": None})})
    assert run.step.events[0].correlation_key == "1"
    run.fire("edge", {"why": "x"})
    assert run.variables["edge"] == {"why": "x"} and run.waiting == ["late"]


def test_an_error_end_inside_a_called_process_is_caught_at_its_edge_and_only_there() -> None:
    failing = process(
        {
            "start": START,
            "a": USER,
            "end": element("endEvent", event={"kind": "error", "code": "E1", "name": "refused"}),
        },
        "start > a > end",
    )
    run = Run(
        {"main": guarded({"kind": "error", "code": "E1", "name": "x"}, host=call()), "sub": failing},
        {"wanted": 1},
    )
    assert run.waiting == ["a"]
    run.complete("a", {"n": 1})
    assert run.waiting == ["late"] and "a_end" not in [f for f in run.flows if f == "main"]
    assert run.complete("late").completed and run.history.count(("completed", "end")) == 1


def test_an_event_based_gateway_goes_where_the_first_event_comes_from() -> None:
    elements = {
        "start": START, "g": element("eventBasedGateway"), "end": END, "a": USER, "b": USER,
        "m": element("intermediateCatchEvent", event={"kind": "message", "name": "go", "correlation": "key"}),
        "t": element("intermediateCatchEvent", event=TIMER),
    }  # fmt: skip
    main = process(elements, "start > g > m > a > end", "g > t > b > end")
    run = Run({"main": main}, {"key": 42})
    assert run.waiting == ["m", "t"] and run.step.events[0].correlation_key == "42"
    run.fire("t")
    assert run.waiting == ["b"] and ("cancelled", "m") in run.history


def test_a_thrown_message_is_told_with_its_key_and_the_token_goes_on() -> None:
    elements = {
        "start": START,
        "send": element("sendTask", event={"kind": "message", "name": "hello", "correlation": "to"}),
        "end": END,
    }
    run = Run({"main": process(elements, "start > send > end")}, {"to": "x9"})
    assert run.step.completed
    assert [(one.name, one.correlation_key) for one in run.step.thrown] == [("hello", "x9")]


def test_a_terminate_end_ends_everything() -> None:
    elements = {
        "start": START,
        "f": element("parallelGateway"),
        "a": USER,
        "b": USER,
        "stop": element("endEvent", event={"kind": "terminate"}),
        "end": END,
    }
    run = Run({"main": process(elements, "start > f > a > stop", "f > b > end")})
    assert run.complete("a").completed and ("cancelled", "b") in run.history


def test_a_script_sets_variables_and_a_failing_one_is_an_incident_that_leaves_other_branches() -> None:
    elements = {
        "start": START,
        "f": element("parallelGateway"),
        "s": element("scriptTask", script="n = m + 1"),
        "b": USER,
        "j": element("parallelGateway"),
        "end": END,
    }
    main = process(elements, "start > f > s > j > end", "f > b > j")
    run = Run({"main": main}, {"m": 1})
    assert run.variables["n"] == 2
    broken = Run({"main": main})
    assert broken.waiting == ["b"] and broken.step.troubles[0].place.element_id == "s"
    assert not broken.complete("b").stalled


def test_two_flows_between_the_same_elements_are_told_apart() -> None:
    elements = {"start": START, "x": element("exclusiveGateway"), "a": USER, "end": END}
    main = process(elements, "start > x > a > end", "x > a", conditions={"x_a": "n == 1", "x_ax": "n == 2"})
    for n, flow in ((1, "x_a"), (2, "x_ax")):
        run = Run({"main": main}, {"n": n})
        assert (
            run.waiting == ["a"]
            and flow in run.flows
            and len([f for f in run.flows if f.startswith("x_a")]) == 1
        )


def test_a_token_that_is_used_up_is_refused() -> None:
    run = Run({"main": process({"start": START, "a": USER, "b": USER, "end": END}, "start > a > b > end")})
    token = run.token("a")
    run.complete("a")
    with pytest.raises(Conflict):
        run.instance.complete(token, {})


LOOP = process(
    {
        "start": START, "f": element("parallelGateway"), "a": USER, "x": element("exclusiveGateway", default="x_j"),
        "b": USER, "j": element("parallelGateway"), "c": USER, "end": END,
    },
    "start > f > a > x > j > c > end", "x > a", "f > b > j",
    conditions={"x_a": "a.again"},
)  # fmt: skip


def test_fifteen_hundred_rounds_of_a_loop_stay_small_and_the_later_join_fires() -> None:
    run = Run({"main": LOOP})
    sizes = []
    for _round in range(1500):
        run.complete("a", {"again": True})
        sizes.append(len(run.instance.freeze()))
    assert max(sizes[10:]) <= 1.5 * sizes[10]
    run.complete("a", {"again": False})
    run.complete("b")
    assert run.waiting == ["c"]


def test_a_frozen_instance_goes_on_in_another_process() -> None:
    bundle = {"root": "main", "processes": {"main": LOOP}, "decisions": {}}
    program = Program(bundle)
    instance = Instance.start(program, {}, "1", NOW)
    tokens = {one.place.element_id: str(one.place.token) for one in instance.collect().human_tasks}
    code = (
        "import sys, json; from uuid import UUID; from datetime import datetime, UTC\n"
        "from workflow_service.engine.program import Program; from workflow_service.engine.run import Instance\n"
        "bundle, blob, a, b = json.loads(sys.argv[1]), bytes.fromhex(sys.argv[2]), UUID(sys.argv[3]), UUID(sys.argv[4])\n"
        "instance = Instance.thaw(Program(bundle), blob, '1', datetime.now(UTC))\n"
        "instance.complete(b, {}); instance.collect(); instance.complete(a, {'again': False})\n"
        "print([one.place.element_id for one in instance.collect().human_tasks])"
    )
    printed = in_another_process(code, json.dumps(bundle), instance.freeze().hex(), tokens["a"], tokens["b"])
    assert printed == "['c']"
