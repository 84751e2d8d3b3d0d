"""Pages: server-rendered, Chinese first, readable on a phone. `register` opens every room on an application."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from jinja2 import StrictUndefined, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from workflow_service import i18n

from . import errors, filters, frame, installed, security, static_files
from .current import end_page_session, reader

ROOMS = (
    "tasks",
    "plans",
    "catalogue",
    "instances",
    "board",
    "supervision",
    "designer",
    "meetings",
    "bulletins",
    "notices",
    "circulations",
    "incidents",
    "calendar",
    "rhythms",
    "weekly",
    "papers",
    "settings",
    "search",
    "people",
    "auth",
)


def register(app: Flask) -> None:
    """Open all pages on `app`. Needs app.extensions["tongchou"]; the room `auth` brings Flask-Login."""
    settings = app.extensions["tongchou"].settings
    app.config.update(LANGUAGE=settings.language)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=_language)
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(_=_in_page, gettext=_in_page)
    app.before_request(_speak)
    app.teardown_request(end_page_session)
    for part in (security, errors, filters, static_files, frame, installed):
        part.register(app)
    for room in ROOMS:
        _open(app, room)
    app.add_url_rule("/", "home", _home)


def _gettext(text: str) -> str:
    """The catalogues of `workflow_service.i18n`, so that pages and the rooms below them share one translation."""
    return i18n.translations(i18n.current_language()).gettext(text)


@pass_eval_context
def _in_page(context: EvalContext, text: str, /, **values: Any) -> str:
    """`_()` of the templates, with the plural that the first number of `values` asks for."""
    said = i18n.in_words(text, values)
    return (Markup(said) if context.autoescape else said) % values


def _ngettext(one: str, many: str, number: int) -> str:
    return i18n.translations(i18n.current_language()).ngettext(one, many, number)


def _open(app: Flask, room: str) -> None:
    """Register the blueprint of a room; a room brings either `blueprint` in views or `register(app)`."""
    if find_spec(f"{__name__}.{room}") is None:
        return
    package = import_module(f"{__name__}.{room}")
    if hasattr(package, "register"):
        package.register(app)
    elif find_spec(f"{__name__}.{room}.views"):
        app.register_blueprint(import_module(f"{__name__}.{room}.views").blueprint)


def _language() -> str:
    wanted = session.get("language") or getattr(reader(), "language", None)
    return wanted if wanted in i18n.LANGUAGES else str(current_app.config["LANGUAGE"])


def _speak() -> None:
    """Let texts of this request, from whatever room, be in the reader's language; the interface sets its own."""
    if request.endpoint != "static" and request.blueprint != "api":
        i18n.set_language(_language())


def _home() -> ResponseReturnValue:
    return redirect(url_for("tasks.inbox"))
