"""A weekly report that asks for help becomes special reports about the plans that the planner chooses, or a recorded reason."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text

from tests.people import PASSWORD, SYSTEM
from tests.services.house import House
from tests.services.test_rhythms import delivered
from tests.services.test_special_reports import FILES, LEADERS
from tests.web.test_pages import plan_of
from workflow_service.domain.rhythms import Rhythm
from workflow_service.engine.run import Instance
from workflow_service.services import (
    audit,
    deployments,
    people,
    processes,
    programs,
    rhythm_by_hand,
    rhythms,
    special_reports,
    stage_clocks,
)
from workflow_service.services.forms import FormErrors
from workflow_service.services.people import PersonFacts
from workflow_service.services.weekly_reports import stuck_plans
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.people import Membership
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance, Task

TITLES = ("能源规划", "电力发展规划", "热力和供气规划")
PROBLEM = "用海指标未落实"
PEOPLE = LEADERS | {"jb.planner": ("jb.drc", "planner"), "jb.second": ("jb.drc", "planner")}


@pytest.fixture
def asked(house: House) -> House:
    """The energy bureau's plans are asked about this week; the commission has planners and leaders."""
    prepare(house)
    return house


def prepare(house: House) -> list[int]:
    """Deploy what is needed, let people enter, and ask for the report; gives the plans."""
    with house.database.transaction() as session:
        files = delivered(*FILES, "weekly_report", "special_report.json")
        deployments.deploy_files(session, SYSTEM, "weekly", files, now=house.now)
        for username, post in PEOPLE.items():
            facts = PersonFacts(username=username, name=f"人员{username}")
            made = people.add_person(session, SYSTEM, facts, [post], now=house.now, password=PASSWORD)
            house.structure.people[username] = made.user.id
    plans = [plan_of(house, title) for title in TITLES]
    with house.database.transaction() as session:
        actor = house.actor("jb.supervisor")
        run = rhythm_by_hand.run_by_hand(session, actor, Rhythm.WEEKLY, "unit", "jb.energy", now=house.now)
    rhythms.finish(house.database, *run, now=house.now)
    return plans


def report(house: House, *problems: str) -> list[int]:
    """The unit reports with these problems, in the order in which its plans are listed; gives the plans in that order."""
    (task,) = house.open()
    with house.database.transaction() as session:
        row = session.get_one(ProcessInstance, task.instance_id)
        plans = [one["id"] for one in processes.variables_at(session, row, task.token, now=house.now)["plans"]]
    rows = [
        {"plan": plan, "progress": "推进中", **({"problems": words} if words else {})}
        for plan, words in zip(plans, (*problems, "", "", "")[: len(plans)], strict=True)
    ]
    house.complete("report_progress", {"outcome": "needs_help", "reports": rows, "problem": PROBLEM})
    return plans


def choice(plans: list[int], *chosen: int) -> dict[str, Any]:
    rows = [{"plan": plan, "title": "规划", "report": True} if plan in chosen else {"plan": plan} for plan in plans]
    return {"outcome": "draft", "plans": rows}


def drafts(house: House) -> list[SpecialReportRow]:
    with house.database.transaction() as session:
        return list(session.scalars(select(SpecialReportRow).order_by(SpecialReportRow.id)))


def outcome(house: House) -> tuple[str, str]:
    with house.database.transaction() as session:
        row = session.scalars(select(ProcessInstance).where(ProcessInstance.definition_key == "weekly_report")).one()
        return row.status, row.outcome


def test_the_planner_begins_a_special_report_about_the_plan_that_he_chooses_and_the_weekly_report_ends(asked: House) -> None:
    first, second, _third = report(asked, "缺少测绘数据", "部门意见不一致")
    asked.complete("special_report", choice([first, second], second), "jb.planner")
    (made,) = drafts(asked)
    planner = asked.structure.people["jb.planner"]
    assert (made.plan_id, made.status, made.drafted_by, made.organ) == (second, "draft", planner, "江北区发展和改革局")
    assert "据牵头单位11月24日所在周的周报，部门意见不一致；需协调：用海指标未落实。" in made.text
    assert made.title.startswith("关于《") and made.recipients == [asked.structure.people["nb.leader"]]
    assert outcome(asked) == ("completed", "reports_begun")
    (task,) = asked.open()
    assert (task.element_id, task.process_key, task.assignee_id) == ("draft", "special_report", planner)
    assert asked.incidents() == []


def test_what_was_begun_goes_the_ordinary_way_to_the_leaders(asked: House) -> None:
    first, *_others = report(asked, "缺少测绘数据")
    asked.complete("special_report", choice([first], first), "jb.planner")
    asked.complete("draft", {"outcome": "submit"}, "jb.planner")
    asked.complete("release", {"outcome": "release"}, "jb.leader")
    (made,) = drafts(asked)
    assert (made.status, [task.assignee_id for task in asked.open()]) == ("sent", [asked.structure.people["nb.leader"]])
    with asked.database.transaction() as session:
        assert audit.verify(session) == []


def test_each_chosen_plan_gets_a_report_of_its_own(asked: House) -> None:
    first, second, _third = report(asked, "缺少测绘数据", "部门意见不一致")
    asked.complete("special_report", choice([first, second], first, second), "jb.planner")
    assert [one.plan_id for one in drafts(asked)] == [first, second]


