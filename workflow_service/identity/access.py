"""From a signed-in person or a bearer token to an Actor, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from workflow_service.domain.errors import SignInRequired
from workflow_service.i18n import N_
from workflow_service.identity.actor import Actor
from workflow_service.identity.groups import remember_version
from workflow_service.identity.tokens import token_hash
from workflow_service.store import people_queries
from workflow_service.store.people import ApiToken, Post, Unit, User

TOKEN_USE_RECORDED_EVERY = timedelta(hours=1)


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
    return _signed_in(session, session.execute(statement).all(), source, address, unit_id)


def actor_by_username(session: Session, username: str, source: str, address: str, today: date) -> Actor:
    """Build the actor for a log-in name, for the command line and demos; raises SignInRequired."""
    statement = people_queries.person_rows(User.username == username.strip().lower(), today)
    found = _signed_in(session, session.execute(statement).all(), source, address, None)
    if found is None:
        raise SignInRequired(N_("账号“%(username)s”不存在或已停用。"), username=username)
    return found.actor


def bearer(session: Session, text: str, address: str, today: date, now: datetime) -> SignedIn:
    """Give the owner of a personal API token; one statement, and a second at most once an hour to note its use.

    Raises SignInRequired for a token that is unknown, revoked or expired; which of these is not told.
    """
    rows = session.execute(people_queries.TOKEN_ROWS, {"token_hash": token_hash(text), "today": today}).all()
    token: ApiToken | None = rows[0][4] if rows else None
    found = _signed_in(session, rows, "api", address, None)
    if token is None or found is None or not is_usable(token, now):
        raise SignInRequired(N_("令牌无效、已过期或已撤销。"))
    if token.last_used_at is None or now - token.last_used_at >= TOKEN_USE_RECORDED_EVERY:
        session.execute(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now))
    return found


def is_usable(token: ApiToken, now: datetime) -> bool:
    """Whether the token is neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def _signed_in(
    session: Session, rows: Sequence[Any], source: str, address: str, unit_id: int | None
) -> SignedIn | None:
    if not rows or not rows[0][0].active:
        return None
    user: User = rows[0][0]
    held = [(row[1], row[2]) for row in rows if row[1] is not None and row[2].active]
    unit = next((unit for _, unit in held if unit.id == unit_id), held[0][1] if held else None)
    actor = replace(_actor(user, held, unit), source=source, address=address, structure=rows[0][3] or "")
    remember_version(session, actor.structure)
    return SignedIn(user, actor, tuple((unit, post) for post, unit in held))


def _actor(user: User, held: list[tuple[Post, Unit]], unit: Unit | None) -> Actor:
    return Actor(
        user_id=user.id,
        name=user.name,
        source="",
        unit_id=unit.id if unit else None,
        unit_name=unit.name if unit else "",
        groups=frozenset({f"u:{user.id}", *(f"g:{unit.code}:{post.code}" for post, unit in held)}),
        roles=frozenset((post.role, unit.area_path) for post, unit in held if post.role),
        area_paths=tuple(sorted({unit.area_path for _, unit in held})),
        unit_ids=frozenset(unit.id for _, unit in held),
        relations=frozenset((unit.relation, unit.area_path) for _, unit in held if unit.relation),
        language=user.language,
    )
