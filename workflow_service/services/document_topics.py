"""Service tasks about an issued document: sent to units for receipt (分送、签收), and given its archive number (归档)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.identity.groups import RELATIONS, resolve_groups
from workflow_service.store import notice_rows
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan

from . import circulations
from .circulations import Sending, Subject
from .numbering import next_number
from .plans import calendar_day
from .topics import Result, handles

if TYPE_CHECKING:
    from .execution import Execution

RECEIVING_POSTS = ("registry", "handler", "leader")
"""Who signs for a unit: the first of these posts that somebody holds."""
DEFAULT_RECIPIENTS = ("lead_unit", "drc")


@handles("document.distribute")
def distribute(execution: Execution, work: ServiceWork) -> Result:
    """Send the issued notice to the units that `distribute` names, for receipt by each; gives whom it reached and whom not."""
    plan, stated = _plan(execution), _answer(work, "distribute")
    wanted = [str(one) for one in stated.get("units") or DEFAULT_RECIPIENTS]
    holders, missed = [], []
    for unit in wanted:
        holder = _receiving(execution, unit, work)
        if holder is None:
            missed.append(unit)
        elif holder not in holders:
            holders.append(holder)
    if holders:
        about = Subject(plan.title, f"/plans/{plan.id}", plan.area_path, execution.row.id, None, plan.id)
        sending = Sending(CirculationKind.RECEIPT, holders, str(stated.get("note") or ""))
        circulations.send(execution.session, execution.actor, sending, about, now=execution.now)
    return Result({"sent": len(holders), "missed": missed})


@handles("document.archive")
def archive(execution: Execution, work: ServiceWork) -> Result:
    """Give the document its archive number, the stated one or the next of the year, and note where it is kept how long."""
    plan, stated = _plan(execution), _answer(work, "archive")
    number, year = str(stated.get("archive_number") or ""), calendar_day(execution.now).year
    if not number:
        number = f"{plan.area}-GH-{year}-{next_number(execution.session, f'archive:{plan.area}:{year}'):04d}"
    execution.note_plan("archived", {"number": number, "retention": stated.get("retention"), "place": stated.get("place") or ""})
    return Result({"archive_number": number})


def _receiving(execution: Execution, unit: str, work: ServiceWork) -> str | None:
    """The holder key of the post that signs for a unit; None where nobody holds any."""
    code = _code_of(execution, unit, work)
    keys = [f"g:{code}:{post}" for post in RECEIVING_POSTS]
    held = notice_rows.people_of(execution.session, keys, calendar_day(execution.now))
    return next((key for key in keys if held.get(key)), None)


def _code_of(execution: Execution, unit: str, work: ServiceWork) -> str:
    """The code of a unit that may be named by what it is to the plan."""
    if unit != "lead_unit" and unit not in RELATIONS:
        return unit
    for post in RECEIVING_POSTS:
        try:
            found = resolve_groups(execution.session, [f"{unit}:{post}"], work.variables.get("plan") or {}, work.variables)
        except InvalidInput:
            continue
        return found[0].rpartition(":")[0]
    return execution.session.scalars(select(Unit.code).where(Unit.id == _plan(execution).lead_unit_id)).one()


def _plan(execution: Execution) -> Plan:
    if execution.plan is None:
        raise InvalidInput(N_("这个流程没有规划。"))
    return execution.plan


def _answer(work: ServiceWork, element_id: str) -> dict[str, Any]:
    found = work.variables.get(element_id)
    return found if isinstance(found, dict) else {}
