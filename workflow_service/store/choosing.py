"""People and posts to choose from: each question one statement with a limit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from .people import Membership, Post, Unit, User
from .people_queries import is_current


@dataclass(frozen=True)
class Scope:
    """Among whom to look: areas that one sees (None = all), one unit only, and the units whose posts one knows."""

    areas: tuple[str, ...] | None
    unit_id: int | None = None
    own_units: frozenset[int] = frozenset()

    @property
    def people(self) -> ColumnElement[bool]:
        """The condition on a person's unit."""
        if self.unit_id is not None:
            return Unit.id == self.unit_id
        if self.areas is None:
            return true()
        return or_(false(), *(Unit.area_path.startswith(area) for area in self.areas))


def people(
    session: Session, scope: Scope, words: ColumnElement[bool] | None, today: date, limit: int
) -> Sequence[Any]:
    """Id, name, unit and post of people whose name or unit answers `words`; without words those of one's own units."""
    condition = words if words is not None else Unit.id.in_(scope.own_units)
    return session.execute(_people(scope, condition, today).limit(limit)).all()


def people_by_id(session: Session, scope: Scope, user_ids: Collection[int], today: date) -> Sequence[Any]:
    """The same of these people, as far as they lie within the scope and hold a post today."""
    return session.execute(_people(scope, User.id.in_(list(user_ids)), today)).all() if user_ids else []


def _people(scope: Scope, condition: ColumnElement[bool], today: date) -> Any:
    one_row_each = (
        select(User.id, User.name, Unit.short_name, Post.name.label("post"), User.sort_key)
        .join(Membership, Membership.user_id == User.id)
        .join(Post, Post.id == Membership.post_id)
        .join(Unit, and_(Unit.id == Post.unit_id, Unit.active))
        .where(User.active, is_current(today), scope.people, condition)
        .ext(distinct_on(User.id))
        .order_by(User.id, Post.rank, Membership.id)
        .subquery()
    )
    rows = one_row_each.c
    return select(rows.id, rows.name, rows.short_name, rows.post).order_by(rows.sort_key, rows.id)


def posts(session: Session, scope: Scope, words: ColumnElement[bool], registry: str, limit: int) -> Sequence[Any]:
    """Unit code, post code and both names: the registries of units that answer `words`, all posts of one's own."""
    seen = or_(Post.code == registry, Unit.id.in_(scope.own_units))
    statement = (
        select(Unit.code, Post.code, Unit.short_name, Post.name)
        .join(Post, Post.unit_id == Unit.id)
        .where(Unit.active, seen, words)
        .order_by(Unit.sort_key, Unit.id, Post.rank, Post.id)
    )
    return session.execute(statement.limit(limit)).all()
