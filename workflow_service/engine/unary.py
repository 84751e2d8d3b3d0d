"""S-FEEL unary tests, the cells of a decision table: `"N","X"`, `not("1")`, `>= 3`, `[1..5)`, `true`, `-`.

DMN 1.3 §9.2. Ends of ranges and single values are expressions of our language, so a cell may also name a
variable. A test gives True, False or None (undecided, such as any comparison with an empty value): only True
matches. Called by `decisions` to evaluate and by `coverage` to compare rows with each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from workflow_service.engine.functions import Refused, is_number, to_date
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.script import Expression, compile_expression
from workflow_service.i18n import N_

_RANGE = re.compile(r"([\[\](])(.*)\.\.(.*)([\])\[])", re.DOTALL)
_NOT = re.compile(r"not\s*\((.*)\)", re.DOTALL)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


@dataclass(frozen=True)
class Span:
    """One condition: the value equals `low`, or lies between the ends, each open, closed or absent."""

    low: Expression | None
    high: Expression | None
    low_closed: bool = True
    high_closed: bool = True
    exact: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Give the variables that the ends read."""
        return frozenset().union(*(end.names for end in (self.low, self.high) if end is not None))

    def holds(self, value: Any, variables: Mapping[str, Any], now: datetime | None) -> bool | None:
        """Test `value`; None when there is no order between it and an end."""
        if self.exact:
            assert self.low is not None
            wanted = self.low.evaluate(variables, now)
            return None if value is None and wanted is not None else same(value, wanted)
        above = self._end(self.low, ">=" if self.low_closed else ">", value, variables, now)
        below = self._end(self.high, "<=" if self.high_closed else "<", value, variables, now)
        return None if above is None or below is None else above and below

    def _end(
        self,
        end: Expression | None,
        order: str,
        value: Any,
        variables: Mapping[str, Any],
        now: datetime | None,
    ) -> bool | None:
        if end is None:
            return True
        pair = _comparable(value, end.evaluate(variables, now))
        return None if pair is None else _ORDER[order](*pair)


@dataclass(frozen=True)
class UnaryTests:
    """One cell: any of its spans, or none of them when negated; without spans (`-`) everything passes."""

    text: str
    spans: tuple[Span, ...]
    negated: bool = False

    @property
    def is_any(self) -> bool:
        """Tell whether the cell lets everything pass."""
        return not self.spans

    @property
    def names(self) -> frozenset[str]:
        """Give the variables that the cell reads."""
        return frozenset().union(*(span.names for span in self.spans))

    def matches(self, value: Any, variables: Mapping[str, Any], now: datetime | None = None) -> bool:
        """Tell whether `value` passes."""
        if self.is_any:
            return True
        results = [span.holds(value, variables, now) for span in self.spans]
        if self.negated:
            return all(result is False for result in results)
        return any(results)


@lru_cache(maxsize=8192)
def compile_tests(text: str) -> UnaryTests:
    """Read one cell; raises ExpressionError."""
    stripped = text.strip()
    if stripped in ("", "-"):
        return UnaryTests(stripped, ())
    inner = _NOT.fullmatch(stripped)
    tests = tuple(_span(part, stripped) for part in split_list(inner[1] if inner else stripped))
    return UnaryTests(stripped, tests, negated=inner is not None)


def split_list(text: str) -> list[str]:
    """Split at the commas outside quotes and brackets; half-open ranges such as `]1..2[` stay whole."""
    parts, start, depth, quoted = [], 0, 0, False
    for index, character in enumerate(text):
        if character == '"' and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "({":
            depth += 1
        elif character in ")}":
            depth = max(0, depth - 1)
        elif character == "," and (depth == 0 or ".." in text[start:index]):
            parts.append(text[start:index])
            start = index + 1
            depth = 0
    return [part.strip() for part in [*parts, text[start:]]]


def same(left: Any, right: Any) -> bool:
    """Compare as FEEL does: a number is never a truth value or a text; dates may stand as ISO text."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, date) or isinstance(right, date):
        pair = _comparable(left, right)
        return pair is not None and pair[0] == pair[1]
    return bool(left == right)


def _span(text: str, cell: str) -> Span:
    if not text:
        raise ExpressionError(cell, N_("列表里有空项"))
    if text.startswith(("date and time", "time(", "duration(")):
        raise ExpressionError(cell, N_('只支持日期 date("2026-10-12")，不支持时刻和时长'))
    if match := _RANGE.fullmatch(text):
        low, high = compile_expression(match[2]), compile_expression(match[3])
        return Span(low, high, low_closed=match[1] == "[", high_closed=match[4] == "]")
    for sign in ("<=", ">=", "<", ">"):
        if text.startswith(sign):
            return _half(sign, compile_expression(text[len(sign) :]))
    return Span(compile_expression(text), None, exact=True)


def _half(sign: str, end: Expression) -> Span:
    closed = sign.endswith("=")
    if sign.startswith("<"):
        return Span(None, end, high_closed=closed)
    return Span(end, None, low_closed=closed)


def _comparable(left: Any, right: Any) -> tuple[Any, Any] | None:
    if is_number(left) and is_number(right):
        return left, right
    if isinstance(left, date) or isinstance(right, date):
        return _dates(left, right)
    return (left, right) if isinstance(left, str) and isinstance(right, str) else None


def _dates(left: Any, right: Any) -> tuple[Any, Any] | None:
    if not (isinstance(left, date | str) and isinstance(right, date | str)):
        return None
    try:
        return to_date(left), to_date(right)
    except Refused:
        return None
