"""The functions and operators of the expression language, each guarded against text tricks and runaway sizes.

Called by `script`. Everything takes and gives plain values: None, bool, numbers, text, dates, lists, dicts.
Dates may stand as ISO text in variables (JSON has no dates): compared with a date, such text is read as one.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from workflow_service.i18n import N_, Term

MAX_ITEMS = 10_000
MAX_TEXT = 10_000
MAX_NUMBER = 10**24


class Refused(Exception):
    """A value does not fit an operator or function; `script` adds where in the text it happened."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


def kind_of(value: Any) -> Term:
    """Name the kind of a value in words that users see."""
    for types, name in _KINDS:
        if isinstance(value, types):
            return Term(name)
    return Term(N_("不支持的类型"))


_KINDS: tuple[tuple[Any, str], ...] = (
    (type(None), N_("空值")),
    (bool, N_("是否值")),
    ((int, float), N_("数字")),
    (str, N_("文本")),
    (date, N_("日期")),
    ((list, tuple), N_("列表")),
    (dict, N_("字典")),
)


def is_number(value: Any) -> bool:
    """Tell whether `value` is a number; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def bounded(value: Any) -> Any:
    """Pass a number on, or refuse one too large, infinite or undefined."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(N_("计算结果不是有限的数"))
    if abs(value) > MAX_NUMBER:
        raise Refused(N_("计算结果过大"))
    return value


