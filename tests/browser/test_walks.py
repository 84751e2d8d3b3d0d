"""Three walks through the pages as people take them: a designer, staff with a plan, a supervisor."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, Response, expect
from sqlalchemy import select

from tests.browser.town import BEGUN, Town, login
from workflow_service.demo.papers import pdf
from workflow_service.identity.access import actor_by_username
from workflow_service.resources import bpmn_dir
from workflow_service.services import plans
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task

Visit = Callable[..., Page]


def open_task(town: Town, element_id: str, plan_id: int | None = None) -> int:
    with town.database.transaction() as session:
        statement = select(Task.id).where(Task.element_id == element_id, Task.status == "open")
        if plan_id is not None:
            statement = statement.where(Task.plan_id == plan_id)
        return session.scalars(statement.order_by(Task.id.desc())).first() or 0


def test_a_designer_uploads_a_new_version_of_a_route(visit: Visit, town: Town, tmp_path: Path) -> None:
    source = (bpmn_dir() / "consultation.bpmn").read_text(encoding="utf-8")
    broken, mended = tmp_path / "consultation.bpmn", tmp_path / "mended" / "consultation.bpmn"
    mended.parent.mkdir()
    broken.write_text(re.sub(r'camunda:formKey="\w+"', 'camunda:formKey="no_such_form"', source, count=1), "utf-8")
    mended.write_text(source.replace('name="汇总采纳情况"', 'name="汇总并答复"'), "utf-8")
    page = visit("drc.designer")
    page.goto("/designer")
    page.get_by_role("link", name="上传新版本").click()
    page.locator("#files").set_input_files(broken)
    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不能部署")
    page.locator('.diagram[data-state="ready"]').wait_for()
    finding = page.locator(".check-list button").first
    finding.click()
    expect(finding).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".diagram .focus")).to_have_count(1)

    page.get_by_role("link", name="重新选择文件").click()
    page.locator("#files").set_input_files(mended)
    page.get_by_role("button", name="检查", exact=True).click()
    page.get_by_role("button", name="部署", exact=True).click()
    page.locator("#confirm").get_by_role("button", name="部署").click()
    expect(page.get_by_role("status").first).to_contain_text("已部署")
    page.goto("/designer/processes/consultation")
    expect(page.locator("main")).to_contain_text("第 2 版")


@pytest.mark.slow
def test_staff_take_a_plan_from_its_application_to_its_code(visit: Visit, town: Town) -> None:
    handler = visit("energy.handler")
    handler.goto("/plans/apply")
    handler.get_by_label("规划名称").fill("宁波市氢能产业“十四五”规划")
    for choice in ("专项规划", "政府审批", "重点"):
        handler.locator(".segments label", has_text=choice).click()
    handler.get_by_label("应印发日期").fill("2021-12-31")
    handler.get_by_role("button", name="提出申请").click()
    expect(handler.locator("h1")).to_contain_text("氢能产业")

    handler.get_by_label("编制理由和依据").fill("落实碳达峰碳中和要求。")
    handler.locator(".segments label", has_text="需要编制规划的事项").click()
    handler.locator(".segments label", has_text="申请列入目录清单").click()
    expect(handler.locator(".saved")).to_contain_text("已暂存")
    handler.reload()
    expect(handler.get_by_label("编制理由和依据")).to_have_value("落实碳达峰碳中和要求。")
    handler.locator("[data-main]").click()
    expect(handler.get_by_role("status").first).to_contain_text("已提交")

    with town.database.transaction() as session:
        newest = select(Plan.id).where(Plan.title.contains("氢能")).order_by(Plan.id.desc()).limit(1)
        plan_id = session.scalars(newest).one()
    finish(visit, town, plan_id)
    office = visit("office.registry")
    office.goto("/meetings")
    form = office.locator("form", has_text="立项清单审批").first
    form.get_by_label("会议名称").fill("第 12 次常务会议")
    form.get_by_role("button", name="安排会议").click()
    for result in office.locator('select[name^="result."]').all():
        result.select_option("approved")
    office.get_by_label("纪要文号").fill("会议纪要〔2021〕12号")
    scan: FilePayload = {"name": "纪要.pdf", "mimeType": "application/pdf", "buffer": pdf(["纪要"])}
    office.locator('input[name="file"]').set_input_files(scan)
    office.locator('input[name="declared"]').check()
    office.get_by_role("button", name="录入结果").click()
    office.locator("#confirm").get_by_role("button", name="录入结果").click()
    expect(office.get_by_role("status").first).to_contain_text("结果已录入")
    office.goto(f"/plans/{plan_id}")
    expect(office.locator("main")).to_contain_text("GH-2021-330200-ZX-")


def finish(visit: Visit, town: Town, plan_id: int) -> None:
    """Whoever is asked does what is asked, each at his own browser, until nobody is asked any more."""
    for _round in range(8):
        with town.database.transaction() as session:
            found = session.scalars(select(Task).where(Task.plan_id == plan_id, Task.status == "open").limit(1)).first()
        if found is None:
            return
        unit, _, post = found.candidate_groups[0].rpartition(":")
        page = visit(f"{unit.removeprefix('nb.')}.{post}")
        page.goto(f"/tasks/{found.id}")
        fill_in(page)
        page.locator("[data-main]").click()
        expect(page.get_by_role("status").first).to_contain_text("已提交")


def fill_in(page: Page) -> None:
    """The first of every choice, and words where words are needed."""
    for group in page.locator("#work .segments:visible").all():
        group.locator("label").first.click()
    for area in page.locator("#work textarea:visible, #work input[type=text]:visible").all():
        area.fill("无意见。")


def test_a_supervisor_reads_the_board_down_to_a_plan(visit: Visit, town: Town) -> None:
    page = visit("drc.supervisor")
    page.goto("/board/progress")
    page.locator('.chart[data-state="ready"] svg').first.wait_for()
    page.goto("/board")
    page.locator(".figure", has_text="逾期").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="宁波市港口").click()
    expect(page.locator(".head-light")).to_contain_text("逾期")
    page.goto("/board?as_of=2021-01-31")
    expect(page.locator("main")).to_contain_text("2021年1月31日")


def test_somebody_on_a_phone_approves_with_his_thumb(visit: Visit, town: Town) -> None:
    with town.database.transaction() as session:
        actor = actor_by_username(session, login("energy.handler"), "demo", "", BEGUN.date())
        unit_id = session.scalars(select(Unit.id).where(Unit.code == "nb.energy")).one()
        plan = plans.apply_for_plan(
            session, actor,
            plans.PlanApplication(
                title="宁波市节能“十四五”规划", lead_unit_id=unit_id, category="special", level="city", tier="X",
                importance="general", first_year=2021, last_year=2025,
            ),
            now=BEGUN,
        )  # fmt: skip
        plan_id = plan.id
    page = visit("energy.handler", width=390)
    page.goto(f"/tasks/{open_task(town, 'apply', plan_id)}")
    button = page.locator("[data-main]")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] > 600
    assert box["height"] >= 40
    fill_in(page)
    button.click()
    expect(page.get_by_role("status").first).to_contain_text("已提交")
    assert open_task(town, "apply", plan_id) == 0


def test_the_keyboard_alone_opens_and_searches(visit: Visit, town: Town) -> None:
    page = visit("energy.handler")
    page.goto("/tasks")
    page.locator('html[data-ready="true"]').wait_for()
    page.keyboard.press("j")
    expect(page.locator(".list a.open").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("nbsjt")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("搜索结果")


def test_a_lost_connection_keeps_what_was_typed(visit: Visit, town: Town) -> None:
    page = visit("energy.handler")
    page.goto(f"/tasks/{town.task_id}")
    page.locator('html[data-ready="true"]').wait_for()
    page.context.set_offline(True)
    page.get_by_label("编制理由和依据").fill("断网时写的话")
    expect(page.locator(".saved")).to_contain_text("等待网络")
    page.context.set_offline(False)
    page.get_by_label("编制理由和依据").press_sequentially("，接着写")
    expect(page.locator(".saved")).to_contain_text("已暂存")


def test_files_come_by_choosing_and_only_after_the_declaration(visit: Visit, town: Town, tmp_path: Path) -> None:
    draft = tmp_path / "规划草案.txt"
    draft.write_text("宁波市煤炭石油天然气“十四五”规划（送审稿）", "utf-8")
    page = visit("energy.handler")
    page.goto(f"/tasks/{town.task_id}")
    page.locator('html[data-ready="true"]').wait_for()
    chosen = page.locator(".dropzone input[type=file]").first
    chosen.set_input_files(draft)
    expect(page.locator("#file-list")).to_contain_text("还没有文件")
    page.locator("[data-declare]").check()
    chosen.set_input_files(draft)
    expect(page.locator("#file-list")).to_contain_text("规划草案.txt")
    page.locator('[data-upload-field="materials"] input').set_input_files(draft)
    expect(page.locator('[data-field-files="materials"]')).to_contain_text("规划草案.txt")
    with page.expect_response(lambda answer: _carries(answer, "附草案")):
        page.locator("form[data-draft] textarea").first.fill("附草案。")
    expect(page.locator(".saved")).to_contain_text("已暂存")
    page.reload()
    expect(page.locator('[data-field-files="materials"]')).to_contain_text("规划草案.txt")


def _carries(answer: Response, words: str) -> bool:
    """Whether this answers a draft that was kept with `words` in it."""
    return answer.ok and words.encode() in (answer.request.post_data_buffer or b"")
