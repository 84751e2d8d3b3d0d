"""Compares what conditions read from a submitted form with what the form can give.

A person's submission is the variable named like the task; so `check.outcome == "complete"` is right only if the
task's form has a field `outcome` with that choice. Used by `verify`; a form without choices leaves everything open.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from workflow_service.engine.diagram import Element, Process
from workflow_service.engine.expressions import uses
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.engine.script import compile_expression
from workflow_service.engine.variables import flow_of
from workflow_service.i18n import N_

Choices = frozenset[str] | None
"""The values a field can have; None where any text, number or date may stand."""

Fields = Mapping[str, Mapping[str, Choices]]
"""Fields by form key."""


def fields_of(schema: Mapping[str, Any]) -> dict[str, Choices]:
    """Give the fields of a form (JSON Schema) with their choices."""
    return {name: _choices(field) for name, field in schema.get("properties", {}).items()}


def _choices(field: Any) -> Choices:
    if not isinstance(field, Mapping):
        return None
    listed = field.get("enum") or [each.get("const") for each in field.get("oneOf", ()) if "const" in each]
    return frozenset(listed) if listed and all(isinstance(value, str) for value in listed) else None


def domains(process: Process, fields: Fields) -> dict[str, frozenset[str]]:
    """Give what `task.field` can be, for the fields with choices of every task with a known form."""
    return {
        f"{task.id}.{name}": choices
        for task in _tasks_with_form(process, fields)
        for name, choices in fields[task.get("camunda:formKey") or ""].items()
        if choices is not None
    }


def field_problems(process: Process, fields: Fields) -> Iterator[Problem]:
    """Find fields that a form does not have and values that a field cannot have."""
    forms = {task.id: fields[task.get("camunda:formKey") or ""] for task in _tasks_with_form(process, fields)}
    choices = domains(process, fields)
    for element in process.elements.values():
        for use in uses(element):
            for path in sorted(_paths(use.compiler, use.text)):
                if len(path) > 1 and path[0] in forms and path[1] not in forms[path[0]]:
                    yield _unknown_field(element, process.elements[path[0]], path[1])
        for flow in element.outgoing if choices else ():
            for place, value in _comparisons(flow.condition):
                if place in choices and value not in choices[place]:
                    yield _impossible(element, place, value, choices[place])


def _tasks_with_form(process: Process, fields: Fields) -> list[Element]:
    """Give the tasks whose result is just their form's: one instance, known form, no other element sets the name."""
    flow = flow_of(process)
    setters = Counter(name for element in process.elements.values() for name in flow.sets(element))
    return [
        task
        for task in process.of_type("userTask")
        if task.get("camunda:formKey") in fields and task.multi_instance is None and setters.get(task.id) == 1
    ]


def _paths(compiler: Any, text: str) -> frozenset[tuple[str, ...]]:
    try:
        compiled = compiler(text)
    except ExpressionError:
        return frozenset()
    parts = getattr(compiled, "parts", None) or [each for _name, each in getattr(compiled, "assignments", ())]
    paths = [part.paths for part in parts or [compiled] if hasattr(part, "paths")]
    return frozenset().union(*paths)


def _comparisons(condition: str | None) -> Iterator[tuple[str, str]]:
    if not condition:
        return
    try:
        tree = compile_expression(condition).tree
    except ExpressionError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield from ((ast.unparse(node.left), value) for value in compared_texts(node))


def compared_texts(node: ast.Compare) -> list[str]:
    """Give the texts that a comparison `==`, `!=`, `in` or `not in` names on its right."""
    right = node.comparators[0]
    if isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return [right.value] if isinstance(right, ast.Constant) and isinstance(right.value, str) else []
    if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
        return [
            each.value
            for each in right.elts
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
    return []


def _unknown_field(element: Element, task: Element, field: str) -> Problem:
    text = N_("“%(name)s”用到“%(task)s”的 %(field)s，它的表单“%(form)s”里没有这一项")
    values = {"name": element.label, "task": task.label, "field": field, "form": task.get("camunda:formKey")}
    return Problem(ERROR, "unknown_field", text, "", element.id, element.line, values)


def _impossible(element: Element, place: str, value: str, choices: frozenset[str]) -> Problem:
    text = N_("“%(name)s”的条件拿 %(place)s 与“%(value)s”比较，表单里没有这个选项")
    advice = N_("表单里的选项：%(choices)s。")
    values = {"name": element.label, "place": place, "value": value, "choices": "、".join(sorted(choices))}
    return Problem(ERROR, "impossible_value", text, advice, element.id, element.line, values)
