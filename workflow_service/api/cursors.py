"""Cursors of lists: where the next page begins, opaque and signed for the list that gave them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from workflow_service.domain.errors import BadRequest
from workflow_service.i18n import N_


class BadCursor(BadRequest):
    """A cursor was changed, cut off, or comes from another list."""

    code = "bad_cursor"
    text = N_("翻页游标无法识别，请从列表第一页重新开始。")


def encode(*values: Any) -> str:
    """Give the cursor for what the last row of this list was sorted by."""
    texts = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    return _signer().dumps(texts)


def decode(cursor: str | None, *readers: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Give the parts of a cursor, each through its reader; None without one. Raises BadCursor."""
    if cursor is None:
        return None
    try:
        values = _signer().loads(cursor)
        return tuple(read(value) for read, value in zip(readers, values, strict=True))
    except (BadSignature, ValueError, TypeError) as error:
        raise BadCursor(parameter="cursor") from error


def moment(text: str | None) -> datetime | None:
    """An aware datetime of a cursor, or None."""
    return datetime.fromisoformat(text) if text is not None else None


def day(text: str) -> date:
    """A day of a cursor."""
    return date.fromisoformat(text)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=f"cursor {request.endpoint}")
