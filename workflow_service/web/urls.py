"""Addresses across rooms: a link to a page that another room has not opened is left out, not broken."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for


def has_view(endpoint: str) -> bool:
    """Whether a page of this name exists in the application."""
    return endpoint in current_app.view_functions


def url_for_view(endpoint: str, **values: Any) -> str:
    """`url_for`, or an empty text where no such page exists."""
    return url_for(endpoint, **values) if has_view(endpoint) else ""
