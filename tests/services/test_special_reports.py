"""Special reports: drafted from a plan's facts, released, read by the chosen leaders, their orders followed up; then sealed."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from tests.people import SYSTEM
from tests.services.house import House, user_task
from tests.services.test_rhythms import delivered
from tests.web.test_pages import plan_of
from workflow_service.documents.special_report import ONE_PAGE_LINES, lines_of
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import (
    audit,
    deployments,
    mergers,
    people,
    plan_brief,
    processes,
    report_reading,
    special_reports,
    tasks,
)
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.special_reports import ReportAsked
from workflow_service.store import report_list
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan
from workflow_service.store.report_list import ReportFilter
from workflow_service.store.supervision import Notice, WeeklyReport

FILES = ("special_report", "report_draft", "report_release", "report_reading", "deadlines")
LEADERS = {"jb.leader": ("jb.drc", "leader"), "nb.leader": ("nb.drc", "leader"), "hs.leader": ("hs.drc", "leader")}
TEXT = "一、进展情况\n规划逾期未印发。\n二、工作建议\n请抓紧。"
ENERGY = "g:jb.energy:handler"
DONE = {"outcome": "done", "opinion": "已报送审稿"}


@pytest.fixture
def reporting(house: House) -> House:
    """The house with the delivered process, the county's leader, one of the city and one of the next county."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=house.now)
        for username, post in LEADERS.items():
            facts = PersonFacts(username=username, name=f"领导{username[:2]}")
            made = people.add_person(session, SYSTEM, facts, [post], now=house.now)
            house.structure.people[username] = made.user.id
    return house


def asked_for(house: House, *leaders: str, title: str = "关于能源规划进度的专报", text: str = TEXT) -> ReportAsked:
    return ReportAsked(title, text, [house.structure.people[one] for one in leaders or ("jb.leader", "nb.leader")])


def draft(house: House, username: str = "jb.supervisor", asked: ReportAsked | None = None) -> int:
    with house.database.transaction() as session:
        known = session.scalars(select(Plan.id).limit(1)).first()
    plan = known or plan_of(house, "能源规划")
    with house.database.transaction() as session:
        return special_reports.draft_report(session, house.actor(username), plan, asked or asked_for(house), now=house.now).id


def sent(house: House) -> int:
    report = draft(house)
    house.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    house.complete("release", {"outcome": "release"}, "jb.leader")
    return report


def report_of(house: House, report: int) -> SpecialReportRow:
    with house.database.transaction() as session:
        return session.get_one(SpecialReportRow, report)


def read(house: House, username: str) -> None:
    task = next(one for one in house.open() if one.assignee_id == house.structure.people[username])
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor(username), task.id, {"outcome": "read"}, now=house.now)


def states(house: House, report: int) -> dict[str, str]:
    with house.database.transaction() as session:
        found = session.get_one(SpecialReportRow, report)
        given = report_reading.instructions_on(session, found)
        return {one.name[:4]: one.state for one in report_reading.readings_of(session, found, given)}


def told(house: House, subject: str) -> set[int]:
    with house.database.transaction() as session:
        return set(session.scalars(select(Notice.user_id).where(Notice.subject.startswith(subject))))


def test_a_report_is_drafted_released_numbered_and_read_by_each_leader(reporting: House) -> None:
    report = draft(reporting)
    found = report_of(reporting, report)
    assert (found.status, found.number) == ("draft", None)
    assert found.recipient_names == ["领导jb（江北区发展和改革局·负责人）", "领导nb（宁波市发展和改革委员会·负责人）"]
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    assert reporting.waiting() == ["release"]
    reporting.complete("release", {"outcome": "release"}, "jb.leader")
    found = report_of(reporting, report)
    assert found.status == "sent" and (found.number or "").endswith("专报〔2025〕1号")
    assert (found.sent_by, found.sent_at) == (reporting.structure.people["jb.leader"], reporting.now)
    assert [task.due_at is not None for task in reporting.open()] == [True, True]
    assert told(reporting, "专报请阅批") == {reporting.structure.people["nb.leader"]}  # the other one released it himself
    read(reporting, "nb.leader")
    assert states(reporting, report) == {"领导jb": "unread", "领导nb": "read"}
    read(reporting, "jb.leader")
    assert states(reporting, report) == {"领导jb": "read", "领导nb": "read"}
    assert told(reporting, "专报已全部阅批") == {reporting.structure.people["jb.supervisor"]}
    assert reporting.open() == [] and reporting.incidents() == []


