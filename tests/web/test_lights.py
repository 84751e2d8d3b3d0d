"""The limits of the light are set once for everything that shows it, from a day on."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.services import digests, lights
from workflow_service.services.plans import plan_facts
from workflow_service.services.processes import start_process
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Task

SignIn = Callable[[str], Any]
TITLE = "江北区港口规划"


@pytest.fixture
def plan_id(house: House) -> int:
    """A plan of the county with a task, each due in five working days."""
    house.deploy_chain(user_task("fill"))
    with house.database.transaction() as session:
        due = house.now.date() + timedelta(days=7)
        plan = Catalogue.again(session).plan(TITLE, "jb.energy", date(2025, 1, 6), due, level="county")
        start_process(
            session, house.actor("jb.supervisor"), "p", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id,
            now=house.now,
        )  # fmt: skip
        session.scalars(select(Task)).one().due_at = house.now + timedelta(days=7)
        return plan.id


def lights_of(house: House, person: SignIn, plan_id: int, as_of: str = "") -> tuple[set[str], bool]:
    """Every colour in which the plan and its task are shown, and whether its holder is urged."""
    supervisor, shown = person("jb.supervisor"), set()
    ledger = supervisor.get(f"/board/ledger{as_of}").text
    texts = [next(row for row in ledger.split("<tr>") if TITLE in row)]
    if not as_of:
        texts += [supervisor.get(f"/plans/{plan_id}").text.split('class="head-light')[1][:400]]
        texts += [next(row for row in person("jb.handler").get("/tasks").text.split("<tr") if TITLE in row)]
    for text in texts:
        shown |= {colour for colour in ("green", "amber", "red", "black") if f"light-{colour}" in text}
    with house.database.transaction() as session:
        urged = any(one.own for one in digests.digests_at(session, house.now))
    return shown, urged


def test_both_limits_count_everywhere_from_their_day_on_and_past_days_keep_theirs(
    house: House, person: SignIn, plan_id: int
) -> None:
    assert lights_of(house, person, plan_id) == ({"green"}, False)
    first_day = house.now.date().isoformat()
    house.now += timedelta(days=1)
    admin = person("zj.admin")
    assert 'id="lights"' in admin.get("/rhythms").text
    answer = admin.post("/rhythms/lights", {"amber": "5", "black": "1"}, seen="/rhythms")
    assert answer.status_code == 302
    assert 'name="amber" value="5"' in admin.get("/rhythms").text
    assert lights_of(house, person, plan_id) == ({"amber"}, True)
    assert lights_of(house, person, plan_id, f"?as_of={first_day}")[0] == {"green"}
    titles = person("jb.supervisor").get("/board/ledger?light=amber").text
    assert TITLE in titles
    house.now += timedelta(days=9)
    assert lights_of(house, person, plan_id)[0] == {"black"}
    with house.database.transaction() as session:
        record = select(AuditRecord.data).where(AuditRecord.thing == "setting:lights")
        assert [one["limits"][-1]["amber"] for one in session.scalars(record)] == [5]


@pytest.mark.parametrize(("amber", "black"), [(-1, 10), (31, 10), (2, 0), (2, 121)])
def test_limits_that_cannot_be_are_refused(house: House, amber: int, black: int) -> None:
    with house.database.transaction() as session, pytest.raises(InvalidInput):
        lights.set_limits(session, house.actor("zj.admin"), amber, black, now=house.now)


def test_who_is_not_of_the_topmost_government_sees_them_only(house: House, person: SignIn) -> None:
    assert "剩几个工作日起为临期" in person("jb.supervisor").get("/rhythms").text
    assert 'id="lights"' not in person("jb.supervisor").get("/rhythms").text
    with house.database.transaction() as session, pytest.raises(Forbidden):
        lights.set_limits(session, house.actor("jb.supervisor"), 3, 8, now=house.now)


def test_a_second_change_of_a_day_takes_the_place_of_the_first(house: House) -> None:
    with house.database.transaction() as session:
        actor, today = house.actor("zj.admin"), house.now.date()
        lights.set_limits(session, actor, 3, 8, now=house.now)
        lights.set_limits(session, actor, 4, 9, now=house.now)
        assert lights.limits_on(session, today).amber_working_days == 4
        assert lights.limits_on(session, today - timedelta(days=1)).amber_working_days == 2
