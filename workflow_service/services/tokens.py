"""Personal API tokens: made and revoked by their owner, shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import tokens
from workflow_service.identity.words import plain_text
from workflow_service.services.audit import record
from workflow_service.services.context import Actor
from workflow_service.services.people import myself
from workflow_service.store import people_queries
from workflow_service.store.people import ApiToken, User

LONGEST_DAYS = 366
MOST_TOKENS = 20
LONGEST_NAME = 60


@dataclass(frozen=True)
class NewToken:
    """A token just made; `text` is shown once and kept nowhere."""

    token: ApiToken
    text: str


def make_token(
    session: Session, actor: Actor, name: str, *, days: int | None, now: datetime, owner: User | None = None
) -> NewToken:
    """Make a token for oneself (or, from the command line, for `owner`) that expires after `days` days.

    None (never) is for the command line only. Raises InvalidInput.
    """
    user = owner if owner is not None and actor.trusted else myself(session, actor)
    name = plain_text(name)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(N_("请给令牌起个名称，最多 60 个字符。"))
    if (days is None and not actor.trusted) or (days is not None and not 1 <= days <= LONGEST_DAYS):
        raise InvalidInput(N_("令牌有效期应为 1 到 366 天。"))
    if (
        sum(1 for each in people_queries.tokens_of(session, user.id) if each.revoked_at is None)
        >= MOST_TOKENS
    ):
        raise InvalidInput(N_("最多同时保留 20 个令牌，请先撤销不用的。"))
    text, kept = tokens.new_token()
    expires = now + timedelta(days=days) if days is not None else None
    token = ApiToken(user_id=user.id, name=name, token_hash=kept, created_at=now, expires_at=expires)
    session.add(token)
    session.flush()
    data = {"user": user.username, "name": token.name, "expires_at": expires}
    record(session, actor, "token.make", f"token:{token.id}", data, now=now)
    return NewToken(token, text)


def revoke_token(session: Session, actor: Actor, token_id: int, *, now: datetime) -> ApiToken:
    """Revoke a token of one's own; from that moment it opens nothing. Raises NotFound."""
    token = session.get(ApiToken, token_id)
    if token is None or (token.user_id != actor.user_id and not actor.trusted):
        raise NotFound(N_("没有这个令牌。"))
    if token.revoked_at is None:
        token.revoked_at = now
        record(session, actor, "token.revoke", f"token:{token.id}", {"name": token.name}, now=now)
    return token