def test_the_second_report_of_a_year_has_the_second_number(reporting: House) -> None:
    numbers = [report_of(reporting, sent(reporting)).number or "" for _count in range(2)]
    assert [one[-7:] for one in numbers] == ["2025〕1号", "2025〕2号"]


def test_a_leader_instructs_and_what_he_ordered_is_followed_up_on_the_report(reporting: House) -> None:
    report, due = sent(reporting), reporting.now + timedelta(days=3)
    with reporting.database.transaction() as session:
        actor = reporting.actor("jb.leader")
        report_reading.instruct(session, actor, report, "请能源局三日内报送审稿。", [Asked(ENERGY, due)], now=reporting.now)
    assert states(reporting, report) == {"领导jb": "instructed", "领导nb": "unread"}
    assert reporting.structure.people["jb.supervisor"] in told(reporting, "领导jb在专报上批示")
    with reporting.database.transaction() as session:
        (one,) = report_reading.instructions_on(session, session.get_one(SpecialReportRow, report))
        (order,) = one.orders
        assert (one.event.reason, order.task.due_at, order.task.status) == ("请能源局三日内报送审稿。", due, "open")
    read(reporting, "nb.leader")
    instance = report_of(reporting, report).instance_id or 0
    assert reporting.instance(instance).status == "completed"
    (left,) = reporting.open()
    with reporting.database.transaction() as session:
        tasks.claim_task(session, reporting.actor("jb.handler"), left.id, now=reporting.now)
        tasks.complete_task(session, reporting.actor("jb.handler"), left.id, DONE, now=reporting.now)
    with reporting.database.transaction() as session:
        (one,) = report_reading.instructions_on(session, session.get_one(SpecialReportRow, report))
        assert one.is_done and one.orders[0].task.opinion == "已报送审稿"
        assert audit.verify(session) == []


def test_who_is_no_leader_writes_no_instruction_and_nobody_before_it_is_sent(reporting: House) -> None:
    report = draft(reporting)
    with reporting.database.transaction() as session, pytest.raises(Conflict, match="尚未报送"):
        report_reading.instruct(session, reporting.actor("jb.supervisor"), report, "请办。", now=reporting.now)
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    reporting.complete("release", {"outcome": "release"}, "jb.leader")
    with reporting.database.transaction() as session, pytest.raises(Forbidden, match="领导"):
        report_reading.instruct(session, reporting.actor("jb.supervisor"), report, "请办。", now=reporting.now)
    assert states(reporting, report) == {"领导jb": "unread", "领导nb": "unread"}


def test_a_draft_is_changed_until_it_is_sent_and_never_after(reporting: House) -> None:
    report = draft(reporting)

    def change(username: str, title: str) -> None:
        with reporting.database.transaction() as session:
            asked = asked_for(reporting, "jb.leader", title=title)
            special_reports.change_draft(session, reporting.actor(username), report, asked, now=reporting.now)

    change("jb.supervisor", "改过的标题")
    assert (report_of(reporting, report).title, len(report_of(reporting, report).recipients)) == ("改过的标题", 1)
    with pytest.raises(Forbidden):
        change("jb.handler", "别人改的")
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    change("jb.leader", "审核人改的")
    reporting.complete("release", {"outcome": "return", "points": "请补充数据"}, "jb.leader")
    assert reporting.waiting() == ["draft"]
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    reporting.complete("release", {"outcome": "release"}, "jb.leader")
    assert [task.assignee_id for task in reporting.open()] == [reporting.structure.people["jb.leader"]]
    with pytest.raises(Conflict):
        change("jb.supervisor", "报送后改的")
    own = SpecialReportRow.id == report
    for statement in (update(SpecialReportRow).where(own).values(text="篡改"), delete(SpecialReportRow).where(own)):
        with pytest.raises(IntegrityError, match="never changed"), reporting.database.transaction() as session:
            session.execute(statement)
    assert report_of(reporting, report).title == "审核人改的"


