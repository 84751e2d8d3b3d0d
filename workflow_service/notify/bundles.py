"""What leaves together: a delivery by itself, or with all others to the same person through the same channel.

Group robots belong to nobody: what goes to them leaves at once and alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from workflow_service.domain.notices import AT_ONCE, TellingHours, leaves_at
from workflow_service.i18n import _, use_language
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.notice_choices import PERSONAL
from workflow_service.store.people import User
from workflow_service.store.personal import NoticeChoice
from workflow_service.store.supervision import Delivery, Notice

from .channel import Outgoing

MOST_TOGETHER = 200
DIGEST = "<digest-"
"""What the id of a message of several deliveries begins with."""


@dataclass(frozen=True)
class Row:
    """One pending delivery with its notice, its person and what he chose (None: nothing)."""

    delivery: Delivery
    notice: Notice
    person: User
    choice: NoticeChoice | None

    @property
    def hours(self) -> TellingHours:
        """When this may leave."""
        if self.choice is None or self.delivery.channel not in PERSONAL:
            return AT_ONCE
        return TellingHours(self.choice.quiet_from, self.choice.quiet_until, self.choice.digest_at)


def rows() -> Select[Delivery, Notice, User, NoticeChoice]:
    """The columns of Row, for a statement to narrow."""
    return (
        select(Delivery, Notice, User, NoticeChoice)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(User, User.id == Notice.user_id)
        .outerjoin(NoticeChoice, NoticeChoice.user_id == Notice.user_id)
    )


def leaves(row: Row, now: datetime) -> datetime:
    """Give the first moment from `now` on at which a delivery may leave."""
    return leaves_at(row.notice.created_at, now, row.hours, SETTINGS.zone)


def is_open(row: Row) -> bool:
    """Whether it is still to be fixed what leaves together with a delivery: its person wants one message a day."""
    return row.hours.digest_at is not None and not row.delivery.message_id.startswith(DIGEST)


def fix(session: Session, row: Row, now: datetime) -> None:
    """Give what leaves together one message id, kept before anything is sent: after a crash the same goes out under it.

    What comes later joins the next message.
    """
    together = sorted([row, *_joined(session, row, now)], key=lambda one: one.delivery.id)
    names = hashlib.sha256(" ".join(str(one.delivery.id) for one in together).encode()).hexdigest()[:16]
    message_id = f"{DIGEST}{names}@{row.delivery.message_id.rpartition('@')[2]}"
    for one in together:
        one.delivery.message_id = message_id


def parcel_of(session: Session, row: Row) -> list[Row]:
    """Lock and give what leaves with a delivery under its id; nothing while another worker is sending that."""
    if not row.delivery.message_id.startswith(DIGEST):
        return [row]
    if not session.scalar(_TRY, {"name": row.delivery.message_id}):
        return []
    same = Delivery.message_id == row.delivery.message_id, Delivery.channel == row.delivery.channel
    of_person = Notice.user_id == row.person.id, Delivery.status == "pending"
    statement = rows().where(*of_person, *same).order_by(Delivery.id).with_for_update(of=Delivery)
    return [Row(*each) for each in session.execute(statement)]


_TRY = text("SELECT pg_try_advisory_xact_lock(hashtext('digest'), hashtext(:name))")


def _joined(session: Session, row: Row, now: datetime) -> list[Row]:
    """Lock and give what may leave together with a delivery and is in no message yet."""
    same = Delivery.channel == row.delivery.channel, Delivery.address == row.delivery.address, Delivery.id != row.delivery.id
    free = ~Delivery.message_id.startswith(DIGEST)
    statement = rows().where(Notice.user_id == row.person.id, Delivery.status == "pending", free, *same)
    found = statement.order_by(Delivery.id).limit(MOST_TOGETHER).with_for_update(of=Delivery, skip_locked=True)
    return [one for one in (Row(*each) for each in session.execute(found)) if leaves(one, now) <= now]


def outgoing(parcel: Sequence[Row], base_url: str) -> Outgoing:
    """Word what leaves as one message, under the id of its deliveries."""
    if len(parcel) == 1:
        return _single(parcel[0], base_url)
    ordered = sorted(parcel, key=lambda row: row.notice.id)
    first = ordered[0].delivery
    with use_language(ordered[0].person.language):
        subject = _("消息汇总：%(count)s 条", count=len(ordered))
    return Outgoing(
        message_id=first.message_id, address=first.address, subject=subject,
        text="\n".join(_line(row, base_url) for row in ordered), link=f"{base_url}/notices",
        created_at=ordered[-1].notice.created_at,
    )  # fmt: skip


def _single(row: Row, base_url: str) -> Outgoing:
    delivery, notice = row.delivery, row.notice
    return Outgoing(
        message_id=delivery.message_id, address=delivery.address, subject=notice.subject,
        text=str(notice.body.get("text") or ""), link=f"{base_url}{notice.link}" if notice.link else "",
        created_at=notice.created_at, body=notice.body,
    )  # fmt: skip


def _line(row: Row, base_url: str) -> str:
    notice, link = row.notice, f" {base_url}{row.notice.link}" if row.notice.link else ""
    at = notice.created_at.astimezone(SETTINGS.zone)
    return f"- {at:%m-%d %H:%M} {notice.subject}{link}"
