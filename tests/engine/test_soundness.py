# ruff: noqa: E501 - a drawing reads better on one line
"""Deadlocks and missing synchronisation are found, sound drawings pass, and both without walking every state."""

from __future__ import annotations

import pytest

from tests.engine.xml_drawing import draw
from workflow_service.engine.read import read_diagram
from workflow_service.engine.soundness import soundness_problems

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
X, P, O = "exclusiveGateway", "parallelGateway", "inclusiveGateway"  # noqa: E741 - the gateways' usual letters


def gateways(**kinds: str) -> str:
    return "".join(f'<{kind} id="{key}"/>' for key, kind in kinds.items())


def users(*keys: str) -> str:
    return "".join(f'<userTask id="{key}"/>' for key in keys)


def found(nodes: str, *flows: str) -> list[tuple[str, str | None]]:
    diagram = read_diagram(draw(START + nodes + END, *flows))
    return [(problem.code, problem.element_id) for problem in soundness_problems(diagram.process("p"))]


BLOCK = ["start -> s", "s -> a [x]", "s -> b [not x]", "a -> j", "b -> j", "j -> end"]


@pytest.mark.parametrize(
    ("split", "join", "finding"),
    [
        (X, X, []),
        (P, P, []),
        (O, O, []),
        (X, O, []),
        (P, O, []),
        (X, P, [("deadlock", "j")]),
        (O, P, [("deadlock", "j")]),
        (P, X, [("unsynchronised", "j")]),
        (O, X, [("unsynchronised", "j")]),
    ],
)
def test_a_split_needs_the_join_of_its_kind(split: str, join: str, finding: list[tuple[str, str]]) -> None:
    assert found(gateways(s=split, j=join) + users("a", "b"), *BLOCK) == finding


def test_branches_may_end_apart() -> None:
    assert (
        found(gateways(s=P) + users("a", "b"), "start -> s", "s -> a", "s -> b", "a -> end", "b -> end") == []
    )


def test_tasks_that_parallel_branches_run_into_are_run_twice() -> None:
    flows = ["start -> s", "s -> a", "s -> b", "a -> c", "b -> c", "c -> end"]
    assert found(gateways(s=P) + users("a", "b", "c"), *flows) == [("unsynchronised", "c")]
    intended = '<userTask id="c" approval:multiple="true"/>'
    assert found(gateways(s=P) + users("a", "b") + intended, *flows) == []


def test_a_loop_of_choices_is_sound_and_one_of_parallel_ways_is_not() -> None:
    loop = ["start -> j", "j -> a", "a -> s", "s -> j [x]", "s -> end"]
    assert found(gateways(j=X, s=X) + users("a"), *loop) == []
    out = ["start -> j", "j -> s", "s -> a", "s -> b", "a -> j", "b -> end"]
    assert found(gateways(j=X, s=P) + users("a", "b"), *out) == [("endless", "j")]
    growing = ["start -> j", "j -> s", "s -> j", "s -> x", "x -> j [q]", "x -> end"]
    assert found(gateways(j=X, s=P, x=X), *growing)[0][0] == "unsynchronised"


def test_a_branch_that_may_leave_before_the_join_leaves_the_join_waiting() -> None:
    flows = [
        "start -> s",
        "s -> a",
        "s -> b",
        "a -> x",
        "x -> end [q]",
        "x -> j",
        "b -> j",
        "j -> c",
        "c -> end",
    ]
    nodes = gateways(s=P, x=X, j=P) + users("a", "b", "c")
    assert found(nodes, *flows) == [("deadlock", "j")]


def test_leaving_by_a_terminate_end_is_no_deadlock() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    flows = ["start -> s", "s -> a", "s -> b", "a -> x", "x -> stop [q]", "x -> j", "b -> j", "j -> end"]
    assert found(gateways(s=P, x=X, j=P) + users("a", "b") + stop, *flows) == []


def test_crossing_but_sound_branches_pass() -> None:
    flows = [
        "start -> s",
        "s -> a",
        "s -> t",
        "t -> b",
        "t -> c",
        "a -> k",
        "b -> k",
        "k -> d",
        "c -> j",
        "d -> j",
        "j -> end",
    ]
    assert found(gateways(s=P, t=P, k=P, j=P) + users("a", "b", "c", "d"), *flows) == []


BOUNDARY = '<boundaryEvent id="late" attachedToRef="a" {}><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>'


def test_an_interrupting_boundary_event_is_a_choice() -> None:
    flows = ["start -> a", "late -> j", "a -> j", "j -> end"]
    assert found(users("a") + BOUNDARY.format("") + gateways(j=X), *flows) == []


def test_a_boundary_event_that_runs_beside_must_not_join_the_main_way() -> None:
    flows = ["start -> a", "late -> b", "a -> b", "b -> end"]
    beside = BOUNDARY.format('cancelActivity="false"')
    assert found(users("a", "b") + beside, *flows) == [("unsynchronised", "b")]
    apart = ["start -> j", "late -> b", "j -> a", "a -> s", "s -> j [x]", "s -> end", "b -> end"]
    assert found(users("a", "b") + beside + gateways(j=X, s=X), *apart) == []


def test_sub_processes_are_checked_on_their_own() -> None:
    inner = (
        '<subProcess id="sub"><startEvent id="i"/><parallelGateway id="s"/><exclusiveGateway id="j"/><endEvent id="e"/>'
        '<sequenceFlow id="f1" sourceRef="i" targetRef="s"/><sequenceFlow id="f2" sourceRef="s" targetRef="j"/>'
        '<sequenceFlow id="f3" sourceRef="s" targetRef="j"/><sequenceFlow id="f4" sourceRef="j" targetRef="e"/></subProcess>'
    )
    assert found(inner, "start -> sub", "sub -> end") == [("unsynchronised", "j")]


def test_seventeen_parallel_branches_fold_away() -> None:
    keys = [f"t{n}" for n in range(17)]
    flows = ["start -> s", "j -> end", *(f"s -> {key}" for key in keys), *(f"{key} -> j" for key in keys)]
    assert found(gateways(s=P, j=P) + users(*keys), *flows) == []
    assert found(gateways(s=P, j=X) + users(*keys), *flows) == [("unsynchronised", "j")]


def test_what_cannot_be_folded_in_bounds_is_said_to_be_too_intricate() -> None:
    nodes, flows = gateways(s=P, j=P), ["start -> s", "j -> end"]
    for n in range(14):
        nodes += gateways(**{f"a{n}": O, f"b{n}": O, f"c{n}": P, f"d{n}": O, f"e{n}": O})
        flows += [
            f"s -> a{n}",
            f"a{n} -> b{n} [x]",
            f"a{n} -> e{n} [y]",
            f"b{n} -> d{n} [x]",
            f"b{n} -> e{n} [y]",
            f"e{n} -> d{n}",
            f"d{n} -> c{n}",
            f"c{n} -> j",
        ]
    assert found(nodes, *flows)[:1] in ([], [("intricate", "p")])
