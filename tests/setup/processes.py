"""Starting, watching and killing real processes of the service in tests."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120.0


def environment(**settings: object) -> dict[str, str]:
    """The surroundings of a process with nothing set but `settings`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TONGCHOU_")}
    for name in ("DATABASE_URL", "SECRET_KEY", "PORT"):
        kept.pop(name, None)
    return kept | {"PYTHONPATH": str(CHECKOUT)} | {name: str(value) for name, value in settings.items()}


def workflow(*words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `workflow …` to its end."""
    command = [sys.executable, "-m", "workflow_service.cli", *words]
    return subprocess.run(
        command,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@contextlib.contextmanager
def serving(*words: str, port: int, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run `workflow serve` or another server until it answers; it is ended at the end of the block."""
    command = words or (sys.executable, "-m", "workflow_service.cli", "serve")
    process = subprocess.Popen(
        command, env=environment(PORT=port, **settings), cwd=CHECKOUT, start_new_session=True
    )
    try:
        until(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, "the server ended"
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def answers(port: int, path: str = "/readyz") -> bool:
    """Whether the server on `port` says that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until `condition` holds; fail when it does not come."""
    deadline = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def children_of(pid: int) -> list[int]:
    """The living Python processes that a process started: the worker, not the database server."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"workflow_service.cli" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found
