"""Demos never touch what is real: other databases beside it, and a refusal where real people work."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.databases import Databases
from tests.people import NOW, SYSTEM
from tests.setup.processes import free_port, serving, workflow
from workflow_service.config import Settings
from workflow_service.demo import databases as places
from workflow_service.demo import registry
from workflow_service.demo.registry import Demo
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.units import UnitFacts, add_unit
from workflow_service.startup import in_database
from workflow_service.startup_error import StartError
from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.people import User

EMPTY = Demo(
    "small",
    "nothing but its mark",
    lambda database, catalogue, progress: ["told"],
    (("a.b", "经办", "waits"),),
)


@pytest.fixture
def own(databases: Databases) -> Iterator[Database]:
    """A migrated database of the test's own, which a demo may drop and build anew."""
    with databases.temporary(migrated=True) as url:
        database = Database(url)
        yield database
        database.close()


def test_a_database_with_a_real_user_is_refused_and_stays_as_it_is(own: Database) -> None:
    _real_person(own)
    with pytest.raises(StartError, match=r"holds 1 real user\(s\)"):
        places.refuse_unless_free(own)
    done = workflow("demo", "small", "--yes", DATABASE_URL=_plain(own), SECRET_KEY="only-for-these-tests")
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [f"Error: {_refusal(own)}"]
    with own.transaction() as session:
        assert session.scalars(select(User.username)).all() == ["real.person"]


def test_a_database_with_data_that_no_demo_put_there_is_refused(own: Database) -> None:
    with own.transaction() as session:
        add_unit(session, SYSTEM, UnitFacts(code="zj", name="浙江省", area="330000"), (), now=NOW)
    with pytest.raises(StartError, match="no demo put there"):
        places.refuse_unless_free(own)


def test_a_database_that_a_service_uses_is_refused(own: Database) -> None:
    other = Database(own.url)
    with other.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        with pytest.raises(StartError, match="in use"):
            places.refuse_unless_free(own)
    other.close()


def test_a_demo_is_marked_when_all_of_it_stands_and_may_be_filled_anew(own: Database) -> None:
    assert places.mark_of(own) is None
    for _time in range(2):
        places.refuse_unless_free(own)
        assert registry.fill(EMPTY, own, None, None) == ["told"]
        mark = places.mark_of(own)
        assert mark is not None
        assert (mark.name, mark.finished is None) == ("small", False)


def test_a_demo_that_was_interrupted_shows_it(own: Database) -> None:
    def fails(database: Database, catalogue: Path | None, progress: object) -> list[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        registry.fill(Demo("small", "", fails, ()), own, None, None)
    mark = places.mark_of(own)
    assert mark is not None
    assert mark.finished is None


def test_a_session_of_a_demo_is_none_of_the_real_database(tmp_path: Path) -> None:
    real = in_database(Settings(secret_key="key", var_dir=tmp_path), places.REAL)
    demo = in_database(Settings(secret_key="key", var_dir=tmp_path), "demo_small")
    assert real.secret_key != demo.secret_key
    assert real.uploads != demo.uploads


def test_what_was_chosen_is_opened_next_and_a_missing_demo_is_named(var: Path) -> None:
    with EmbeddedServer(var, durable=False) as server:
        assert places.chosen(var) is None
        places.create_missing(server, "demo_small")
        assert set(places.names_in(server)) == {"tongchou", "demo_small"}
        places.choose(var, "demo_district")
        refused = workflow("migrate", TONGCHOU_VAR=var)
        assert refused.returncode != 0
        assert "workflow demo district" in refused.stderr
        assert workflow("demo", "--leave", TONGCHOU_VAR=var).returncode == 0
        assert places.chosen(var) == "tongchou"
        assert "the real database is open" in workflow("demo", "--list", TONGCHOU_VAR=var).stdout


@pytest.mark.slow
def test_the_first_start_shows_the_small_demo_and_says_how_to_sign_in(
    var: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    command = ["workflow_service.cli", "serve", "--demo"]
    with serving(sys.executable, "-m", *command, port=port, TONGCHOU_VAR=var) as process:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    told = capfd.readouterr().out
    assert "tongchou-demo" in told
    assert "jb.drc.supervisor" in told
    assert places.chosen(var) == "demo_small"


def _real_person(database: Database) -> None:
    with database.transaction() as session:
        add_unit(session, SYSTEM, UnitFacts(code="zj", name="浙江省", area="330000"), ("admin",), now=NOW)
        facts = PersonFacts(username="real.person", name="管理员")
        add_person(session, SYSTEM, facts, [("zj", "admin")], now=NOW)


def _refusal(database: Database) -> str:
    with pytest.raises(StartError) as caught:
        places.refuse_unless_free(database)
    return str(caught.value)


def _plain(database: Database) -> str:
    return database.dsn
