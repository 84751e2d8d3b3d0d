"""The embedded PostgreSQL: one server per checkout, shared by all its processes, stopped by the last of them.

Two lock files keep order. `start.lock` is held while somebody starts or stops the server. `users.lock` is held,
shared, by every process that uses it; locks vanish with their process, so nothing has to be tidied up after
`kill -9`: the next start adopts a server that still runs, or recovers one that was killed, and the last user stops it.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psycopg
from psycopg import sql

from workflow_service.startup_error import StartError

from .embedded_home import Home, binaries, prepare_home
from .embedded_process import (
    RunningServer,
    clear_orphans,
    is_server_of,
    read_pid_file,
    running_server,
    stop_server,
)

OWNER = "tongchou"
DATABASE = "tongchou"
START_PATIENCE_SECONDS = 120.0
LARGEST_LOG_BYTES = 5_000_000

# Nothing listens on TCP, so no port can be taken and no other machine can reach the server.
ALWAYS = {"listen_addresses": "", "unix_socket_permissions": "0700", "timezone": "UTC", "log_timezone": "UTC"}
DURABLE = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
}
THROWAWAY = DURABLE | {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServer:
    """The server of one var folder; use it as a context manager, or call `start` and `stop`."""

    def __init__(
        self, var: Path, *, version: int = 18, root_account: str = "nobody", durable: bool = True
    ) -> None:
        self._var = var.resolve()
        self._version = version
        self._root_account = root_account
        self._parameters = ALWAYS | (DURABLE if durable else THROWAWAY)
        self._durable = durable
        self._home: Home | None = None
        self._lease: IO[bytes] | None = None
        self._server: RunningServer | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "EmbeddedServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def home(self) -> Home:
        """The folder and account of the server; made at the first use."""
        if self._home is None:
            self._home = prepare_home(self._var, self._root_account)
        return self._home

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._running().pid

    def url(self, database: str = DATABASE) -> str:
        """The SQLAlchemy address of a database in the running server."""
        return f"postgresql+psycopg://{OWNER}:{self.home.password()}@/{database}?host={self._running().socket_dir}"

    def is_alive(self) -> bool:
        """Whether the server still runs."""
        return self._server is not None and is_server_of(self._server.pid, self.home.data)

    def start(self) -> None:
        """Start the server or join the one that runs; returns when it answers. Raises StartError."""
        with self._alone():
            if self._lease is None:
                self._lease = self._open_lock("users.lock")
                fcntl.flock(self._lease, fcntl.LOCK_SH)
            try:
                self._server = self._joined() or self._started()
                self._ensure_database()
            except BaseException:
                self._leave()
                raise

    def stop(self) -> None:
        """Stop using the server; whoever is the last stops it."""
        if self._lease is None:
            return
        with self._alone():
            self._leave()

    def _leave(self) -> None:
        lease, self._lease = self._lease, None
        if lease is None:
            return
        with lease, suppress(BlockingIOError):
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._shut_down()

    def _shut_down(self) -> None:
        server, child = running_server(self.home.data), self._child
        if server is not None:
            stop_server(server.pid, self.home.data)
            _remove_socket_folder(server.socket_dir)
        if child is not None:
            stop_server(child.pid, self.home.data)  # interrupted before it wrote its pid file
            child.wait()
        self._server = self._child = None

    def _running(self) -> RunningServer:
        if self._server is None:
            raise StartError("the embedded database has not been started")
        return self._server

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._open_lock("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _open_lock(self, name: str) -> IO[bytes]:
        """Locks are private, or another account could hold them and keep us from starting."""
        return open(self.home.path / name, "ab", opener=_privately)

    def _joined(self) -> RunningServer | None:
        found = running_server(self.home.data)
        return None if found is None else self._wait_until_ready(found.pid)

    def _started(self) -> RunningServer:
        programs = binaries(self.home, self._version)
        if not self.home.data.exists():
            self._initialise(programs)
        self._check_version()
        self._clear_what_a_crash_left()
        return self._launch(programs)

    def _check_version(self) -> None:
        made_by = (self.home.data / "PG_VERSION").read_text().strip()
        if made_by != str(self._version):
            raise StartError(
                f"the database in {self.home.data} was made by PostgreSQL {made_by}: set TONGCHOU_POSTGRES={made_by}"
            )

    def _initialise(self, programs: Path) -> None:
        """Create the cluster beside its final place, so that an interrupted attempt is not taken for a database."""
        unfinished = self.home.path / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.home.private_folder(unfinished)
        word_file = self._password_file()
        command = [
            str(programs / "initdb"),
            "-D",
            str(unfinished),
            "-U",
            OWNER,
            "--pwfile",
            str(word_file),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--text-search-config=simple",
        ]
        if not self._durable:
            command.append("--no-sync")
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, **self._surroundings()
            )
        finally:
            word_file.unlink()
        if done.returncode:
            raise StartError(f"the embedded database could not be created: {_last_line(done.stderr)}")
        unfinished.rename(self.home.data)

    def _password_file(self) -> Path:
        descriptor, name = tempfile.mkstemp(dir=self.home.path)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(self.home.password())
        self.home.hand_over(Path(name))
        return Path(name)

    def _clear_what_a_crash_left(self) -> None:
        stated = read_pid_file(self.home.data)
        clear_orphans(self.home.data)
        if stated is not None:
            (self.home.data / "postmaster.pid").unlink(missing_ok=True)
            _empty_socket_folder(stated[1])

    def _launch(self, programs: Path) -> RunningServer:
        socket_dir = self._socket_folder()
        parameters = self._parameters | {"unix_socket_directories": str(socket_dir)}
        command = [str(programs / "postgres"), "-D", str(self.home.data)]
        command += [word for name, value in parameters.items() for word in ("-c", f"{name}={value}")]
        with self._fresh_log() as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._surroundings(),
            )
        return self._wait_until_ready(self._child.pid)

    def _socket_folder(self) -> Path:
        """The folder of the last run if it is still ours, so that those who use a killed server find its successor."""
        memory = self.home.path / "socket-folder"
        former = Path(memory.read_text()) if memory.exists() else None
        if former is not None and self.home.is_private(former):
            return former
        folder = Path(tempfile.mkdtemp(prefix="tc-", dir=_short_temporary_folder()))
        self.home.hand_over(folder)
        memory.write_text(str(folder))
        return folder

    def _fresh_log(self) -> IO[bytes]:
        log = self.home.log
        if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        return open(log, "ab", opener=_privately)

    def _surroundings(self) -> dict[str, Any]:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(self.home.path)}
        return {"env": environment, "cwd": self.home.path, **self.home.identity()}

    def _wait_until_ready(self, pid: int) -> RunningServer:
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = running_server(self.home.data)
            if found is not None and found.pid == pid and found.is_ready:
                return found
            if self._has_ended(pid):
                raise StartError(
                    f"the embedded database did not start: {_last_line(self.home.log.read_text())}"
                )
            time.sleep(0.01)
        raise StartError(
            f"the embedded database did not answer within {START_PATIENCE_SECONDS:.0f} s, see {self.home.log}"
        )

    def _has_ended(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is not None
        return not is_server_of(pid, self.home.data)

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _short_temporary_folder() -> str:
    """Addresses of Unix sockets hold about 100 bytes, so a deep TMPDIR will not do."""
    return "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else tempfile.gettempdir()


def _empty_socket_folder(folder: Path) -> None:
    """The lock file beside a socket names a pid too, and PostgreSQL believes it."""
    if folder.name.startswith("tc-"):
        for entry in folder.glob(".s.PGSQL.*"):
            entry.unlink()


def _remove_socket_folder(folder: Path) -> None:
    if folder.name.startswith("tc-"):
        shutil.rmtree(folder, ignore_errors=True)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line]
    return (telling or lines or ["no reason given"])[-1]
