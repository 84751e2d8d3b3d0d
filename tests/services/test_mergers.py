"""A unit is merged into another, and one is renamed, in the middle of running plans (docs/domain.md §7)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.catalogue import Catalogue, moment
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.services import (
    audit,
    interventions,
    ledger,
    mergers,
    people,
    processes,
    rounds,
    tasks,
    units,
)
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.units import UnitFacts
from workflow_service.store import instance_view, people_queries
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import Task, TaskHolder
from workflow_service.web.tasks import moves

LATER = NOW + timedelta(hours=1)
ORDER = "区委编委关于机构改革的通知"


def merge(house: House, unit: str = "jb.energy", into: str = "jb.ecology", by: str = "jb.admin", **more: Any) -> mergers.Merger:
    ids = house.structure.units
    with house.database.transaction() as session:
        found = mergers.merge_unit(session, house.actor(by), ids[unit], ids[into], more.get("reason", ORDER), now=LATER)
        assert audit.verify(session) == []
        return found


def test_open_tasks_people_and_posts_go_over_and_what_was_done_keeps_its_unit(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"), user_task("c", "jb.ecology:handler"))
    run = house.start()
    house.complete("a")
    (waiting,) = house.open()
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), waiting.id, now=NOW)
    merger = merge(house)
    assert (merger.people, merger.tasks) == (1, 1)
    (task,) = house.open()
    assert task.candidate_groups == ["jb.ecology:handler"] and task.unit_id == house.structure.units["jb.ecology"]
    handler = house.structure.people["jb.handler"]
    assert house.holders(task.id) == {f"u:{handler}": None, "g:jb.ecology:handler": handler}
    house.actors.clear()
    house.now = LATER
    assert house.actor("jb.handler").unit_ids == {house.structure.units["jb.ecology"]}
    house.complete("b")
    house.complete("c")
    with house.database.transaction() as session:
        done = [(step.task.element_id, step.unit) for step in instance_view.steps_of(session, run)]
    assert done == [("a", "江北区能源局"), ("b", "宁波市生态环境局江北分局"), ("c", "宁波市生态环境局江北分局")]


def test_a_step_still_to_come_and_a_diagram_that_names_the_old_unit_ask_the_successor(house: House) -> None:
    """Variables and diagrams keep the old code; who is asked by it is asked at the successor, also after a second merger."""
    house.deploy_chain(user_task("a", "lead_unit:handler"), user_task("b", "jb.energy:leader"))
    house.start(variables={"plan": {"lead_unit": "jb.energy", "jurisdiction": "330205"}})
    merge(house)
    merge(house, "jb.ecology", "jb")
    house.actors.clear()
    (task,) = house.open()
    assert task.candidate_groups == ["jb:handler"]
    house.complete("a")
    (task,) = house.open()
    assert task.candidate_groups == ["jb:leader"] and task.unit_id == house.structure.units["jb"]
    assert house.incidents() == []


def test_a_function_goes_to_a_successor_that_has_none(house: House) -> None:
    assert merge(house, "jb.ecology", "jb.energy").relation == "ecology"
    house.deploy_chain(user_task("a", "ecology:handler"))
    house.start(variables={"plan": {"lead_unit": "jb.drc", "jurisdiction": "330205"}})
    assert house.open()[0].candidate_groups == ["jb.energy:handler"]


def test_one_unit_has_one_function_so_another_is_given_elsewhere_first(house: House) -> None:
    """Rights hang on a unit's function: a successor that has one of its own cannot take a second one over."""
    with pytest.raises(Conflict, match="生态环境部门"):
        merge(house, "jb.ecology", "jb.drc")


def test_a_task_that_came_to_the_merged_unit_after_all_is_passed_on(house: House) -> None:
    """A step that had asked who it is before the merger writes after it; the next look finds it."""
    house.deploy_chain(user_task("a"))
    house.start()
    (task,) = house.open()
    merge(house)
    with house.database.transaction() as session:
        found = session.get_one(Task, task.id)
        found.candidate_groups, found.unit_id = ["jb.energy:handler"], house.structure.units["jb.energy"]
        session.execute(update(TaskHolder).where(TaskHolder.task_id == task.id).values(holder="g:jb.energy:handler"))
    with house.database.transaction() as session:
        assert mergers.pass_stragglers(session, now=LATER) == 1
        assert mergers.pass_stragglers(session, now=LATER) == 0
    assert house.holders(task.id) == {"g:jb.ecology:handler": None}


