"""The PostgreSQL server of a test run and the databases in it.

Emptying the tables that a test filled takes a few milliseconds, a fresh clone about thirty: so each test process
clones the migrated template once and puts it back in order before each test.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.embedded_process import read_pid_file, running_server, stop_server
from workflow_service.store.schema import migrate

PREFIX = "tongchou-tests-"
TEMPLATE = "tongchou_template"

EMPTY_WHAT_WAS_FILLED = """
CREATE SCHEMA tests;
CREATE TABLE tests.delivered (place regclass PRIMARY KEY, copy regclass);
DO $$
DECLARE place regclass; filled boolean; copy text;
BEGIN
  FOR place IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', place) INTO filled;
    IF filled AND place::text NOT IN ('alembic_version', 'job_queue_schema') THEN
      copy := 'tests.copy_' || place::oid;
      EXECUTE format('CREATE TABLE %s AS TABLE %s', copy, place);
      INSERT INTO tests.delivered VALUES (place, copy::regclass);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION tests.restore() RETURNS void LANGUAGE plpgsql AS $$
DECLARE target regclass; filled boolean; original regclass;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR target IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname NOT IN ('alembic_version', 'job_queue_schema') LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
    CONTINUE WHEN NOT filled;
    EXECUTE format('DELETE FROM %s', target);
    SELECT copy INTO original FROM tests.delivered d WHERE d.place = target;
    IF original IS NOT NULL THEN
      EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE %s', target, original);
    END IF;
  END LOOP;
END $$;
"""
DISCONNECT_THE_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class TestServer:
    """The embedded server of one test run in a temporary folder, without the cost of durability."""

    __test__ = False

    def __init__(self, folder: Path, version: int) -> None:
        self._folder = folder
        self._server = EmbeddedServer(folder, version=version, durable=False)

    @classmethod
    @contextlib.contextmanager
    def of_this_run(cls) -> Iterator["TestServer"]:
        """Join the run's server; the last test process stops it and removes the folder."""
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
        folder = Path(tempfile.gettempdir()) / f"{PREFIX}{os.geteuid()}-{run}"
        if not folder.exists():
            _remove_what_killed_runs_left()
        server = cls(folder, int(os.environ.get("TONGCHOU_POSTGRES", "18")))
        server._server.start()
        try:
            server._prepare_template()
            yield server
        finally:
            server._server.stop()
            if running_server(server._server.home.data) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return self._server.url(database)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self._server.home.log

    def execute(self, *statements: str) -> None:
        """Run statements outside a transaction in the maintenance database."""
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _prepare_template(self) -> None:
        with (self._folder / "template.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self._folder / "template.done"
            if done.exists():
                return
            self.execute(f"CREATE DATABASE {TEMPLATE}")
            database = Database(self.url(TEMPLATE))
            migrate(database)
            database.close()
            with psycopg.connect(self.url(TEMPLATE).replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute(EMPTY_WHAT_WAS_FILLED.encode())
            done.touch()


class Databases:
    """Databases of one test process in the run's server."""

    def __init__(self, server: TestServer, owner: str) -> None:
        self._server = server
        self._owner = owner
        self._numbers = itertools.count(1)

    @property
    def log(self) -> Path:
        """What the server says; statements only of databases that ask for it."""
        return self._server.log

    def clone(self, name: str) -> str:
        """The address of a new migrated database."""
        return self._created(name, f"TEMPLATE {TEMPLATE} STRATEGY file_copy")

    @contextlib.contextmanager
    def temporary(self, *, migrated: bool = False) -> Iterator[str]:
        """The address of a new database, migrated or without any table, that is dropped after the block."""
        name = f"temporary_{next(self._numbers)}"
        url = self.clone(name) if migrated else self._created(name, "TEMPLATE template0")
        yield url
        self._server.execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    @staticmethod
    def restore(database: Database) -> None:
        """Bring every table back to what the migrations left; connections of former tests are ended."""
        with database.engine.connect() as connection:
            connection.exec_driver_sql(DISCONNECT_THE_OTHERS)
            connection.exec_driver_sql("SELECT tests.restore()")
            connection.commit()

    def _created(self, name: str, how: str) -> str:
        full_name = f"{self._owner}_{name}"
        self._server.execute(f'CREATE DATABASE "{full_name}" {how}')
        return self._server.url(full_name)


def _remove_what_killed_runs_left() -> None:
    """A killed run leaves a server without users: stop it and remove its folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}{os.geteuid()}-*"):
        with contextlib.suppress(OSError), (folder / "postgres" / "users.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = folder / "postgres" / "data"
            if (stated := read_pid_file(data)) is not None:
                stop_server(stated[0], data)
                shutil.rmtree(stated[1], ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
