"""What every test may ask for: a real PostgreSQL with migrated tables, settings and a clock that stands still.

The server belongs to the test run alone. A test that asks for `database` finds the tables as the migrations left them.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import pytest

from tests.databases import Databases, TestServer
from tests.needs import browser
from workflow_service.config import Settings
from workflow_service.store.database import Database, DatabaseOptions

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that starts the tests in the background ignores Ctrl-C for them, and so would every process that they start
    signal.signal(signal.SIGINT, signal.default_int_handler)

CHINA = ZoneInfo("Asia/Shanghai")
OPTIONS = DatabaseOptions(lock_timeout_ms=5000, application="tongchou-test")

# how long an example takes says how busy the machine is, not whether the code is right
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The test run's own PostgreSQL server, shared by parallel test processes; gives fresh databases by name."""
    with TestServer.of_this_run() as server:
        yield Databases(server, owner=os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session")
def migrated_url(databases: Databases) -> str:
    """The address of this test process's database, migrated once."""
    return databases.clone("service")


@pytest.fixture
def database(migrated_url: str, tmp_path: Path) -> Iterator[Database]:
    """The database with every table as the migrations left it, emptied of what the test before wrote."""
    database = Database(migrated_url, replace(OPTIONS, files_dir=tmp_path / "var" / "files"))
    Databases.restore(database)
    yield database
    database.close()


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    """The address of a database without any table, gone after the test."""
    with databases.temporary() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings for one test: its own folder, the test database where the test has one, no mail."""
    uses_database = "database" in request.fixturenames
    url = request.getfixturevalue("migrated_url") if uses_database else None
    return Settings(
        database_url=url, secret_key="only-for-tests", var_dir=tmp_path / "var", log_level="warning"
    )


@pytest.fixture
def clock() -> "Clock":
    """A clock that stands at a Monday morning in the government's zone until the test moves it."""
    return Clock(datetime(2025, 11, 24, 9, 0, tzinfo=CHINA))


class Clock:
    """Callable like `workflow_service.clock.now`; the test sets `moment`."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """How Playwright starts the machine's Chromium; as root it has no sandbox. A missing browser fails the test."""
    executable = browser()
    if executable is None:
        pytest.fail("no Chromium on this machine: run `make browser`")
    return {"executable_path": executable, "args": ["--no-sandbox"] if os.geteuid() == 0 else []}
