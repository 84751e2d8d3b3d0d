"""The notice (通知) by which a plan is issued: made with the issue, kept in the results library, read as docx and pdf.

Its words come from what was decided: who issues (the office of the route, or the lead unit, alone or with the DRC), what
approved it, to whom it goes. What it says is kept in the plan's history, so a pdf made later says the same.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.documents.docx import write_docx
from workflow_service.documents.issue_notice import IssueNotice, issue_notice_document
from workflow_service.documents.pdf import Pdf, write_pdf
from workflow_service.domain.approvals import MeetingResult
from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, Plan, PlanEvent
from workflow_service.store.runtime import Attachment, Task

from .context import Actor
from .files import keep_made_file
from .plans import visible_plan

if TYPE_CHECKING:
    from .execution import Execution

EVENT = "notice_issued"
GOVERNMENT = "人民政府"
EVERYBODY = "各有关单位"
OF_GOVERNMENT = frozenset({"government_office", "party_office", "congress_office"})
APPROVED_BY = {
    "executive_meeting": "已经{place}人民政府常务会议审议通过",
    "special_meeting": "已经{place}人民政府专题会议审议通过",
    "party_committee_meeting": "已经{place}人民政府同意",
    "people_congress": "已经{place}人民代表大会审议批准",
    "standing_committee": "已经{place}人民代表大会常务委员会审议批准",
}
AGREED, DECIDED = "已经{place}人民政府同意", "已经审定"


@dataclass(frozen=True)
class Issue:
    """One issue of a plan: the unit whose number it bears, the number, the day, which revision, the form of who sealed it."""

    unit: Unit
    number: str
    issued_on: date
    revision: int
    stated: dict[str, Any] = field(default_factory=dict)


def make_notice(execution: Execution, plan: Plan, issue: Issue) -> Attachment:
    """Write the notice and keep it with the plan, in the transaction of the issue; raises Unavailable."""
    notice = _notice(execution, plan, issue)
    content = write_docx(issue_notice_document(notice))
    name = f"关于印发《{notice.plan_title}》的通知.docx"
    kept = keep_made_file(
        execution.session, content, name, instance_id=execution.row.id, plan_id=plan.id, now=execution.now
    )
    said = {**asdict(notice), "number": issue.number, "issued_on": issue.issued_on.isoformat()}
    said["written_at"] = execution.now.isoformat()
    execution.note_plan(EVENT, {**said, "revision": issue.revision, "attachment": kept.id, "sha256": kept.sha256})
    return kept


def notice_pdf(session: Session, actor: Actor, plan_id: int, revision: int | None = None) -> Pdf:
    """Give the notice of one revision (the newest by default) for reading; raises NotFound, Forbidden, PdfUnavailable."""
    visible_plan(session, actor, plan_id)
    events = select(PlanEvent.data).where(PlanEvent.plan_id == plan_id, PlanEvent.kind == EVENT)
    if revision is not None:
        events = events.where(PlanEvent.data["revision"].as_integer() == revision)
    said = session.scalars(events.order_by(PlanEvent.id.desc()).limit(1)).first()
    if said is None:
        raise NotFound(N_("这个规划没有印发通知。"))
    return write_pdf(issue_notice_document(_as_said(said)))


def _as_said(said: dict[str, Any]) -> IssueNotice:
    return IssueNotice(
        mark=said["mark"], number=DocumentNumber.parse(said["number"]), signers=tuple(said["signers"]),
        plan_title=said["plan_title"], addressees=tuple(said["addressees"]), decided=said["decided"],
        issued_on=date.fromisoformat(said["issued_on"]), written_at=datetime.fromisoformat(said["written_at"]),
        copies=tuple(said["copies"]),
    )  # fmt: skip


def _notice(execution: Execution, plan: Plan, issue: Issue) -> IssueNotice:
    signers = _signers(execution, plan, issue.unit)
    return IssueNotice(
        mark=f"{signers[0]}文件", number=DocumentNumber.parse(issue.number), signers=signers,
        plan_title=plan.title + ("（修订）" if issue.revision else ""),
        addressees=_names(issue.stated.get("addressees")) or (EVERYBODY,),
        decided=_decided(execution, issue.unit), issued_on=issue.issued_on, written_at=execution.now,
        copies=_names(issue.stated.get("copies_to")),
    )  # fmt: skip


def _signers(execution: Execution, plan: Plan, unit: Unit) -> tuple[str, ...]:
    """The issuing unit; with the DRC where the unit decided to issue jointly."""
    if _last(execution, "unit_decides").get("outcome") != "issue_jointly":
        return (unit.name,)
    statement = select(Unit.name).where(Unit.relation == "drc", Unit.area.in_((plan.area, plan.area[:6])))
    drc = execution.session.scalars(statement.order_by(func.length(Unit.area).desc()).limit(1)).first()
    return (unit.name, drc) if drc is not None and drc != unit.name else (unit.name,)


def _decided(execution: Execution, unit: Unit) -> str:
    """How the plan was approved, by the last meeting that passed it in this run; else by the government, or by its unit."""
    passed = (MeetingResult.PASSED.value, MeetingResult.PASSED_IN_PRINCIPLE.value)
    statement = select(AgendaItem.kind).where(
        AgendaItem.instance_id == execution.row.id, AgendaItem.kind.in_(APPROVED_BY), AgendaItem.result.in_(passed)
    )
    kind = execution.session.scalars(statement.order_by(AgendaItem.decided_at.desc(), AgendaItem.id.desc()).limit(1)).first()
    agreed = unit.relation in OF_GOVERNMENT or _last(execution, "government_decides").get("outcome") == "agree"
    words = APPROVED_BY.get(kind or "", AGREED if agreed else DECIDED)
    return words.format(place=_place(execution.session, unit.area))


def _place(session: Session, area: str) -> str:
    """A government's name without its last word: 江北区."""
    top = select(Unit.name).where(Unit.area == area).order_by(func.length(Unit.path), Unit.id).limit(1)
    return (session.scalars(top).first() or "").removesuffix(GOVERNMENT)


def _last(execution: Execution, element_id: str) -> dict[str, Any]:
    """What was handed in last at an element of this run."""
    statement = select(Task.submission).where(
        Task.instance_id == execution.row.id, Task.element_id == element_id, Task.status == "completed"
    )
    return dict(execution.session.scalars(statement.order_by(Task.ended_at.desc(), Task.id.desc()).limit(1)).first() or {})


def _names(text: object) -> tuple[str, ...]:
    """Names as they are written into a field: one a line, or with commas between; a bracket keeps its own commas."""
    parts = re.split(r"[\n；;，,。](?![^（(]*[）)])", str(text or ""))
    return tuple(part.strip(" 　：:") for part in parts if part.strip(" 　：:"))