def test_a_run_terminated_before_and_taken_up_after_lies_before_the_successor_with_its_rounds(house: House) -> None:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.boss", name="区能源局·局长")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "leader")], now=NOW, password=PASSWORD)
    house.deploy_chain(user_task("a"))
    run = house.start()
    (task,) = house.open()
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), task.id, now=NOW)
        asked = rounds.RoundAsked(Relation.BEFORE, [Asked("g:jb.energy:leader")])
        rounds.begin_round(session, house.actor("jb.handler"), task.id, asked, now=NOW)
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        processes.terminate_instance(session, supervisor, run, "核查", now=NOW)
    merge(house)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, supervisor, run, "", "继续办理", now=LATER)
        assert audit.verify(session) == []
    side, main = sorted(house.open(), key=lambda one: one.round_id is None)
    assert side.candidate_groups == ["jb.ecology:leader"] and main.candidate_groups == ["jb.ecology:handler"]


def test_a_turn_to_come_is_the_successors(house: House) -> None:
    house.deploy_chain(user_task("a", "jb.drc:supervisor"))
    house.start()
    (task,) = house.open()
    with house.database.transaction() as session:
        admin = Asked(f"u:{house.structure.people['jb.admin']}")
        asked = rounds.RoundAsked(Relation.BEFORE, [admin, Asked("g:jb.energy:handler")])
        tasks.claim_task(session, house.actor("jb.supervisor"), task.id, now=NOW)
        rounds.begin_round(session, house.actor("jb.supervisor"), task.id, asked, now=NOW)
    merge(house)
    house.actors.clear()
    first = next(one for one in house.open() if one.round_id is not None)
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.admin"), first.id, {"outcome": "agree", "opinion": "同意。"}, now=LATER)
    second = next(one for one in house.open() if one.round_id is not None)
    assert second.candidate_groups == ["jb.ecology:handler"]


def test_history_says_that_the_task_came_by_the_reform(house: House) -> None:
    house.deploy_chain(user_task("a"))
    run = house.start()
    merge(house)
    with house.database.transaction() as session:
        (event,) = session.scalars(select(TaskEvent).where(TaskEvent.kind == "unit_merged"))
        assert event.reason == ORDER and event.data["was"]["groups"] == ["jb.energy:handler"]
        told = moves.SENTENCES["unit_merged"] % {"task": "a", "unit": event.data["unit"], "heir": event.data["heir"]}
    assert told == "“a”随机构调整由江北区能源局转到宁波市生态环境局江北分局" and run


