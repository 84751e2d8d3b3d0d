"""The service starts, ends and refuses to start as its operator expects."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.databases import Databases
from tests.setup.processes import (
    PATIENCE_SECONDS,
    answers,
    children_of,
    free_port,
    is_alive,
    serving,
    until,
    workflow,
)
from workflow_service.cli import workflow as cli
from workflow_service.store.database import Database
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.embedded_process import read_pid_file

FRAMEWORK = Path(sys.executable).with_name("gunicorn")


def test_ctrl_c_ends_everything_and_the_next_start_has_all_data(var: Path) -> None:
    port = free_port()
    with serving(port=port, TONGCHOU_VAR=var) as process:
        server = _server_pid(var)
        with _own_database(var) as database, database.transaction() as session:
            session.execute(text("INSERT INTO code_series (name, last) VALUES ('ZX', 7)"))
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
    assert not is_alive(server)
    with (
        serving(port=port, TONGCHOU_VAR=var),
        _own_database(var) as database,
        database.transaction() as session,
    ):
        assert session.execute(text("SELECT last FROM code_series WHERE name = 'ZX'")).scalar_one() == 7


def test_a_killed_service_serves_again(var: Path) -> None:
    port = free_port()
    with serving(port=port, TONGCHOU_VAR=var) as process:
        process.kill()
        process.wait()
    with serving(port=port, TONGCHOU_VAR=var):
        assert answers(port)


def test_when_only_the_service_is_killed_its_worker_and_database_end_too(var: Path) -> None:
    with serving(port=free_port(), TONGCHOU_VAR=var) as process:
        server = _server_pid(var)
        until(lambda: children_of(process.pid))
        worker = children_of(process.pid)[0]
        process.kill()
        process.wait()
    until(lambda: not is_alive(worker) and not is_alive(server))


def test_a_killed_worker_is_started_again(var: Path) -> None:
    with serving(port=free_port(), TONGCHOU_VAR=var) as process:
        until(lambda: children_of(process.pid))
        killed = children_of(process.pid)[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: [pid for pid in children_of(process.pid) if pid != killed])


def test_a_database_that_is_killed_under_the_service_is_started_again(var: Path) -> None:
    port = free_port()
    with serving(port=port, TONGCHOU_VAR=var):
        killed = _server_pid(var)
        os.kill(killed, signal.SIGKILL)
        until(lambda: not is_alive(killed))
        until(lambda: answers(port))


def test_gunicorn_serves_with_several_processes(var: Path) -> None:
    port = free_port()
    command = [
        str(FRAMEWORK),
        "--workers",
        "2",
        "--threads",
        "4",
        "--timeout",
        "120",
        "--bind",
        f"127.0.0.1:{port}",
        "wsgi:app",
    ]
    with serving(*command, port=port, TONGCHOU_VAR=var):
        server = _server_pid(var)
    assert not is_alive(server)


def test_a_command_joins_the_database_of_the_running_service(var: Path) -> None:
    port = free_port()
    with serving(port=port, TONGCHOU_VAR=var):
        server = _server_pid(var)
        assert workflow("migrate", TONGCHOU_VAR=var).returncode == 0
        assert _server_pid(var) == server
        assert answers(port)


def test_a_taken_port_ends_the_start_with_one_line(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        _refuses("serve", "the port is taken", PORT=port, TONGCHOU_VAR=var)


def test_an_unreachable_database_ends_the_start_with_one_line() -> None:
    url = f"postgresql://someone:hidden@127.0.0.1:{free_port()}/plans"
    line = _refuses("serve", "cannot be reached", DATABASE_URL=url, SECRET_KEY="only-for-these-tests", PORT=free_port())
    assert "hidden" not in line


def test_a_database_of_a_newer_version_is_refused(databases: Databases) -> None:
    with databases.temporary(migrated=True) as url:
        _execute(url, "UPDATE alembic_version SET version_num = '9999'")
        for command in ("serve", "migrate"):
            _refuses(command, "newer version", DATABASE_URL=_plain(url), SECRET_KEY="only-for-these-tests", PORT=free_port())


def test_a_database_that_was_not_migrated_is_refused_with_the_command_that_helps(empty_url: str) -> None:
    settings = {"DATABASE_URL": _plain(empty_url), "SECRET_KEY": "only-for-these-tests"}
    _refuses("web", "workflow migrate", PORT=free_port(), **settings)
    assert workflow("migrate", **settings).returncode == 0
    with serving(sys.executable, "-m", "workflow_service.cli", "web", port=free_port(), **settings):
        pass


def test_a_missing_secret_key_is_refused_with_a_database_of_ones_own(migrated_url: str) -> None:
    _refuses("serve", "SECRET_KEY is not set", DATABASE_URL=_plain(migrated_url), PORT=free_port())


def test_the_embedded_default_makes_a_private_secret_key_and_keeps_it(var: Path) -> None:
    assert workflow("migrate", TONGCHOU_VAR=var).returncode == 0
    key = (var / "secret_key").read_text()
    assert len(key) >= 32
    assert (var / "secret_key").stat().st_mode & 0o077 == 0
    assert workflow("migrate", TONGCHOU_VAR=var).returncode == 0
    assert (var / "secret_key").read_text() == key


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("DATABASE_URL", "mysql://x"),
        ("SECRET_KEY", "short"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(variable: str, value: str) -> None:
    shown = CliRunner().invoke(cli, ["serve"], env={variable: value})
    assert shown.exit_code != 0
    assert shown.output.startswith(f"Error: {variable}: ")
    assert len(shown.output.strip().splitlines()) == 1


def test_every_command_explains_itself() -> None:
    context = click.Context(cli)
    names = cli.list_commands(context)
    assert {"serve", "web", "worker", "scheduler", "migrate"} <= set(names)
    for name in names:
        helped = CliRunner().invoke(cli, [name, "--help"])
        assert helped.exit_code == 0
        assert len(helped.output.splitlines()) > 6, f"workflow {name} --help says too little"


def _refuses(command: str, reason: str, **settings: object) -> str:
    done = workflow(command, **settings)
    lines = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert len(lines) == 1, done.stderr
    assert reason in lines[0]
    return lines[0]


def _server_pid(var: Path) -> int:
    stated = read_pid_file(var / "postgres" / "data")
    assert stated is not None
    return stated[0]


@contextlib.contextmanager
def _own_database(var: Path) -> Iterator[Database]:
    with EmbeddedServer(var) as server:
        database = Database(server.url())
        yield database
        database.close()


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(_plain(url)) as connection:
        connection.execute(statement.encode())
