"""An installation to measure: an embedded, durable PostgreSQL in a temporary folder, and the service's own processes."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import select

from tests.people import SYSTEM
from tests.services.house import House
from tests.setup.processes import CHECKOUT, answers, environment, free_port, until
from workflow_service import clock
from workflow_service.services.tokens import make_token
from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.people import User
from workflow_service.store.schema import migrate

TEMPLATE = "template_of_scenes"
HANDLER, ADMIN = "jb.handler", "jb.admin"


@dataclass(frozen=True)
class Served:
    """One process of the service; `port` is 0 for those that do not listen."""

    process: psutil.Process
    port: int = 0

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        used = self.process.cpu_times()
        return used.user + used.system

    @property
    def resident_bytes(self) -> int:
        """Memory that it holds now."""
        return int(self.process.memory_info().rss)


class Installation:
    """The server of one run of the benchmarks."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedServer(folder, durable=True)
        self._names = itertools.count(1)

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, parent: Path | None) -> Iterator[Installation]:
        """Start the server in a folder that is removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="tongchou-bench-", dir=parent))
        folder.chmod(0o755)
        made = cls(folder / "var")
        try:
            with made.server:
                made._prepare_template()
                yield made
        finally:
            shutil.rmtree(made.server.home.path, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def scene(self) -> Iterator[Scene]:
        """A new database with a small government in it, dropped afterwards."""
        name = f"scene_{next(self._names)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        scene = Scene(self, name)
        try:
            yield scene
        finally:
            scene.house.database.close()
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def server_cpu_seconds(self) -> float:
        """User and system time of the database server and its living processes so far."""
        found = psutil.Process(self.server.pid)
        return sum(_used(one) for one in (found, *found.children(recursive=True)))

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _prepare_template(self) -> None:
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        database = Database(self.server.url(TEMPLATE))
        migrate(database)
        with database.transaction() as session:
            session.connection().exec_driver_sql("CREATE SCHEMA tests")
        House.build(database)
        database.close()


class Scene:
    """One database, the house that plays in it, and the processes that serve it."""

    def __init__(self, installation: Installation, name: str) -> None:
        self.installation, self.name = installation, name
        self.url = installation.server.url(name)
        self.house = _house(Database(self.url))
        self.connection = psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True)
        self._tokens: dict[str, str] = {}

    def token(self, username: str) -> str:
        """A bearer token of one person."""
        if username not in self._tokens:
            with self.house.database.transaction() as session:
                owner = session.scalars(select(User).where(User.username == username)).one()
                made = make_token(session, SYSTEM, "bench", days=30, now=clock.now(), owner=owner)
                self._tokens[username] = made.text
        return self._tokens[username]

    @contextlib.contextmanager
    def run(self, *commands: str, web: int = 0, **settings: object) -> Iterator[list[Served]]:
        """Run `workflow <command>` for each command and so many web processes, first; they are ended after the block."""
        with contextlib.ExitStack() as running:
            served = [running.enter_context(self._process("web", free_port(), settings)) for _ in range(web)]
            served += [running.enter_context(self._process(command, 0, settings)) for command in commands]
            yield served

    @contextlib.contextmanager
    def _process(self, command: str, port: int, settings: dict[str, object]) -> Iterator[Served]:
        common = {"DATABASE_URL": self.url, "SECRET_KEY": "only-for-the-bench", "TONGCHOU_LOG_LEVEL": "error", **settings}
        process = subprocess.Popen(
            [sys.executable, "-m", "workflow_service.cli", command], cwd=CHECKOUT, start_new_session=True,
            env=environment(**common, **({"PORT": port} if port else {})), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if port:
                until(lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, f"workflow {command} ended"
            yield Served(psutil.Process(process.pid), port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """Ask the database directly, beside the service."""
        return self.connection.execute(statement.encode(), values or None).fetchall()

    def execute(self, statement: str, *values: object) -> None:
        """Do something in the database directly."""
        self.connection.execute(statement.encode(), values or None)


def _house(database: Database) -> House:
    """The government that the template brought along, at the present."""
    from tests import people

    with database.transaction() as session:
        people._built[str(database.url)] = people.Structure({}, {})
        users = {row.username: row.id for row in session.execute(select(User.username, User.id))}
    return House(database, people.Structure({}, users), now=clock.now())


def _used(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):
        used = process.cpu_times()
        return float(used.user + used.system)
    return 0.0
