"""Progress in time: the S-curve, the ranking of units, plans and stages against the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from ..sheets import Part, sheets
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


@blueprint.get("/progress.xlsx", endpoint="export_progress")
def export() -> ResponseReturnValue:
    """What the filters show, all rows: plans with their stages, issued against due, the ranking of units."""
    asked, wanted = asked_place(), ledger_filter(filter_values(*FILTERS))
    place = ledger.LedgerFilter(area=asked.area, unit=asked.unit)
    figures = ledger.figures_for(page_session(), page_actor(), place, as_of=asked.as_of)
    points = ledger.issued_series(page_session(), charts.areas_of(asked), asked.as_of, part=ledger.Part.of_unit(asked.unit))
    rows = progress.all_rows(page_session(), page_actor(), wanted, as_of=asked.as_of)
    name = _("进度 %(day)s", day=shown_day().isoformat())
    return sheets(name, (_plans_part(rows), _course_part(points), _ranking_part(figures)))


def _plans_part(rows: Iterable[progress.GanttRow]) -> Part:
    heads = (_("规划代码"), _("规划名称"), _("编制单位"), _("阶段"), _("开始"), _("结束"), _("工作日"), _("应印发日期"),
             _("印发日期"), _("时限状态"))  # fmt: skip
    return Part(_("规划与阶段"), heads, (cells for row in rows for cells in _stages_of(row)))


def _stages_of(row: progress.GanttRow) -> Iterator[tuple[Any, ...]]:
    """A line a stage; one without dates for a plan that has none yet."""
    line = row.line
    first, last = (line.code, line.title, line.unit_name), (line.due_on, line.issued_on, _light_words(line))
    for bar in row.bars:
        yield *first, bar.stage.label, bar.begun, bar.ended, bar.working_days, *last
    if not row.bars:
        yield *first, line.stage.label, None, None, None, *last


def _light_words(line: ledger.LedgerLine) -> str:
    return str(line.light.words) if line.light else _("已印发") if line.issued_on else ""


def _course_part(points: Sequence[ledger.SeriesPoint]) -> Part:
    """As the page: what was issued is told up to the period in which the shown day lies."""
    told = [number == 0 or one.day <= shown_day() or points[number - 1].day < shown_day() for number, one in enumerate(points)]
    rows = ((one.day, one.due, one.issued if is_told else None) for one, is_told in zip(points, told, strict=True))
    return Part(_("印发进度"), (_("旬末"), _("应印发"), _("实际印发")), rows)


def _ranking_part(figures: ledger.LedgerFigures) -> Part:
    heads = (_("名次"), _("单位"), _("已印发"), _("目录数"), _("完成率"), _("逾期规划"))
    return Part(_("单位排名"), heads, (
        (one.place, figures.unit_names.get(one.unit, one.unit), one.figures.issued, one.figures.total, f"{one.figures.rate}%",
         one.figures.overdue) for one in figures.ranking
    ))  # fmt: skip


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
