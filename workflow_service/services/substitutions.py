"""Substitutes (授权代办, AB岗): who acts for whom, from when to when, on which routes (docs/approval-operations.md).

Both see the tasks, and whoever acts first wins. A substitute acts in his own name for his principal; signing and deciding only
where that was granted expressly. A grant ends by its date, by revocation, or with a post that either of the two leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.substitutes import Grant, circle_through
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.definitions import ProcessDefinition
from workflow_service.store.operations import Substitution
from workflow_service.store.people import Membership, User

from . import audit, notices
from .calendars import SETTINGS
from .context import Actor

LONGEST = timedelta(days=366)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('substitution'))")
"""Two grants given at the same moment could close a circle that neither sees."""


@dataclass(frozen=True)
class SubstituteAsked:
    """Who is to act for `principal_id`, from `since` until before `until`; `processes` are route keys, empty for all."""

    principal_id: int
    substitute_id: int
    since: date
    until: date
    processes: Sequence[str] = ()
    may_decide: bool = False


@dataclass(frozen=True)
class ShownGrant:
    """A grant with both names, and whether it is in force, to come or over (`state`)."""

    grant: Substitution
    principal: str
    substitute: str
    state: str


def name_substitute(session: Session, actor: Actor, asked: SubstituteAsked, *, now: datetime) -> Substitution:
    """Let somebody act for a person; the person himself may, and his administrator (but not in his own favour).

    Raises NotFound, Forbidden, InvalidInput, and Conflict where it would close a circle or repeat a grant.
    """
    session.execute(_ONE_AT_A_TIME)
    principal, substitute = (_person(session, one) for one in (asked.principal_id, asked.substitute_id))
    _require_right(session, actor, principal, now)
    if actor.user_id == substitute.id != principal.id:
        raise Forbidden(N_("不能指定自己代他人办理，请由本人或另一位管理员授权。"), action="substitute.name")
    _check(session, asked, principal, substitute, SETTINGS.day_of(now))
    found = Substitution(
        principal_id=principal.id, substitute_id=substitute.id, since=asked.since, until=asked.until,
        processes=sorted(set(asked.processes)), may_decide=asked.may_decide, created_by=actor.user_id, created_at=now,
        given_on=SETTINGS.day_of(now),
    )  # fmt: skip
    session.add(found)
    session.flush()
    data = {
        "principal": principal.id, "substitute": substitute.id, "since": asked.since, "until": asked.until,
        "processes": found.processes, "may_decide": asked.may_decide,
    }  # fmt: skip
    audit.record(session, actor, "substitute.name", f"substitution:{found.id}", data, now=now)
    _tell(session, actor, found, N_("%(principal)s授权%(substitute)s代为办理（%(since)s至%(last)s）"), now)
    return found


def revoke_substitute(session: Session, actor: Actor, grant_id: int, *, now: datetime) -> Substitution:
    """End a grant now: who gave it, who got it, and the principal's administrator may. Raises NotFound, Forbidden, Conflict."""
    found = session.get(Substitution, grant_id, with_for_update=True)
    if found is None:
        raise NotFound(N_("没有这项授权。"))
    if actor.user_id != found.substitute_id:
        _require_right(session, actor, _person(session, found.principal_id), now)
    if found.revoked_at is not None or found.until <= SETTINGS.day_of(now):
        raise Conflict(N_("这项授权已经结束。"))
    _end(session, actor, found, "revoked", now)
    return found


def end_with_post(session: Session, actor: Actor, user_id: int, *, now: datetime) -> int:
    """End what a person gave and got as he leaves a post: it was given to who they were. Gives how many ended."""
    today = SETTINGS.day_of(now)
    his = or_(Substitution.principal_id == user_id, Substitution.substitute_id == user_id)
    running = select(Substitution).where(his, Substitution.revoked_at.is_(None), Substitution.until > today)
    found = session.scalars(running.order_by(Substitution.id).with_for_update()).all()
    for one in found:
        _end(session, actor, one, "left_post", now)
    return len(found)


def grants_of(session: Session, actor: Actor, user_id: int, *, now: datetime) -> list[ShownGrant]:
    """Give what a person gave and got, the latest first; raises NotFound, Forbidden."""
    if actor.user_id != user_id:
        _require_right(session, actor, _person(session, user_id), now)
    principal, substitute = aliased(User), aliased(User)
    rows = session.execute(
        select(Substitution, principal.name, substitute.name)
        .join(principal, principal.id == Substitution.principal_id)
        .join(substitute, substitute.id == Substitution.substitute_id)
        .where(or_(Substitution.principal_id == user_id, Substitution.substitute_id == user_id))
        .order_by(Substitution.id.desc())
    ).all()
    today = SETTINGS.day_of(now)
    left = _ended_by_posts(session, [row[0] for row in rows], today)
    return [ShownGrant(*row, _state(row[0], today, row[0].id in left)) for row in rows]


