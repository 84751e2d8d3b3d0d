"""Sends pending deliveries: each in a transaction of its own, at least once, retried with growing pauses.

The row stays locked while the message is under way, so two workers never send the same one; a worker that dies after the
server's 250 leaves the row pending, and the message goes out again under the same Message-ID.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.i18n import use_language
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.supervision import Delivery, Notice

from .channel import Channel, DeliveryFailed, Outgoing

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
LONGEST_ANSWER = 500

log = logging.getLogger(__name__)

Channels = Mapping[str, Callable[[], Channel]]


def send_pending(
    database: Database, channels: Channels, base_url: str, now: Callable[[], datetime], *, seconds: float = 5.0
) -> int:
    """Send what is pending and due, for some seconds at most; gives how many deliveries were tried."""
    opened: dict[str, Channel] = {}
    tried, ends = 0, time.monotonic() + seconds
    try:
        while time.monotonic() < ends and _send_one(database, channels, opened, base_url, now()):
            tried += 1
    finally:
        for channel in opened.values():
            channel.close()
    return tried


def _send_one(
    database: Database, channels: Channels, opened: dict[str, Channel], base_url: str, now: datetime
) -> bool:
    with database.transaction() as session:
        row = _next(session, tuple(channels), now)
        if row is None:
            return False
        delivery, notice, language = row
        kind = delivery.channel.partition(":")[0]
        if kind not in opened:
            opened[kind] = channels[kind]()
        _try(opened[kind], delivery, _outgoing(delivery, notice, base_url), language, now)
    return True


def _next(session: Session, channels: tuple[str, ...], now: datetime) -> tuple[Delivery, Notice, str] | None:
    statement = (
        select(Delivery, Notice, User.language)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(User, User.id == Notice.user_id)
        .where(Delivery.status == "pending", Delivery.next_attempt_at <= now, _kind(Delivery.channel).in_(channels))
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(1)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    found = session.execute(statement).one_or_none()
    return (found[0], found[1], found[2]) if found else None


def _kind(channel: Any) -> Any:
    """`robot:2` is the second robot."""
    return func.split_part(channel, ":", 1)


def _try(channel: Channel, delivery: Delivery, message: Outgoing, language: str, now: datetime) -> None:
    delivery.attempts += 1
    try:
        with use_language(language):
            delivery.answer = channel.send(message)[:LONGEST_ANSWER]
    except DeliveryFailed as failure:
        _put_off(delivery, failure, now)
        return
    except Exception as error:
        log.exception("delivery %s failed in a way that its channel does not know", delivery.id)
        _put_off(delivery, DeliveryFailed(repr(error)), now)
        return
    failpoints.reach("after-smtp")
    delivery.status, delivery.sent_at = "sent", now


def _put_off(delivery: Delivery, failure: DeliveryFailed, now: datetime) -> None:
    delivery.answer = failure.answer[:LONGEST_ANSWER]
    if failure.permanent or delivery.attempts > len(PAUSES):
        delivery.status = "failed"
        log.warning("delivery %s is given up: %s", delivery.id, delivery.answer)
        return
    delivery.next_attempt_at = now + PAUSES[delivery.attempts - 1]
    log.info("delivery %s is put off: %s", delivery.id, delivery.answer)


def _outgoing(delivery: Delivery, notice: Notice, base_url: str) -> Outgoing:
    return Outgoing(
        message_id=delivery.message_id, address=delivery.address, subject=notice.subject,
        text=str(notice.body.get("text") or ""), link=f"{base_url}{notice.link}" if notice.link else "",
        created_at=notice.created_at, body=notice.body,
    )  # fmt: skip
