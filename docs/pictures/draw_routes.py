"""Draws the pictures of the delivered routes anew, as the viewer shows them: `python docs/pictures/draw_routes.py [KEY …]`.

Needs what the browser tests need (`make browser build`).
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Route, sync_playwright  # noqa: E402 - the checkout is not a package

from tests.needs import browser  # noqa: E402

PAGE = """<!doctype html><link rel="stylesheet" href="/workflow_service/web/static/built/viewer.css">
<div id="d" data-name="{key}" data-diagram="/bpmn/{key}.bpmn" style="width:1200px;height:700px"></div>
<button data-diagram-act="svg" data-for="d">svg</button>
<script type="module" src="/workflow_service/web/static/built/viewer.js"></script>"""


class Quiet(SimpleHTTPRequestHandler):
    """The checkout over HTTP on this machine, without a word in the terminal."""

    def log_message(self, *_arguments: object) -> None:
        return


def answer(route: Route) -> None:
    """Give the page of one diagram."""
    key = route.request.url.rpartition("/")[2]
    route.fulfill(content_type="text/html", body=PAGE.format(key=key))


def main(keys: list[str]) -> None:
    """Draw the routes with these keys, all without any."""
    wanted = keys or sorted(path.stem for path in (ROOT / "bpmn").glob("*.bpmn"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"]).new_page()
        page.route("**/page/*", answer)
        for key in wanted:
            page.goto(f"http://127.0.0.1:{server.server_port}/page/{key}")
            page.locator("[data-state=ready]").wait_for()
            with page.expect_download() as download:
                page.get_by_role("button", name="svg").click()
            download.value.save_as(ROOT / "docs" / "pictures" / "routes" / f"{key}.svg")
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
