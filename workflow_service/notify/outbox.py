"""Sends pending deliveries: each in a transaction of its own, at least once, retried with growing pauses.

What goes to one person waits for his quiet hours to end, and for the others of the day where he wants one message
(`domain.notices`); every try is kept with its answer.

The row stays locked while the message is under way, so two workers never send the same one; a worker that dies after the
server's 250 leaves the row pending, and the message goes out again under the same Message-ID. What leaves together as one is
fixed in the rows, in a transaction before, so that after a crash nothing joins what may have arrived.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.i18n import use_language
from workflow_service.store.database import Database
from workflow_service.store.supervision import Delivery, DeliveryAttempt

from . import bundles
from .channel import Channel, DeliveryFailed

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
        leaves = bundles.leaves(row, now)
        if leaves > now:
            row.delivery.next_attempt_at = leaves
            return True
        if bundles.is_open(row):
            bundles.fix(session, row, now)
            return True
        parcel = bundles.parcel_of(session, row)
        if not parcel:
            return False
        kind = row.delivery.channel.partition(":")[0]
        if kind not in opened:
            opened[kind] = channels[kind]()
        _try(session, opened[kind], parcel, base_url, now)
    return True


def _next(session: Session, channels: tuple[str, ...], now: datetime) -> bundles.Row | None:
    due = Delivery.status == "pending", Delivery.next_attempt_at <= now, _kind(Delivery.channel).in_(channels)
    statement = bundles.rows().where(*due).order_by(Delivery.next_attempt_at, Delivery.id).limit(1)
    found = session.execute(statement.with_for_update(of=Delivery, skip_locked=True)).one_or_none()
    return bundles.Row(*found) if found else None


def _kind(channel: Any) -> Any:
    """`robot:2` is the second robot."""
    return func.split_part(channel, ":", 1)


def _try(session: Session, channel: Channel, parcel: Sequence[bundles.Row], base_url: str, now: datetime) -> None:
    message = bundles.outgoing(parcel, base_url)
    try:
        with use_language(parcel[0].person.language):
            answer = channel.send(message)
    except DeliveryFailed as failure:
        _put_off(session, parcel, failure, now)
        return
    except Exception as error:
        log.exception("delivery %s failed in a way that its channel does not know", parcel[0].delivery.id)
        _put_off(session, parcel, DeliveryFailed(repr(error)), now)
        return
    failpoints.reach("after-smtp")
    for row in parcel:
        _note(session, row.delivery, answer, now, arrived=True)
        row.delivery.status, row.delivery.sent_at = "sent", now


def _put_off(session: Session, parcel: Sequence[bundles.Row], failure: DeliveryFailed, now: datetime) -> None:
    for delivery in (row.delivery for row in parcel):
        _note(session, delivery, failure.answer, now, arrived=False)
        if failure.permanent or delivery.attempts > len(PAUSES):
            delivery.status = "failed"
            log.warning("delivery %s is given up: %s", delivery.id, delivery.answer)
        else:
            delivery.next_attempt_at = now + PAUSES[delivery.attempts - 1]
            log.info("delivery %s is put off: %s", delivery.id, delivery.answer)


def _note(session: Session, delivery: Delivery, answer: str, now: datetime, *, arrived: bool) -> None:
    delivery.attempts += 1
    delivery.answer = answer[:LONGEST_ANSWER]
    session.add(DeliveryAttempt(delivery_id=delivery.id, at=now, arrived=arrived, answer=delivery.answer))
