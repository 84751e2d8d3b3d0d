"""Going back, putting elsewhere and taking back, across every shape of diagram; each command ends with a freeze and a thaw."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.drawing import Run, element, process
from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.engine.navigate import Assumed

START, END, USER = element("startEvent"), element("endEvent"), element("userTask")
FORK, MERGE = element("parallelGateway"), element("inclusiveGateway")


def users(*keys: str) -> dict[str, Any]:
    return {"start": START, "end": END, **dict.fromkeys(keys, USER)}


def multi(sequential: bool = False, condition: str | None = None) -> dict[str, Any]:
    return {
        "collection": "units", "cardinality": None, "variable": "unit", "output": "opinions", "sequential": sequential,
        "condition": condition,
    }  # fmt: skip


def parallel(**more: Any) -> Run:
    """start > s > fork > (a1 > a2 | b) > join > c > d > end."""
    elements = users("s", "a1", "a2", "b", "c", "d") | {"fork": FORK, "join": FORK} | more
    return Run(
        {"main": process(elements, "start > s > fork > a1 > a2 > join > c > d > end", "fork > b > join")}
    )


def test_in_a_row_the_steps_between_are_done_again() -> None:
    run = Run({"main": process(users("a", "b", "c"), "start > a > b > c > end")})
    run.complete("a", {"n": 1})
    run.complete("b")
    assert [stop.element_id for stop in run.instance.stops(run.token("c"))] == ["b", "a"]
    step = run.go_back("c", "a")
    assert run.waiting == ["a"] and [one.element_id for one in run.ended(step)] == ["c"]
    assert run.variables["a"] == {"n": 1}
    run.complete("a")
    assert run.waiting == ["b"]
    run.complete("b")
    assert run.complete("c").completed


def test_what_never_ran_is_no_place_to_return_to() -> None:
    elements = users("a", "b", "c") | {"x": element("exclusiveGateway", default="x_c")}
    main = process(elements, "start > a > x > c > end", "x > b > c", conditions={"x_b": "false"})
    run = Run({"main": main})
    run.complete("a")
    assert [stop.element_id for stop in run.instance.stops(run.token("c"))] == ["a"]
    token = run.token("c")
    with pytest.raises(InvalidInput):
        run.instance.go_back(token, token)


def test_inside_a_branch_the_other_branch_goes_on_undisturbed() -> None:
    run = parallel()
    run.complete("s")
    run.complete("a1")
    b = run.token("b")
    run.go_back("a2", "a1")
    assert run.waiting == ["a1", "b"] and run.token("b") == b
    for key in ("b", "a1", "a2"):
        run.complete(key)
    assert run.waiting == ["c"]


def test_out_of_a_branch_the_other_branches_end_and_the_split_runs_anew() -> None:
    run = parallel()
    run.complete("s")
    run.complete("a1")
    step = run.go_back("a2", "s")
    assert run.waiting == ["s"] and {one.element_id for one in run.ended(step)} == {"a2", "b"}
    run.complete("s")
    assert run.waiting == ["a1", "b"]


def test_out_of_a_branch_a_token_that_waited_at_the_join_is_forgotten() -> None:
    run = parallel()
    run.complete("s")
    run.complete("b")
    run.complete("a1")
    run.go_back("a2", "s")
    run.complete("s")
    run.complete("a1")
    run.complete("a2")
    assert run.waiting == ["b"]
    run.complete("b")
    assert run.waiting == ["c"]


@pytest.mark.parametrize("order", [("a1", "a2", "b"), ("b", "a1", "a2"), ("a1", "b", "a2")])
@pytest.mark.parametrize("target", ["a1", "a2", "b"])
def test_from_behind_a_join_into_one_branch_the_others_keep_their_result(
    order: tuple[str, ...], target: str
) -> None:
    run = parallel()
    run.complete("s")
    for key in order:
        run.complete(key)
    run.complete("c")
    assert {stop.element_id for stop in run.instance.stops(run.token("d"))} == {"c", "a1", "a2", "b", "s"}
    run.go_back("d", target)
    assert run.waiting == [target]
    assert [(wait.element_id, wait.missing) for wait in run.instance.joins()] == [
        ("join", ("b",) if target == "b" else ("a2",))
    ]
    run.complete(target)
    if target == "a1":
        run.complete("a2")
    assert run.waiting == ["c"]
    run.complete("c")
    assert run.complete("d").completed


def test_two_returns_into_both_branches_make_the_join_wait_for_both() -> None:
    run = parallel()
    run.complete("s")
    for key in ("a1", "a2", "b"):
        run.complete(key)
    run.go_back("c", "b")
    run.complete("b")
    run.go_back("c", "a2")
    run.complete("a2")
    run.go_back("c", "s")
    run.complete("s")
    assert run.waiting == ["a1", "b"]
    for key in ("b", "a1", "a2", "c"):
        run.complete(key)
    assert run.complete("d").completed


def test_across_an_inclusive_join_only_the_branches_taken_count() -> None:
    elements = users("s", "a", "b", "z", "c") | {
        "fork": element("inclusiveGateway", default="fork_z"),
        "join": MERGE,
    }
    main = process(
        elements, "start > s > fork > a > join > c > end", "fork > b > join", "fork > z > join",
        conditions={"fork_a": "true", "fork_b": "true"},
    )  # fmt: skip
    run = Run({"main": main})
    run.complete("s")
    run.complete("b")
    run.complete("a")
    run.go_back("c", "a")
    assert run.waiting == ["a"]
    assert [(wait.arrived, wait.missing) for wait in run.instance.joins()] == [(("b",), ("a",))]
    run.complete("a")
    assert run.waiting == ["c"]
    run.go_back("c", "s")
    run.complete("s")
    assert run.waiting == ["a", "b"]


def test_nested_blocks_are_undone_through_both_joins() -> None:
    elements = users("a", "b", "x", "y", "c") | {"f1": FORK, "f2": FORK, "j1": FORK, "j2": FORK}
    main = process(
        elements, "start > f1 > a > f2 > x > j2 > j1 > c > end", "f2 > y > j2", "f1 > b > j1",
    )  # fmt: skip
    for order in (["b", "a", "x", "y"], ["a", "y", "x", "b"], ["a", "x", "b", "y"]):
        run = Run({"main": main})
        for key in order:
            run.complete(key)
        run.go_back("c", "x")
        assert run.waiting == ["x"]
        assert run.complete("x") and run.waiting == ["c"]
        run.go_back("c", "a")
        assert run.waiting == ["a"]
        run.complete("a")
        assert run.waiting == ["x", "y"]
        run.complete("y")
        run.complete("x")
        assert run.waiting == ["c"]


def countersign(**rule: Any) -> Run:
    elements = users("s", "c") | {"ask": element("userTask", multi=multi(**rule))}
    return Run({"main": process(elements, "start > s > ask > c > end")}, {"units": ["u1", "u2", "u3"]})


@pytest.mark.parametrize("sequential", [False, True])
def test_a_signer_who_returns_ends_the_whole_countersignature(sequential: bool) -> None:
    run = countersign(sequential=sequential)
    run.complete("s")
    run.complete("ask", unit="u1")
    run.go_back("ask", "s")
    assert run.waiting == ["s"]
    run.complete("s")
    assert run.waiting == (["ask"] if sequential else ["ask"] * 3)


@pytest.mark.parametrize("sequential", [False, True])
def test_back_to_a_countersignature_all_are_asked_again(sequential: bool) -> None:
    run = countersign(sequential=sequential)
    run.complete("s")
    for unit in ("u1", "u2", "u3"):
        run.complete("ask", {"outcome": "agree"}, unit=unit)
    stops = run.instance.stops(run.token("c"))
    assert [(stop.element_id, stop.kind) for stop in stops] == [("ask", "countersign"), ("s", "task")]
    run.go_back("c", "ask")
    for unit in ("u1", "u2", "u3"):
        assert "c" not in run.waiting
        run.complete("ask", unit=unit)
    assert run.waiting == ["c"] and len(run.variables["opinions"]) == 3


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("over", [False, True])
def test_a_signer_takes_back_his_own_turn(sequential: bool, over: bool) -> None:
    run = countersign(sequential=sequential)
    run.complete("s")
    token = run.token("ask", unit="u1")
    run.complete("ask", {"n": 1}, unit="u1")
    for unit in ("u2", "u3") if over else ():
        run.complete("ask", {"n": 2}, unit=unit)
    assert (run.waiting == ["c"]) is over
    run.do(lambda: run.instance.retrieve(token))
    assert run.token("ask", unit="u1") != token and "c" not in run.waiting
    run.complete("ask", {"n": 3}, unit="u1")
    while "ask" in run.waiting:
        run.complete("ask", {"n": 2})
    assert run.waiting == ["c"]
    assert [one["n"] for one in run.variables["opinions"]] == [3, 2, 2]


def test_signers_spared_by_the_condition_are_asked_again_when_the_result_is_undone() -> None:
    run = countersign(condition='outcome == "disagree"')
    run.complete("s")
    token = run.token("ask", unit="u2")
    run.complete("ask", {"outcome": "disagree"}, unit="u2")
    assert run.waiting == ["c"]
    run.do(lambda: run.instance.retrieve(token))
    assert run.waiting == ["ask"] * 3


def test_one_more_signer_is_waited_for_and_one_who_has_not_acted_can_be_taken_out() -> None:
    run = countersign()
    run.complete("s")
    run.do(lambda: run.instance.add_signer(run.token("ask", unit="u1"), "u4"))
    assert run.waiting == ["ask"] * 4
    run.complete("ask", unit="u1")
    run.do(lambda: run.instance.remove_signer(run.token("ask", unit="u3")))
    run.complete("ask", unit="u2")
    assert run.waiting == ["ask"]
    run.complete("ask", unit="u4")
    assert run.waiting == ["c"] and [one["item"] for one in run.variables["opinions"]] == ["u1", "u2", "u4"]


def test_taking_out_the_last_who_has_not_acted_finishes_the_countersignature() -> None:
    run = countersign()
    run.complete("s")
    run.complete("ask", unit="u1")
    run.complete("ask", unit="u2")
    run.do(lambda: run.instance.remove_signer(run.token("ask", unit="u3")))
    assert run.waiting == ["c"]


def test_a_sequence_skips_who_was_taken_out_and_asks_who_was_added_last() -> None:
    run = countersign(sequential=True)
    run.complete("s")
    run.do(lambda: run.instance.add_signer(run.token("ask"), "u4"))
    run.do(lambda: run.instance.remove_signer(run.token("ask", unit="u1")))
    for unit in ("u2", "u3", "u4"):
        assert run.waiting == ["ask"]
        run.complete("ask", unit=unit)
    assert run.waiting == ["c"]


def test_a_countersignature_keeps_at_least_one_signer() -> None:
    run = countersign()
    run.complete("s")
    for unit in ("u1", "u2"):
        run.do(lambda unit=unit: run.instance.remove_signer(run.token("ask", unit=unit)))
    with pytest.raises(InvalidInput):
        run.instance.remove_signer(run.token("ask", unit="u3"))


def called() -> Run:
    mapping = {"in": {}, "out": {"got": "y.n"}, "candidates": []}
    call = element("callActivity", called="sub", mapping=mapping)
    main = process(users("a", "c") | {"call": call}, "start > a > call > c > end")
    return Run({"main": main, "sub": process(users("x", "y"), "start > x > y > end")})


def test_out_of_a_called_process_to_a_step_before_it() -> None:
    run = called()
    run.complete("a")
    run.complete("x")
    assert [stop.element_id for stop in run.instance.stops(run.token("y"))] == ["x", "a"]
    run.go_back("y", "x")
    assert run.waiting == ["x"]
    run.complete("x")
    run.go_back("y", "a")
    assert run.waiting == ["a"]
    run.complete("a")
    run.complete("x")
    run.complete("y", {"n": 7})
    assert run.waiting == ["c"] and run.variables["got"] == 7


def test_a_called_process_that_is_over_runs_again_from_its_start() -> None:
    run = called()
    run.complete("a")
    run.complete("x")
    run.complete("y", {"n": 1})
    assert [(stop.element_id, stop.kind) for stop in run.instance.stops(run.token("c"))] == [
        ("call", "process"),
        ("a", "task"),
    ]
    run.go_back("c", "call")
    assert run.waiting == ["x"]
    run.complete("x")
    run.complete("y", {"n": 2})
    assert run.waiting == ["c"] and run.variables["got"] == 2


def embedded() -> Run:
    inner = {key: one | {"parent": "sub"} for key, one in users("x", "y").items()}
    elements = users("a", "c") | {"sub": element("subProcess")}
    elements |= {f"sub_{key}" if key in ("start", "end") else key: one for key, one in inner.items()}
    return Run({"main": process(elements, "start > a > sub > c > end", "sub_start > x > y > sub_end")})


def test_out_of_a_sub_process_and_into_one_that_is_over() -> None:
    run = embedded()
    run.complete("a")
    run.complete("x")
    run.go_back("y", "a")
    run.complete("a")
    run.complete("x")
    run.complete("y")
    run.go_back("c", "sub")
    assert run.waiting == ["x"]


def timed(interrupting: bool) -> Run:
    timer = element(
        "boundaryEvent",
        attached_to="b",
        interrupting=interrupting,
        event={"kind": "timer", "timer": "duration", "rule": "PT1H"},
    )
    main = process(users("a", "b", "c", "late") | {"t": timer}, "start > a > b > c > end", "t > late > end")
    return Run({"main": main})


@pytest.mark.parametrize("interrupting", [False, True])
def test_a_step_returned_from_takes_its_boundary_timer_along_and_starts_it_anew(interrupting: bool) -> None:
    run = timed(interrupting)
    run.complete("a")
    assert run.waiting == ["b", "t"]
    first = run.token("t")
    run.go_back("b", "a")
    assert run.waiting == ["a"]
    run.complete("a")
    assert run.waiting == ["b", "t"] and run.token("t") != first
    run.complete("b")
    assert run.waiting == ["c"]
    run.go_back("c", "b")
    assert run.waiting == ["b", "t"]
    run.fire("t")
    assert run.waiting == (["late"] if interrupting else ["b", "late"])


def test_from_behind_a_boundary_event_back_to_before_its_activity() -> None:
    run = timed(interrupting=False)
    run.complete("a")
    run.fire("t")
    assert [stop.element_id for stop in run.instance.stops(run.token("late"))] == ["a"]
    step = run.go_back("late", "a")
    assert run.waiting == ["a"] and {one.element_id for one in run.ended(step)} == {"b", "late"}


def test_in_a_loop_the_last_round_is_gone_back_to() -> None:
    elements = users("a", "b", "c") | {"x": element("exclusiveGateway", default="x_c")}
    main = process(
        elements, "start > a > b > x > c > end", "x > a", conditions={"x_a": 'b.outcome == "again"'}
    )
    run = Run({"main": main})
    for _round in range(5):
        run.complete("a")
        run.complete("b", {"outcome": "again"})
    run.complete("a")
    run.complete("b", {"outcome": "on"})
    run.go_back("c", "a")
    assert run.waiting == ["a"]
    run.complete("a")
    run.complete("b", {"outcome": "on"})
    assert run.complete("c").completed


def test_a_finished_step_is_taken_back_with_what_came_of_it() -> None:
    run = parallel()
    token = run.token("s")
    run.complete("s", {"n": 1})
    assert {place.element_id for place in run.instance.after(token)} == {"fork", "a1", "b"}
    run.do(lambda: run.instance.retrieve(token))
    assert run.waiting == ["s"]
    with pytest.raises(Conflict):
        run.instance.retrieve(token)


def test_what_a_service_has_done_since_is_told() -> None:
    elements = users("a", "b") | {"w": element("serviceTask", attrs={"topic": "t"})}
    run = Run({"main": process(elements, "start > a > w > b > end")})
    token = run.token("a")
    run.complete("a")
    run.work("w")
    assert [place.element_type for place in run.instance.after(token)] == ["serviceTask", "userTask"]


def test_a_jump_ahead_in_a_row_leaves_out_what_lies_between() -> None:
    run = Run({"main": process(users("a", "b", "c"), "start > a > b > c > end")})
    assert run.jump("a", "c") == [] and run.waiting == ["c"]
    assert run.complete("c").completed


def test_a_jump_back_is_a_return() -> None:
    run = parallel()
    run.complete("s")
    run.complete("a1")
    run.jump("a2", "s")
    assert run.waiting == ["s"]


def test_a_jump_inside_a_branch_leaves_the_other_alone() -> None:
    run = parallel()
    run.complete("s")
    run.jump("a1", "a2")
    assert run.waiting == ["a2", "b"]
    run.complete("a2")
    run.complete("b")
    assert run.waiting == ["c"]


def test_a_jump_out_of_a_block_ends_its_other_branches() -> None:
    run = parallel()
    run.complete("s")
    run.jump("a1", "d")
    assert run.waiting == ["d"] and run.instance.joins() == []
    assert run.complete("d").completed


def test_a_jump_into_a_block_lets_the_other_branches_count_as_done() -> None:
    run = parallel()
    assert run.jump("s", "a2") == [Assumed("join", "b")] and run.waiting == ["a2"]
    run.complete("a2")
    assert run.waiting == ["c"]


def test_a_jump_into_a_branch_that_has_its_own_token_is_refused() -> None:
    run = parallel()
    run.complete("s")
    with pytest.raises(InvalidInput):
        run.instance.jump(run.token("b"), "a2")


@pytest.mark.parametrize("target", ["fork", "end", "start"])
def test_a_jump_goes_to_activities_only(target: str) -> None:
    run = parallel()
    with pytest.raises(InvalidInput):
        run.instance.jump(run.token("s"), target)


def test_a_jump_out_of_a_called_process_ends_it() -> None:
    run = called()
    run.complete("a")
    run.jump("x", "c")
    assert run.waiting == ["c"]
    assert run.complete("c").completed


def test_a_jump_to_a_called_process_starts_it() -> None:
    run = called()
    run.jump("a", "call")
    assert run.waiting == ["x"]


def test_a_jump_out_of_a_countersignature_ends_all_its_signers() -> None:
    run = countersign()
    run.complete("s")
    run.jump("ask", "c")
    assert run.waiting == ["c"]


def test_a_jump_away_from_a_step_with_a_timer_ends_the_timer() -> None:
    run = timed(interrupting=False)
    run.complete("a")
    run.jump("b", "c")
    assert run.waiting == ["c"]


@pytest.mark.parametrize("interrupting", [False, True])
@pytest.mark.parametrize("target", ["a", "c", "late"])
def test_a_boundary_event_is_no_token_to_put_elsewhere(interrupting: bool, target: str) -> None:
    run = timed(interrupting)
    run.complete("a")
    with pytest.raises(InvalidInput):
        run.instance.jump(run.token("t"), target)
    assert run.waiting == ["b", "t"]
    run.complete("b")
    assert run.complete("c").completed


def either_event() -> Run:
    """start > a > g > (m > b | t > c) > end: whichever event comes first."""
    elements = users("a", "b", "c", "d") | {
        "g": element("eventBasedGateway"),
        "m": element("intermediateCatchEvent", event={"kind": "message", "name": "go", "correlation": "1"}),
        "t": element("intermediateCatchEvent", event={"kind": "timer", "timer": "duration", "rule": "PT1H"}),
    }
    return Run({"main": process(elements, "start > a > g > m > b > d > end", "g > t > c > d")})


@pytest.mark.parametrize("target", ["b", "c", "d", "a"])
@pytest.mark.parametrize("event", ["m", "t"])
def test_a_jump_from_an_event_ends_the_events_that_wait_beside_it(event: str, target: str) -> None:
    run = either_event()
    run.complete("a")
    assert run.waiting == ["m", "t"]
    run.jump(event, target)
    assert run.waiting == [target]
    if target == "d":
        assert run.complete("d").completed
        return
    run.complete(target)
    assert run.waiting == (["m", "t"] if target == "a" else ["d"])


def test_a_finished_run_is_taken_up_again_at_one_of_its_steps() -> None:
    run = parallel()
    for key in ("s", "a1", "a2", "b", "c", "d"):
        run.complete(key)
    assert run.step.completed
    stops = {stop.element_id: stop.token for stop in run.instance.stops_at_end()}
    assert set(stops) == {"s", "a1", "a2", "b", "c", "d"}
    step = run.do(lambda: run.instance.reopen(stops["a2"]))
    assert run.waiting == ["a2"] and not step.completed
    run.complete("a2")
    assert run.waiting == ["c"]
    run.complete("c")
    assert run.complete("d").completed


def test_a_terminated_run_is_taken_up_as_it_stood() -> None:
    run = called()
    run.complete("a")
    run.open.clear()
    run.do(lambda: run.instance.revive())
    assert run.waiting == ["x"]
    run.complete("x")
    run.complete("y", {"n": 1})
    assert run.waiting == ["c"]


def test_the_answer_of_an_earlier_step_is_written_anew_where_it_is_seen() -> None:
    run = called()
    run.complete("a", {"n": 1})
    run.complete("x", {"n": 1})
    run.instance.revise(run.token("y"), "x", {"n": 2})
    assert run.instance.variables_at(run.token("y"))["x"] == {"n": 2} and run.variables["a"] == {"n": 1}
