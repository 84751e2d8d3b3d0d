"""Notice slips (抄告单): what was issued and what came, one slip with its receipts and answer, issuing one."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import circulations, plan_brief, recipients, slips, task_access
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.slips import SlipAsked
from workflow_service.store import circulation_list, listed_list, slip_list
from workflow_service.store.slip_list import SlipFilter, SlipRow

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, transaction
from ..downloads import download
from ..formats import task_light
from ..listing import PAGE_ROWS, address, filter_values
from ..once import repeated_answer
from ..rights import require
from ..sheets import sheet
from .blueprint import blueprint, choices_of_units, given_day, given_id, plan_named

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
STATES = ("waiting", "late", "answered", "unsigned")


@blueprint.get("/slips", endpoint="slips")
def index() -> ResponseReturnValue:
    """Slips of the areas that the reader supervises, and those that came to his units."""
    session, chosen = page_session(), filter_values("state", "q")
    wanted, after = _filter(chosen), cursors.decode(cursors.number)
    found = slip_list.rows(session, wanted, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    return render_template(
        "supervision/slips.html", rows=rows, chosen=chosen, total=slip_list.count(session, wanted), light_of=light_of,
        next_address=address(after=cursors.encode(rows[-1].slip.id)) if len(found) > PAGE_ROWS else "",
    )  # fmt: skip


@blueprint.get("/slips.xlsx", endpoint="slips_export")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters."""
    rows = slip_list.rows(page_session(), _filter(filter_values("state", "q")), limit=None)
    heads = (_("文号"), _("事由"), _("收文单位"), _("制发机关"), _("印发日期"), _("办结期限"), _("签收时间"), _("要求回复"),
             _("回复时间"), _("办理情况"))  # fmt: skip
    return sheet(_("抄告单"), heads, (_cells(row) for row in rows))


def _cells(row: SlipRow) -> tuple[Any, ...]:
    one = row.slip
    wanted = _("是") if one.answer_wanted else _("否")
    return (
        one.number, one.matter, one.unit_name, one.organ, one.issued_on, one.until, row.signed_at, wanted, one.answered_at,
        one.answer,
    )  # fmt: skip


def _filter(chosen: dict[str, str]) -> SlipFilter:
    actor = page_actor()
    return SlipFilter(
        areas=policy.areas_of_role(actor, policy.SUPERVISOR), unit_ids=actor.unit_ids, holders=actor.groups,
        state=chosen.get("state", ""), text=chosen.get("q", ""), today=page_day(),
    )  # fmt: skip


def light_of(row: SlipRow) -> Any:
    """The light of an answer that is wanted and has not come; none else."""
    silent = row.slip.answer_wanted and row.slip.answered_at is None
    return task_light(SETTINGS.close_of(row.slip.until)) if silent else None


@blueprint.get("/slips/<int:slip_id>", endpoint="slip")
def show(slip_id: int) -> ResponseReturnValue:
    """One slip as it is sent out, who signed for it, and the answer."""
    session, actor = page_session(), page_actor()
    found = slips.visible_slip(session, actor, slip_id)
    row = slip_list.row_of(session, slip_id)
    sent = found.circulation_id
    readers = circulation_list.readers_of(session, [sent]).get(sent, []) if sent is not None else []
    signs = any(one.reader.holder in actor.groups and one.reader.read_at is None for one in readers)
    tasks = listed_list.open_tasks(session, found.instance_id)
    return render_template(
        "supervision/slip.html", row=row, slip=found, paper=slips.as_paper(session, found), light=light_of(row), signs=signs,
        readers=[(one, recipients.name_of(session, one.reader.holder)) for one in readers],
        mine=next((one for one in tasks if task_access.may_work(session, actor, one)), None),
    )  # fmt: skip


@blueprint.post("/slips/<int:slip_id>/sign", endpoint="sign_slip")
def sign(slip_id: int) -> ResponseReturnValue:
    """Sign for it."""
    with transaction() as session:
        found = slips.visible_slip(session, page_actor(), slip_id)
        circulations.mark_read(session, page_actor(), found.circulation_id or 0, now=page_now())
    flash(_("已签收。"))
    return redirect(url_for("supervision.slip", slip_id=slip_id))


@blueprint.get("/slips/<int:slip_id>.<any(docx, pdf):ending>", endpoint="slip_file")
def slip_file(slip_id: int, ending: str) -> Response:
    """One slip as an official document."""
    session, actor = page_session(), page_actor()
    found = slips.visible_slip(session, actor, slip_id)
    is_docx = ending == "docx"
    content = slips.slip_docx(session, actor, slip_id) if is_docx else slips.slip_pdf(session, actor, slip_id).content
    return download(content, f"{_('抄告单')}-{found.number}.{ending}")


@blueprint.route("/slips/new", methods=["GET", "POST"], endpoint="issue_slip")
def new() -> ResponseReturnValue:
    """Issue a slip; about a plan its facts are drafted."""
    require("slip.issue")
    if request.method == "GET":
        return _form()
    try:
        asked = _asked()
        with transaction() as session:
            if repeated_answer(session, "slip", page_actor().user_id):
                return redirect(url_for("supervision.slips"))
            made = slips.issue_slip(session, page_actor(), asked, now=page_now())
            made_id, number = made.id, made.number
    except (InvalidInput, Conflict) as error:
        return _form(error)
    flash(_("%(number)s已送达，等待签收。", number=number))
    return redirect(url_for("supervision.slip", slip_id=made_id))


def _asked() -> SlipAsked:
    form = request.form
    return SlipAsked(
        unit=form.get("unit", ""), matter=form.get("matter", ""), facts=form.get("facts", ""), asked=form.get("asked", ""),
        until=given_day("until", N_("请填写办结期限。")), answer_wanted=form.get("answer_wanted") == "1",
        copies=form.getlist("copy"), plan_id=given_id("plan"),
    )  # fmt: skip


def _form(problem: TongchouError | None = None) -> ResponseReturnValue:
    plan = plan_named(given_id("plan"))
    if plan is not None:
        require("plan.see", policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,)))
    typed: dict[str, Any] = dict(request.form)
    if not typed:
        typed = {"answer_wanted": "1"}
        if plan is not None:
            facts = plan_brief.facts_of(page_session(), plan, now=page_now())
            typed |= {"matter": f"关于加快《{plan.title}》编制报批的函", "unit": plan.lead_unit.code, "facts": facts}
    page = render_template(
        "supervision/issue_slip.html", problem=problem.message if problem else "", typed=typed, plan=plan,
        chosen=request.form.getlist("copy"), earliest=page_day().isoformat(), **choices_of_units(),
    )  # fmt: skip
    return page, problem.status if problem else 200
