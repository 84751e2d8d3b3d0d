"""A real Chromium before a real server on a free port, and the town that its pages show."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser import town as towns
from tests.browser.town import Town
from tests.databases import Databases
from tests.needs import browser as chromium
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.store.database import Database, DatabaseOptions

PATIENCE_MS = 20_000  # a busy machine is no fault of a page
expect.set_options(timeout=PATIENCE_MS)

FRONTEND = Path(__file__).parents[2] / "frontend"
OWN_CHECKS = Path(__file__).with_name("page_checks.js")
AXE = FRONTEND / "node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """The machine's Chromium; as root it starts only without its sandbox."""
    path = chromium()
    assert path, "Chromium is missing: python tests/needs.py says what to install"
    return {"executable_path": path, "args": ["--no-sandbox"] if os.geteuid() == 0 else []}


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        """Say nothing of requests."""


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of this module's service."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def town(databases: Databases, var: Path) -> Iterator[Town]:
    """The town in a database of this module."""
    with databases.temporary(migrated=True) as url:
        database = Database(url, DatabaseOptions(files_dir=var / "files"))
        yield towns.build(database)
        database.close()


@pytest.fixture(scope="module")
def app(town: Town, var: Path) -> Flask:
    """The application at the town's moment."""
    settings = Settings(secret_key="only-for-tests", var_dir=var, log_level="warning")
    return create_app(settings, town.database, lambda: towns.NOW)


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """Where the service answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open a signed-in page: `visit("energy.handler", width=390, language="en", theme="dark")`."""
    opened: list[BrowserContext] = []

    def sign_in(post: str, *, width: int = 1280, language: str = "zh", theme: str = "light") -> Page:
        height = 860 if width > 600 else 844
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, base_url=address, locale="zh-CN"
        )  # type: ignore[arg-type]  # "light" or "dark"
        opened.append(context)
        page = context.new_page()
        page.goto("/sign-in")
        page.locator('[name="username"]').fill(towns.login(post))
        page.locator('[name="password"]').fill(towns.PASSWORD)
        page.locator('main button[type="submit"], main form button.btn-primary').first.click()
        page.locator(".top").wait_for()
        spoken = f'html[lang^="{language}"]'
        if not page.locator(spoken).count():  # it stays as somebody chose it before
            page.goto("/mine")
            page.locator(f'main button[name="language"][value="{language}"]').click()
            page.locator(spoken).wait_for()
        return page

    yield sign_in
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def checks() -> str:
    """The accessibility checker and our own questions, run by the browser itself and never part of a page."""
    return "".join(file.read_text(encoding="utf-8") + ";\n" for file in (AXE, OWN_CHECKS))
