"""The embedded PostgreSQL starts, is shared, survives what can happen to it, and leaves nothing behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.setup.processes import environment, is_alive, until
from workflow_service.startup_error import StartError
from workflow_service.store.embedded import EmbeddedServer
from workflow_service.store.embedded_process import orphans_of, read_pid_file

HOLD_A_SERVER = """
import sys, time
from pathlib import Path
from workflow_service.store.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), durable=False):
    print("started", flush=True)
    time.sleep(600)
"""


def test_what_was_written_is_there_at_the_next_start(var: Path) -> None:
    with _server(var) as server:
        _execute(server, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    with _server(var) as server:
        assert _ask(server, "SELECT n FROM kept") == 7


def test_it_stops_with_its_last_user_and_leaves_no_process_and_no_socket(var: Path) -> None:
    first, second = _server(var), _server(var)
    first.start()
    second.start()
    pid, socket_folder = first.pid, _socket_folder(first)
    assert second.pid == pid
    first.stop()
    assert _ask(second, "SELECT 1") == 1
    second.stop()
    assert not is_alive(pid)
    assert not socket_folder.exists()


def test_a_server_that_was_killed_recovers_with_all_its_data(var: Path) -> None:
    with EmbeddedServer(var) as server:
        _execute(server, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not server.is_alive())
        server.start()
        assert _ask(server, "SELECT n FROM kept") == 7


def test_those_who_used_a_killed_server_find_its_successor_at_the_same_address(var: Path) -> None:
    with _server(var) as server:
        address = server.url()
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not server.is_alive())
        server.start()
        assert server.url() == address


def test_after_kill_9_of_the_service_the_next_start_adopts_the_server_and_stops_it_at_the_end(
    var: Path,
) -> None:
    holder = _holder(var)
    pid = _stated_pid(var)
    holder.kill()
    holder.wait()
    assert is_alive(pid)
    with _server(var) as server:
        assert server.pid == pid
    assert not is_alive(pid)


def test_after_kill_9_of_everything_the_next_start_repairs_it(var: Path) -> None:
    holder = _holder(var)
    for pid in [_stated_pid(var), *orphans_of(_data(var)), holder.pid]:
        os.kill(pid, signal.SIGKILL)
    holder.wait()
    with _server(var) as server:
        assert _ask(server, "SELECT 1") == 1


def test_a_stale_pid_that_now_belongs_to_somebody_else_is_left_alone(var: Path) -> None:
    with _server(var):
        pass
    stranger = subprocess.Popen(["sleep", "600"])
    (_data(var) / "postmaster.pid").write_text(
        f"{stranger.pid}\n{_data(var)}\n0\n5432\n/tmp/tc-none\n\n\nready\n"
    )
    with _server(var) as server:
        assert _ask(server, "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_interrupted_creation_is_begun_again(var: Path) -> None:
    unfinished = var / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "half").touch()
    for folder in (var, var / "postgres"):
        folder.chmod(0o711)
    with _server(var) as server:
        assert _ask(server, "SELECT 1") == 1


def test_an_interrupted_start_leaves_no_server_behind(var: Path) -> None:
    with _server(var):
        pass
    for _ in range(3):
        holder = _started_holder(var)
        until(lambda: orphans_of(_data(var)))
        holder.send_signal(signal.SIGINT)
        holder.wait()
        until(lambda: orphans_of(_data(var)) == [])


def test_two_checkouts_run_side_by_side(var: Path) -> None:
    with _server(var) as one, _server(var.with_name("other")) as other:
        _execute(one, "CREATE TABLE only_here ()")
        assert _ask(other, "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'") == 0


def test_it_listens_on_a_private_socket_only_and_asks_for_a_password(var: Path) -> None:
    with _server(var) as server:
        assert _ask(server, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(_socket_folder(server).stat().st_mode) == 0o700
        without = server.url().replace("+psycopg", "").replace(server.home.password(), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(without)


def test_a_deep_folder_does_not_make_the_socket_address_too_long(var: Path) -> None:
    with _server(var / ("deep" * 20) / ("deeper" * 20)) as server:
        assert _ask(server, "SELECT 1") == 1


@pytest.mark.parametrize("version", [16, 18])
def test_both_delivered_versions_run(var: Path, version: int) -> None:
    with EmbeddedServer(var, version=version, durable=False) as server:
        assert int(_ask(server, "SHOW server_version_num")) // 10_000 == version


def test_data_of_another_version_are_refused_with_the_setting_that_helps(var: Path) -> None:
    with EmbeddedServer(var, version=16, durable=False):
        pass
    with pytest.raises(StartError, match="TONGCHOU_POSTGRES=16"):
        EmbeddedServer(var, version=18).start()


def test_a_server_that_cannot_start_says_why_in_one_line(var: Path) -> None:
    with _server(var):
        pass
    (_data(var) / "postgresql.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(StartError, match=r"shared_buffers|configuration") as caught:
        _server(var).start()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")
def test_as_root_it_runs_as_another_account_and_changes_no_rights_of_what_was_there(var: Path) -> None:
    before = _rights(var.parent, *var.parent.parents)
    with _server(var) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid not in (0,)
        assert stat.S_IMODE((var / "postgres" / "password").stat().st_mode) == 0o600
    assert _rights(var.parent, *var.parent.parents) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")
def test_as_root_below_a_closed_home_it_runs_from_a_folder_of_its_own(var: Path) -> None:
    var.parent.chmod(0o700)
    with _server(var) as server:
        home = server.home.path
        assert home.is_relative_to("/var/lib/tongchou")
        assert _ask(server, "SELECT 1") == 1
    assert stat.S_IMODE(var.parent.stat().st_mode) == 0o700
    moved = var.with_name("moved")
    var.rename(moved)
    with _server(moved) as server:
        assert server.home.path == home
    shutil.copytree(moved, var)
    with pytest.raises(StartError, match="copy of"):
        _server(var).start()
    shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_made_is_named(var: Path) -> None:
    var.parent.chmod(0o500)
    with pytest.raises(StartError, match="cannot make the folder"):
        _server(var).start()
    var.parent.chmod(0o700)


def _server(var: Path) -> EmbeddedServer:
    return EmbeddedServer(var, durable=False)


def _data(var: Path) -> Path:
    return var / "postgres" / "data"


def _stated_pid(var: Path) -> int:
    stated = read_pid_file(_data(var))
    assert stated is not None
    return stated[0]


def _started_holder(var: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD_A_SERVER, str(var)]
    return subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def _holder(var: Path) -> subprocess.Popen[str]:
    process = _started_holder(var)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def _socket_folder(server: EmbeddedServer) -> Path:
    return Path(server.url().partition("host=")[2])


def _execute(server: EmbeddedServer, *statements: str) -> None:
    with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _ask(server: EmbeddedServer, question: str) -> object:
    with psycopg.connect(server.url().replace("+psycopg", "")) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def _rights(*folders: Path) -> list[tuple[int, int, int]]:
    return [(entry.st_mode, entry.st_uid, entry.st_gid) for entry in map(Path.stat, folders)]
