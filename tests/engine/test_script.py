"""The expression language: what it can do, what it refuses, and how it says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from workflow_service.domain.errors import NaiveDatetime
from workflow_service.engine.script import (
    ExpressionError,
    UnknownName,
    compile_expression,
    compile_script,
    compile_template,
)
from workflow_service.i18n import use_language

NOW = datetime(2026, 10, 12, 1, 0, tzinfo=UTC)
VARIABLES: dict[str, Any] = {
    "check": {"outcome": "complete", "missing": []},
    "规划": {"名称": "十四五规划", "年份": 2021},
    "opinions": [{"outcome": "agree"}, {"outcome": "object"}, {"outcome": "agree"}],
    "count": 3,
    "nothing": None,
    "due": "2026-10-20",
}


def value_of(text: str) -> Any:
    return compile_expression(text).evaluate(VARIABLES, now=NOW)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('check.outcome == "complete"', True),
        ('${check.outcome != "complete"}', False),
        ('check["outcome"] in ["complete", "done"]', True),
        ('"x" not in check.missing', True),
        ('规划.名称 + "（送审稿）"', "十四五规划（送审稿）"),
        ("规划.年份 * 2 - 1", 4041),
        ('"many" if count > 2 else "few"', "many"),
        ("1 < count <= 3 and not nothing", True),
        ("nothing is None and nothing == null", True),
        ("true and not false", True),
        ('any_of(opinions, "outcome", "object")', True),
        ('all_of(opinions, "outcome", "agree")', False),
        ('count_of(opinions, "outcome", "agree")', 2),
        ("len(opinions) + len(check)", 5),
        ("max(1, 5, 3) + min([4, 2]) + sum([1, 2]) + abs(-1)", 11),
        ("round(10 / 3, 2)", 3.33),
        ("7 // 2 + 7 % 2", 4),
        ('get(check, "note", "-")', "-"),
        ('get(nothing, "note")', None),
        ("due > today()", True),
        ("date(due) - today()", 8),
        ('date("2026-10-12") == today()', True),
        ('{"a": [1, count]}', {"a": [1, 3]}),
        ("opinions[-1].outcome", "agree"),
        ("check.outcome\n  == 'complete'", True),
    ],
)
def test_an_expression_gives_its_value(text: str, value: Any) -> None:
    assert value_of(text) == value


def test_today_is_the_date_in_the_governments_zone() -> None:
    late_evening_in_london = datetime(2026, 10, 11, 20, 0, tzinfo=UTC)
    assert compile_expression('today() == date("2026-10-12")').evaluate({}, now=late_evening_in_london)


@pytest.mark.parametrize(
    "text",
    [
        "().__class__.__bases__",
        "__import__('os')",
        "check.__class__",
        "_private",
        "check.outcome.upper()",
        "eval('1')",
        "[x for x in opinions]",
        "lambda: 1",
        "f'{count}'",
        "2 ** 3",
        "1 << 9",
        "~1",
        "b'bytes'",
        "1j",
        "...",
        "{1, 2}",
        "opinions[0:1]",
        "(x := 1)",
        "len(*opinions)",
        "round(number=1)",
        "await count",
        "1; 2",
        "count = 3",
        "a && b",
        "!a",
        "a，b",
        "",
        "${a} == ${b}",
        "#{a}",
        "${a",
        "1e999",
        "9" * 30,
        "-" * 1999 + "1",
        "[" * 150 + "]" * 150,
        "(" * 199 + "1" + ")" * 199 + "+",
        "1" + "+1" * 999,
        '"' + "长" * 3000 + '"',
        "date()()",
    ],
)
def test_what_the_language_lacks_is_refused_when_compiled(text: str) -> None:
    with pytest.raises(ExpressionError):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("check.note", '没有“note”这一项；可能没有时用 get(…, "note")'),
        ("nothing.note", "不能从空值里取“note”"),
        ("nothing < 3", "“<”不能用于空值和数字"),
        ('"a" * 5', "“*”不能用于文本和数字"),
        ('"%s" % count', "“%”不能用于文本和数字"),
        ('"a" + 1', "“+”不能用于文本和数字"),
        ("1 / 0", "除数为零"),
        ("opinions[9]", "序号 9 超出范围，共 3 项"),
        ('date("2026-02-30")', "“2026-02-30”不是日期，应写作 2026-10-12 的形式"),
        ("len(count)", "len 只能用于列表、字典或文本，这里是数字"),
        ("max([])", "max 的列表为空"),
        ("get(check)", "get 的参数个数不对"),
        ("1e20 * 1e20", "计算结果过大"),
    ],
)
def test_a_value_that_does_not_fit_is_named_in_words(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value_of(text)
    assert caught.value.reason == reason


def test_an_unknown_variable_is_named_with_its_place() -> None:
    with pytest.raises(UnknownName) as caught:
        value_of('规划.年份 > 2020 and 意见 == "同意"')
    assert (caught.value.name, caught.value.column, caught.value.line) == ("意见", 18, 1)
    assert (
        caught.value.message == '表达式“规划.年份 > 2020 and 意见 == "同意"”第 1 行第 18 列：没有变量“意见”。'
    )
    with use_language("en"):
        assert caught.value.reason == "there is no variable “意见”"


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(NaiveDatetime):
        compile_expression("1").evaluate({}, now=datetime(2026, 1, 1))


def test_an_expression_names_the_variables_and_paths_it_reads() -> None:
    expression = compile_expression('get(check, "x") == plan.lead["unit"] and plan.lead != true')
    assert expression.names == {"check", "plan"}
    assert expression.paths == {("check",), ("plan", "lead", "unit")}


def test_the_same_text_is_compiled_once() -> None:
    assert compile_expression("count + 1") is compile_expression("count + 1")


def test_a_script_assigns_in_order_and_leaves_the_variables_alone() -> None:
    script = compile_script(
        "# 汇总\n反对 = count_of(opinions, 'outcome', 'object')\n\nday = today()\nresult = 反对 > 0\n"
    )
    assert script.execute(VARIABLES, now=NOW) == {"反对": 1, "day": "2026-10-12", "result": True}
    assert (script.names, script.assigned) == ({"opinions"}, {"反对", "day", "result"})
    assert "result" not in VARIABLES


@pytest.mark.parametrize(
    "text", ["print(1)", "a.b = 1", "import os", "a += 1", "for = 1", "_a = 1", "a = b = 1", "a == 1"]
)
def test_a_script_line_other_than_an_assignment_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_script(f"ok = 1\n{text}")


def test_a_script_error_names_line_and_column() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_script("a = 1\nb = foo(1)")
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_a_template_fills_its_places() -> None:
    assert compile_template("${规划.名称}:handler").evaluate(VARIABLES) == "十四五规划:handler"
    assert compile_template("drc:leader").evaluate({}) == "drc:leader"
    with pytest.raises(ExpressionError):
        compile_template("${nothing}:handler").evaluate(VARIABLES)


_WORDS = (
    "a b check plan 规划 1 2.5 'x' ( ) [ ] { } . , : + - * / ** % == < in not and or if else lambda is "
    "len date get __class__ __import__ f'' @ := ${ } \\ for None true ~ << today"
)
_words = st.sampled_from(_WORDS.split())


@seed(20261012)
@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(_words, max_size=14).map(" ".join), st.text(max_size=40)))
def test_any_text_gives_a_plain_value_or_an_expression_error(text: str) -> None:
    try:
        result = compile_expression(text).evaluate(
            {"a": 1, "b": "t", "check": {"x": [1]}, "plan": None}, now=NOW
        )
    except ExpressionError as error:
        assert error.reason
        return
    assert type(result).__name__ in {"NoneType", "bool", "int", "float", "str", "list", "dict", "date"}
