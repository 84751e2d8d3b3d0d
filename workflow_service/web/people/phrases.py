"""One's own standard opinions and those of one's unit: the whole list is one form, so that order and text change together."""

from __future__ import annotations

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import TongchouError
from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.services import phrases as use
from workflow_service.store.people import Unit

from ..current import page_actor, page_now, page_session, transaction
from ..rights import allowed
from .blueprint import attempt, blueprint


@blueprint.route("/me/phrases", methods=["GET", "POST"])
def phrases() -> ResponseReturnValue:
    """My phrases in my order."""
    if request.method == "GET":
        return _page(use.own_phrases(page_session(), page_actor()))
    wanted = changed(request.form.getlist("text"), request.form.get("act", ""))
    _kept, error = attempt(lambda writing: use.set_own_phrases(writing, page_actor(), wanted, now=page_now()))
    return _answered(wanted, error)


@blueprint.post("/me/phrases/unit")
def unit_phrases() -> ResponseReturnValue:
    """What my unit offers to its people."""
    unit_id = page_actor().unit_id or 0
    wanted = changed(request.form.getlist("text"), request.form.get("act", ""))
    _kept, error = attempt(lambda writing: use.set_unit_phrases(writing, page_actor(), unit_id, wanted, now=page_now()))
    return _answered(use.own_phrases(page_session(), page_actor()), error)


@blueprint.post("/me/phrases/keep")
def keep_phrase() -> ResponseReturnValue:
    """Keep what stands in an opinion as a phrase; answers the phrases as they are now."""
    with transaction() as session:
        kept = use.add_own_phrase(session, page_actor(), request.form.get("text", ""), now=page_now())
    return jsonify({"phrases": kept, "said": _("已存为常用意见。")})


def changed(texts: list[str], act: str) -> list[str]:
    """The texts after a button: `up:2`, `down:0`, `drop:1`; anything else leaves their order."""
    what, _colon, number = act.partition(":")
    place = int(number) if number.isdecimal() else -1
    if not 0 <= place < len(texts):
        return texts
    kept = [*texts]
    text = kept.pop(place)
    if what == "drop":
        return kept
    kept.insert(max(0, place - 1) if what == "up" else place + 1 if what == "down" else place, text)
    return kept


def _answered(wanted: list[str], error: TongchouError | None) -> ResponseReturnValue:
    if error is not None:
        return _page(wanted, error)
    flash(_("已保存。"))
    return redirect(url_for("people.phrases"))


def _page(own: list[str], error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor = page_session(), page_actor()
    unit = session.get(Unit, actor.unit_id) if actor.unit_id else None
    may = unit is not None and allowed("phrase.unit", policy.thing_of(unit.area_path, unit_ids=(unit.id,)))
    page = render_template(
        "people/phrases.html", own=own, unit=unit, offered=use.unit_phrases(session, actor.unit_id), may_set_unit=may,
        problem=error.message if error else "",
    )  # fmt: skip
    return page, error.status if error else 200
