"""Signing in and out: argon2, counted failures, a lock-out that every process sees, each attempt on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from workflow_service.identity import passwords
from workflow_service.services.audit import record
from workflow_service.services.context import Actor
from workflow_service.store import people_queries
from workflow_service.store.people import User

Reason = Literal["", "wrong", "locked", "inactive"]
_LONGEST_NAME_ON_RECORD = 60


@dataclass(frozen=True)
class SignInRules:
    """How many wrong passwords lock an account, and for how many minutes."""

    attempts: int = 5
    lockout_minutes: int = 15


@dataclass(frozen=True)
class SignInOutcome:
    """Who signed in, or why not. An unknown log-in name and a wrong password are both `wrong`."""

    user: User | None
    reason: Reason = ""
    locked_until: datetime | None = None


def sign_in(
    session: Session,
    username: str,
    password: str,
    rules: SignInRules,
    *,
    source: str,
    address: str,
    now: datetime,
) -> SignInOutcome:
    """Check a password, count failures and keep the attempt on record.

    Gives an outcome instead of raising, because the count must be committed. The account's row is locked meanwhile, so
    guesses made at once are counted one by one.
    """
    user = people_queries.user_by_name(session, username, lock=True)
    outcome = _outcome(user, password, rules, now)
    who = user.name if user else username.strip()[:_LONGEST_NAME_ON_RECORD]
    actor = Actor(user_id=user.id if user else None, name=who, source=source, address=address)
    thing = f"user:{user.id}" if user else "user"
    record(
        session,
        actor,
        "sign_in" if outcome.user else "sign_in.refused",
        thing,
        {"reason": outcome.reason},
        now=now,
    )
    return outcome


def sign_out(session: Session, actor: Actor, *, now: datetime) -> None:
    """Keep on record that a person signed out."""
    record(session, actor, "sign_out", f"user:{actor.user_id}", {}, now=now)


def _outcome(user: User | None, password: str, rules: SignInRules, now: datetime) -> SignInOutcome:
    if user is not None and user.locked_until is not None and user.locked_until > now:
        return SignInOutcome(None, "locked", user.locked_until)
    fits = passwords.verify_password(user.password_hash if user else "", password)
    if user is None:
        return SignInOutcome(None, "wrong")
    if not fits:
        return _failed(user, rules, now)
    if not user.active:
        return SignInOutcome(None, "inactive")
    if passwords.needs_rehash(user.password_hash) and not user.must_change_password:
        user.password_hash = passwords.hash_password(password)
    user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    return SignInOutcome(user)


def _failed(user: User, rules: SignInRules, now: datetime) -> SignInOutcome:
    user.failed_sign_ins += 1
    if user.failed_sign_ins < rules.attempts:
        return SignInOutcome(None, "wrong")
    user.failed_sign_ins = 0
    user.locked_until = now + timedelta(minutes=rules.lockout_minutes)
    return SignInOutcome(None, "locked", user.locked_until)
