"""Lists whose filter row is the address: reading it, and writing addresses that differ in one filter."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import request

from .urls import url_for_view

PAGE_ROWS = 50


def filter_values(*names: str) -> dict[str, str]:
    """The filters of this address that are set, trimmed."""
    found = {name: request.args.get(name, "").strip() for name in names}
    return {name: value for name, value in found.items() if value}


def address(**changes: Any) -> str:
    """The address of this page with some filters changed; an empty value takes a filter away. The cursor starts anew."""
    values = {name: value for name, value in request.args.items() if name != "after"}
    values.update(changes)
    kept = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return request.path + (f"?{urlencode(kept)}" if kept else "")


def export_address(endpoint: str, **values: Any) -> str:
    """The address that exports exactly the rows of this one's filters."""
    kept = {name: value for name, value in request.args.items() if name != "after"}
    return url_for_view(endpoint, **{**kept, **values})
