"""To whom a released bulletin goes: everybody gets a notice, each unit signs through one post (docs/domain.md §3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.documents import IssueNumber
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import _, use_language
from workflow_service.identity import policy
from workflow_service.store import notice_rows
from workflow_service.store.people import Unit
from workflow_service.store.supervision import Bulletin

from . import circulations
from .bulletin_numbers import number_of
from .bulletin_scope import period_words
from .calendars import SETTINGS
from .context import Actor
from .notices import NewNotice, post_notices
from .rhythm_settings import DELIVERED, RhythmChoice, choice

RECEIPT_POSTS = DELIVERED[Rhythm.TEN_DAY].posts


def send(session: Session, bulletin: Bulletin, summary: str, *, now: datetime) -> None:
    """Tell everybody whom it concerns, with the `summary`, and ask their units to sign for it."""
    to = choice(session, Rhythm.TEN_DAY)
    people = _readers(session, bulletin, to, now)
    languages = {row.user_id: row.language for row in people}
    post_notices(session, [_notice(bulletin, summary, *one) for one in languages.items()], now=now)
    _ask_for_receipts(session, bulletin, {row.unit_id for row in people}, to.posts or RECEIPT_POSTS, now)


def _readers(session: Session, bulletin: Bulletin, to: RhythmChoice, now: datetime) -> list[Any]:
    """All units of the government itself and the commissions below it; of a part, its lead units and who supervises here.

    Of either, the units of which it asks something.
    """
    today, own = SETTINGS.day_of(now), bulletin.area_path
    people = notice_rows.holders_of_posts(session, own, today, posts=to.posts, roles=to.roles)
    asked = _units(session, [one["unit"] for one in bulletin.asks or ()])
    if not bulletin.scope:
        return [row for row in people if row.area_path == own or row.relation == "drc" or row.unit_id in asked]
    concerned = asked | _units(session, [one["code"] for one in bulletin.figures["units"]])
    supervisors = notice_rows.holders_of_posts(session, own, today, roles=[policy.SUPERVISOR])
    return [row for row in people if row.unit_id in concerned] + [row for row in supervisors if row.area_path == own]


def _units(session: Session, codes: Sequence[str]) -> set[int]:
    """The units with these codes; of one that was merged since, the unit that came after it."""
    return set(session.scalars(select(func.coalesce(Unit.successor_id, Unit.id)).where(Unit.code.in_(codes))))


def _ask_for_receipts(
    session: Session, bulletin: Bulletin, units: set[int], posts: Sequence[str], now: datetime
) -> None:
    """Every unit signs for it through one post: the first of those that receive bulletins in which somebody is."""
    codes = session.scalars(select(Unit.code).where(Unit.id.in_(units)).order_by(Unit.area_path, Unit.sort_key, Unit.id)).all()
    keys = [[f"g:{code}:{post}" for post in posts] for code in codes]
    filled = notice_rows.people_of(session, [key for one in keys for key in one], SETTINGS.day_of(now))
    holders = [found for one in keys if (found := next((key for key in one if key in filled), None))]
    if holders:
        about = circulations.Subject(_title(bulletin), f"/bulletins/{bulletin.id}", bulletin.area_path)
        sending = circulations.Sending(CirculationKind.RECEIPT, holders)
        circulations.send(session, Actor.system("scheduler"), sending, about, now=now, told=False)


def _title(bulletin: Bulletin) -> str:
    number = number_of(bulletin)
    kind = "规划编制简报" if isinstance(number, IssueNumber) else " 规划编制工作通报"
    return f"{number}{kind}（{period_words(bulletin)}）"


def _notice(bulletin: Bulletin, summary: str, user_id: int, language: str) -> NewNotice:
    with use_language(language):
        return NewNotice(
            user_id=user_id, kind="bulletin", dedup_key=f"bulletin:{bulletin.id}", link=f"/bulletins/{bulletin.id}",
            subject=_subject(bulletin), text=summary,
        )  # fmt: skip


def _subject(bulletin: Bulletin) -> str:
    period = period_words(bulletin)
    if bulletin.document_prefix:
        return _("%(number)s 规划编制工作通报（%(period)s）", number=number_of(bulletin), period=period)
    return _("%(year)d年第%(number)d期规划编制简报（%(period)s）", year=bulletin.year, number=bulletin.number, period=period)