def test_a_draft_that_is_dropped_goes_to_nobody(reporting: House) -> None:
    report = draft(reporting)
    reporting.complete("draft", {"outcome": "drop"}, "jb.supervisor")
    assert report_of(reporting, report).status == "dropped" and reporting.open() == []
    assert told(reporting, "专报") == set()


def test_a_unit_without_a_leader_lets_its_supervisor_release(reporting: House) -> None:
    with reporting.database.transaction() as session:
        session.execute(update(people.User).where(people.User.username == "jb.leader").values(active=False))
    draft(reporting, asked=asked_for(reporting, "nb.leader"))
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    (task,) = reporting.open()
    assert task.candidate_groups == ["jb.drc:supervisor"]


@pytest.mark.parametrize(
    "more",
    [{"title": " "}, {"title": "题" * 61}, {"text": ""}, {"text": "字" * 1001}],
)
def test_what_cannot_be_kept_says_why(reporting: House, more: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        draft(reporting, asked=asked_for(reporting, **more))
    assert reporting.open() == []


@pytest.mark.parametrize("whom", [(), ("jb.handler",), ("hs.leader",)])
def test_it_goes_to_leaders_of_the_area_and_above_it_only(reporting: House, whom: tuple[str, ...]) -> None:
    asked = ReportAsked("标题", TEXT, [reporting.structure.people[one] for one in whom])
    with pytest.raises(InvalidInput, match="领导"):
        draft(reporting, asked=asked)


@pytest.mark.parametrize("username", ["jb.handler", "jb.admin", "hs.handler"])
def test_only_supervisors_and_the_offices_draft(reporting: House, username: str) -> None:
    with pytest.raises(Forbidden):
        draft(reporting, username)


def test_who_sees_a_report(reporting: House) -> None:
    report = sent(reporting)

    def sees(username: str) -> tuple[bool, bool]:
        actor = reporting.actor(username)
        wanted = ReportFilter(areas=(), user_id=actor.user_id, holders=actor.groups)
        with reporting.database.transaction() as session:
            listed = [row.report.id for row in report_list.rows(session, wanted)] == [report]
            try:
                return listed, special_reports.visible_report(session, actor, report).id == report
            except Forbidden:
                return listed, False

    assert {one: sees(one) for one in ("jb.supervisor", "jb.leader", "nb.leader")} == dict.fromkeys(
        ("jb.supervisor", "jb.leader", "nb.leader"), (True, True)
    )
    assert {one: sees(one) for one in ("jb.handler", "jb.admin", "hs.handler", "hs.leader", "nb.planner")} == dict.fromkeys(
        ("jb.handler", "jb.admin", "hs.handler", "hs.leader", "nb.planner"), (False, False)
    )
    with reporting.database.transaction() as session:
        report_reading.instruct(
            session, reporting.actor("jb.leader"), report, "请办。", [Asked(ENERGY)], now=reporting.now
        )
    assert sees("jb.handler") == (True, True)  # who is to follow an order sees what it is about


def test_the_list_tells_drafts_from_what_is_unread_and_read(reporting: House) -> None:
    first, second = sent(reporting), draft(reporting)

    def listed(state: str, text: str = "") -> list[int]:
        with reporting.database.transaction() as session:
            wanted = ReportFilter(areas=None, state=state, text=text)
            found = [row.report.id for row in report_list.rows(session, wanted)]
            assert report_list.count(session, wanted) == len(found)
            return found

    assert (listed("draft"), listed("unread"), listed("read")) == ([second], [first], [])
    assert (listed("", "能源规划进度"), listed("", "没有这个")) == ([second, first], [])
    for leader in ("jb.leader", "nb.leader"):
        read(reporting, leader)
    assert (listed("unread"), listed("read")) == ([], [first])
    with reporting.database.transaction() as session:
        assert (report_list.row_of(session, first).read, report_list.row_of(session, second).read) == (2, 0)


def test_the_paper_says_what_the_report_says(reporting: House) -> None:
    report = draft(reporting)

    def words() -> str:
        with reporting.database.transaction() as session:
            content = special_reports.report_docx(session, reporting.actor("jb.supervisor"), report)
        return ZipFile(BytesIO(content)).read("word/document.xml").decode()

    said = ("规划编制专报", "关于能源规划进度的专报", "一、进展情况", "请抓紧。", "领导jb（江北区发展和改革局·负责人）")
    assert [one for one in said if one not in words()] == [] and "送审稿" in words()
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    reporting.complete("release", {"outcome": "release"}, "jb.leader")
    assert "〔2025〕1号" in words() and "送审稿" not in words()


def test_a_draft_begins_with_the_facts_of_the_plan_and_fits_on_a_page(reporting: House) -> None:
    reporting.deploy_chain(user_task("fill", more='approval:deadline="1 working days"'))
    plan_id = plan_of(reporting, "江北区综合交通运输发展“十四五”规划")
    later = reporting.now + timedelta(days=9)
    with reporting.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        plan.due_on, plan.status, lead = date(2025, 11, 10), "active", plan.lead_unit_id
        facts = {"plan": {"id": plan_id}}
        processes.start_process(
            session, SYSTEM, "p", variables=facts, business_key="b", area_path=plan.area_path, plan_id=plan_id, now=reporting.now
        )
        session.add(WeeklyReport(
            plan_id=plan_id, unit_id=lead, week=date(2025, 11, 24), progress="已成初稿", problems="部门意见不一致，" * 20,
            next_steps="", reported_at=reporting.now,
        ))  # fmt: skip
        session.add(DeadlineChange(
            plan_id=plan_id, stage="", kind="meeting", started_at=reporting.now, ended_at=later, working_days=5,
            due_before=reporting.now - timedelta(days=21), due_after=reporting.now - timedelta(days=14), reason="",
        ))  # fmt: skip
        session.flush()
        text = plan_brief.report_text(session, plan, now=later)
    said = (
        "一、进展情况", f"《{plan.title}》", "应于2025年11月10日前印发，至今已逾期17个工作日",
        "“fill”自11月24日起由江北区能源局办理，已逾期6个工作日",
        "印发期限调整1次：由2025年11月3日调整为2025年11月10日（等待上会）", "二、存在问题",
        "据牵头单位11月24日所在周的周报，部门意见不一致",
        "……", "三、工作建议", "请江北区能源局抓紧办结“fill”；请江北区能源局倒排工期，明确印发时间。",
    )  # fmt: skip
    assert [one for one in said if one not in text] == [] and lines_of(text) <= ONE_PAGE_LINES, text


def test_a_draft_goes_over_to_the_successor_of_its_unit_and_a_sent_one_stays_as_it_was(reporting: House) -> None:
    old = sent(reporting)
    left = draft(reporting)
    units = reporting.structure.units
    later = reporting.now + timedelta(days=1)
    with reporting.database.transaction() as session:
        mergers.merge_unit(session, SYSTEM, units["jb.drc"], units["jb.energy"], "机构改革", now=later)
    assert (report_of(reporting, old).organ_unit_id, report_of(reporting, old).status) == (units["jb.drc"], "sent")
    found = report_of(reporting, left)
    assert (found.organ_unit_id, found.organ) == (units["jb.energy"], "江北区能源局")
    reporting.complete("draft", {"outcome": "submit"}, "jb.supervisor")
    assert "release" in reporting.waiting()
