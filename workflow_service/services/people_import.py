"""Importing people: every row is checked first, and either all rows are written or none (docs/domain.md §5).

Several rows with one log-in name give one person several posts; a log-in name that exists gets the post added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.i18n import N_
from workflow_service.identity import names, passwords
from workflow_service.identity.import_people import ImportRow, read_day
from workflow_service.identity.policy import areas_of_role, may, require, thing_of
from workflow_service.services.audit import record
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts, checked_facts
from workflow_service.services.units import business_day, flush_unique
from workflow_service.store import people_queries
from workflow_service.store.people import Membership, Post, Unit, User

Effect = Literal["new", "post", "same", "error"]


@dataclass(frozen=True)
class CheckedRow:
    """What one row would do, or every reason why it cannot."""

    row: ImportRow
    effect: Effect
    errors: tuple[TongchouError, ...] = ()


@dataclass(frozen=True)
class ImportCheck:
    """The dry run of an import."""

    rows: tuple[CheckedRow, ...]

    def count(self, effect: Effect) -> int:
        """How many rows have this effect."""
        return sum(1 for each in self.rows if each.effect == effect)

    @property
    def is_clean(self) -> bool:
        """Whether it may be carried out."""
        return self.count("error") == 0


@dataclass(frozen=True)
class ImportedPerson:
    """A person that an import set up, with the first password that is shown once."""

    username: str
    name: str
    unit: str
    temporary_password: str


@dataclass(frozen=True)
class ImportResult:
    """What an import wrote: new people, and how many posts were given altogether."""

    people: tuple[ImportedPerson, ...]
    posts: int


@dataclass
class _Known:
    """What the database already has of the names in the file, and what the rows before have claimed."""

    posts: dict[tuple[str, str], Post]
    units: dict[str, Unit]
    users: dict[str, User]
    held: set[tuple[int, int]]
    new: dict[str, PersonFacts] = field(default_factory=dict)
    given: set[tuple[str, int]] = field(default_factory=set)


class ImportRefused(InvalidInput):
    """Some rows cannot be imported, so none was."""

    code = "import_refused"
    text = N_("有 %(rows)d 行不能导入，没有写入任何内容。请按提示更正后重新上传。")


def check_import(session: Session, actor: Actor, rows: Sequence[ImportRow], *, now: datetime) -> ImportCheck:
    """Tell row by row what an import would do; writes nothing. Raises Forbidden for who administers no area."""
    require(actor, "people.manage")
    known = _known(session, rows, business_day(now))
    return ImportCheck(tuple(_checked(row, known, actor) for row in rows))


def run_import(session: Session, actor: Actor, rows: Sequence[ImportRow], *, now: datetime) -> ImportResult:
    """Set up all people and posts of the rows; raises ImportRefused, with nothing written, if one row does not fit."""
    check = check_import(session, actor, rows, now=now)
    if not check.is_clean:
        raise ImportRefused(rows=check.count("error"))
    known = _known(session, rows, business_day(now))
    people = _add_people(session, known, [each.row for each in check.rows if each.effect == "new"], now)
    given = [each.row for each in check.rows if each.effect in ("new", "post")]
    _add_posts(session, known, given, business_day(now))
    _sort(session, {known.users[row.username.lower()] for row in given})
    data = {"rows": len(rows), "people": [each.username for each in people], "posts": len(given)}
    record(session, actor, "people.import", "people", data, now=now)
    return ImportResult(tuple(people), len(given))


def posts_for_template(session: Session, actor: Actor) -> list[tuple[str, str, str, str]]:
    """Unit code, unit, post code and post of all posts that the actor may fill, in the order of the tree."""
    areas = areas_of_role(actor, "administrator")
    units = {unit.id: unit for unit in people_queries.units_below(session, areas)}
    posts = session.scalars(select(Post).where(Post.unit_id.in_(units)).order_by(Post.rank, Post.id)).all()
    order = {unit_id: place for place, unit_id in enumerate(units)}
    return [
        (units[post.unit_id].code, units[post.unit_id].name, post.code, post.name)
        for post in sorted(posts, key=lambda post: order[post.unit_id])
    ]


def _known(session: Session, rows: Sequence[ImportRow], today: date) -> _Known:
    codes = {row.unit for row in rows}
    statement = select(Post).join(Post.unit).where(Unit.code.in_(codes), Unit.active)
    posts: dict[tuple[str, str], Post] = {}
    for post in session.scalars(statement.options(contains_eager(Post.unit))):
        posts[post.unit.code, post.name] = post
    posts |= {(post.unit.code, post.code): post for post in posts.values()}
    usernames = {row.username.lower() for row in rows}
    users = {
        user.username: user for user in session.scalars(select(User).where(User.username.in_(usernames)))
    }
    ids = [user.id for user in users.values()]
    held = {(each.user_id, each.post_id) for each in people_queries.memberships_of(session, ids, today)}
    return _Known(posts, {post.unit.code: post.unit for post in posts.values()}, users, held)


def _checked(row: ImportRow, known: _Known, actor: Actor) -> CheckedRow:
    errors: list[TongchouError] = []
    facts = _facts(row, errors)
    post = _post(row, known, actor, errors)
    if facts is not None:
        _check_same_person(facts, known, errors)
    try:
        read_day(row.since)
    except InvalidInput as error:
        errors.append(error)
    if errors or facts is None or post is None:
        return CheckedRow(row, "error", tuple(errors))
    return CheckedRow(row, _effect(facts, post, known))


def _facts(row: ImportRow, errors: list[TongchouError]) -> PersonFacts | None:
    try:
        return checked_facts(
            PersonFacts(username=row.username, name=row.name, email=row.email, mobile=row.mobile)
        )
    except InvalidInput as error:
        errors.append(error)
        return None


def _post(row: ImportRow, known: _Known, actor: Actor, errors: list[TongchouError]) -> Post | None:
    post = known.posts.get((row.unit, row.post))
    if row.unit not in known.units:
        errors.append(InvalidInput(N_("没有代码为“%(unit)s”的在用单位。"), unit=row.unit))
    elif post is None:
        errors.append(InvalidInput(N_("单位“%(unit)s”没有岗位“%(post)s”。"), unit=row.unit, post=row.post))
    elif not may(actor, "people.manage", thing_of(post.unit.area_path)):
        errors.append(InvalidInput(N_("单位“%(unit)s”不在您的管理范围内。"), unit=post.unit.name))
    return post


def _check_same_person(facts: PersonFacts, known: _Known, errors: list[TongchouError]) -> None:
    user = known.users.get(facts.username)
    name = user.name if user else known.new.get(facts.username, facts).name
    if name != facts.name:
        errors.append(
            InvalidInput(N_("登录名“%(username)s”已属于“%(name)s”。"), username=facts.username, name=name)
        )
    if user is not None and not user.active:
        errors.append(InvalidInput(N_("“%(name)s”的账号已停用，请先恢复。"), name=user.name))


def _effect(facts: PersonFacts, post: Post, known: _Known) -> Effect:
    user = known.users.get(facts.username)
    given = (facts.username, post.id)
    if given in known.given or (user is not None and (user.id, post.id) in known.held):
        return "same"
    known.given.add(given)
    is_new = user is None and facts.username not in known.new
    known.new.setdefault(facts.username, facts)
    return "new" if is_new else "post"


def _add_people(
    session: Session, known: _Known, rows: Iterable[ImportRow], now: datetime
) -> list[ImportedPerson]:
    added = []
    for row in rows:
        facts = checked_facts(
            PersonFacts(username=row.username, name=row.name, email=row.email, mobile=row.mobile)
        )
        temporary, hashed = passwords.temporary_password()
        user = User(
            username=facts.username,
            name=facts.name,
            email=facts.email,
            mobile=facts.mobile,
            created_at=now,
            password_hash=hashed,
            must_change_password=True,
            pinyin=names.pinyin(facts.name, person=True),
            keywords=names.search_keys(facts.name, facts.username, person=True),
        )
        session.add(user)
        known.users[facts.username] = user
        added.append(ImportedPerson(facts.username, facts.name, known.units[row.unit].name, temporary))
    flush_unique(session)
    return added


def _add_posts(session: Session, known: _Known, rows: Iterable[ImportRow], today: date) -> None:
    for row in rows:
        user, post = known.users[row.username.lower()], known.posts[row.unit, row.post]
        session.add(Membership(user_id=user.id, post_id=post.id, since=read_day(row.since) or today))
    flush_unique(session)


def _sort(session: Session, users: Iterable[User]) -> None:
    by_id = {user.id: user for user in users}
    ranks: dict[int, int] = {}
    for held in people_queries.memberships_of(session, list(by_id), None):
        if held.until is None:
            ranks[held.user_id] = min(held.post.rank, ranks.get(held.user_id, names.NO_POST))
    for user_id, user in by_id.items():
        user.sort_key = names.sort_key(ranks.get(user_id, names.NO_POST), user.name, person=True)
