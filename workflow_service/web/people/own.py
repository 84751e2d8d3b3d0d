"""One's own page: posts, contact, language and look, and the tokens for the interface."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from workflow_service import clock
from workflow_service.domain.errors import TongchouError
from workflow_service.i18n import _
from workflow_service.identity.access import is_usable
from workflow_service.services import people as use
from workflow_service.services import tokens as token_use
from workflow_service.store import people_queries as ask

from ..current import page_actor, page_day, page_now, page_session
from .blueprint import attempt, blueprint, given

TOKEN_DAYS = (30, 90, 180, 366)


@blueprint.route("/me", methods=["GET", "POST"])
def profile() -> ResponseReturnValue:
    """Who I am here, and how I am reached."""
    if request.method == "GET":
        return _profile_page()
    values = given("email", "mobile")
    _user, error = attempt(
        lambda writing: use.change_own_contact(
            writing, page_actor(), values["email"], values["mobile"], now=page_now()
        )
    )
    if error is not None:
        return _profile_page(error, values)
    flash(_("已保存。"))
    return redirect(url_for("people.profile"))


@blueprint.post("/me/preferences")
def preferences() -> ResponseReturnValue:
    """Keep language and look with the account."""
    values = given("language", "theme")
    _user, error = attempt(
        lambda writing: use.change_preferences(writing, page_actor(), values["language"], values["theme"])
    )
    if error is not None:
        return _profile_page(error)
    session.update(values)
    return redirect(url_for("people.profile"))


@blueprint.route("/me/tokens", methods=["GET", "POST"])
def tokens() -> ResponseReturnValue:
    """My tokens; a new one is shown once."""
    if request.method == "GET":
        return _tokens_page()
    values = given("name", "days")
    days = int(values["days"]) if values["days"].isdecimal() else 0
    made, error = attempt(
        lambda writing: token_use.make_token(
            writing, page_actor(), values["name"], days=days, now=clock.now()
        )
    )
    return _tokens_page(made.text if made else "", error)


@blueprint.post("/me/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Revoke one of my tokens."""
    attempt(lambda writing: token_use.revoke_token(writing, page_actor(), token_id, now=clock.now()))
    flash(_("令牌已撤销，使用它的程序不能再访问。"))
    return redirect(url_for("people.tokens"))


def _profile_page(
    error: TongchouError | None = None, values: dict[str, str] | None = None
) -> ResponseReturnValue:
    reading = page_session()
    user = use.myself(reading, page_actor())
    page = render_template(
        "people/profile.html",
        user=user,
        values=values or {"email": user.email, "mobile": user.mobile},
        held=ask.memberships_of(reading, [user.id], page_day()),
        problem=error.message if error else "",
    )
    return page, error.status if error else 200


def _tokens_page(made: str = "", error: TongchouError | None = None) -> ResponseReturnValue:
    user_id = page_actor().user_id
    listed = ask.tokens_of(page_session(), user_id) if user_id is not None else ()
    now = clock.now()
    page = render_template(
        "people/tokens.html",
        usable=[each for each in listed if is_usable(each, now)],
        ended=[each for each in listed if not is_usable(each, now)],
        made=made,
        days=TOKEN_DAYS,
        problem=error.message if error else "",
    )
    return page, error.status if error else 200, {"Cache-Control": "no-store"}
