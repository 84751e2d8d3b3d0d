"""Whole instances a second: started, five tasks finished, ended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..figures import Figure, Row, Scale, milliseconds
from ..installation import Installation, Scene, Served
from ..work import deploy_five_tasks, run_through, staff_of, together

CLIENTS = 8
HOW = """Two web processes, eight clients; each client starts an instance and finishes its five tasks over HTTP, six
commands an instance, ids of tasks being read from the database directly. Clients, web processes and the database share
the cores of this machine, so the CPU that each takes says where the limit is."""
HINDRANCE = """The cores are full: clients, web processes and the database together take what the CPU row says for each
instance."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure one and eight clients."""
    figure = Figure("instances", "Whole instances", HOW, hindrance=HINDRANCE)
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        with scene.run(web=2) as served:
            _rate(scene, served, CLIENTS, 2)
            alone = _rate(scene, served, 1, scale.of(8, 100))
            web, server = [one.cpu_seconds for one in served], installation.server_cpu_seconds
            number = scale.of(3, 75)
            rate = _rate(scene, served, CLIENTS, number)
            used = sum(one.cpu_seconds for one in served) - sum(web)
            server = installation.server_cpu_seconds - server
    done = CLIENTS * number
    figure.rows = [
        Row("eight clients", f"{rate:.0f} /s", f"one client {alone:.0f} /s", rate / alone, "≥ 60 /s", rate >= 60),
        Row("CPU an instance, web processes and database", milliseconds(used / done), milliseconds(server / done)),
    ]
    return figure


def _rate(scene: Scene, served: Sequence[Served], clients: int, instances: int) -> float:
    staff = staff_of(scene, served, clients)
    took = together([partial(run_through, one, instances) for one in staff])
    for one in staff:
        one.close()
    return clients * instances / took
