"""Progress in time: the S-curve, the ranking of units, plans and stages against the calendar."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from workflow_service.domain.plans import Stage
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import ledger, progress
from workflow_service.services.board import BoardAsked
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.progress import Bar, Gantt
from workflow_service.store import plan_list

from .. import cursors
from ..current import page_actor, page_session
from ..formats import full_day
from ..listing import address, filter_values
from . import charts
from .views import asked_place, blueprint, ledger_filter, shown_day

FILTERS = ("area", "unit", "importance", "state")
UNITS_SHOWN = 200
STAGES = tuple(stage for stage in Stage if list(Stage).index(stage) <= list(Stage).index(Stage.ISSUE))
ROW_PX, FRAME_PX = 30, 90


@blueprint.get("/progress", endpoint="progress")
def progress_page() -> ResponseReturnValue:
    """Three charts with their tables."""
    asked, chosen = asked_place(), filter_values(*FILTERS)
    found = _gantt(asked, chosen)
    wanted = ledger.LedgerFilter(area=asked.area, unit=asked.unit)
    return render_template(
        "board/progress.html", chosen=chosen, gantt=found, shown_day=shown_day(), asked=asked,
        points=ledger.issued_series(page_session(), charts.areas_of(asked), asked.as_of, part=ledger.Part.of_unit(asked.unit)),
        figures=ledger.figures_for(page_session(), page_actor(), wanted, as_of=asked.as_of), units_shown=UNITS_SHOWN,
        units=plan_list.lead_units(page_session(), policy.overseen_areas(page_actor())),
        next_address=address(after=cursors.encode(*found.cursor)) if found.cursor else "",
    )  # fmt: skip


@blueprint.get("/gantt.json", endpoint="gantt")
def gantt_data() -> ResponseReturnValue:
    """What the Gantt chart draws."""
    found = _gantt(asked_place(), filter_values(*FILTERS))
    return jsonify(
        kind="gantt", height=FRAME_PX + ROW_PX * len(found.rows),
        **{"from": found.first.isoformat(), "until": (found.last + timedelta(days=1)).isoformat()},
        today=found.day.isoformat(), dueName=_("应印发"), stageDueName=_("阶段时限"),
        off=[[one.isoformat() for one in rest] for rest in found.rests],
        stages=[{"code": stage.value, "words": stage.label} for stage in STAGES], rows=[_row(one) for one in found.rows],
    )  # fmt: skip


def _gantt(asked: BoardAsked, chosen: dict[str, str]) -> Gantt:
    wanted = ledger_filter(chosen)
    after = cursors.decode(cursors.day, cursors.number)
    return progress.gantt(page_session(), page_actor(), wanted, as_of=asked.as_of, after=after)


def _row(row: progress.GanttRow) -> dict[str, Any]:
    line, stage = row.line, row.line.due_stage or row.line.stage
    return {
        "title": line.title, "href": f"/plans/{line.plan_id}", "bars": [_bar(one) for one in row.bars],
        "stageDue": SETTINGS.day_of(line.stage_due_at).isoformat() if line.stage_due_at else None,
        "stageDueWords": _("%(stage)s：应于 %(day)s 完成", stage=stage.label, day=full_day(line.stage_due_at)),
        "stageLight": line.stage_light.light.value if line.stage_light else "",
        "due": line.due_on.isoformat() if line.due_on else None, "light": line.light.light.value if line.light else "",
        "dueWords": _("应于 %(day)s 印发", day=full_day(line.due_on)) + (f" · {line.light.words}" if line.light else ""),
    }  # fmt: skip


def _bar(bar: Bar) -> dict[str, Any]:
    said = _("%(stage)s：%(first)s 至 %(last)s，%(days)s 个工作日", stage=bar.stage.label, first=full_day(bar.begun),
             last=full_day(bar.ended), days=bar.working_days)  # fmt: skip
    return {"stage": bar.stage.value, "words": said, "from": bar.begun.isoformat(), "until": _end(bar.ended)}


def _end(day: date) -> str:
    """A bar reaches to the end of its last day."""
    return (day + timedelta(days=1)).isoformat()
