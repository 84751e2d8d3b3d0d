"""Absence (请假、出差、学习、外出): who is away from which to which day, with or without a substitute (docs/domain.md §3.4).

Whoever is away gets no digest meanwhile; the first one after it has all that is due, for a digest is a function of the rows.
A substitute is named by `substitutions`; what lies with people who are away alone reaches the superior at once (`digests`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service.domain.absences import AbsenceKind
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.words import Phrase
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import absences as rows
from workflow_service.store import people_queries
from workflow_service.store.absences import Absence
from workflow_service.store.people import User

from . import audit, notices
from .calendars import SETTINGS
from .context import Actor

LONGEST = timedelta(days=366)
LONGEST_REMARK = 200
OVER = "over"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('absence'), CAST(:user_id % 2147483647 AS int))")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class AbsenceAsked:
    """Who is away from `since` to `last` (business dates, both included), and why (a value of `AbsenceKind`)."""

    user_id: int
    kind: str
    since: date
    last: date
    remark: str = ""


@dataclass(frozen=True)
class ShownAbsence:
    """An absence, its last day as it holds, and whether it is running, to come or over (`state`); its `remark` as far as the
    reader may read it.
    """

    absence: Absence
    last: date
    state: str
    remark: str


@dataclass(frozen=True)
class Away:
    """A person who is away today, until his last day."""

    user_id: int
    name: str
    kind: AbsenceKind
    last: date

    @property
    def words(self) -> Phrase:
        """As 请假至 2026-10-12."""
        return Phrase(N_("%(kind)s至 %(day)s"), {"kind": self.kind, "day": self.last})


def enter_absence(session: Session, actor: Actor, asked: AbsenceAsked, *, now: datetime) -> Absence:
    """Note that a person is away; he himself may, and his administrator. It may have begun before today, not ended.

    Raises NotFound, Forbidden, InvalidInput (with its pointer), and Conflict where he is away on one of the days already.
    """
    session.execute(_ONE_AT_A_TIME, {"user_id": asked.user_id})
    person = _person(session, asked.user_id)
    require_right(session, actor, person, now)
    _check(session, asked, SETTINGS.day_of(now))
    until = asked.last + _ONE_DAY
    found = Absence(
        user_id=person.id, kind=asked.kind, since=asked.since, until=until, planned_until=until, remark=asked.remark.strip(),
        created_by=actor.user_id, created_at=now,
    )  # fmt: skip
    session.add(found)
    session.flush()
    data = {"user": person.id, "kind": asked.kind, "since": asked.since, "last": asked.last, "remark": found.remark}
    audit.record(session, actor, "absence.enter", f"absence:{found.id}", data, now=now)
    _tell(session, actor, found, N_("已登记您%(kind)s：%(since)s至%(last)s"), now)
    return found


def end_absence(session: Session, actor: Actor, absence_id: int, *, now: datetime) -> Absence:
    """End an absence: from today on the person is there again; one that has not begun holds no day.

    Raises NotFound, Forbidden, Conflict.
    """
    found = session.get(Absence, absence_id, with_for_update=True)
    if found is None:
        raise NotFound(N_("没有这次外出登记。"))
    require_right(session, actor, _person(session, found.user_id), now)
    today = SETTINGS.day_of(now)
    if found.until <= today or found.ended_at is not None:
        raise Conflict(N_("这次外出已经结束。"))
    found.until, found.ended_at = max(found.since, today), now
    data = {"user": found.user_id, "until": found.until}
    audit.record(session, actor, "absence.end", f"absence:{found.id}", data, now=now)
    _tell(session, actor, found, N_("您的%(kind)s已提前结束（%(since)s至%(last)s）"), now)
    return found


def absences_of(session: Session, actor: Actor, user_id: int, *, now: datetime) -> list[ShownAbsence]:
    """Give a person's absences, the latest first; for himself and his administrator. Raises NotFound, Forbidden."""
    require_right(session, actor, _person(session, user_id), now)
    return _listed(session, user_id, now)


