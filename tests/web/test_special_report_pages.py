"""Pages of special reports, as people use them without scripts: drafted on a plan, released, read, instructed, followed up."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from tests.people import PASSWORD, SYSTEM
from tests.services.house import House
from tests.services.test_rhythms import delivered
from tests.services.test_special_reports import FILES
from tests.services.test_weekly_special_reports import drafts, prepare, report
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.services import deployments, people
from workflow_service.services.people import PersonFacts

Visit = Callable[[str], Person]
LIST, NEW = "/supervision/reports", "/supervision/reports/new"
DONE = {"outcome": "done", "opinion": "已报送审稿"}


@pytest.fixture
def reporting(house: House) -> House:
    """The house with the delivered process and two leaders who can sign in."""
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=house.now)
        for username, post in (("jb.leader", ("jb.drc", "leader")), ("nb.leader", ("nb.drc", "leader"))):
            facts = PersonFacts(username=username, name=f"领导{username[:2]}")
            made = people.add_person(session, SYSTEM, facts, [post], now=house.now, password=PASSWORD)
            house.structure.people[username] = made.user.id
    return house


def form(house: House, plan: int, *leaders: str, **more: str) -> list[tuple[str, str]]:
    chosen = [("recipient", str(house.structure.people[one])) for one in leaders or ("jb.leader", "nb.leader")]
    values = {"plan": str(plan), "title": "关于能源规划的专报", "text": "一、进展情况\n已逾期。"} | more
    return [*values.items(), *chosen]


def finish(house: House, who: Person, element: str, values: dict[str, str]) -> None:
    task = next(one for one in house.open() if one.element_id == element)
    answer = who.post(f"/tasks/{task.id}/complete", values, seen=f"/tasks/{task.id}")
    assert answer.status_code == 302, answer.text


def test_a_report_goes_from_a_plan_to_the_leaders_and_what_they_ordered_comes_back(reporting: House, person: Visit) -> None:
    plan = plan_of(reporting, "能源规划")
    supervisor, leader, other = person("jb.supervisor"), person("jb.leader"), person("nb.leader")
    assert f"{NEW}?plan={plan}" in supervisor.get(f"/plans/{plan}").text
    drafted = supervisor.get(f"{NEW}?plan={plan}").text
    assert "关于《能源规划》编制进度的专报" in drafted and "三、工作建议" in drafted and "领导nb" in drafted
    nobody = supervisor.post(NEW, form(reporting, plan)[:3], seen=f"{NEW}?plan={plan}")
    assert nobody.status_code == 422 and "请选择呈报的领导" in nobody.text and "已逾期。" in nobody.text
    saved = supervisor.post(NEW, form(reporting, plan), seen=f"{NEW}?plan={plan}", follow_redirects=True)
    page = saved.request.path
    assert "草稿已保存" in saved.text and "未编号" in saved.text and reporting.waiting() == ["draft"]
    edited = form(reporting, plan, title="改过的专报", then="submit")
    sent = supervisor.post(f"{page}/edit", edited, seen=f"{page}/edit", follow_redirects=True)
    assert "已提交审核签发" in sent.text and reporting.waiting() == ["release"]
    finish(reporting, leader, "release", {"outcome": "release"})
    assert supervisor.get(f"{page}/edit").status_code == 409
    tasks = {task.assignee_id: f"/tasks/{task.id}" for task in reporting.open()}
    at_leader = leader.get(tasks[reporting.structure.people["jb.leader"]]).text
    assert "改过的专报" in at_leader and "已逾期。" in at_leader and f"{page}/instruct" in at_leader
    empty = leader.post(f"{page}/instruct", {"words": " "}, seen=f"{page}/instruct")
    assert empty.status_code == 422 and "请写明批示" in empty.text
    words = {"words": "请能源局抓紧。", "holder": "g:jb.energy:handler", "due_on": "2025-12-05"}
    done = leader.post(f"{page}/instruct", words, seen=f"{page}/instruct", follow_redirects=True)
    assert "请能源局抓紧。" in done.text and "已批示" in done.text and "1 / 2" in done.text
    (read,) = [task for task in reporting.open() if task.element_id == "read" and task.round_id is None]
    other.post(f"/tasks/{read.id}/complete", {"outcome": "read"}, seen=f"/tasks/{read.id}")
    shown = supervisor.get(page).text
    assert "已阅</span>" in shown and "2 / 2" in shown and "还剩" in shown
    (order,) = reporting.open()
    handler = person("jb.handler")
    assert "改过的专报" in handler.get(f"/tasks/{order.id}").text
    handler.post(f"/tasks/{order.id}/complete", DONE, seen=f"/tasks/{order.id}")
    shown = supervisor.get(page).text
    assert "已报送审稿" in shown and "还剩" not in shown
    assert "改过的专报" in supervisor.get(f"/plans/{plan}").text
    for ending, head in (("docx", b"PK"), ("pdf", b"%PDF")):
        assert supervisor.get(f"{page}.{ending}").data.startswith(head)


def test_the_list_and_its_sheet_hold_what_the_filters_say(reporting: House, person: Visit) -> None:
    supervisor = person("jb.supervisor")
    assert "没有专报" in supervisor.get(LIST).text
    plan = plan_of(reporting, "能源规划")
    for title in ("港口专报", "民航专报"):
        supervisor.post(NEW, form(reporting, plan, title=title), seen=f"{NEW}?plan={plan}")
    shown = supervisor.get(f"{LIST}?q=港口").text
    assert "港口专报" in shown and "民航专报" not in shown
    assert "没有符合条件" in supervisor.get(f"{LIST}?state=unread").text
    rows = list(openpyxl.load_workbook(BytesIO(supervisor.get(f"{LIST}.xlsx?q=港口&state=draft").data)).active.values)
    assert [row[1] for row in rows] == ["标题", "港口专报"] and rows[1][3] == "拟稿中"


def test_who_it_does_not_concern_sees_nothing_of_it(reporting: House, person: Visit) -> None:
    plan = plan_of(reporting, "能源规划")
    page = person("jb.supervisor").post(NEW, form(reporting, plan), seen=f"{NEW}?plan={plan}").location
    for username in ("jb.handler", "hs.handler", "nb.leader"):  # a draft has not reached the leader yet
        reader = person(username)
        assert reader.get(page).status_code == 403
        assert "关于能源规划的专报" not in reader.get(LIST).text + reader.get(f"/plans/{plan}").text
    assert person("jb.handler").get(f"{NEW}?plan={plan}").status_code == 403
    assert person("jb.supervisor").get(NEW).status_code == 404


def test_a_double_click_drafts_once(reporting: House, person: Visit) -> None:
    plan, supervisor = plan_of(reporting, "能源规划"), person("jb.supervisor")
    for _number in range(2):
        supervisor.post(NEW, form(reporting, plan, idempotency_key="k1"), seen=f"{NEW}?plan={plan}")
    assert len(reporting.open()) == 1


def test_a_report_is_drafted_and_handed_in_at_once(reporting: House, person: Visit) -> None:
    plan = plan_of(reporting, "能源规划")
    sent = person("jb.supervisor").post(
        NEW, form(reporting, plan, then="submit"), seen=f"{NEW}?plan={plan}", follow_redirects=True
    )
    assert "已提交审核签发" in sent.text and reporting.waiting() == ["release"]


def test_a_planner_chooses_on_the_task_page_about_which_plans_to_report_and_finds_the_drafts_there(
    house: House, person: Visit
) -> None:
    prepare(house)
    first, second, _third = report(house, "缺少测绘数据", "部门意见不一致")
    (task,) = house.open()
    planner, path = person("jb.planner"), f"/tasks/{task.id}"
    page = planner.get(path).text
    assert "用海指标未落实" in page and "部门意见不一致" in page and "就此起草专报" in page
    rows = {"plans.0.plan": first, "plans.0.report.asked": "1", "plans.1.plan": second, "plans.1.report.asked": "1"}
    nothing = planner.post(f"{path}/complete", {"outcome": "draft", **rows}, seen=path)
    assert nothing.status_code == 422 and "至少选择 1 项" in nothing.text
    chosen = {"outcome": "draft", **rows, "plans.1.report": "true"}
    assert planner.post(f"{path}/complete", chosen, seen=path).status_code == 302
    (made,) = drafts(house)
    link = f'href="{LIST}/{made.id}"'
    assert link in planner.get(path).text and link in planner.get(f"/instances/{task.instance_id}").text
    told = planner.get(f"{LIST}/{made.id}").text
    assert "由周报送中需协调的事项形成" in told and "部门意见不一致；需协调：用海指标未落实" in told
    assert link not in person("jb.handler").get(f"/instances/{task.instance_id}").text


def test_none_is_needed_with_a_reason_on_the_task_page(house: House, person: Visit) -> None:
    prepare(house)
    report(house, "缺少测绘数据")
    (task,) = house.open()
    planner, path = person("jb.planner"), f"/tasks/{task.id}"
    lacking = planner.post(f"{path}/complete", {"outcome": "not_needed"}, seen=path)
    assert lacking.status_code == 422 and "必填" in lacking.text
    answer = {"outcome": "not_needed", "opinion": "已协调解决"}
    assert planner.post(f"{path}/complete", answer, seen=path).status_code == 302
    assert "已协调解决" in planner.get(path).text and house.open() == []
