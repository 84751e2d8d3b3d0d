"""Messages to people: rows in the service, and deliveries through the outside channels that are wired (docs/domain.md §3).

A notice is a row of the transaction that gives cause for it, one per person and occasion (`dedup_key`). Its deliveries are
rows too; `notify` sends them at least once, each under a Message-ID that never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service import signals
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.store import notice_rows, people_queries
from workflow_service.store.database import send_after_commit
from workflow_service.store.people import User
from workflow_service.store.records import Setting
from workflow_service.store.supervision import Delivery, Notice

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .ownership import area_of_all
from .people import person_to_manage
from .tasks import open_task

CHANNELS, ROBOTS = "notify", "robots"
CHUNK = 5000
# what a group may hear; digests and urges are between the service and one person
TOLD_TO_GROUPS = ("bulletin", "weekly_late", "weekly_ledger")


@dataclass(frozen=True)
class NewNotice:
    """One message to one person, in his language. `text` is what the list shows below the subject; `link` a path of the service.

    `dedup_key` names the occasion: the same person gets one notice for it, however often it is posted.
    """

    user_id: int
    kind: str
    subject: str
    dedup_key: str
    text: str = ""
    link: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """The notice as the store takes it."""
        return {
            "user_id": self.user_id, "kind": self.kind, "subject": self.subject, "dedup_key": self.dedup_key,
            "link": self.link, "body": {"text": self.text, **self.body},
        }  # fmt: skip


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


def post_notices(session: Session, notices: Sequence[NewNotice], *, now: datetime) -> int:
    """Post notices with their deliveries; gives how many are new."""
    domain = mail_domain(session)
    posted = 0
    for start in range(0, len(notices), CHUNK):
        rows = [one.as_row() for one in notices[start : start + CHUNK]]
        for user_id in notice_rows.insert_notices(session, rows, domain, now):
            posted += 1
            send_after_commit(session, signals.notice_created, user_id=user_id)
    return posted


def urge_task(session: Session, actor: Actor, task_id: int, note: str = "", *, now: datetime) -> int:
    """Push one task (催办): everybody before whom it lies gets a notice, once a day and pusher; gives how many.

    Raises NotFound, Conflict when the task is over, Forbidden.
    """
    task = open_task(session, task_id)
    policy.require(actor, "task.urge", policy.thing_of(task.area_path))
    today = SETTINGS.day_of(now)
    people = notice_rows.task_holders(session, task_id, today)
    notices = [
        NewNotice(
            user_id=user_id, kind="urge", subject=_("请尽快办理：%(task)s（%(title)s）", task=task.name, title=task.title),
            dedup_key=f"urge:{task_id}:{actor.user_id}:{today}", text=note.strip(), link=f"/tasks/{task_id}",
            body={"by": actor.name},
        )
        for user_id in people
    ]  # fmt: skip
    audit.record(session, actor, "task.urge", f"task:{task_id}", {"note": note, "people": people}, now=now)
    return post_notices(session, notices, now=now)


def wire_channels(session: Session, channels: Mapping[str, Mapping[str, Any]], *, now: datetime) -> None:
    """Note which outside channels this installation has: `{"email": {"domain": …}}`; later notices get deliveries for them."""
    values = {"name": CHANNELS, "value": dict(channels), "changed_at": now}
    statement = insert(Setting).values(**values)
    changed = statement.on_conflict_do_update(
        index_elements=["name"], set_={"value": statement.excluded.value, "changed_at": now},
        where=Setting.value != statement.excluded.value,
    )  # fmt: skip
    session.execute(changed)


def set_robots(session: Session, actor: Actor, robots: Mapping[str, Sequence[str]], *, now: datetime) -> None:
    """Tell group robots (webhook addresses) of notices of some kinds from now on; the list replaces the former.

    Whether the host may be asked is the installation's setting. Raises InvalidInput, Forbidden.
    """
    policy.require(actor, "setting.manage", area_of_all(session))
    for address, kinds in robots.items():
        if not address.startswith("https://"):
            raise InvalidInput(N_("群机器人的地址应以 https:// 开头。"))
        if not kinds or set(kinds) - set(TOLD_TO_GROUPS):
            raise InvalidInput(N_("群机器人只能转发：%(kinds)s。"), kinds="、".join(TOLD_TO_GROUPS))
    value = {"robots": [{"address": address, "kinds": list(kinds)} for address, kinds in robots.items()]}
    values = {"value": value, "changed_at": now, "changed_by": actor.user_id}
    statement = insert(Setting).values(name=ROBOTS, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
    audit.record(session, actor, "setting.change", f"setting:{ROBOTS}", {"robots": len(robots)}, now=now)


def mail_domain(session: Session) -> str:
    """The right side of Message-IDs, empty while no e-mail is wired."""
    found = session.scalars(select(Setting.value).where(Setting.name == CHANNELS)).one_or_none() or {}
    return str(found.get("email", {}).get("domain", ""))


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