def absences_to_see(session: Session, actor: Actor, user_id: int, *, now: datetime) -> list[ShownAbsence]:
    """The same for who may see the person (the caller's to ask): without the right to enter them those that are not over,
    and no remarks. Raises NotFound.
    """
    person, found = _person(session, user_id), _listed(session, user_id, now)
    try:
        require_right(session, actor, person, now)
    except Forbidden:
        return [replace(one, remark="") for one in found if one.state != OVER]
    return found


def _listed(session: Session, user_id: int, now: datetime) -> list[ShownAbsence]:
    today, found = SETTINGS.day_of(now), rows.absences_of(session, user_id)
    return [ShownAbsence(one, one.until - _ONE_DAY, _state(one, today), one.remark) for one in found]


def away_on(session: Session, user_ids: Collection[int], today: date) -> dict[int, Away]:
    """Give those of the people who are away on a day."""
    return {row.user_id: _away(row) for row in rows.away_on(session, user_ids, today)}


def holders_away(session: Session, task_ids: Collection[int], today: date) -> dict[int, list[Away]]:
    """Give for each task the people before whom it lies and who are away that day, in their order."""
    found: dict[int, list[Away]] = {}
    for row in rows.holders_away(session, task_ids, today):
        if row.kind is not None:
            found.setdefault(row.task_id, []).append(_away(row))
    return found


def nobody_there(session: Session, task_ids: Collection[int], today: date) -> dict[int, Away]:
    """Give for each task the one who comes back first, where nobody is there that day, nor a substitute, as digests have it."""
    found: dict[int, Away] = {}
    for row in rows.holders_away(session, task_ids, today):
        if not row.seen and (row.task_id not in found or _away(row).last < found[row.task_id].last):
            found[row.task_id] = _away(row)
    return found


def require_right(session: Session, actor: Actor, person: User, now: datetime) -> None:
    """One's own absences, or those of a person all of whose posts lie in the actor's area; raises Forbidden."""
    held = people_queries.memberships_of(session, [person.id], SETTINGS.day_of(now))
    for path in {one.post.unit.area_path for one in held} or {"/"}:
        policy.require(actor, "absence.enter", policy.thing_of(path, participants=(person.id,)))


def _check(session: Session, asked: AbsenceAsked, today: date) -> None:
    if asked.kind not in list(AbsenceKind):
        raise InvalidInput(N_("“%(value)s”不是可选的值。"), value=asked.kind, pointer="/kind")
    if asked.last < asked.since or asked.last < today or asked.last - asked.since >= LONGEST:
        raise InvalidInput(N_("外出的最后一天不能早于第一天和今天，全程不超过一年。"), pointer="/last")
    if len(asked.remark.strip()) > LONGEST_REMARK:
        raise InvalidInput(N_("备注不超过 200 字。"), pointer="/remark")
    other = rows.overlapping(session, asked.user_id, asked.since, asked.last + _ONE_DAY)
    if other is not None:
        values = {"kind": AbsenceKind(other.kind).label, "since": other.since, "last": other.until - _ONE_DAY}
        raise Conflict(N_("这段时间已经登记%(kind)s（%(since)s至%(last)s）。"), **values)


def _person(session: Session, user_id: int) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise NotFound(N_("没有这个账号。"))
    return found


def _away(row: Any) -> Away:
    return Away(row.user_id, row.name, AbsenceKind(row.kind), row.until - _ONE_DAY)


def _state(one: Absence, today: date) -> str:
    if one.until <= today or one.until == one.since:
        return OVER
    return "running" if one.since <= today else "to_come"


def _tell(session: Session, actor: Actor, found: Absence, sentence: str, now: datetime) -> None:
    """Tell the person what another entered for him."""
    if actor.user_id == found.user_id:
        return
    last = max(found.until - _ONE_DAY, found.since)
    values = {"kind": Phrase(AbsenceKind(found.kind).word), "since": found.since, "last": last}
    occasion = f"absence:{found.id}:{'ended' if found.ended_at else 'entered'}"
    notices.tell(
        session, {found.user_id}, "absence", sentence, values, occasion, now=now, link="/people/me/absences", by=actor.name
    )
