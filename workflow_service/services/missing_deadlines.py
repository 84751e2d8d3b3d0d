"""Human tasks for which neither the diagram nor the table of deadlines has one: they would never fall due, and nobody is urged.

Said when a process or the table is deployed, and shown on the run as long as such a task is open.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import TongchouError
from workflow_service.domain.plans import Importance
from workflow_service.engine.decision_table import NoDecisionMatch
from workflow_service.engine.decisions import DecisionTable
from workflow_service.engine.problems import WARNING, Problem
from workflow_service.i18n import N_
from workflow_service.store.runtime import ProcessInstance, Task

from .programs import program_of

DEADLINES = "deadlines"
"""The key of the table (see `waiting`)."""

TEXT = N_("“%(name)s”没有办理时限：时限表没有“%(process)s / %(task)s”的行，任务不会到期，也不催办")
ADVICE = N_("在时限表中补一行，或在图上写明时限（approval:deadline）。")
HUMAN = ("userTask", "manualTask")


def missing(key: str, plain: Mapping[str, Any], table: DecisionTable) -> Iterator[Problem]:
    """Give a warning for each human task of a plain process for which the table has no row, if only for some importance."""
    for element_id, element in plain["elements"].items():
        attrs = element.get("attrs", {})
        if element["type"] not in HUMAN or attrs.get("deadline") or attrs.get("dueDate"):
            continue
        if any(_has_no_row(table, key, element_id, attrs, one.value) for one in Importance):
            values = {"name": element.get("name") or element_id, "process": key, "task": element_id}
            yield Problem(WARNING, "no_deadline", TEXT, ADVICE, element_id, None, values)


def open_without(session: Session, row: ProcessInstance) -> Sequence[Task]:
    """Give the open tasks of a run that have no deadline although there is a table of deadlines, oldest first."""
    if DEADLINES not in program_of(session, row.definition_id).program.tables:
        return []
    undated = Task.due_at.is_(None), Task.deadline_rule == "", Task.round_id.is_(None), Task.paused_for == ""
    return session.scalars(
        select(Task).where(Task.instance_id == row.id, Task.status == "open", *undated).order_by(Task.id)
    ).all()


def _has_no_row(table: DecisionTable, key: str, element_id: str, attrs: Mapping[str, Any], importance: str) -> bool:
    inputs = {"process": key, "task": element_id, "importance": importance, "kind": attrs.get("kind") or ""}
    try:
        table.evaluate({**inputs, "plan": {"importance": importance}})
    except NoDecisionMatch:
        return True
    except TongchouError:  # it asks for more of the plan than is known here
        return False
    return False
