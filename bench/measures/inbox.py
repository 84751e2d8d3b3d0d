"""The inbox, as a page and over the interface, among few and among many open tasks."""

from __future__ import annotations

from tests.people import PASSWORD

from ..crowd import copy_instances, hand_over
from ..figures import Figure, Row, Scale, median_time, milliseconds
from ..http import Connection
from ..installation import HANDLER, Installation
from ..work import deploy_five_tasks

FEW = 1_000
OWN = 100
HOW = """The reader's post holds 100 open tasks, the others lie before 2,000 other posts. One client reads the first
page of 50 rows, on the page with a signed-in session and over the interface with a token, everything warm; median of
the readings. In the last two rows every tenth of all open tasks lies before the reader's own post."""
HINDRANCE = """The page beside its rows: Jinja renders fifty rows with menus, filters and counts."""
PATHS = {"page": "/tasks", "interface": "/api/v1/tasks?limit=50"}


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure few and many."""
    many = scale.of(20_000, 1_000_000)
    figure = Figure("inbox", "The inbox", HOW, hindrance=HINDRANCE)
    few, _few_own = _read(installation, FEW, scale)
    rest, own = _read(installation, many, scale)
    for name in PATHS:
        met = rest[name] <= 0.015 and rest[name] <= 1.5 * few[name]
        figure.rows.append(
            Row(f"{name}, {many:,} open tasks", milliseconds(rest[name]), f"{FEW:,}: {milliseconds(few[name])}",
                rest[name] / few[name], "≤ 15 ms and ≤ 1.5 ×", met)
        )  # fmt: skip
    figure.rows += [
        Row(f"{name}, {many // 10:,} of them one's own", milliseconds(own[name]), milliseconds(few[name]), own[name] / few[name])
        for name in PATHS
    ]
    return figure


def _read(installation: Installation, tasks: int, scale: Scale) -> tuple[dict[str, float], dict[str, float]]:
    """Read with a hundred own tasks, then with a tenth of all."""
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        copy_instances(scene, scene.house.start(), tasks - 1)
        scene.execute("DELETE FROM task_holder WHERE holder = 'g:jb.energy:handler'")
        hand_over(scene, OWN, "g:jb.energy:handler")
        with scene.run(web=1) as served:
            page, interface = Connection(served[0].port), Connection(served[0].port, scene.token(HANDLER))
            page.sign_in(HANDLER, PASSWORD)
            rest = _timed(page, interface, scale)
            scene.execute("DELETE FROM task_holder WHERE holder = 'g:jb.energy:handler'")
            hand_over(scene, tasks // 10, "g:jb.energy:handler")
            own = _timed(page, interface, scale)
            page.close()
            interface.close()
    return rest, own


def _timed(page: Connection, interface: Connection, scale: Scale) -> dict[str, float]:
    number = scale.of(10, 100)
    return {
        "page": median_time(lambda: page.get(PATHS["page"]), number),
        "interface": median_time(lambda: interface.get(PATHS["interface"]), number),
    }

