"""Answers that cost nothing when nothing changed: an ETag over a few values, and 304 where the reader has it."""

from __future__ import annotations

import hashlib

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue


def etag_of(*values: object) -> str:
    """A short tag over values whose `str` changes when the page would."""
    return hashlib.sha256("\x1f".join(map(str, values)).encode()).hexdigest()[:20]


def unchanged(tag: str) -> Response | None:
    """The 304 answer if the reader's If-None-Match names `tag`, else None."""
    if request.if_none_match.contains(tag):
        return tagged("", tag, status=304)
    return None


def tagged(body: ResponseReturnValue, tag: str, status: int | None = None) -> Response:
    """`body` as an answer that carries its tag."""
    response = make_response(body)
    if status:
        response.status_code = status
    response.set_etag(tag)
    return response
