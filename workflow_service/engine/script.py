"""The expression language of conditions, scripts and decision inputs: small, locked down, Chinese welcome.

A Python expression without attributes (only dict keys), comprehensions, text formatting, repetition or
powers, evaluated by simpleeval. What a text may contain is checked once, when it is compiled, so the error
comes at deployment; compiled texts are cached and may be shared between threads.

Budget: `grammar.MAX_LENGTH` characters and `grammar.MAX_NODES` syntax nodes an expression, `MAX_LINES` lines.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from simpleeval import SimpleEval

from workflow_service.domain.errors import NaiveDatetime
from workflow_service.engine.functions import FUNCTIONS, OPERATORS, Refused, kind_of
from workflow_service.engine.grammar import CONSTANTS, ExpressionError, UnknownName, column_of, parse
from workflow_service.i18n import N_

MAX_LINES = 100
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")

_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Expression:
    """A compiled expression; `names` are the variables it reads, `paths` these with the keys that follow."""

    text: str
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]
    tree: ast.expr = field(repr=False, compare=False)

    def evaluate(
        self, variables: Mapping[str, Any], now: datetime | None = None, zone: ZoneInfo = DEFAULT_ZONE
    ) -> Any:
        """Evaluate over `variables`; `now` (aware) gives `today()`, the date in `zone`.

        Raises ExpressionError, UnknownName for a variable that does not exist.
        """
        if now is not None and now.tzinfo is None:
            raise NaiveDatetime()
        return _Evaluator(self.text, variables, now, zone).run(self.tree)


@dataclass(frozen=True)
class Script:
    """A compiled script: assignments in order; `names` are the variables it reads before setting them."""

    text: str
    assignments: tuple[tuple[str, Expression], ...]
    names: frozenset[str]

    @property
    def assigned(self) -> frozenset[str]:
        """Give the variables that the script sets."""
        return frozenset(name for name, _expression in self.assignments)

    def execute(
        self, variables: Mapping[str, Any], now: datetime | None = None, zone: ZoneInfo = DEFAULT_ZONE
    ) -> dict[str, Any]:
        """Run the lines and give what they assign, dates as ISO text; `variables` stay as they are."""
        scope, assigned = dict(variables), dict[str, Any]()
        for name, expression in self.assignments:
            scope[name] = assigned[name] = plain(expression.evaluate(scope, now, zone))
        return assigned


@dataclass(frozen=True)
class Template:
    """A text with `${expression}` places, such as a candidate group `${unit}:handler`."""

    text: str
    parts: tuple[str | Expression, ...]

    @property
    def names(self) -> frozenset[str]:
        """Give the variables that the places read."""
        return frozenset().union(*(part.names for part in self.parts if isinstance(part, Expression)))

    def evaluate(
        self, variables: Mapping[str, Any], now: datetime | None = None, zone: ZoneInfo = DEFAULT_ZONE
    ) -> str:
        """Fill the places and give the text; an empty value is an error, not an empty place."""
        return "".join(
            part if isinstance(part, str) else self._filled(part, part.evaluate(variables, now, zone))
            for part in self.parts
        )

    def _filled(self, place: Expression, value: Any) -> str:
        if value is None or value == "" or isinstance(value, list | dict | bool):
            raise ExpressionError(place.text, N_("这里需要文本，得到的是%(kind)s"), kind=kind_of(value))
        return str(plain(value))


@lru_cache(maxsize=8192)
def compile_expression(text: str) -> Expression:
    """Read one expression, bare or in `${…}`; raises ExpressionError with place and reason."""
    return _compile(unwrap(text))


@lru_cache(maxsize=2048)
def compile_script(text: str) -> Script:
    """Read a script of `name = expression` lines (empty lines and `#` lines are skipped)."""
    assignments = tuple(_assignments(text))
    needed: set[str] = set()
    known: set[str] = set()
    for name, expression in assignments:
        needed |= expression.names - known
        known.add(name)
    return Script(text, assignments, frozenset(needed))


@lru_cache(maxsize=8192)
def compile_template(text: str) -> Template:
    """Read a text with any number of `${…}` places; the text outside them stands for itself."""
    parts: list[str | Expression] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        end = _closing_brace(text, start)
        parts += [text[position:start], _compile(text[start + 2 : end])]
        position = end + 1
    return Template(text, tuple(part for part in [*parts, text[position:]] if part != ""))


def unwrap(text: str) -> str:
    """Take an expression out of Camunda's `${…}`; a bare one passes; anything mixed is refused by name."""
    stripped = text.strip()
    if stripped.startswith("#{"):
        raise ExpressionError(stripped, N_("不支持 #{…}，请写作 ${…}"))
    if "${" not in stripped:
        return stripped
    if not stripped.startswith("${") or _closing_brace(stripped, 0) != len(stripped) - 1:
        raise ExpressionError(stripped, N_("整个表达式应放在一个 ${…} 里"))
    return stripped[2:-1].strip()


