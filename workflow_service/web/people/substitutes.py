"""Substitutes (授权代办): one's own, and for administrators those of a person."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.services import candidates, substitutions
from workflow_service.services import people as use
from workflow_service.services.substitutions import SubstituteAsked

from ..current import page_actor, page_day, page_now, page_session
from .blueprint import attempt, blueprint, given_day


@blueprint.route("/me/substitutes", methods=["GET", "POST"], endpoint="substitutes")
def own_substitutes() -> ResponseReturnValue:
    """Whom I let act for me, and for whom I act."""
    user_id = int(page_actor().user_id or 0)
    if request.method == "GET":
        return _page(user_id)
    return _name(user_id)


@blueprint.route("/<int:user_id>/substitutes", methods=["GET", "POST"])
def substitutes_of(user_id: int) -> ResponseReturnValue:
    """The same for a person, by his administrator."""
    use.person_to_manage(page_session(), page_actor(), user_id, now=page_now())
    return _page(user_id) if request.method == "GET" else _name(user_id)


@blueprint.post("/substitutes/<int:grant_id>/revoke")
def revoke_substitute(grant_id: int) -> ResponseReturnValue:
    """End a grant now."""
    found, error = attempt(
        lambda writing: substitutions.revoke_substitute(writing, page_actor(), grant_id, now=page_now()).principal_id
    )
    flash(_("授权已结束。") if error is None else error.message)
    own = page_actor().user_id
    administers = found is not None and found != own and request.form.get("of") == str(found)
    return redirect(url_for("people.substitutes_of", user_id=found) if administers else url_for("people.substitutes"))


def _name(user_id: int) -> ResponseReturnValue:
    def change(writing: object) -> int:
        return substitutions.name_substitute(writing, page_actor(), _asked(user_id), now=page_now()).id  # type: ignore[arg-type]

    _grant, error = attempt(change)
    if error is not None:
        return _page(user_id, error)
    flash(_("已授权，双方都会收到通知。"))
    own = user_id == page_actor().user_id
    return redirect(url_for("people.substitutes") if own else url_for("people.substitutes_of", user_id=user_id))


def _asked(user_id: int) -> SubstituteAsked:
    """The form's values; its last day counts."""
    form = request.form
    first, last, chosen = given_day("since"), given_day("last"), form.get("substitute", "")
    if first is None or last is None or not chosen.isdecimal():
        raise InvalidInput(N_("请选择代办人和起止日期。"))
    routes = form.getlist("process") if form.get("scope") == "some" else []
    if form.get("scope") == "some" and not routes:
        raise InvalidInput(N_("请选择流程，或改为全部流程。"))
    decides = form.get("may_decide") == "1"
    return SubstituteAsked(user_id, int(chosen), first, last + timedelta(days=1), routes, decides)


def _page(user_id: int, error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    found = substitutions.grants_of(session, actor, user_id, now=now)
    page = render_template(
        "people/substitutes.html",
        person=use.myself(session, actor) if user_id == actor.user_id else use.person_to_see(session, actor, user_id, now=now),
        own=user_id == actor.user_id,
        given=[one for one in found if one.grant.principal_id == user_id],
        got=[one for one in found if one.grant.substitute_id == user_id],
        people=candidates.colleague_ids(session, user_id, now=now),
        routes=substitutions.routes(session),
        typed=request.form,
        chosen=request.form.getlist("process"),
        first=page_day().isoformat(),
        one_day=timedelta(days=1),
        problem=error.message if error else "",
    )
    return page, error.status if error else 200
