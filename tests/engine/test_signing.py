"""How several people sign: all are heard, the first decides, a vote is decided as soon as it cannot change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.drawing import Run, element, process
from tests.engine.xml_drawing import draw
from workflow_service.engine.compile import compile_diagram
from workflow_service.engine.read import read_diagram
from workflow_service.engine.verify import Surroundings, check

START, END, USER = element("startEvent"), element("endEvent"), element("userTask")


def signed(units: list[Any], sequential: bool = False, **said: Any) -> Run:
    rule = {
        "collection": "units", "cardinality": None, "variable": "unit", "output": "opinions", "sequential": sequential,
        "condition": None, "sign": "all", "threshold": "1/2", "weight": None, "dissent": "collect", "tally": "ask_tally",
    }  # fmt: skip
    elements = {"start": START, "ask": element("userTask", multi=rule | said), "c": USER, "end": END}
    return Run({"main": process(elements, "start > ask > c > end")}, {"units": units})


def answer(run: Run, unit: Any, outcome: str) -> None:
    run.complete("ask", {"outcome": outcome}, unit=unit)


@pytest.mark.parametrize("outcome", ["agree", "disagree"])
def test_of_any_one_the_first_decides_either_way(outcome: str) -> None:
    run = signed(["a", "b", "c"], sign="any")
    answer(run, "b", outcome)
    assert run.waiting == ["c"] and [one["outcome"] for one in run.variables["opinions"]] == [outcome]
    assert run.variables["ask_tally"] | {"abstain": 0} == {
        "agree": outcome == "agree",
        "disagree": outcome != "agree",
        "abstain": 0,
        "total": 3,
    }


def test_all_are_heard_whatever_one_says() -> None:
    run = signed(["a", "b"])
    answer(run, "a", "dissent")
    assert run.waiting == ["ask"]
    answer(run, "b", "agree")
    assert run.waiting == ["c"] and run.variables["ask_tally"]["disagree"] == 1


def test_where_one_dissent_returns_the_others_need_not_answer() -> None:
    run = signed(["a", "b", "c"], dissent="return")
    answer(run, "a", "agree")
    assert run.waiting == ["ask", "ask"]
    answer(run, "b", "dissent")
    assert run.waiting == ["c"]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ("yy", "passed"),
        ("yny", "passed"),
        ("nn", "returned"),
        ("nyn", "returned"),
        ("y-n", "returned"),
        ("--", "returned"),
    ],
)
def test_a_vote_of_two_thirds_is_decided_as_soon_as_it_cannot_change(answers: str, state: str) -> None:
    run = signed(["a", "b", "c"], sign="vote", threshold="2/3")
    for number, letter in enumerate(answers):
        assert run.variables["ask_tally"]["state"] == "open", (answers, number)
        answer(run, "abc"[number], {"y": "agree", "n": "disagree", "-": "?"}[letter])
    assert run.variables["ask_tally"]["state"] == state and run.waiting == ["c"]


def test_weights_count_in_a_vote() -> None:
    members = [{"name": "chair", "votes": 3}, {"name": "x", "votes": 1}, {"name": "y", "votes": 1}]
    run = signed(members, sign="vote", threshold="3/5", weight="unit.votes")
    answer(run, members[0], "agree")
    assert run.variables["ask_tally"] == {
        "agree": 3,
        "disagree": 0,
        "abstain": 0,
        "total": 5,
        "state": "passed",
    }
    assert run.waiting == ["c"]


def test_a_vote_counts_whom_it_asks_now() -> None:
    run = signed(["a", "b", "c"], sign="vote", threshold="1")
    answer(run, "a", "agree")
    answer(run, "b", "agree")
    run.do(lambda: run.instance.remove_signer(run.token("ask", unit="c")))
    assert run.waiting == ["c"] and run.variables["ask_tally"]["state"] == "passed"


MULTI = '<multiInstanceLoopCharacteristics camunda:collection="plan.units" camunda:elementVariable="unit"/>'


def problems(attributes: str, inside: str = "") -> list[str]:
    task = f'<userTask id="a" camunda:candidateGroups="drc:handler" {attributes}>{inside}</userTask>'
    diagram = read_diagram(draw(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s -> a", "a -> e"))
    return [one.code for one in check(diagram, Surroundings()) if one.is_error]


@pytest.mark.parametrize(
    ("attributes", "inside", "code"),
    [
        ('approval:sign="any"', "", "not_several"),
        ('approval:sign="most"', MULTI, "value"),
        ('approval:sign="vote"', MULTI, "threshold"),
        ('approval:sign="vote" approval:threshold="3/2"', MULTI, "threshold"),
        ('approval:sign="any" approval:dissent="return"', MULTI, "dissent"),
        ('approval:timeout="3 working days"', "", "timeout"),
        ('approval:timeout="soon" approval:timeoutAction="remind"', "", "time"),
        (
            'approval:kind="confirm" approval:timeout="PT8H" approval:timeoutAction="no_comment"',
            "",
            "decided_by_clock",
        ),
        (
            'approval:kind="opinion" approval:sign="vote" approval:threshold="1/2" approval:timeout="PT8H" '
            'approval:timeoutAction="no_comment"',
            MULTI,
            "decided_by_clock",
        ),
        (
            'approval:kind="opinion" approval:sign="all" approval:timeout="PT8H" approval:timeoutAction="no_comment"',
            MULTI,
            "decided_by_clock",
        ),
    ],
)
def test_the_checker_refuses_what_could_not_be_meant(attributes: str, inside: str, code: str) -> None:
    assert code in problems(attributes, inside)


def test_the_checker_takes_what_is_meant_and_the_bundle_says_it() -> None:
    said = 'approval:sign="vote" approval:threshold="2/3" approval:weight="unit.votes"'
    assert problems(said, MULTI) == []
    assert (
        problems(
            'approval:kind="opinion" approval:timeout="3 working days" approval:timeoutAction="no_comment"'
        )
        == []
    )
    task = f'<userTask id="a" camunda:candidateGroups="drc:handler" {said}>{MULTI}</userTask>'
    diagram = read_diagram(draw(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s -> a", "a -> e"))
    rule = compile_diagram(diagram)["p"]["elements"]["a"]["multi"]
    assert (rule["sign"], rule["threshold"], rule["weight"], rule["tally"]) == (
        "vote",
        "2/3",
        "unit.votes",
        "a_tally",
    )


def dissent_problems(first: str, *flows: str, more: str = "") -> list[str]:
    sign = f'<userTask id="sign" camunda:candidateGroups="drc:handler" approval:dissent="return" {more}>{MULTI}</userTask>'
    diagram = read_diagram(draw(f'<startEvent id="s"/><endEvent id="e"/>{first}{sign}', *flows, "sign -> e"))
    return [one.code for one in check(diagram, Surroundings()) if one.is_error]


def test_a_dissent_that_returns_the_whole_needs_a_step_before_it() -> None:
    task = '<userTask id="a" camunda:candidateGroups="drc:handler"/>'
    assert dissent_problems("", "s -> sign") == ["dissent"]
    assert dissent_problems('<scriptTask id="t" scriptFormat="feel"/>', "s -> t", "t -> sign").count("dissent") == 1
    assert dissent_problems(task, "s -> a", "a -> sign") == []
    assert dissent_problems(task, "s -> a", "a -> sign", more='approval:returnTargets="a"') == []
