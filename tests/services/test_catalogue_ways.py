"""What must not happen on a catalogue change's way: reviewed by who rewrote it, turned to another county, begun again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM, TODAY
from tests.services.catalogue import Catalogue
from tests.services.changing import DUE, Changing
from tests.services.house import House
from workflow_service.domain.catalogue import ChangeRefused
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import catalogue_changes, files, interventions, people, processes
from workflow_service.services.catalogue_changes import ChangeAsked, Successor
from workflow_service.services.people import PersonFacts
from workflow_service.store.runtime import Attachment, ProcessInstance
from workflow_service.store.stage_deadlines import StageDeadline

SUPERVISOR = "jb.supervisor"


@pytest.fixture
def county(house: House) -> Changing:
    return Changing.build(house)


def send_back(county: Changing) -> None:
    county.house.complete("review", {"outcome": "return", "opinion": "请补充依据。"}, "jb.head")


def run_of(county: Changing, change: int) -> int:
    found = county.change(change).instance_id
    assert found is not None
    return found


def reopen(county: Changing, change: int, to: str = "") -> None:
    with county.house.database.transaction() as session:
        interventions.reopen_instance(
            session, county.house.actor(SUPERVISOR), run_of(county, change), to, "再办", now=NOW + timedelta(hours=1)
        )


def test_whoever_rewrote_it_does_not_review_it(county: Changing) -> None:
    """The post of the first proposer has it to amend: another head of the commission does, and so must not agree to it."""
    with county.house.database.transaction() as session:
        for name in ("jb.other", "jb.third"):
            facts = PersonFacts(username=name, name=name)
            people.add_person(session, SYSTEM, facts, [("jb.drc", "leader")], now=NOW)
    asked = county.asked("split", "能源规划", parts=["甲规划", "乙规划"])
    change = county.propose(asked, "jb.other")
    send_back(county)
    with county.house.database.transaction() as session:
        catalogue_changes.amend_change(session, county.house.actor("jb.third"), change, asked, "已改", now=NOW)
    for barred in ("jb.third", "jb.other"):
        with pytest.raises((Forbidden, Conflict)):
            county.house.complete("review", {"outcome": "agree"}, barred)
    county.agree()
    assert county.house.waiting() == ["approve"]


def test_an_amendment_stays_with_the_plans_of_its_own_government(county: Changing) -> None:
    with county.house.database.transaction() as session:
        made = Catalogue.again(session)
        elsewhere = made.plan("海曙规划", "hs.drc", date(2025, 10, 1), DUE, level="county").id
    change = county.propose(county.asked("withdraw", "能源规划"))
    send_back(county)
    with county.house.database.transaction() as session, pytest.raises(InvalidInput, match="同一级政府"):
        catalogue_changes.amend_change(session, SYSTEM, change, ChangeAsked("withdraw", [elsewhere], "改办"), now=NOW)


def test_who_decides_reads_the_order_and_it_is_not_removed(county: Changing) -> None:
    county.add("旧规划", issued=TODAY - timedelta(days=3))
    planner = county.house.actor("jb.planner")
    with county.house.database.transaction() as session:
        file = Attachment(
            sha256="5" * 64, name="撤销通知.pdf", media_type="application/pdf", size=1, uploaded_at=NOW,
            uploaded_by=planner.user_id,
        )  # fmt: skip
        session.add(file)
        session.flush()
        order = file.id
    county.propose(county.asked("withdraw", "旧规划", ordered_by="government", order_attachment_id=order))
    with county.house.database.transaction() as session:
        assert files.visible_attachment(session, county.house.actor("jb.head"), order).id == order
        with pytest.raises((Forbidden, Conflict)):
            files.remove_file(session, planner, order, now=NOW)


def test_a_date_that_is_over_by_the_day_of_its_approval_is_carried_out(county: Changing) -> None:
    soon = TODAY + timedelta(days=2)
    county.propose(county.asked("re_date", "能源规划", due_on=soon))
    county.agree()
    county.house.now = NOW + timedelta(days=7)
    county.approve()
    assert county.house.incidents() == [] and county.plan("能源规划").due_on == soon


def test_a_date_that_somebody_set_meanwhile_is_no_obstacle(county: Changing) -> None:
    soon = TODAY + timedelta(days=20)
    county.propose(county.asked("re_date", "能源规划", due_on=soon))
    county.agree()
    with county.house.database.transaction() as session:
        from workflow_service.services import stage_clocks
        from workflow_service.services.calendars import SETTINGS

        moment = SETTINGS.close_of(soon)
        stage_clocks.set_due(session, county.house.actor(SUPERVISOR), county.plan_ids["能源规划"], "", moment, "已议定", now=NOW)
    county.approve()
    assert county.house.incidents() == [] and county.plan("能源规划").due_on == soon


def test_a_successor_stays_in_its_five_year_cycle(county: Changing) -> None:
    later = Successor("甲规划", "jb.energy", date(2026, 3, 31), first_year=2026, last_year=2030)
    with pytest.raises(ChangeRefused, match="五年规划期"):
        county.propose(county.asked("split", "能源规划", parts=[later, "乙规划"]))


@pytest.mark.parametrize("titles", [("能源规划", "电力规划"), ("电力规划", "能源规划")])
def test_the_term_of_a_merged_plan_is_the_whole_of_those_before_whichever_is_named_first(
    county: Changing, titles: tuple[str, str]
) -> None:
    with county.house.database.transaction() as session:
        from workflow_service.store.plans import Plan

        short = session.get_one(Plan, county.plan_ids["能源规划"])
        short.first_year, short.last_year = 2022, 2023
    county.carry_out(county.asked("merge", *titles, parts=["新规划"]))
    found = county.plan("新规划")
    assert (found.first_year, found.last_year) == (2021, 2025)


def test_a_decided_change_is_not_begun_again_but_proposed_anew(county: Changing) -> None:
    change = county.propose(county.asked("withdraw", "能源规划"))
    county.agree()
    county.approve("refused", opinion="时机未到")
    assert county.change(change).status == "refused"
    with pytest.raises(Conflict, match="另行提出"):
        reopen(county, change, "approve")
    assert county.propose(county.asked("withdraw", "能源规划")) != change


def test_a_dropped_change_goes_on_unless_another_took_its_place(county: Changing) -> None:
    change = county.propose(county.asked("withdraw", "能源规划"))
    with county.house.database.transaction() as session:
        processes.terminate_instance(session, county.house.actor(SUPERVISOR), run_of(county, change), "误提", now=NOW)
    second = county.propose(county.asked("re_date", "能源规划", due_on=TODAY + timedelta(days=90)))
    with pytest.raises(Conflict, match="另一项目录调整"):
        reopen(county, change)
    with county.house.database.transaction() as session:
        processes.terminate_instance(session, county.house.actor(SUPERVISOR), run_of(county, second), "误提", now=NOW)
    reopen(county, change)
    with county.house.database.transaction() as session:
        assert session.get_one(ProcessInstance, run_of(county, change)).status == "active"


def test_what_follows_a_closed_plan_has_its_stages_clock_and_the_closed_one_none(county: Changing) -> None:
    """Plans enter stages in one way, whoever carries them there."""
    from tests.services.test_rhythms import delivered
    from workflow_service.services import deployments

    table = delivered("deadlines")["deadlines.dmn"].replace(b'"consultation"', b'"research"')
    process = {**delivered("catalogue_change"), "deadlines.dmn": table}
    with county.house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "stages", process, now=NOW)
    county.carry_out(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]))
    with county.house.database.transaction() as session:
        found = session.scalars(select(StageDeadline).order_by(StageDeadline.plan_id)).all()
        told = [(one.plan_id, one.stage, one.rule, one.left_at) for one in found]
    heirs = [county.plan(one).id for one in ("甲规划", "乙规划")]
    assert told == [(heir, "research", "20 working days", None) for heir in heirs]
