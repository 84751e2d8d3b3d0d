"""Constructed units, posts and people for demos: everyone is named after the post, nobody is invented.

Log-in names are `<unit code>.<post>`; all share one password, which the demo command prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.identity.groups import structure_changed
from workflow_service.identity.names import pinyin, search_keys, sort_key
from workflow_service.identity.passwords import hash_password
from workflow_service.store.people import Membership, Post, Unit, User

PASSWORD = "tongchou-demo"  # printed with the log-ins of constructed people only
SINCE = date(2015, 1, 1)
POSTS = {"handler": ("经办", "", 30), "leader": ("负责人", "leader", 10), "registry": ("收发", "", 40)}
OFFICE_POSTS = {"planner": ("规划处", "", 20)}
SPECIAL_POSTS = {
    "planner": ("规划处", "", 20),
    "designer": ("流程设计", "designer", 25),
    "supervisor": ("督办", "supervisor", 15),
    "admin": ("管理员", "administrator", 50),
}
OFFICES = {
    "drc": "发展改革委",
    "government_office": "政府办公厅",
    "party_office": "委办公厅",
    "congress_office": "人大常委会办公厅",
    "ecology": "生态环境厅",
    "water": "水利厅",
    "natural_resources": "自然资源厅",
    "inspection_office": "政府督查室",
}
NUMBERED_AS = {
    "government_office": "政办发",
    "drc": "发改",
    "party_office": "党办",
    "congress_office": "人大",
}


@dataclass(frozen=True)
class Area:
    """One government: its division code, name, level, the path of areas above it, and how units are prefixed in log-in names."""

    code: str
    name: str
    level: str
    path: str
    prefix: str
    document_prefix: str


def seed_units(
    session: Session, area: Area, units: Iterable[tuple[str, str, str]], *, now: datetime
) -> dict[str, Unit]:
    """Create units of one government with their posts and people; `units` are (code, name, relation). Gives them by name."""
    password = _hash_of_all()
    root = _unit(session, area, area.prefix, area.name, "", None)
    found = {area.name: root}
    held: list[tuple[Post, User]] = []
    for code, name, relation in units:
        unit = _unit(session, area, f"{area.prefix}.{code}", name, relation, root)
        found[name] = unit
        for post_code, (post_name, role, rank) in _posts(relation).items():
            held.append(_staff(unit, post_code, post_name, role, rank, password, now))
    session.add_all(one for pair in held for one in pair)
    session.flush()
    session.add_all(Membership(user_id=user.id, post_id=post.id, since=SINCE) for post, user in held)
    structure_changed(session)
    return found


@cache
def _hash_of_all() -> str:
    """One hash for everybody: hashing is slow on purpose, and the password is printed anyway."""
    return hash_password(PASSWORD)


def username_of(unit_code: str, post_code: str) -> str:
    """Give the log-in name of the constructed person in a post."""
    return f"{unit_code}.{post_code}"


def _posts(relation: str) -> dict[str, tuple[str, str, int]]:
    if relation == "drc":
        return POSTS | SPECIAL_POSTS
    if relation in ("government_office", "inspection_office"):
        return POSTS | {"supervisor": SPECIAL_POSTS["supervisor"]}
    return POSTS | OFFICE_POSTS


def _unit(session: Session, area: Area, code: str, name: str, relation: str, parent: Unit | None) -> Unit:
    short = name.removeprefix(area.name)
    short = area.name[-1] + short if short.startswith("委") else short  # 江北区委办公室 is for short 区委办公室
    unit = Unit(
        code=code,
        name=name,
        short_name=short or name,
        level=area.level,
        area=area.code,
        area_path=area.path,
        relation=relation,
        parent_id=parent.id if parent else _unit_above(session, area),
        path=f"{parent.path if parent else ''}{code}/",
        pinyin=pinyin(name),
        keywords=search_keys(name, short, code),
        sort_key=sort_key((len(relation) and 10) or 50, name),
        document_prefix=area.document_prefix + (NUMBERED_AS.get(relation, short[:2]) if parent else ""),
        active=True,
    )
    session.add(unit)
    session.flush()
    return unit


def _unit_above(session: Session, area: Area) -> int | None:
    above = area.path.rstrip("/").rsplit("/", 1)[0].rsplit("/", 1)[-1]
    if not above:
        return None
    return session.scalars(
        select(Unit.id).where(Unit.area == above, Unit.parent_id.is_(None)).limit(1)
    ).first()


def _staff(
    unit: Unit, code: str, name: str, role: str, rank: int, password: str, now: datetime
) -> tuple[Post, User]:
    post = Post(unit_id=unit.id, code=code, name=name, role=role, rank=rank)
    full_name = f"{unit.short_name}{name}"
    user = User(
        username=username_of(unit.code, code),
        name=full_name,
        pinyin=pinyin(full_name),
        keywords=search_keys(full_name, username_of(unit.code, code)),
        sort_key=sort_key(rank, full_name),
        email=f"{username_of(unit.code, code)}@example.invalid",
        password_hash=password,
        constructed=True,
        created_at=now,
    )
    return post, user
