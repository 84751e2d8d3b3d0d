"""The interface's own description, as somebody reads and tries it in a browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.town import Town

Visit = Callable[..., Page]


def test_the_description_is_drawn_whole_from_our_own_files(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    description = context.request.get("/api/v1/openapi.json").json()
    operations = sum(len(methods.keys() & {"get", "post", "put", "delete"}) for methods in description["paths"].values())
    page.goto("/api/v1/docs")
    page.locator('[data-openapi][data-state="ready"]').wait_for()
    expect(page.locator(".opblock")).to_have_count(operations)
    expect(page.locator(".title").first).to_contain_text("统筹")
    page.locator(".opblock", has_text=re.compile("List or search the plans")).first.locator("button").first.click()
    expect(page.locator(".opblock.is-open .parameters")).to_contain_text("pinyin initials")
    assert operations > 80
    assert [one for one in asked if not one.startswith((address, "data:", "blob:"))] == []
    assert said == []
    context.close()


def test_who_is_signed_in_tries_a_call_with_his_own_rights(visit: Visit, town: Town) -> None:
    page = visit("energy.handler")
    page.goto("/api/v1/docs")
    operation = page.locator(".opblock", has_text=re.compile("List or search the plans")).first
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".responses-table .response").first).to_contain_text("200")
    expect(operation.locator(".responses-table .highlight-code").first).to_contain_text("items")
