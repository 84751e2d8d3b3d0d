"""Service tasks about plans: registration, dossier, meetings, issue, filing (docs/domain.md §2)."""

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, false, or_, select, text, true

from workflow_service import signals
from workflow_service.domain.divisions import area_above
from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.plans import DossierItem, Level
from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.identity.names import search_keys
from workflow_service.store.database import send_after_commit
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, LibraryResult, Plan
from workflow_service.store.runtime import Attachment, Task

from .issue_notices import Issue, make_notice
from .numbering import next_number, note_number
from .plans import calendar_day, next_code, plan_facts, plan_named
from .topics import Result, handles

if TYPE_CHECKING:
    from .execution import Execution

ABOVE = "_above"
"""Ending of a relation that means the unit one level up."""


@handles("plan.register")
def register_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Give the plan its code, its route and its place on the two lists, from the decisions in the diagram's variables."""
    plan, seen = _plan(execution), work.variables
    if plan.code is None:
        plan.code = str(next_code(execution.session, plan))
        plan.keywords = search_keys(plan.title, plan.code)
    plan.status, plan.registered_on = "active", calendar_day(execution.now)
    plan.route = str(seen.get("route") or plan.route)
    plan.environmental_review = _listed(seen.get("environment_list"), plan.environmental_review)
    plan.water_review = _listed(seen.get("water_list"), plan.water_review)
    execution.note_plan("registered", {"code": plan.code, "route": plan.route})
    _stage(execution, plan, "research")
    return Result({"code": plan.code}, plan_facts(plan))


@handles("plan.refuse")
def refuse_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Close an application that was refused."""
    return _close(execution, "refused", {"note": _note(work)})


@handles("plan.pend")
def pend_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Let an application wait for the next list."""
    plan = _plan(execution)
    plan.status = "pending"
    execution.note_plan("pending", {"note": _note(work)})
    return Result({"status": plan.status}, plan_facts(plan))


@handles("plan.merge")
def merge_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Close an application that joins another plan; its documents stay with both."""
    plan = _plan(execution)
    decision = work.variables.get("catalogue_decision") or {}
    target = _merge_target(execution, plan, decision.get("merged_into"))
    plan.merged_into_id = target.id if target is not None else None
    return _close(execution, "merged", {"into": plan.merged_into_id, "note": _note(work)})


@handles("dossier.check", writes=False)
def check_dossier(execution: "Execution", work: ServiceWork) -> Result:
    """Compare what was handed in with what is required; everything missing is named at once (docs/domain.md §2.2)."""
    required = [str(one) for one in work.variables.get("required_items") or []]
    present = _handed_in(execution, work)
    missing = [item for item in required if item not in present]
    labels = {item.value: str(item.label) for item in DossierItem}
    names = [labels.get(item, item) for item in missing]
    return Result({"complete": not missing, "missing": missing, "missing_names": names})


@handles("meeting.request")
def request_meeting(execution: "Execution", work: ServiceWork) -> Result:
    """Put the plan into the pool for an agenda of the body that the diagram names in `body`."""
    body = str(work.variables.get("body") or "executive_meeting")
    return _request(execution, body, "meeting.result", str(work.variables.get("office") or ""))


@handles("catalogue.request")
def request_listing(execution: "Execution", work: ServiceWork) -> Result:
    """Put the application into the pool for the consolidated list."""
    town = execution.plan is not None and execution.plan.level == Level.TOWN.value
    return _request(execution, "catalogue_list", "catalogue.decided", f"drc{ABOVE}" if town else "drc")


@handles("plan.issue")
def issue_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Number the notice, write it, date the issue, put both into the results library. From here the plan counts as issued.

    A revision is issued before it is counted (`plan.revised`): its text enters the library under the coming number, and the
    plan stays issued since the day it first was.
    """
    plan = _registered(execution)
    issued_on = calendar_day(execution.now)
    unit = _issuing_unit(execution, plan, work)
    number = _document_number(execution, plan, unit, work, issued_on)
    revised = plan.issued_on is not None
    if not revised:
        _mark_issued(execution, plan, issued_on, number)
    issue = Issue(unit, number, issued_on, plan.revision + revised, _stated_notice(work))
    notice = make_notice(execution, plan, issue)
    _into_library(execution, plan, number, issued_on, issue.revision, notice)
    return Result({"number": number, "issued_on": issued_on.isoformat()}, plan_facts(plan))


