"""What clients do in the measurements: start instances of the process of five tasks and finish their tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg

from tests.api.callers import five_tasks

from .http import AGREE, Connection
from .installation import ADMIN, HANDLER, Scene, Served

OPEN = b"SELECT element_id, id FROM task WHERE instance_id = %s AND status = 'open'"


def deploy_five_tasks(scene: Scene) -> None:
    """Deploy A → choice → B → (C ∥ D) → E, each a task with a form."""
    scene.house.deploy(five_tasks())


@dataclass
class Staff:
    """One client: it starts as an administrator and finishes as a handler, over one connection each.

    Ids of open tasks are read from the database directly, so that only the commands burden the service.
    """

    scene: Scene
    port: int
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._starter = Connection(self.port, self.scene.token(ADMIN))
        self._finisher = Connection(self.port, self.scene.token(HANDLER))
        self._eyes = psycopg.connect(self.scene.url.replace("+psycopg", ""), autocommit=True)

    def start(self) -> int:
        """Start an instance over HTTP; gives its id."""
        body = {"process_key": "p", "business_key": str(uuid4())}
        return int(self._starter.post("/api/v1/process-instances", body, key=str(uuid4())).json()["id"])

    def finish(self, instance_id: int, until: str = "") -> None:
        """Finish task after task until the instance ends or waits at `until`; each takes one entry in `times`."""
        while open_ones := self.open_tasks(instance_id):
            element, task_id = min(open_ones.items())
            if element == until:
                return
            self.complete(task_id)

    def complete(self, task_id: int) -> float:
        """Finish one task; gives and keeps the seconds it took."""
        key, began = str(uuid4()), time.perf_counter()
        self._finisher.post(f"/api/v1/tasks/{task_id}/complete", AGREE, key=key)
        took = time.perf_counter() - began
        self.times.append(took)
        return took

    def open_tasks(self, instance_id: int) -> dict[str, int]:
        """Ids of the open tasks by element."""
        return dict(self._eyes.execute(OPEN, [instance_id]).fetchall())

    def close(self) -> None:
        """Hang up."""
        for one in (self._starter, self._finisher, self._eyes):
            one.close()


def together(work: Sequence[Callable[[], None]]) -> float:
    """Do everything at once, a thread each; gives the seconds from the common start to the last end."""
    barrier, errors = threading.Barrier(len(work) + 1), []

    def begin(one: Callable[[], None]) -> None:
        barrier.wait()
        try:
            one()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=[one], daemon=True) for one in work]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if errors:
        raise errors[0]
    return took


def staff_of(scene: Scene, served: Sequence[Served], number: int) -> list[Staff]:
    """So many clients, spread over the web processes."""
    ports = [one.port for one in served if one.port]
    return [Staff(scene, ports[each % len(ports)]) for each in range(number)]


def run_through(staff: Staff, number: int) -> None:
    """Take so many instances from start to end."""
    for _each in range(number):
        staff.finish(staff.start())
