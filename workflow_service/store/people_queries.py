"""Questions that sign-in, rights and the people pages ask, each one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from posixpath import commonpath
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import Session, aliased, contains_eager

from workflow_service.domain.divisions import paths_down_to

from .operations import Substitution
from .people import ApiToken, Membership, Post, Unit, User
from .records import Setting
from .runtime import Task, TaskHolder

STRUCTURE_SETTING = "people.structure"
COUNT_LIMIT = 1000


def is_current(today: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The membership holds on `today` (a business date)."""
    return and_(Membership.since <= today, or_(Membership.until.is_(None), Membership.until > today))


def structure_version() -> Any:
    """The token that changes with every unit and post, as a scalar subquery."""
    return select(Setting.value["version"].astext).where(Setting.name == STRUCTURE_SETTING).scalar_subquery()


def is_granted(today: date | ColumnElement[date]) -> ColumnElement[bool]:
    """The substitution holds on `today` (a business date), as far as its own row says."""
    return and_(Substitution.since <= today, Substitution.until > today, Substitution.revoked_at.is_(None))


def _is_substitute(user_id: Any, today: date | ColumnElement[date]) -> ColumnElement[bool]:
    return select(Substitution.id).where(Substitution.substitute_id == user_id, is_granted(today)).exists()


def person_rows(condition: ColumnElement[bool], today: date | ColumnElement[date]) -> Select[Any]:
    """A person with each current post and its unit, best rank first; on every row the structure's version and whether somebody
    named him as a substitute for today.
    """
    return (
        select(User, Post, Unit, structure_version(), _is_substitute(User.id, today))
        .outerjoin(Membership, and_(Membership.user_id == User.id, is_current(today)))
        .outerjoin(Post, Post.id == Membership.post_id)
        .outerjoin(Unit, Unit.id == Post.unit_id)
        .where(condition)
        .order_by(Post.rank, Unit.sort_key, Post.id)
    )


_token, _user, _post, _unit = (one.__table__.c for one in (ApiToken, User, Post, Unit))
TOKEN_ROWS = (
    select(
        _user.id, _user.name, _user.active, _user.language, _token.id.label("token_id"), _token.revoked_at, _token.expires_at,
        _token.last_used_at, _post.code.label("post_code"), _post.role, _unit.id.label("unit_id"),
        _unit.name.label("unit_name"), _unit.code.label("unit_code"), _unit.area_path, _unit.relation,
        structure_version().label("structure"),
        _is_substitute(_user.id, bindparam("today", type_=Date)).label("substitutes"),
    )
    .select_from(ApiToken.__table__.join(User.__table__, _user.id == _token.user_id))
    .outerjoin(Membership.__table__, and_(Membership.user_id == _user.id, is_current(bindparam("today", type_=Date))))
    .outerjoin(Post.__table__, _post.id == Membership.post_id)
    .outerjoin(Unit.__table__, and_(_unit.id == _post.unit_id, _unit.active))
    .where(_token.token_hash == bindparam("token_hash"))
    .order_by(_post.rank, _unit.sort_key, _post.id)
)  # fmt: skip
"""The owner of an API token (its `token_hash`) with each post that he holds in an active unit, best rank first, and the
structure's version on every row. Plain columns, made once: every request asks it, and objects would cost twice as much."""


def user_by_name(session: Session, username: str, *, lock: bool = False) -> User | None:
    """The account with this log-in name (kept in lower case); `lock` makes others wait for the counters."""
    statement = select(User).where(User.username == username.strip().lower())
    return session.scalar(statement.with_for_update() if lock else statement)


def unit_by_code(session: Session, code: str) -> Unit | None:
    """The unit with this code."""
    return session.scalar(select(Unit).where(Unit.code == code))


def unit_in_use(session: Session, code: str) -> Unit | None:
    """The same, None where it was dissolved."""
    found = unit_by_code(session, code)
    return found if found is not None and found.active else None