def add(left: Any, right: Any) -> Any:
    """Add numbers, join texts or lists, or move a date by days."""
    if is_number(left) and is_number(right):
        return bounded(left + right)
    if isinstance(left, str) and isinstance(right, str):
        return _short(left + right, MAX_TEXT)
    if isinstance(left, list) and isinstance(right, list):
        return _short([*left, *right], MAX_ITEMS)
    if isinstance(left, date) and isinstance(right, int):
        return _moved(left, right)
    raise _cannot("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """Subtract numbers; dates give the days between them; a date less a number is days earlier."""
    if is_number(left) and is_number(right):
        return bounded(left - right)
    if _dates(left, right):
        return (to_date(left) - to_date(right)).days
    if isinstance(left, date) and isinstance(right, int):
        return _moved(left, -right)
    raise _cannot("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """Multiply numbers; texts and lists are not repeated."""
    if is_number(left) and is_number(right):
        return bounded(left * right)
    raise _cannot("*", left, right)


def divide(left: Any, right: Any) -> Any:
    """Divide numbers."""
    return _division("/", left, right, lambda a, b: a / b)


def floor_divide(left: Any, right: Any) -> Any:
    """Divide numbers and round down."""
    return _division("//", left, right, lambda a, b: a // b)


def remainder(left: Any, right: Any) -> Any:
    """Give the remainder of a division of numbers; text is not formatted."""
    return _division("%", left, right, lambda a, b: a % b)


def negative(value: Any) -> Any:
    """Change a number's sign."""
    if is_number(value):
        return -value
    raise Refused(N_("“-”不能用于%(kind)s"), kind=kind_of(value))


def positive(value: Any) -> Any:
    """Pass a number on."""
    if is_number(value):
        return value
    raise Refused(N_("“+”不能用于%(kind)s"), kind=kind_of(value))


def equal(left: Any, right: Any) -> bool:
    """Compare two values; a date equals the ISO text that writes it."""
    if (
        isinstance(left, date) != isinstance(right, date)
        and isinstance(left, date | str)
        and isinstance(right, date | str)
    ):
        return to_date(left) == to_date(right)
    return bool(left == right)


def ordered(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Make an order comparison that refuses values without an order among them."""

    def comparison(left: Any, right: Any) -> bool:
        if is_number(left) and is_number(right):
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        if isinstance(left, date | str) and isinstance(right, date | str):
            return compare(to_date(left), to_date(right))
        raise _cannot(symbol, left, right)

    return comparison


def contains(item: Any, container: Any) -> bool:
    """Tell whether a list, a dict's keys or a text contains `item`."""
    if isinstance(container, str) and not isinstance(item, str):
        raise _cannot("in", item, container)
    if isinstance(container, list | tuple):
        return any(equal(item, each) for each in container)
    if isinstance(container, dict | str):
        return _hashable(item) in container
    raise Refused(N_("“in”右边应是列表、字典或文本，这里是%(kind)s"), kind=kind_of(container))


def same(left: Any, right: Any) -> bool:
    """Tell whether both are None (or both the same truth value): what `is` is used for."""
    return left is right


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: add,
    ast.Sub: subtract,
    ast.Mult: multiply,
    ast.Div: divide,
    ast.FloorDiv: floor_divide,
    ast.Mod: remainder,
    ast.USub: negative,
    ast.UAdd: positive,
    ast.Not: lambda value: not value,
    ast.Eq: equal,
    ast.NotEq: lambda left, right: not equal(left, right),
    ast.Lt: ordered("<", lambda a, b: bool(a < b)),
    ast.LtE: ordered("<=", lambda a, b: bool(a <= b)),
    ast.Gt: ordered(">", lambda a, b: bool(a > b)),
    ast.GtE: ordered(">=", lambda a, b: bool(a >= b)),
    ast.In: contains,
    ast.NotIn: lambda item, container: not contains(item, container),
    ast.Is: same,
    ast.IsNot: lambda left, right: not same(left, right),
}


def length(value: Any) -> int:
    """Count the items of a list or dict, or the characters of a text."""
    if isinstance(value, list | tuple | dict | str):
        return len(value)
    raise Refused(N_("len 只能用于列表、字典或文本，这里是%(kind)s"), kind=kind_of(value))


def smallest(*values: Any) -> Any:
    """Give the smallest of the values, or of one list of values."""
    return _extreme("min", values, OPERATORS[ast.Lt])


def largest(*values: Any) -> Any:
    """Give the largest of the values, or of one list of values."""
    return _extreme("max", values, OPERATORS[ast.Gt])


def total(values: Any) -> Any:
    """Add up a list of numbers; an empty list gives 0."""
    result: Any = 0
    for value in _items("sum", values):
        if not is_number(value):
            raise Refused(N_("sum 只能用于数字，列表中有%(kind)s"), kind=kind_of(value))
        result = bounded(result + value)
    return result


def absolute(value: Any) -> Any:
    """Drop a number's sign."""
    if is_number(value):
        return abs(value)
    raise Refused(N_("abs 只能用于数字，这里是%(kind)s"), kind=kind_of(value))


def rounded(value: Any, places: Any = 0) -> Any:
    """Round a number to `places` (0 to 10) decimal places; without places the result is a whole number."""
    if not is_number(value) or not isinstance(places, int) or not 0 <= places <= 10:
        raise Refused(N_("round 需要一个数字和 0 至 10 的小数位数"))
    return round(value, places) if places else round(value)


def get(container: Any, key: Any, default: Any = None) -> Any:
    """Look a key up in a dict; a missing key, or no dict at all (None), gives `default`."""
    if container is None:
        return default
    if isinstance(container, dict):
        return container.get(_hashable(key), default)
    raise Refused(N_("get 只能用于字典，这里是%(kind)s"), kind=kind_of(container))


def any_of(items: Any, key: Any, value: Any) -> bool:
    """Tell whether at least one dict in the list has `value` under `key`."""
    return any(equal(get(item, key), value) for item in _items("any_of", items))


def all_of(items: Any, key: Any, value: Any) -> bool:
    """Tell whether every dict in the list has `value` under `key`; an empty list does."""
    return all(equal(get(item, key), value) for item in _items("all_of", items))


def count_of(items: Any, key: Any, value: Any) -> int:
    """Count the dicts in the list that have `value` under `key`."""
    return sum(1 for item in _items("count_of", items) if equal(get(item, key), value))


def to_date(value: Any) -> date:
    """Read an ISO date, or the date part of an ISO moment, from text; a date passes unchanged."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) <= 10 else datetime.fromisoformat(value).date()
        except ValueError:
            raise Refused(N_("“%(value)s”不是日期，应写作 2026-10-12 的形式"), value=value[:40]) from None
    raise Refused(N_("date 需要日期文本，这里是%(kind)s"), kind=kind_of(value))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": length,
    "min": smallest,
    "max": largest,
    "sum": total,
    "abs": absolute,
    "round": rounded,
    "get": get,
    "any_of": any_of,
    "all_of": all_of,
    "count_of": count_of,
    "date": to_date,
}


def _cannot(symbol: str, left: Any, right: Any) -> Refused:
    reason = N_("“%(symbol)s”不能用于%(left)s和%(right)s")
    return Refused(reason, symbol=symbol, left=kind_of(left), right=kind_of(right))


def _division(symbol: str, left: Any, right: Any, divided: Callable[[Any, Any], Any]) -> Any:
    if not (is_number(left) and is_number(right)):
        raise _cannot(symbol, left, right)
    if right == 0:
        raise Refused(N_("除数为零"))
    return bounded(divided(left, right))


def _dates(left: Any, right: Any) -> bool:
    """Tell whether at least one of two is a date and the other a date or text."""
    both = isinstance(left, date | str) and isinstance(right, date | str)
    return both and (isinstance(left, date) or isinstance(right, date))


def _moved(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Refused(N_("日期超出范围")) from None


def _short(value: Any, limit: int) -> Any:
    if len(value) > limit:
        raise Refused(N_("结果过长"))
    return value


def _items(name: str, values: Any) -> list[Any] | tuple[Any, ...]:
    if isinstance(values, list | tuple):
        return values
    raise Refused(N_("%(name)s 需要列表，这里是%(kind)s"), name=name, kind=kind_of(values))


def _extreme(name: str, values: tuple[Any, ...], better: Callable[[Any, Any], bool]) -> Any:
    candidates = _items(name, values[0]) if len(values) == 1 else values
    if not candidates:
        raise Refused(N_("%(name)s 的列表为空"), name=name)
    best = candidates[0]
    for candidate in candidates[1:]:
        if better(candidate, best):
            best = candidate
    return best


def _hashable(key: Any) -> Any:
    if isinstance(key, list | dict):
        raise Refused(N_("列表或字典不能作键"))
    return key