@handles("plan.file")
def file_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Register a filing. A filed-only plan counts as issued from the date that its filing states."""
    plan = _registered(execution)
    today = calendar_day(execution.now)
    if not plan.filing_number:
        serial = next_number(execution.session, f"filing:{plan.area}:{today.year}")
        plan.filing_number = f"{plan.area}-BA-{today.year}-{serial:04d}"
    plan.filed_on = today
    stated = _stated_issue(execution, work)
    if plan.issued_on is None and stated is not None:
        _mark_issued(execution, plan, *stated)
        _into_library(execution, plan, plan.document_number, plan.issued_on or today, plan.revision)
    elif stated is not None and plan.status == "issued" and execution.row.definition_key == "revision":
        _into_library(execution, plan, stated[1], stated[0], plan.revision + 1)
    execution.note_plan("filed", {"number": plan.filing_number})
    return Result({"registration_number": plan.filing_number}, plan_facts(plan))


@handles("plan.forward")
def forward_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Note that the filing went on to the upper level."""
    execution.note_plan("forwarded", {})
    return Result({"forwarded_on": calendar_day(execution.now).isoformat()})


@handles("plan.revised")
def revise_plan(execution: "Execution", work: ServiceWork) -> Result:
    """Count a finished revision; the code stays."""
    plan = _plan(execution)
    plan.revision += 1
    execution.note_plan("revised", {"revision": plan.revision})
    return Result({"revision": plan.revision}, plan_facts(plan))


@handles("plan.stage")
def enter_stage(execution: "Execution", work: ServiceWork) -> Result:
    """Set the plan's stage to the one that the element names."""
    plan = _plan(execution)
    element = execution.loaded.program.element(work.place.process_key, work.place.element_id)
    stage = str(element.get("attrs", {}).get("stage") or plan.stage)
    _stage(execution, plan, stage)
    return Result({"stage": stage}, plan_facts(plan))


@handles("evaluation.record")
def record_evaluation(execution: "Execution", work: ServiceWork) -> Result:
    """Note a published evaluation in the plan's history and the library."""
    plan = _plan(execution)
    today = calendar_day(execution.now)
    execution.note_plan("evaluated", {"on": today.isoformat()})
    _stage(execution, plan, "implementation")
    return Result({"evaluated_on": today.isoformat()}, plan_facts(plan))


def _plan(execution: "Execution") -> Plan:
    if execution.plan is None:
        raise InvalidInput(N_("这个流程没有关联规划。"))
    return execution.plan


def _registered(execution: "Execution") -> Plan:
    """Give the plan; one outside the catalogue is neither issued nor filed (docs/domain.md §2.1)."""
    plan = _plan(execution)
    if plan.code is None:
        raise InvalidInput(N_("规划尚未列入目录清单并赋码，不能印发或备案。"))
    return plan


def _stage(execution: "Execution", plan: Plan, stage: str) -> None:
    if plan.stage != stage:
        execution.enter_stage(plan, stage)


def _close(execution: "Execution", status: str, data: dict[str, Any]) -> Result:
    plan = _plan(execution)
    plan.status = status
    execution.note_plan(status, data)
    _stage(execution, plan, "closed")
    return Result({"status": status}, plan_facts(plan))


def _listed(answer: Any, before: bool) -> bool:
    outcome = answer.get("outcome") if isinstance(answer, dict) else None
    return before if outcome is None else outcome == "listed"


def _note(work: ServiceWork) -> str:
    decision = work.variables.get("catalogue_decision")
    return str((decision or {}).get("note") or "") if isinstance(decision, dict) else ""


def _merge_target(execution: "Execution", plan: Plan, wanted: Any) -> Plan | None:
    if not wanted:
        return None
    target = plan_named(execution.session, str(wanted))
    if target is None or target.id == plan.id:
        raise InvalidInput(N_("没有找到要并入的规划“%(plan)s”。"), plan=wanted)
    return target


