"""The list of plans and the page of one plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.plans import PlanState
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.identity.names import matches
from workflow_service.services import issue_notices, plans, weekly_reports
from workflow_service.store import deadlines, listed_list, plan_list, stage_deadlines
from workflow_service.store.plan_list import PlanFilter
from workflow_service.store.plans import Plan
from workflow_service.store.supervision import WeeklyReport

from .. import cursors
from ..catalogue.views import changes_of_plan
from ..current import page_actor, page_day, page_now, page_session, require_sign_in, transaction
from ..downloads import download
from ..listing import PAGE_ROWS, address, filter_values
from ..rights import allowed
from ..sheets import sheet
from ..supervision.reports import reports_of_plan
from ..words import word
from . import application
from .stages import stage_line

blueprint = Blueprint("plans", __name__, url_prefix="/plans", template_folder="templates")
blueprint.before_request(require_sign_in)
application.connect(blueprint)

EQUAL = ("category", "level", "tier", "importance", "stage", "status")
FILTERS = ("q", "cycle", "unit", "mine", "scope", "late", "soon", *EQUAL)
SOON_DAYS = 10
EXPORT_ROWS = 20_000


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Plans that the reader may see, filtered by the address."""
    chosen, session = filter_values(*FILTERS), page_session()
    wanted = plan_filter(chosen)
    found = plan_list.plan_page(
        session, wanted, after=cursors.decode(cursors.day, cursors.number), limit=PAGE_ROWS + 1
    )
    rows = found[:PAGE_ROWS]
    following = (
        address(after=cursors.encode(*plan_list.cursor_of(rows[-1]))) if len(found) > PAGE_ROWS else ""
    )
    return render_template(
        "plans/index.html",
        plans=rows,
        chosen=chosen,
        next_address=following,
        total=plan_list.count_plans(session, wanted),
        cycles=plan_list.cycles(session),
        units=plan_list.lead_units(session, policy.visible_areas(page_actor())),
    )


def plan_filter(chosen: dict[str, str]) -> PlanFilter:
    """The filters of the address as the store's question; what is not a number where one is due filters nothing out."""
    actor = page_actor()
    equal: list[tuple[str, Any]] = [(name, chosen[name]) for name in EQUAL if name in chosen]
    equal += [
        (column, int(chosen[name]))
        for name, column in (("cycle", "cycle_id"), ("unit", "lead_unit_id"))
        if chosen.get(name, "").isdecimal()
    ]
    if chosen.get("mine") and actor.unit_id:
        equal.append(("lead_unit_id", actor.unit_id))
    return PlanFilter(
        areas=policy.visible_areas(actor),
        own_units=actor.unit_ids,
        public=chosen.get("scope") == "public",
        words=matches(Plan.keywords, chosen["q"]) if chosen.get("q") else None,
        equal=tuple(equal),
        overdue_on=page_day() if chosen.get("late") else None,
        due_until=page_day() + timedelta(days=SOON_DAYS) if chosen.get("soon") else None,
    )