def test_reports_about_several_plans_and_an_act_on_one_of_them_wait_for_each_other_in_one_order(
    asked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _third = report(asked, "缺少测绘数据", "部门意见不一致")
    recorded, failed = threading.Event(), []

    def act() -> None:
        recorded.wait(20)
        try:
            with asked.database.transaction() as session:
                due_at = asked.now + timedelta(days=90)
                stage_clocks.set_due(session, asked.actor("jb.supervisor"), second, "", due_at, "上级要求", now=asked.now)
        except Exception as error:  # told by the assertion below
            failed.append(error)

    def note_and_wait(*given: Any) -> None:
        note(*given)
        if not recorded.is_set():
            recorded.set()
            until_somebody_waits(asked)

    note = special_reports._note
    monkeypatch.setattr(special_reports, "_note", note_and_wait)
    other = threading.Thread(target=act)
    other.start()
    asked.complete("special_report", choice([first, second], first, second), "jb.planner")
    other.join()
    assert failed == [] and [one.plan_id for one in drafts(asked)] == [first, second]
    with asked.database.transaction() as session:
        assert audit.verify(session) == []


def until_somebody_waits(house: House) -> None:
    """Wait until another transaction waits for a lock."""
    for _attempt in range(100):
        with house.database.transaction() as session:
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_about_a_plan_that_left_the_catalogue_meanwhile_none_is_begun_and_the_run_says_so(asked: House) -> None:
    first, second, _third = report(asked, "缺少测绘数据", "部门意见不一致")
    with asked.database.transaction() as session:
        session.get_one(Plan, first).status = "withdrawn"
    asked.complete("special_report", choice([first, second], first, second), "jb.planner")
    assert [one.plan_id for one in drafts(asked)] == [second] and outcome(asked) == ("completed", "reports_begun")
    with asked.database.transaction() as session:
        row = session.get_one(ProcessInstance, drafts(asked)[0].origin_instance_id)
        program = programs.program_of(session, row.definition_id).program
        said = Instance.thaw(program, row.state, row.business_key, asked.now).variables["begin_reports"]
        assert [one["id"] for one in said["left"]] == [first] and len(said["reports"]) == 1


def test_where_no_problem_is_told_of_a_plan_every_plan_can_be_chosen(asked: House) -> None:
    plans = report(asked)
    asked.complete("special_report", choice(plans, plans[2]), "jb.planner")
    (made,) = drafts(asked)
    assert made.plan_id == plans[2] and f"需协调：{PROBLEM}" in made.text


def test_that_none_is_needed_is_recorded_with_its_reason(asked: House) -> None:
    report(asked, "缺少测绘数据")
    with pytest.raises(FormErrors):
        asked.complete("special_report", {"outcome": "not_needed"}, "jb.planner")
    asked.complete("special_report", {"outcome": "not_needed", "opinion": "已由规划处协调解决"}, "jb.planner")
    assert outcome(asked) == ("completed", "not_needed") and drafts(asked) == [] and asked.open() == []
    with asked.database.transaction() as session:
        done = session.scalars(select(Task).where(Task.element_id == "special_report")).one()
        assert done.opinion == "已由规划处协调解决"


def test_to_draft_none_or_about_a_plan_without_problems_is_refused(asked: House) -> None:
    first, second, _third = report(asked, "缺少测绘数据")
    for answer in (choice([first]), choice([second], second), choice([first, second], first), {"outcome": "draft"}):
        with pytest.raises(FormErrors):
            asked.complete("special_report", answer, "jb.planner")
    assert drafts(asked) == []


def test_a_step_that_failed_and_is_tried_again_drafts_in_the_name_of_who_had_chosen(asked: House) -> None:
    first, *_others = report(asked, "缺少测绘数据")
    with asked.database.transaction() as session:
        leaders = [asked.structure.people[one] for one in ("jb.leader", "nb.leader")]
        session.execute(delete(Membership).where(Membership.user_id.in_(leaders)))
    asked.complete("special_report", choice([first], first), "jb.planner")
    (incident,) = asked.incidents()
    assert drafts(asked) == []
    with asked.database.transaction() as session:
        facts = PersonFacts(username="jb.mayor", name="区长")
        people.add_person(session, SYSTEM, facts, [("jb", "leader")], now=asked.now)
        processes.retry_incident(session, SYSTEM, incident.id, now=asked.now)
    (made,) = drafts(asked)
    assert made.drafted_by == asked.structure.people["jb.planner"]


def test_who_may_not_see_a_report_is_not_told_of_it_by_the_weekly_run(asked: House) -> None:
    first, *_others = report(asked, "缺少测绘数据")
    asked.complete("special_report", choice([first], first), "jb.planner")
    (made,) = drafts(asked)
    with asked.database.transaction() as session:
        row = session.get_one(ProcessInstance, made.origin_instance_id)
        shown = {
            name: [one.id for one in special_reports.reports_begun(session, asked.actor(name), row)]
            for name in ("jb.planner", "jb.supervisor", "jb.handler", "jb.second")
        }
    assert shown == {"jb.planner": [made.id], "jb.supervisor": [made.id], "jb.handler": [], "jb.second": []}


def test_problems_are_told_once_however_they_were_written() -> None:
    plans = [{"id": 1, "title": "甲"}, {"id": 2, "title": "乙"}]
    rows = [{"plan": 1, "progress": "", "problems": "缺指标"}, {"plan": 2, "progress": "正常"}]
    assert stuck_plans({"reports": rows, "problem": "缺指标"}, plans) == [{"id": 1, "title": "甲", "problems": "缺指标"}]
    former = stuck_plans({"progress": "推进", "problem": "缺指标"}, plans)
    assert [(one["id"], one["problems"]) for one in former] == [(1, "缺指标"), (2, "缺指标")]
