"""Signing in and out, and who may open which page of people: every refusal through the pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from tests.people import NOW, PASSWORD, Structure, actor_of, build_structure
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.services import people
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.records import AuditRecord

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """A client that carries the CSRF token of the page it saw last."""

    client: FlaskClient

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, seen: str = "/sign-in", **form: Any) -> Any:
        token = TOKEN.search(self.client.get(seen, follow_redirects=True).text)
        assert token is not None
        return self.client.post(path, data={"csrf_token": token[1], **form})

    def sign_in(self, username: str, password: str = PASSWORD, **more: Any) -> Any:
        return self.post("/sign-in", username=username, password=password, **more)


@pytest.fixture
def government(database: Database) -> Structure:
    with database.transaction() as session:
        return build_structure(session)


@pytest.fixture
def app(government: Structure, settings: Settings, database: Database) -> Flask:
    return create_app(settings, database, lambda: NOW)


@pytest.fixture
def visitor(app: Flask) -> Iterator[Visitor]:
    with time_machine.travel(NOW, tick=False):
        yield Visitor(app.test_client())


@pytest.fixture
def admin(visitor: Visitor) -> Visitor:
    visitor.sign_in("jb.admin")
    return visitor


# signing in


@pytest.mark.parametrize("path", ["/people", "/people/units", "/people/me", "/people/me/tokens", "/password"])
def test_pages_lead_to_the_sign_in_and_back(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.location) == (302, f"/sign-in?next={path}")
    assert visitor.sign_in("jb.admin", next=path).location == path
    assert visitor.get(path).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    ["https://example.invalid/", "//example.invalid", "/\\example.invalid", "javascript:alert(1)", "x"],
)
def test_nobody_is_led_to_another_host(visitor: Visitor, elsewhere: str) -> None:
    assert visitor.sign_in("jb.admin", next=elsewhere).location == "/"


def test_a_wrong_password_and_an_unknown_name_look_the_same(visitor: Visitor) -> None:
    wrong, unknown = visitor.sign_in("jb.admin", "wrong"), visitor.sign_in("nobody.here", "wrong")
    assert wrong.status_code == unknown.status_code == 422
    assert "登录名或密码不正确" in wrong.text
    assert "登录名或密码不正确" in unknown.text
    assert visitor.get("/people").status_code == 302


def test_the_lock_out_is_counted_in_the_database_for_all_processes(
    app: Flask, settings: Settings, database: Database, visitor: Visitor
) -> None:
    other_process = Visitor(create_app(settings, database, lambda: NOW).test_client())
    for one in (visitor, other_process, visitor, other_process):
        assert "不正确" in one.sign_in("jb.handler", "wrong").text
    assert "账号已锁定，请于 09:15 后再试" in visitor.sign_in("jb.handler", "wrong").text
    assert "账号已锁定" in other_process.sign_in("jb.handler").text
    with time_machine.travel(NOW + timedelta(minutes=16), tick=False):
        assert visitor.sign_in("jb.handler").status_code == 302


def test_many_attempts_in_a_minute_are_slowed(visitor: Visitor) -> None:
    answers = [visitor.sign_in("nobody.here", "wrong").status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]
    assert visitor.sign_in("jb.handler").status_code == 302


def test_a_form_without_its_token_is_refused(visitor: Visitor) -> None:
    answer = visitor.client.post("/sign-in", data={"username": "jb.admin", "password": PASSWORD})
    assert answer.status_code == 400
    assert "安全校验" in answer.text


FORM_PAGE = "/people?q=%E5%8F%91%E6%94%B9"


def gone(visitor: Visitor) -> dict[str, str]:
    """What the form of an open page sends after its session has gone; gives the stale fields."""
    visitor.sign_in("jb.admin")
    token = TOKEN.search(visitor.get("/people/me").text)
    assert token is not None
    visitor.client = visitor.client.application.test_client()
    return {"csrf_token": token[1], "email": "a@example.invalid"}


def test_a_submit_after_the_session_is_gone_asks_to_sign_in_and_leads_back(visitor: Visitor) -> None:
    stale = gone(visitor)
    answer = visitor.client.post("/people/me", data=stale, headers={"Referer": f"http://localhost{FORM_PAGE}"})
    assert answer.status_code == 302 and answer.location == f"/sign-in?next={quote(FORM_PAGE, safe='/?')}"
    page = visitor.get(answer.location).text
    assert "请重新登录" in page and "停留时间过长" not in page
    token = TOKEN.search(page)
    assert token is not None
    form = {"csrf_token": token[1], "username": "jb.admin", "password": PASSWORD, "next": FORM_PAGE}
    assert visitor.client.post("/sign-in", data=form).location == FORM_PAGE


def test_who_was_sent_out_is_not_led_to_another_site(visitor: Visitor) -> None:
    stale = gone(visitor)
    answer = visitor.client.post("/people/me", data=stale, headers={"Referer": "http://other.example/people"})
    assert answer.location == "/sign-in"


def test_a_part_of_a_page_sent_without_a_session_leads_the_whole_page_to_the_sign_in(visitor: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{FORM_PAGE}"}
    stale = gone(visitor)
    answer = visitor.client.post("/people/me", data=stale, headers=headers)
    assert answer.status_code == 401 and "请重新登录" in answer.text
    assert answer.headers["HX-Redirect"] == f"/sign-in?next={quote(FORM_PAGE, safe='/?')}"


def test_a_stale_form_of_somebody_signed_in_says_that_the_page_is_old(admin: Visitor) -> None:
    answer = admin.client.post("/people/me", data={"csrf_token": "old", "email": "a@example.invalid"})
    assert answer.status_code == 400 and "停留时间过长" in answer.text


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(
    visitor: Visitor, settings: Settings
) -> None:
    cookie = visitor.sign_in("jb.admin").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.startswith(f"tongchou_{settings.port}=")


def test_idleness_signs_out_and_the_frames_own_polling_is_no_presence(admin: Visitor) -> None:
    for minutes in (30, 61, 89):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            path = "/people" if minutes == 30 else "/counts"
            assert admin.get(path).status_code in (200, 304)
    with time_machine.travel(NOW + timedelta(minutes=91), tick=False):
        answer = admin.get("/people")
        assert answer.location == "/sign-in?next=/people"
        assert "已自动退出" in admin.get("/sign-in").text


def test_what_a_page_asks_in_the_background_never_puts_an_old_cookie_over_a_new_one(admin: Visitor) -> None:
    """A draft that is answered after its form was handed in would else take the word "handed in" away."""
    background = {"HX-Request": "true"}
    assert "Set-Cookie" in admin.get("/people/me").headers, "the token of its forms"
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        for path in ("/counts", "/people/me", "/tasks"):
            assert "Set-Cookie" not in admin.get(path, headers=background).headers
    with time_machine.travel(NOW + timedelta(minutes=16), tick=False):
        assert "Set-Cookie" in admin.get("/people/me", headers=background).headers, "who types is present"
    with time_machine.travel(NOW + timedelta(minutes=70), tick=False):
        assert admin.get("/people/me").status_code == 200


def test_signing_out_ends_the_session_and_stands_on_record(admin: Visitor, database: Database) -> None:
    assert admin.post("/sign-out", seen="/people").location == "/sign-in"
    assert admin.get("/people").status_code == 302
    with database.transaction() as session:
        done = [row.action for row in session.query(AuditRecord).order_by(AuditRecord.id.desc()).limit(2)]
    assert done == ["sign_out", "sign_in"]


def test_an_account_stopped_in_the_middle_is_out_at_the_next_click(
    visitor: Visitor, database: Database, government: Structure
) -> None:
    visitor.sign_in("jb.handler")
    assert visitor.get("/people/me").status_code == 200
    with database.transaction() as session:
        people.deactivate_person(
            session, actor_of(session, "jb.admin"), government.people["jb.handler"], now=NOW
        )
    assert visitor.get("/people/me").status_code == 302


def test_a_new_password_ends_the_sessions_elsewhere_and_keeps_this_one(app: Flask, visitor: Visitor) -> None:
    elsewhere = Visitor(app.test_client())
    elsewhere.sign_in("jb.handler")
    visitor.sign_in("jb.handler")
    form = {"old": PASSWORD, "new": "a new passphrase", "again": "a new passphrase"}
    assert visitor.post("/password", seen="/password", **form).status_code == 302
    assert visitor.get("/people/me").status_code == 200
    assert elsewhere.get("/people/me").status_code == 302


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"old": PASSWORD, "new": "a new passphrase", "again": "another one"}, "不一致"),
        ({"old": "wrong", "new": "a new passphrase", "again": "a new passphrase"}, "原密码不正确"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "至少 10 个字符"),
    ],
)
def test_a_password_that_does_not_fit_says_why(visitor: Visitor, form: dict[str, str], said: str) -> None:
    visitor.sign_in("jb.handler")
    answer = visitor.post("/password", seen="/password", **form)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_temporary_password_opens_nothing_but_the_page_to_change_it(
    visitor: Visitor, database: Database, government: Structure
) -> None:
    with database.transaction() as session:
        user_id = government.people["jb.handler"]
        account = people.reset_password(session, actor_of(session, "jb.admin"), user_id, now=NOW)
    visitor.sign_in("jb.handler", account.temporary_password)
    assert visitor.get("/people/me").location == "/password"
    form = {"old": account.temporary_password, "new": "a new passphrase", "again": "a new passphrase"}
    visitor.post("/password", seen="/password", **form)
    assert visitor.get("/people/me").status_code == 200


# who may open what

PAGES = {
    "/people": ("jb.admin", "jb.supervisor"),
    "/people/units": ("jb.admin", "jb.supervisor"),
    "/people/units?area=330205104": ("jb.admin", "jb.supervisor"),
    "/people/units?area=330203": (),
    "/people/units?area=330200": (),
    "/people/units/new": ("jb.admin",),
    "/people/new": ("jb.admin",),
    "/people/import": ("jb.admin",),
    "/people/import/template.xlsx": ("jb.admin",),
    "/people/import/template.csv": ("jb.admin",),
    "/people/me": ("jb.admin", "jb.supervisor", "jb.handler"),
}


@pytest.mark.parametrize("username", ["jb.admin", "jb.supervisor", "jb.handler"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_to_exactly_those_who_may(visitor: Visitor, path: str, username: str) -> None:
    visitor.sign_in(username)
    assert visitor.get(path).status_code == (200 if username in PAGES[path] else 403)


@pytest.mark.parametrize(
    "path", ["/people/{person}", "/people/{person}/edit", "/people/units/{unit}", "/people/units/{unit}/edit"]
)
def test_the_next_countys_people_and_units_are_not_found(
    admin: Visitor, government: Structure, path: str
) -> None:
    address = path.format(person=government.people["hs.handler"], unit=government.units["hs.drc"])
    assert admin.get(address).status_code == 404
    own = path.format(person=government.people["jb.handler"], unit=government.units["jb.energy"])
    assert admin.get(own).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/people/{person}/deactivate", 404), ("/people/{person}/password", 404), ("/people/{person}/unlock", 404),
        ("/people/{person}/reactivate", 404), ("/people/{person}/posts", 404),
        ("/people/units/{unit}/dissolve", 403), ("/people/units/{unit}/posts", 403),
    ],
)  # fmt: skip
def test_what_is_posted_past_the_pages_is_refused_too(
    admin: Visitor, government: Structure, path: str, status: int
) -> None:
    address = path.format(person=government.people["hs.handler"], unit=government.units["hs.drc"])
    form = {"unit": "jb.energy", "post": "handler", "code": "x", "name": "x", "rank": "1"}
    assert admin.post(address, seen="/people", **form).status_code == status


@pytest.mark.parametrize("path", ["/people/new", "/people/units/new", "/people/import"])
def test_staff_cannot_post_what_they_cannot_open(visitor: Visitor, path: str) -> None:
    visitor.sign_in("jb.handler")
    assert visitor.post(path, seen="/people/me", name="x").status_code == 403


# what administrators do through the pages


def test_an_administrator_sets_up_a_person_who_then_signs_in(app: Flask, admin: Visitor) -> None:
    form = {
        "username": "jb.new",
        "name": "区能源局·收发",
        "unit": "jb.energy",
        "post": "registry",
        "since": "2025-11-24",
    }
    answer = admin.post("/people/new", seen="/people/new", **form)
    assert answer.headers["Cache-Control"] == "no-store"
    password = re.search(r'id="secret">([^<]+)<', answer.text)
    assert password is not None
    assert Visitor(app.test_client()).sign_in("jb.new", password[1]).location == "/"
    assert "区能源局·收发" in admin.get("/people?q=nyj").text


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"username": "jb.handler"}, 409, "已被使用"),
        ({"username": "某"}, 422, "登录名"),
        ({"unit": "nowhere"}, 422, "没有代码为“nowhere”的在用单位"),
        ({"unit": "hs.drc"}, 403, "本辖区"),
        ({"since": "2025-02-30"}, 422, "不是日期"),
        ({"name": "\x00"}, 422, "控制字符"),
    ],
)
def test_a_form_that_does_not_fit_keeps_what_was_typed(
    admin: Visitor, change: dict[str, str], status: int, said: str
) -> None:
    form = {
        "username": "jb.new",
        "name": "区能源局·收发",
        "unit": "jb.energy",
        "post": "registry",
        "since": "",
    } | change
    answer = admin.post("/people/new", seen="/people/new", **form)
    assert answer.status_code == status
    assert said in answer.text
    if status != 403 and "name" not in change:
        assert 'value="区能源局·收发"' in answer.text


def test_a_person_is_moved_and_stopped_through_his_page(
    admin: Visitor, government: Structure, database: Database
) -> None:
    user_id = government.people["jb.handler"]
    page = admin.get(f"/people/{user_id}").text
    moved = re.search(r'<option value="(\d+)">由“江北区能源局·经办”调任', page)
    assert moved is not None
    form = {"unit": "jb.ecology", "post": "leader", "since": "2025-11-24", "moved_from": moved[1]}
    admin.post(f"/people/{user_id}/posts", seen="/people", **form)
    page = admin.get(f"/people/{user_id}").text
    assert "以往任职" in page
    assert "江北分局·负责人" in page
    admin.post(f"/people/{user_id}/deactivate", seen="/people")
    assert "账号已停用，不能登录" in admin.get(f"/people/{user_id}").text
    with database.transaction() as session:
        user = session.get(User, user_id)
        assert user is not None
        assert not user.active


def test_units_and_posts_are_changed_through_their_pages(admin: Visitor, government: Structure) -> None:
    form = {"code": "jb.water", "area": "330205", "name": "江北区水利局", "parent": "jb", "relation": "water",
            "posts": ["handler"]}  # fmt: skip
    unit = admin.post("/people/units/new", seen="/people/units/new", **form).location
    admin.post(f"{unit}/posts", seen="/people", code="expert", name="专家", role="", rank="20")
    page = admin.get(unit).text
    assert page.index("专家") < page.index("经办")
    post_id = re.search(rf"{unit}\?post=(\d+)", page)
    assert post_id is not None
    admin.post(f"{unit}/posts/{post_id[1]}", seen="/people", remove="1")
    assert "专家" not in admin.get(unit).text
    assert "该单位已撤销" not in admin.get(unit).text
    admin.post(f"{unit}/dissolve", seen="/people")
    assert "该单位已撤销" in admin.get(unit).text
    busy = admin.post(f"/people/units/{government.units['jb.energy']}/dissolve", seen="/people")
    assert busy.status_code == 409
    assert "在岗人员 1 人" in busy.text


# importing

HEAD = "姓名,登录名,单位代码,岗位代码\n"


def upload(visitor: Visitor, text: str, name: str = "people.csv") -> Any:
    from io import BytesIO

    return visitor.post("/people/import", seen="/people/import", file=(BytesIO(text.encode()), name))


def test_an_import_is_shown_first_and_carried_out_once_confirmed(app: Flask, admin: Visitor) -> None:
    dry = upload(admin, HEAD + "区能源局·收发,jb.new,jb.energy,registry\n")
    assert "确认导入 1 行" in dry.text
    assert "区能源局·收发" not in admin.get("/people").text
    sealed = re.search(r'name="rows" value="([^"]+)"', dry.text)
    assert sealed is not None
    done = admin.post("/people/import/confirm", seen="/people/import", rows=sealed[1])
    password = re.search(r'secret-cell num">([^<]+)<', done.text)
    assert password is not None
    assert Visitor(app.test_client()).sign_in("jb.new", password[1]).status_code == 302
    again = admin.post("/people/import/confirm", seen="/people/import", rows=sealed[1])
    assert "新增 0 人" in again.text


def test_one_bad_row_shows_its_reason_and_offers_no_import(admin: Visitor) -> None:
    answer = upload(admin, HEAD + "区能源局·收发,jb.new,jb.energy,registry\n某岗,jb.x,nowhere,handler\n")
    assert answer.status_code == 422
    assert "没有代码为“nowhere”的在用单位" in answer.text
    assert "确认导入" not in answer.text


@pytest.mark.parametrize(
    ("text", "name", "status", "said"),
    [
        ("a,b\n1,2\n", "p.csv", 422, "缺少列：姓名、登录名、单位代码、岗位代码"),
        (HEAD, "p.csv", 422, "没有人员"),
        (HEAD, "p.xls", 415, "只能导入"),
        ("PK", "p.xlsx", 422, "不是完整的 xlsx"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(
    admin: Visitor, text: str, name: str, status: int, said: str
) -> None:
    answer = upload(admin, text, name)
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.parametrize("rows", ["", "tampered", "WyJ4Il0.abc.def"])
def test_a_tampered_dry_run_is_refused(admin: Visitor, rows: str) -> None:
    answer = admin.post("/people/import/confirm", seen="/people/import", rows=rows)
    assert answer.status_code == 422
    assert "已失效" in answer.text


# one's own page


def test_a_token_is_shown_once_and_revoked(visitor: Visitor) -> None:
    visitor.sign_in("jb.handler")
    made = visitor.post("/people/me/tokens", seen="/people/me/tokens", name="报表", days="30")
    text = re.search(r'id="token">(tc_[^<]+)<', made.text)
    assert text is not None
    page = visitor.get("/people/me/tokens").text
    assert text[1] not in page
    revoke = re.search(r"/people/me/tokens/\d+/revoke", page)
    assert revoke is not None
    visitor.post(revoke[0], seen="/people/me/tokens")
    assert "已失效" in visitor.get("/people/me/tokens").text


def test_a_token_of_a_colleague_cannot_be_revoked(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in("jb.handler")
    visitor.post("/people/me/tokens", seen="/people/me/tokens", name="报表", days="30")
    revoke = re.search(r"/people/me/tokens/\d+/revoke", visitor.get("/people/me/tokens").text)
    assert revoke is not None
    other = Visitor(app.test_client())
    other.sign_in("jb.admin")
    assert other.post(revoke[0], seen="/people/me/tokens").status_code == 404


def test_everybody_keeps_his_own_contact_language_and_look(visitor: Visitor) -> None:
    visitor.sign_in("jb.handler")
    visitor.post("/people/me", seen="/people/me", email="a@example.invalid", mobile="0574 1234567")
    assert 'value="a@example.invalid"' in visitor.get("/people/me").text
    assert visitor.post("/people/me", seen="/people/me", email="nowhere").status_code == 422
    visitor.post("/people/me/preferences", seen="/people/me", language="en", theme="dark")
    page = visitor.get("/people/me").text
    assert 'lang="en"' in page
    assert 'data-bs-theme="dark"' in page


def test_a_tampered_cursor_is_refused(admin: Visitor) -> None:
    assert admin.get("/people?after=tampered").status_code == 400