def routes(session: Session) -> list[tuple[str, str]]:
    """Give the deployed routes by key with the name of the newest version."""
    newest = select(ProcessDefinition.key, ProcessDefinition.name).ext(distinct_on(ProcessDefinition.key))
    rows = session.execute(newest.order_by(ProcessDefinition.key, ProcessDefinition.version.desc()))
    return [(key, name or key) for key, name in rows]


def _check(
    session: Session, asked: SubstituteAsked, principal: User, substitute: User, today: date
) -> None:
    if principal.id == substitute.id:
        raise InvalidInput(N_("不能授权给自己。"))
    if asked.until <= asked.since or asked.until <= today or asked.until - asked.since > LONGEST:
        raise InvalidInput(N_("授权期限应晚于今天结束，且不超过一年。"))
    if unknown := set(asked.processes) - {key for key, _name in routes(session)}:
        raise InvalidInput(N_("没有流程“%(key)s”。"), key=sorted(unknown)[0])
    areas = [_areas(session, one.id, today) for one in (principal, substitute)]
    if not substitute.active or areas[0].isdisjoint(areas[1]):
        raise InvalidInput(N_("“%(name)s”在本级政府没有岗位，不能代为办理。"), name=substitute.name)
    running = _grants_after(session, today)
    wanted = Grant(principal.id, substitute.id, asked.since, asked.until)
    if any(one.is_of(wanted) and one.overlaps(wanted) for one in running):
        raise Conflict(N_("这段时间已经授权给“%(name)s”，请先撤销原授权。"), name=substitute.name)
    if circle_through(wanted, running):
        raise Conflict(N_("这样授权会形成循环：“%(name)s”的工作已直接或间接委托给本人代办。"), name=substitute.name)


def _grants_after(session: Session, today: date) -> list[Grant]:
    rows = session.execute(
        select(Substitution.principal_id, Substitution.substitute_id, Substitution.since, Substitution.until).where(
            Substitution.revoked_at.is_(None), Substitution.until > today
        )
    )
    return [Grant(*row) for row in rows]


def _areas(session: Session, user_id: int, today: date) -> set[str]:
    return {held.post.unit.area_path for held in people_queries.memberships_of(session, [user_id], today)}


def _require_right(session: Session, actor: Actor, principal: User, now: datetime) -> None:
    """One's own grants, or those of a person all of whose posts lie in the actor's area."""
    for path in _areas(session, principal.id, SETTINGS.day_of(now)) or {"/"}:
        policy.require(actor, "substitute.name", policy.thing_of(path, participants=(principal.id,)))


def _person(session: Session, user_id: int) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise NotFound(N_("没有这个账号。"))
    return found


def _end(session: Session, actor: Actor, found: Substitution, why: str, now: datetime) -> None:
    found.revoked_at = now
    audit.record(session, actor, "substitute.end", f"substitution:{found.id}", {"why": why}, now=now)
    _tell(session, actor, found, N_("%(principal)s对%(substitute)s的代办授权已结束"), now)


def _tell(session: Session, actor: Actor, found: Substitution, sentence: str, now: datetime) -> None:
    principal, substitute = _person(session, found.principal_id), _person(session, found.substitute_id)
    values = {
        "principal": principal.name, "substitute": substitute.name, "since": found.since,
        "last": found.until - timedelta(days=1),
    }  # fmt: skip
    occasion = f"substitute:{found.id}:{'ended' if found.revoked_at else 'given'}"
    notices.tell(
        session, {principal.id, substitute.id} - {actor.user_id}, "substitute", sentence, values, occasion, now=now,
        link="/people/me/substitutes", by=actor.name,
    )  # fmt: skip


def _state(grant: Substitution, today: date, left: bool) -> str:
    if grant.revoked_at is not None or grant.until <= today or left:
        return "over"
    return "running" if grant.since <= today else "to_come"


def _ended_by_posts(session: Session, grants: Iterable[Substitution], today: date) -> set[int]:
    """Those whose giver or substitute left a post since, on a day named before."""
    found: set[int] = set()
    for one in grants:
        both = Membership.user_id.in_([one.principal_id, one.substitute_id])
        left = select(Membership.id).where(both, Membership.until <= today, Membership.until > one.given_on)
        if session.scalars(left.limit(1)).first() is not None:
            found.add(one.id)
    return found

