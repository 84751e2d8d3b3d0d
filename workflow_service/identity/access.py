"""From a signed-in person or a bearer token to an Actor, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from workflow_service.domain.errors import SignInRequired
from workflow_service.i18n import N_
from workflow_service.identity.actor import Actor, StandIn
from workflow_service.identity.groups import remember_version
from workflow_service.identity.tokens import token_hash
from workflow_service.store import people_queries, substitute_queries
from workflow_service.store.inbox import Standing
from workflow_service.store.people import ApiToken, Post, Unit, User

TOKEN_USE_RECORDED_EVERY = timedelta(hours=1)


class Held(NamedTuple):
    """A post that a person holds, with what its unit is."""

    unit_id: int
    unit_name: str
    unit_code: str
    area_path: str
    relation: str
    post_code: str
    role: str


@dataclass(frozen=True)
class SignedIn:
    """A person with the actor he is and the posts he holds, best rank first."""

    user: User
    actor: Actor
    posts: tuple[tuple[Unit, Post], ...]


def actor_for(
    session: Session,
    user: User | int,
    source: str,
    address: str,
    today: date,
    unit_id: int | None = None,
) -> Actor:
    """Build the actor for an account; one statement. `today` is the business date on which posts must be held.

    Acts for `unit_id` where the person holds a post there, else for the unit of his first post.
    Raises SignInRequired for an account that does not exist or is not active.
    """
    found = signed_in(session, user if isinstance(user, int) else user.id, source, address, today, unit_id)
    if found is None:
        raise SignInRequired(N_("账号不存在或已停用。"))
    return found.actor


def signed_in(
    session: Session,
    user_id: int,
    source: str,
    address: str,
    today: date,
    unit_id: int | None = None,
) -> SignedIn | None:
    """Give the person and his actor, None for an account that is missing or not active; one statement."""
    statement = people_queries.person_rows(User.id == user_id, today)
    return _signed_in(session, session.execute(statement).all(), source, address, unit_id, today)


def actor_by_username(session: Session, username: str, source: str, address: str, today: date) -> Actor:
    """Build the actor for a log-in name, for the command line and demos; raises SignInRequired."""
    statement = people_queries.person_rows(User.username == username.strip().lower(), today)
    found = _signed_in(session, session.execute(statement).all(), source, address, None, today)
    if found is None:
        raise SignInRequired(N_("账号“%(username)s”不存在或已停用。"), username=username)
    return found.actor


def bearer(session: Session, text: str, address: str, today: date, now: datetime) -> Actor:
    """Give the owner of a personal API token; one statement, and a second at most once an hour to note its use.

    Raises SignInRequired for a token that is unknown, revoked or expired; which of these is not told.
    """
    rows = session.execute(people_queries.TOKEN_ROWS, {"token_hash": token_hash(text), "today": today}).all()
    if not rows or not rows[0].active or not is_usable(rows[0], now):
        raise SignInRequired(N_("令牌无效、已过期或已撤销。"))
    owner = rows[0]
    if owner.last_used_at is None or now - owner.last_used_at >= TOKEN_USE_RECORDED_EVERY:
        session.execute(update(ApiToken).where(ApiToken.id == owner.token_id).values(last_used_at=now))
    held = [
        Held(row.unit_id, row.unit_name, row.unit_code, row.area_path, row.relation, row.post_code, row.role)
        for row in rows
        if row.unit_id is not None
    ]
    structure = owner.structure or ""
    remember_version(session, structure)
    acting = held[0] if held else None
    stand_ins = _stand_ins(session, owner.id, today) if owner.substitutes else ()
    return replace(
        _actor(owner, held, acting), source="api", address=address, structure=structure, stand_ins=stand_ins
    )


def is_usable(token: Any, now: datetime) -> bool:
    """Whether the token is neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def _signed_in(
    session: Session, rows: Sequence[Any], source: str, address: str, unit_id: int | None, today: date
) -> SignedIn | None:
    if not rows or not rows[0][0].active:
        return None
    user: User = rows[0][0]
    posts = tuple((row[2], row[1]) for row in rows if row[1] is not None and row[2].active)
    held = [
        Held(unit.id, unit.name, unit.code, unit.area_path, unit.relation, post.code, post.role) for unit, post in posts
    ]
    acting = next((one for one in held if one.unit_id == unit_id), held[0] if held else None)
    actor = replace(
        _actor(user, held, acting), source=source, address=address, structure=rows[0][3] or "",
        stand_ins=_stand_ins(session, user.id, today) if rows[0][4] else (),
    )  # fmt: skip
    remember_version(session, actor.structure)
    return SignedIn(user, actor, posts)


def _stand_ins(session: Session, user_id: int, today: date) -> tuple[StandIn, ...]:
    """Those for whom a person is a substitute today; one statement, asked only of who is one.

    What somebody does for another is not handed on: the groups are those that the principal has by his own posts.
    """
    found: dict[int, tuple[Any, Any, list[tuple[Any, Any]]]] = {}
    for grant, principal, post, unit in substitute_queries.principals_of(session, user_id, today):
        found.setdefault(grant.id, (grant, principal, []))
        if post is not None and unit is not None:
            found[grant.id][2].append((post, unit))
    return tuple(_stand_in(*one) for one in found.values())


def _stand_in(grant: Any, principal: Any, held: list[tuple[Any, Any]]) -> StandIn:
    return StandIn(
        user_id=principal.id,
        name=principal.name,
        groups=frozenset({f"u:{principal.id}", *(f"g:{unit.code}:{post.code}" for post, unit in held)}),
        processes=frozenset(grant.processes),
        may_decide=grant.may_decide,
        unit_ids=tuple(dict.fromkeys(unit.id for _post, unit in held)),
    )


def standings_of(actor: Actor) -> tuple[Standing, ...]:
    """Those for whom the actor is a substitute, as the inbox asks for their tasks."""
    return tuple(Standing(one.name, one.groups, one.processes) for one in actor.stand_ins)


def keys_of(actor: Actor) -> frozenset[str]:
    """The holder keys under which anything is shown to the actor, his principals' among them."""
    return actor.groups.union(*(one.groups for one in actor.stand_ins))


def _actor(user: Any, held: Sequence[Held], acting: Held | None) -> Actor:
    return Actor(
        user_id=user.id,
        name=user.name,
        source="",
        unit_id=acting.unit_id if acting else None,
        unit_name=acting.unit_name if acting else "",
        groups=frozenset({f"u:{user.id}", *(f"g:{one.unit_code}:{one.post_code}" for one in held)}),
        roles=frozenset((one.role, one.area_path) for one in held if one.role),
        area_paths=tuple(sorted({one.area_path for one in held})),
        unit_ids=frozenset(one.unit_id for one in held),
        relations=frozenset((one.relation, one.area_path) for one in held if one.relation),
        language=user.language,
    )
