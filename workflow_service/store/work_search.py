"""Searching one's own tasks: by the plan's title or code, by what the task itself is called, by opinions in the same run.

Each place is a statement of its own, so that PostgreSQL chooses for each whether to begin with the person's rows or with the
index of the words (`ix_plan_keywords`, `ix_task_opinion_keys`); joined by OR it could begin only with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_
from sqlalchemy.orm import aliased

from .plans import Plan
from .runtime import Task

Rows = Select[*tuple[Any, ...]]
Match = Callable[[Any], ColumnElement[bool]]


def found_in(statement: Rows, match: Match, typed: str) -> Sequence[Rows]:
    """Give a statement over Task once for each place where the words may stand; a task may come from several."""
    plan, spoken = aliased(Plan), aliased(Task)
    return (
        statement.join(plan, plan.id == Task.plan_id).where(match(plan.keywords)),
        statement.join(spoken, spoken.instance_id == Task.instance_id).where(match(spoken.opinion_keys)),
        statement.where(or_(_says(Task.title, typed), _says(Task.name, typed))),
    )


def _says(column: Any, typed: str) -> ColumnElement[bool]:
    """Contains the text as it was typed, whatever its case."""
    found: ColumnElement[bool] = column.icontains(typed, autoescape=True)
    return found
