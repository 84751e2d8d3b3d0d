"""Special reports (专报): the list, drafting one about a plan, one report with its leaders, what they wrote and ordered."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.documents.special_report import ONE_PAGE_LINES, lines_of
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.identity.import_people import read_day
from workflow_service.services import plan_brief, report_reading, special_reports, task_access, tasks
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.plans import visible_plan
from workflow_service.services.recipients import Asked
from workflow_service.services.special_reports import SENT, ReportAsked
from workflow_service.store import listed_list, report_list
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.report_list import ReportFilter, ReportRow
from workflow_service.store.runtime import ProcessInstance, Task

from .. import cursors
from ..current import page_actor, page_now, page_session, transaction
from ..downloads import download
from ..listing import PAGE_ROWS, address, filter_values
from ..once import repeated_answer
from ..rights import allowed, require
from ..sheets import sheet
from .blueprint import blueprint, choices_of_people, given_id

SUBMITTED = {"outcome": "submit"}
DRAFTING = "draft"


@blueprint.get("/reports", endpoint="reports")
def index() -> ResponseReturnValue:
    """Reports of the areas that the reader supervises, his own drafts, and those that came to him."""
    session, chosen = page_session(), filter_values("state", "q")
    wanted, after = _filter(chosen), cursors.decode(cursors.number)
    found = report_list.rows(session, wanted, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    return render_template(
        "supervision/reports.html", rows=rows, chosen=chosen, total=report_list.count(session, wanted),
        next_address=address(after=cursors.encode(rows[-1].report.id)) if len(found) > PAGE_ROWS else "",
    )  # fmt: skip


@blueprint.get("/reports.xlsx", endpoint="reports_export")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters."""
    rows = report_list.rows(page_session(), _filter(filter_values("state", "q")), limit=None)
    heads = (_("文号"), _("标题"), _("规划"), _("状态"), _("起草人"), _("起草时间"), _("报送时间"), _("呈报领导"), _("已阅人数"))
    return sheet(_("专报"), heads, (_cells(row) for row in rows))


def _cells(row: ReportRow) -> tuple[Any, ...]:
    one = row.report
    status = {"draft": _("拟稿中"), "sent": _("已报送"), "dropped": _("不再报送")}[one.status]
    readers = _("、").join(one.recipient_names)
    return one.number, one.title, row.plan_title, status, row.drafter, one.drafted_at, one.sent_at, readers, row.read


def _filter(chosen: dict[str, str], plan_id: int | None = None) -> ReportFilter:
    actor = page_actor()
    return ReportFilter(
        areas=policy.areas_of_role(actor, policy.SUPERVISOR), user_id=actor.user_id, holders=actor.groups,
        state=chosen.get("state", ""), text=chosen.get("q", ""), plan_id=plan_id,
    )  # fmt: skip


def reports_of_plan(plan_id: int) -> list[ReportRow]:
    """What a plan's page shows of its reports to this reader."""
    return report_list.rows(page_session(), _filter({}, plan_id), limit=PAGE_ROWS)


@blueprint.get("/reports/<int:report_id>", endpoint="report")
def show(report_id: int) -> ResponseReturnValue:
    """One report as it is sent out, who has read it, what was written on it and how far the orders are."""
    session, actor = page_session(), page_actor()
    found = special_reports.visible_report(session, actor, report_id)
    given = report_reading.instructions_on(session, found)
    steps = listed_list.open_tasks(session, found.instance_id)
    return render_template(
        "supervision/report.html", row=report_list.row_of(session, report_id), report=found, given=given,
        readings=report_reading.readings_of(session, found, given), may_instruct=_may_instruct(found),
        may_edit=special_reports.may_edit(session, actor, found), **_pages(found),
        mine=next((one for one in steps if task_access.may_work(session, actor, one)), None),
    )  # fmt: skip


def _pages(report: SpecialReportRow) -> dict[str, int]:
    """By how many lines the text is longer than a page."""
    return {"lines_over": max(0, lines_of(report.text) - ONE_PAGE_LINES)}


def _may_instruct(report: SpecialReportRow) -> bool:
    return report.status == SENT and allowed("instance.instruct", policy.thing_of(report.area_path))


@blueprint.get("/reports/<int:report_id>.<any(docx, pdf):ending>", endpoint="report_file")
def report_file(report_id: int, ending: str) -> Response:
    """One report as an official document."""
    session, actor = page_session(), page_actor()
    found = special_reports.visible_report(session, actor, report_id)
    if ending == "docx":
        content = special_reports.report_docx(session, actor, report_id)
    else:
        content = special_reports.report_pdf(session, actor, report_id).content
    return download(content, f"{_('专报')}-{found.number or report_id}.{ending}")


@blueprint.route("/reports/new", methods=["GET", "POST"], endpoint="report_new")
def new() -> ResponseReturnValue:
    """Draft a report about a plan; its text begins with the plan's facts."""
    plan_id = given_id("plan")
    if plan_id is None:
        require("report.draft")
        raise NotFound(N_("请从规划页面起草专报。"))
    plan = visible_plan(page_session(), page_actor(), plan_id)
    require("report.draft", policy.thing_of(plan.area_path))
    if request.method == "GET":
        return _form(plan)
    try:
        with transaction() as session:
            if repeated_answer(session, "special_report", page_actor().user_id):
                return redirect(url_for("supervision.reports"))
            made = special_reports.draft_report(session, page_actor(), plan_id, _asked(), now=page_now())
            made_id = made.id
            handed_in = _hand_in(session, made)
    except (InvalidInput, Conflict) as error:
        return _form(plan, problem=error)
    return _saved(made_id, handed_in)


