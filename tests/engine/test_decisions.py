"""Decision tables: what a cell matches, what a table gives, and what is said about its rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from workflow_service.engine.decisions import (
    DecisionClash,
    DecisionError,
    DecisionTable,
    NoDecisionMatch,
    check_table,
    read_decisions,
)
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import DefinitionRefused
from workflow_service.engine.unary import compile_tests

NOW = datetime(2026, 10, 12, tzinfo=UTC)


def dmn(
    columns: list[tuple[str, str, str]],
    rows: list[list[str]],
    policy: str = 'hitPolicy="UNIQUE"',
    outputs: int = 1,
) -> bytes:
    """Write a table as dmn-js would; a column is (expression, typeRef, allowed values)."""
    inputs = "".join(
        f'<input id="i{n}" label="{expression}"><inputExpression id="e{n}" typeRef="{kind}">'
        f"<text>{expression}</text></inputExpression>"
        + (f'<inputValues id="v{n}"><text>{escape(values)}</text></inputValues>' if values else "")
        + "</input>"
        for n, (expression, kind, values) in enumerate(columns)
    )
    results = "".join(f'<output id="o{n}" name="out{n}" typeRef="string"/>' for n in range(outputs))
    rules = "".join(
        f'<rule id="r{n}">'
        + "".join(
            f'<inputEntry id="t{n}_{i}"><text>{escape(c)}</text></inputEntry>'
            for i, c in enumerate(row[:-outputs])
        )
        + "".join(
            f'<outputEntry id="u{n}_{i}"><text>{escape(c)}</text></outputEntry>'
            for i, c in enumerate(row[-outputs:])
        )
        + "</rule>"
        for n, row in enumerate(rows)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="表" namespace="n">'
        f'<decision id="t" name="路径选择"><decisionTable id="dt" {policy}>{inputs}{results}{rules}</decisionTable>'
        "</decision></definitions>"
    ).encode()


def table(*arguments: Any, **options: Any) -> DecisionTable:
    return read_decisions(dmn(*arguments, **options))[0]


def codes(found: DecisionTable) -> list[str]:
    return [problem.code for problem in check_table(found)]


@pytest.mark.parametrize(
    ("cell", "fitting", "others"),
    [
        ('"N"', ["N"], ["X", None, 1]),
        ('"N","X"', ["N", "X"], ["1", "N,X"]),
        ('"a,b", "c"', ["a,b", "c"], ["a"]),
        ('not("1")', ["N"], ["1", None]),
        ('not("1","N")', ["X"], ["1", "N"]),
        ("-", ["N", None, 3], []),
        ("", ["N", None], []),
        ("true", [True], [False, 1, "true", None]),
        ("false", [False], [0, None]),
        ("3", [3, 3.0], [True, "3", 4]),
        ("-1", [-1], [1]),
        ("< 5", [4, -3.5], [5, None, "4"]),
        (">=5", [5, 6], [4]),
        ("[1..5]", [1, 3, 5], [0, 6]),
        ("(1..5)", [2], [1, 5]),
        ("]1..5[", [2], [1, 5]),
        ("[1..5)", [1], [5]),
        ("[1..2],[8..9], 20", [1, 9, 20], [3, 10]),
        ("not([1..5])", [6], [3, None]),
        ('date("2026-01-01")', ["2026-01-01", date(2026, 1, 1)], ["2026-01-02", "不是日期"]),
        ('>= date("2026-01-01")', ["2026-05-01"], ["2025-12-31"]),
        ('[date("2026-01-01")..date("2026-12-31")]', [date(2026, 6, 1)], ["2027-01-01"]),
        ("null", [None], ["N"]),
        ("plan.first_year", [2021], [2026]),
        (">= plan.first_year", [2021, 2026], [2020]),
    ],
)
def test_a_cell_matches_what_s_feel_says(cell: str, fitting: list[Any], others: list[Any]) -> None:
    tests = compile_tests(cell)
    variables = {"plan": {"first_year": 2021}}
    assert [value for value in fitting if not tests.matches(value, variables)] == []
    assert [value for value in others if tests.matches(value, variables)] == []


@pytest.mark.parametrize(
    "cell", ['"N', "[1..", ">", "N X", '"a",,"b"', 'duration("P1D")', "__import__('os')", "not()"]
)
def test_a_cell_that_cannot_be_read_is_refused(cell: str) -> None:
    with pytest.raises(ExpressionError):
        compile_tests(cell)


@seed(20261012)
@settings(max_examples=200, deadline=None)
@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20), st.booleans(), st.booleans())
def test_a_range_holds_the_numbers_between_its_ends(
    low: int, high: int, x: int, left: bool, right: bool
) -> None:
    cell = f"{'[' if left else '('}{low}..{high}{']' if right else ')'}"
    inside = (low <= x if left else low < x) and (x <= high if right else x < high)
    assert compile_tests(cell).matches(x, {}) is inside
    assert compile_tests(f"not({cell})").matches(x, {}) is not inside


TIER = [("plan.tier", "string", '"1","N","X"')]


def test_a_unique_table_gives_the_row_that_fits() -> None:
    route = table(TIER, [['"1"', '"people_congress"'], ['"N","X"', '"filing"']])
    result = route.evaluate({"plan": {"tier": "X"}})
    assert (result.mapped(), result.rules) == ("filing", (2,))
    assert result.mapped("singleResult") == {"out0": "filing"}
    assert result.mapped("resultList") == [{"out0": "filing"}]


def test_a_table_survives_json() -> None:
    route = table(TIER, [['"1"', '"a"'], ["-", '"b"']], policy='hitPolicy="FIRST"')
    assert DecisionTable.from_plain(json.loads(json.dumps(route.to_plain()))) == route


def test_no_fitting_row_is_an_error_naming_the_inputs() -> None:
    with pytest.raises(NoDecisionMatch) as caught:
        table([("a", "string", "")], [['"1"', '"x"']]).evaluate({"a": "9"})
    assert "a = 9" in caught.value.message


def test_a_value_of_another_type_or_outside_the_list_is_an_error() -> None:
    with pytest.raises(DecisionError):
        table([("a", "number", "")], [["1", '"x"']]).evaluate({"a": "1"})
    with pytest.raises(DecisionError):
        table(TIER, [["-", '"x"']]).evaluate({"plan": {"tier": "Q"}})


def test_two_rows_that_fit_clash_where_one_is_asked_for() -> None:
    rows = [['"1"', '"x"'], ["-", '"y"']]
    for policy in ("UNIQUE", "ANY"):
        with pytest.raises(DecisionClash):
            table(TIER, rows, policy=f'hitPolicy="{policy}"').evaluate({"plan": {"tier": "1"}})
    same = table(TIER, [['"1"', '"x"'], ["-", '"x"']], policy='hitPolicy="ANY"')
    assert same.evaluate({"plan": {"tier": "1"}}).mapped() == "x"


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ('hitPolicy="FIRST"', 5),
        ('hitPolicy="COLLECT"', [5, 7, 3]),
        ('hitPolicy="RULE ORDER"', [5, 7, 3]),
        ('hitPolicy="COLLECT" aggregation="SUM"', 15),
        ('hitPolicy="COLLECT" aggregation="MIN"', 3),
        ('hitPolicy="COLLECT" aggregation="MAX"', 7),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 3),
    ],
)
def test_a_hit_policy_chooses_among_the_rows_that_fit(policy: str, value: Any) -> None:
    days = table([("a", "number", "")], [[">1", "5"], [">2", "7"], ["<0", "9"], ["-", "3"]], policy=policy)
    assert days.evaluate({"a": 4}).mapped() == value


def test_several_outputs_give_a_dict() -> None:
    deadline = table([("a", "string", "")], [['"1"', "5", '"周"']], outputs=2)
    assert deadline.evaluate({"a": "1"}).mapped() == {"out0": 5, "out1": "周"}
    with pytest.raises(DecisionError):
        deadline.evaluate({"a": "1"}).mapped("singleEntry")


def test_inputs_and_results_are_expressions() -> None:
    found = table([("len(units) * 2", "number", "")], [["[4..6]", 'units[0] + "牵头"']])
    assert found.evaluate({"units": ["发改委", "财政局"]}).mapped() == "发改委牵头"


def test_changing_one_row_changes_the_way_of_a_plan() -> None:
    rows = [['"1"', '"people_congress"'], ['"N"', '"government"'], ['"X"', '"self_issue"']]
    changed = [*rows[:2], ['"X"', '"government"']]
    plan = {"plan": {"tier": "X"}}
    assert [table(TIER, r).evaluate(plan).mapped() for r in (rows, changed)] == ["self_issue", "government"]


def test_overlapping_rows_of_a_unique_table_are_named_by_number() -> None:
    [problem] = [
        p
        for p in check_table(table([("a", "number", "")], [["<=5", '"x"'], [">5", '"y"'], ["[5..7]", '"z"']]))
        if p.values["first"] == 1
    ]
    assert (problem.code, problem.is_error) == ("dmn_overlap", True)
    assert "第 1 行与第 3 行会同时符合" in problem.message


def test_a_complete_table_without_overlap_has_no_findings() -> None:
    columns = [("a", "number", ""), ("b", "boolean", ""), *TIER]
    rows = [
        ["<5", "true", "-", '"x"'],
        [">=5", "true", "-", '"y"'],
        ["-", "false", 'not("1")', '"z"'],
        ["-", "false", '"1"', '"w"'],
    ]
    assert codes(table(columns, rows)) == []


def test_what_no_row_handles_is_said_in_words() -> None:
    gaps = check_table(
        table([("a", "number", ""), *TIER], [["[1..5]", '"1","N"', '"x"'], [">5", "-", '"y"']])
    )
    assert [problem.is_error for problem in gaps] == [False] * len(gaps)
    messages = " ".join(problem.message for problem in gaps)
    assert "a < 1" in messages and "plan.tier = “X”" in messages


def test_a_row_behind_rows_that_cover_it_is_unreachable() -> None:
    assert codes(
        table(TIER, [['"1"', '"x"'], ['not("1")', '"y"'], ["-", '"z"']], policy='hitPolicy="FIRST"')
    ) == ["dmn_unreachable"]


def test_a_cell_of_the_wrong_kind_is_an_error() -> None:
    assert codes(table(TIER, [["N", '"x"'], ["-", '"y"']], policy='hitPolicy="FIRST"')) == ["dmn_unquoted"]
    assert codes(table(TIER, [["1", '"x"']])) == ["dmn_type"] or "dmn_type" in codes(
        table(TIER, [["1", '"x"']])
    )
    assert "dmn_value" in codes(table(TIER, [['"Q"', '"x"']]))
    assert "dmn_never" in codes(table([("a", "number", "")], [["[5..1]", '"x"']]))


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        dmn(TIER, [['"1"', '"x"']], policy='hitPolicy="PRIORITY"'),
        dmn(TIER, [['"1"', '"x"']], policy='hitPolicy="WHATEVER"'),
        dmn(TIER, [['"1"', '"x"', '"y"']]),
        dmn(TIER, [['"1"', "import os"]]),
        dmn([("", "string", "")], [['"1"', '"x"']]),
        dmn(TIER, [['"1"', '"x"']]).replace(b"decisionTable", b"literalExpression"),
    ],
)
def test_what_cannot_be_evaluated_as_drawn_is_refused(data: bytes) -> None:
    with pytest.raises(DefinitionRefused) as caught:
        read_decisions(data)
    assert caught.value.problems[0].message


def test_a_general_row_below_one_for_a_single_place_is_not_unreachable() -> None:
    place = [("plan.jurisdiction", "string", "")]
    rows = [['"500154"', '"x"'], ["-", '"y"'], ["-", '"z"']]
    found = check_table(table(place, rows, policy='hitPolicy="FIRST"'))
    assert [(problem.code, problem.values["row"]) for problem in found] == [("dmn_unreachable", 3)]