def heir_of(session: Session, holder: str) -> str:
    """The holder key that follows one: of a post of a merged unit the same post of its successor, else itself."""
    if not holder.startswith("g:"):
        return holder
    code, _colon, post = holder.removeprefix("g:").rpartition(":")
    merged = aliased(Unit)
    successor = session.scalar(select(Unit.code).join(merged, merged.successor_id == Unit.id).where(merged.code == code))
    return f"g:{successor}:{post}" if successor else holder


def posts_of_units(
    session: Session, pairs: Collection[tuple[str, str]], codes: Collection[str]
) -> Sequence[Any]:
    """Code, area, relation, post codes and id of active units: those filling (area, relation) pairs, those with codes.

    Units that follow a merged one stand for it; the last column has the (code, relation) pairs of those that they follow.
    """
    asked = or_(tuple_(Unit.area, Unit.relation).in_(list(pairs)), Unit.code.in_(list(codes)))
    merged = aliased(Unit)
    followed = or_(tuple_(merged.area, merged.relation).in_(list(pairs)), merged.code.in_(list(codes)))
    follows = select(merged.successor_id).where(followed, merged.successor_id.is_not(None))
    forerunners = (
        select(func.jsonb_agg(func.jsonb_build_array(merged.code, merged.relation)))
        .where(merged.successor_id == Unit.id)
        .scalar_subquery()
    )
    return session.execute(
        select(
            Unit.code,
            Unit.area,
            Unit.relation,
            func.array_agg(Post.code).filter(Post.code.is_not(None)),
            structure_version(),
            Unit.id,
            forerunners,
        )
        .outerjoin(Post, Post.unit_id == Unit.id)
        .where(Unit.active, or_(asked, Unit.id.in_(follows)))
        .group_by(Unit.id)
    ).all()


