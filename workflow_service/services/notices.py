"""Messages to people: rows in the service, and deliveries through the outside channels that are wired (docs/domain.md §3).

A notice is a row of the transaction that gives cause for it, one per person and occasion (`dedup_key`). Its deliveries are
rows too; `notify` sends them at least once, each under a Message-ID that never changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service import signals
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _, use_language
from workflow_service.identity import policy
from workflow_service.identity.words import Word
from workflow_service.store import notice_rows, setting_rows
from workflow_service.store.database import send_after_commit
from workflow_service.store.people import User
from workflow_service.store.step_rows import EndedTask

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .ownership import area_of_all

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


def post_notices(session: Session, notices: Sequence[NewNotice], *, now: datetime) -> int:
    """Post notices with their deliveries; gives how many are new."""
    channels = wired(session)
    posted = 0
    for start in range(0, len(notices), CHUNK):
        rows = [one.as_row() for one in notices[start : start + CHUNK]]
        for user_id in notice_rows.insert_notices(session, rows, channels, now):
            posted += 1
            send_after_commit(session, signals.notice_created, user_id=user_id)
    return posted


def tell(
    session: Session, people: Collection[int], kind: str, text: str, values: Mapping[str, object], dedup_key: str, *,
    now: datetime, note: str = "", link: str = "", by: str = "",
) -> int:  # fmt: skip
    """Post the same notice to several people, each in his language; `text` is a source text with places for `values`."""
    languages = session.execute(select(User.id, User.language).where(User.id.in_(people), User.active)).all() if people else []
    rows = []
    for user_id, language in languages:
        with use_language(language):
            rows.append(NewNotice(user_id, kind, _(text, **values), dedup_key, text=note, link=link, body={"by": by}))
    return post_notices(session, rows, now=now)


def tell_ended(session: Session, tasks: Sequence[EndedTask], why: str, actor: Actor, *, now: datetime) -> None:
    """Tell those before whom open tasks lay that nobody needs to do them any more; who ended them need not be told."""
    if not tasks:
        return
    holders = [holder for one in tasks for holder in one.holders]
    people = notice_rows.speakers_of(session, holders, SETTINGS.day_of(now))
    rows = []
    for one in tasks:
        values = {"task": one.name, "title": one.title, "why": Word(why)}
        told = {person for holder in one.holders for person in people.get(holder, ()) if person[0] != actor.user_id}
        for user_id, language in sorted(told):
            with use_language(language):
                subject = _(N_("无需再办：%(task)s（%(title)s），%(why)s"), **values)
            rows.append(
                NewNotice(user_id, "task_ended", subject, f"ended:{one.id}", link=f"/tasks/{one.id}", body={"by": actor.name})
            )
    post_notices(session, rows, now=now)


def wire_channels(session: Session, channels: Mapping[str, Mapping[str, Any]], *, now: datetime) -> None:
    """Note which outside channels this installation has; later notices get deliveries for them.

    As `{"email": {"domain": …}, "robot": {"hosts": […]}, "sms": {}}`.
    """
    if setting_rows.value_of(session, CHANNELS) != channels:
        setting_rows.put(session, CHANNELS, dict(channels), at=now)


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
    setting_rows.put(session, ROBOTS, value, at=now, by=actor.user_id)
    audit.record(session, actor, "setting.change", f"setting:{ROBOTS}", {"robots": len(robots)}, now=now)


def mail_domain(session: Session) -> str:
    """The right side of Message-IDs, empty while no e-mail is wired."""
    return str(wired(session).get("email", {}).get("domain", ""))


def wired(session: Session) -> dict[str, Any]:
    """Give the outside channels of this installation by name, with what is known of each."""
    return setting_rows.value_of(session, CHANNELS) or {}
