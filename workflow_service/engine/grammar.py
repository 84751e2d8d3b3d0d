"""What the expression language allows: reads a text into a syntax tree, or says where and why it fails.

Called by `script`, at deployment. Refusing is by what is allowed, not by what is forbidden: a kind of syntax
that is not in `_NODES` is no part of the language.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.functions import FUNCTIONS, MAX_NUMBER, OPERATORS
from workflow_service.i18n import N_, _, translated

MAX_LENGTH = 2_000
MAX_NODES = 400
MAX_DEPTH = 40
CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
FUNCTION_NAMES = frozenset({*FUNCTIONS, "today"})

_FOREIGN = ("&&", "||", "！", "，", "（", "）", "“", "”", "＝")
_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.BinOp, ast.Compare, ast.IfExp, ast.Call,
    ast.Name, ast.Load, ast.Constant, ast.Attribute, ast.Subscript, ast.List, ast.Tuple, ast.Dict, *OPERATORS,
)  # fmt: skip


class ExpressionError(InvalidInput):
    """An expression or script cannot be read, or could not be evaluated with the values at hand.

    `expression` is the text, `line` and `column` count from 1, `reason` says why in the current language.
    """

    code = "expression_error"
    text = N_("表达式“%(expression)s”第 %(line)s 行第 %(column)s 列：%(reason)s。")

    def __init__(
        self, expression: str, reason: str, *, line: int = 1, column: int = 1, **values: Any
    ) -> None:
        super().__init__(
            expression=expression, line=line, column=column, reason=_written(reason, values), **values
        )
        self.expression, self.line, self.column = expression, line, column
        self._reason, self._values = reason, values

    @property
    def reason(self) -> str:
        """Say why, in the current language."""
        return _(self._reason, **{name: translated(value) for name, value in self._values.items()})

    @property
    def message(self) -> str:
        """Give text, place and reason in the current language."""
        return _(
            self.text, expression=self.expression, line=self.line, column=self.column, reason=self.reason
        )


class UnknownName(ExpressionError):
    """An expression uses a variable that does not exist at this moment; `name` is the variable."""

    code = "unknown_variable"

    @property
    def name(self) -> str:
        """Give the variable that is missing."""
        return str(self.details["name"])


@dataclass(frozen=True)
class Parsed:
    """One expression read: its text, its tree, the variables it reads, these with the keys that follow."""

    text: str
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]
    tree: ast.expr


def parse(text: str, line: int = 1, offset: int = 0) -> Parsed:
    """Read and check a bare expression `offset` characters into `line`; raises ExpressionError."""
    source = re.sub(r"[\r\n\t]", " ", text)
    if not source.strip():
        raise ExpressionError(text, N_("表达式为空"), line=line)
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            source[:60] + "…", N_("表达式超过 %(limit)s 个字符"), line=line, limit=MAX_LENGTH
        )
    leading = len(source) - len(source.lstrip())
    source = source.strip()
    tree = _parse(source, line, offset + leading)
    names, paths = _Checker(source, line, offset + leading).check(tree)
    return Parsed(source, names, paths, tree)


def _parse(source: str, line: int, offset: int) -> ast.expr:
    try:
        return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        column = (error.offset or 1) + offset
        raise ExpressionError(source, *_why(source), line=line, column=column) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(source[:60], N_("表达式无法识别"), line=line) from None


def _why(source: str) -> tuple[str]:
    outside_quotes = re.sub(r"\"[^\"]*\"|'[^']*'", "", source)
    if any(sign in outside_quotes for sign in _FOREIGN) or re.search(r"!(?!=)", outside_quotes):
        return (N_("写法不对：逻辑用 and、or、not，标点用半角"),)
    if re.search(r"(?<![=!<>])=(?!=)", outside_quotes):
        return (N_("判断相等要写 ==，表达式里不能赋值"),)
    return (N_("写法不对，此处无法识别"),)


class _Checker:
    """Walks a parsed expression once: refuses what the language lacks, collects the names it reads."""

    def __init__(self, source: str, line: int, offset: int) -> None:
        self.source, self.line, self.offset = source, line, offset

    def check(self, tree: ast.expr) -> tuple[frozenset[str], frozenset[tuple[str, ...]]]:
        names: set[str] = set()
        paths: set[tuple[str, ...]] = set()
        waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
        seen = 0
        while waiting:
            node, depth = waiting.pop()
            seen += 1
            if seen > MAX_NODES or depth > MAX_DEPTH:
                raise self._refuse(tree, N_("表达式过于复杂"))
            self._allow(node)
            if isinstance(node, ast.Name) and node.id not in CONSTANTS:
                names.add(node.id)
            if path := _path(node):
                paths.add(path)
            waiting += [(child, depth + 1) for child in _children(node)]
        return frozenset(names), _longest(paths)

    def _allow(self, node: ast.AST) -> None:
        if not isinstance(node, _NODES):
            reason = N_("表达式里不能用这种写法（%(feature)s）")
            raise self._refuse(node, reason, feature=type(node).__name__)
        if isinstance(node, ast.Constant):
            self._allow_constant(node)
        elif isinstance(node, ast.Name | ast.Attribute) and _name(node).startswith("_"):
            raise self._refuse(node, N_("名称不能以下划线开头"))
        elif isinstance(node, ast.Call):
            self._allow_call(node)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple | ast.List | ast.Dict):
            raise self._refuse(node, N_("方括号里应是序号或键"))
        elif isinstance(node, ast.Dict) and not all(_is_text(key) for key in node.keys):
            raise self._refuse(node, N_("字典的键应是文本"))

    def _allow_constant(self, node: ast.Constant) -> None:
        value = node.value
        if not isinstance(value, bool | int | float | str | None):
            raise self._refuse(node, N_("只能写数字、文本、True、False、None"))
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
            raise self._refuse(node, N_("数字过大"))

    def _allow_call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            raise self._refuse(
                node, N_("只能调用函数 %(functions)s"), functions="、".join(sorted(FUNCTION_NAMES))
            )
        if node.func.id not in FUNCTION_NAMES:
            reason = N_("没有函数“%(name)s”，可用的有 %(functions)s")
            raise self._refuse(node, reason, name=node.func.id, functions="、".join(sorted(FUNCTION_NAMES)))
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._refuse(node, N_("函数的参数只能依次写出"))
        if node.func.id == "today" and node.args:
            raise self._refuse(node, N_("today() 不带参数"))

    def _refuse(self, node: ast.AST, reason: str, **values: Any) -> ExpressionError:
        column = column_of(self.source, node) + self.offset
        return ExpressionError(self.source, reason, line=self.line, column=column, **values)


def column_of(source: str, node: ast.AST) -> int:
    """Give where a node begins in `source`, counting characters from 1 (the parser counts bytes from 0)."""
    return len(source.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore")) + 1


def _children(node: ast.AST) -> list[ast.AST]:
    children = list(ast.iter_child_nodes(node))
    return [child for child in children if child is not node.func] if isinstance(node, ast.Call) else children


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _path(node: ast.AST) -> tuple[str, ...]:
    keys: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            keys.append(node.attr)
            node = node.value
        elif (
            isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and _is_text(node.slice)
        ):
            keys.append(str(node.slice.value))
            node = node.value
        else:
            break
    return (node.id, *reversed(keys)) if isinstance(node, ast.Name) and node.id not in CONSTANTS else ()


def _longest(paths: set[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    shorter = {path[:size] for path in paths for size in range(1, len(path))}
    return frozenset(paths - shorter)


def _written(reason: str, values: dict[str, Any]) -> str:
    """Fill a reason in, untranslated: what `details` carries to those who do not ask for `reason`."""
    return reason % values if values else reason
