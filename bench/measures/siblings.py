"""Two parallel tasks of one instance, submitted at the same moment by two clients."""

from __future__ import annotations

import threading
import time

from ..figures import Figure, Row, Scale, median, milliseconds
from ..installation import Installation, Scene
from ..work import Staff, deploy_five_tasks, staff_of

HOW = """Two clients wait at a barrier and then finish C and D of the same instance. Measured from the barrier: when the
first answer is there and when the second. The second waits for the first one's row lock, so twice is the least that two
equal commands need."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure both."""
    figure = Figure("siblings", "Parallel siblings at once", HOW)
    with installation.scene() as scene, _two(scene) as staff:
        for one in staff:
            one.finish(one.start())
        pairs = [_pair(staff) for _ in range(scale.of(8, 100))]
    first, second = median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
    figure.rows = [
        Row("second answer, median", milliseconds(second), f"first {milliseconds(first)}", second / first, "≤ 2 × the first",
            second <= 2 * first),
        Row("longest second answer", milliseconds(max(pair[1] for pair in pairs))),
    ]  # fmt: skip
    return figure


class _two:
    """Two clients at one web process."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def __enter__(self) -> list[Staff]:
        deploy_five_tasks(self._scene)
        self._running = self._scene.run(web=1)
        self._staff = staff_of(self._scene, self._running.__enter__(), 2)
        return self._staff

    def __exit__(self, *error: object) -> None:
        for one in self._staff:
            one.close()
        self._running.__exit__(None, None, None)


def _pair(staff: list[Staff]) -> tuple[float, float]:
    instance_id = staff[0].start()
    staff[0].finish(instance_id, until="c")
    tasks = staff[0].open_tasks(instance_id)
    barrier, ended = threading.Barrier(3), []

    def complete(one: Staff, task_id: int) -> None:
        barrier.wait()
        one.complete(task_id)
        ended.append(time.perf_counter())

    threads = [threading.Thread(target=complete, args=[one, tasks[element]]) for one, element in zip(staff, "cd", strict=True)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    staff[0].finish(instance_id)
    first, second = sorted(ended)
    return first - began, second - began
