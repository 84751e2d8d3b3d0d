"""Who is signed in: one statement a request, ended by idleness, by a new password or by an administrator."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user

from workflow_service import clock
from workflow_service.i18n import N_, _
from workflow_service.identity.access import SignedIn, signed_in

from ..current import is_in_background, page_day, page_session, wiring

# asked by the page itself every half minute: no sign of a person
POLLED = frozenset({"frame.counts"})
OPEN_WHILE_PASSWORD_IS_DUE = frozenset(
    {"auth.password", "auth.sign_out", "auth.sign_in", "frame.prefer", "static"}
)
SEEN_KEPT_SECONDS = 30
# what a page fetches in the background may answer after the next page has come, and would put an old cookie over its new one
SEEN_IN_BACKGROUND = 1 / 4
SIGN_IN_AGAIN = N_("登录已失效，请重新登录；刚才的提交没有生效，登录后回到原来的页面再提交。")


class Account(UserMixin):
    """The signed-in person as Flask-Login and the frame know him."""

    def __init__(self, found: SignedIn) -> None:
        self.id = found.user.id
        self.username = found.user.username
        self.name = found.user.name
        self.language = found.user.language
        self.theme = found.user.theme
        self.must_change_password = found.user.must_change_password
        self.epoch = found.user.session_epoch

    def get_id(self) -> str:
        """Give what the session keeps: it no longer fits once the account's sessions were ended."""
        return f"{self.id}:{self.epoch}"


def register(app: Flask) -> None:
    """Set up the log-in manager and what happens before each request."""
    manager = LoginManager(app)
    manager.user_loader(_load)
    manager.unauthorized_handler(_ask_to_sign_in)
    app.before_request(_end_when_idle)
    app.before_request(_ask_for_a_new_password)


def note_presence() -> None:
    """Start or prolong the time until the automatic sign-out."""
    session["seen"] = int(clock.now().timestamp())


def _load(kept: str) -> Account | None:
    user_id, _colon, epoch = kept.partition(":")
    if not user_id.isdecimal():
        return None
    found = signed_in(
        page_session(), int(user_id), "web", request.remote_addr or "", page_day(), session.get("unit_id")
    )
    if found is None or str(found.user.session_epoch) != epoch:
        return None
    g.signed_in = found
    return Account(found)


def _end_when_idle() -> Any:
    if "_user_id" not in session or request.endpoint == "static":
        return None
    idle = int(clock.now().timestamp()) - session.get("seen", 0)
    limit = wiring().settings.session_idle_minutes * 60
    if idle > limit:
        session.clear()
        g.pop("_login_user", None)
        g.pop("signed_in", None)
        flash(_("您较长时间没有操作，已自动退出，请重新登录。"), "warning")
        if request.endpoint == "auth.sign_in" or request.path.startswith("/api/"):
            return None
        return _ask_to_sign_in()
    kept = limit * SEEN_IN_BACKGROUND if is_in_background() else SEEN_KEPT_SECONDS
    if request.endpoint not in POLLED and idle >= kept:
        note_presence()
    return None


def _ask_for_a_new_password() -> Any:
    if request.endpoint in OPEN_WHILE_PASSWORD_IS_DUE or request.path.startswith("/api/"):
        return None
    if current_user.is_authenticated and current_user.must_change_password:
        return redirect(url_for("auth.password"))
    return None


def _ask_to_sign_in() -> Any:
    """Send a page to the sign-in and back to where one was; tell htmx to load the sign-in as a whole page."""
    if request.method != "GET":
        flash(_(SIGN_IN_AGAIN), "warning")
    came_from = _page_before()
    address = url_for("auth.sign_in", next=came_from if came_from not in ("", "/") else None)
    if request.headers.get("HX-Request"):
        return Response(f'<div class="alert"><div>{_(SIGN_IN_AGAIN)}</div></div>', 401, {"HX-Redirect": address})
    return redirect(address)


def _page_before() -> str:
    """The page that was asked for; of something sent, the page of this service that it was sent from."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.full_path.rstrip("?")
    sent_from = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if sent_from.netloc != request.host:
        return ""
    return sent_from.path + (f"?{sent_from.query}" if sent_from.query else "")
