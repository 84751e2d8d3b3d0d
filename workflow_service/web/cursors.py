"""Cursors of "load more": what the last row was sorted by, as text that is safe in an address. Not secret, not trusted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import request

from workflow_service.domain.errors import BadRequest
from workflow_service.i18n import N_


def encode(*values: Any) -> str:
    """The cursor for what the last row was sorted by."""
    texts = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def decode(*readers: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """The cursor of this address, each part through its reader; None without one. Raises BadRequest if tampered with."""
    text = request.args.get("after", "")
    if not text:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(readers):
            raise ValueError(text)
        return tuple(read(value) for read, value in zip(readers, values, strict=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadRequest(N_("翻页位置无法识别，请从列表第一页重新开始。")) from error


def moment(text: Any) -> datetime:
    """An aware datetime of a cursor."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def day(text: Any) -> date:
    """A day of a cursor."""
    return date.fromisoformat(text)


def number(value: Any) -> int:
    """An id of a cursor."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**62:
        raise ValueError(value)
    return value