@blueprint.get("/export.xlsx")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters, all pages of them."""
    rows = plan_list.plan_page(page_session(), plan_filter(filter_values(*FILTERS)), limit=EXPORT_ROWS)
    heads = (
        _("规划代码"),
        _("规划名称"),
        _("编制单位"),
        _("类别"),
        _("层级"),
        _("审批方式"),
        _("管理类别"),
        _("阶段"),
        _("状态"),
        _("应印发日期"),
        _("印发日期"),
        _("文号"),
    )
    return sheet(_("规划清单"), heads, (_cells(plan) for plan in rows))


def _cells(plan: Plan) -> tuple[Any, ...]:
    return (
        plan.code or "",
        plan.title,
        plan.lead_unit.name,
        word(plan.category, "category"),
        word(plan.level, "level"),
        word(plan.tier, "tier"),
        word(plan.importance, "importance"),
        word(plan.stage, "stage"),
        word(plan.status, "plan_status"),
        plan.due_on,
        plan.issued_on,
        plan.document_number,
    )


@blueprint.get("/<int:plan_id>")
def show(plan_id: int) -> ResponseReturnValue:
    """One plan: its facts, where it stands, what carried it, its documents and what happened."""
    session = page_session()
    plan = plans.visible_plan(session, page_actor(), plan_id)
    sees_work = allowed("plan.see", plans.thing_of_draft(session, plan))
    return render_template(
        "plans/show.html",
        plan=plan,
        stages=stage_line(plan),
        library=plan_list.library_of(session, plan_id),
        starts=_starts(plan),
        sees_work=sees_work,
        may_change=_may_change(plan),
        **(_work_on(plan) if sees_work else {}),
    )


def _work_on(plan: Plan) -> dict[str, Any]:
    """What goes on with a plan, for those who may see its drafts: others see an issued plan and its results alone."""
    session, thing = page_session(), policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,))
    return {
        "reports": _reports(plan),
        "events": plan_list.events_of(session, plan.id),
        "instances": plan_list.instances_of(session, plan.id),
        "tasks": plan_list.open_tasks_of(session, plan.id),
        "files": plan_list.attachments(session, page_actor().user_id, plan_id=plan.id),
        "deadline_changes": deadlines.changes_of(session, plan_id=plan.id),
        "stage_changes": deadlines.changes_of(session, plan_id=plan.id, stages=True),
        "stage_dues": stage_deadlines.all_of(session, plan.id),
        "may_date": plan.status == "active" and plan.issued_on is None and allowed("plan.edit", thing),
        "listed": listed_list.of_plan(session, plan.id),
        "special_reports": reports_of_plan(plan.id),
        **changes_of_plan(plan),
    }


def _reports(plan: Plan) -> list[tuple[WeeklyReport, str, str]]:
    """What the lead unit reported week by week, for whoever sees the plan's work: the public sees the plan alone."""
    thing = policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,))
    return weekly_reports.reports_of_plan(page_session(), plan.id) if allowed("instance.see", thing) else []


@blueprint.get("/<int:plan_id>/notice.pdf")
def notice(plan_id: int) -> Response:
    """The notice that issued the plan, for reading in the browser; `revision` asks for that of one revision."""
    found = issue_notices.notice_pdf(page_session(), page_actor(), plan_id, request.args.get("revision", type=int))
    return download(found.content, "notice.pdf", inline=True)


def _starts(plan: Plan) -> list[str]:
    """What those who answer for the plan can start now."""
    runs = plan_list.instances_of(page_session(), plan.id)
    thing = policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,))
    if any(run.status in ("active", "suspended") for run in runs) or not allowed("plan.edit", thing):
        return []
    if plan.status == PlanState.ISSUED:
        return ["revision", "evaluation"]
    return ["route"] if plan.status == "active" and plan.route else []


@blueprint.post("/<int:plan_id>/start/<any(route, revision, evaluation):what>")
def start(plan_id: int, what: str) -> ResponseReturnValue:
    """Send the plan on its route, or revise or evaluate it."""
    actor, now = page_actor(), page_now()
    with transaction() as session:
        if what == "route":
            run = plans.start_route(session, actor, plan_id, now=now)
        elif what == "revision":
            run = plans.start_revision(session, actor, plan_id, request.form.get("reason", ""), now=now)
        else:
            run = plans.start_evaluation(session, actor, plan_id, {}, now=now)
    flash(_("已启动“%(name)s”。", name=word(run.definition_key, "route")))
    return redirect(url_for("plans.show", plan_id=plan_id))


def _may_change(plan: Plan) -> bool:
    """Whether the reader may propose that the plan be changed in the catalogue."""
    thing = policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,))
    return PlanState(plan.status).counts and allowed("catalogue.propose", thing)
