"""The board and the ledger; every number leads to the rows behind it."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import BadRequest
from workflow_service.domain.rhythms import week_of
from workflow_service.i18n import N_, _, current_language
from workflow_service.identity import policy
from workflow_service.services import absences, board_sheet, ledger
from workflow_service.services import board as board_service
from workflow_service.services.absences import Away
from workflow_service.services.board import BoardAsked
from workflow_service.services.ledger import LedgerFilter, LedgerLine
from workflow_service.store import plan_list

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..downloads import download
from ..etag import etag_of, tagged, unchanged
from ..listing import address, filter_values
from ..rights import require
from ..sheets import sheet
from ..tasks.kept import views_for
from ..words import word
from . import charts

blueprint = Blueprint("board", __name__, url_prefix="/board", template_folder="templates")
blueprint.before_request(require_sign_in)
blueprint.before_request(lambda: require("board.see"))

FILTERS = ("unit", "stage", "importance", "level", "tier", "category", "light", "state", "text", "area")
PLACE_FILTERS = ("area", "unit", "by")
AREA = re.compile(r"/([0-9]+/)+")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LATE_SHOWN, LATE_AT_MOST, UNITS_SHOWN = 12, 500, 12


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Figures, the overdue list, places and units below, completion rates and their course."""
    return render_template("board/overview.html", **_shown(), **views_for("board", _chosen_place()))


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """What changes of the page, asked again by an open one; unchanged as a rule."""
    shown = _shown()
    return unchanged(shown["tag"]) or tagged(render_template("board/live.html", **shown), shown["tag"])


@blueprint.get("/board.xlsx")
def export_board() -> ResponseReturnValue:
    """Exactly what the page shows, for the same place and day: figures, places, units, what is overdue, the trend."""
    asked = asked_place()
    found = board_service.overview(page_session(), page_actor(), asked)
    content = board_sheet.board_xlsx(found, now=page_now())
    return download(content, f"{_('督办看板')}-{found.board.as_of.day:%Y%m%d}.xlsx")


@blueprint.get("/series.json")
def series() -> ResponseReturnValue:
    """The S-curve: plans issued and plans due, added up at each period's end."""
    asked = asked_place()
    points = ledger.issued_series(page_session(), charts.areas_of(asked), asked.as_of, part=ledger.Part.of_unit(asked.unit))
    return charts.series(points, shown_day())


@blueprint.get("/trend.json")
def trend() -> ResponseReturnValue:
    """The chart of completion rates over past periods."""
    return charts.trend(board_service.overview(page_session(), page_actor(), asked_place()))


def _shown() -> dict[str, Any]:
    asked = asked_place()
    found = board_service.overview(page_session(), page_actor(), asked)
    rows: tuple[LedgerLine, ...] = ()
    if asked.unit:
        wanted = LedgerFilter(unit=asked.unit, area=asked.area)
        rows = ledger.ledger_rows(page_session(), page_actor(), wanted, as_of=asked.as_of).rows
    away = _away(found) if not request.args.get("as_of") else {}
    return {
        "away": away, "found": found, "board": found.board, "asked": asked, "rows": rows, "shown_day": found.board.as_of.day,
        "is_past": bool(request.args.get("as_of")), "late_at_most": LATE_AT_MOST, "units_shown": UNITS_SHOWN,
        "trend_table": charts.trend_table(found), "by_words": charts.BY_WORDS, "tag": _tag(found, rows, away),
        "moved_pairs": lambda moves: [(one, one.person) for one in moves],
    }  # fmt: skip


def _away(found: board_service.Overview) -> dict[int, Away]:
    """Of the steps on the page those before whom nobody is there today, with who comes back first."""
    steps = [line.task_id for line in (*found.board.overdue, *found.board.late_stages) if line.task_id]
    return absences.nobody_there(page_session(), steps + [task.task_id for task in found.board.late_tasks], page_day())


def _tag(found: board_service.Overview, rows: tuple[LedgerLine, ...], away: dict[int, Away]) -> str:
    """What the page shows, without the moment at which it was asked; links in it repeat the address."""
    board = found.board
    return etag_of(
        board.as_of.day, board.figures, board.before, board.soon, board.waiting, board.overdue, board.late_stages,
        board.late_tasks, board.late_task_count, board.series, found.places, found.trend, found.moves,
        rows, sorted((task_id, one.last) for task_id, one in away.items()), current_language(), sorted(request.args.items()),
    )  # fmt: skip


def asked_place() -> BoardAsked:
    """Whose board the address asks for; raises BadRequest for an area that is none."""
    chosen = _chosen_place()
    area, by = chosen.get("area", ""), chosen.get("by", "all")
    if area and not AREA.fullmatch(area):
        raise BadRequest(N_("地区应写作 /330000/330200/ 这样。"))
    late = LATE_AT_MOST if request.args.get("late") == "all" else LATE_SHOWN
    return BoardAsked(_as_of(), area, chosen.get("unit", ""), by if by in board_service.BY else "all", late)


def _chosen_place() -> dict[str, str]:
    return filter_values(*PLACE_FILTERS)


@blueprint.get("/ledger", endpoint="ledger")
def ledger_page() -> ResponseReturnValue:
    """A row a plan, as of any day, filtered by the address."""
    chosen, session, actor = filter_values(*FILTERS), page_session(), page_actor()
    wanted = ledger_filter(chosen)
    page = ledger.ledger_rows(session, actor, wanted, as_of=_as_of(), after=cursors.decode(cursors.day, cursors.number))
    return render_template(
        "board/ledger.html",
        rows=page.rows,
        chosen=chosen,
        total=ledger.count_rows(session, actor, wanted, as_of=_as_of()),
        next_address=address(after=cursors.encode(*page.cursor)) if page.cursor else "",
        units=plan_list.lead_units(session, policy.overseen_areas(actor)),
        shown_day=shown_day(),
        week=week_of(shown_day()).key,
        figures=ledger.figures_for(session, actor, wanted, as_of=_as_of()),
        **views_for("ledger", chosen),
    )


@blueprint.get("/ledger.xlsx")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters, on the same day."""
    wanted = ledger_filter(filter_values(*FILTERS))
    page = ledger.ledger_rows(page_session(), page_actor(), wanted, as_of=_as_of(), limit=None)
    heads = (_("规划代码"), _("规划名称"), _("编制单位"), _("类别"), _("审批方式"), _("管理类别"), _("阶段"), _("当前环节"),
             _("承办"), _("环节到期"), _("应印发日期"), _("印发日期"), _("文号"), _("时限状态"), _("逾期工作日"), _("最近办理"),
             _("办理时间"), _("阶段时限"), _("最近报送"), _("报送时间"))  # fmt: skip
    return sheet(_("规划台账 %(day)s", day=shown_day().isoformat()), heads, (_cells(line) for line in page.rows))


def _cells(line: LedgerLine) -> tuple[Any, ...]:
    return (
        line.code, line.title, line.unit_name, line.category.label, line.tier.label, line.importance.label,
        word(line.stage, "stage"), line.step, line.holder, line.step_due_at, line.due_on, line.issued_on,
        line.document_number, str(line.light.words) if line.light else "", line.days_late if line.overdue else None,
        line.last_action, line.last_action_at, line.stage_due_at, line.report, line.reported_at,
    )  # fmt: skip


def ledger_filter(chosen: dict[str, str]) -> LedgerFilter:
    """The filters of an address as the ledger's."""
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


def shown_day() -> date:
    """The day whose figures are shown."""
    moment = _as_of()
    return page_day() if isinstance(moment, datetime) else moment
