"""How the three rhythms are set: on or off, hour, weekday, who receives what in which form (docs/domain.md §3.4 to §3.6).

Kept in the setting `rhythms`: `{"daily": {"activated_at": …, "starts_at": "09:00", "posts": ["leader"], …}, "weekly": …}`.
What is not said there is as delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import aware
from workflow_service.domain.documents import BulletinForm
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rhythms import Rhythm, RhythmSettings
from workflow_service.domain.supervision import UrgingSettings
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import setting_rows

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .ownership import area_of_all

SETTING = "rhythms"
LAST_WEEKDAY = 4  # Friday, on which reports are due
LONGEST_PATIENCE = 60  # working days
MOST_POSTS = 20


@dataclass(frozen=True)
class RhythmChoice:
    """What is set for one rhythm; `activated_at` is None while it is off.

    `posts` and `roles` receive what it sends: daily, the posts in a unit that hear of what has long been overdue there, from
    `superior_after` working days on (0: never); weekly, the ledger; ten-day, the bulletin. `weekday` (0 is Monday) is the
    weekly rhythm's, `form` the ten-day one's: in which form its bulletins are released.
    """

    activated_at: datetime | None = None
    starts_at: time = time(9, 0)
    weekday: int = 0
    posts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    superior_after: int = 0
    form: BulletinForm = BulletinForm.BRIEFING


DELIVERED: Mapping[Rhythm, RhythmChoice] = MappingProxyType({
    Rhythm.DAILY: RhythmChoice(
        posts=("leader",), superior_after=UrgingSettings().superior_after_working_days
    ),
    Rhythm.WEEKLY: RhythmChoice(roles=("supervisor",)),
    Rhythm.TEN_DAY: RhythmChoice(posts=("registry", "leader", "handler"), roles=("supervisor", "leader")),
})  # fmt: skip


@dataclass(frozen=True)
class Configured:
    """What is set up: the moment of activation of each rhythm that runs, hours and catching up."""

    activated: Mapping[Rhythm, datetime]
    settings: RhythmSettings
    choices: Mapping[Rhythm, RhythmChoice] = field(default_factory=dict)


def configured(session: Session) -> Configured:
    """Read what is set."""
    value = setting_rows.value_of(session, SETTING) or {}
    usual = {"starts_at": value["starts_at"]} if "starts_at" in value else {}
    choices = {rhythm: _choice(DELIVERED[rhythm], usual | value.get(rhythm.value, {})) for rhythm in Rhythm}
    settings = RhythmSettings(
        deadlines=SETTINGS,
        hours={rhythm: one.starts_at for rhythm, one in choices.items()},
        weekday=choices[Rhythm.WEEKLY].weekday,
    )
    activated = {rhythm: one.activated_at for rhythm, one in choices.items() if one.activated_at is not None}
    return Configured(activated, settings, choices)


def choice(session: Session, rhythm: Rhythm) -> RhythmChoice:
    """Read what is set for one rhythm."""
    return configured(session).choices[rhythm]


def activate(
    session: Session, actor: Actor, *, rhythms: Iterable[Rhythm] = tuple(Rhythm), now: datetime, anew: bool = False
) -> Configured:
    """Switch rhythms on from now; one that runs keeps its beginning unless `anew`. Raises Forbidden."""
    policy.require(actor, "setting.manage", area_of_all(session))
    value = setting_rows.value_for_change(session, SETTING)
    for rhythm in rhythms:
        own = dict(value.get(rhythm.value, {}))
        if anew or not own.get("activated_at"):
            value[rhythm.value] = own | {"activated_at": aware(now).isoformat()}
    _store(session, actor, value, now)
    return configured(session)


def deactivate(session: Session, actor: Actor, rhythm: Rhythm, *, now: datetime) -> Configured:
    """Switch one rhythm off; runs already claimed are finished, its settings stay."""
    policy.require(actor, "setting.manage", area_of_all(session))
    value = setting_rows.value_for_change(session, SETTING)
    value[rhythm.value] = {name: one for name, one in value.get(rhythm.value, {}).items() if name != "activated_at"}
    _store(session, actor, value, now)
    return configured(session)


def may_set(session: Session, actor: Actor) -> bool:
    """Whether the actor sets the rhythms: they are one for all governments, so only the topmost area's do."""
    return policy.may(actor, "rhythm.manage", area_of_all(session))


def set_rhythm(
    session: Session, actor: Actor, rhythm: Rhythm, asked: RhythmChoice, *, on: bool, now: datetime
) -> RhythmChoice:
    """Set one rhythm and switch it on or off; one that runs keeps its beginning. Raises Forbidden, InvalidInput.

    A run that is claimed already stays as it is; the next one goes by the new settings.
    """
    policy.require(actor, "rhythm.manage", area_of_all(session))
    _check(rhythm, asked)
    value = setting_rows.value_for_change(session, SETTING)
    began = _choice(DELIVERED[rhythm], value.get(rhythm.value, {})).activated_at
    wanted = replace(asked, activated_at=(began or aware(now)) if on else None)
    value[rhythm.value] = _plain(wanted)
    _store(session, actor, value, now)
    return wanted


def _check(rhythm: Rhythm, asked: RhythmChoice) -> None:
    if asked.starts_at >= SETTINGS.closes_at:
        raise InvalidInput(N_("运行时间应早于下班时间 %(time)s。"), time=f"{SETTINGS.closes_at:%H:%M}")
    if not 0 <= asked.weekday <= LAST_WEEKDAY:
        raise InvalidInput(N_("周报送应在周一至周五中选一天布置，周五下班前报送。"))
    if not 0 <= asked.superior_after <= LONGEST_PATIENCE:
        raise InvalidInput(N_("逾期天数应在 0 至 %(most)d 个工作日之间。"), most=LONGEST_PATIENCE)
    if set(asked.roles) - set(policy.ROLES) or len(asked.posts) > MOST_POSTS:
        raise InvalidInput(N_("请在列出的岗位和角色中选择接收人。"))
    if rhythm is not Rhythm.DAILY and not (asked.posts or asked.roles):
        raise InvalidInput(N_("至少选择一个岗位或角色接收。"))


def _choice(delivered: RhythmChoice, value: Mapping[str, Any]) -> RhythmChoice:
    begun = value.get("activated_at")
    return RhythmChoice(
        activated_at=aware(datetime.fromisoformat(begun)) if begun else None,
        starts_at=time.fromisoformat(value["starts_at"]) if "starts_at" in value else delivered.starts_at,
        weekday=int(value.get("weekday", delivered.weekday)),
        posts=tuple(value.get("posts", delivered.posts)),
        roles=tuple(value.get("roles", delivered.roles)),
        superior_after=int(value.get("superior_after", delivered.superior_after)),
        form=BulletinForm(value.get("form", delivered.form)),
    )


def _plain(choice: RhythmChoice) -> dict[str, Any]:
    begun = {"activated_at": choice.activated_at.isoformat()} if choice.activated_at else {}
    return {
        **begun, "starts_at": f"{choice.starts_at:%H:%M}", "weekday": choice.weekday, "posts": list(choice.posts),
        "roles": list(choice.roles), "superior_after": choice.superior_after, "form": choice.form.value,
    }  # fmt: skip


def _store(session: Session, actor: Actor, value: dict[str, Any], now: datetime) -> None:
    setting_rows.put(session, SETTING, value, at=now, by=actor.user_id)
    audit.record(session, actor, "setting.change", f"setting:{SETTING}", value, now=now)
