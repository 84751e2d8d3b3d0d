"""The interface's own description, as somebody reads and tries it in a browser."""

from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, expect

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
    expect(page.locator(".title").first).to_contain_text("统筹")
    assert len(_read_to_the_end(page)) == operations
    _found(page, "List or search the plans").locator("button").first.click()
    expect(page.locator(".opblock.is-open .parameters")).to_contain_text("pinyin initials")
    assert operations > 80
    assert [one for one in asked if not one.startswith((address, "data:", "blob:"))] == []
    assert said == []
    context.close()


def test_who_is_signed_in_tries_a_call_with_his_own_rights(visit: Visit, town: Town) -> None:
    page = visit("energy.handler")
    page.goto("/api/v1/docs")
    operation = _found(page, "List or search the plans")
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".responses-table .response").first).to_contain_text("200")
    expect(operation.locator(".responses-table .highlight-code").first).to_contain_text("items")


def _read_to_the_end(page: Page) -> set[str]:
    """Scroll through a list that holds only what is near the screen; gives every operation's method and address."""
    seen: set[str] = set()
    while True:
        page.wait_for_timeout(150)
        shown = page.locator(".opblock-summary").evaluate_all("all => all.map(one => one.innerText)")
        seen.update(" ".join(text.split()[:2]) for text in shown)
        at_the_end = page.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 1")
        if at_the_end:
            return seen
        page.mouse.wheel(0, 600)


def _found(page: Page, summary: str) -> Locator:
    """Scroll from the top until the operation with this summary is drawn."""
    page.evaluate("scrollTo(0, 0)")
    operation = page.locator(".opblock", has_text=summary).first
    for _ in range(100):
        if operation.count():
            break
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(100)
    return operation
