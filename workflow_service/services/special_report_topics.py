"""Service tasks of special reports: begun about what a weekly report tells, numbered and sent, dropped, the drafter told that all
have read (docs/domain.md §6).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.ledger_queries import LEAVING
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task

from . import special_reports
from .special_reports import Drafter
from .topics import Result, handles, locked_subject

if TYPE_CHECKING:
    from .execution import Execution


CHOOSING = "special_report"
"""The element of the weekly report at which a planner chooses about which plans to report."""


@handles("report.begin")
def begin_reports(execution: "Execution", work: ServiceWork) -> Result:
    """Begin a report about each plan that the planner chose, in his name, with the facts and what its unit reported.

    About one that left the catalogue meanwhile none is begun; the result names it.
    """
    drafter, week = _drafter(execution), date.fromisoformat(str(work.variables["week"]))
    problems = _chosen(work.variables)
    plans = _locked(execution, list(problems))
    told = {plans[plan_id]: words for plan_id, words in problems.items() if plans[plan_id].status not in LEAVING}
    begun = special_reports.begin_from_week(
        execution.session, execution.actor, drafter, told, week, origin_id=execution.row.id, now=execution.now
    )
    left = [{"id": one.id, "title": one.title} for one in plans.values() if one not in told]
    return Result({"reports": [{"id": one.id, "title": one.title} for one in begun], "left": left})


def _chosen(seen: Mapping[str, Any]) -> dict[int, str]:
    """The plans that were chosen, in the order of the report, with the problems told of each."""
    answer, published = seen.get(CHOOSING) or {}, seen.get("publish") or {}
    wanted = {row.get("plan") for row in answer.get("plans") or () if row.get("report")}
    return {int(one["id"]): str(one.get("problems") or "") for one in published.get("stuck") or () if one["id"] in wanted}


def _locked(execution: "Execution", plan_ids: Sequence[int]) -> dict[int, Plan]:
    """Lock the plans in order, against what changes them only, before anything is recorded: as every other command does."""
    statement = select(Plan).where(Plan.id.in_(plan_ids)).order_by(Plan.id)
    shared = statement.with_for_update(read=True, key_share=True, of=Plan).execution_options(populate_existing=True)
    return {plan.id: plan for plan in execution.session.scalars(shared)}


def _drafter(execution: "Execution") -> Drafter:
    """Who hands in the choice now, or, where the step is tried again by somebody else, who had handed it in."""
    choice = select(Task).where(Task.instance_id == execution.row.id, Task.element_id == CHOOSING, Task.round_id.is_(None))
    last = execution.session.scalars(choice.order_by(Task.id.desc()).limit(1)).first()
    if last is not None and last.status == "completed":
        return Drafter(last.completed_by, last.completed_unit_id)
    return Drafter(execution.actor.user_id, execution.actor.unit_id)


@handles("report.send")
def send_report(execution: "Execution", work: ServiceWork) -> Result:
    """Number and seal the report; its leaders' log-in names are whom the next step asks."""
    report = _report(execution, work)
    readers = special_reports.send_report(execution.session, execution.actor, report, now=execution.now)
    return Result({"number": report.number, "readers": readers})


@handles("report.drop")
def drop_report(execution: "Execution", work: ServiceWork) -> Result:
    """The drafter sends it to nobody."""
    report = _report(execution, work)
    special_reports.drop_report(execution.session, execution.actor, report, now=execution.now)
    return Result({"status": report.status})


@handles("report.read")
def tell_drafter(execution: "Execution", work: ServiceWork) -> Result:
    """Every leader has read it: the drafter hears of it."""
    report = _report(execution, work)
    special_reports.tell_read(execution.session, execution.actor, report, now=execution.now)
    return Result({"number": report.number})


def _report(execution: "Execution", work: ServiceWork) -> SpecialReportRow:
    return locked_subject(execution, work, "report", SpecialReportRow, N_("没有找到这份专报。"))
