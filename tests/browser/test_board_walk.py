"""The board is walked from the province down to one task, on a structure of three levels; the open page follows what happens."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.clerks import open_and_urge
from tests.databases import Databases
from tests.people import PASSWORD, SYSTEM, password_hash
from tests.services.catalogue import Catalogue
from tests.services.house import AGREE, House, user_task
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.services import navigation, tasks
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.plans import plan_facts
from workflow_service.services.processes import start_process
from workflow_service.store.database import Database, DatabaseOptions
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task

TITLE = "江北区港口规划"


@pytest.fixture(scope="module")
def town(databases: Databases, var: Path) -> Iterator[Any]:
    """A province with a city and a county, whose energy office has a late plan with a late step."""
    with databases.temporary(migrated=True) as url:
        database = Database(url, DatabaseOptions(files_dir=var / "files"))
        house = House.build(database)
        house.deploy_chain(user_task("fill"))
        with database.transaction() as session:
            facts = PersonFacts(username="zj.supervisor", name="省督办")
            posts = [("zj.drc", "supervisor")]
            add_person(session, SYSTEM, facts, posts, now=house.now, password_hash=password_hash(), constructed=True)
            _late_plan(Catalogue.again(session), house)
        yield SimpleNamespace(database=database, house=house)
        database.close()


def _late_plan(made: Catalogue, house: House) -> None:
    plan = made.plan(TITLE, "jb.energy", date(2025, 1, 6), house.now.date() - timedelta(days=30), level="county")
    variables = {"plan": plan_facts(plan)}
    start_process(made.session, SYSTEM, "p", variables=variables, business_key="1", plan_id=plan.id, now=house.now)
    task = made.session.scalars(select(Task).where(Task.plan_id == plan.id)).one()
    task.due_at = house.now - timedelta(days=7)


@pytest.fixture(scope="module")
def app(town: Any, var: Path) -> Flask:
    """The application at the house's moment."""
    settings = Settings(secret_key="only-for-tests", var_dir=var, log_level="warning")
    return create_app(settings, town.database, lambda: town.house.now)


@pytest.fixture
def supervisor(browser: Browser, address: str) -> Iterator[Page]:
    """The supervisor of the province at the board."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, base_url=address, locale="zh-CN")
    page = context.new_page()
    page.goto("/sign-in?next=/board")
    page.locator('[name="username"]').fill("zj.supervisor")
    page.locator('[name="password"]').fill(PASSWORD)
    page.locator('main button[type="submit"], main form button.btn-primary').first.click()
    page.wait_for_url("**/board")
    yield page
    context.close()


def test_from_the_province_by_city_county_unit_and_plan_to_the_task_which_is_urged(supervisor: Page, town: Any) -> None:
    below = supervisor.locator(".card", has=supervisor.get_by_role("heading", name="下级地区"))
    for area in ("/330000/330200/", "/330000/330200/330205/"):
        below.locator(f'a[href*="{area}"], a[href*="{area.replace("/", "%2F")}"]').first.click()
        supervisor.wait_for_url(lambda url, area=area: unquote(url).partition("area=")[2].startswith(area))  # type: ignore[misc]
    supervisor.locator('.ranking a[href*="unit=jb.energy"]').first.click()
    supervisor.wait_for_url("**unit=jb.energy**")
    expect(supervisor.locator(".trail, nav.crumbs, main").first).to_contain_text("江北区能源局")
    supervisor.locator("main").get_by_role("link", name=TITLE).first.click()
    supervisor.wait_for_url("**/plans/*")
    with town.database.transaction() as session:
        task_id = session.scalars(select(Task.id).join(Plan, Plan.id == Task.plan_id).where(Plan.title == TITLE)).one()
    open_and_urge(supervisor, supervisor.locator("main"), task_id, town.database)


def test_an_open_board_shows_what_happened_meanwhile_without_being_loaded_again(supervisor: Page, town: Any) -> None:
    late = supervisor.locator(".card", has=supervisor.get_by_role("heading", name=re.compile("^逾期规划")))
    expect(late).to_contain_text(TITLE)
    supervisor.evaluate("window.untouched = true")
    with town.database.transaction() as session:
        Catalogue.again(session).plan("江北区水利规划", "jb.energy", date(2025, 1, 6), date(2025, 10, 9), level="county")
    supervisor.evaluate("document.dispatchEvent(new Event('live:ask'))")
    expect(late).to_contain_text("江北区水利规划")
    assert supervisor.evaluate("window.untouched") is True


def test_the_heat_and_how_often_it_came_again_stand_on_the_elements_of_the_drawn_route(supervisor: Page, town: Any) -> None:
    house: House = town.house
    house.deploy_chain(user_task("fill"), user_task("check"))
    house.start(business_key="heat")
    first = house.open()[-1]
    house.now += timedelta(days=3)
    _hand_in(house, first.id)
    with house.database.transaction() as session:
        asked = ReturnAsked("fill", "请补材料")
        navigation.return_task(session, house.actor("jb.handler"), house.open()[-1].id, asked, now=house.now)
    for _step in ("fill", "check"):
        _hand_in(house, house.open()[-1].id)
    supervisor.goto("/board/routes?route=p")
    shape = supervisor.locator('.djs-element[data-element-id="fill"]')
    expect(shape).to_have_class(re.compile(r"heat-[0-4]"))
    on_it = supervisor.locator('.djs-overlays[data-container-id="fill"]')
    expect(on_it.locator(".heat-again")).to_have_text("↺1")
    expect(on_it.locator(".heat-badge")).to_contain_text("3")


def _hand_in(house: House, task_id: int) -> None:
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.handler"), task_id, AGREE, now=house.now)
