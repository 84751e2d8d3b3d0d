"""Who calls: bearer tokens, and the session cookie of a page with its CSRF token."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import update

from tests.api.callers import ApiHouse, assert_problem
from tests.conftest import Clock
from workflow_service import clock as wall
from workflow_service.store.people import ApiToken, User

ME = "/api/v1/me"


@pytest.fixture
def browser_page(api: ApiHouse) -> FlaskClient:
    """A browser in which the handler has signed in."""
    client = api.app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = f"{api.house.structure.people['jb.handler']}:0"
        cookie["seen"] = int(wall.now().timestamp())
        cookie["csrf_token"] = "raw"
    return client


def page_token(api: ApiHouse) -> str:
    return str(URLSafeTimedSerializer(api.app.secret_key, salt="wtf-csrf-token").dumps("raw"))  # type: ignore[arg-type]


def test_without_a_token_nothing_is_told(api: ApiHouse) -> None:
    client = api.app.test_client()
    answer = client.get(ME)
    assert_problem(answer, 401, "sign_in_required")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for header in ("Bearer nonsense", "Bearer ", "Basic YTpi", "tc_x"):
        assert_problem(client.get(ME, headers={"Authorization": header}), 401, "sign_in_required")


def test_a_token_tells_who_i_am(api: ApiHouse) -> None:
    me = api.caller("jb.handler").get("/me").get_json()
    assert (me["username"], me["name"]) == ("jb.handler", "区能源局·经办")
    assert "g:jb.energy:handler" in me["groups"]
    assert [post["unit_code"] for post in me["posts"]] == ["jb.energy"]


def test_a_token_that_expired_or_was_revoked_opens_nothing(api: ApiHouse, clock: Clock) -> None:
    handler = api.caller("jb.handler")
    tokens = handler.get("/tokens").get_json()["items"]
    made = handler.post("/tokens", {"name": "short", "days": 1}).get_json()
    short = api.app.test_client()
    assert short.get(ME, headers={"Authorization": f"Bearer {made['text']}"}).status_code == 200
    clock.moment += timedelta(days=2)
    assert_problem(short.get(ME, headers={"Authorization": f"Bearer {made['text']}"}), 401)
    assert handler.delete(f"/tokens/{tokens[0]['id']}").status_code == 200
    assert_problem(handler.get("/me"), 401)


def test_a_token_of_somebody_else_cannot_be_revoked(api: ApiHouse) -> None:
    token_id = api.caller("jb.handler").get("/tokens").get_json()["items"][0]["id"]
    assert_problem(api.caller("jb.admin").delete(f"/tokens/{token_id}"), 404)


def test_an_account_that_was_stopped_is_out_at_once(api: ApiHouse) -> None:
    handler = api.caller("jb.handler")
    user_id = handler.get("/me").get_json()["id"]
    assert api.caller("jb.admin").post(f"/users/{user_id}/deactivate").get_json()["active"] is False
    assert_problem(handler.get("/me"), 401)


def test_a_page_reads_with_its_cookie(browser_page: FlaskClient) -> None:
    assert browser_page.get(ME).get_json()["username"] == "jb.handler"


def test_a_page_writes_with_its_csrf_token_only(api: ApiHouse, browser_page: FlaskClient) -> None:
    body = {"name": "from a page"}
    assert_problem(browser_page.post("/api/v1/tokens", json=body), 400, "stale_csrf")
    assert_problem(browser_page.post("/api/v1/tokens", json=body, headers={"X-CSRFToken": "stale"}), 400, "stale_csrf")
    assert browser_page.post("/api/v1/tokens", json=body, headers={"X-CSRFToken": page_token(api)}).status_code == 201


def test_a_program_needs_no_csrf_token(api: ApiHouse) -> None:
    assert api.caller("jb.handler").post("/tokens", {"name": "from a program"}).status_code == 201


def test_a_page_left_alone_too_long_is_signed_out(api: ApiHouse, browser_page: FlaskClient) -> None:
    with browser_page.session_transaction() as cookie:
        cookie["seen"] = 0
    assert_problem(browser_page.get(ME), 401, "sign_in_required")


def test_a_first_password_must_be_changed_before_the_cookie_opens_anything(api: ApiHouse, browser_page: FlaskClient) -> None:
    with api.house.database.transaction() as session:
        session.execute(update(User).where(User.username == "jb.handler").values(must_change_password=True))
    assert_problem(browser_page.get(ME), 403)


def test_the_use_of_a_token_is_noted_once_an_hour(api: ApiHouse) -> None:
    handler = api.caller("jb.handler")
    handler.get("/me")
    with api.house.database.transaction() as session:
        used = session.query(ApiToken.last_used_at).filter(ApiToken.last_used_at.is_not(None)).all()
    assert [one.last_used_at for one in used] == [api.house.now]
