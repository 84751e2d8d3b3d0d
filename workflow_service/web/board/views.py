"""The board and the ledger; every number leads to the rows behind it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import BadRequest
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import ledger
from workflow_service.services import weekly as weekly_service
from workflow_service.services.ledger import LedgerFilter, LedgerLine
from workflow_service.store import plan_list

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..listing import address, filter_values
from ..rights import require
from ..sheets import sheet
from ..words import word

blueprint = Blueprint("board", __name__, url_prefix="/board", template_folder="templates")
blueprint.before_request(require_sign_in)
blueprint.before_request(lambda: require("board.see"))

FILTERS = ("unit", "stage", "importance", "level", "tier", "category", "light", "state", "text", "area")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LATE_SHOWN, UNITS_SHOWN = 12, 12


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Five figures, the overdue list, units ranked, the course of issuing."""
    found = ledger.board(page_session(), page_actor(), as_of=_as_of())
    return render_template(
        "board/overview.html", board=found, shown_day=found.as_of.day, is_past=bool(request.args.get("as_of")),
        late_shown=LATE_SHOWN, units_shown=UNITS_SHOWN,
    )  # fmt: skip


@blueprint.get("/series.json")
def series() -> ResponseReturnValue:
    """The chart: plans issued and plans due, added up at each period's end."""
    areas = policy.visible_areas(page_actor())
    points = ledger.issued_series(page_session(), areas, _as_of())
    day = _shown_day()
    return jsonify(
        days=[point.day.isoformat() for point in points],
        issued=[point.issued if point.day <= day or _is_current(points, point, day) else None for point in points],
        due=[point.due for point in points],
        names={"issued": _("实际印发"), "due": _("应印发")},
    )


def _is_current(points: list[Any], point: Any, day: date) -> bool:
    """The period in which the day lies is shown as it stands."""
    return point is next((each for each in points if each.day >= day), None)


@blueprint.get("/ledger", endpoint="ledger")
def ledger_page() -> ResponseReturnValue:
    """A row a plan, as of any day, filtered by the address."""
    chosen, session, actor = filter_values(*FILTERS), page_session(), page_actor()
    wanted = _filter(chosen)
    page = ledger.ledger_rows(session, actor, wanted, as_of=_as_of(), after=cursors.decode(cursors.day, cursors.number))
    return render_template(
        "board/ledger.html",
        rows=page.rows,
        chosen=chosen,
        total=ledger.count_rows(session, actor, wanted, as_of=_as_of()),
        next_address=address(after=cursors.encode(*page.cursor)) if page.cursor else "",
        units=plan_list.lead_units(session, policy.visible_areas(actor)),
        shown_day=_shown_day(),
        figures=ledger.figures_for(session, actor, wanted, as_of=_as_of()),
    )


@blueprint.get("/ledger.xlsx")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters, on the same day."""
    wanted = _filter(filter_values(*FILTERS))
    page = ledger.ledger_rows(page_session(), page_actor(), wanted, as_of=_as_of(), limit=None)
    heads = (_("规划代码"), _("规划名称"), _("编制单位"), _("类别"), _("审批方式"), _("管理类别"), _("阶段"), _("当前环节"),
             _("承办"), _("环节到期"), _("应印发日期"), _("印发日期"), _("文号"), _("逾期工作日"), _("最近办理"))  # fmt: skip
    return sheet(_("规划台账 %(day)s", day=_shown_day().isoformat()), heads, (_cells(line) for line in page.rows))


def _cells(line: LedgerLine) -> tuple[Any, ...]:
    return (
        line.code, line.title, line.unit_name, line.category.label, line.tier.label, line.importance.label,
        word(line.stage, "stage"), line.step, line.holder, line.step_due_at, line.due_on, line.issued_on,
        line.document_number, line.days_late or None, line.last_action,
    )  # fmt: skip


@blueprint.get("/weekly.docx")
def weekly() -> ResponseReturnValue:
    """The weekly ledger (周调度台账) of the week in which the day lies, as a document."""
    content = weekly_service.weekly_docx(page_session(), page_actor(), _shown_day(), now=page_now())
    response = Response(content, mimetype=DOCX)
    response.headers["Content-Disposition"] = f"attachment; filename=weekly-{_shown_day()}.docx"
    return response


def _filter(chosen: dict[str, str]) -> LedgerFilter:
    known = {field.name for field in fields(LedgerFilter)}
    wanted: dict[str, Any] = {name: value for name, value in chosen.items() if name in known}
    return LedgerFilter(**wanted)


def _as_of() -> date | datetime:
    """The moment of the figures: now, or the end of the day that the address names."""
    text = request.args.get("as_of", "")
    if not text:
        return page_now()
    try:
        return read_day(text)
    except ValueError as error:
        raise BadRequest(N_("日期应写作 2021-06-30 这样。")) from error


def _shown_day() -> date:
    moment = _as_of()
    return page_day() if isinstance(moment, datetime) else moment
