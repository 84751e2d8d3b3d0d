"""What supervisors do, as they meet it in a browser: a matter is listed and struck off, a late plan is urged from the board."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.clerks import open_and_urge
from tests.browser.test_every_page import keep_picture
from tests.browser.town import NOW, Town, login
from workflow_service.domain.rhythms import Rhythm
from workflow_service.identity.access import actor_by_username
from workflow_service.services import bulletins, processes, rhythm_by_hand, rhythms, tasks
from workflow_service.store.acting import ListedMatter, SpecialReportRow
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import Bulletin

Visit = Callable[..., Page]


def open_matter(page: Page, title: str) -> None:
    page.goto("/supervision/listed")
    page.get_by_role("link", name=title).click()


def test_a_matter_is_listed_and_struck_off_by_another_person(visit: Visit, town: Town) -> None:
    title = "综合交通规划久拖不决"
    supervisor = visit("drc.supervisor")
    supervisor.goto(f"/plans/{town.plan_ids[1]}")
    supervisor.get_by_role("link", name="挂牌", exact=True).click()
    supervisor.get_by_label("事项").fill(title)
    supervisor.get_by_label("挂牌理由").fill("多次催办仍无进展。")
    supervisor.get_by_label("责任单位岗位").select_option("g:nb.energy:handler")
    supervisor.get_by_label("销号期限").fill("2021-07-09")
    supervisor.get_by_role("button", name="挂牌", exact=True).click()
    expect(supervisor.get_by_text("已挂牌")).to_be_visible()

    handler = visit("energy.handler")
    open_matter(handler, title)
    handler.get_by_role("link", name="整改、报送进展").click()
    handler.get_by_role("radio", name="申请销号").check(force=True)
    handler.get_by_label("进展和措施").fill("已全部办结。")
    handler.get_by_role("button", name="提交").first.click()
    handler.wait_for_url(lambda url: "/tasks/" not in url or "done" in url)

    inspector = visit("inspection.supervisor")
    open_matter(inspector, title)
    expect(inspector.get_by_text("已全部办结。")).to_be_visible()
    inspector.get_by_role("link", name="核验销号").click()
    inspector.get_by_role("radio", name="同意销号").check(force=True)
    inspector.get_by_role("button", name="提交").first.click()
    inspector.wait_for_url(lambda url: "/tasks/" not in url or "done" in url)

    with town.database.transaction() as session:
        found = session.scalars(select(ListedMatter).where(ListedMatter.title == title)).one()
        assert found.status == "struck_off" and found.struck_off_by not in (None, found.asked_by, found.responsible_id)
    handler.goto("/supervision/listed?state=struck_off")
    expect(handler.get_by_role("link", name=title)).to_be_visible()


def test_a_late_plans_steps_are_urged_from_its_page_with_the_result_of_each(visit: Visit, town: Town) -> None:
    supervisor = visit("drc.supervisor")
    supervisor.goto(f"/plans/{town.plan_ids[2]}")
    supervisor.get_by_role("link", name="处置", exact=True).click()
    expect(supervisor.get_by_role("radio", name="催办")).to_be_checked()
    supervisor.get_by_role("button", name="请今天办结。").click()
    expect(supervisor.get_by_role("textbox", name="理由")).to_have_value("请今天办结。")
    supervisor.get_by_role("button", name="处置", exact=True).click()
    supervisor.locator("#confirm").get_by_role("button", name="处置").click()
    expect(supervisor.get_by_text("0 项未办")).to_be_visible()
    with town.database.transaction() as session:
        plan = Task.plan_id == town.plan_ids[2]
        urged = select(TaskEvent.reason).join(Task, Task.id == TaskEvent.task_id).where(plan, TaskEvent.kind == "urged")
        assert set(session.scalars(urged)) == {"请今天办结。"}


def test_a_late_step_is_opened_from_the_board_and_urged(visit: Visit, town: Town) -> None:
    supervisor = visit("drc.supervisor")
    supervisor.goto("/board")
    steps = supervisor.locator(".card", has=supervisor.get_by_role("heading", name=re.compile("^逾期环节")))
    late = [int(href.rpartition("/")[2]) for href in steps.locator("a.open").evaluate_all("all => all.map(one => one.href)")]
    with town.database.transaction() as session:
        urged_before = set(session.scalars(select(TaskEvent.task_id).where(TaskEvent.kind == "urged")))
    task_id = next(one for one in late if one not in urged_before)
    open_and_urge(supervisor, steps, task_id, town.database)


def test_who_is_away_is_marked_on_the_board_on_the_task_and_where_it_is_urged(visit: Visit, town: Town) -> None:
    supervisor, handler, mark = visit("drc.supervisor"), visit("energy.handler", width=390), "出差至 6月25日"
    with town.database.transaction() as session:
        held = select(Task.id).where(Task.candidate_groups == ["nb.energy:handler"], Task.status == "open", Task.due_at < NOW)
        task_id = session.scalars(held.order_by(Task.due_at).limit(1)).one()
    handler.goto("/people/me/absences")
    handler.locator("label", has_text="出差").click()
    handler.locator("#f-since").fill("2021-06-21")
    handler.locator("#f-last").fill("2021-06-25")
    handler.get_by_role("button", name="登记外出", exact=True).click()
    expect(handler.get_by_text("外出中")).to_be_visible()
    supervisor.goto("/board")
    expect(supervisor.locator(".away").first).to_have_text(mark)
    supervisor.goto(f"/tasks/{task_id}")
    expect(supervisor.locator("#away")).to_contain_text(mark)
    supervisor.get_by_role("link", name="催办", exact=True).click()
    expect(supervisor.locator("#operation-sheet #away")).to_contain_text("等回岗后才看到")
    keep_picture(supervisor, "urge-somebody-away")
    supervisor.goto("/board")
    supervisor.locator("a[data-sheet]").first.click()
    expect(supervisor.locator("#operation-sheet").get_by_role("button", name="催办", exact=True)).to_be_visible()
    keep_picture(supervisor, "urge-from-the-board")
    keep_picture(handler, "absent-on-a-phone")
    handler.get_by_role("button", name="提前结束").click()
    handler.locator("#confirm").get_by_role("button", name="提前结束").click()
    expect(handler.get_by_text("已提前结束")).to_be_visible()
    supervisor.goto("/board")
    expect(supervisor.locator(".away")).to_have_count(0)


def test_what_is_ticked_on_the_board_is_taken_to_the_page_of_acts(visit: Visit, town: Town) -> None:
    supervisor = visit("drc.supervisor")
    supervisor.goto("/board")
    steps = supervisor.locator(".card", has=supervisor.get_by_role("heading", name=re.compile("^逾期环节")))
    ticks = steps.locator("[data-pick]")
    ids = {int(ticks.nth(number).get_attribute("value") or 0) for number in (0, 1)}
    for number in (0, 1):
        ticks.nth(number).check()
    supervisor.get_by_role("button", name="处置", exact=True).click()
    supervisor.wait_for_url("**/supervision/act?**")
    supervisor.get_by_role("radio", name="报上级").check(force=True)
    expect(supervisor.get_by_role("button", name="请今天办结。")).to_be_hidden()
    supervisor.get_by_role("textbox", name="理由").fill("多次催办无果。")
    supervisor.get_by_role("button", name="处置", exact=True).click()
    supervisor.locator("#confirm").get_by_role("button", name="处置").click()
    expect(supervisor.get_by_text("0 项未办")).to_be_visible()
    with town.database.transaction() as session:
        escalated = select(TaskEvent.task_id).where(TaskEvent.kind == "escalated")
        assert set(session.scalars(escalated)) == ids


def test_a_bulletin_is_edited_released_numbered_and_signed_for(visit: Visit, town: Town) -> None:
    with town.database.transaction() as session:
        unit = session.scalars(select(Unit).where(Unit.code == "nb.drc")).one()
        bulletins.start_bulletin(session, unit, "2021-06-D1", {}, now=NOW)
    planner, supervisor = visit("drc.planner"), visit("drc.supervisor")
    hand_in(planner, town, "edit_bulletin", {"总体情况": "本旬总体平稳，能源规划进度滞后。"})
    edited = task_of(town, "release_bulletin")
    supervisor.goto(f"/tasks/{edited}")
    expect(supervisor.locator("main")).to_contain_text("能源规划进度滞后")
    hand_in(supervisor, town, "release_bulletin", {})
    with town.database.transaction() as session:
        made = session.scalars(select(Bulletin).where(Bulletin.period == "2021-06-D1")).one()
        assert (made.status, made.year, made.number) == ("released", 2021, 2)  # the town has released one before
        number, bulletin = made.number, made.id
    supervisor.goto(f"/bulletins/{bulletin}")
    expect(supervisor.locator("main")).to_contain_text(f"第{number}期")
    expect(supervisor.locator("main")).to_contain_text("能源规划进度滞后")
    reader = visit("energy.registry")
    reader.goto("/circulations")
    reader.get_by_role("link", name=re.compile("第2期规划编制简报")).click()
    reader.get_by_role("button", name="签收").first.click()
    supervisor.goto(f"/bulletins/{bulletin}")
    expect(supervisor.locator("main")).to_contain_text("签收 1 / ")


def test_a_special_report_reaches_two_leaders_and_what_one_orders_comes_back(visit: Visit, town: Town) -> None:
    with town.database.transaction() as session:
        plan = session.scalars(select(Plan).where(Plan.title == "宁波市港口“十四五”规划")).one()
        plan_id = plan.id
    supervisor, leader = visit("drc.supervisor"), visit("drc.leader")
    supervisor.goto(f"/plans/{plan_id}")
    supervisor.locator(".act-row").get_by_role("link", name="专报", exact=True).click()
    text = supervisor.get_by_label("正文")
    expect(text).to_have_value(re.compile("至今已逾期10个工作日"))
    text.fill(text.input_value() + "\n请领导协调。")
    for name in ("市发展改革委·负责人", "市政府办公厅·负责人"):
        supervisor.get_by_role("checkbox", name=re.compile(name)).check()
    supervisor.get_by_role("button", name="提交审核").click()
    expect(supervisor.get_by_text("已提交审核签发")).to_be_visible()
    address = supervisor.url

    leader.goto(address)
    leader.get_by_role("link", name="审核签发").click()
    leader.locator('html[data-ready="true"]').wait_for()
    expect(leader.locator("main")).to_contain_text("请领导协调。")
    leader.locator("label", has_text="签发报送").click()
    leader.locator("[data-main]").click()
    expect(leader.get_by_role("status").first).to_contain_text("已提交")

    leader.goto(address)
    leader.get_by_role("link", name="阅批", exact=True).click()
    leader.get_by_label("批示").fill("请能源局本周内报送审稿。")
    leader.get_by_text("交办", exact=True).click()
    leader.get_by_role("checkbox", name="市能源局·经办", exact=True).check()
    leader.get_by_label("办结期限").fill("2021-06-25")
    leader.get_by_role("button", name="批示").click()
    expect(leader.get_by_text("批示已写在专报上")).to_be_visible()
    expect(leader.locator("main")).to_contain_text("已批示")

    other = visit("office.leader")
    other.goto(address)
    other.get_by_role("link", name="阅批", exact=True).click()
    other.locator('html[data-ready="true"]').wait_for()
    other.locator("[data-main]").click()
    expect(other.get_by_role("status").first).to_contain_text("已提交")

    handler = visit("energy.handler")
    with town.database.transaction() as session:
        report = session.get_one(SpecialReportRow, int(address.rpartition("/")[2]))
        order = session.scalars(select(Task).where(Task.instance_id == report.instance_id, Task.status == "open")).one()
        assert report.status == "sent" and order.due_at is not None
        order_id = order.id
    handler.goto(f"/tasks/{order_id}")
    handler.locator('html[data-ready="true"]').wait_for()
    expect(handler.locator("main")).to_contain_text("请领导协调。")
    for group in handler.locator("#work .segments:visible").all():
        group.locator("label").first.click()
    handler.locator("#work").get_by_label("办理情况").fill("送审稿已报送。")
    handler.locator("[data-main]").click()
    expect(handler.get_by_role("status").first).to_contain_text("已提交")

    supervisor.goto(address)
    main = supervisor.locator("main")
    for words in ("请能源局本周内报送审稿。", "送审稿已报送。", "2 / 2", "已阅", "已批示"):
        expect(main).to_contain_text(words)


def task_of(town: Town, element: str) -> int:
    with town.database.transaction() as session:
        return session.scalars(select(Task.id).where(Task.element_id == element, Task.status == "open")).one()


def hand_in(page: Page, town: Town, element: str, words: dict[str, str]) -> None:
    """Do the one open task of a step: the first choice, and words where they are given."""
    page.goto(f"/tasks/{task_of(town, element)}")
    page.locator('html[data-ready="true"]').wait_for()
    for group in page.locator("#work .segments:visible").all():
        group.locator("label").first.click()
    for label, text in words.items():
        page.get_by_label(label).first.fill(text)
    page.locator("[data-main]").click()
    expect(page.get_by_role("status").first).to_contain_text("已提交")


def test_a_planner_turns_a_stuck_matter_of_a_weekly_report_into_a_special_report(visit: Visit, town: Town) -> None:
    with town.database.transaction() as session:
        supervisor = actor_by_username(session, login("drc.supervisor"), "demo", "", NOW.date())
        run = rhythm_by_hand.run_by_hand(session, supervisor, Rhythm.WEEKLY, "unit", "nb.energy", now=NOW)
    rhythms.finish(town.database, *run, now=NOW)
    with town.database.transaction() as session:
        asked = session.scalars(select(Task).where(Task.element_id == "report_progress")).one()
        asked_id, instance = asked.id, session.get_one(ProcessInstance, asked.instance_id)
        plans = processes.variables_at(session, instance, asked.token, now=NOW)["plans"]
        rows = [{"plan": one["id"], "progress": "推进中", "problems": "用海指标未落实"} for one in plans]
        said = {"outcome": "needs_help", "reports": rows, "problem": "请协调用海指标"}
        handler = actor_by_username(session, login("energy.handler"), "demo", "", NOW.date())
        tasks.complete_task(session, handler, asked_id, said, now=NOW)
        choosing = session.scalars(select(Task).where(Task.element_id == "special_report")).one().id

    planner = visit("drc.planner")
    planner.goto(f"/tasks/{choosing}")
    planner.locator('html[data-ready="true"]').wait_for()
    expect(planner.locator("main")).to_contain_text("请协调用海指标")
    planner.locator("label", has_text="不报专报").click()
    expect(planner.get_by_label("不报的理由")).to_be_visible()
    expect(planner.get_by_label("就此起草专报").first).to_be_hidden()
    planner.locator("label", has_text="起草专报").first.click()
    planner.get_by_label("就此起草专报").first.check()
    planner.locator("[data-main]").click()
    planner.wait_for_url("**/tasks")
    planner.goto(f"/tasks/{choosing}")
    planner.locator("main").get_by_role("link", name=re.compile("编制进度的专报")).click()
    expect(planner.locator("main")).to_contain_text("用海指标未落实；需协调：请协调用海指标")
    planner.get_by_role("link", name="起草专报").click()
    planner.locator('html[data-ready="true"]').wait_for()
    planner.locator("label", has_text="提交审核").click()
    planner.locator("[data-main]").click()
    planner.wait_for_url("**/tasks")
    with town.database.transaction() as session:
        made = session.scalars(select(SpecialReportRow).where(SpecialReportRow.origin_instance_id.is_not(None))).one()
        waiting = select(Task.element_id).where(Task.instance_id == made.instance_id, Task.status == "open")
        assert session.scalars(waiting).all() == ["release"]
