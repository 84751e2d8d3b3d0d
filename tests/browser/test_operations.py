"""Operations on tasks as people meet them in a browser: return, added signers, delegate, two people at one task, a lost line."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.browser.town import BEGUN, NOW, PASSWORD, Town, login
from tests.engine.xml_drawing import file, process
from workflow_service.identity.access import actor_by_username
from workflow_service.services import deployments, processes, tasks
from workflow_service.services.context import Actor
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import User
from workflow_service.store.runtime import Task, TaskDraft

Visit = Callable[..., Page]
Walk = Callable[..., int]
"""Starts a run with these steps done."""
SYSTEM = Actor.system("demo")
NAMES = {"draft": "起草文本", "ask": "规划衔接", "check": "核对要件", "review": "环境影响说明", "sum": "汇总上报"}
FORM = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "意见", "type": "object",
    "properties": {
        "outcome": {
            "type": "string", "title": "结论", "x-title-en": "Outcome", "x-widget": "radio",
            "oneOf": [
                {"const": "agree", "title": "同意", "x-title-en": "Agree"},
                {"const": "disagree", "title": "不同意", "x-title-en": "Disagree"},
            ],
        },
        "opinion": {"type": "string", "title": "意见", "x-title-en": "Opinion", "x-widget": "opinion", "maxLength": 2000},
    },
    "required": ["outcome"], "additionalProperties": False, "x-order": ["outcome", "opinion"],
}  # fmt: skip
AGREE = {"outcome": "agree", "opinion": "同意。"}
COLLEAGUE = "nb.colleague"


def drawn() -> bytes:
    """起草 → (衔接 → 核对 ∥ 环评) → 汇总, all of the energy bureau's handlers."""
    nodes = '<startEvent id="start"/><endEvent id="end"/><parallelGateway id="f"/><parallelGateway id="j" name="各方意见"/>'
    nodes += "".join(
        f'<userTask id="{key}" name="{name}" camunda:formKey="walk_opinion" camunda:candidateGroups="nb.energy:handler"/>'
        for key, name in NAMES.items()
    )
    flows = (
        "start -> draft", "draft -> f", "f -> ask", "f -> review", "ask -> check", "check -> j", "review -> j", "j -> sum",
        "sum -> end",
    )  # fmt: skip
    return file(process(nodes, *flows, key="walk"))


@pytest.fixture(scope="module")
def walk(town: Town) -> Walk:
    """Start a run of the drawing with these steps done; gives its id."""
    with town.database.transaction() as session:
        files = {"walk.bpmn": drawn(), "walk_opinion.json": json.dumps(FORM).encode()}
        deployments.deploy_files(session, SYSTEM, "walk", files, now=BEGUN)
        facts = PersonFacts(username=COLLEAGUE, name="李同事")
        add_person(session, SYSTEM, facts, [("nb.energy", "handler")], now=BEGUN, password=PASSWORD, constructed=True)

    def start(*done: str) -> int:
        with town.database.transaction() as session:
            run = processes.start_process(session, SYSTEM, "walk", variables={}, area_path="/330200/", now=NOW).id
        for element_id in done:
            with town.database.transaction() as session:
                actor = actor_by_username(session, login("energy.handler"), "demo", "", NOW.date())
                tasks.complete_task(session, actor, open_task(town, run, element_id), AGREE, now=NOW)
        return run

    return start


def open_task(town: Town, run: int, element_id: str) -> int:
    with town.database.transaction() as session:
        wanted = Task.instance_id == run, Task.status == "open", Task.element_id == element_id
        return session.scalars(select(Task.id).where(*wanted).order_by(Task.id.desc())).first() or 0


def open_steps(town: Town, run: int) -> set[str]:
    with town.database.transaction() as session:
        return set(session.scalars(select(Task.element_id).where(Task.instance_id == run, Task.status == "open")))


def go(page: Page, address: str) -> None:
    page.goto(address)
    page.locator('html[data-ready="true"]').wait_for()


def pick(page: Page, words: str, name: str) -> None:
    """Look somebody up and tick him."""
    sheet = page.locator("#operation-form")
    sheet.locator("[data-people]").last.fill(words)
    found = sheet.locator("[data-found] .person", has_text=name).last
    found.locator("label input").check()
    expect(sheet.locator("[data-picked-people]").last).to_contain_text(name)


