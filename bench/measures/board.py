"""The supervisors' board and ledger with few and with many plans."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from tests.people import PASSWORD, SYSTEM, password_hash
from tests.services.catalogue import Catalogue
from workflow_service.services.ledger import add_up_counters
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.store.stage_deadlines import StageDeadline

from ..crowd import copy_plans
from ..figures import Figure, Row, Scale, median_time, milliseconds
from ..http import Connection
from ..installation import Installation, Scene

FEW = 1_000
OF_THE_COUNTY = 200
COUNTY, PROVINCE = "jb.supervisor", "zj.supervisor"
COUNTIES = "'/330000/33' || copy.n % 90 + 10 || '00/33' || copy.n % 90 + 10 || lpad((copy.n % 11)::text, 2, '0') || '/'"
PATHS = {"board": "/board", "ledger": "/board/ledger"}
HOW = """Plans with their events, a third of them issued, the others with a task and a stage that is due, a third of both late,
spread over a thousand counties of one province; 200 belong to the county whose supervisor reads, all of them to the province
whose supervisor reads after him. What the plans changed is added up in the counters, as a tick of the scheduler does. First
pages, signed in, warm; medians."""
HINDRANCE = """Figures come from counters and lists from indexes; counts of a list stop at 1,000, which 1,000 plans do not
reach and 500,000 do."""


def measure(installation: Installation, scale: Scale) -> Figure:
    """Measure both readers with few and with many plans."""
    many = scale.of(10_000, 500_000)
    figure = Figure("board", "The supervisors' board and ledger", HOW, hindrance=HINDRANCE)
    few, lots = _read(installation, FEW, scale), _read(installation, many, scale)
    for (reader, name), took in lots.items():
        beside = few[reader, name]
        place = "county" if reader == COUNTY else "province"
        figure.rows.append(
            Row(f"{name} of a {place}, {many:,} plans", milliseconds(took), f"{FEW:,}: {milliseconds(beside)}", took / beside,
                "≤ 2 × slower", took <= 2 * beside)
        )  # fmt: skip
    return figure


def _read(installation: Installation, plans: int, scale: Scale) -> dict[tuple[str, str], float]:
    with installation.scene() as scene:
        _spread_plans(scene, plans)
        found = {}
        with scene.run(web=1) as served:
            for reader in (COUNTY, PROVINCE):
                page = Connection(served[0].port)
                page.sign_in(reader, PASSWORD)
                for name, path in PATHS.items():
                    found[reader, name] = median_time(partial(page.get, path), scale.of(3, 20))
                page.close()
        return found


def _spread_plans(scene: Scene, plans: int) -> None:
    with scene.house.database.transaction() as session:
        facts = PersonFacts(username=PROVINCE, name="省发展改革委·督办")
        add_person(session, SYSTEM, facts, [("zj.drc", "supervisor")], now=scene.house.now, password_hash=password_hash(),
                   constructed=True)  # fmt: skip
        made = Catalogue.again(session)
        open_id = made.plan("一", "jb.energy", date(2024, 1, 4), date(2025, 6, 30)).id
        issued_id = made.plan("二", "jb.energy", date(2024, 1, 4), date(2025, 6, 30), date(2025, 6, 1)).id
        county, due = made.plans["一"].area_path, scene.house.now
        made.task("一", "jb.energy", due)
        entered = due - timedelta(days=60)
        session.add(StageDeadline(plan_id=open_id, stage="drafting", rule="by hand", entered_at=entered, due_at=due))
    for plan_id, share in ((open_id, 2 / 3), (issued_id, 1 / 3)):
        copy_plans(scene, plan_id, round((plans - OF_THE_COUNTY) * share), COUNTIES)
        copy_plans(scene, plan_id, round(OF_THE_COUNTY * share), f"'{county}'")
    _add_up(scene)


def _add_up(scene: Scene) -> None:
    """What the job does that a scheduler's tick puts into the queue, as often as there is something to add."""
    more = True
    while more:
        with scene.house.database.transaction() as session:
            more = add_up_counters(session, now=scene.house.now)
    scene.execute("VACUUM ANALYZE")

