"""Extensions (延期): asking for a later date, and granting or refusing what others asked."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import extensions, stage_clocks, task_access
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.plans import visible_plan
from workflow_service.store import extension_list, stage_deadlines
from workflow_service.store.extension_list import ExtensionFilter

from .. import cursors
from ..current import page_actor, page_now, page_session, transaction
from ..listing import PAGE_ROWS, address, filter_values
from ..rights import allowed, require
from .blueprint import blueprint, given_day


@blueprint.get("/extensions", endpoint="extensions")
def index() -> ResponseReturnValue:
    """Requests that the reader decides or has made, those that wait first asked for."""
    return _index()


def _index(problem: str = "", status: int = 200) -> ResponseReturnValue:
    session, actor, chosen = page_session(), page_actor(), filter_values("status")
    after = cursors.decode(cursors.number)
    wanted = ExtensionFilter(
        policy.areas_of_role(actor, policy.SUPERVISOR), actor.unit_ids, actor.user_id, chosen.get("status", "")
    )
    found = extension_list.rows(session, wanted, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    decidable = {
        row.extension.id for row in rows
        if row.extension.status == "open" and extensions.may_decide(session, actor, row.extension)
    }  # fmt: skip
    page = render_template(
        "supervision/extensions.html", rows=rows, chosen=chosen, decidable=decidable, problem=problem,
        next_address=address(after=cursors.encode(rows[-1].extension.id)) if len(found) > PAGE_ROWS else "",
    )  # fmt: skip
    return page, status


@blueprint.post("/extensions/<int:extension_id>", endpoint="decide_extension")
def decide(extension_id: int) -> ResponseReturnValue:
    """Grant it (as asked, or to another day) or refuse it with a reason."""
    form = request.form
    try:
        with transaction() as session:
            if form.get("outcome") == "grant":
                day = given_day("granted", "") if form.get("granted") else None
                granted = SETTINGS.close_of(day) if day is not None else None
                extensions.grant_extension(
                    session, page_actor(), extension_id, form.get("answer", ""), granted=granted, now=page_now()
                )
            else:
                extensions.refuse_extension(session, page_actor(), extension_id, form.get("answer", ""), now=page_now())
    except (InvalidInput, Conflict) as error:
        return _index(error.message, error.status)
    flash(_("已同意延期。") if form.get("outcome") == "grant" else _("已回复，时限不变。"))
    return redirect(url_for("supervision.extensions", status="open"))


@blueprint.route("/extensions/plan/<int:plan_id>", methods=["GET", "POST"], endpoint="ask_plan_extension")
def ask_for_plan(plan_id: int) -> ResponseReturnValue:
    """Ask for a later date for a plan or its present stage; or, for who may, set it at once."""
    session, actor, stage = page_session(), page_actor(), request.values.get("stage", "")
    plan = visible_plan(session, actor, plan_id, "plan.edit")
    may_set = allowed("task.set_due", policy.thing_of(plan.area_path))
    problem: TongchouError | None = None
    if request.method == "POST":
        try:
            wanted = SETTINGS.close_of(given_day("wanted", N_("请选择日期。")))
            reason, sets = request.form.get("reason", ""), may_set and request.form.get("outcome") == "set"
            with transaction() as writing:
                if sets:
                    stage_clocks.set_due(writing, actor, plan_id, stage, wanted, reason, now=page_now())
                else:
                    extensions.ask_for_plan(writing, actor, plan_id, stage, wanted, reason, now=page_now())
        except (InvalidInput, Conflict) as error:
            problem = error
        else:
            flash(_("已调整时限。") if sets else _("延期申请已提交，批准前时限不变。"))
            return redirect(url_for("plans.show", plan_id=plan_id))
    due = stage_deadlines.open_in(session, plan_id, stage) if stage else None
    page = render_template(
        "supervision/ask_plan_extension.html", plan=plan, stage=stage, typed=request.form, may_set=may_set,
        problem=problem.message if problem else "", due=due.due_at if due else (None if stage else plan.due_on),
    )  # fmt: skip
    return page, problem.status if problem else 200


@blueprint.route("/extensions/ask/<int:task_id>", methods=["GET", "POST"], endpoint="ask_extension")
def ask(task_id: int) -> ResponseReturnValue:
    """Ask for a later date for a task that lies before the reader."""
    session, actor = page_session(), page_actor()
    task, _row = task_access.visible_task(session, actor, task_id)
    require("task.work", task_access.asked_thing(session, actor, task))
    problem: TongchouError | None = None
    if request.method == "POST":
        try:
            wanted = SETTINGS.close_of(given_day("wanted", N_("请选择日期。")))
            with transaction() as writing:
                extensions.ask_for_extension(
                    writing, actor, task_id, wanted, request.form.get("reason", ""), now=page_now()
                )
        except (InvalidInput, Conflict) as error:
            problem = error
        else:
            flash(_("延期申请已提交，批准前时限不变。"))
            return redirect(url_for("tasks.show", task_id=task_id))
    page = render_template(
        "supervision/ask_extension.html", task=task, typed=request.form, problem=problem.message if problem else "",
        requests=extensions.requests_of(session, task_id),
    )  # fmt: skip
    return page, problem.status if problem else 200
