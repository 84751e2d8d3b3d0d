"""The processes of an installation, watched: whoever dies is started again, armed with the next failpoint or with none."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .nursery import Nursery

LOOK_SECONDS = 0.02
AT_ANY_MOMENT = "at any moment"


@dataclass
class Role:
    """One kind of process: its command, how many there are, and at which failpoints they must die how often.

    Failpoints are armed in the order given. `passes`: the largest number of the pass at which a process dies there.
    """

    name: str
    wanted: Mapping[str, int]
    settings: list[dict[str, object]]
    passes: int = 3
    hits: Counter[str] = field(default_factory=Counter)

    def next_failpoint(self) -> str:
        """The first one that has not been hit often enough."""
        return next((name for name, number in self.wanted.items() if self.hits[name] < number), "")


@dataclass
class Post:
    """One place that is always manned."""

    role: Role
    settings: dict[str, object]
    pid: int = 0
    failpoint: str = ""
    since: float = 0.0
    life: float = 0.0


class Fleet:
    """Starts the processes of all roles and keeps them alive until it is closed."""

    def __init__(self, nursery: Nursery, roles: list[Role], chance: random.Random) -> None:
        self.nursery, self.roles, self._chance = nursery, roles, chance
        self.unforeseen: list[str] = []
        self._posts = [Post(role, settings) for role in roles for settings in role.settings]
        self._stop = threading.Event()
        for post in self._posts:
            self._man(post)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def is_done(self) -> bool:
        """Whether every failpoint was hit as often as wanted."""
        return not any(role.next_failpoint() for role in self.roles)

    def missing(self) -> dict[str, dict[str, int]]:
        """What has not been hit often enough yet, by role."""
        return {
            role.name: {name: number - role.hits[name] for name, number in role.wanted.items() if role.hits[name] < number}
            for role in self.roles
        }

    def close(self) -> list[int]:
        """End every process as an operator would; gives their exit codes."""
        self._stop.set()
        self._watcher.join()
        for post in self._posts:
            if self.nursery.ended(post.pid) is None:
                os.kill(post.pid, signal.SIGTERM)
        return [self.nursery.wait(post.pid) for post in self._posts]

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for post in self._posts:
                self._look(post)

    def _look(self, post: Post) -> None:
        code = self.nursery.ended(post.pid)
        if code is None:
            self._strike(post)
            return
        if code == -signal.SIGKILL and post.failpoint:
            post.role.hits[post.failpoint] += 1
        else:
            self.unforeseen.append(f"{post.role.name} ended with {code}")
        self._man(post)

    def _strike(self, post: Post) -> None:
        """Kill without a failpoint where any moment will do."""
        if post.failpoint == AT_ANY_MOMENT and time.monotonic() > post.since + post.life:
            os.kill(post.pid, signal.SIGKILL)
            self.nursery.wait(post.pid)

    def _man(self, post: Post) -> None:
        post.failpoint = post.role.next_failpoint()
        armed = f"{post.failpoint}:{self._chance.randint(1, post.role.passes)}"
        named = {"TONGCHOU_FAILPOINT": armed} if post.failpoint not in ("", AT_ANY_MOMENT) else {}
        post.since, post.life = time.monotonic(), self._chance.uniform(0.5, 3)
        post.pid = self.nursery.start(post.role.name, **post.settings, **named)
