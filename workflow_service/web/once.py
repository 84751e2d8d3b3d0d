"""A form that is sent twice does its work once: the page brings a key, the first transaction under it keeps it."""

from __future__ import annotations

import hashlib

from flask import request
from sqlalchemy.orm import Session

from workflow_service.store.idempotency import RequestKey, keep_answer, take_key

FIELD = "idempotency_key"
_LONGEST = 80
_DONE = 303


def repeated_answer(session: Session, route: str, user_id: int | None) -> bool:
    """Whether this form was already handed in under its key; otherwise takes the key for this transaction.

    A second request waits for the first to end. A form without a key counts as new.
    """
    key = request.form.get(FIELD, "")[:_LONGEST]
    if not key or user_id is None:
        return False
    name = RequestKey(user_id, f"{route} {request.path}", key)
    if take_key(session, name, hashlib.sha256(key.encode()).digest()) is not None:
        return True
    keep_answer(session, name, _DONE, {})
    return False