@blueprint.route("/reports/<int:report_id>/edit", methods=["GET", "POST"], endpoint="report_edit")
def edit(report_id: int) -> ResponseReturnValue:
    """Change what a draft says, and hand it in for review."""
    session, actor = page_session(), page_actor()
    found = special_reports.visible_report(session, actor, report_id)
    plan = session.get_one(Plan, found.plan_id)
    if request.method == "GET":
        if not special_reports.may_edit(session, actor, found):
            raise Conflict(N_("专报已经报送或者不再报送，不能修改。"))
        return _form(plan, found)
    try:
        with transaction() as writing:
            changed = special_reports.change_draft(writing, actor, report_id, _asked(), now=page_now())
            handed_in = _hand_in(writing, changed)
    except InvalidInput as error:
        return _form(plan, found, error)
    return _saved(report_id, handed_in)


def _hand_in(session: Session, report: SpecialReportRow) -> bool:
    """Finish the drafting task where that was asked for and it is the actor's to finish."""
    actor = page_actor()
    if request.form.get("then") != "submit":
        return False
    steps = [one for one in listed_list.open_tasks(session, report.instance_id) if one.element_id == DRAFTING]
    mine = next((one for one in steps if task_access.may_work(session, actor, one)), None)
    if mine is None:
        return False
    tasks.complete_task(session, actor, mine.id, SUBMITTED, now=page_now())
    return True


def _saved(report_id: int, handed_in: bool) -> ResponseReturnValue:
    flash(_("已提交审核签发。") if handed_in else _("草稿已保存。"))
    return redirect(url_for("supervision.report", report_id=report_id))


def _asked() -> ReportAsked:
    people = [int(one) for one in request.form.getlist("recipient") if one.isascii() and one.isdecimal() and len(one) < 19]
    return ReportAsked(request.form.get("title", ""), request.form.get("text", "").replace("\r\n", "\n"), people)


def _form(
    plan: Plan, report: SpecialReportRow | None = None, problem: TongchouError | None = None
) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    typed: dict[str, Any] = dict(request.form)
    chosen = request.form.getlist("recipient")
    if not typed and report is not None:
        typed, chosen = {"title": report.title, "text": report.text}, [str(one) for one in report.recipients]
    elif not typed:
        typed = {"title": special_reports.title_of(plan), "text": plan_brief.report_text(session, plan, now=now)}
    area_path = report.area_path if report is not None else session.get_one(Unit, actor.unit_id).area_path
    leaders = special_reports.leaders_to_choose(session, area_path, now=now)
    page = render_template(
        "supervision/edit_report.html", plan=plan, report=report, typed=typed, chosen=chosen,
        leaders=[(str(code), text) for code, text in leaders], problem=problem.message if problem else "",
        lines=ONE_PAGE_LINES,
    )  # fmt: skip
    return page, problem.status if problem else 200


@blueprint.route("/reports/<int:report_id>/instruct", methods=["GET", "POST"], endpoint="report_instruct")
def instruct(report_id: int) -> ResponseReturnValue:
    """Write an instruction on a report and choose who is to follow it until when."""
    found = special_reports.visible_report(page_session(), page_actor(), report_id)
    require("instance.instruct", policy.thing_of(found.area_path))
    problem: TongchouError | None = None
    if request.method == "POST":
        try:
            with transaction() as session:
                words = request.form.get("words", "")
                report_reading.instruct(session, page_actor(), report_id, words, _orders(), now=page_now())
            flash(_("批示已写在专报上，承办人会收到任务和通知。"))
            return redirect(url_for("supervision.report", report_id=report_id))
        except (InvalidInput, Conflict) as error:
            problem = error
    page = render_template(
        "supervision/instruct_report.html", report=found, problem=problem.message if problem else "", typed=request.form,
        chosen=request.form.getlist("holder"), **choices_of_people(),
    )  # fmt: skip
    return page, problem.status if problem else 200


def _orders() -> list[Asked]:
    day = read_day(request.form.get("due_on", "").strip())
    due = SETTINGS.close_of(day) if day is not None else None
    return [Asked(holder, due) for holder in request.form.getlist("holder")]


def report_beside(task: Task, row: ProcessInstance) -> dict[str, Any]:
    """What a task's page shows of the report that its run is about, the text and where a leader writes; else of those that
    were begun in its run.
    """
    session, actor = page_session(), page_actor()
    found = special_reports.report_of_run(session, actor, row)
    if found is None:
        return {"report": None, "begun_reports": special_reports.reports_begun(session, actor, row)}
    mine = report_reading.own_reading(session, actor, found)
    writes = mine is not None and mine.id == task.id and _may_instruct(found)
    return {
        "report": found, "begun_reports": (), "writes_on_report": writes,
        "may_edit_report": special_reports.may_edit(session, actor, found),
        **(choices_of_people() if writes else {}),
    }  # fmt: skip
