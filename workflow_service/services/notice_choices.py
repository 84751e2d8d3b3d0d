"""How each person is told: which channels for which kind, quiet hours, one message a day, and a robot of his own.

In the service itself everything stands in any case; this is about what leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.notices import AT_ONCE, MINUTES_A_DAY, TellingHours
from workflow_service.i18n import N_
from workflow_service.store.personal import NoticeChoice
from workflow_service.store.supervision import Delivery, Notice

from . import audit, notices
from .context import Actor

EMAIL, ROBOT, SMS = CHANNELS = ("email", "robot", "sms")
PERSONAL = (EMAIL, "robot:own", SMS)
"""The channels of deliveries that go to one person; robots of groups are `robot:1` and so on."""
OTHER = "other"
KINDS = ("digest", "urge", "asked", "bulletin", "weekly_ledger", "weekly_late", OTHER)
"""The kinds that can be chosen one by one; `other` stands for all that are not named."""
LONGEST_ADDRESS = 500


@dataclass(frozen=True)
class Telling:
    """What a person chose. `channels` by kind; a kind that is not in it goes by e-mail."""

    channels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hours: TellingHours = AT_ONCE
    robot_address: str = ""

    def of(self, kind: str) -> Sequence[str]:
        """The outside channels of a kind."""
        return self.channels.get(kind, self.channels.get(OTHER, (EMAIL,)))


def telling_of(session: Session, actor: Actor) -> Telling:
    """Give what a person chose, or what holds for who chose nothing."""
    row = session.get(NoticeChoice, actor.user_id) if actor.user_id is not None else None
    if row is None:
        return Telling()
    return Telling(row.channels, TellingHours(row.quiet_from, row.quiet_until, row.digest_at), row.robot_address)


def set_telling(session: Session, actor: Actor, wanted: Telling, *, now: datetime) -> Telling:
    """Keep how a person wants to be told from now on; raises InvalidInput. What waits already is told by the new choice too."""
    if actor.user_id is None:
        raise InvalidInput(N_("消息设置属于个人。"))
    _check_channels(wanted)
    _check_hours(wanted.hours)
    _check_address(session, wanted)
    hours = wanted.hours
    values = {
        "channels": {kind: sorted(set(chosen)) for kind, chosen in wanted.channels.items()}, "quiet_from": hours.quiet_from,
        "quiet_until": hours.quiet_until, "digest_at": hours.digest_at, "robot_address": wanted.robot_address, "changed_at": now,
    }  # fmt: skip
    statement = insert(NoticeChoice).values(user_id=actor.user_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    kept = {name: value for name, value in values.items() if name not in ("robot_address", "changed_at")}
    kept["robot"] = urlsplit(wanted.robot_address).netloc
    audit.record(session, actor, "notice.choose", f"user:{actor.user_id}", kept, now=now)
    session.expire_all()
    return telling_of(session, actor)


def allowed_hosts(session: Session) -> tuple[str, ...]:
    """Give the hosts to which the administrator lets robots be addressed; none while no robots are wired."""
    return tuple(notices.wired(session).get(ROBOT, {}).get("hosts", ()))


def try_out(session: Session, actor: Actor, *, now: datetime) -> int:
    """Post a notice to oneself, which goes through all that was chosen for other kinds; gives how many are new."""
    if actor.user_id is None:
        return 0
    text, key = N_("这是一条测试消息，用来确认您选择的渠道能收到。"), f"try:{now:%Y%m%d%H%M}"
    return notices.tell(session, {actor.user_id}, "try", text, {}, key, now=now, link="/people/me/notices")


@dataclass(frozen=True)
class OwnDelivery:
    """A message that left, or is to leave, for oneself: through which channel, and what the other side answered."""

    subject: str
    channel: str
    status: str
    answer: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime


def own_deliveries(session: Session, actor: Actor, limit: int = 20) -> list[OwnDelivery]:
    """Give the latest deliveries to a person."""
    statement = (
        select(Delivery, Notice.subject, Notice.created_at)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Notice.user_id == actor.user_id, Delivery.channel.in_(PERSONAL))
        .order_by(Notice.id.desc())
        .limit(limit)
    )
    return [
        OwnDelivery(subject, one.channel, one.status, one.answer, one.attempts, created_at, one.next_attempt_at)
        for one, subject, created_at in session.execute(statement)
    ]


def _check_channels(wanted: Telling) -> None:
    if set(wanted.channels) - set(KINDS):
        raise InvalidInput(N_("没有“%(kind)s”这种消息。"), kind="、".join(set(wanted.channels) - set(KINDS)), field="channels")
    used = {one for chosen in wanted.channels.values() for one in chosen}
    if used - set(CHANNELS):
        raise InvalidInput(N_("没有“%(channel)s”这种渠道。"), channel="、".join(used - set(CHANNELS)), field="channels")
    if ROBOT in used and not wanted.robot_address:
        raise InvalidInput(N_("选用机器人，请填写机器人的地址。"), field="robot_address")


def _check_hours(hours: TellingHours) -> None:
    pair = (hours.quiet_from, hours.quiet_until)
    if pair.count(None) == 1 or (None not in pair and pair[0] == pair[1]):
        raise InvalidInput(N_("免打扰时段请填写起止两个不同的时间。"), field="quiet_from")
    if any(one is not None and not 0 <= one < MINUTES_A_DAY for one in (hours.quiet_from, hours.quiet_until, hours.digest_at)):
        raise InvalidInput(N_("时间应在 00:00 到 23:59 之间。"), field="quiet_from")


def _check_address(session: Session, wanted: Telling) -> None:
    """A robot is asked only at a host that the administrator allowed: an address could otherwise reach into the office's net."""
    if not wanted.robot_address:
        return
    parts, hosts = urlsplit(wanted.robot_address), allowed_hosts(session)
    if len(wanted.robot_address) > LONGEST_ADDRESS or parts.scheme != "https":
        raise InvalidInput(N_("机器人的地址应以 https:// 开头。"), field="robot_address")
    if parts.netloc not in hosts:
        shown = "、".join(hosts) or "—"
        raise InvalidInput(N_("机器人的地址只能在管理员允许的主机上：%(hosts)s。"), hosts=shown, field="robot_address")