def plain(value: Any) -> Any:
    """Turn a result into what JSON can hold: dates become ISO text, tuples lists; dict keys must be text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def _assignments(text: str) -> Iterator[tuple[str, Expression]]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _is_code(line)]
    if len(lines) > MAX_LINES:
        raise ExpressionError(text[:60], N_("脚本超过 %(limit)s 行"), limit=MAX_LINES)
    for number, line in lines:
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            raise ExpressionError(line.strip(), N_("脚本的每一行应是“名称 = 表达式”"), line=number)
        yield _assignable(match[1], line, number), _compile(match[2], number, match.start(2))


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _assignable(name: str, line: str, number: int) -> str:
    if keyword.iskeyword(name) or name in CONSTANTS or name.startswith("_"):
        raise ExpressionError(line.strip(), N_("“%(name)s”不能作变量名"), line=number, name=name)
    return name


def _closing_brace(text: str, start: int) -> int:
    """Find the brace that closes the `${` at `start`, over nested braces and quoted text."""
    depth, quote = 0, ""
    for index in range(start + 1, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote and text[index - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return index
    raise ExpressionError(text, N_("${ 没有对应的 }"), column=start + 1)


def _compile(text: str, line: int = 1, offset: int = 0) -> Expression:
    parsed = parse(text, line, offset)
    return Expression(parsed.text, parsed.names, parsed.paths, parsed.tree)


class _Evaluator(SimpleEval):
    """One evaluation: simpleeval's walk without its defaults (functions, powers, attributes)."""

    def __init__(self, text: str, variables: Mapping[str, Any], now: datetime | None, zone: ZoneInfo) -> None:
        self.expr, self.names, self.now, self.zone = text, variables, now, zone
        self.operators = OPERATORS
        self.nodes: dict[type[ast.AST], Callable[[Any], Any]] = {
            ast.BoolOp: self._eval_boolop,
            ast.UnaryOp: self._eval_unaryop,
            ast.BinOp: self._eval_binop,
            ast.Compare: self._eval_compare,
            ast.IfExp: self._eval_ifexp,
            ast.Constant: lambda node: node.value,
            ast.Name: self._eval_name,
            ast.Call: self._eval_call,
            ast.Attribute: self._eval_attribute,
            ast.Subscript: self._eval_subscript,
            ast.List: lambda node: [self._eval(item) for item in node.elts],
            ast.Tuple: lambda node: [self._eval(item) for item in node.elts],
            ast.Dict: self._eval_dict,
        }

    def run(self, tree: ast.expr) -> Any:
        """Evaluate the tree; a value without a truth value or order becomes an ExpressionError."""
        return self._eval(tree)

    def _eval(self, node: ast.AST) -> Any:
        try:
            return self.nodes[type(node)](node)
        except Refused as refused:
            raise self._error(node, refused.reason, **refused.values) from None

    def _eval_name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        raise UnknownName(
            self.expr, N_("没有变量“%(name)s”"), column=column_of(self.expr, node), name=node.id
        )

    def _eval_call(self, node: ast.Call) -> Any:
        name = node.func.id  # type: ignore[attr-defined]  # the checker allows plain names only
        if name == "today":
            return self._today()
        arguments = [self._eval(argument) for argument in node.args]
        try:
            return FUNCTIONS[name](*arguments)
        except TypeError:
            raise Refused(N_("%(name)s 的参数个数不对"), name=name) from None

    def _today(self) -> date:
        if self.now is None:
            raise Refused(N_("此处不能用 today()"))
        return self.now.astimezone(self.zone).date()

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        return self._looked_up(self._eval(node.value), node.attr)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        container, key = self._eval(node.value), self._eval(node.slice)
        if isinstance(container, dict):
            return self._looked_up(container, key)
        if isinstance(container, list | tuple | str) and isinstance(key, int) and not isinstance(key, bool):
            if -len(container) <= key < len(container):
                return container[key]
            raise Refused(N_("序号 %(key)s 超出范围，共 %(count)s 项"), key=key, count=len(container))
        raise Refused(N_("不能从%(kind)s里取“%(key)s”"), kind=kind_of(container), key=str(key)[:40])

    def _looked_up(self, container: Any, key: Any) -> Any:
        if not isinstance(container, dict):
            raise Refused(N_("不能从%(kind)s里取“%(key)s”"), kind=kind_of(container), key=str(key)[:40])
        if isinstance(key, list | dict) or key not in container:
            reason = N_('没有“%(key)s”这一项；可能没有时用 get(…, "%(key)s")')
            raise Refused(reason, key=str(key)[:40])
        return container[key]

    def _eval_dict(self, node: ast.Dict) -> dict[str, Any]:
        pairs = zip(node.keys, node.values, strict=True)
        return {self._eval(key): self._eval(value) for key, value in pairs if key is not None}

    def _error(self, node: ast.AST, reason: str, **values: Any) -> ExpressionError:
        return ExpressionError(self.expr, reason, column=column_of(self.expr, node), **values)
