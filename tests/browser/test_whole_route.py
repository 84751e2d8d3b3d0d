"""A plan on its whole way through the pages: from the application to its place in the results library and its filing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.clerks import Clerks
from tests.browser.town import NOW, Town
from workflow_service.store.plans import LibraryResult, Plan

Visit = Callable[..., Page]


@dataclass(frozen=True)
class Way:
    """One route: what the applicant chooses on the application, and what must have happened on the way."""

    title: str
    choices: tuple[str, ...]
    route: str
    steps: frozenset[str]
    preferred: frozenset[str] = frozenset()


WAYS = (
    Way(
        "宁波市氢能产业“十四五”规划", ("专项规划", "部门印发", "一般"), "departmental_self_issue",
        frozenset({"meeting catalogue_list", "draft_plan", "give_opinion", "sign", "check_filing"}),
    ),
    Way(
        "宁波市储能产业“十四五”规划", ("专项规划", "政府审批", "重点"), "government_executive_meeting",
        frozenset({"meeting catalogue_list", "draft_plan", "give_opinion", "countersign", "settle_form",
                   "meeting executive_meeting"}),
        frozenset({"raise", "executive_meeting"}),
    ),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=[way.route for way in WAYS])
def test_staff_take_a_plan_through_its_whole_route_into_the_results_library(
    visit: Visit, town: Town, tmp_path: Path, way: Way
) -> None:
    file = tmp_path / "规划草案.txt"
    file.write_text(f"{way.title}（送审稿）", "utf-8")
    clerks = Clerks(visit, town, file, way.preferred)
    handler = clerks.page("energy.handler")
    plan_id = apply(handler, town, way)
    clerks.work(plan_id)
    start_route(handler, plan_id)
    clerks.work(plan_id)

    handler.goto(f"/plans/{plan_id}")
    expect(handler.locator(".head-light")).to_contain_text("已印发")
    expect(handler.locator("main")).to_contain_text("〔2021〕")
    with town.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        results = session.scalars(select(LibraryResult).where(LibraryResult.plan_id == plan_id))
        kept = {result.kind: result for result in results}
        assert (plan.status, plan.route, plan.issued_on) == ("issued", way.route, NOW.date())
        assert {(one.document_number, one.issued_on) for one in kept.values()} == {(plan.document_number, plan.issued_on)}
        assert set(kept) == {"notice", "plan"}
        assert bool(plan.filing_number) is ("check_filing" in way.steps)
    expect(handler.locator("main")).to_contain_text(f"关于印发《{way.title}》的通知.docx")
    assert way.steps <= {step for step, _clerk in clerks.done}, clerks.done
    assert len({clerk for _step, clerk in clerks.done}) >= 5, clerks.done


def apply(page: Page, town: Town, way: Way) -> int:
    """The unit applies on the page; gives the plan."""
    page.goto("/plans/apply")
    page.get_by_label("规划名称").fill(way.title)
    for choice in way.choices:
        page.locator(".segments label", has_text=choice).first.click()
    page.get_by_label("应印发日期").fill("2021-12-31")
    page.get_by_role("button", name="提出申请").click()
    expect(page.locator("h1")).to_contain_text(way.title)
    with town.database.transaction() as session:
        return session.scalars(select(Plan.id).where(Plan.title == way.title)).one()


def start_route(page: Page, plan_id: int) -> None:
    """With its code the plan goes on the route that the table chose."""
    page.goto(f"/plans/{plan_id}")
    expect(page.locator("main")).to_contain_text("GH-2021-330200-ZX-")
    page.get_by_role("button", name="启动审批").click()
    page.locator("#confirm").get_by_role("button", name="启动审批").click()
    expect(page.get_by_role("status").first).to_contain_text("已启动")