@dataclass(frozen=True)
class PeopleFilter:
    """What the list of people shows; area paths limit it to what the reader may see (None = everything)."""

    areas: tuple[str, ...] | None = ()
    words: ColumnElement[bool] | None = None
    unit_path: str = ""
    role: str = ""
    active: bool | None = True

    def conditions(self, today: date) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on User; people without any post are seen by those who see everything."""
        found: list[ColumnElement[bool]] = []
        if self.active is not None:
            found.append(User.active.is_(self.active))
        if self.words is not None:
            found.append(self.words)
        if self.areas is not None:
            found.append(_belongs_to(self.areas, today))
        if self.unit_path:
            found.append(_holds_post(Unit.path.startswith(self.unit_path, autoescape=True), today))
        if self.role:
            found.append(_holds_post(Post.role == self.role, today))
        return found


def _belongs_to(areas: tuple[str, ...], today: date) -> ColumnElement[bool]:
    """Holds a post in these areas, or held one there and holds none anywhere now."""
    there = or_(false(), *(Unit.area_path.startswith(area) for area in areas))
    return or_(_holds_post(there, today), and_(_holds_post(there), not_(_holds_post(true(), today))))


def _holds_post(condition: ColumnElement[bool], today: date | None = None) -> ColumnElement[bool]:
    found = (
        select(Membership.id)
        .join(Post, Post.id == Membership.post_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Membership.user_id == User.id, condition)
    )
    return (found.where(is_current(today)) if today else found).exists()


def people_page(
    session: Session, wanted: PeopleFilter, today: date, *, after: tuple[str, int] | None, limit: int
) -> Sequence[User]:
    """One page of people by post rank and pinyin, after the (sort key, id) of the page before."""
    statement = select(User).where(*wanted.conditions(today)).order_by(User.sort_key, User.id).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(User.sort_key, User.id) > after)
    return session.scalars(statement).all()


def count_people(session: Session, wanted: PeopleFilter, today: date) -> int:
    """How many people the filter gives, counted no further than `COUNT_LIMIT` + 1."""
    some = select(User.id).where(*wanted.conditions(today)).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def memberships_of(session: Session, user_ids: Collection[int], today: date | None) -> Sequence[Membership]:
    """Memberships with post and unit, current ones (or all, when `today` is None), by rank."""
    statement = (
        select(Membership)
        .join(Membership.post)
        .join(Post.unit)
        .options(contains_eager(Membership.post).contains_eager(Post.unit))
        .where(Membership.user_id.in_(list(user_ids)))
        .order_by(Membership.until.desc().nulls_first(), Post.rank, Membership.since.desc(), Membership.id)
    )
    return session.scalars(statement.where(is_current(today)) if today else statement).all()


def units_below(
    session: Session, areas: tuple[str, ...] | None, *, active: bool | None = True, limit: int | None = None
) -> Sequence[Unit]:
    """The units of these areas and below in the order of the tree; None = all."""
    statement = select(Unit).where(*_in_areas(areas), *_active(active))
    return session.scalars(statement.order_by(Unit.area_path, Unit.sort_key, Unit.id).limit(limit)).all()


def units_of_area(session: Session, area_path: str, *, active: bool | None = True) -> list[Unit]:
    """The units of one government, each followed by those below it."""
    statement = (
        select(Unit).where(Unit.area_path == area_path, *_active(active)).order_by(Unit.sort_key, Unit.id)
    )
    units = session.scalars(statement).all()
    ids = {unit.id for unit in units}
    below: dict[int | None, list[Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent_id if unit.parent_id in ids else None, []).append(unit)
    return _as_tree(below, None)


def units_found(
    session: Session,
    areas: tuple[str, ...] | None,
    words: ColumnElement[bool],
    *,
    active: bool | None,
    limit: int,
) -> list[Unit]:
    """Units that answer what was typed, anywhere in these areas."""
    statement = select(Unit).where(words, *_in_areas(areas), *_active(active))
    return list(session.scalars(statement.order_by(Unit.area_path, Unit.sort_key, Unit.id).limit(limit)))


@dataclass(frozen=True)
class Government:
    """One government in the choice of areas: its code, path, the name of its first unit, and how many units it has."""

    area: str
    area_path: str
    name: str
    units: int


def governments(
    session: Session, areas: tuple[str, ...] | None, only: tuple[str, ...] | None = None
) -> list[Government]:
    """The governments of these areas and below; `only` keeps those that are exactly among these."""
    conditions = [*_in_areas(areas), *([Unit.area_path.in_(only)] if only else [])]
    return _governments(session, conditions)


def governments_below(session: Session, area_path: str) -> list[Government]:
    """The governments next below one: no other lies between."""
    found = _governments(session, [Unit.area_path.startswith(area_path), Unit.area_path != area_path])
    paths = {each.area_path for each in found}
    return [
        each
        for each in found
        if not any(path != each.area_path and each.area_path.startswith(path) for path in paths)
    ]


def governments_above(session: Session, area_path: str, areas: tuple[str, ...] | None) -> list[Government]:
    """The governments above one that lie within what the reader may see, the highest first."""
    above = [
        path for path in paths_down_to(area_path)[:-1] if areas is None or any(path.startswith(area) for area in areas)
    ]
    return _governments(session, [Unit.area_path.in_(above)]) if above else []


def whole_area(session: Session) -> str:
    """The area path that holds every government of the installation; `/` where no government stands above all others."""
    paths = select(Unit.area_path).where(Unit.active, Unit.area_path != "").distinct()
    found = list(session.scalars(paths))
    return commonpath(found).rstrip("/") + "/" if found else "/"


def possible_parents(session: Session, area_path: str) -> Sequence[Unit]:
    """Units below which a unit of this government may hang: those of the government itself and of those above it."""
    paths = paths_down_to(area_path)
    statement = select(Unit).where(Unit.active, Unit.area_path.in_(paths))
    return session.scalars(
        statement.order_by(Unit.area_path, Unit.sort_key, Unit.id).limit(COUNT_LIMIT)
    ).all()


def post_kinds(session: Session, areas: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """The post codes that exist in these areas with their most usual name, by rank."""
    rows = session.execute(
        select(Post.code, func.mode().within_group(Post.name))
        .join(Unit, Unit.id == Post.unit_id)
        .where(Unit.active, *_in_areas(areas))
        .group_by(Post.code)
        .order_by(func.min(Post.rank), Post.code)
        .limit(COUNT_LIMIT)
    )
    return [(row[0], row[1]) for row in rows]


def _governments(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[Government]:
    first = func.array_agg(aggregate_order_by(Unit.name, func.length(Unit.path), Unit.sort_key))
    rows = session.execute(
        select(Unit.area, Unit.area_path, first[1], func.count())
        .where(Unit.active, *conditions)
        .group_by(Unit.area, Unit.area_path)
        .order_by(Unit.area_path)
    )
    return [Government(*row) for row in rows]


def _as_tree(below: dict[int | None, list[Unit]], top: int | None) -> list[Unit]:
    return [each for unit in below.get(top, ()) for each in (unit, *_as_tree(below, unit.id))]


def _in_areas(areas: tuple[str, ...] | None) -> list[ColumnElement[bool]]:
    return [] if areas is None else [or_(false(), *(Unit.area_path.startswith(area) for area in areas))]


def _active(active: bool | None) -> list[ColumnElement[bool]]:
    return [] if active is None else [Unit.active.is_(active)]


def holders_by_unit(session: Session, unit_ids: Collection[int], today: date) -> dict[int, int]:
    """How many active people hold a post in each unit today."""
    rows = session.execute(
        select(Post.unit_id, func.count(func.distinct(Membership.user_id)))
        .join(Membership, Membership.post_id == Post.id)
        .join(User, User.id == Membership.user_id)
        .where(Post.unit_id.in_(list(unit_ids)), User.active, is_current(today))
        .group_by(Post.unit_id)
    )
    return {row[0]: row[1] for row in rows}


def posts_of(session: Session, unit_id: int) -> Sequence[Post]:
    """The posts of one unit by rank."""
    return session.scalars(select(Post).where(Post.unit_id == unit_id).order_by(Post.rank, Post.id)).all()


def post_holders(session: Session, unit_id: int, today: date) -> Sequence[Any]:
    """Membership id, post id and person for everybody who holds a post of the unit today."""
    return session.execute(
        select(Membership.id, Membership.post_id, User)
        .join(User, User.id == Membership.user_id)
        .join(Post, Post.id == Membership.post_id)
        .where(Post.unit_id == unit_id, is_current(today))
        .order_by(Post.rank, User.sort_key, User.id)
    ).all()


def open_tasks_of(session: Session, user_id: int) -> tuple[int, int]:
    """How many open tasks a person has claimed from a group, and how many are asked of him by name."""
    from_group = and_(Task.assignee_id == user_id, func.cardinality(Task.candidate_groups) > 0)
    row = session.execute(
        select(func.count().filter(from_group), func.count())
        .join(TaskHolder, TaskHolder.task_id == Task.id)
        .where(TaskHolder.holder == f"u:{user_id}", Task.status == "open")
    ).one()
    return row[0], row[1] - row[0]


def open_tasks_of_groups(session: Session, groups: Collection[str]) -> dict[str, int]:
    """How many open tasks wait for each of these `g:<unit>:<post>` groups."""
    rows = session.execute(
        select(TaskHolder.holder, func.count())
        .where(TaskHolder.holder.in_(list(groups)))
        .group_by(TaskHolder.holder)
    )
    return {row[0]: row[1] for row in rows}


def other_holders(session: Session, post_id: int, user_id: int, today: date) -> int:
    """How many other active people hold the post today."""
    return (
        session.scalar(
            select(func.count(func.distinct(Membership.user_id)))
            .join(User, User.id == Membership.user_id)
            .where(
                Membership.post_id == post_id, Membership.user_id != user_id, User.active, is_current(today)
            )
        )
        or 0
    )


def tokens_of(session: Session, user_id: int) -> Sequence[ApiToken]:
    """A person's tokens, newest first, revoked ones included."""
    return session.scalars(
        select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())
    ).all()


def area_names(session: Session, areas: Collection[str]) -> dict[str, str]:
    """The governments of these division codes, each by the name of its topmost unit."""
    statement = select(Unit.area, Unit.name).ext(distinct_on(Unit.area)).where(Unit.area.in_(areas))
    rows = session.execute(statement.order_by(Unit.area, func.length(Unit.path), Unit.id))
    return {row.area: row.name for row in rows}
