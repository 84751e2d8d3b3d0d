"""A plan of the catalogue is split, as its people meet it in a browser: proposed, agreed, approved, and taken over."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.town import LATE, NOW, Town
from tests.people import SYSTEM
from workflow_service.services import files
from workflow_service.store.plans import Plan

Visit = Callable[..., Page]
PARTS = ("宁波市民用航空“十四五”规划", "宁波市通用航空“十四五”规划")


@pytest.fixture
def plan_id(town: Town) -> int:
    """A plan of the catalogue with a file in its dossier."""
    with town.database.transaction() as session:
        plan = session.scalars(select(Plan).where(Plan.title == LATE[1][0])).one()
        files.store_file(
            session, SYSTEM, files.FileShelf.of(session), BytesIO("编制说明".encode()), "起草说明.txt", now=NOW,
            declared_unclassified=True, plan_id=plan.id, dossier_item="drafting_notes",
        )  # fmt: skip
        return plan.id


def open_change(page: Page, task: str) -> None:
    """From the list to the change, and to what lies before its reader."""
    page.goto("/catalogue?q=民航")
    page.locator("#rows").get_by_role("link", name="民航").click()
    page.get_by_role("link", name=task).click()
    page.locator('html[data-ready="true"]').wait_for()


def hand_in(page: Page) -> None:
    page.locator("[data-main]").click()
    expect(page.get_by_role("status").first).to_contain_text("已提交")


def test_a_plan_is_split_and_its_successors_show_its_dossier_and_where_they_came_from(
    visit: Visit, town: Town, plan_id: int, tmp_path: Path
) -> None:
    planner = visit("drc.planner")
    planner.goto(f"/plans/{plan_id}")
    planner.locator(".act-row").get_by_role("link", name="目录调整").click()
    for number, title in enumerate(PARTS):
        planner.locator(f'[name="successors.{number}.title"]').fill(title)
        planner.locator(f'[name="successors.{number}.due_on"]').fill("2021-12-31")
    planner.get_by_label("调整理由").fill("民用、通用航空分开编制。")
    planner.get_by_role("button", name="提出调整").click()
    expect(planner.get_by_text("已提出，等待发展改革部门审核。")).to_be_visible()
    expect(planner.locator("#effect")).to_contain_text("GH-2021-330200-ZX-0901")
    expect(planner.locator("#effect")).to_contain_text("新立规划 2 项")

    leader = visit("drc.leader")
    open_change(leader, "审核目录调整")
    expect(leader.locator("#work")).to_contain_text("拆分为")
    leader.locator('label:has(input[name="outcome"][value="agree"])').click()
    hand_in(leader)

    clerk, paper = visit("office.handler"), tmp_path / "批复.txt"
    paper.write_text("同意。", encoding="utf-8")
    open_change(clerk, "录入政府批复")
    clerk.locator('label:has(input[name="outcome"][value="approved"])').click()
    clerk.locator("[data-declare]").check()
    clerk.locator('[data-upload-field="document"] input').set_input_files(paper)
    expect(clerk.locator('[data-field-files="document"] .file-chip')).to_have_count(1)
    clerk.get_by_label("批复文号").fill("甬政发〔2021〕21号")
    clerk.get_by_label("批准日期").fill("2021-06-21")
    hand_in(clerk)

    planner.goto("/search?q=GH-2021-330200-ZX-0901")
    expect(planner.locator(".alert-warning")).to_contain_text("代码已关闭")
    planner.locator(".alert-warning").get_by_role("link", name=PARTS[0]).click()
    expect(planner.get_by_role("heading", level=1)).to_have_text(PARTS[0])
    expect(planner.locator(".alert-info")).to_contain_text(f"来源：{LATE[1][0]}")
    with planner.expect_download() as found:
        planner.get_by_role("link", name="下载 起草说明.txt").click()
    assert found.value.path().read_text("utf-8") == "编制说明"
