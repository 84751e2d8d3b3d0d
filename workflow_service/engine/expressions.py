"""Every expression that a diagram holds, with its place: what is compiled at deployment and what names it reads.

Used by `normalise` (nothing runs that cannot be read) and by `variables` (nothing is read that nobody sets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workflow_service.domain.deadlines import parse_deadline
from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.diagram import Diagram, Element
from workflow_service.engine.grammar import ExpressionError
from workflow_service.engine.problems import ERROR, Problem
from workflow_service.engine.script import compile_expression, compile_script, compile_template
from workflow_service.i18n import N_, Term

TEMPLATES = (
    "camunda:assignee",
    "camunda:candidateUsers",
    "camunda:candidateGroups",
    "approval:copyTo",
    "camunda:dueDate",
    "camunda:followUpDate",
    "camunda:priority",
    "approval:deadline",
    "approval:notBy",
)
"""Attributes of user tasks in which `${…}` places are filled when the task is opened, `notBy` when somebody takes it."""

DEADLINE, STAGE_DEADLINE = "approval:deadline", "approval:stageDeadline"
"""In plain words only at a process and a stage: they are read when the plan goes on its route, and enters the stage."""

BEFORE, INSIDE, AFTER = "before", "inside", "after"


@dataclass(frozen=True)
class Use:
    """One expression of an element; `moment` says with which variables it is evaluated.

    before: what came in; inside: that and the element's multi-instance variables; after: that and what the element
    sets. `what` names the attribute in words for messages.
    """

    what: str
    text: str
    moment: str
    compiler: Callable[[str], Any]

    @property
    def names(self) -> frozenset[str]:
        """Give the variables that are read; none when the text cannot be compiled."""
        try:
            names: frozenset[str] = self.compiler(self.text).names
        except ExpressionError:
            return frozenset()
        return names


def uses(element: Element, correlation: str | None = None) -> Iterator[Use]:
    """Give every expression of an element; `correlation` is the key of the message it waits for or sends."""
    for flow in element.outgoing:
        if flow.condition:
            yield Use(N_("出线条件"), flow.condition, AFTER, compile_expression)
    for attribute in TEMPLATES if element.attributes else ():
        if text := element.get(attribute):
            yield Use(attribute, text, INSIDE, compile_template)
    if element.script:
        yield Use(N_("脚本"), element.script, BEFORE, compile_script)
    if correlation:
        yield Use("approval:correlationKey", correlation, BEFORE, compile_expression)
    if element.multi_instance is not None or element.loop is not None:
        yield from _loop_uses(element)
    if element.called or element.inputs:
        yield from _call_uses(element)
    if element.definitions:
        yield from _timer_uses(element)


def _loop_uses(element: Element) -> Iterator[Use]:
    several = element.multi_instance
    if several is not None:
        for what, text in (
            ("camunda:collection", several.collection),
            ("loopCardinality", several.cardinality),
        ):
            if text:
                yield Use(what, text, BEFORE, compile_expression)
        if weight := element.get("approval:weight"):
            yield Use("approval:weight", weight, INSIDE, compile_expression)
        if several.completion_condition:
            yield Use("completionCondition", several.completion_condition, INSIDE, compile_expression)
    if element.loop is not None and element.loop.condition:
        yield Use("loopCondition", element.loop.condition, AFTER, compile_expression)


def _call_uses(element: Element) -> Iterator[Use]:
    if element.called and "${" in element.called:
        yield Use("calledElement", element.called, INSIDE, compile_expression)
    for mapping in element.inputs:
        text = mapping.expression or mapping.source
        if text:
            yield Use("camunda:in", text, INSIDE, compile_expression)


def _timer_uses(element: Element) -> Iterator[Use]:
    for definition in element.definitions:
        if definition.kind == "timer" and definition.value and "${" in definition.value:
            yield Use(N_("定时"), definition.value, BEFORE, compile_template)


def expression_problems(diagram: Diagram) -> Iterator[Problem]:
    """Compile every expression, and read every deadline and timer that stands there in plain words."""
    for element in diagram.elements():
        for use in uses(element):
            yield from _compile_problem(element, use)
        for mapping in element.outputs:
            output = Use("camunda:out", mapping.expression or mapping.source or "", AFTER, compile_expression)
            yield from _compile_problem(element, output)
        yield from _time_problems(element)
    for process in diagram.processes:
        if text := process.attributes.get(DEADLINE):
            yield from _time_problem(process.id, None, process.name or process.id, DEADLINE, text)
    for message in diagram.messages.values():
        if message.correlation_key:
            yield from _message_problem(diagram, message.id, message.correlation_key)


def _compile_problem(element: Element, use: Use) -> Iterator[Problem]:
    try:
        use.compiler(use.text)
    except ExpressionError as error:
        text = N_("“%(name)s”的%(what)s：%(detail)s")
        values = {"name": element.label, "what": Term(use.what), "detail": error.message}
        yield Problem(ERROR, "expression", text, "", element.id, element.line, values)


def _message_problem(diagram: Diagram, key: str, text: str) -> Iterator[Problem]:
    try:
        compile_expression(text)
    except ExpressionError as error:
        values = {
            "name": diagram.messages[key].name,
            "what": "approval:correlationKey",
            "detail": error.message,
        }
        yield Problem(ERROR, "expression", N_("“%(name)s”的%(what)s：%(detail)s"), "", key, None, values)


def _time_problems(element: Element) -> Iterator[Problem]:
    for attribute in (DEADLINE, "approval:timeout", "camunda:dueDate", "camunda:followUpDate", STAGE_DEADLINE):
        text = element.get(attribute)
        if text and ("${" not in text or attribute == STAGE_DEADLINE):
            yield from _time_problem(element.id, element.line, element.label, attribute, text)
    for definition in element.definitions:
        if definition.kind == "timer" and definition.value and "${" not in definition.value:
            text = definition.value
            if definition.timer == "timeCycle":
                repeat, _slash, text = text.rpartition("/")
                if not _is_repeat(repeat):
                    text = definition.value
            yield from _time_problem(element.id, element.line, element.label, definition.timer or "", text)


def _is_repeat(text: str) -> bool:
    count, _slash, start = text.partition("/")
    return count.startswith("R") and (count == "R" or count[1:].isdigit()) and not start


def _time_problem(key: str, line: int | None, name: str, what: str, text: str) -> Iterator[Problem]:
    try:
        parse_deadline(text)
    except InvalidInput as error:
        values = {"name": name, "what": Term(what), "detail": error.message}
        advice = N_(
            "写作 5 working days、3 calendar days、2026-06-30T12:00+08:00、P5D、R3/P1D，或 ${表达式}。"
        )
        yield Problem(ERROR, "time", N_("“%(name)s”的%(what)s：%(detail)s"), advice, key, line, values)
