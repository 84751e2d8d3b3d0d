"""Merging a unit into another (机构合并): choose the successor, see what goes over, confirm."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity.groups import RELATION_NAMES
from workflow_service.services import mergers
from workflow_service.services import units as use
from workflow_service.store import people_queries as ask

from ..current import page_actor, page_now, page_session
from .blueprint import attempt, blueprint


@blueprint.route("/units/<int:unit_id>/merge", methods=["GET", "POST"])
def merge_unit(unit_id: int) -> ResponseReturnValue:
    """What a merger would move, then doing it."""
    use.unit_to_manage(page_session(), page_actor(), unit_id)
    if request.method == "GET":
        return _page(unit_id)
    reason = request.form.get("reason", "")
    merger, error = attempt(
        lambda writing: mergers.merge_unit(writing, page_actor(), unit_id, _heir_id(), reason, now=page_now())
    )
    if error is not None:
        return _page(unit_id, error)
    flash(_("“%(unit)s”已并入“%(heir)s”。", unit=merger.unit.name, heir=merger.heir.name))
    return redirect(url_for("people.unit", unit_id=merger.heir.id))


def _heir_id() -> int:
    if not request.values.get("into", "").isdecimal():
        raise InvalidInput(N_("请选择并入的单位。"), pointer="/into")
    return int(request.values["into"])


def _page(unit_id: int, error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor = page_session(), page_actor()
    unit = use.unit_to_manage(session, actor, unit_id)
    merger = None
    if request.values.get("into"):
        try:
            merger = mergers.preview_merger(session, actor, unit_id, _heir_id(), now=page_now())
        except (InvalidInput, Conflict) as refused:
            error = error or refused
    others = [one for one in ask.units_of_area(session, unit.area_path) if one.id != unit_id]
    page = render_template(
        "people/merge.html", unit=unit, merger=merger, values=request.values, problem=error.message if error else "",
        others=[(one.id, one.name) for one in others], relations=RELATION_NAMES,
    )  # fmt: skip
    return page, error.status if error else 200
