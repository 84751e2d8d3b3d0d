"""One daily sweep: a digest for everybody who has something due."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.people import SYSTEM
from workflow_service.domain.rhythms import Rhythm
from workflow_service.services import notices, rhythms

from ..crowd import copy_instances, staff_posts
from ..figures import Figure, Row, Scale, milliseconds
from ..installation import Installation
from ..work import deploy_five_tasks

DUE_SHARE = 10
HOW = """So many people in 2,000 posts, so many open tasks before these posts; every tenth task fell due yesterday, the
others are due much later. The daily run is claimed and finished in this process, digests and deliveries by e-mail
written; CPU is that of this process and of the database. Beside it the same run where only what is due exists."""
HINDRANCE = """Each digest is worded in the language of its reader with all its lines, as the dry run shows them."""


@dataclass(frozen=True)
class Sweep:
    """What one run wrote, and seconds of CPU and of wall time."""

    digests: int
    cpu: float
    took: float


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure with and without the tasks that are not due."""
    people, tasks = scale.of(500, 10_000), scale.of(10_000, 450_000)
    figure = Figure("sweep", "One daily sweep", HOW, hindrance=HINDRANCE)
    among, alone = _sweep(installation, people, tasks, True), _sweep(installation, people, tasks, False)
    rate, beside = among.digests / among.cpu, alone.digests / alone.cpu
    figure.rows = [
        Row(f"digests a second and core, {people:,} people, {tasks:,} open tasks", f"{rate:,.0f}",
            f"{tasks // DUE_SHARE:,} tasks, all due: {beside:,.0f}", rate / beside, "≥ 2,000", rate >= 2000),
        Row(f"the whole run, {among.digests:,} digests", milliseconds(among.took), milliseconds(alone.took),
            among.took / alone.took, "work grows with what is due", among.cpu <= 1.5 * alone.cpu),
    ]  # fmt: skip
    return figure


def _sweep(installation: Installation, people: int, tasks: int, with_others: bool) -> Sweep:
    with installation.scene() as scene:
        deploy_five_tasks(scene)
        staff_posts(scene, people)
        instance_id = scene.house.start()
        copy_instances(scene, instance_id, tasks // DUE_SHARE, due="interval '-1 day'")
        if with_others:
            copy_instances(scene, instance_id, tasks - tasks // DUE_SHARE, due="interval '90 days'")
        scene.execute("UPDATE task SET created_at = created_at - interval '60 days' WHERE status = 'open'")
        scene.execute("VACUUM ANALYZE task")
        now = scene.house.now
        with scene.house.database.transaction() as session:
            notices.wire_channels(session, {"email": {"domain": "plans.example"}}, now=now)
            rhythms.activate(session, SYSTEM, rhythms=[Rhythm.DAILY], now=now.replace(year=now.year - 1))
        began = time.perf_counter(), time.process_time() + installation.server_cpu_seconds
        rhythms.run_due(scene.house.database, now=now)
        took = time.perf_counter() - began[0]
        cpu = time.process_time() + installation.server_cpu_seconds - began[1]
        (written,) = scene.ask("SELECT count(*) FROM notice WHERE kind = 'digest'")[0]
        assert written, "the daily run wrote nothing"
        return Sweep(int(written), cpu, took)
