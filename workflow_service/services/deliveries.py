"""Deliveries of notices outside the service that failed: the supervisors' list, and trying one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.people import User
from workflow_service.store.supervision import Delivery, Notice

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .people import person_to_manage


@dataclass(frozen=True)
class FailedDelivery:
    """A delivery that was given up or is being tried again, for the supervisors' list."""

    delivery_id: int
    person: str
    subject: str
    channel: str
    address: str
    status: str
    attempts: int
    answer: str
    next_attempt_at: datetime


def failed_deliveries(session: Session, actor: Actor, *, now: datetime, limit: int = 100) -> list[FailedDelivery]:
    """Give deliveries to people of the actor's areas that failed or have failed so far, the newest first; raises Forbidden."""
    policy.require(actor, "people.see")
    areas = policy.areas_of_role(actor, policy.ADMINISTRATOR, policy.SUPERVISOR)
    statement = (
        select(Delivery, Notice.subject, User.name)
        .join(Notice, Notice.id == Delivery.notice_id)
        .join(User, User.id == Notice.user_id)
        .where((Delivery.status == "failed") | ((Delivery.status == "pending") & (Delivery.attempts > 0)))
        .where(*people_queries.PeopleFilter(areas=areas, active=None).conditions(SETTINGS.day_of(now)))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return [
        FailedDelivery(
            one.id, name, subject, one.channel, one.address, one.status, one.attempts, one.answer, one.next_attempt_at
        )
        for one, subject, name in session.execute(statement)
    ]  # fmt: skip


def retry_delivery(session: Session, actor: Actor, delivery_id: int, *, now: datetime) -> Delivery:
    """Try a delivery that was given up again from now, for who manages its person; raises NotFound, Conflict, Forbidden."""
    policy.require(actor, "people.manage")
    found = session.get(Delivery, delivery_id, with_for_update=True)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的投递。"), id=delivery_id)
    person_to_manage(session, actor, session.get_one(Notice, found.notice_id).user_id, now=now)
    if found.status == "sent":
        raise Conflict(N_("这条消息已经送达。"))
    found.status, found.attempts, found.next_attempt_at = "pending", 0, now
    audit.record(session, actor, "delivery.retry", f"delivery:{delivery_id}", {}, now=now)
    return found
