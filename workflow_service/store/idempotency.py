"""Answers kept under the key that a client chose, so that a repeated POST does nothing twice.

The key's row is written first and its answer last, in the transaction of the command itself: a rolled-back command leaves no
key, and a second request with the same key waits on the row until the first one has ended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

KEPT_HOURS = 24

_TAKE = text(f"""
INSERT INTO idempotency_key AS kept (user_id, route, key, request_hash) VALUES (:user_id, :route, :key, :request_hash)
ON CONFLICT (user_id, route, key) DO UPDATE
SET request_hash = excluded.request_hash, status = NULL, body = NULL, created_at = now()
WHERE kept.created_at < now() - interval '{KEPT_HOURS} hours'
RETURNING 1
""")
_READ = text(
    "SELECT request_hash, status, body FROM idempotency_key WHERE user_id = :user_id AND route = :route AND key = :key"
)
_KEEP = text("""
UPDATE idempotency_key SET status = :status, body = CAST(:body AS jsonb)
WHERE user_id = :user_id AND route = :route AND key = :key
""")
_FORGET = text(f"""
DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM idempotency_key WHERE created_at < now() - interval '{KEPT_HOURS} hours' ORDER BY created_at LIMIT :limit))
""")


@dataclass(frozen=True)
class RequestKey:
    """One request as its sender names it: whose, to which route, under which key. Lasts KEPT_HOURS of wall time."""

    user_id: int
    route: str
    key: str

    @property
    def values(self) -> dict[str, Any]:
        """The columns of the primary key."""
        return {"user_id": self.user_id, "route": self.route, "key": self.key}


@dataclass(frozen=True)
class KeptAnswer:
    """What an earlier request under the same key asked (its hash) and was answered."""

    request_hash: bytes
    status: int
    body: dict[str, Any]


def take_key(session: Session, request_key: RequestKey, request_hash: bytes) -> KeptAnswer | None:
    """Take a key for this transaction, or give the answer that it already has.

    Waits while another transaction holds the key, at most `lock_timeout`.
    """
    values = request_key.values | {"request_hash": request_hash}
    if session.execute(_TAKE, values).first() is not None:
        return None
    found = session.execute(_READ, request_key.values).one()
    return KeptAnswer(bytes(found.request_hash), found.status or 200, found.body or {})


def keep_answer(session: Session, request_key: RequestKey, status: int, body: dict[str, Any]) -> None:
    """Note the answer under the key, to be committed with what the command did."""
    values = {"status": status, "body": json.dumps(body, ensure_ascii=False)}
    session.execute(_KEEP, request_key.values | values)


def forget_expired(session: Session, limit: int = 1000) -> int:
    """Delete keys older than KEPT_HOURS, at most `limit`; gives how many."""
    return int(session.execute(_FORGET, {"limit": limit}).rowcount)  # type: ignore[attr-defined]
