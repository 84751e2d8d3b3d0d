"""Tells whether the conditions of a gateway cover every case, as far as their form shows it.

Comparisons are taken as truth values that can be anything, except that opposites exclude each other (`x == 1` and
`x != 1`, `x < 1` and `x >= 1`) and that a form's field has one of its choices.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import product
from math import prod

from workflow_service.engine.diagram import Element
from workflow_service.engine.form_fields import compared_texts
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.script import compile_expression

MAX_ATOMS = 8
MAX_CASES = 2_000
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.NotEq: ast.Eq,
    ast.NotIn: ast.In,
    ast.IsNot: ast.Is,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
}


def covers_everything(gateway: Element, domains: Mapping[str, frozenset[str]] | None = None) -> bool:
    """Tell whether a gateway has a default flow or conditions of which one always holds.

    `domains` gives the values that a form's field can have, by `task.field`.
    """
    if len(gateway.outgoing) < 2 or any(flow.is_default for flow in gateway.outgoing):
        return True
    try:
        trees = [compile_expression(flow.condition or "True").tree for flow in gateway.outgoing]
    except ExpressionError:
        return True
    return _one_always_holds(trees, domains or {})


def _one_always_holds(trees: list[ast.expr], domains: Mapping[str, frozenset[str]]) -> bool:
    comparisons = {place: domains[place] for tree in trees for place in _places(tree) if place in domains}
    atoms = sorted({atom for tree in trees for atom in _atoms(tree) if not _place_of(atom, comparisons)})
    if len(atoms) > MAX_ATOMS or prod(len(choices) for choices in comparisons.values()) > MAX_CASES:
        return False
    for chosen in product(*(sorted(choices) for choices in comparisons.values())):
        fields = dict(zip(comparisons, chosen, strict=True))
        for values in product((True, False), repeat=len(atoms)):
            facts = dict(zip(atoms, values, strict=True))
            if not any(_holds(tree, facts, fields) for tree in trees):
                return False
    return True


def _places(tree: ast.expr) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and compared_texts(node):
            yield ast.unparse(node.left)


def _place_of(atom: str, comparisons: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether an atom is a comparison that a field's choice decides."""
    return any(atom.startswith((f"{place} Eq ", f"{place} In ")) for place in comparisons)


def _atoms(tree: ast.expr) -> Iterable[str]:
    if isinstance(tree, ast.BoolOp):
        for value in tree.values:
            yield from _atoms(value)
    elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        yield from _atoms(tree.operand)
    elif not _constant(tree)[0]:
        yield _atom(tree)[0]


def _holds(tree: ast.expr, facts: dict[str, bool], fields: dict[str, str]) -> bool:
    if isinstance(tree, ast.BoolOp):
        values = [_holds(value, facts, fields) for value in tree.values]
        return all(values) if isinstance(tree.op, ast.And) else any(values)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return not _holds(tree.operand, facts, fields)
    fixed, value = _constant(tree)
    if fixed:
        return value
    atom, positive = _atom(tree)
    if isinstance(tree, ast.Compare) and ast.unparse(tree.left) in fields and compared_texts(tree):
        return (fields[ast.unparse(tree.left)] in compared_texts(tree)) == positive
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
