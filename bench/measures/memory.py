"""Memory of a web process over thousands of requests."""

from __future__ import annotations

from collections.abc import Sequence

from tests.people import PASSWORD

from ..crowd import copy_instances, hand_over
from ..figures import Figure, Row, Scale
from ..http import Connection
from ..installation import HANDLER, Installation, Scene, Served
from ..work import deploy_five_tasks, run_through, staff_of, together

CLIENTS = 4
HOW = """One web process. Four clients read the inbox as a page and over the interface, look at a task, and take
instances from start to end. Resident memory is read after the first tenth of the requests, when every cache is filled,
and at the end."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure early and late."""
    number = scale.of(600, 10_000)
    figure = Figure("memory", "Memory of a web process", HOW)
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        copy_instances(scene, scene.house.start(), 200)
        hand_over(scene, 100, "g:jb.energy:handler")
        with scene.run(web=1) as served:
            empty = served[0].resident_bytes
            _requests(scene, served, number // 10)
            early = served[0].resident_bytes
            _requests(scene, served, number - number // 10)
            late = served[0].resident_bytes
    figure.rows = [
        Row(f"after {number:,} requests", _megabytes(late), f"after {number // 10:,}: {_megabytes(early)}", late / early, "flat",
            late <= 1.1 * early),
        Row("before the first request", _megabytes(empty)),
    ]  # fmt: skip
    return figure


def _requests(scene: Scene, served: Sequence[Served], number: int) -> None:
    """Ten requests a round: six commands, four readings."""
    port, rounds = served[0].port, max(number // 10 // CLIENTS, 1)

    def work() -> None:
        staff, page = staff_of(scene, served, 1)[0], Connection(port)
        page.sign_in(HANDLER, PASSWORD)
        interface = Connection(port, scene.token(HANDLER))
        (task,) = scene.ask("SELECT max(id) FROM task WHERE status = 'open'")[0]
        for _round in range(rounds):
            run_through(staff, 1)
            page.get("/tasks"), page.get(f"/tasks/{task}")
            interface.get("/api/v1/tasks?limit=50"), interface.get(f"/api/v1/tasks/{task}")
        for one in (staff, page, interface):
            one.close()

    scene.token(HANDLER)
    together([work] * CLIENTS)


def _megabytes(number: int) -> str:
    return f"{number / 1_000_000:.0f} MB"
