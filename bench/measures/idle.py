"""What the service asks the database while nothing happens, with few and with many instances waiting."""

from __future__ import annotations

import time

from tests.services.test_execution import timer_process

from ..crowd import copy_instances
from ..figures import Figure, Row, Scale, milliseconds
from ..installation import Installation, Scene
from ..server_log import ServerLog

SETTLE_SECONDS = 4.0
FEW = 100
HOW = """One web process, one worker and one scheduler run with ordinary settings; nobody does anything. All instances
wait at a task with a deadline and a timer that is not due. Statements are counted in the server's log, whoever sends
them, without those that only begin or end a transaction. CPU is that of the three processes and of the server, for each
second."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure few and many."""
    many = scale.of(2_000, 10_000, 100_000)
    figure = Figure("idle", "Statements while nothing happens", HOW)
    few, few_cpu = _idle(installation, FEW, scale)
    rate, cpu = _idle(installation, many, scale)
    figure.rows = [
        Row(f"statements a second, {many:,} instances wait", f"{rate:.1f}", f"{FEW} wait: {few:.1f}", rate / few,
            "the same", rate <= few * 1.1 + 0.5),
        Row("CPU a second", milliseconds(cpu), milliseconds(few_cpu), cpu / few_cpu),
    ]  # fmt: skip
    return figure


def _idle(installation: Installation, waiting: int, scale: Scale) -> tuple[float, float]:
    with installation.scene() as scene:
        wait(scene, waiting)
        ServerLog.switch_on(scene.connection, scene.name)
        log = ServerLog(installation.server.home.log)
        with scene.run("worker", "scheduler", web=1) as served:
            time.sleep(SETTLE_SECONDS)
            log.mark()
            before = sum(one.cpu_seconds for one in served) + installation.server_cpu_seconds
            began = time.perf_counter()
            time.sleep(scale.of(5, 30))
            took = time.perf_counter() - began
            used = sum(one.cpu_seconds for one in served) + installation.server_cpu_seconds - before
            return len(log.statements()) / took, used / took


def wait(scene: Scene, number: int) -> None:
    """Let so many instances wait at a task with a deadline and a timer."""
    scene.house.deploy(timer_process("<timeDuration>P30D</timeDuration>"))
    copy_instances(scene, scene.house.start(), number - 1)
