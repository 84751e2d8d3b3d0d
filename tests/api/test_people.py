"""People, units and tokens over HTTP, and who may change them."""

import io

import openpyxl
import pytest

from tests.api.callers import ApiHouse, assert_problem
from workflow_service.identity.import_people import COLUMNS

PERSON = {"username": "jb.new", "name": "区能源局·新经办", "posts": [{"unit": "jb.energy", "post": "handler"}]}


def sheet(*rows: list[str], heads: list[str] | None = None) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (heads or list(COLUMNS.values()), *rows):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(target)
    return target.getvalue()


def test_an_administrator_sets_up_a_person_who_then_has_tasks(api: ApiHouse) -> None:
    answer = api.caller("jb.admin").post("/users", PERSON)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    account = answer.get_json()
    assert account["temporary_password"]
    assert [post["post_code"] for post in account["posts"]] == ["handler"]
    assert "g:jb.energy:handler" in api.caller("jb.new").get("/me").get_json()["groups"]
    assert_problem(api.caller("jb.admin").post("/users", PERSON), 409)


@pytest.mark.parametrize("username", ["jb.handler", "jb.supervisor", "hs.admin"])
def test_nobody_else_does(api: ApiHouse, username: str) -> None:
    assert_problem(api.caller(username).post("/users", PERSON), 403, "forbidden")


def test_unknown_units_posts_and_people_are_named(api: ApiHouse) -> None:
    admin = api.caller("jb.admin")
    problem = assert_problem(admin.post("/users", PERSON | {"posts": [{"unit": "no.such", "post": "handler"}]}), 422)
    assert "no.such" in problem["detail"]
    assert_problem(admin.post("/users", PERSON | {"posts": []}), 422)
    assert_problem(admin.post("/users", PERSON | {"username": "A b"}), 422)
    assert_problem(admin.get("/users/123456"), 404)
    assert_problem(admin.post("/users/123456/posts", {"unit": "jb.energy", "post": "leader"}), 404)


def test_a_person_is_changed_and_given_a_further_post_and_loses_it(api: ApiHouse) -> None:
    admin, user_id = api.caller("jb.admin"), api.house.structure.people["jb.handler"]
    changed = admin.put(f"/users/{user_id}", {"name": "区能源局·经办（调整）", "email": "handler@example.org"})
    assert changed.get_json()["email"] == "handler@example.org"
    given = admin.post(f"/users/{user_id}/posts", {"unit": "jb.energy", "post": "leader"}).get_json()
    leader = next(post for post in given["posts"] if post["post_code"] == "leader")
    ended = admin.post(f"/memberships/{leader['membership_id']}/end", {}).get_json()
    assert [post["post_code"] for post in ended["posts"]] == ["handler"]
    assert_problem(admin.post(f"/users/{user_id}/posts", {"unit": "jb.energy", "post": "handler", "since": "2025-02-30"}), 422)


def test_people_are_listed_for_those_who_may_see_them(api: ApiHouse) -> None:
    found = api.caller("jb.admin").get("/users?q=能源").get_json()
    assert {one["username"] for one in found["items"]} == {"jb.handler", "jb.colleague"}
    assert {one["username"] for one in api.caller("hs.admin").get("/users").get_json()["items"]} == {"hs.admin", "hs.handler"}
    assert_problem(api.caller("jb.handler").get("/users"), 403)
    assert_problem(api.caller("hs.admin").get(f"/users/{api.house.structure.people['jb.handler']}"), 404)
    assert_problem(api.caller("jb.admin").get("/users?unit=no.such"), 422)


def test_a_sheet_with_wrong_columns_is_refused(api: ApiHouse) -> None:
    admin = api.caller("jb.admin")
    upload = {"file": [("people.xlsx", sheet(["a"], heads=["Name", "Alter"]))]}
    assert_problem(admin.upload("/users/import", upload), 422, "wrong_columns")
    assert_problem(admin.upload("/users/import", {"file": [("people.xlsx", b"PK\x03\x04 broken")]}), 422)
    assert_problem(admin.upload("/users/import", {"file": [("people.pdf", b"%PDF")]}), 415)


def test_a_sheet_is_written_wholly_or_not_at_all(api: ApiHouse) -> None:
    admin = api.caller("jb.admin")
    good = ["区能源局·甲岗", "jb.a", "jb.energy", "handler", "", "", ""]
    bad = ["区能源局·乙岗", "jb.b", "no.such", "handler", "", "", ""]
    answer = admin.upload("/users/import", {"file": [("people.xlsx", sheet(good, bad))]})
    problem = assert_problem(answer, 422, "import_refused")
    assert [one["row"] for one in problem["errors"]] == [3]
    assert admin.get("/users?q=jb.a").get_json()["items"] == []
    checked = admin.upload("/users/import", {"file": [("people.xlsx", sheet(good))]}, {"check": "true"}).get_json()
    assert (checked["written"], checked["rows"][0]["effect"]) == (False, "new")
    written = admin.upload("/users/import", {"file": [("people.xlsx", sheet(good))]}).get_json()
    assert [one["username"] for one in written["people"]] == ["jb.a"]
    assert_problem(api.caller("jb.handler").upload("/users/import", {"file": [("p.xlsx", sheet(good))]}), 403)


def test_units_are_set_up_changed_and_dissolved(api: ApiHouse) -> None:
    admin = api.caller("jb.admin")
    body = {"code": "jb.water", "name": "江北区水利局", "area": "330205", "parent": "jb", "relation": "water"}
    unit = admin.post("/units", body)
    assert unit.status_code == 201, unit.get_data(as_text=True)
    unit_id = unit.get_json()["id"]
    assert {post["code"] for post in unit.get_json()["posts"]} == {"leader", "handler", "registry"}
    assert admin.put(f"/units/{unit_id}", {"name": "江北区水务局", "parent": "jb"}).get_json()["name"] == "江北区水务局"
    assert admin.delete(f"/units/{unit_id}").get_json() == {"done": True}
    assert_problem(admin.delete(f"/units/{api.house.structure.units['jb.energy']}"), 409)
    assert_problem(api.caller("hs.admin").post("/units", body | {"code": "x"}), 403)
    assert_problem(admin.post("/units", body | {"area": "12"}), 422)


def test_units_are_seen_within_ones_area(api: ApiHouse) -> None:
    codes = {one["code"] for one in api.caller("jb.handler").get("/units").get_json()["items"]}
    assert "jb.energy" in codes
    assert "hs.drc" not in codes
    assert_problem(api.caller("jb.handler").get(f"/units/{api.house.structure.units['hs.drc']}"), 404)
    assert api.caller("zj.admin").get(f"/units/{api.house.structure.units['hs.drc']}").status_code == 200
