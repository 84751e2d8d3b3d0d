"""Finds rows of a decision table that clash, can never be reached, or are missing, and says so by row number.

Every column is cut into atoms: the listed texts, the two truth values, or the points and gaps between the
numbers and dates that its cells name. A row is then a box of atoms, and rows are compared as boxes. Cells
that read variables have no fixed box: they count as fitting anything where that is the careful answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflow_service.engine.decision_table import DecisionTable, Input, typed
from workflow_service.engine.functions import Refused, is_number, to_date
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import ERROR, WARNING, Problem
from workflow_service.engine.script import compile_expression, plain
from workflow_service.engine.unary import Span, UnaryTests, compile_tests
from workflow_service.i18n import N_, _

MAX_STEPS = 20_000
MAX_GAPS = 8


@dataclass(frozen=True)
class Atom:
    """One value (`low` is `high`) or one open gap between two neighbouring ends (None is unbounded)."""

    low: Any
    high: Any

    @property
    def is_point(self) -> bool:
        """Tell whether this is one value."""
        return self.low is not None and self.low == self.high

    @property
    def words(self) -> str:
        """Say which values these are."""
        if self.is_point:
            return f"= {_shown(self.low)}"
        if self.low is None:
            return f"< {_shown(self.high)}" if self.high is not None else _("为任意值")
        return (
            f"> {_shown(self.low)}" if self.high is None else f"∈ ({_shown(self.low)}..{_shown(self.high)})"
        )


Box = tuple[frozenset[int], ...]


def check_table(table: DecisionTable) -> list[Problem]:
    """Find cells of the wrong kind, overlap, unreachable rows and gaps; errors first."""
    problems = [*_cell_problems(table)]
    if problems or not table.inputs:
        return problems
    axes = [_axis(table, column) for column in range(len(table.inputs))]
    boxes = _boxes(table, axes)
    problems += _never(table, boxes)
    if table.policy in ("U", "A"):
        problems += _overlaps(table, boxes)
    if table.policy == "F":
        open_axes = [_with_others(column, axis) for column, axis in zip(table.inputs, axes, strict=True)]
        problems += _shadowed(table, _boxes(table, open_axes))
    if table.policy != "C#":
        problems += _gaps(table, axes, boxes)
    return problems


def _found(
    severity: str, code: str, text: str, table: DecisionTable, advice: str = "", **values: Any
) -> Problem:
    return Problem(severity, code, text, advice, table.id, None, {"table": table.name, **values})


def _cell_problems(table: DecisionTable) -> Iterator[Problem]:
    for rule in table.rules:
        for column, test in zip(table.inputs, rule.tests, strict=True):
            yield from _test_problems(table, rule.number, column, compile_tests(test))
        for output, result in zip(table.outputs, rule.results, strict=True):
            if output.values and result and result not in output.values:
                text = N_("表“%(table)s”第 %(row)s 行的结果 %(cell)s 不在“%(column)s”的可选值里")
                yield _found(
                    ERROR, "dmn_value", text, table, row=rule.number, cell=result, column=output.label
                )


def _test_problems(table: DecisionTable, row: int, column: Input, tests: UnaryTests) -> Iterator[Problem]:
    place: dict[str, Any] = {"row": row, "column": column.label, "cell": tests.text}
    known = compile_expression(column.expression).names
    if unknown := tests.names - known:
        text = N_("表“%(table)s”第 %(row)s 行“%(column)s”的 %(cell)s 用了变量 %(names)s")
        advice = N_('文本要加英文引号，例如 "省"。')
        yield _found(ERROR, "dmn_unquoted", text, table, advice, names="、".join(sorted(unknown)), **place)
        return
    for value in (end for span in tests.spans for end in _ends(span)):
        try:
            typed(value, column.type)
        except (ValueError, Refused):
            text = N_("表“%(table)s”第 %(row)s 行“%(column)s”的 %(cell)s 不是 %(type)s 类型")
            yield _found(ERROR, "dmn_type", text, table, type=column.type, **place)
    if column.values and not tests.is_any and not any(_fits(tests, value) for value in _listed(column)):
        text = N_("表“%(table)s”第 %(row)s 行“%(column)s”的 %(cell)s 不在可选值里")
        yield _found(ERROR, "dmn_value", text, table, **place)


def _ends(span: Span) -> list[Any]:
    """Give the fixed values a span names; ends that read variables give none."""
    found = []
    for end in (span.low, span.high):
        if end is not None and not end.names:
            try:
                found.append(end.evaluate({}))
            except ExpressionError:
                continue
    return found


def _listed(column: Input) -> list[Any]:
    return [end for value in column.values for span in compile_tests(value).spans for end in _ends(span)]


def _fits(tests: UnaryTests, value: Any) -> bool:
    return bool(tests.names) or tests.matches(value, {})


def _axis(table: DecisionTable, index: int) -> list[Atom]:
    column = table.inputs[index]
    tests = [compile_tests(rule.tests[index]) for rule in table.rules]
    named = [end for test in tests for span in test.spans for end in _ends(span)] + _listed(column)
    if column.type == "boolean" or (named and all(isinstance(value, bool) for value in named)):
        return [Atom(True, True), Atom(False, False)]
    if column.type == "date" or any(isinstance(value, date) for value in named):
        return _line(sorted({to_date(value) for value in named}))
    if named and all(is_number(value) for value in named):
        return _points(named) if column.values else _line(sorted(set(named)))
    return _points(named)


def _boxes(table: DecisionTable, axes: list[list[Atom]]) -> list[Box]:
    return [tuple(_covered(rule.tests[i], axis) for i, axis in enumerate(axes)) for rule in table.rules]


def _with_others(column: Input, axis: list[Atom]) -> list[Atom]:
    """Add "any other text" where a column does not list its values, so that a general row below is no dead row."""
    texts = not column.values and all(isinstance(atom.low, str) and atom.is_point for atom in axis)
    return [*axis, Atom(None, None)] if texts else axis


def _points(values: list[Any]) -> list[Atom]:
    unique = list(dict.fromkeys(value for value in values if value is not None))
    return [Atom(value, value) for value in unique] or [Atom(None, None)]


def _line(ends: list[Any]) -> list[Atom]:
    """Cut a line of numbers or dates at the given ends: gap, point, gap, point, …, gap."""
    if not ends:
        return [Atom(None, None)]
    atoms = [Atom(None, ends[0])]
    for here, after in zip(ends, [*ends[1:], None], strict=True):
        atoms += [Atom(here, here), Atom(here, after)]
    return atoms


def _covered(cell: str, axis: list[Atom]) -> frozenset[int]:
    tests = compile_tests(cell)
    everything = frozenset(range(len(axis)))
    if tests.is_any or tests.names:
        return everything
    hit = frozenset(i for i, atom in enumerate(axis) if any(_holds(span, atom) for span in tests.spans))
    return everything - hit if tests.negated else hit


def _holds(span: Span, atom: Atom) -> bool:
    """Tell whether all values of the atom fit: atoms are cut at every end, so it is all or none of them."""
    if atom.low is None and atom.high is None:
        return False
    if atom.is_point:
        return span.holds(atom.low, {}, None) is True
    if span.exact:
        return False
    ends = [None if end is None else end.evaluate({}) for end in (span.low, span.high)]
    low, high = (
        to_date(end) if isinstance(atom.low or atom.high, date) and end is not None else end for end in ends
    )
    above = low is None or (atom.low is not None and atom.low >= low)
    return above and (high is None or (atom.high is not None and atom.high <= high))


def _never(table: DecisionTable, boxes: list[Box]) -> Iterator[Problem]:
    for rule, box in zip(table.rules, boxes, strict=True):
        if not all(box):
            text = N_("表“%(table)s”第 %(row)s 行永远不会符合")
            yield _found(ERROR, "dmn_never", text, table, row=rule.number)


def _overlaps(table: DecisionTable, boxes: list[Box]) -> Iterator[Problem]:
    for later, box in enumerate(boxes):
        for earlier in range(later):
            if table.policy == "A" and table.rules[earlier].results == table.rules[later].results:
                continue
            if all(mine & other for mine, other in zip(box, boxes[earlier], strict=True)):
                certain = not any(
                    compile_tests(cell).names for i in (earlier, later) for cell in table.rules[i].tests
                )
                text = N_("表“%(table)s”第 %(first)s 行与第 %(second)s 行会同时符合")
                advice = N_("请改条件使它们互斥，或把命中策略改为 FIRST。")
                severity = ERROR if certain else WARNING
                yield _found(
                    severity, "dmn_overlap", text, table, advice, first=earlier + 1, second=later + 1
                )


def _shadowed(table: DecisionTable, boxes: list[Box]) -> Iterator[Problem]:
    for later, box in enumerate(boxes):
        before = [
            i for i in range(later) if not any(compile_tests(cell).names for cell in table.rules[i].tests)
        ]
        if all(box) and next(_uncovered(box, [boxes[i] for i in before]), None) is None:
            text = N_("表“%(table)s”第 %(row)s 行不会用到，前面的行已包括它")
            yield _found(WARNING, "dmn_unreachable", text, table, row=later + 1)


def _gaps(table: DecisionTable, axes: list[list[Atom]], boxes: list[Box]) -> Iterator[Problem]:
    everything = tuple(frozenset(range(len(axis))) for axis in axes)
    for count, gap in enumerate(_uncovered(everything, boxes)):
        if count == MAX_GAPS:
            return
        words = [
            f"{column.label} {_atoms(axis, atoms)}"
            for column, axis, atoms in zip(table.inputs, axes, gap, strict=True)
            if len(atoms) < len(axis)
        ]
        text = N_("表“%(table)s”没有一行处理：%(gap)s")
        advice = N_("请补一行；其他情况可用全是 - 的末行（命中策略 FIRST）。")
        yield _found(WARNING, "dmn_gap", text, table, advice, gap="，".join(words) or _("任何输入"))


def _uncovered(space: Box, boxes: list[Box]) -> Iterator[Box]:
    """Give the parts of `space` that no box covers, joined along the columns; stops after MAX_STEPS."""
    steps = [0]

    def parts(prefix: Box, rest: Box, candidates: tuple[int, ...]) -> Iterator[Box]:
        steps[0] += 1
        if steps[0] > MAX_STEPS:
            return
        if not candidates:
            yield (*prefix, *rest)
            return
        if not rest:
            return
        column = len(prefix)
        groups: dict[tuple[int, ...], set[int]] = {}
        for atom in sorted(rest[0]):
            fitting = tuple(i for i in candidates if atom in boxes[i][column])
            groups.setdefault(fitting, set()).add(atom)
        for fitting, atoms in groups.items():
            yield from parts((*prefix, frozenset(atoms)), rest[1:], fitting)

    yield from parts((), space, tuple(range(len(boxes))))


def _atoms(axis: list[Atom], atoms: frozenset[int]) -> str:
    chosen = [axis[i] for i in sorted(atoms)]
    if len(chosen) > 1 and all(atom.is_point for atom in chosen):
        return "= " + " / ".join(_shown(atom.low) for atom in chosen)
    return " / ".join(atom.words for atom in chosen)


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(plain(value))