def _handed_in(execution: "Execution", work: ServiceWork) -> set[str]:
    """Items of which there is a file: a tick alone is no document.

    A file counts for the item that it is marked as, if it came with this run, or with an earlier one and is ticked. Files that
    the forms name and nobody marked count for the ticked items without one as soon as there is one for each.
    """
    ticked, named = _said_to_be_there(work)
    row = execution.row
    of_plan = Attachment.plan_id == row.plan_id if row.plan_id is not None else false()
    statement = select(Attachment).where(or_(of_plan, Attachment.instance_id == row.id), Attachment.removed_at.is_(None))
    files = execution.session.scalars(statement).all()
    fresh = {one.dossier_item for one in files if one.instance_id == row.id or one.uploaded_at >= row.started_at}
    present = (fresh | ({one.dossier_item for one in files} & ticked)) - {""}
    loose = [one for one in files if str(one.id) in named and not one.dossier_item]
    return present | ticked if len(loose) >= len(ticked - present) else present


def _said_to_be_there(work: ServiceWork) -> tuple[set[str], set[str]]:
    """What the submission and its supplements tick, and the files that they name."""
    ticked: set[str] = set()
    named: set[str] = set()
    for name in ("submit_dossier", "supplement_dossier"):
        answer = work.variables.get(name)
        if isinstance(answer, dict):
            ticked |= {str(item) for item in answer.get("items") or []}
            named |= {str(one) for one in answer.get("files") or []}
    return ticked, named


def _request(execution: "Execution", kind: str, message: str, office: str) -> Result:
    plan = execution.plan
    item = AgendaItem(
        kind=kind, area=_area_of(plan, office) if plan else "", plan_id=execution.row.plan_id, instance_id=execution.row.id,
        message_name=message, requested_at=execution.now, status="waiting", position=0, result="", note="",
    )  # fmt: skip
    execution.session.add(item)
    execution.session.flush()
    return Result({"item": str(item.id)})


def _area_of(plan: Plan, office: str) -> str:
    """The jurisdiction that an office named by its relation belongs to: the plan's, or the one above it."""
    higher = area_above(plan.area) if office.endswith(ABOVE) else None
    return higher or plan.area


def _document_number(execution: "Execution", plan: Plan, unit: Unit, work: ServiceWork, issued_on: date) -> str:
    """The number stated by hand, else the next of the unit's series; never one under which another notice was issued."""
    stated = str(_stated_notice(work).get("document_number") or "")
    prefix, series = unit.document_prefix or unit.short_name, f"document:{unit.code}:{issued_on.year}"
    if not stated:
        return _next_document_number(execution, unit, prefix, series, issued_on)
    number = DocumentNumber.parse(stated)
    if _is_taken(execution, str(number), plan):
        raise InvalidInput(N_("发文字号“%(number)s”已用于其他文件，请退回核对。"), number=str(number))
    if (number.prefix, number.year) == (prefix, issued_on.year):
        note_number(execution.session, series, number.serial)
    return str(number)


def _next_document_number(execution: "Execution", unit: Unit, prefix: str, series: str, issued_on: date) -> str:
    if not DocumentNumber.is_prefix(prefix):
        raise InvalidInput(N_("“%(unit)s”没有机关代字，请管理员在单位资料中填写后重试。"), unit=unit.name)
    while True:
        number = str(DocumentNumber(prefix, issued_on.year, next_number(execution.session, series)))
        if not _is_taken(execution, number):
            return number


def _is_taken(execution: "Execution", number: str, plan: Plan | None = None) -> bool:
    """Whether a notice of another plan has the number; whoever asks for the same one at the same time waits."""
    execution.session.execute(_LOCK_NUMBER, {"number": number})
    taken = LibraryResult.kind == "notice", LibraryResult.document_number == number
    others = LibraryResult.plan_id != plan.id if plan is not None else true()
    return execution.session.scalars(select(LibraryResult.id).where(*taken, others).limit(1)).first() is not None


_LOCK_NUMBER = text("SELECT pg_advisory_xact_lock(hashtext('document number'), hashtext(:number))")


