"""The heat map of a route, drawn on its diagram, with a table that says the same."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import BadRequest, NotFound
from workflow_service.domain.route_times import ElementTimes
from workflow_service.i18n import N_, _
from workflow_service.services import route_times
from workflow_service.services.route_times import Heat, HeatAsked

from ..current import page_actor, page_now, page_session
from ..listing import filter_values
from .views import AREA, blueprint

FILTERS = ("route", "process", "since", "until", "area")


@blueprint.get("/routes", endpoint="routes")
def routes_page() -> ResponseReturnValue:
    """How long tokens stay where and how often they come back."""
    found = _found()
    names = found.names if found else {}
    elements = [one for one in found.elements if one.element_id in names] if found else []
    return render_template(
        "board/routes.html", heat=found, elements=elements, names=names, chosen=filter_values(*FILTERS),
        marks={"heat": {one.element_id: _mark(one) for one in elements}},
    )  # fmt: skip


@blueprint.get("/routes/diagram.bpmn", endpoint="route_diagram")
def diagram() -> ResponseReturnValue:
    """The diagram on which it is drawn."""
    found = _found()
    if found is None:
        raise NotFound(N_("还没有办理过的流程。"))
    return Response(found.definition.resource.content, mimetype="application/xml")


def _found() -> Heat | None:
    chosen = filter_values(*FILTERS)
    if chosen.get("area") and not AREA.fullmatch(chosen["area"]):
        raise BadRequest(N_("地区应写作 /330000/330200/ 这样。"))
    asked = HeatAsked(
        chosen.get("route", ""), chosen.get("process", ""), _day("since"), _day("until"), chosen.get("area", "")
    )
    return route_times.heat(page_session(), page_actor(), asked, now=page_now())


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise BadRequest(N_("日期应写作 2021-06-30 这样。")) from error


def _mark(one: ElementTimes) -> dict[str, Any]:
    """The colour and the words beside an element."""
    badge = _("%(median)s / %(ninth)s 天", median=one.median, ninth=one.ninth) if one.stayed else ""
    lines = [
        _("中位 %(median)s 个工作日，九成在 %(ninth)s 个以内（%(stayed)s 次）", median=one.median, ninth=one.ninth,
          stayed=one.stayed) if one.stayed else "",
        _("现有 %(count)s 项停在这里", count=one.here) if one.here else "",
        _("重新到这里 %(again)s 次，其中退回 %(returned)s 次", again=one.again, returned=one.returned)
        if one.again or one.returned else "",
    ]  # fmt: skip
    return {"level": one.heat, "badge": badge, "again": one.again, "note": "\n".join(filter(None, lines))}
