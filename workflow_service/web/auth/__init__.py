"""Signing in and out: the session, its idle end, the log-in manager and the limits on attempts."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from . import accounts, views

# one person in a hurry; a whole office behind one address
ATTEMPTS_PER_NAME = "20 per minute"
ATTEMPTS_PER_ADDRESS = "300 per minute"


def register(app: Flask) -> None:
    """Open the sign-in pages. What counts for good is the lock-out in the database; the limiter only takes the pressure."""
    accounts.register(app)
    app.register_blueprint(views.blueprint)
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    limiter.request_filter(_is_elsewhere)
    view: Any = app.view_functions["auth.sign_in"]
    view = limiter.limit(ATTEMPTS_PER_NAME, key_func=_address_and_name, methods=["POST"])(view)
    limited: Any = limiter.limit(ATTEMPTS_PER_ADDRESS, methods=["POST"])(view)
    app.view_functions["auth.sign_in"] = limited


def _is_elsewhere() -> bool:
    """Only signing in is limited; every other request would ask in vain which limits it has."""
    return request.endpoint != "auth.sign_in"


def _address_and_name() -> str:
    return f"{get_remote_address()} {request.form.get('username', '').strip().lower()[:60]}"
