"""Every operation on every shape, with the instance frozen after each command and without: what waits, and that it still ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.drawing import Run
from tests.engine.test_navigate_random import SHAPES
from workflow_service.domain.errors import Conflict
from workflow_service.engine.navigate import COUNTERSIGN

UNITS = {"units": ["u1", "u2", "u3"]}


def begun(shape: str, frozen: bool) -> Run:
    return Run(SHAPES[shape], dict(UNITS), frozen=frozen)


def people(run: Run) -> list[str]:
    """The elements at which a person is waited for; timers and messages wait beside them."""
    kinds = {one.place.element_id for step in run.steps for one in step.human_tasks}
    return [one for one in run.waiting if one in kinds]


def ends(run: Run) -> bool:
    """Whether finishing whatever waits ends the run."""
    for _round in range(60):
        if run.step.completed:
            return True
        run.complete(people(run)[0], {"outcome": "agree"})
    return False


def advance(run: Run, steps: int) -> None:
    for _step in range(steps):
        if run.step.completed or len(people(run)) == 0:
            return
        run.complete(people(run)[0], {"outcome": "agree"})


def gone_back(run: Run) -> None:
    token = run.token(people(run)[0])
    stops = run.instance.stops(token)
    if stops:
        run.do(lambda: run.instance.go_back(token, stops[-1].token))
        assert stops[-1].element_id in run.waiting or stops[-1].kind != "task"
        assert stops[-1].kind != COUNTERSIGN or run.waiting.count(stops[-1].element_id) >= 1


def is_over_around(run: Run, element_id: str) -> bool:
    """Whether the last thing done was the last step of what a sub-process or call holds."""
    return (element_id, run.waiting) in (("y", ["b"]), ("q", ["b"]))


def retrieved(run: Run) -> None:
    first = people(run)[0]
    token = run.token(first)
    run.complete(first, {"outcome": "agree"})
    if run.step.completed:
        return
    if is_over_around(run, first):
        for ask in (run.instance.retrieve, run.instance.after):
            with pytest.raises(Conflict):
                ask(token)
        return
    run.do(lambda: run.instance.retrieve(token))
    assert first in run.waiting


def terminated_and_revived(run: Run) -> None:
    before, tokens = run.waiting, {pair[0] for pairs in run.open.values() for pair in pairs}
    run.open.clear()
    moved: dict[Any, Any] = {}
    run.do(lambda: moved.update(run.instance.revive()))
    after = {pair[0] for pairs in run.open.values() for pair in pairs}
    assert run.waiting == before and set(moved) == tokens and set(moved.values()) == after and tokens.isdisjoint(after)


def ended_and_reopened(run: Run) -> None:
    assert ends(run)
    stops = run.instance.stops_at_end()
    run.do(lambda: run.instance.reopen(stops[-1].token))
    assert not run.step.completed and run.waiting


OPERATIONS = (gone_back, retrieved, terminated_and_revived, ended_and_reopened)


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "in memory"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_after_every_operation_on_every_shape_the_run_still_ends(
    shape: str, operation: Callable[[Run], None], frozen: bool
) -> None:
    for steps in range(4):
        run = begun(shape, frozen)
        advance(run, steps)
        if run.step.completed:
            return
        operation(run)
        assert ends(run), (steps, run.waiting)


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "in memory"])
@pytest.mark.parametrize("shape", ["countersign", "sequence"])
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_signer_is_taken_out_by_his_turn_and_the_list_says_how_far_each_is(shape: str, frozen: bool, turn: int) -> None:
    run = begun(shape, frozen)
    run.complete("a")
    assert [one.status for one in run.instance.signers(run.token("ask"))] == (
        ["open"] * 3 if shape == "countersign" else ["open", "waiting", "waiting"]
    )
    run.do(lambda: run.instance.remove_signer(run.token("ask"), turn))
    found = run.instance.signers(run.token("ask"))
    assert [one.turn for one in found if one.status == "removed"] == [turn]
    answered = 0
    while "ask" in run.waiting:
        run.complete("ask", {"outcome": "agree"})
        answered += 1
    assert answered == 2 and run.waiting == ["b"]
