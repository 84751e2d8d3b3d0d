"""A small constructed government for tests: 浙江省 – 宁波市 – 江北区 and 海曙区 – one town, with units and people."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service.identity.passwords import hash_password
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.units import UnitFacts, add_unit
from workflow_service.store import people_queries
from workflow_service.store.people import Unit, User

NOW = datetime(2025, 11, 24, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
TODAY = NOW.date()
PASSWORD = "constructed password 1"
SYSTEM = Actor.system("cli")
ALL_POSTS = ("leader", "supervisor", "planner", "handler", "registry", "designer", "admin")

UNITS = (
    ("zj", "浙江省人民政府", "330000", "", ""),
    ("zj.drc", "浙江省发展和改革委员会", "330000", "zj", "drc"),
    ("nb", "宁波市人民政府", "330200", "zj", ""),
    ("nb.drc", "宁波市发展和改革委员会", "330200", "nb", "drc"),
    ("nb.office", "宁波市人民政府办公厅", "330200", "nb", "government_office"),
    ("jb", "江北区人民政府", "330205", "nb", ""),
    ("jb.drc", "江北区发展和改革局", "330205", "jb", "drc"),
    ("jb.energy", "江北区能源局", "330205", "jb", ""),
    ("jb.ecology", "宁波市生态环境局江北分局", "330205", "jb", "ecology"),
    ("hs", "海曙区人民政府", "330203", "nb", ""),
    ("hs.drc", "海曙区发展和改革局", "330203", "hs", "drc"),
    ("cc", "慈城镇人民政府", "330205104", "jb", ""),
)
PEOPLE = (
    ("zj.admin", "省发展改革委·管理员", ("zj.drc", "admin")),
    ("nb.planner", "市发展改革委·规划处", ("nb.drc", "planner")),
    ("jb.admin", "区发展改革局·管理员", ("jb.drc", "admin")),
    ("jb.supervisor", "区发展改革局·督办", ("jb.drc", "supervisor")),
    ("jb.handler", "区能源局·经办", ("jb.energy", "handler")),
    ("hs.admin", "海曙区发展改革局·管理员", ("hs.drc", "admin")),
    ("hs.handler", "海曙区发展改革局·经办", ("hs.drc", "handler")),
)


COPIED = ("unit", "post", "user_account", "membership", "setting", "audit_record", "audit_chain")
_built: dict[str, "Structure"] = {}


@dataclass(frozen=True)
class Structure:
    """Ids by code and log-in name."""

    units: dict[str, int]
    people: dict[str, int]


def build_structure(session: Session) -> Structure:
    """Set everything up through the services, as the command line would; the next test of the process gets copies of the rows."""
    database = str(session.get_bind().engine.url)
    if database not in _built:
        units = {code: _unit(session, code, *rest).id for code, *rest in UNITS}
        people = {username: _person(session, username, name, post).id for username, name, post in PEOPLE}
        session.flush()
        for table in COPIED:
            session.execute(text(f"CREATE TABLE tests.built_{table} AS TABLE {table}"))
        _built[database] = Structure(units, people)
        return _copy(_built[database])
    for table in COPIED:
        session.execute(text(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE tests.built_{table}"))
    return _copy(_built[database])


def _copy(built: Structure) -> Structure:
    """One test adds people of its own without another's finding them."""
    return Structure(dict(built.units), dict(built.people))


def actor_of(session: Session, username: str) -> Actor:
    """The actor that a request of this person would have."""
    from workflow_service.identity.access import actor_for

    user = people_queries.user_by_name(session, username)
    assert user is not None
    return actor_for(session, user, "web", "127.0.0.1", TODAY)


def _unit(session: Session, code: str, name: str, area: str, parent: str, relation: str) -> Unit:
    facts = UnitFacts(code=code, name=name, area=area, parent=parent, relation=relation)
    return add_unit(session, SYSTEM, facts, ALL_POSTS, now=NOW)


def _person(session: Session, username: str, name: str, post: tuple[str, str]) -> User:
    facts = PersonFacts(username=username, name=name)
    return add_person(
        session, SYSTEM, facts, [post], now=NOW, password_hash=password_hash(), constructed=True
    ).user


@cache
def password_hash() -> str:
    """The one password of all constructed people, hashed once: argon2 is slow on purpose."""
    return hash_password(PASSWORD)
