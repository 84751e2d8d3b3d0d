"""Which processes belong to one embedded server: a pid counts only if its command line names our data folder."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunningServer:
    """A postmaster that runs on our data folder."""

    pid: int
    socket_dir: Path
    is_ready: bool


def read_pid_file(data: Path) -> tuple[int, Path, bool] | None:
    """The pid, socket folder and readiness that postmaster.pid states, whether or not that process lives."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), Path(lines[4] if len(lines) > 4 else ""), lines[-1].strip() == "ready"
    except (FileNotFoundError, IndexError, ValueError):
        return None


def running_server(data: Path) -> RunningServer | None:
    """The server on `data`, or None when there is none, whatever a stale pid file says."""
    stated = read_pid_file(data)
    if stated is None or not is_server_of(stated[0], data):
        return None
    return RunningServer(*stated)


def is_server_of(pid: int, data: Path) -> bool:
    """Whether the process is a postgres that was started with our data folder."""
    words = _command_line(pid)
    return bool(words) and Path(words[0]).name.startswith("postgres") and str(data) in words


def _command_line(pid: int) -> list[str]:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            return []
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()


def orphans_of(data: Path) -> list[int]:
    """Processes of a killed server that still stand in its data folder (Linux only; elsewhere none are found)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") == str(data) and (entry / "cmdline").read_bytes().startswith(
                b"postgres"
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def clear_orphans(data: Path, patience_seconds: float = 5.0) -> None:
    """Wait for the processes that a killed server left behind, then kill those that stay."""
    deadline = time.monotonic() + patience_seconds
    while remaining := orphans_of(data):
        if time.monotonic() > deadline:
            for pid in remaining:
                _send(pid, signal.SIGKILL)
        time.sleep(0.02)


def stop_server(pid: int, data: Path, patience_seconds: float = 30.0) -> None:
    """Shut the server down: at once but in good order, then without, then by force."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not is_server_of(pid, data):
            return
        _send(pid, number)
        if _gone(pid, data, patience_seconds):
            return


def _gone(pid: int, data: Path, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while is_server_of(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
