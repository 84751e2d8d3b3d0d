"""Who stands in for whom on a day. A grant ends with a post that either of the two left since it was given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from .operations import Substitution
from .people import Membership, Post, Unit, User
from .people_queries import is_current, is_granted


def principals_of(session: Session, user_id: int, today: date) -> Sequence[Any]:
    """For whom a person is a substitute on a day: (Substitution, User, Post, Unit) for each post that the other holds."""
    return session.execute(
        select(Substitution, User, Post, Unit)
        .join(User, and_(User.id == Substitution.principal_id, User.active))
        .outerjoin(Membership, and_(Membership.user_id == User.id, is_current(today)))
        .outerjoin(Post, Post.id == Membership.post_id)
        .outerjoin(Unit, and_(Unit.id == Post.unit_id, Unit.active))
        .where(Substitution.substitute_id == user_id, is_granted(today), ~_left_since(today))
        .order_by(Substitution.id, Post.rank, Unit.sort_key, Post.id)
    ).all()


def stand_ins(session: Session, user_ids: Collection[int], today: date) -> Sequence[tuple[Substitution, str]]:
    """Give the grants of these people that hold on a day, each with the substitute's name, those that end last first."""
    rows = session.execute(
        select(Substitution, User.name)
        .join(User, and_(User.id == Substitution.substitute_id, User.active))
        .where(Substitution.principal_id.in_(list(user_ids)), is_granted(today), ~_left_since(today))
        .order_by(Substitution.until.desc(), Substitution.id)
    )
    return [(row[0], row[1]) for row in rows]


def _left_since(today: date) -> ColumnElement[bool]:
    former = aliased(Membership)
    left = select(former.id).where(
        former.user_id.in_([Substitution.principal_id, Substitution.substitute_id]),
        former.until <= today,
        former.until > Substitution.given_on,
    )
    return left.exists()
