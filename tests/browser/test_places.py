"""My work, a task's papers and the bell as people use them: lists that keep their place, keys, previews, one question."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from tests.browser.town import BEGUN, NOW, Town, login
from workflow_service.documents.pdf import paper, pdf_available
from workflow_service.identity.access import actor_by_username
from workflow_service.services import notices, plans
from workflow_service.services.notices import NewNotice
from workflow_service.store.people import Unit
from workflow_service.store.personal import LastFilter
from workflow_service.store.runtime import Task

Visit = Callable[..., Page]


def ready(page: Page, path: str) -> Page:
    page.goto(path)
    page.locator('html[data-ready="true"]').wait_for()
    return page


def apply(town: Town, title: str) -> int:
    """The id of the handler's new task."""
    with town.database.transaction() as session:
        actor = actor_by_username(session, login("energy.handler"), "demo", "", BEGUN.date())
        unit_id = session.scalars(select(Unit.id).where(Unit.code == "nb.energy")).one()
        plan = plans.apply_for_plan(
            session, actor,
            plans.PlanApplication(
                title=title, lead_unit_id=unit_id, category="special", level="city", tier="X", importance="general",
                first_year=2021, last_year=2025,
            ),
            now=BEGUN,
        )  # fmt: skip
        return session.scalars(select(Task.id).where(Task.plan_id == plan.id, Task.status == "open")).one()


@pytest.fixture(autouse=True)
def nothing_kept(town: Town) -> None:
    with town.database.transaction() as session:
        session.execute(delete(LastFilter))


def test_a_list_opens_as_it_was_left_and_a_shared_view_stands_for_the_colleague(visit: Visit, town: Town) -> None:
    page = ready(visit("energy.handler"), "/tasks")
    page.locator('select[name="sort"]').select_option("plan")
    page.wait_for_url(re.compile("sort=plan"))
    page.goto("/plans")
    page.get_by_role("navigation", name="主导航").first.get_by_role("link", name="待办").click()
    page.wait_for_url(re.compile("sort=plan"))
    page.get_by_role("button", name="存为视图").click()
    page.get_by_label("名称", exact=True).fill("按规划")
    page.locator('#view-sheet input[name="shared"]').check()
    page.get_by_role("button", name="保存视图").click()
    expect(page.locator(".view-tab[aria-current]")).to_have_text("按规划")
    colleague = ready(visit("energy.leader"), "/tasks?all=1")
    colleague.locator(".view-tab", has_text="按规划").click()
    colleague.wait_for_url(re.compile("sort=plan"))
    expect(colleague.get_by_role("button", name="删除此视图")).to_have_count(0)
    page.get_by_role("button", name="删除此视图").click()
    page.locator("#confirm").get_by_role("button", name="删除此视图").click()
    expect(page.locator(".view-tab", has_text="按规划")).to_have_count(0)


def test_acting_on_a_row_changes_that_row_and_leaves_the_list_where_it_is(visit: Visit, town: Town) -> None:
    task_id = apply(town, "宁波市抽水蓄能“十四五”规划")
    page = ready(visit("energy.handler"), "/tasks?all=1")
    page.evaluate("document.querySelector('#rows').dataset.mine = 'still here'")
    row = page.locator(f"#task-{task_id}")
    row.get_by_role("button", name=re.compile("^签收")).click()
    expect(row).to_contain_text("已签收")
    row.get_by_role("button", name=re.compile("^放回")).click()
    expect(row.get_by_role("button", name=re.compile("^签收"))).to_be_visible()
    assert page.evaluate("document.querySelector('#rows').dataset.mine") == "still here"


