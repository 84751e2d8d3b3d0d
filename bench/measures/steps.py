"""The k-th step of one instance that goes in a loop: neither time nor state may grow with its past."""

from __future__ import annotations

from tests.engine import xml_drawing
from tests.services.house import user_task

from ..figures import Figure, Row, Scale, median, milliseconds
from ..installation import Installation
from ..work import Staff, staff_of

HOW = """One instance whose only task comes back as long as it is answered with “agree”, finished over HTTP by one
client. Medians of the twenty steps around the 10th and of the last twenty; the state is what is stored with the
instance between two commands."""
WINDOW = 20


def loop() -> bytes:
    """One task that comes back until it is answered otherwise."""
    nodes = (
        '<startEvent id="start"/><exclusiveGateway id="again"/>' + user_task("a")
        + '<exclusiveGateway id="more" default="done"/><endEvent id="end"/>'
    )  # fmt: skip
    flows = ("start -> again", "again -> a", "a -> more", 'more -> again [a.outcome == "agree"] as back', "more -> end as done")
    return xml_drawing.draw(nodes, *flows)


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure early and late steps."""
    last = scale.of(120, 1_000)
    figure = Figure("steps", "The k-th step of one instance", HOW)
    with installation.scene() as scene:
        scene.house.deploy(loop())
        with scene.run(web=1) as served:
            staff = staff_of(scene, served, 1)[0]
            warm = staff.start()
            for _each in range(10):
                _step(staff, warm)
            staff.times.clear()
            instance_id, sizes = staff.start(), []
            for _each in range(last):
                _step(staff, instance_id)
                sizes.append(scene.ask("SELECT length(state) FROM process_instance WHERE id = %s", instance_id)[0][0])
            staff.close()
    early, late = median(staff.times[:WINDOW]), median(staff.times[-WINDOW:])
    figure.rows = [
        Row(f"step {last:,}", milliseconds(late), f"step 10: {milliseconds(early)}", late / early, "≤ 2 ×", late <= 2 * early),
        Row("bytes of state", f"{sizes[-1]:,}", f"{sizes[9]:,}", sizes[-1] / sizes[9]),
    ]
    return figure


def _step(staff: Staff, instance_id: int) -> None:
    staff.complete(staff.open_tasks(instance_id)["a"])
