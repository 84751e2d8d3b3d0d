"""The weekly ledger of one week on a page, as docx and as xlsx."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import require_in_reach
from workflow_service.domain.errors import BadRequest
from workflow_service.domain.rhythms import monday_of, week_of
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import weekly, weekly_ledgers
from workflow_service.services.weekly_sheet import weekly_xlsx
from workflow_service.store import plan_list

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..downloads import download
from ..listing import PAGE_ROWS, address, filter_values
from ..rights import require

blueprint = Blueprint("weekly", __name__, url_prefix="/weekly", template_folder="templates")
blueprint.before_request(require_sign_in)
blueprint.before_request(lambda: require("board.see"))

FILTERS = ("unit", "text", "told")
TOLD = (("problems", N_("有问题")), ("reported", N_("已报")), ("silent", N_("未报")))
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("")
def show() -> ResponseReturnValue:
    """One week, the present one unless the address names another."""
    monday, chosen = _monday(), filter_values(*FILTERS)
    found = weekly.weekly_ledger(
        page_session(), page_actor(), monday, wanted=_wanted(chosen), after=cursors.decode(cursors.day, cursors.number),
        limit=PAGE_ROWS, now=page_now(),
    )  # fmt: skip
    return render_template(
        "weekly/show.html", ledger=found, chosen=chosen, told=[(value, _(words)) for value, words in TOLD],
        units=plan_list.lead_units(page_session(), policy.overseen_areas(page_actor())),
        next_address=address(after=cursors.encode(*found.cursor)) if found.cursor else "",
        before=week_of(monday - timedelta(days=7)).key, after=_next(monday), number=monday.isocalendar().week,
        sent_at=weekly_ledgers.sent_at(page_session(), found.area_path, monday),
    )  # fmt: skip


@blueprint.get("/ledger.<any(docx, xlsx):ending>")
def export(ending: str) -> Response:
    """The same week as a document, as it was sent once it was, or what is shown of it as a table."""
    monday, session, actor = _monday(), page_session(), page_actor()
    if ending == "docx":
        content = weekly_ledgers.weekly_docx(session, actor, monday, now=page_now())
    else:
        content = weekly_xlsx(session, actor, monday, wanted=_wanted(filter_values(*FILTERS)), now=page_now())
    return download(content, f"{_('周调度台账')}-{week_of(monday).key}.{ending}")


def _wanted(chosen: dict[str, str]) -> weekly.WeeklyFilter:
    if chosen.get("told", "") not in {"", *(value for value, _words in TOLD)}:
        raise BadRequest(N_("没有这样的筛选条件。"))
    return weekly.WeeklyFilter(**{name: value for name, value in chosen.items() if name in FILTERS})


def _monday() -> date:
    text = request.args.get("week", "")
    if not text:
        return week_of(page_day()).first
    try:
        monday = monday_of(text)
    except ValueError as error:
        raise BadRequest(N_("周次应写作 2026-W09 这样。")) from error
    require_in_reach(monday.year)
    return monday


def _next(monday: date) -> str:
    """The following week, empty where it is yet to come."""
    following = monday + timedelta(days=7)
    return week_of(following).key if following <= page_day() else ""