def _stated_notice(work: ServiceWork) -> dict[str, Any]:
    """What was stated about the notice: number and addressees (`number_document`), the seal (`seal_and_send`)."""
    found = [work.variables.get(name) for name in ("number_document", "seal_and_send")]
    return {name: value for one in found if isinstance(one, dict) for name, value in one.items()}


def _issuing_unit(execution: "Execution", plan: Plan, work: ServiceWork) -> Unit:
    office = str(work.variables.get("office") or "")
    session = execution.session
    found = session.scalars(select(Unit).where(Unit.code == office)).one_or_none()
    if found is None and office:
        relation = office.removesuffix(ABOVE)
        found = session.scalars(
            select(Unit).where(Unit.area == _area_of(plan, office), Unit.relation == relation)
        ).one_or_none()
    return found or plan.lead_unit


def _mark_issued(execution: "Execution", plan: Plan, issued_on: date, number: str) -> None:
    plan.issued_on, plan.document_number, plan.status = issued_on, number, "issued"
    execution.note_plan("issued", {"on": issued_on.isoformat(), "number": number})
    send_after_commit(execution.session, signals.plan_issued, plan_id=plan.id)


def _into_library(
    execution: "Execution", plan: Plan, number: str, issued_on: date, revision: int, notice: Attachment | None = None
) -> None:
    """Enter the issued text, and the notice that issues it, under the revision's number; once each."""
    statement = select(LibraryResult.kind).where(LibraryResult.plan_id == plan.id, LibraryResult.revision == revision)
    there = set(execution.session.scalars(statement))
    documents = {"plan": _issued_text(execution, plan)} | ({"notice": notice.id} if notice is not None else {})
    execution.session.add_all(
        LibraryResult(
            plan_id=plan.id, revision=revision, kind=kind, document_number=number, issued_on=issued_on,
            attachment_id=attachment_id, entered_at=execution.now,
        )
        for kind, attachment_id in documents.items()
        if kind not in there
    )  # fmt: skip


def _issued_text(execution: "Execution", plan: Plan) -> int | None:
    """The file with the text that is issued: the newest draft, whether handed in for review or amended since, or else what a
    filing stated.
    """
    draft = select(Attachment.id).where(
        Attachment.plan_id == plan.id, Attachment.dossier_item == DossierItem.DRAFT_FOR_REVIEW.value,
        Attachment.removed_at.is_(None),
    )  # fmt: skip
    newest = execution.session.scalars(draft.order_by(Attachment.id.desc()).limit(1)).first()
    amended = _first_file(execution, Task.form_key == "draft_submission", "draft")
    return (
        max(newest or 0, amended or 0)
        or _first_file(execution, Task.element_id == "submit_filing", "documents")
        or _first_file(execution, Task.element_id == "put_right", "documents")
    )


def _first_file(execution: "Execution", which: ColumnElement[bool], name: str) -> int | None:
    """The first file of a field as handed in last at such tasks of this run."""
    statement = select(Task.submission).where(Task.instance_id == execution.row.id, which, Task.status == "completed")
    for given in execution.session.scalars(statement.order_by(Task.ended_at.desc(), Task.id.desc())):
        files = [one for one in (given or {}).get(name) or [] if str(one).isdigit()]
        if files:
            return int(files[0])
    return None


def _stated_issue(execution: "Execution", work: ServiceWork) -> tuple[date, str] | None:
    """The issue date and number that the unit stated with its filing, as put right since."""
    issued_on, number = "", ""
    for stated in (work.variables.get("submit_filing"), *_corrections(execution, work)):
        if isinstance(stated, dict):
            issued_on = str(stated.get("issued_on") or issued_on)
            number = str(stated.get("document_number") or number)
    return (date.fromisoformat(issued_on), number) if issued_on else None


def _corrections(execution: "Execution", work: ServiceWork) -> list[Any]:
    """Everything put right in this run, in order: a later correction need not repeat what an earlier one said."""
    if "put_right" not in work.variables:
        return []
    statement = select(Task.submission).where(
        Task.instance_id == execution.row.id, Task.element_id == "put_right", Task.status == "completed"
    )
    return [*execution.session.scalars(statement.order_by(Task.ended_at, Task.id))]
