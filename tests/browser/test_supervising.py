"""What supervisors do, as they meet it in a browser: a matter is listed and struck off, a late plan is urged from the board."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.town import Town
from workflow_service.store.acting import ListedMatter
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

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
    supervisor.get_by_label("理由（催办可不填）").fill("请今天办结。")
    supervisor.get_by_role("button", name="处置", exact=True).click()
    supervisor.locator("#confirm").get_by_role("button", name="处置").click()
    expect(supervisor.get_by_text("0 项未办")).to_be_visible()
    with town.database.transaction() as session:
        plan = Task.plan_id == town.plan_ids[2]
        urged = select(TaskEvent.reason).join(Task, Task.id == TaskEvent.task_id).where(plan, TaskEvent.kind == "urged")
        assert set(session.scalars(urged)) == {"请今天办结。"}