def test_a_draft_is_discarded_in_its_row(visit: Visit, town: Town) -> None:
    task_id = apply(town, "宁波市地热“十四五”规划")
    page = ready(visit("energy.handler"), f"/tasks/{task_id}")
    page.locator("form[data-draft] textarea").first.fill("先写一点")
    expect(page.locator(".saved")).to_contain_text("已暂存")
    ready(page, "/tasks/drafts")
    row = page.locator("tr", has_text="宁波市地热")
    row.get_by_role("button").click()
    page.locator("#confirm").get_by_role("button", name="丢弃").click()
    expect(row).to_have_count(0)
    ready(page, f"/tasks/{task_id}")
    expect(page.locator("form[data-draft] textarea").first).to_have_value("")


def test_an_approval_by_the_keyboard_alone(visit: Visit, town: Town) -> None:
    apply(town, "宁波市生物质能“十四五”规划")
    page = ready(visit("energy.handler"), "/tasks?all=1&sort=arrival")
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("#keys")).to_be_visible()
    keys.press("Escape")
    keys.press("j")
    keys.press("x")
    expect(page.locator(".action-bar")).to_be_visible()
    keys.press("x")
    expect(page.locator(".action-bar")).to_be_hidden()
    keys.press("Enter")
    expect(page.locator("h1")).to_contain_text("生物质能")
    page.locator('html[data-ready="true"]').wait_for()
    seen: set[str] = set()
    for _tab in range(80):
        keys.press("Tab")
        kind = page.evaluate("document.activeElement.type || document.activeElement.tagName")
        name = page.evaluate("document.activeElement.name || ''")
        if page.evaluate("document.activeElement.matches('[data-main]')"):
            break
        if name in seen or not page.evaluate("document.activeElement.closest('#work') !== null"):
            continue
        if kind == "radio":
            keys.press("Space")
        elif kind == "textarea":
            keys.type("按要求编制。")
        seen.add(name)
    expect(page.locator("[data-main]")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已提交")


def test_j_and_k_on_a_task_lead_to_its_neighbours(visit: Visit, town: Town) -> None:
    page = ready(visit("energy.handler"), "/tasks?all=1&sort=arrival")
    titles = page.locator("a.open").all_inner_texts()
    page.locator("a.open").first.click()
    page.locator('html[data-ready="true"]').wait_for()
    page.keyboard.press("j")
    expect(page.locator("h1")).to_contain_text(titles[1])
    page.locator('html[data-ready="true"]').wait_for()
    page.keyboard.press("k")
    expect(page.locator("h1")).to_contain_text(titles[0])


def files(folder: Path) -> dict[str, Path]:
    text = docx.Document()
    text.add_paragraph("第一章 总体要求")
    text.add_table(1, 2).cell(0, 1).text = "能耗强度"
    text.save(str(folder / "草案.docx"))
    book = openpyxl.Workbook()
    book.active.append(["指标", "目标值", NOW.replace(tzinfo=None)])
    book.save(folder / "指标.xlsx")
    Image.new("RGB", (60, 40), "#1f4e8c").save(folder / "图.png")
    (folder / "说明.pdf").write_bytes(paper("说明", "", "<p>起草说明</p>").content)
    (folder / "坏.docx").write_bytes(b"not a document")
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.skipif(not pdf_available(), reason="Pango is not installed")
def test_papers_are_looked_at_where_they_lie_and_a_refused_one_says_why(visit: Visit, town: Town, tmp_path: Path) -> None:
    made = files(tmp_path)
    page = ready(visit("energy.handler"), f"/tasks/{apply(town, '宁波市光伏“十四五”规划')}")
    page.locator("[data-declare]").check()
    page.locator(".dropzone .drop:not(.camera) input[type=file]").set_input_files(list(made.values()))
    expect(page.locator("#file-list li")).to_have_count(4)
    refused = page.locator(".upload.refused")
    expect(refused).to_contain_text("坏.docx")
    expect(refused).to_contain_text("内容与扩展名不符")
    refused.get_by_role("button").click()
    expect(refused).to_have_count(0)
    shown = page.locator("#preview")
    for name, words in (("草案.docx", "第一章 总体要求"), ("草案.docx", "能耗强度"), ("指标.xlsx", "2021-06-21 10:42")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(shown).to_contain_text(words)
        shown.get_by_role("button", name="关闭").click()
    page.get_by_role("link", name="图.png", exact=True).click()
    width = "async (image) => { await image.decode(); return image.naturalWidth; }"
    assert page.locator(".preview-picture").evaluate(width) == 60
    shown.get_by_role("button", name="关闭").click()
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text) if message.type == "error" else None)
    with page.expect_response(re.compile(r"/tasks/files/\d+$")) as answered:
        page.get_by_role("link", name="说明.pdf", exact=True).click()
    assert answered.value.headers["content-type"] == "application/pdf"
    expect(page.locator(".preview-frame")).to_be_visible()
    assert [text for text in refusals if "frame" in text.lower() or "policy" in text.lower()] == []


