"""A decision table and its evaluation, DMN 1.3 §8: hit policies unique, first, any, collect and rule order.

The unary tests are evaluated by `unary`, not by SpiffWorkflow (which silently matches nothing on lists).
A table is plain and frozen: `to_plain` and `from_plain` carry it in the bundle stored at deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from workflow_service.domain.errors import InvalidInput, NaiveDatetime
from workflow_service.engine.functions import Refused, is_number, to_date, total
from workflow_service.engine.script import compile_expression, plain
from workflow_service.engine.unary import compile_tests
from workflow_service.i18n import N_, _

HIT_POLICIES = {
    "UNIQUE": "U",
    "FIRST": "F",
    "ANY": "A",
    "COLLECT": "C",
    "RULE ORDER": "R",
}
AGGREGATIONS = {"SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
MAPPINGS = ("singleEntry", "singleResult", "collectEntries", "resultList")


class DecisionError(InvalidInput):
    """A decision table cannot be evaluated with the values at hand."""

    code = "decision_error"
    text = N_("决策表“%(table)s”无法计算：%(reason)s。")

    def __init__(self, table: str, reason: str, **values: Any) -> None:
        super().__init__(table=table, reason=reason, **values)
        self._reason, self._values = reason, values

    @property
    def message(self) -> str:
        """Give table and reason in the current language."""
        return _(self.text, table=self.details["table"], reason=_(self._reason, **self._values))


class NoDecisionMatch(DecisionError):
    """No row of a decision table fits the inputs."""

    code = "no_decision_match"


class DecisionClash(DecisionError):
    """More rows fit than the hit policy allows."""

    code = "decision_clash"


@dataclass(frozen=True)
class Input:
    """A column of conditions; `values` are the allowed values, if listed, as cells would write them."""

    id: str
    label: str
    expression: str
    type: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """A column of results."""

    id: str
    name: str
    label: str
    type: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One row; `number` counts from 1 as the designer sees it."""

    id: str
    number: int
    tests: tuple[str, ...]
    results: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class DecisionResult:
    """What a table gave: the matching rows' results in order, their rule numbers, and an aggregate."""

    table: str
    policy: str
    rows: tuple[dict[str, Any], ...]
    rules: tuple[int, ...]
    aggregate: Any = None

    def mapped(self, mapping: str | None = None) -> Any:
        """Give the result as `camunda:mapDecisionResult` asks; None chooses by hit policy and outputs.

        Without a mapping: the aggregate; else one row gives its value (one output) or its dict (several), and
        C and R give a list of those. Raises DecisionError when the rows do not have the shape asked for.
        """
        if mapping is None and self.aggregate is not None:
            return self.aggregate
        if mapping is None:
            single_output = len(self.rows[0]) == 1
            several_rows = self.policy[0] in "CR"
            mapping = MAPPINGS[(2 if several_rows else 0) + (0 if single_output else 1)]
        if mapping in ("singleEntry", "singleResult") and len(self.rows) > 1:
            raise DecisionError(self.table, N_("有 %(count)s 行匹配，而结果只要一行"), count=len(self.rows))
        if mapping in ("singleEntry", "collectEntries") and any(len(row) > 1 for row in self.rows):
            raise DecisionError(self.table, N_("有多个输出列，应取 singleResult 或 resultList"))
        if mapping == "singleEntry":
            return next(iter(self.rows[0].values()))
        if mapping == "singleResult":
            return self.rows[0]
        if mapping == "collectEntries":
            return [next(iter(row.values())) for row in self.rows]
        return list(self.rows)


