"""What a finished instance leaves in the database, with its history and audit."""

from __future__ import annotations

from functools import partial

from ..figures import Figure, Row, Scale
from ..installation import Installation, Scene
from ..work import deploy_five_tasks, run_through, staff_of, together

CLIENTS = 4
SHOWN = 6
TABLES = """SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = 'public'"""
HOW = """Instances of the process of five tasks are run through over HTTP; sizes of all tables with their indexes, after
VACUUM, before and after. Some instances were run first, so that pages are not counted that are there anyway. Kept
answers, which are forgotten after 24 hours, stand in a row of their own."""
HINDRANCE = """Thirteen activities, five tasks and six audit records an instance, each with its indexes."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure bytes an instance, in all and by table."""
    number = scale.of(10, 250)
    figure = Figure("size", "Bytes of a finished instance", HOW, hindrance=HINDRANCE)
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        with scene.run(web=1) as served:
            staff = staff_of(scene, served, CLIENTS)
            for one in staff:
                run_through(one, scale.of(5, 25))
            before = _sizes(scene)
            together([partial(run_through, one, number) for one in staff])
            after = _sizes(scene)
            for one in staff:
                one.close()
    grown = {table: (after[table] - before[table]) / (CLIENTS * number) for table in after}
    kept = grown.pop("idempotency_key")
    total = sum(grown.values())
    largest = sorted(grown.items(), key=lambda pair: -pair[1])[:SHOWN]
    figure.rows = [
        Row("a finished instance", f"{total / 1000:.1f} KB", "", None, "≤ 10 KB", total <= 10_000),
        *(Row(f"… of it {table}", f"{size / 1000:.1f} KB") for table, size in largest if size > 0),
        Row("kept answers of its six commands, for 24 hours", f"{kept / 1000:.1f} KB"),
    ]
    return figure


def _sizes(scene: Scene) -> dict[str, int]:
    scene.execute("VACUUM ANALYZE")
    return dict(scene.ask(TABLES))