def test_what_was_written_becomes_a_phrase(visit: Visit, town: Town) -> None:
    page = visit("drc.planner")
    with town.database.transaction() as session:
        task_id = session.scalars(select(Task.id).where(Task.element_id == "review_application", Task.status == "open")).first()
    ready(page, f"/tasks/{task_id}")
    area = page.locator("#work textarea").last
    area.fill("材料齐全，拟同意列入目录。")
    menu = page.locator("#work details.menu", has_text="常用意见").last
    menu.locator("summary").click()
    menu.get_by_role("button", name="把所写意见存为常用").click()
    expect(page.locator("#toast")).to_contain_text("已存为常用意见")
    area.fill("")
    menu.get_by_role("button", name="材料齐全，拟同意列入目录。").click()
    expect(area).to_have_value("材料齐全，拟同意列入目录。")
    ready(page, "/people/me/phrases")
    page.get_by_label("添加一条").first.fill("请补正后再报。")
    page.get_by_label("添加一条").first.press("Enter")
    page.get_by_role("button", name="第 2 条上移").click()
    expect(page.get_by_label("第 1 条", exact=True).first).to_have_value("请补正后再报。")


def test_two_tabs_ask_once_and_both_show_the_new_count(visit: Visit, town: Town) -> None:
    first = visit("energy.leader")
    first.context.clock.install()
    second = first.context.new_page()
    asked: list[str] = []
    for page in (first, second):
        ready(page, "/tasks?all=1")
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/counts") else None)
    with town.database.transaction() as session:
        user_id = actor_by_username(session, login("energy.leader"), "demo", "", NOW.date()).user_id
        notices.post_notices(session, [NewNotice(int(user_id or 0), "urge", "请抓紧办理", "bell-1")], now=NOW)
    before = first.locator(".bell").get_attribute("aria-label")
    for _four_seconds in range(9):  # in steps, so that no tab's clock runs far ahead of the other's
        first.context.clock.run_for(4_000)
    expect(first.locator(".bell")).not_to_have_attribute("aria-label", before or "")
    expect(second.locator(".bell")).to_have_attribute("aria-label", first.locator(".bell").get_attribute("aria-label") or "")
    assert len(asked) == 1


def test_a_phone_may_install_the_service_and_plain_http_registers_no_worker(visit: Visit, app: Flask) -> None:
    page = ready(visit("energy.handler", width=390), "/tasks")
    address = page.locator('link[rel="manifest"]').get_attribute("href")
    with app.test_client() as client:
        found = client.get(address or "")
        assert found.mimetype == "application/manifest+json"
        described = found.get_json()
        assert (described["display"], described["start_url"], described["scope"]) == ("standalone", "/tasks", "/")
        for icon in described["icons"]:
            picture = Image.open(io.BytesIO(client.get(icon["src"]).data))
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
        assert client.get("/service-worker.js").mimetype == "text/javascript"
    workers = "navigator.serviceWorker ? navigator.serviceWorker.getRegistrations().then((all) => all.length) : 0"
    assert page.evaluate(workers) == 0
