"""Plans are split, merged, withdrawn and re-dated in the catalogue, each change approved and kept (docs/domain.md §2.1)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.people import NOW, SYSTEM, TODAY
from tests.services.catalogue import CHINA, Catalogue
from tests.services.changing import AREA, DUE, LATER, NUMBER, Changing
from tests.services.house import House
from tests.services.test_rhythms import activate, delivered
from workflow_service.domain.catalogue import ChangeRefused
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.rhythms import Rhythm
from workflow_service.services import (
    audit,
    board,
    bulletin_follow,
    bulletins,
    catalogue_changes,
    deployments,
    files,
    interventions,
    ledger,
    plans,
    processes,
    rhythm_by_hand,
    rhythms,
)
from workflow_service.services.board import BoardAsked
from workflow_service.services.catalogue_changes import Successor
from workflow_service.store import catalogue_changes as store
from workflow_service.store.catalogue_changes import ChangeFilter
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import Attachment, ProcessInstance
from workflow_service.store.supervision import Notice

YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def county(house: House) -> Changing:
    return Changing.build(house)


def titles(county: Changing, day: date) -> set[str]:
    """The plans in the ledger of a day."""
    with county.house.database.transaction() as session:
        return {line.title for line in ledger.open_plans(session, AREA, as_of=day).rows}


def total(county: Changing, day: date) -> int:
    """The denominator of the board of a day; both sources must agree."""
    with county.house.database.transaction() as session:
        found = board.overview(session, SYSTEM, BoardAsked(day, area=AREA)).board
        assert found.figures.total.total == ledger.figures(session, AREA, day).total.total
        return found.figures.total.total


def events(county: Changing, title: str, kind: str) -> list[dict[str, Any]]:
    with county.house.database.transaction() as session:
        wanted = select(PlanEvent.data).join(Plan, Plan.id == PlanEvent.plan_id)
        return list(session.scalars(wanted.where(Plan.title == title, PlanEvent.kind == kind).order_by(PlanEvent.id)))


def told(county: Changing, subject: str) -> set[int]:
    with county.house.database.transaction() as session:
        return set(session.scalars(select(Notice.user_id).where(Notice.subject.startswith(subject))))


def test_a_plan_is_split_in_three_and_figures_change_from_the_day_of_approval(county: Changing) -> None:
    run = county.run("能源规划")
    parts = ["电网规划", Successor("油气规划", "jb.ecology", date(2026, 4, 30), importance="key", tier="N"), "新能源规划"]
    before = {day: (titles(county, day), total(county, day)) for day in (YESTERDAY, TODAY)}
    change = county.propose(county.asked("split", "能源规划", parts=parts))
    county.agree()
    assert total(county, TODAY) == 3  # nothing has changed before the approval
    county.approve()
    assert (titles(county, YESTERDAY), total(county, YESTERDAY)) == before[YESTERDAY]
    assert titles(county, TODAY) == {"电力规划", "热力规划", "电网规划", "油气规划", "新能源规划"}
    assert total(county, TODAY) == 5
    old, (grid, gas, new) = county.plan("能源规划"), [county.plan(one) for one in ("电网规划", "油气规划", "新能源规划")]
    assert (old.status, old.stage, old.code) == ("split", "closed", "GH-2021-330205-ZX-0001")
    assert len({one.code for one in (old, grid, gas, new)}) == 4
    assert {one.split_from_id for one in (grid, gas, new)} == {old.id} and grid.registered_on == TODAY
    assert (gas.due_on, gas.importance, gas.route) == (date(2026, 4, 30), "key", "government_executive_meeting")
    assert (grid.due_on, grid.importance, grid.tier, grid.route) == (LATER, "general", "X", "departmental_self_issue")
    assert (grid.category, grid.level, grid.first_year, grid.last_year) == ("special", "county", 2021, 2025)
    assert gas.lead_unit_id == county.house.structure.units["jb.ecology"]
    (left,) = events(county, "能源规划", "split")
    assert [one["code"] for one in left["successors"]] == [grid.code, gas.code, new.code]
    assert (left["number"], left["reason"], left["change"]) == (NUMBER, "事权调整", change)
    found = county.change(change)
    assert (found.status, found.document_number, found.decided_on) == ("approved", NUMBER, TODAY)
    assert found.made_plan_ids == [grid.id, gas.id, new.id]
    assert county.house.instance(run).status == "terminated" and county.house.open() == []
    with county.house.database.transaction() as session:
        assert [one.title for one in store.successors_of(session, session.get_one(Plan, old.id))] == [
            "电网规划", "油气规划", "新能源规划",
        ]  # fmt: skip
        assert [one.id for one in store.sources_of(session, session.get_one(Plan, gas.id))] == [old.id]
        assert audit.verify(session) == []


def test_whoever_held_a_task_of_a_closed_plan_hears_why_and_the_lead_units_hear_of_the_change(county: Changing) -> None:
    county.run("能源规划")
    county.carry_out(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]))
    people = county.house.structure.people
    with county.house.database.transaction() as session:
        ended = session.scalars(select(Notice).where(Notice.kind == "task_ended")).all()
        assert [(one.user_id, "规划目录已调整" in one.subject + str(one.body)) for one in ended] == [(people["jb.handler"], True)]
    assert told(county, "目录调整已批准：《能源规划》拆分为《甲规划》《乙规划》") == {
        people["jb.handler"], people["jb.planner"], people["jb.supervisor"],
    }  # fmt: skip


def test_two_are_merged_into_a_new_plan_and_one_into_another(county: Changing) -> None:
    county.add("燃气规划")
    with county.house.database.transaction() as session:
        session.get_one(Plan, county.plan_ids["电力规划"]).importance = "key"
        session.get_one(Plan, county.plan_ids["热力规划"]).water_review = True
    county.carry_out(county.asked("merge", "电力规划", "热力规划", parts=["电热规划"]))
    county.carry_out(county.asked("merge", "燃气规划", into="能源规划"))
    made, kept = county.plan("电热规划"), county.plan("能源规划")
    assert (made.importance, made.water_review, made.status, made.split_from_id) == ("key", True, "active", None)
    for title, heir in (("电力规划", made), ("热力规划", made), ("燃气规划", kept)):
        closed = county.plan(title)
        assert (closed.status, closed.merged_into_id) == ("merged", heir.id), title
    assert (kept.status, kept.due_on) == ("active", DUE)
    (took,) = events(county, "能源规划", "took_over")
    assert [one["title"] for one in took["sources"]] == ["燃气规划"]
    assert titles(county, YESTERDAY) == {"能源规划", "电力规划", "热力规划", "燃气规划"}
    assert titles(county, TODAY) == {"能源规划", "电热规划"} and (total(county, YESTERDAY), total(county, TODAY)) == (4, 2)
    with county.house.database.transaction() as session:
        assert [one.title for one in store.sources_of(session, session.get_one(Plan, made.id))] == ["电力规划", "热力规划"]


def test_plans_are_withdrawn_and_an_issued_one_only_by_order(county: Changing) -> None:
    county.add("已印发规划", issued=date(2025, 11, 3))
    with pytest.raises(ChangeRefused, match="须附要求撤销的文件"):
        county.propose(county.asked("withdraw", "已印发规划"))
    with county.house.database.transaction() as session:
        order = Attachment(
            sha256="3" * 64, name="决定.pdf", media_type="application/pdf", size=1, uploaded_at=NOW,
            uploaded_by=county.house.structure.people["jb.planner"],
        )  # fmt: skip
        session.add(order)
        session.flush()
        order_id = order.id
    ordered = {"ordered_by": "government", "order_attachment_id": order_id}
    with pytest.raises(InvalidInput, match="交办文件"):
        county.propose(county.asked("withdraw", "已印发规划", **ordered), by="jb.supervisor")  # another's file
    county.carry_out(county.asked("withdraw", "已印发规划", "热力规划", **ordered))
    assert [county.plan(one).status for one in ("已印发规划", "热力规划")] == ["withdrawn", "withdrawn"]
    assert (total(county, YESTERDAY), total(county, TODAY)) == (4, 2)
    with county.house.database.transaction() as session, pytest.raises(Conflict):
        plans.start_revision(session, SYSTEM, county.plan_ids["已印发规划"], "再修订", now=NOW)


def test_a_plan_is_re_dated_and_past_days_keep_its_former_date(county: Changing) -> None:
    with pytest.raises(ChangeRefused, match="没有变化"):
        county.propose(county.asked("re_date", "能源规划", due_on=DUE))
    run = county.run("能源规划")
    county.carry_out(county.asked("re_date", "能源规划", due_on=LATER))
    assert county.plan("能源规划").due_on == LATER and county.house.instance(run).status == "active"
    (moved,) = events(county, "能源规划", "re_dated")
    assert (moved["from"], moved["to"]) == (DUE.isoformat(), LATER.isoformat())
    assert moved["reason"] == f"{NUMBER} 事权调整"
    with county.house.database.transaction() as session:
        plan_id = county.plan_ids["能源规划"]
        days = [ledger.lines_by_id(session, [plan_id], as_of=day)[plan_id].due_on for day in (YESTERDAY, TODAY)]
        (kept,) = session.scalars(select(DeadlineChange).where(DeadlineChange.plan_id == plan_id))
    assert days == [DUE, LATER]
    assert (kept.kind, kept.reason) == ("by_hand", moved["reason"]) and kept.due_after is not None
    assert kept.due_after.astimezone(CHINA).date() == LATER


def test_a_clock_that_stands_goes_on_from_the_new_date(county: Changing) -> None:
    run = county.run("能源规划")
    act(county, processes.suspend_instance, run, "等上级")
    county.house.now = NOW + timedelta(days=2)
    county.carry_out(county.asked("re_date", "能源规划", due_on=LATER))
    county.house.now = NOW + timedelta(days=4)  # two working days after it was re-dated, four since the clock stopped
    act(county, processes.resume_instance, run, "已定")
    assert county.plan("能源规划").due_on == LATER + timedelta(days=2)
    with county.house.database.transaction() as session:
        rows = session.scalars(
            select(DeadlineChange)
            .where(DeadlineChange.plan_id == county.plan_ids["能源规划"], DeadlineChange.task_id.is_(None))
            .order_by(DeadlineChange.started_at, DeadlineChange.id)
        ).all()
    assert [(row.kind, row.working_days) for row in rows] == [("suspended", 2), ("by_hand", 0)]


def act(county: Changing, command: Any, run: int, reason: str) -> None:
    with county.house.database.transaction() as session:
        command(session, county.house.actor("jb.supervisor"), run, reason, now=county.house.now)


def test_a_released_bulletin_stays_and_the_next_one_counts_the_new_state(county: Changing) -> None:
    supervisor = county.house.actor("jb.supervisor")
    with county.house.database.transaction() as session:
        Catalogue.again(session).plans["能源规划"].due_on = date(2025, 11, 14)
    former = datetime(2025, 11, 21, 9, tzinfo=CHINA)
    with county.house.database.transaction() as session:
        first = bulletins.draft_bulletin(session, "330205", "2025-11-D2", now=former)
        bulletins.release_bulletin(session, supervisor, first, now=former)
        kept = dict(first.figures)
    county.carry_out(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]))
    later = datetime(2025, 12, 1, 9, tzinfo=CHINA)
    with county.house.database.transaction() as session:
        first = bulletins.draft_bulletin(session, "330205", "2025-11-D2", now=later)
        assert first.figures == kept
        again = bulletins.fixed_figures(session, AREA, date(2025, 11, 11), date(2025, 11, 20))
        assert again["total"] == kept["total"] and again["overdue"] == kept["overdue"]
        following = bulletins.draft_bulletin(session, "330205", "2025-11-D3", now=later)
        assert (kept["total"]["total"], following.figures["total"]["total"]) == (3, 4)
        assert [one["title"] for one in kept["overdue"]] == ["能源规划"] and following.figures["overdue"] == []
        followed = bulletin_follow.follow_up(session, following)
        assert followed is not None and [one["outcome"] for one in followed["plans"]] == ["已退出目录"]


def test_successors_take_over_the_dossier_with_rights_of_their_own(county: Changing, tmp_path: Path) -> None:
    house = county.house
    first = county.keep_file(tmp_path, "能源规划", "草案.txt", "draft_for_review", "送审稿".encode())
    removed = county.keep_file(tmp_path, "能源规划", "作废.txt", "", b"old")
    with house.database.transaction() as session:
        files.remove_file(session, house.actor("jb.handler"), removed, now=NOW)
    county.run("能源规划")
    (task,) = house.open()
    with house.database.transaction() as session:  # part of a draft that was never handed in
        half = Attachment(
            sha256="4" * 64, name="半成品.txt", media_type="text/plain", size=1, uploaded_at=NOW, task_id=task.id,
            instance_id=task.instance_id, plan_id=task.plan_id, uploaded_by=house.structure.people["jb.handler"],
        )  # fmt: skip
        session.add(half)
    parts = ["甲规划", Successor("乙规划", "jb.ecology", LATER)]
    county.carry_out(county.asked("split", "能源规划", parts=parts))
    for title in ("甲规划", "乙规划"):
        plan = county.plan(title)
        with house.database.transaction() as session:
            (copy,) = session.scalars(select(Attachment).where(Attachment.plan_id == plan.id))
            kept = session.get_one(Attachment, first)
            assert copy.id != first and (copy.sha256, copy.dossier_item) == (kept.sha256, "draft_for_review")
            _row, path = files.open_file(session, house.actor("jb.supervisor"), files.FileShelf(tmp_path), copy.id)
            assert path.read_text("utf-8") == "送审稿"
            with pytest.raises(Forbidden):
                files.open_file(session, house.actor("hs.handler"), files.FileShelf(tmp_path), copy.id)


def test_a_merged_dossier_goes_on_in_the_versions_of_the_plan_that_takes_it_over(county: Changing, tmp_path: Path) -> None:
    for title, name in (("能源规划", "一.txt"), ("电力规划", "二.txt"), ("热力规划", "三.txt")):
        county.keep_file(tmp_path, title, name, "drafting_notes")
    county.carry_out(county.asked("merge", "电力规划", "热力规划", into="能源规划"))
    with county.house.database.transaction() as session:
        found = select(Attachment).where(Attachment.plan_id == county.plan_ids["能源规划"]).order_by(Attachment.version)
        assert [(one.name, one.version) for one in session.scalars(found)] == [("一.txt", 1), ("二.txt", 2), ("三.txt", 3)]


@pytest.mark.parametrize(
    ("kind", "plans_of", "more", "why"),
    [
        ("split", ["能源规划"], {"parts": ["甲规划"]}, "至少要有两项后继"),
        ("split", ["能源规划", "电力规划"], {"parts": ["甲规划", "乙规划"]}, "每次只办一项"),
        ("split", ["能源规划"], {"parts": ["甲规划", "甲规划"]}, "《甲规划》重复"),
        ("split", ["能源规划"], {"parts": ["甲规划", Successor("乙规划", "jb.energy", LATER, "", "", 2024, 2025)]}, "少于 3 年"),
        ("split", ["能源规划"], {"parts": ["甲规划", Successor("乙规划", "jb.energy", TODAY)]}, "应晚于今天"),
        ("split", ["能源规划"], {"parts": ["甲规划", Successor("乙规划", "hs.drc", LATER)]}, "应属同一级政府"),
        ("split", ["已印发规划"], {"parts": ["甲规划", "乙规划"]}, "已经印发，不能再办理规划拆分"),
        ("split", ["已离开规划"], {"parts": ["甲规划", "乙规划"]}, "不在目录中"),
        ("merge", ["能源规划"], {"parts": ["甲规划"]}, "至少要有两项规划"),
        ("merge", ["能源规划", "电力规划"], {}, "或者一项新规划"),
        ("merge", ["能源规划", "电力规划"], {"into": "能源规划"}, "不能并入自身"),
        ("merge", ["能源规划"], {"into": "已印发规划"}, "已经印发，不能再办理规划合并"),
        ("re_date", ["能源规划"], {}, "请填写调整后"),
        ("re_date", ["能源规划"], {"due_on": TODAY}, "应晚于今天"),
    ],
)
def test_what_the_rules_refuse_is_refused_with_its_reason(
    county: Changing, kind: str, plans_of: list[str], more: dict[str, Any], why: str
) -> None:
    county.add("已印发规划", issued=date(2025, 11, 3))
    county.add("已离开规划")
    with county.house.database.transaction() as session:
        Catalogue.again(session).leave("已离开规划", YESTERDAY)
    with pytest.raises(ChangeRefused, match=why):
        county.propose(county.asked(kind, *plans_of, **more), by="jb.supervisor")
    assert county.house.open() == []


def test_every_reason_is_named_at_once(county: Changing) -> None:
    parts = [Successor("甲规划", "jb.energy", TODAY, "", "", 2024, 2025)]
    with pytest.raises(ChangeRefused) as refused:
        county.propose(county.asked("split", "能源规划", parts=parts))
    assert [len(refused.value.reasons), str(refused.value).count("；")] == [3, 2]


def test_plans_of_two_governments_are_not_merged(county: Changing) -> None:
    county.add("海曙规划", "hs.drc")
    with pytest.raises(Forbidden):
        county.propose(county.asked("merge", "能源规划", into="海曙规划"))
    with county.house.database.transaction() as session, pytest.raises(ChangeRefused, match="同一级政府的目录"):
        asked = county.asked("merge", "能源规划", into="海曙规划")
        catalogue_changes.propose_change(session, SYSTEM, asked, now=NOW)


def test_a_plan_is_in_one_open_change_at_a_time(county: Changing) -> None:
    first = county.propose(county.asked("withdraw", "电力规划"))
    for asked in (county.asked("re_date", "电力规划", due_on=LATER), county.asked("merge", "能源规划", into="电力规划")):
        with pytest.raises(Conflict, match="《电力规划》已有目录调整在办"):
            county.propose(asked)
    act(county, processes.terminate_instance, county.change(first).instance_id or 0, "提错了")
    with county.house.database.transaction() as session:
        assert [row.state for row in store.rows(session, ChangeFilter(areas=None))] == ["dropped"]
        assert store.count(session, ChangeFilter(areas=None, state="open")) == 0
    county.carry_out(county.asked("withdraw", "电力规划"))
    with pytest.raises(ChangeRefused, match="不在目录中"):
        county.propose(county.asked("re_date", "电力规划", due_on=LATER))


def test_the_lead_unit_the_commission_and_supervisors_propose_and_nobody_else(county: Changing) -> None:
    for username in ("hs.handler", "jb.clerk", "nb.planner"):
        with pytest.raises(Forbidden):
            county.propose(county.asked("withdraw", "能源规划"), by=username)
    county.add("生态规划", "jb.ecology")
    with pytest.raises(Forbidden):
        county.propose(county.asked("withdraw", "能源规划", "生态规划"), by="jb.handler")  # one of them is another unit's
    change = county.propose(county.asked("withdraw", "能源规划"), by="jb.handler")
    with county.house.database.transaction() as session:
        assert catalogue_changes.visible_change(session, county.house.actor("jb.clerk"), change).id == change
        with pytest.raises(Forbidden):
            catalogue_changes.visible_change(session, county.house.actor("hs.handler"), change)
        with pytest.raises(NotFound):
            catalogue_changes.visible_change(session, SYSTEM, change + 1)


def test_a_leader_does_not_review_what_he_proposed_himself(county: Changing) -> None:
    county.propose(county.asked("withdraw", "能源规划"), by="jb.head")
    with pytest.raises(Forbidden):
        county.agree()


def test_what_is_sent_back_is_amended_and_reviewed_again(county: Changing) -> None:
    change = county.propose(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]), by="jb.handler")
    county.house.complete("review", {"outcome": "return", "opinion": "少了一项"}, "jb.head")
    assert county.house.waiting() == ["amend"]
    asked = county.asked("split", "能源规划", parts=["甲规划", "乙规划", "丙规划"])
    with county.house.database.transaction() as session, pytest.raises(Forbidden):
        catalogue_changes.amend_change(session, county.house.actor("jb.planner"), change, asked, now=NOW)
    with county.house.database.transaction() as session:
        catalogue_changes.amend_change(session, county.house.actor("jb.handler"), change, asked, "已补", now=NOW)
    (task,) = county.house.open()
    with county.house.database.transaction() as session:
        run = session.get_one(ProcessInstance, task.instance_id)
        seen = processes.variables_of(session, run, now=NOW)["change"]["summary"]
        assert seen == "《能源规划》拆分为《甲规划》《乙规划》《丙规划》"
        with pytest.raises(Conflict, match="不能修改"):
            catalogue_changes.amend_change(session, county.house.actor("jb.handler"), change, asked, now=NOW)
    county.agree()
    county.approve()
    assert titles(county, TODAY) == {"电力规划", "热力规划", "甲规划", "乙规划", "丙规划"}


@pytest.mark.parametrize(("by", "state"), [("commission", "refused"), ("government", "refused"), ("proposer", "withdrawn")])
def test_what_is_not_approved_leaves_everything_as_it_was(county: Changing, by: str, state: str) -> None:
    run = county.run("能源规划")
    change = county.propose(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]))
    if by == "government":
        county.agree()
        county.approve("refused", opinion="时机未到")
    else:
        outcome = "refuse" if by == "commission" else "return"
        county.house.complete("review", {"outcome": outcome, "opinion": "时机未到"}, "jb.head")
    if by == "proposer":
        county.house.complete("amend", {"outcome": "withdraw", "opinion": "时机未到"}, "jb.planner")
    found = county.change(change)
    assert (found.status, found.answer, found.made_plan_ids) == (state, "时机未到", [])
    assert county.plan("能源规划").status == "active" and county.house.instance(run).status == "active"
    assert county.house.incidents() == [] and total(county, TODAY) == 3
    county.propose(county.asked("withdraw", "能源规划"))  # it may be proposed again


def test_what_became_impossible_meanwhile_is_an_incident_and_changes_nothing(county: Changing) -> None:
    change = county.propose(county.asked("split", "能源规划", parts=["甲规划", "乙规划"]))
    county.agree()
    with county.house.database.transaction() as session:
        Catalogue.again(session).issue("能源规划", TODAY)
    county.approve()
    (incident,) = county.house.incidents()
    assert incident.element_id == "carry_out" and "已经印发" in incident.message
    found = county.change(change)
    assert (found.status, found.document_number, county.plan("能源规划").status) == ("open", "", "issued")


def test_a_run_of_a_closed_plan_is_not_taken_up_again(county: Changing) -> None:
    run = county.run("能源规划")
    county.carry_out(county.asked("withdraw", "能源规划"))
    with county.house.database.transaction() as session, pytest.raises(Conflict, match="已从目录中调出"):
        interventions.reopen_instance(session, county.house.actor("jb.supervisor"), run, "", "再办", now=NOW)


def test_weekly_reports_ask_for_closed_plans_no_more(county: Changing) -> None:
    house = county.house
    county.add("生态规划", "jb.ecology")
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "weekly", delivered("weekly_report", "special_report.json"), now=NOW)
    activate(house.database, TODAY, Rhythm.WEEKLY)
    rhythms.run_due(house.database, now=datetime.combine(TODAY, time(10), CHINA))
    energy, ecology = (task.instance_id for task in house.open())
    county.carry_out(county.asked("merge", "电力规划", "热力规划", into="能源规划"))
    county.carry_out(county.asked("withdraw", "生态规划"))
    with house.database.transaction() as session:
        run = session.get_one(ProcessInstance, energy)
        assert [one["title"] for one in processes.variables_of(session, run, now=NOW)["plans"]] == ["能源规划"]
        assert session.get_one(ProcessInstance, ecology).status == "terminated"
    said = [{"plan": county.plan_ids["能源规划"], "progress": "已起草", "next_steps": "征求意见"}]
    house.complete("report_progress", {"outcome": "on_track", "reports": said})
    assert house.open() == [] and house.incidents() == []


def test_a_unit_whose_plans_had_left_is_asked_by_hand_once_it_has_plans_again(county: Changing) -> None:
    house = county.house
    county.add("生态规划", "jb.ecology")
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "weekly", delivered("weekly_report", "special_report.json"), now=NOW)
    activate(house.database, TODAY, Rhythm.WEEKLY)
    at = datetime.combine(TODAY, time(10), CHINA)
    rhythms.run_due(house.database, now=at)
    county.carry_out(county.asked("withdraw", "生态规划"))

    def by_hand() -> None:
        with house.database.transaction() as session:
            actor = house.actor("jb.supervisor")
            claimed = rhythm_by_hand.run_by_hand(session, actor, Rhythm.WEEKLY, "unit", "jb.ecology", now=at)
        rhythms.finish(house.database, *claimed, now=at)

    with pytest.raises(Conflict, match="都已布置"):
        by_hand()
    county.add("湿地规划", "jb.ecology")
    by_hand()
    with house.database.transaction() as session:
        asked = select(ProcessInstance.status).where(ProcessInstance.business_key.endswith(":jb.ecology"))
        weekly_ones = asked.where(ProcessInstance.definition_key == "weekly_report").order_by(ProcessInstance.id)
        assert session.scalars(weekly_ones).all() == ["terminated", "active"]
    with pytest.raises(Conflict, match="都已布置"):
        by_hand()
