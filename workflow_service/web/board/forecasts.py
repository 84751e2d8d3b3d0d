"""When plans in progress will be issued, and how good such forecasts were."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import forecasts
from workflow_service.store import plan_list

from .. import cursors
from ..current import page_actor, page_session
from ..listing import address, filter_values
from ..sheets import sheet
from ..words import word
from .views import asked_place, blueprint, ledger_filter, shown_day

FILTERS = ("area", "unit", "importance", "text")


@blueprint.get("/forecasts", endpoint="forecasts")
def forecasts_page() -> ResponseReturnValue:
    """A row a plan: due date, likely and safe date; below, what became of former forecasts."""
    asked, chosen, session = asked_place(), filter_values(*FILTERS), page_session()
    after = cursors.decode(cursors.day, cursors.number)
    page = forecasts.forecasts(session, page_actor(), ledger_filter(chosen), as_of=asked.as_of, after=after)
    return render_template(
        "board/forecasts.html", rows=page.rows, chosen=chosen, shown_day=shown_day(), least=forecasts.LEAST_HISTORY,
        qualities=forecasts.qualities(session, page_actor(), as_of=asked.as_of), tested=forecasts.TESTED,
        units=plan_list.lead_units(session, policy.overseen_areas(page_actor())),
        next_address=address(after=cursors.encode(*page.cursor)) if page.cursor else "",
    )  # fmt: skip


@blueprint.get("/forecasts.xlsx", endpoint="export_forecasts")
def export() -> ResponseReturnValue:
    """The rows of the filters, not those of one page; the last row says where they are too many for a file."""
    asked, wanted = asked_place(), ledger_filter(filter_values(*FILTERS))
    found = forecasts.forecasts(page_session(), page_actor(), wanted, as_of=asked.as_of, limit=forecasts.ROWS_OF_A_FILE)
    heads = (_("规划代码"), _("规划名称"), _("编制单位"), _("审批路线"), _("阶段"), _("应印发日期"), _("五成可能"), _("九成可能"),
             _("所据规划数"))  # fmt: skip
    rows: list[tuple[object, ...]] = [
        (one.line.code, one.line.title, one.line.unit_name, word(one.route, "route"), one.line.stage.label, one.line.due_on,
         one.forecast.likely if one.forecast else None, one.forecast.safe if one.forecast else None, one.history)
        for one in found.rows
    ]  # fmt: skip
    if found.cursor:
        rows.append((_("只列前 %(count)d 项，其余未列；请按地区、单位等筛选后再导出。", count=len(found.rows)),))
    return sheet(_("印发预测 %(day)s", day=shown_day().isoformat()), heads, rows)
