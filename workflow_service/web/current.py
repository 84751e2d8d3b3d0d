"""What one request has at hand: its moment, its database session, the person and the working calendar."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from datetime import date, datetime
from typing import Any

from flask import current_app, g, get_flashed_messages, request, session
from flask_login import current_user
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.errors import SignInRequired
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.identity.access import SignedIn, signed_in
from workflow_service.identity.actor import Actor
from workflow_service.services import calendars
from workflow_service.store.people import Post, Unit


def page_now() -> datetime:
    """The business time of this request, the same from its start to its end."""
    if "now" not in g:
        g.now = wiring().now()
    return g.now


def page_day() -> date:
    """The business day of this request in the government's zone."""
    return page_now().astimezone(CHINA).date()


def reader() -> Any:
    """The signed-in person, None for anybody else."""
    if g.get("bare") or not hasattr(current_app, "login_manager"):
        return None
    return current_user if current_user.is_authenticated else None


def wiring() -> Any:
    """Settings, database and clock of the application."""
    return current_app.extensions["tongchou"]


def transaction() -> AbstractContextManager[Session]:
    """A transaction for one command; committed at the end of the with-block."""
    return wiring().database.transaction()


def page_session() -> Session:
    """The session that this request reads with; opened when first asked for, ended with the request."""
    if "reading" not in g:
        g.reading = transaction()
        g.page_session = g.reading.__enter__()
    return g.page_session


def end_page_session(error: BaseException | None = None) -> None:
    """End the reading session of this request, if it had one; after an error it is rolled back."""
    reading = g.pop("reading", None)
    if reading is None:
        return
    g.pop("page_session", None)
    with suppress(*([type(error)] if error else [])):
        reading.__exit__(type(error) if error else None, error, None)


def give_up_reading(error: BaseException) -> None:
    """Let go of the database for the rest of this request: what is still shown must not ask it."""
    end_page_session(error)
    g.bare = True


def page_calendar() -> WorkingCalendar:
    """The working calendar in force."""
    if "calendar" not in g:
        g.calendar = calendars.working_calendar(page_session())
    return g.calendar


def page_actor() -> Actor:
    """The signed-in person as the services' Actor, in the unit that he has switched to."""
    return _signed_in().actor


def memberships() -> tuple[tuple[Unit, Post], ...]:
    """The units and posts of the signed-in person on this business day, in the order of rank."""
    return _signed_in().posts


def _signed_in() -> SignedIn:
    if "signed_in" not in g:
        if reader() is None:
            raise SignInRequired()
        g.signed_in = signed_in(
            page_session(),
            current_user.id,
            "web",
            request.remote_addr or "",
            page_day(),
            session.get("unit_id"),
        )
    if g.signed_in is None:
        raise SignInRequired()
    return g.signed_in


def require_sign_in() -> None:
    """For `before_request` of a room: nobody enters without signing in."""
    page_actor()


def is_htmx() -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def is_in_background() -> bool:
    """Whether an open page asks (a script, a picture), and not the browser for a page of its own, which accepts HTML."""
    return is_htmx() or "text/html" not in request.headers.get("Accept", "text/html")


def messages_to_show() -> list[tuple[str, str]]:
    """Category and text of what the page before left to be said; kept for the next page where nobody would see it."""
    return [] if is_in_background() else get_flashed_messages(with_categories=True)  # type: ignore[return-value]
