"""How late timers fire while many others wait."""

from __future__ import annotations

import time
from datetime import datetime

from tests.services.test_execution import timer_process
from workflow_service import clock

from ..figures import Figure, Row, Scale, median, milliseconds, percentile
from ..installation import Installation, Scene
from .idle import wait

PATIENCE_SECONDS = 120
HOW = """Worker and scheduler run with ordinary settings. Instances are started whose timer is due one second later,
first one after the other, then all in one moment. Lateness is the time from the due moment to the audit record of the
timer's firing, which is written in the same transaction."""
HINDRANCE = """The scheduler looks every TONGCHOU_TICK_SECONDS (0.5 s) and the worker is woken by a notification; timers
due at the same moment are fired one after the other."""
SOON = "<timeDuration>PT1S</timeDuration>"


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure with few and with many others waiting."""
    many = scale.of(2_000, 100_000)
    figure = Figure("timers", "Lateness of timers", HOW, hindrance=HINDRANCE)
    alone, _burst = _lateness(installation, 1, scale)
    among, burst = _lateness(installation, many, scale)
    late, beside = percentile(among, 99), percentile(alone, 99)
    figure.rows = [
        Row(f"one by one, {many:,} others wait, p99", milliseconds(late), f"none waits: {milliseconds(beside)}", late / beside,
            "≤ 1 s", late <= 1),
        Row("… median", milliseconds(median(among)), milliseconds(median(alone)), median(among) / median(alone)),
        Row(f"{len(burst)} due in one moment, the last", milliseconds(max(burst)), f"the first {milliseconds(min(burst))}"),
    ]  # fmt: skip
    return figure


def _lateness(installation: Installation, others: int, scale: Scale) -> tuple[list[float], list[float]]:
    with installation.scene() as scene:
        wait(scene, others)
        file = timer_process(SOON).replace(b'<process id="p"', b'<process id="soon"').replace(b'="p"', b'="soon"')
        scene.house.deploy(file)
        with scene.run("worker", "scheduler"):
            _fired(scene, [_start(scene, 0)])
            one_by_one = _fired(scene, [_start(scene, 0.05) for _ in range(scale.of(20, 200))])
            burst = _fired(scene, [_start(scene, 0) for _ in range(scale.of(10, 100))])
        return one_by_one, burst


def _start(scene: Scene, pause: float) -> int:
    time.sleep(pause)
    scene.house.now = clock.now()
    return scene.house.start("soon", business_key="soon")


def _fired(scene: Scene, instances: list[int]) -> list[float]:
    """Wait until the timer of each has fired; gives the seconds of lateness."""
    ends = time.monotonic() + PATIENCE_SECONDS
    found: list[tuple[datetime, datetime]] = []
    while len(found) < len(instances):
        assert time.monotonic() < ends, "timers did not fire"
        time.sleep(0.2)
        found = scene.ask(
            "SELECT i.started_at, a.recorded_at FROM audit_record a JOIN process_instance i ON a.chain = 'i' || i.id"
            " WHERE i.id = ANY(%s) AND a.action = 'timer.fire'", instances,
        )  # fmt: skip
    return [(fired - started).total_seconds() - 1 for started, fired in found]


