# ruff: noqa: E501 - a drawing reads better on one line
"""Joins wait for their own tokens: in loops, in any order, with branches that leave, over every freeze and thaw."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.engine.running import Run
from tests.engine.xml_drawing import draw

START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
P, O = "parallelGateway", "inclusiveGateway"  # noqa: E741 - the gateways' usual letters
MESSAGE = '<message id="m" name="stop"/>'


def users(*keys: str) -> str:
    return "".join(f'<userTask id="{key}"/>' for key in keys)


def round_trip(kind: str) -> bytes:
    condition = " [x > 0]" if kind == O else ""
    nodes = (
        START
        + f'<{kind} id="g"/><{kind} id="j"/><exclusiveGateway id="begin"/><exclusiveGateway id="again" default="again_end"/>'
        + users("a", "b", "c", "d")
        + END
    )
    ways = [f"g -> {key}{condition}" for key in "abc"] + [f"{key} -> j" for key in "abc"]
    return draw(
        nodes,
        "start -> begin",
        "begin -> g",
        *ways,
        "j -> d",
        "d -> again",
        "again -> begin [x < 3]",
        "again -> end",
    )


@pytest.mark.parametrize("kind", [P, O])
@pytest.mark.parametrize("order", list(permutations("abc")))
def test_a_join_in_a_loop_waits_for_all_branches_in_every_round(kind: str, order: tuple[str, ...]) -> None:
    run = Run(round_trip(kind), x=1)
    for number, keys in enumerate((order, order[::-1], order), 1):
        open_ones = set("abc")
        for key in keys:
            assert run.waiting == sorted(open_ones)
            run.complete(key)
            open_ones.discard(key)
        assert run.waiting == ["d"]
        run.complete("d", x=number)
    assert run.ended and run.done.count("d") == 3


def test_an_inclusive_join_does_not_wait_for_a_branch_that_ended_elsewhere() -> None:
    nodes = (
        START
        + '<inclusiveGateway id="g"/><exclusiveGateway id="x" default="x_j"/><inclusiveGateway id="j"/><endEvent id="out"/>'
        + users("a", "b", "c")
        + END
    )
    flows = [
        "start -> g",
        "g -> a [n > 0]",
        "g -> b [n > 0]",
        "a -> j",
        "b -> x",
        "x -> out [leave]",
        "x -> j",
        "j -> c",
        "c -> end",
    ]
    run = Run(draw(nodes, *flows), n=1, leave=True).complete("a")
    assert run.waiting == ["b"]
    assert run.complete("b").waiting == ["c"]
    assert run.complete("c").ended


def test_an_inclusive_join_does_not_wait_for_a_branch_that_was_interrupted() -> None:
    boundary = '<boundaryEvent id="late" attachedToRef="b"><messageEventDefinition messageRef="m"/></boundaryEvent><endEvent id="out"/>'
    nodes = (
        START + '<inclusiveGateway id="g"/><inclusiveGateway id="j"/>' + users("a", "b", "c") + boundary + END
    )
    flows = [
        "start -> g",
        "g -> a [n > 0]",
        "g -> b [n > 0]",
        "a -> j",
        "b -> j",
        "late -> out",
        "j -> c",
        "c -> end",
    ]
    run = Run(draw(nodes, *flows, roots=MESSAGE), n=1).complete("a")
    assert run.send("stop").waiting == ["c"]


def test_tokens_that_run_one_by_one_keep_what_each_began() -> None:
    nodes = (
        START
        + '<parallelGateway id="s"/><exclusiveGateway id="j" approval:multiple="true"/><parallelGateway id="t"/><parallelGateway id="k"/>'
        + users("a", "b", "c", "d")
        + END
    )
    flows = [
        "start -> s",
        "s -> a",
        "s -> b",
        "a -> j",
        "b -> j",
        "j -> t",
        "t -> c",
        "t -> d",
        "c -> k",
        "d -> k",
        "k -> end",
    ]
    run = Run(draw(nodes, *flows)).complete("a").complete("b")
    assert run.waiting == ["c", "c", "d", "d"]
    assert run.complete("c").complete("c").waiting == ["d", "d"]
    assert run.complete("d").ended is False
    assert run.complete("d").ended and run.done.count("end") == 2


def test_undoing_a_join_lets_the_other_branches_keep_their_result() -> None:
    nodes = START + '<parallelGateway id="s"/><parallelGateway id="j"/>' + users("a", "b", "c") + END
    run = Run(draw(nodes, "start -> s", "s -> a", "s -> b", "a -> j", "b -> j", "j -> c", "c -> end"))
    run.complete("b").complete("a")
    run.go_back("c", "a")
    assert "a" in run.waiting and "c" not in run.waiting
    assert run.complete("a").waiting == ["c"]


def test_an_instance_holds_what_runs_and_not_everything_that_may_follow() -> None:
    nodes, flows = START + END, ["start -> g0", "j13 -> end"]
    for n in range(14):
        nodes += f'<parallelGateway id="g{n}"/><parallelGateway id="j{n}"/>' + users(f"a{n}", f"b{n}")
        flows += [f"g{n} -> a{n}", f"g{n} -> b{n}", f"a{n} -> j{n}", f"b{n} -> j{n}"]
        flows += [f"j{n} -> g{n + 1}"] if n < 13 else []
    run = Run(draw(nodes, *flows))
    assert len(run.instance.workflow.tasks) < 20
    assert run.complete_all().ended
