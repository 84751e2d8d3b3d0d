"""Scheduler processes over one PostgreSQL whose clock the test moves: at a moment each does what the service's own does.

The service's triggers go by the machine's minutes, so a month of business time cannot wait for them. Each process here is told
the moment on a line of its input, carries the same triggers out on connections of its own, and answers with a line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from workflow_service.scheduler import triggers
from workflow_service.store.database import Database

CHECKOUT = Path(__file__).resolve().parents[2]
CATCH_UP = 3
DONE = "done"


class Schedulers:
    """Several of them; whoever is killed is started again."""

    def __init__(self, url: URL, number: int) -> None:
        self._url = url.render_as_string(hide_password=False)
        self._processes = [self._start() for _ in range(number)]
        self.killed = 0

    def at(self, moment: datetime) -> None:
        """Let all of them look at what is due at a moment, at the same time, and wait until they have."""
        self._tell(moment)
        for one in self._processes:
            self._hear(one)

    def at_killing_one(self, moment: datetime) -> None:
        """The same, but the first is killed with SIGKILL while it looks; another takes its place."""
        self._tell(moment)
        first, *others = self._processes
        os.kill(first.pid, signal.SIGKILL)
        for one in others:
            self._hear(one)
        assert first.wait(30) == -signal.SIGKILL
        self.killed += 1
        self._processes = [*others, self._start()]

    def close(self) -> None:
        """End them as an operator would."""
        for one in self._processes:
            one.communicate(timeout=30)
        assert [one.returncode for one in self._processes] == [0] * len(self._processes)

    def _start(self) -> subprocess.Popen[str]:
        environment = {"PATH": os.environ["PATH"], "SCHEDULED_URL": self._url}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.scheduler.processes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT,
            env=environment, text=True, bufsize=1,
        )  # fmt: skip

    def _tell(self, moment: datetime) -> None:
        for one in self._processes:
            assert one.stdin is not None
            one.stdin.write(f"{moment.isoformat()}\n")

    def _hear(self, one: subprocess.Popen[str]) -> None:
        assert one.stdout is not None
        assert one.stdout.readline().strip() == DONE, "a scheduler process failed"


def main() -> None:
    """Do what a scheduler does at each moment that comes in, until no more come."""
    database = Database(os.environ["SCHEDULED_URL"])
    for line in sys.stdin:
        at = datetime.fromisoformat(line.strip())
        for trigger in (triggers.claim_rhythms(CATCH_UP), triggers.tick):
            trigger(database, lambda at=at: at)  # type: ignore[misc]  # bound to the moment of this turn
        print(DONE, flush=True)
    database.close()


if __name__ == "__main__":
    main()
