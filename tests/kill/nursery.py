"""Real processes of the service without the seconds that importing it takes: one process imports everything and forks them.

Each child is the `workflow` command with an environment of its own; it can be killed like any other. Rhythms go in small
chunks and hearts beat fast, so that a killed worker is noticed within seconds.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
LOOK_SECONDS = 0.01
ORDERS = 0


class Nursery:
    """Starts processes and tells when and how they ended."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            cwd=CHECKOUT, env=_bare_environment(), text=True, bufsize=1,
        )  # fmt: skip
        self._news = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        self._ready = False
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, *words: str, **settings: object) -> int:
        """Start `workflow …` and give its process id."""
        order = {"words": words, "settings": {name: str(value) for name, value in settings.items()}}
        with self._news:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            assert self._news.wait_for(lambda: self._started, 60), "the nursery does not answer"
            return self._started.pop()

    def ended(self, pid: int) -> int | None:
        """How a process ended (below zero: by which signal), None while it lives."""
        with self._news:
            return self._ended.get(pid)

    def wait(self, pid: int, seconds: float = 30) -> int:
        """Wait until a process has ended."""
        with self._news:
            assert self._news.wait_for(lambda: pid in self._ended, seconds), f"process {pid} does not end"
            return self._ended[pid]

    def close(self) -> None:
        """End the nursery; its children must have ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._log.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, number, *rest = line.split()
            with self._news:
                if word == "started":
                    self._started.append(int(number))
                else:
                    self._ended[int(number)] = int(rest[0])
                self._news.notify_all()


def _bare_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TONGCHOU_")}
    return {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "SECRET_KEY", "PORT")}


def _import_everything() -> None:
    from importlib import import_module

    from workflow_service import api

    for name in ("cli", "app", "jobs", "scheduler", "web", *(f"commands.{one}" for one in ("web", "worker", "scheduler"))):
        import_module(f"workflow_service.{name}")
    for noun in api.NOUNS:
        import_module(f"workflow_service.api.{noun}")


def _shorten_breaths() -> None:
    from workflow_service.jobs import queue
    from workflow_service.scheduler import triggers
    from workflow_service.services import bulletins, digests, weekly, weekly_ledgers

    queue.HEARTBEAT_SECONDS, queue.STALLED_AFTER_SECONDS, triggers.RESCUE_SECONDS = 0.5, 2.0, 1
    digests.PEOPLE_A_CHUNK = weekly.UNITS_A_CHUNK = weekly_ledgers.AREAS_A_CHUNK = bulletins.AREAS_A_CHUNK = 1


def _become(order: Mapping[str, Any]) -> None:
    """Be the command that was ordered; never returns."""
    from workflow_service import cli, failpoints

    code = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor, target in ((null, 0), (2, 1)):
            os.dup2(descriptor, target)
        os.setsid()
        os.environ.update(order["settings"])
        failpoints.arm(order["settings"].get("TONGCHOU_FAILPOINT", ""))
        sys.argv = ["workflow", *order["words"]]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Fork what is ordered, a line of JSON each; tell `started <pid>` and `ended <pid> <code>`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_everything()
    _shorten_breaths()
    buffer = b""
    while True:
        readable, _, _ = select.select([ORDERS], [], [], LOOK_SECONDS)
        if readable:
            arrived = os.read(ORDERS, 65536)
            if not arrived:
                return
            *lines, buffer = (buffer + arrived).split(b"\n")
            for line in lines:
                _fork(json.loads(line))
        _tell_the_dead()


def _fork(order: Mapping[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _become(order)
    print("started", pid, flush=True)


def _tell_the_dead() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        print("ended", pid, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
