"""Every address of pages and interface refuses whoever lacks the right, and writes nothing when it does."""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from tests.rights.scene import BESIDE, EVERYBODY, SECRET, Scene, build
from tests.rights.tables import API, OF_ONESELF, PAGES, PUBLIC, Need, filled
from tests.services.house import House
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.identity.policy import RULES
from workflow_service.store import tables
from workflow_service.store.database import Database
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment

PREFIX = "/api/v1"
REFUSED = (403, 404)
OWNERS_ONLY = ("token.revoke", "notice.read", "circulation.read", "instance.withdraw")
"""No role gives these: they belong to one person."""
PLACE = re.compile(r"<(?:[^:<>]+:)?(\w+)>")
Ask = Callable[[str, str], Any]
"""Who calls which address of the table: gives the answer."""


@pytest.fixture
def scene(database: Database, settings: Settings) -> Scene:
    house = House.build(database)
    return build(house, create_app(settings, database, lambda: house.now))


def addresses(scene: Scene, *, api: bool) -> set[str]:
    """Every method and rule of the pages, or of the interface (its own description belongs to the pages)."""
    found = {
        f"{method} {rule.rule}"
        for rule in scene.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.") is api
    }
    return {one.replace(f" {PREFIX}", " ") for one in found} if api else found


@pytest.mark.parametrize(("table", "api"), [(PAGES, False), (API, True)], ids=["pages", "api"])
def test_every_address_says_what_it_needs(scene: Scene, table: dict[str, Need], api: bool) -> None:
    assert set(table) == addresses(scene, api=api)
    assert {need.action for need in table.values()} <= {*RULES, *OWNERS_ONLY, PUBLIC, OF_ONESELF}


def page_asker(scene: Scene) -> Ask:
    """Calls pages, each person with a browser of his own."""
    visitors = {username: scene.visitor(username) for username in EVERYBODY}

    def ask(username: str, address: str) -> Any:
        method, path = _address(scene, address, PAGES[address])
        return visitors[username].open(path, method=method, data=PAGES[address].form(scene.ids))

    return ask


def api_asker(scene: Scene) -> Ask:
    """Calls the interface, each person with his token."""

    def ask(username: str, address: str) -> Any:
        need = API[address]
        method, path = _address(scene, address, need)
        caller = scene.caller(username)
        if need.files:
            files = {name: [(file, content)] for name, (content, file) in need.files.items()}
            return caller.upload(path, files, need.data)
        sends = method in ("POST", "PUT")
        return caller._call(method, path, {"json": filled(need.data, scene.ids)} if sends else {})

    return ask


def _address(scene: Scene, address: str, need: Need) -> tuple[str, str]:
    method, _, rule = address.partition(" ")
    ids = {**scene.ids, **filled(need.at, scene.ids)}
    return method, PLACE.sub(lambda place: str(ids[place[1]]), rule)


def restricted(table: dict[str, Need]) -> list[str]:
    return [address for address, need in table.items() if need.action not in (PUBLIC, OF_ONESELF)]


def everything(database: Database) -> dict[str, str]:
    """A sum over every row of every table; when tokens and accounts were last used is no change."""
    names = [table.name for table in tables.metadata.sorted_tables if table.name not in ("api_token",)]
    sums = ", ".join(
        f"(SELECT md5(coalesce(string_agg(row::text, '' ORDER BY row::text), '')) FROM {name} row) AS {name}" for name in names
    )
    with database.transaction() as session:
        return dict(session.execute(text(f"SELECT {sums}")).one()._mapping)


ASKERS = pytest.mark.parametrize(
    ("table", "asker"), [(PAGES, page_asker), (API, api_asker)], ids=["pages", "api"]
)


@ASKERS
def test_whoever_lacks_the_right_is_refused_and_nothing_is_written(
    scene: Scene, table: dict[str, Need], asker: Callable[[Scene], Ask]
) -> None:
    ask, wrong = asker(scene), []
    before = everything(scene.house.database)
    for address in restricted(table):
        for username in sorted(EVERYBODY - table[address].may):
            status = ask(username, address).status_code
            if status not in REFUSED:
                wrong.append((address, username, status))
        after = everything(scene.house.database)
        if after != before:
            wrong.append((address, "wrote", str([name for name in after if after[name] != before[name]])))
            before = after
    assert not wrong, listed(wrong)


