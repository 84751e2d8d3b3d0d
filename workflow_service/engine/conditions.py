"""Tells whether the conditions of a gateway cover every case, as far as their form shows it.

Comparisons are taken as truth values that can be anything, except that opposites exclude each other: `x == 1` and
`x != 1`, `x < 1` and `x >= 1`, `x in l` and `x not in l`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import product

from workflow_service.engine.diagram import Element
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.script import compile_expression

MAX_ATOMS = 8
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.NotIn: ast.In,
    ast.IsNot: ast.Is,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
}


def covers_everything(gateway: Element) -> bool:
    """Tell whether a gateway has a default flow or conditions of which one always holds."""
    if len(gateway.outgoing) < 2 or any(flow.is_default for flow in gateway.outgoing):
        return True
    try:
        trees = [compile_expression(flow.condition or "True").tree for flow in gateway.outgoing]
    except ExpressionError:
        return True
    return _one_always_holds(trees)


def _one_always_holds(trees: list[ast.expr]) -> bool:
    atoms = sorted({atom for tree in trees for atom in _atoms(tree)})
    if len(atoms) > MAX_ATOMS:
        return False
    for values in product((True, False), repeat=len(atoms)):
        facts = dict(zip(atoms, values, strict=True))
        if not any(_holds(tree, facts) for tree in trees):
            return False
    return True


def _atoms(tree: ast.expr) -> Iterable[str]:
    if isinstance(tree, ast.BoolOp):
        for value in tree.values:
            yield from _atoms(value)
    elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        yield from _atoms(tree.operand)
    elif not _constant(tree)[0]:
        yield _atom(tree)[0]


def _holds(tree: ast.expr, facts: dict[str, bool]) -> bool:
    if isinstance(tree, ast.BoolOp):
        values = [_holds(value, facts) for value in tree.values]
        return all(values) if isinstance(tree.op, ast.And) else any(values)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return not _holds(tree.operand, facts)
    fixed, value = _constant(tree)
    if fixed:
        return value
    atom, positive = _atom(tree)
    return facts[atom] if positive else not facts[atom]


def _constant(tree: ast.expr) -> tuple[bool, bool]:
    if isinstance(tree, ast.Constant):
        return True, bool(tree.value)
    if isinstance(tree, ast.Name) and tree.id in ("true", "false"):
        return True, tree.id == "true"
    return False, False


def _atom(tree: ast.expr) -> tuple[str, bool]:
    """Give the positive form of a comparison as text, and whether this is it."""
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return ast.unparse(tree), True
    left, right = ast.unparse(tree.left), ast.unparse(tree.comparators[0])
    operator = type(tree.ops[0])
    positive = operator not in _OPPOSITE
    shown = _OPPOSITE.get(operator, operator).__name__
    if shown == "Eq" and right in ("True", "true", "False", "false"):
        return left, positive == right.lower().startswith("t")
    return f"{left} {shown} {right}", positive
