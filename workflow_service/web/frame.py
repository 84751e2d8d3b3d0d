"""What surrounds every page: the rail, the counts, the unit switch, language and theme."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import login_required

from workflow_service.domain.errors import Forbidden
from workflow_service.i18n import LANGUAGES, N_, current_language
from workflow_service.identity.access import standings_of
from workflow_service.store import bell
from workflow_service.store.people import User

from .current import memberships, page_actor, page_session, reader, transaction
from .etag import etag_of, tagged, unchanged
from .rights import allowed
from .urls import has_view

blueprint = Blueprint("frame", __name__)
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Room:
    """One entry of the rail: where it leads, who sees it, and whether a phone's bottom bar has it.

    `unless`: who may do that has another entry for the same room.
    """

    key: str
    endpoint: str
    label: str
    icon: str
    action: str = ""
    on_phone: bool = False
    unless: str = ""


ROOMS = (
    Room("tasks", "tasks.inbox", N_("待办"), "inbox", on_phone=True),
    Room("plans", "plans.index", N_("规划"), "book", on_phone=True),
    Room("board", "board.overview", N_("督办"), "alert", "board.see", on_phone=True),
    Room("board", "supervision.listed", N_("督办"), "alert", "listing.see", on_phone=True, unless="board.see"),
    Room("designer", "designer.index", N_("流程设计"), "sitemap", "definition.see"),
    Room("people", "people.units", N_("管理"), "settings", "people.manage"),
)


def register(app: Flask) -> None:
    """Give every template the frame."""
    app.register_blueprint(blueprint)
    app.context_processor(lambda: {"frame": Frame()})


class Frame:
    """The frame of one page; each part is read only when the template asks for it."""

    @property
    def signed_in(self) -> bool:
        return reader() is not None

    @property
    def user(self) -> Any:
        return reader()

    @property
    def rooms(self) -> list[Room]:
        """The rooms that this person may enter and that exist."""
        return [room for room in ROOMS if has_view(room.endpoint) and _is_for_reader(room)]

    @cached_property
    def counts(self) -> bell.Counts:
        """Open tasks and unread notices; counted once a page, which shows them in two places."""
        actor = page_actor()
        return bell.counts(page_session(), actor.user_id, actor.groups, standings_of(actor))

    @property
    def units(self) -> list[tuple[Any, Any]]:
        """Units and posts to switch between."""
        return list(memberships())

    @property
    def unit(self) -> tuple[Any, Any] | None:
        """The unit and post for which the person acts now."""
        chosen = page_actor().unit_id
        held = memberships()
        return next(((unit, post) for unit, post in held if unit.id == chosen), held[0] if held else None)

    @property
    def language(self) -> str:
        return current_language()

    @property
    def theme(self) -> str:
        return session.get("theme") or getattr(reader(), "theme", "auto") or "auto"


def _is_for_reader(room: Room) -> bool:
    return (not room.action or allowed(room.action)) and not (room.unless and allowed(room.unless))


@blueprint.get("/counts")
@login_required
def counts() -> ResponseReturnValue:
    """The two counts of the frame; asked every 30 seconds by one tab of each browser, unchanged as a rule.

    The tag is worked out from the counts alone, so that every process of the service gives the same for the same.
    """
    found = Frame().counts
    tag = etag_of(found, current_language())
    return unchanged(tag) or tagged(render_template("parts/counts.html", counts=found, polled=True), tag)


@blueprint.get("/mine")
@login_required
def mine() -> ResponseReturnValue:
    """What a desktop has in the user menu, as a page for the phone."""
    return render_template("mine.html")


@blueprint.post("/preferences")
def prefer() -> ResponseReturnValue:
    """Change language, theme or the unit to act for; back to the page one came from."""
    language, theme, unit = (request.form.get(name, "") for name in ("language", "theme", "unit_id"))
    if language in LANGUAGES:
        session["language"] = language
    if theme in THEMES:
        session["theme"] = theme
    if unit:
        _switch_unit(unit)
    if reader():
        _keep(language, theme)
    return redirect(_back())


def _switch_unit(unit: str) -> None:
    held = {str(found.id): found.id for found, _post in memberships()}
    if unit not in held:
        raise Forbidden(N_("您在该单位没有岗位。"))
    session["unit_id"] = held[unit]


def _keep(language: str, theme: str) -> None:
    with transaction() as writing:
        user = writing.get(User, page_actor().user_id)
        if user and language in LANGUAGES:
            user.language = language
        if user and theme in THEMES:
            user.theme = theme


def _back() -> str:
    came_from = urlsplit(request.referrer or "/")
    same = came_from.netloc in ("", request.host)
    return (came_from.path + (f"?{came_from.query}" if came_from.query else "")) if same else "/"
