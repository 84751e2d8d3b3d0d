"""What the board's charts draw, and the tables that say the same to those who do not see them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, jsonify

from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import ledger
from workflow_service.services.board import BoardAsked, Overview, named_lines

from ..current import page_actor

BY_WORDS = {
    "all": N_("总体"), "level": N_("层级"), "tier": N_("审批方式"), "importance": N_("管理类别"), "category": N_("类别"),
    "unit": N_("单位"),
}  # fmt: skip


def areas_of(asked: BoardAsked) -> tuple[str, ...] | None:
    """The areas of a board that the reader sees."""
    return ledger.limited(policy.overseen_areas(page_actor()), asked.area)


def series(points: list[ledger.SeriesPoint], day: date) -> Response:
    """Plans issued against plans due; nothing is known of the issues of days to come."""
    current = next((point for point in points if point.day >= day), None)
    return jsonify(
        kind="course",
        days=[point.day.isoformat() for point in points],
        lines=[
            {"name": _("应印发"), "values": [point.due for point in points], "planned": True},
            {"name": _("实际印发"),
             "values": [point.issued if point.day <= day or point is current else None for point in points]},
        ],
    )  # fmt: skip


def trend(found: Overview) -> Response:
    """Completion rates in per cent."""
    days, lines = _points(found)
    return jsonify(
        kind="course", unit="%", days=[day.isoformat() for day in days],
        lines=[
            {"name": name, "values": [None if one is None else float(one) for one in rates]} for name, rates in lines
        ],
    )  # fmt: skip


def trend_table(found: Overview) -> dict[str, Any]:
    """The same as a table: the days, and a row a line."""
    days, lines = _points(found)
    return {"days": days, "lines": lines}


def _points(found: Overview) -> tuple[list[date], list[tuple[str, list[Decimal | None]]]]:
    """The ends of past periods and the day shown."""
    trend, day = found.trend, found.board.as_of.day
    lines: list[tuple[str, list[Decimal | None]]] = []
    for name, value, now in named_lines(found):
        past = trend.figures.get(value, {})
        rates = [past[one].rate if one in past else None for one in trend.days]
        lines.append((name, [*rates, now.rate]))
    return [*trend.days, day], lines