@ASKERS
def test_whoever_has_the_right_is_let_in(scene: Scene, table: dict[str, Need], asker: Callable[[Scene], Ask]) -> None:
    """So that a refusal above is one of rights, and not of an address or a form that nobody could use."""
    ask, wrong = asker(scene), []
    for address in restricted(table):
        need = table[address]
        for username in sorted(need.may):
            with rehearsal(scene.house.database):
                answer = ask(username, address)
            bad = answer.status_code in (403, 404, 409) if not need.soft else answer.status_code == 403
            if bad or answer.status_code >= 500:
                wrong.append((address, username, answer.status_code))
    assert not wrong, listed(wrong)


@contextmanager
def rehearsal(database: Database) -> Iterator[None]:
    """Let every transaction of the block happen inside one that is rolled back at its end."""
    usual = database._sessions
    with database.engine.connect() as connection:
        outer = connection.begin()
        database._sessions = sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            database._sessions = usual
            outer.rollback()


@ASKERS
def test_nobody_reads_the_drafts_of_the_county_beside_in_any_list(
    scene: Scene, table: dict[str, Need], asker: Callable[[Scene], Ask]
) -> None:
    ask, leaks = asker(scene), []
    lists = [address for address, need in table.items() if address.startswith("GET ") and need.action != PUBLIC]
    for address in lists:
        for username in sorted(BESIDE):
            answer = ask(username, address)
            assert answer.status_code < 500, (address, username)
            if SECRET in shown(answer):
                leaks.append((address, username))
    assert not leaks, listed(leaks)
    own = [address for address in lists if SECRET in shown(ask("jb.supervisor", address))]
    assert len(own) > 8, own


def shown(answer: Any) -> str:
    """What can be read in an answer, a sheet or a document too."""
    content = answer.get_data()
    if not zipfile.is_zipfile(BytesIO(content)):
        return str(content.decode(errors="replace"))
    with zipfile.ZipFile(BytesIO(content)) as packed:
        return "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


def listed(found: list[Any]) -> str:
    return "\n".join(map(str, found))


def test_nobody_enters_without_signing_in(scene: Scene) -> None:
    wrong = []
    for table, prefix in ((PAGES, ""), (API, PREFIX)):
        for address, need in table.items():
            if need.action == PUBLIC:
                continue
            method, path = _address(scene, address, need)
            answer = scene.app.test_client().open(prefix + path, method=method, data=need.form(scene.ids) if not prefix else None)
            to_sign_in = answer.status_code == 302 and "/sign-in" in answer.headers["Location"]
            if answer.status_code != 401 and not to_sign_in:
                wrong.append((address, answer.status_code))
    assert not wrong, listed(wrong)




def test_an_issued_plan_is_open_to_all_and_the_work_on_its_revision_to_none_beside(scene: Scene) -> None:
    plan_id = scene.ids["plan_id"]
    with scene.house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        plan.status, plan.issued_on, plan.title = "issued", scene.house.now.date(), "已印发的规划"
        kept = {"sha256": "2" * 64, "size": 1, "media_type": "text/plain", "uploaded_at": scene.house.now}
        session.add(Attachment(name="b.txt", plan_id=plan_id, **kept))
        session.add(DeadlineChange(plan_id=plan_id, kind="by_hand", reason="内部理由", started_at=scene.house.now))
    work = ("b.txt", "内部理由", f"/tasks/{scene.ids['task_id']}", f"/instances/{scene.ids['instance_id']}")
    parts = ("events", "process-instances", "deadline-changes")
    for username in sorted(EVERYBODY):
        page = scene.visitor(username).get(f"/plans/{plan_id}")
        assert page.status_code == 200 and "已印发的规划" in page.text, username
        shown = [one for one in work if one in page.text]
        assert shown == ([] if username in BESIDE else list(work)), username
        assert ("a.txt" in page.text) is (username == "jb.handler"), username  # his draft's
        told = {scene.caller(username).get(f"/plans/{plan_id}/{part}").status_code for part in parts}
        assert told == {403 if username in BESIDE else 200}, username
