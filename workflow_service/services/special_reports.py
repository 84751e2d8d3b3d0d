"""Special reports (专报): one page about one plan, released, sent to chosen leaders, their instructions followed up.

A report is a row; how it goes is the process `special_report`, which designers may change. Its run belongs to no plan: it must
not let the clock of a plan run that waits for a meeting. Who released it is whoever did that step; once sent, the database
refuses every change. What leaders write are instructions on the run (`instructions`), so their orders outlive it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.documents.pdf import Pdf, write_pdf
from workflow_service.documents.special_report import SpecialReport, report_document
from workflow_service.domain.divisions import last_area
from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows, report_list
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.instance_view import participants_of
from workflow_service.store.people import Unit, User
from workflow_service.store.plans import Plan
from workflow_service.store.report_list import Leader
from workflow_service.store.runtime import ProcessInstance, Task

from . import audit, paper_templates, plan_brief, recipients
from .calendars import SETTINGS
from .context import Actor
from .listing import INSPECTOR_POST, inspector_of
from .numbering import next_document_number
from .plans import visible_plan
from .processes import start_process
from .task_access import holders_of

PROCESS, KIND = "special_report", "special_report"
DRAFT, SENT, DROPPED = "draft", "sent", "dropped"
MARK = "规划编制专报"
RELEASING_POSTS = ("leader", "supervisor")
"""The posts of the unit that speaks in it which review and release a report: the first that somebody holds today."""
LONGEST_TITLE, LONGEST_TEXT, MOST_RECIPIENTS = 60, 1000, 20


@dataclass(frozen=True)
class ReportAsked:
    """What a report is to say to whom: `recipients` are ids of people in leading posts of the area or above it."""

    title: str
    text: str
    recipients: Sequence[int]


@dataclass(frozen=True)
class Drafter:
    """Who drafts, and the unit that speaks in the report."""

    user_id: int | None
    unit_id: int | None


def draft_report(session: Session, actor: Actor, plan_id: int, asked: ReportAsked, *, now: datetime) -> SpecialReportRow:
    """Keep a draft and put it before its drafter. Raises NotFound, Forbidden, InvalidInput."""
    plan = visible_plan(session, actor, plan_id)
    policy.require(actor, "report.draft", policy.thing_of(plan.area_path))
    made = _begin(session, actor, Drafter(actor.user_id, actor.unit_id), plan, asked, now=now)
    _note(session, actor, "report.draft", made, now)
    return made


def begin_from_week(
    session: Session, actor: Actor, drafter: Drafter, told: Mapping[Plan, str], week: date, *, origin_id: int, now: datetime
) -> list[SpecialReportRow]:
    """Begin a report about each (locked) plan for whom a weekly report's run (`origin_id`) asked to do so: that was his right.

    `week` is the Monday of the report, `told` the problems that the plans' unit wrote. All are recorded last: everybody else
    takes the plan before the record's chain, too. The text is what the drafting page offers, the reader
    the first leader of the area or above it outside the unit that speaks; the drafter changes both before he hands it in.
    Raises Forbidden, InvalidInput where there is no leader to read it.
    """
    begun = []
    for plan, problems in told.items():
        text = plan_brief.report_text(session, plan, told=plan_brief.Told(week, problems), now=now)[:LONGEST_TEXT]
        asked = ReportAsked(title_of(plan), text, _first_reader(session, drafter, now))
        begun.append(_begin(session, actor, drafter, plan, asked, origin_id=origin_id, now=now))
    for made in begun:
        _note(session, actor, "report.draft", made, now)
    return begun


def title_of(plan: Plan) -> str:
    """The title with which a draft about a plan begins."""
    return f"关于《{plan.title}》编制进度的专报"[:LONGEST_TITLE]


def reports_begun(session: Session, actor: Actor, row: ProcessInstance) -> list[SpecialReportRow]:
    """Give the reports that were begun in a run, those that the actor may see; a plan's run and a report's begin none."""
    if row.plan_id is not None or row.definition_key == PROCESS:
        return []
    found = report_list.begun_in(session, row.id)
    return [one for one in found if policy.may(actor, "report.see", _thing(session, one))]


def _first_reader(session: Session, drafter: Drafter, now: datetime) -> list[int]:
    """The highest leader of the drafter's area, before those above it; one of the unit that speaks only where nobody else is."""
    if drafter.unit_id is None:
        return []
    organ = session.get_one(Unit, drafter.unit_id)
    known = report_list.leaders_over(session, organ.area_path, SETTINGS.day_of(now))
    outside = [one for one in known if one.unit_id != organ.id]
    return [one.user_id for one in (outside or known)[:1]]