@dataclass(frozen=True)
class DecisionTable:
    """One decision table; `policy` is U, F, A, R, C or C with +, <, >, #."""

    id: str
    name: str
    policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    @property
    def names(self) -> frozenset[str]:
        """Give the variables that the input expressions read."""
        return frozenset().union(*(compile_expression(column.expression).names for column in self.inputs))

    def evaluate(self, variables: Mapping[str, Any], now: datetime | None = None) -> DecisionResult:
        """Evaluate over `variables`; `now` (aware) serves `today()`.

        Raises NoDecisionMatch, DecisionClash, DecisionError and ExpressionError. DMN 1.3 §8.2.10.
        """
        if now is not None and now.tzinfo is None:
            raise NaiveDatetime()
        values = [self._value(column, variables, now) for column in self.inputs]
        matching = [rule for rule in self.rules if self._matches(rule, values, variables, now)]
        if not matching and self.policy != "C#":
            raise NoDecisionMatch(self.name, N_("没有一行符合 %(inputs)s"), inputs=self._shown(values))
        if self.policy == "U" and len(matching) > 1:
            raise self._clash(matching)
        if self.policy == "F":
            matching = matching[:1]
        rows = tuple(self._row(rule, variables, now) for rule in matching)
        if self.policy == "A" and any(row != rows[0] for row in rows):
            raise self._clash(matching)
        rows = rows[:1] if self.policy == "A" else rows
        numbers = tuple(rule.number for rule in matching[: len(rows)])
        return DecisionResult(self.name, self.policy, rows, numbers, self._aggregate(rows))

    def by_hand(self, row: Mapping[str, Any]) -> DecisionResult:
        """Give the result that a person decided where the table has none: one value for each output.

        Raises DecisionError for a missing or unknown output, a value of another type or not among those allowed.
        """
        if set(row) != {output.name for output in self.outputs}:
            raise DecisionError(
                self.name, N_("须填写全部输出：%(outputs)s"), outputs="、".join(output.name for output in self.outputs)
            )
        values = {output.name: self._allowed(output, row[output.name]) for output in self.outputs}
        return DecisionResult(self.name, self.policy, (values,), (), self._aggregate((values,)))

    def _allowed(self, output: Output, value: Any) -> Any:
        label = output.label or output.name
        try:
            plain(typed(value, output.type))
        except (Refused, ValueError):
            reason = N_("“%(column)s”应是%(type)s，得到的是“%(value)s”")
            raise DecisionError(self.name, reason, column=label, type=output.type, value=str(value)[:40]) from None
        if output.values and not any(compile_tests(test).matches(value, {}) for test in output.values):
            reason = N_("“%(column)s”的值“%(value)s”不在可选值里")
            raise DecisionError(self.name, reason, column=label, value=str(value)[:40])
        return value

    def _value(self, column: Input, variables: Mapping[str, Any], now: datetime | None) -> Any:
        value = compile_expression(column.expression).evaluate(variables, now)
        if (
            value is not None
            and column.values
            and not any(compile_tests(t).matches(value, {}) for t in column.values)
        ):
            reason = N_("“%(column)s”的值“%(value)s”不在可选值里")
            raise DecisionError(self.name, reason, column=column.label, value=str(plain(value))[:40])
        try:
            return typed(value, column.type)
        except (Refused, ValueError):
            reason = N_("“%(column)s”应是%(type)s，得到的是“%(value)s”")
            raise DecisionError(
                self.name, reason, column=column.label, type=column.type, value=str(plain(value))[:40]
            ) from None

    def _matches(
        self, rule: Rule, values: list[Any], variables: Mapping[str, Any], now: datetime | None
    ) -> bool:
        return all(
            compile_tests(test).matches(value, variables, now)
            for test, value in zip(rule.tests, values, strict=True)
        )

    def _row(self, rule: Rule, variables: Mapping[str, Any], now: datetime | None) -> dict[str, Any]:
        return {
            output.name: _entry(result, variables, now)
            for output, result in zip(self.outputs, rule.results, strict=True)
        }

    def _aggregate(self, rows: tuple[dict[str, Any], ...]) -> Any:
        if self.policy not in ("C+", "C<", "C>", "C#"):
            return None
        values = [next(iter(row.values())) for row in rows]
        if self.policy == "C#":
            return len(values)
        if not all(is_number(value) for value in values):
            raise DecisionError(self.name, N_("汇总的输出应是数字"))
        return _AGGREGATES[self.policy](values)

    def _clash(self, rules: list[Rule]) -> DecisionClash:
        numbers = "、".join(str(rule.number) for rule in rules)
        return DecisionClash(self.name, N_("第 %(rules)s 行同时符合，而只能有一个结果"), rules=numbers)

    def _shown(self, values: list[Any]) -> str:
        pairs = zip(self.inputs, values, strict=True)
        return "，".join(f"{column.label} = {plain(value)}" for column, value in pairs)

    def to_plain(self) -> dict[str, Any]:
        """Give the table as plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_plain(cls, stored: Mapping[str, Any]) -> DecisionTable:
        """Build the table from what `to_plain` gave, also after a round through JSON."""
        return cls(
            id=stored["id"],
            name=stored["name"],
            policy=stored["policy"],
            inputs=tuple(
                Input(**{**column, "values": tuple(column["values"])}) for column in stored["inputs"]
            ),
            outputs=tuple(
                Output(**{**column, "values": tuple(column["values"])}) for column in stored["outputs"]
            ),
            rules=tuple(_rule(row) for row in stored["rules"]),
        )


def typed(value: Any, type_name: str) -> Any:
    """Check a value against a column's typeRef (unknown types let all pass); raises ValueError, Refused."""
    if value is None or type_name not in _TYPES:
        return value
    if type_name == "date":
        return to_date(value)
    if not _TYPES[type_name](value):
        raise ValueError(type_name)
    return value


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"C+": total, "C<": min, "C>": max}
_TYPES: dict[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": is_number,
    "double": is_number,
    "integer": lambda value: is_number(value) and value == int(value),
    "long": lambda value: is_number(value) and value == int(value),
    "date": None,
}


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(**{**row, "tests": tuple(row["tests"]), "results": tuple(row["results"])})


def _entry(text: str, variables: Mapping[str, Any], now: datetime | None) -> Any:
    if text.strip() in ("", "-"):
        return None
    return plain(compile_expression(text).evaluate(variables, now))
