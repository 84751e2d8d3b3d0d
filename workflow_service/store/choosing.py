"""People and posts to choose from: each question one statement with a limit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, false, func, or_, select, true
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


def colleagues(session: Session, areas: Collection[str], own_units: Collection[int], today: date) -> Sequence[Any]:
    """The same of all people in exactly these areas, those of one's own units first."""
    rows = _one_row_each(Unit.area_path.in_(list(areas)), today, own_units).c
    statement = select(rows.id, rows.name, rows.unit, rows.post).order_by(rows.own.desc(), rows.sort_key, rows.id)
    return session.execute(statement).all()


def _people(scope: Scope, condition: ColumnElement[bool], today: date) -> Any:
    rows = _one_row_each(and_(scope.people, condition), today).c
    return select(rows.id, rows.name, rows.unit, rows.post).order_by(rows.sort_key, rows.id)


def _one_row_each(condition: ColumnElement[bool], today: date, own_units: Collection[int] = ()) -> Subquery:
    """One post of each person, an own unit's before others and the highest first."""
    own = Unit.id.in_(list(own_units))
    unit = func.coalesce(func.nullif(Unit.short_name, ""), Unit.name).label("unit")
    return (
        select(User.id, User.name, unit, Post.name.label("post"), User.sort_key, own.label("own"))
        .join(Membership, Membership.user_id == User.id)
        .join(Post, Post.id == Membership.post_id)
        .join(Unit, and_(Unit.id == Post.unit_id, Unit.active))
        .where(User.active, is_current(today), condition)
        .ext(distinct_on(User.id))
        .order_by(User.id, own.desc(), Post.rank, Membership.id)
        .subquery()
    )


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


def filled_posts(session: Session, areas: Collection[str], today: date, limit: int) -> Sequence[Any]:
    """Unit code, post code and both names of the posts in these areas and below in which somebody is today."""
    held = select(Membership.id).join(User, User.id == Membership.user_id)
    filled = held.where(Membership.post_id == Post.id, User.active, is_current(today)).exists()
    statement = (
        select(Unit.code, Post.code, Unit.short_name, Post.name)
        .join(Post, Post.unit_id == Unit.id)
        .where(Unit.active, or_(false(), *(Unit.area_path.startswith(area) for area in areas)), filled)
        .order_by(Unit.area_path, Unit.sort_key, Post.rank, Post.id)
        .limit(limit)
    )
    return session.execute(statement).all()
