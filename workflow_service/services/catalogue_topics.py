"""Service tasks of catalogue changes: amended, carried out, refused, withdrawn, and told of (docs/domain.md §2.1)."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store import catalogue_changes
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.plans import Plan

from . import audit, recipients
from .calendars import SETTINGS
from .catalogue_carrying import carry_out
from .catalogue_changes import summary_of, variables_of
from .topics import Result, handles, locked_subject

if TYPE_CHECKING:
    from .execution import Execution

KIND = "catalogue"
REVIEW, APPROVAL, AMENDMENT = "review", "approve", "amend"
_TOLD_POSTS = ("handler", "leader")


@handles("catalogue.amend")
def take_amendment(execution: "Execution", work: ServiceWork) -> Result:
    """Let the run know what the proposal says now."""
    change = _change(execution, work)
    for name, value in variables_of(execution.session, change).items():
        execution.instance.renew(name, value)
    return Result({"change": change.id})


@handles("catalogue.change")
def change_catalogue(execution: "Execution", work: ServiceWork) -> Result:
    """Do what the government approved, from this day on, and tell everybody whom it concerns."""
    change, said = _change(execution, work), _said(work, APPROVAL)
    _decide(execution, change, "approved", str(said.get("opinion") or ""))
    change.document_number = str(said.get("document_number") or "").strip()
    change.decided_on = _day_of(execution, said)
    made = carry_out(execution, change)
    change.made_plan_ids = [plan.id for plan in made]
    _tell(execution, change, N_("目录调整已批准：%(what)s"), made)
    codes = [plan.code for plan in made]
    data = {"kind": change.kind, "plans": change.plan_ids, "number": change.document_number, "made": codes}
    audit.record(execution.session, execution.actor, "catalogue.change", f"catalogue-change:{change.id}", data, now=execution.now)
    return Result({"codes": codes})


@handles("catalogue.refuse")
def refuse_change(execution: "Execution", work: ServiceWork) -> Result:
    """Note that the commission or the government refused; everything stays as it was."""
    change, said = _change(execution, work), _said(work, APPROVAL) or _said(work, REVIEW)
    _decide(execution, change, "refused", str(said.get("opinion") or ""))
    change.document_number = str(said.get("document_number") or "").strip()
    _tell(execution, change, N_("目录调整未获批准：%(what)s"))
    return Result({"status": change.status})


@handles("catalogue.withdraw")
def withdraw_change(execution: "Execution", work: ServiceWork) -> Result:
    """Note that the proposer withdrew instead of amending."""
    change = _change(execution, work)
    _decide(execution, change, "withdrawn", str(_said(work, AMENDMENT).get("opinion") or ""))
    return Result({"status": change.status})


def _change(execution: "Execution", work: ServiceWork) -> CatalogueChange:
    return locked_subject(execution, work, "change", CatalogueChange, N_("没有找到这项目录调整。"))


def _said(work: ServiceWork, element: str) -> dict[str, Any]:
    answer = work.variables.get(element)
    return answer if isinstance(answer, dict) else {}


def _decide(execution: "Execution", change: CatalogueChange, status: str, answer: str) -> None:
    if change.status != "open":
        raise InvalidInput(N_("这项目录调整已经办结。"))
    change.status, change.decided_at, change.answer = status, execution.now, answer.strip()


def _day_of(execution: "Execution", said: dict[str, Any]) -> date:
    """The day of the approval as stated, which cannot lie ahead; today where none is stated."""
    today = SETTINGS.day_of(execution.now)
    stated = date.fromisoformat(said["decided_on"]) if said.get("decided_on") else today
    if stated > today:
        raise InvalidInput(N_("批准日期不能晚于今天。"))
    return stated


def _tell(execution: "Execution", change: CatalogueChange, text: str, made: Iterable[Plan] = ()) -> None:
    """The lead units of all plans, those that follow too, the proposer and the supervisors of the area."""
    session, now = execution.session, execution.now
    plans = catalogue_changes.plans_of(session, [change])
    units = {plan.lead_unit.code for plan in (*plans.values(), *made)}
    holders = [f"g:{unit}:{post}" for unit in sorted(units) for post in _TOLD_POSTS]
    holders += [f"u:{change.proposed_by}"] if change.proposed_by else []
    holders += recipients.supervisors_of(session, change.area_path, now=now)
    recipients.tell(
        session, execution.actor, holders, KIND, text, {"what": summary_of(change, plans)},
        f"{KIND}:{change.id}:{change.status}", now=now, note=change.answer, link=f"/catalogue/{change.id}",
    )  # fmt: skip
