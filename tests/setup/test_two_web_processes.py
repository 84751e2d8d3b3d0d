"""Two web processes over one database answer as one, the counts of the frame among it."""

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.databases import Databases
from tests.setup.processes import free_port, serving, workflow
from workflow_service.store.database import Database

PASSWORD = "correct-horse-battery"
NAME = "zoning.reader"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
WEB = (sys.executable, "-m", "workflow_service.cli", "web")
NEW_NOTICE = """
    INSERT INTO notice (user_id, kind, subject, body, dedup_key, created_at)
    SELECT id, 'urging', '催办', '{}', 'once', now() FROM user_account WHERE username = :name
"""


@dataclass
class Pair:
    """Two processes of one installation, and its database."""

    addresses: tuple[str, str]
    database: Database
    settings: dict[str, str]


@pytest.fixture
def pair(databases: Databases) -> Iterator[Pair]:
    with databases.temporary(migrated=True) as url:
        settings = {"DATABASE_URL": url.replace("+psycopg", ""), "SECRET_KEY": "the same for both"}
        settings["TONGCHOU_BASE_URL"] = "http://plans.example.invalid"
        unit = (
            "unit",
            "add",
            "zj.drc",
            "--name",
            "浙江省发展改革委",
            "--area",
            "330000",
            "--function",
            "drc",
        )
        person = (
            "user",
            "add",
            NAME,
            "--name",
            "规划读者",
            "--post",
            "zj.drc:handler",
            "--password",
            PASSWORD,
        )
        for words in (unit, person):
            done = workflow(*words, **settings)
            assert done.returncode == 0, done.stderr
        ports = free_port(), free_port()
        database = Database(url)
        with serving(*WEB, port=ports[0], **settings), serving(*WEB, port=ports[1], **settings):
            yield Pair((f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"), database, settings)
        database.close()


class Browser:
    """Keeps cookies, as a browser does for one host whatever the port; follows no redirect."""

    def __init__(self) -> None:
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), _NoRedirect()
        )

    def ask(self, address: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
        """Give status, ETag and text."""
        data = urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(
            address, data, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        try:
            answer: HTTPResponse | urllib.error.HTTPError = self._opener.open(request, timeout=20)
        except urllib.error.HTTPError as other:
            answer = other
        with answer:
            return int(answer.status or 0), answer.headers.get("ETag", ""), answer.read().decode()

    def send(self, address: str, seen: str, **form: str) -> int:
        """Send a form with the token of the page that was seen; gives the status."""
        token = CSRF.search(self.ask(seen)[2])
        assert token is not None
        return self.ask(address, {"csrf_token": token[1], **form}, Referer=seen)[0]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def test_the_bell_is_right_whichever_process_is_asked(pair: Pair) -> None:
    one, other = pair.addresses
    browser = _signed_in(one)
    _, tag, before = browser.ask(f"{one}/counts")
    assert browser.ask(f"{other}/counts", If_None_Match=tag)[0] == 304
    with pair.database.transaction() as session:
        session.execute(text(NEW_NOTICE), {"name": NAME})
    first, second = (browser.ask(f"{address}/counts", If_None_Match=tag) for address in pair.addresses)
    assert first == second
    assert first[0] == 200 and first[1] != tag and first[2] != before


def test_sessions_ended_by_a_new_password_are_ended_at_both(pair: Pair) -> None:
    browser = _signed_in(pair.addresses[0])
    assert [browser.ask(f"{address}/counts")[0] for address in pair.addresses] == [200, 200]
    done = workflow("user", "password", NAME, "--password", f"{PASSWORD}-2", **pair.settings)
    assert done.returncode == 0, done.stderr
    assert [browser.ask(f"{address}/counts")[0] for address in pair.addresses] == [302, 302]


def _signed_in(address: str) -> Browser:
    browser = Browser()
    assert browser.send(f"{address}/sign-in", f"{address}/sign-in", username=NAME, password=PASSWORD) == 302
    return browser
