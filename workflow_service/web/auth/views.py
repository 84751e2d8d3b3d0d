"""The pages of signing in and out and of one's own password."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from workflow_service import clock
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _
from workflow_service.identity.access import signed_in
from workflow_service.services.people import change_own_password
from workflow_service.services.sign_in import SignInOutcome, SignInRules
from workflow_service.services.sign_in import sign_in as try_to_sign_in
from workflow_service.services.sign_in import sign_out as note_sign_out
from workflow_service.store.people import User

from ..current import page_actor, page_day, require_sign_in, transaction, wiring
from ..formats import local
from .accounts import Account, note_presence

blueprint = Blueprint("auth", __name__, template_folder="templates")

KEPT_ACROSS_SIGN_IN = ("language", "theme")
REASONS = {
    "wrong": N_("登录名或密码不正确。"),
    "locked": N_("连续输错密码，账号已锁定，请于 %(time)s 后再试，或请管理员解锁。"),
    "inactive": N_("账号已停用，请联系本单位管理员。"),
}


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign in with log-in name and password, then go on to where one wanted to go."""
    if current_user.is_authenticated:
        return redirect(_next())
    if request.method == "GET":
        return render_template(
            "auth/sign_in.html", username="", problem="", next=request.args.get("next", "")
        )
    username = request.form.get("username", "")
    outcome = _attempt(username, request.form.get("password", ""))
    if outcome.user is None:
        page = render_template(
            "auth/sign_in.html",
            username=username,
            problem=_problem(outcome),
            next=request.form.get("next", ""),
        )
        return page, 422
    _begin(outcome.user)
    return redirect(_next())


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out of this browser."""
    if current_user.is_authenticated:
        with transaction() as writing:
            note_sign_out(writing, page_actor(), now=clock.now())
        logout_user()
        _clear_session()
        flash(_("已退出登录。"))
    return redirect(url_for("auth.sign_in"))


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change one's own password; asked for at the first sign-in with a temporary one."""
    require_sign_in()
    if request.method == "GET":
        return render_template("auth/password.html", problem="")
    given = request.form
    if given.get("new", "") != given.get("again", ""):
        return render_template("auth/password.html", problem=_("两次输入的新密码不一致。")), 422
    try:
        with transaction() as writing:
            user = change_own_password(
                writing, page_actor(), given.get("old", ""), given.get("new", ""), now=clock.now()
            )
    except InvalidInput as error:
        return render_template("auth/password.html", problem=error.message), error.status
    _begin(user)
    flash(_("密码已修改。其他设备上的登录已失效。"))
    return redirect(url_for("home"))


def _attempt(username: str, given: str) -> SignInOutcome:
    settings = wiring().settings
    rules = SignInRules(settings.login_attempts, settings.lockout_minutes)
    with transaction() as writing:
        return try_to_sign_in(
            writing, username, given, rules, source="web", address=request.remote_addr or "", now=clock.now()
        )


def _problem(outcome: SignInOutcome) -> str:
    until = f"{local(outcome.locked_until):%H:%M}" if outcome.locked_until else ""
    return _(REASONS[outcome.reason], time=until)


def _begin(user: User) -> None:
    """Begin a session of its own: nothing of one before survives but language and theme."""
    _clear_session()
    with transaction() as reading:
        found = signed_in(reading, user.id, "web", request.remote_addr or "", page_day())
    if found is not None:
        login_user(Account(found))
        session.permanent = True
        note_presence()


def _clear_session() -> None:
    kept = {name: session[name] for name in KEPT_ACROSS_SIGN_IN if name in session}
    session.clear()
    session.update(kept)


def _next() -> str:
    """Where to go on: an address of this service only."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    is_ours = (
        wanted.startswith("/")
        and not wanted.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
    )
    return wanted if is_ours and "\\" not in wanted else url_for("home")