def test_a_return_across_parallel_branches_shows_what_ends_before_it_is_done(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk("draft", "ask")
    page = visit("energy.handler")
    go(page, f"/tasks/{open_task(town, run, 'check')}")
    page.get_by_role("link", name="退回").click()
    sheet = page.locator("#operation-sheet")
    expect(sheet.locator("#effect")).to_contain_text("规划衔接")
    expect(sheet.locator("#effect")).not_to_contain_text("环境影响说明”（")
    sheet.get_by_label("起草文本").check()
    expect(sheet.locator("#effect")).to_contain_text("环境影响说明”（市能源局·经办")
    assert open_steps(town, run) == {"check", "review"}
    sheet.get_by_label("理由").fill("能源数据口径不一致")
    sheet.get_by_label("一次性告知补正事项").fill("第三章表二补数据\n附图补图例")
    sheet.get_by_role("button", name="退回", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已退回")
    assert open_steps(town, run) == {"draft"}
    go(page, f"/tasks/{open_task(town, run, 'draft')}")
    expect(page.locator(".points li")).to_have_text(["第三章表二补数据", "附图补图例"])
    expect(page.locator("#work textarea").first).to_have_value("同意。")


def test_a_return_without_script_is_a_page_that_keeps_what_was_typed(
    browser: object, address: str, town: Town, walk: Walk
) -> None:
    run = walk("draft")
    context = browser.new_context(base_url=address, java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto("/sign-in")
    page.locator('[name="username"]').fill(login("energy.handler"))
    page.locator('[name="password"]').fill(PASSWORD)
    page.locator("main form button.btn-primary").click()
    page.goto(f"/tasks/{open_task(town, run, 'ask')}")
    page.get_by_role("link", name="退回").click()
    page.get_by_label("一次性告知补正事项").fill("补图例")
    page.get_by_role("button", name="退回", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请写明理由")
    expect(page.get_by_label("一次性告知补正事项")).to_have_value("补图例")
    page.get_by_label("理由").fill("缺图例")
    page.get_by_role("button", name="退回", exact=True).click()
    assert open_steps(town, run) == {"draft"}
    context.close()


def test_an_added_signer_signs_before_the_handler_goes_on(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk("draft")
    task_id = open_task(town, run, "review")
    page = visit("energy.handler")
    go(page, f"/tasks/{task_id}")
    page.locator("summary", has_text="更多").click()
    page.get_by_role("link", name="加签").click()
    pick(page, "生态环境局", "市生态环境局经办")
    page.locator("#operation-reason").fill("请提意见")
    page.locator("#operation-form").get_by_role("button", name="加签", exact=True).click()
    expect(page.locator(".alert-info")).to_contain_text("正在等其他人办理")
    expect(page.locator("[data-main]")).to_have_count(0)
    signer = visit("ecology.handler")
    side = side_of(town, run)
    go(signer, f"/tasks/{side}")
    expect(signer.locator(".alert-info").first).to_contain_text("请您办理（前加签）")
    expect(signer.locator(".next-line")).to_contain_text("交回")
    signer.locator(".segments label", has_text="同意").first.click()
    signer.locator("[data-main]").click()
    expect(signer.get_by_role("status").first).to_contain_text("已提交")
    go(page, f"/tasks/{task_id}")
    expect(page.locator(".round")).to_contain_text("同意")
    expect(page.locator("[data-main]")).to_have_count(1)


def side_of(town: Town, run: int) -> int:
    with town.database.transaction() as session:
        wanted = Task.instance_id == run, Task.status == "open", Task.round_id.is_not(None)
        return session.scalars(select(Task.id).where(*wanted).order_by(Task.id.desc())).first() or 0


def test_a_delegate_gives_the_task_back_with_his_result_in_the_form(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk()
    task_id = open_task(town, run, "draft")
    page = visit("energy.handler")
    go(page, f"/tasks/{task_id}")
    page.locator("summary", has_text="更多").click()
    page.get_by_role("link", name="委托办理").click()
    pick(page, "李同事", "李同事")
    page.locator("#operation-form").get_by_role("button", name="委托办理", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已委托办理")
    with town.database.transaction() as session:
        actor = actor_by_username(session, COLLEAGUE, "demo", "", NOW.date())
        result = {"outcome": "agree", "opinion": "代拟：建议同意。"}
        tasks.complete_task(session, actor, side_of(town, run), result, now=NOW)
    go(page, f"/tasks/{task_id}")
    expect(page.locator("#work textarea").first).to_have_value("代拟：建议同意。")


def test_the_second_of_two_people_is_told_who_was_first_and_keeps_his_words(
    visit: Visit, town: Town, walk: Walk
) -> None:
    run = walk()
    task_id = open_task(town, run, "draft")
    page = visit("energy.handler")
    go(page, f"/tasks/{task_id}")
    fill_in(page, "我写的意见")
    with town.database.transaction() as session:
        actor = actor_by_username(session, COLLEAGUE, "demo", "", NOW.date())
        tasks.complete_task(session, actor, task_id, AGREE, now=NOW)
    page.locator("[data-main]").click()
    expect(page.get_by_role("alert")).to_contain_text("李同事")
    expect(page.locator("#work textarea").first).to_have_value("我写的意见")


def fill_in(page: Page, words: str) -> None:
    for group in page.locator("#work .segments:visible").all():
        group.locator("label").first.click()
    page.locator("#work textarea").first.fill(words)


def test_a_connection_cut_while_submitting_loses_nothing_and_submits_once(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk()
    page = visit("energy.handler")
    go(page, f"/tasks/{open_task(town, run, 'draft')}")
    fill_in(page, "断网前写的意见")
    expect(page.locator(".saved")).to_contain_text("已暂存")
    page.context.set_offline(True)
    page.locator("[data-main]").click()
    expect(page.locator("[data-keep-notice]")).to_contain_text("连接中断")
    assert open_steps(town, run) == {"draft"}
    page.context.set_offline(False)
    expect(page.get_by_role("status").first).to_contain_text("已提交")
    assert open_steps(town, run) == {"ask", "review"}


def test_an_answer_that_is_lost_on_its_way_does_not_submit_twice(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk()
    page = visit("energy.handler")
    go(page, f"/tasks/{open_task(town, run, 'draft')}")
    fill_in(page, "答复丢失")
    lost: list[str] = []

    def lose(route: object) -> None:
        if lost:
            return route.continue_()  # type: ignore[attr-defined]
        lost.append("answer")
        route.fetch()  # type: ignore[attr-defined]  # the server does it, the page never hears of it
        return route.abort()  # type: ignore[attr-defined]

    page.route(re.compile(r"/complete$"), lose)
    page.locator("[data-main]").click()
    expect(page).to_have_url(re.compile(r"/tasks$"))
    assert open_steps(town, run) == {"ask", "review"}
    with town.database.transaction() as session:
        done = select(Task.opinion).where(Task.instance_id == run, Task.status == "completed")
        assert list(session.scalars(done)) == ["答复丢失"]


def test_what_was_typed_comes_back_after_the_session_ended(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk()
    task_id = open_task(town, run, "draft")
    page = visit("energy.handler")
    with page.expect_response(re.compile(r"/opened$")):
        go(page, f"/tasks/{task_id}")
    page.context.clear_cookies()
    fill_in(page, "登录过期时写的意见")
    page.locator("[data-main]").click()
    page.locator('[name="username"]').fill(login("energy.handler"))
    page.locator('[name="password"]').fill(PASSWORD)
    page.locator("main form button.btn-primary").click()
    expect(page).to_have_url(re.compile(rf"/tasks/{task_id}$"))
    expect(page.locator("[data-keep-notice]")).to_contain_text("已恢复")
    expect(page.locator("#work textarea").first).to_have_value("登录过期时写的意见")
    with town.database.transaction() as session:
        assert session.get(TaskDraft, (task_id, user_id(town))) is None


def user_id(town: Town) -> int:
    with town.database.transaction() as session:
        return session.scalars(select(User.id).where(User.username == login("energy.handler"))).one()


def test_a_page_that_is_seen_says_that_the_task_was_opened(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk()
    task_id = open_task(town, run, "draft")
    page = visit("energy.handler")
    page.request.get(f"/tasks/{task_id}")
    with town.database.transaction() as session:
        assert session.get_one(Task, task_id).opened_at is None
    with page.expect_response(re.compile(r"/opened$")):
        page.goto(f"/tasks/{task_id}")
    with town.database.transaction() as session:
        assert session.get_one(Task, task_id).opened_at == NOW
        assert session.scalars(select(TaskEvent.kind).where(TaskEvent.task_id == task_id)).all() == ["opened"]


def test_everything_can_be_done_on_a_phone(visit: Visit, town: Town, walk: Walk) -> None:
    run = walk("draft")
    page = visit("energy.handler", width=390)
    go(page, f"/tasks/{open_task(town, run, 'ask')}")
    page.locator("summary", has_text="更多").click()
    page.get_by_role("link", name="转办").locator("visible=true").click()
    pick(page, "李同事", "李同事")
    button = page.locator("#operation-form").get_by_role("button", name="转办", exact=True)
    box = button.bounding_box()
    assert box is not None
    assert box["y"] > 500
    assert box["height"] >= 40
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    button.click()
    expect(page.get_by_role("status").first).to_contain_text("已转办")
    with town.database.transaction() as session:
        moved = session.get_one(Task, open_task(town, run, "ask"))
        assert session.get_one(User, moved.assignee_id).username == COLLEAGUE


def test_ticked_tasks_are_finished_together_with_a_result_for_each(visit: Visit, town: Town, walk: Walk) -> None:
    runs = [walk("draft", "ask", "check") for _number in range(2)]
    ids = [open_task(town, run, "review") for run in runs]
    page = visit("energy.handler")
    go(page, "/tasks?process=walk")
    for task_id in ids:
        page.locator(f'[data-pick][value="{task_id}"]').check()
    page.get_by_role("button", name="批量办理").click()
    page.locator(".segments label", has_text="同意").first.click()
    with town.database.transaction() as session:
        actor = actor_by_username(session, COLLEAGUE, "demo", "", NOW.date())
        tasks.claim_task(session, actor, ids[1], now=NOW)
    page.get_by_role("button", name="批量办理 2 项").click()
    expect(page.locator("main")).to_contain_text("办成 1 项，未办成 1 项")
    expect(page.locator(".fault-line")).to_contain_text("李同事")
    assert [open_steps(town, run) for run in runs] == [{"sum"}, {"review"}]