@pytest.mark.parametrize(
    ("unit", "into", "by", "error"),
    [
        ("jb.energy", "jb.energy", "jb.admin", InvalidInput),
        ("jb.energy", "nb.drc", "zj.admin", InvalidInput),
        ("jb.energy", "jb.ecology", "hs.admin", Forbidden),
        ("jb.energy", "jb.ecology", "jb.supervisor", Forbidden),
    ],
)
def test_only_an_administrator_of_the_area_merges_within_one_government(
    house: House, unit: str, into: str, by: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        merge(house, unit, into, by)


def test_a_merger_needs_its_order_and_is_made_once(house: House) -> None:
    with pytest.raises(InvalidInput):
        merge(house, reason=" ")
    merge(house)
    with pytest.raises(Conflict):
        merge(house)
    with house.database.transaction() as session, pytest.raises(Conflict):
        units.restore_unit(session, SYSTEM, house.structure.units["jb.energy"], now=LATER)


def test_units_below_hang_on_the_successor_also_where_it_hung_below_itself(house: House) -> None:
    merge(house, "jb", "jb.drc")
    with house.database.transaction() as session:
        paths = {one.code: one.path for one in session.scalars(select(Unit).where(Unit.area == "330205"))}
    assert paths["jb.drc"] == "/zj/nb/jb.drc/" and paths["jb.energy"] == "/zj/nb/jb.drc/jb.energy/"


def test_numbering_goes_on_with_a_successor_that_has_none(house: House) -> None:
    with house.database.transaction() as session:
        facts = UnitFacts(code="", area="", name="江北区能源局", parent="jb", document_prefix="北区能发")
        units.change_unit(session, SYSTEM, house.structure.units["jb.energy"], facts, now=NOW)
    assert merge(house).document_prefix == "北区能发"
    with house.database.transaction() as session:
        assert session.get_one(Unit, house.structure.units["jb.ecology"]).document_prefix == "北区能发"


def test_a_renamed_unit_and_person_keep_the_names_of_the_day_in_what_they_did(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    run = house.start()
    house.complete("a")
    with house.database.transaction() as session:
        facts = UnitFacts(code="", area="", name="江北区能源和数据局", parent="jb")
        units.change_unit(session, SYSTEM, house.structure.units["jb.energy"], facts, now=LATER)
        person = PersonFacts(username="jb.handler", name="区能源和数据局·经办")
        people.change_person(session, SYSTEM, house.structure.people["jb.handler"], person, now=LATER)
    house.now = LATER + timedelta(hours=1)
    house.actors.clear()
    house.complete("b")
    with house.database.transaction() as session:
        done = [(step.unit, step.person) for step in instance_view.steps_of(session, run)]
        acts = [who for activity, who in instance_view.activities_of(session, run) if activity.element_type == "userTask"]
    assert done == [("江北区能源局", "区能源局·经办"), ("江北区能源和数据局", "区能源和数据局·经办")]
    assert acts == ["区能源局·经办", "区能源和数据局·经办"]


BEFORE = date(2025, 11, 10)


@pytest.fixture
def led(house: House) -> House:
    """Two plans of the one unit, one of them issued, and one of the other; the supervisors see them all."""
    with house.database.transaction() as session:
        catalogue = Catalogue.again(session)
        catalogue.plan("风电规划", "jb.energy", date(2025, 1, 6), date(2025, 11, 5))
        catalogue.plan("光伏规划", "jb.energy", date(2025, 1, 6), date(2025, 12, 5), issued=date(2025, 6, 6))
        catalogue.plan("湿地规划", "jb.ecology", date(2025, 1, 6), date(2025, 12, 5))
    return house


def figures(house: House, day: date) -> dict[str, tuple[int, int]]:
    with house.database.transaction() as session:
        found = ledger.board(session, actor_of(session, "jb.supervisor"), as_of=moment(day, 20)).figures
        return {found.unit_names[code]: (one.total, one.issued) for code, one in found.units.items()}


def test_rankings_of_earlier_days_count_the_merged_unit_by_itself(led: House) -> None:
    before = figures(led, TODAY)
    assert before == {"江北区能源局": (2, 1), "宁波市生态环境局江北分局": (1, 0)}
    assert merge(led).plans == 2
    assert figures(led, TODAY + timedelta(days=1)) == {"宁波市生态环境局江北分局": (3, 1)}
    assert figures(led, BEFORE) == before
    with led.database.transaction() as session:
        assert {plan.lead_unit.code for plan in session.scalars(select(Plan))} == {"jb.ecology"}
        events = session.scalars(select(PlanEvent.data).where(PlanEvent.kind == "lead_unit_changed")).all()
    assert [one["from_name"] for one in events] == ["江北区能源局"] * 2


def shown(house: House, at: datetime) -> list[tuple[str, str, str, str]]:
    with house.database.transaction() as session:
        page = ledger.ledger_rows(session, actor_of(session, "jb.supervisor"), as_of=at)
        return [(line.title, line.unit_name, line.holder, line.last_action) for line in page.rows]


def test_a_past_ledger_is_what_it_was_before_names_and_units_changed(led: House) -> None:
    with led.database.transaction() as session:
        Catalogue.again(session).task("风电规划", "jb.energy", NOW - timedelta(days=3), created=NOW - timedelta(days=9))
    was = shown(led, NOW)
    assert any("能源局" in line[1] for line in was)
    with led.database.transaction() as session:
        facts = UnitFacts(code="", area="", name="江北区能源和数据局", parent="jb")
        units.change_unit(session, SYSTEM, led.structure.units["jb.energy"], facts, now=LATER)
    assert shown(led, NOW) == was
    merge(led)
    assert shown(led, NOW) == was
    assert {line[1] for line in shown(led, LATER + timedelta(minutes=1))} == {"宁波市生态环境局江北分局"}


def test_who_joined_in_the_meantime_is_found_in_the_successor(house: House) -> None:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.two", name="区能源局·负责人")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "leader")], now=NOW, password=PASSWORD)
    assert merge(house).people == 2
    with house.database.transaction() as session:
        held = people_queries.memberships_of(session, list(house.structure.people.values()), TODAY)
        assert not [one for one in held if one.post.unit.code == "jb.energy"]
        user = people_queries.user_by_name(session, "jb.two")
        assert user is not None
        (post,) = people_queries.memberships_of(session, [user.id], TODAY)
        assert (post.post.unit.code, post.post.code) == ("jb.ecology", "leader")
