"""The demos that `workflow demo` can fill, and who can sign in to each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from workflow_service import clock
from workflow_service.domain.deadlines import CHINA
from workflow_service.services.business_clock import set_clock, stored_moment
from workflow_service.store.database import Database

from . import databases
from .people import PASSWORD
from .walk import Progress

Build = Callable[[Database, Path | None, Progress | None], list[str]]
SignIn = tuple[tuple[str, str, str], ...]  # log-in name, post, what this person does


@dataclass(frozen=True)
class Demo:
    """One demo; `build` fills an empty, migrated database and gives lines to be told. `stands_at` None: it lives today."""

    name: str
    about: str
    build: Build
    sign_in: SignIn
    stands_at: datetime | None = None

    @property
    def database(self) -> str:
        """Its database in the embedded server."""
        return databases.PREFIX + self.name


def fill(demo: Demo, database: Database, catalogue: Path | None, progress: Progress | None) -> list[str]:
    """Empty the database and fill it; it counts as this demo once everything stands. Gives the lines to be told."""
    databases.renew(database, demo.name)
    told = demo.build(database, catalogue, progress)
    with database.transaction() as session:
        if demo.stands_at is not None and stored_moment(session) is None:
            set_clock(session, demo.stands_at)
        databases.mark(session, demo.name, clock.now())
    return told


def sign_in_lines(demo: Demo) -> list[str]:
    """How to sign in, for the terminal."""
    width = max(len(username) for username, _post, _does in demo.sign_in)
    rows = [f"  {username:<{width}}  {post}: {does}" for username, post, does in demo.sign_in]
    return [f"demo {demo.name}: everybody's password is {PASSWORD}; the people are constructed", *rows]


def _small(database: Database, catalogue: Path | None, progress: Progress | None) -> list[str]:
    from .small import build

    build(database, clock.now(), progress)
    return []


def _zhejiang(database: Database, catalogue: Path | None, progress: Progress | None) -> list[str]:
    from .zhejiang import build

    found = build(database, catalogue, progress)
    return [f"{one.title}: {one.field} is {one.table} by the table, {one.file} in the file" for one in found]


def _district(database: Database, catalogue: Path | None, progress: Progress | None) -> list[str]:
    from .district import build

    build(database, progress)
    return []


def _jiangbei(database: Database, catalogue: Path | None, progress: Progress | None) -> list[str]:
    from .jiangbei import build

    build(database, progress)
    return []


def demos() -> dict[str, Demo]:
    """Give every demo by name."""
    from . import district, jiangbei, small, zhejiang

    closes = datetime.combine(zhejiang.CLOSES, time(18, 0), CHINA)
    all_of_them = (
        Demo("small", "a county with plans in all stages, today", _small, small.SIGN_IN),
        Demo("zhejiang", "179 provincial plans up to 30 June 2021", _zhejiang, ZHEJIANG_SIGN_IN, closes),
        Demo("district", "a district's calendar, October 2019 to December 2020", _district, district.SIGN_IN, district.STANDS_AT),
        Demo("jiangbei", "a mid-term evaluation with 18 objects, 2023", _jiangbei, jiangbei.SIGN_IN, jiangbei.STANDS_AT),
    )  # fmt: skip
    return {demo.name: demo for demo in all_of_them}


ZHEJIANG_SIGN_IN: SignIn = (
    ("zj.drc.designer", "流程设计", "changes routes, decision tables and forms and deploys them"),
    ("zj.drc.supervisor", "督办", "sees the board and the ledger, releases bulletins"),
    ("zj.drc.planner", "规划处", "keeps the catalogue, coordinates plans"),
    ("zj.government_office.leader", "领导", "decides and signs, reads bulletins"),
    ("zj.drc.admin", "管理员", "keeps units, posts and people"),
)