def _begin(
    session: Session, actor: Actor, drafter: Drafter, plan: Plan, asked: ReportAsked, *, origin_id: int | None = None,
    now: datetime,
) -> SpecialReportRow:  # fmt: skip
    if drafter.user_id is None or drafter.unit_id is None:
        raise Forbidden(N_("专报须由在岗人员起草。"), action="report.draft")
    organ = session.get_one(Unit, drafter.unit_id)
    leaders = _leaders(session, organ.area_path, asked, now)
    made = SpecialReportRow(
        area=last_area(organ.area_path), area_path=organ.area_path, organ=organ.name, organ_unit_id=organ.id, plan_id=plan.id,
        title=asked.title.strip(), text=asked.text.strip(), status=DRAFT, recipients=[one.user_id for one in leaders],
        recipient_names=[_named(one) for one in leaders], drafted_by=drafter.user_id, drafted_at=now,
        origin_instance_id=origin_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.instance_id = _start(session, actor, made, plan, organ, now)
    return made


def change_draft(session: Session, actor: Actor, report_id: int, asked: ReportAsked, *, now: datetime) -> SpecialReportRow:
    """Change what a draft says; raises NotFound, Forbidden, InvalidInput, Conflict once it was sent or dropped."""
    found = _locked(session, report_id)
    policy.require(actor, "report.edit", _to_edit(session, found))
    if found.status != DRAFT:
        raise Conflict(N_("专报已经报送或者不再报送，不能修改。"))
    leaders = _leaders(session, found.area_path, asked, now)
    found.title, found.text = asked.title.strip(), asked.text.strip()
    found.recipients, found.recipient_names = [one.user_id for one in leaders], [_named(one) for one in leaders]
    for task in _own_tasks(session, found):
        task.revision += 1  # a form that was opened before does not release words that nobody saw on it
    session.flush()
    _note(session, actor, "report.change", found, now)
    return found


def visible_report(session: Session, actor: Actor, report_id: int) -> SpecialReportRow:
    """Give a report to who drafted it, who is asked or had a part in its run, and the supervisors. Raises NotFound, Forbidden."""
    found = session.get(SpecialReportRow, report_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的专报。"), id=report_id)
    policy.require(actor, "report.see", _thing(session, found))
    return found


def report_of_run(session: Session, actor: Actor, row: ProcessInstance) -> SpecialReportRow | None:
    """Give the report that a run is about to who may see it; None for any other run or reader."""
    found = report_list.of_instance(session, row.id) if row.definition_key == PROCESS else None
    return found if found is not None and policy.may(actor, "report.see", _thing(session, found)) else None


def may_edit(session: Session, actor: Actor, report: SpecialReportRow) -> bool:
    """Whether the actor may change what it says now."""
    return report.status == DRAFT and policy.may(actor, "report.edit", _thing(session, report))


def send_report(session: Session, actor: Actor, report: SpecialReportRow, *, now: datetime) -> list[str]:
    """Number a report in the year in which it is sent and seal it; give the log-in names of its leaders.

    One that was sent keeps its number and its leaders. Raises InvalidInput where nobody of them is there any more.
    """
    people = select(User).where(User.id.in_(report.recipients), User.active)
    by_id = {one.id: one for one in session.scalars(people)}
    there = [by_id[one] for one in report.recipients if one in by_id]
    if not there:
        raise InvalidInput(N_("所选领导都已不在岗，请退回起草人另选。"))
    if report.status != SENT:
        organ = session.get_one(Unit, report.organ_unit_id)
        report.number = str(next_document_number(session, organ, "专报", SETTINGS.day_of(now).year))
        report.status, report.sent_by, report.sent_at = SENT, actor.user_id, now
        session.flush()
        _note(session, actor, "report.send", report, now)
        holders = [f"u:{one.id}" for one in there]
        _tell(session, actor, report, holders, N_("专报请阅批：%(title)s"), "sent", now)
    return [one.username for one in there]


def drop_report(session: Session, actor: Actor, report: SpecialReportRow, *, now: datetime) -> None:
    """Keep a draft as one that will not be sent."""
    if report.status == DRAFT:
        report.status = DROPPED
        session.flush()
        _note(session, actor, "report.drop", report, now)


def tell_read(session: Session, actor: Actor, report: SpecialReportRow, *, now: datetime) -> None:
    """Tell who drafted it that every leader has read it."""
    _tell(session, actor, report, [f"u:{report.drafted_by}"], N_("专报已全部阅批：%(title)s"), "read", now)


def tell_instructed(session: Session, actor: Actor, report: SpecialReportRow, event_id: int, *, now: datetime) -> None:
    """Tell who drafted it, and the supervisors of its area, of an instruction."""
    people = {f"u:{report.drafted_by}", *recipients.supervisors_of(session, report.area_path, now=now)}
    told = sorted(people - {f"u:{actor.user_id}"})
    _tell(session, actor, report, told, N_("%(by)s在专报上批示：%(title)s"), f"instructed:{event_id}", now)


def report_docx(session: Session, actor: Actor, report_id: int) -> bytes:
    """Give a report as docx, one that was sent by the template of that moment; raises NotFound, Forbidden."""
    found = visible_report(session, actor, report_id)
    return paper_templates.write(session, "report", as_paper(found), at=found.sent_at)


def report_pdf(session: Session, actor: Actor, report_id: int) -> Pdf:
    """Give a report as pdf; raises NotFound, Forbidden, Unavailable where the machine cannot write one."""
    return write_pdf(report_document(as_paper(visible_report(session, actor, report_id))))


def as_paper(report: SpecialReportRow) -> SpecialReport:
    """Give a report as the values of its official document."""
    written = report.sent_at or report.drafted_at
    return SpecialReport(
        mark=MARK, number=DocumentNumber.parse(report.number) if report.number else None, organ=report.organ,
        title=report.title, text=report.text, readers=tuple(report.recipient_names), issued_on=SETTINGS.day_of(written),
        written_at=written,
    )  # fmt: skip


def leaders_to_choose(session: Session, area_path: str, *, now: datetime) -> list[tuple[int, str]]:
    """Give the leaders of an area and above it to choose from, as id and name with unit and post."""
    found = report_list.leaders_over(session, area_path, SETTINGS.day_of(now))
    return [(one.user_id, f"{one.name}（{one.unit}·{one.post}）") for one in found]


def _leaders(session: Session, area_path: str, asked: ReportAsked, now: datetime) -> list[Leader]:
    """The chosen leaders in their order, once the words are in order too."""
    if not 1 <= len(asked.title.strip()) <= LONGEST_TITLE:
        raise InvalidInput(N_("请写明专报标题，不超过 60 字。"), pointer="/title")
    if not 1 <= len(asked.text.strip()) <= LONGEST_TEXT:
        raise InvalidInput(N_("请写明专报正文，不超过 1000 字。"), pointer="/text")
    chosen = list(dict.fromkeys(asked.recipients))
    if not 1 <= len(chosen) <= MOST_RECIPIENTS:
        raise InvalidInput(N_("请选择呈报的领导，最多 20 位。"), pointer="/recipients")
    known = {one.user_id: one for one in report_list.leaders_over(session, area_path, SETTINGS.day_of(now))}
    if any(one not in known for one in chosen):
        raise InvalidInput(N_("只能呈报本级和上级的在岗领导。"), pointer="/recipients")
    return [known[one] for one in chosen]


def _named(leader: Leader) -> str:
    return f"{leader.name}（{leader.unit}·{leader.post}）"


def _locked(session: Session, report_id: int) -> SpecialReportRow:
    statement = select(SpecialReportRow).where(SpecialReportRow.id == report_id).with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的专报。"), id=report_id)
    return found


def _own_tasks(session: Session, report: SpecialReportRow) -> Sequence[Task]:
    """The open steps of a report's own run, without what is asked on their behalf."""
    own = Task.instance_id == report.instance_id, Task.status == "open", Task.round_id.is_(None)
    return session.scalars(select(Task).where(*own).order_by(Task.id)).all()


def _to_edit(session: Session, report: SpecialReportRow) -> policy.Thing:
    """A draft with who wrote it and before whom its own steps lie: whoever merely reads it changes nothing."""
    holders = {holder for task in _own_tasks(session, report) for holder in holders_of(task)}
    return policy.thing_of(report.area_path, holders=holders, participants=(report.drafted_by,), process=PROCESS)


def _thing(session: Session, report: SpecialReportRow) -> policy.Thing:
    """A report with whoever is asked, or had a part, in its run."""
    holders, participants = participants_of(session, report.instance_id) if report.instance_id else (set(), set())
    return policy.thing_of(
        report.area_path, holders=holders, participants=(report.drafted_by, *participants), process=PROCESS
    )


def _start(session: Session, actor: Actor, report: SpecialReportRow, plan: Plan, organ: Unit, now: datetime) -> int:
    drafter = session.get_one(User, report.drafted_by)
    unit, post = _releasing(session, organ, now)
    variables = {
        "report": {"id": report.id, "title": report.title, "drafter": drafter.username, "unit": unit, "post": post},
        "subject": f"专报 · {plan.title}",
        "plan": {
            "jurisdiction": report.area, "lead_unit": plan.lead_unit.code, "level": organ.level, "importance": plan.importance,
        },
    }  # fmt: skip
    run = start_process(
        session, actor, PROCESS, variables=variables, business_key=f"report:{report.id}", area_path=report.area_path, now=now
    )
    return run.id


def _releasing(session: Session, organ: Unit, now: datetime) -> tuple[str, str]:
    """Unit and post that release: of the unit itself, else the area's supervisors. Raises Conflict where there are none."""
    keys = {f"g:{organ.code}:{post}": post for post in RELEASING_POSTS}
    filled = notice_rows.people_of(session, list(keys), SETTINGS.day_of(now))
    own = next((post for key, post in keys.items() if filled.get(key)), None)
    return (organ.code, own) if own is not None else (inspector_of(session, last_area(organ.area_path)), INSPECTOR_POST)


def _note(session: Session, actor: Actor, action: str, report: SpecialReportRow, now: datetime) -> None:
    data = {
        "number": report.number, "plan": report.plan_id, "title": report.title, "text": report.text,
        "recipients": list(report.recipients),
    }  # fmt: skip
    audit.record(session, actor, action, f"special-report:{report.id}", data, now=now)


def _tell(
    session: Session, actor: Actor, report: SpecialReportRow, holders: Sequence[str], text: str, occasion: str, now: datetime
) -> None:
    values = {"title": report.title, "by": actor.name} if "%(by)s" in text else {"title": report.title}
    recipients.tell(
        session, actor, holders, KIND, text, values, f"{KIND}:{report.id}:{occasion}", now=now, note=report.number or "",
        link=f"/supervision/reports/{report.id}",
    )  # fmt: skip
