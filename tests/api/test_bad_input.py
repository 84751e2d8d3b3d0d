"""Bad input gets problem details that name the place and say what to do, and leaves nothing half-written."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from tests.api.callers import ApiHouse, Caller, assert_problem
from tests.engine import xml_drawing
from tests.services.house import FORM, user_task
from workflow_service.store.definitions import Deployment, ProcessDefinition, Resource
from workflow_service.store.records import IdempotencyKey
from workflow_service.store.runtime import ProcessInstance, Task

FORM_FILE = ("answer.json", json.dumps(FORM).encode())
GOOD = xml_drawing.chain(user_task("a"))
BOMB = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<definitions>&c;</definitions>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><definitions/>"""
BAD_DIAGRAMS = {
    "not XML": b"This is a drawing.",
    "empty": b"",
    "truncated": GOOD[: len(GOOD) // 2],
    "entity bomb": BOMB,
    "external entity": OUTSIDE,
    "not BPMN": b'<?xml version="1.0"?><html/>',
    "dangling target": GOOD.replace(b'targetRef="end"', b'targetRef="nowhere"'),
    "duplicate id": GOOD.replace(b'id="end"', b'id="start"'),
    "unknown element": GOOD.replace(b"<userTask", b"<danceTask").replace(b"</userTask>", b"</danceTask>"),
    "missing called process": xml_drawing.chain('<callActivity id="call" name="x" calledElement="no_such_process"/>'),
    "script outside the language": xml_drawing.chain(
        "<scriptTask id=\"s\" name=\"s\"><script>x = __import__('os').system('id')</script></scriptTask>"
    ),
}


@pytest.fixture
def designer(api: ApiHouse) -> Caller:
    return api.caller("jb.designer")


@pytest.fixture
def nothing_written(api: ApiHouse) -> Iterator[None]:
    before = counts(api)
    yield
    assert counts(api) == before


def counts(api: ApiHouse) -> list[int]:
    with api.house.database.transaction() as session:
        tables = (Deployment, Resource, ProcessDefinition, ProcessInstance, Task, IdempotencyKey)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@pytest.mark.parametrize("kind", BAD_DIAGRAMS)
@pytest.mark.usefixtures("nothing_written")
def test_a_diagram_that_cannot_run_as_drawn_is_refused_with_its_file(designer: Caller, kind: str) -> None:
    files = {"files": [("bad.bpmn", BAD_DIAGRAMS[kind]), ("good.bpmn", GOOD.replace(b'"p"', b'"q"')), FORM_FILE]}
    problem = assert_problem(
        designer.upload("/deployments", files, {"name": "x"}, headers={"Idempotency-Key": "k"}), 422, "definition_refused"
    )
    errors = [one for one in problem["errors"] if one.get("severity") == "error"]
    assert errors
    assert {one["file"] for one in errors} == {"bad.bpmn"}
    assert all(one["detail"] for one in errors)


@pytest.mark.usefixtures("nothing_written")
def test_a_dangling_flow_is_named_by_element(designer: Caller) -> None:
    files = {"files": [("bad.bpmn", BAD_DIAGRAMS["dangling target"]), FORM_FILE]}
    problem = assert_problem(designer.upload("/deployments", files, {"name": "x"}), 422)
    assert any(one.get("element_id") == "a_end" or one.get("line") for one in problem["errors"])


@pytest.mark.usefixtures("nothing_written")
def test_other_files_and_double_names_are_refused(designer: Caller) -> None:
    assert_problem(designer.upload("/deployments", {"files": [("a.exe", b"MZ")]}, {"name": "x"}), 422)
    assert_problem(designer.upload("/deployments", {"files": [FORM_FILE, FORM_FILE]}, {"name": "x"}), 422)
    assert_problem(designer.upload("/deployments", {"files": []}, {"name": "x"}), 422)
    assert_problem(designer.upload("/deployments", {"files": [("a.json", b"{")]}, {"name": "x"}), 422)


@pytest.mark.usefixtures("nothing_written")
def test_fifty_megabytes_are_too_much(designer: Caller) -> None:
    files = {"files": [("big.bpmn", b"<" + b" " * 50_000_000)]}
    assert_problem(designer.upload("/deployments", files, {"name": "x"}), 413, "too_large")


@pytest.mark.usefixtures("nothing_written")
def test_a_diagram_of_more_than_five_megabytes_is_too_much(designer: Caller) -> None:
    files = {"files": [("big.bpmn", GOOD + b" " * 6_000_000)]}
    assert_problem(designer.upload("/deployments", files, {"name": "x"}), 413, "definition_too_large")


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_body"),
        (b"", 400, "malformed_body"),
        (b"\xff\xfe", 400, "malformed_body"),
        (b'{"name": "a\\ud800"}', 400, "malformed_body"),
        (b"[" * 5000, 400, "malformed_body"),
        (b"[]", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'{"name": "a"}', 422, "invalid_request"),
        (b'{"name": "a", "correlation_key": "1", "extra": 1}', 422, "invalid_request"),
        (b'{"name": "a", "correlation_key": "1", "payload": {"x": NaN}}', 422, "invalid_request"),
        (b'{"name": "a", "correlation_key": "1", "payload": {"x": 1e999}}', 422, "invalid_request"),
        (b'{"name": "a", "correlation_key": "\\u0000"}', 400, "bad_request"),
    ],
)
@pytest.mark.usefixtures("nothing_written")
def test_bodies_that_cannot_be_read_or_do_not_fit(designer: Caller, raw: bytes, status: int, code: str) -> None:
    assert_problem(designer.post("/messages", data=raw, content_type="application/json"), status, code)


def test_members_are_named_by_pointer(designer: Caller) -> None:
    problem = assert_problem(designer.post("/messages", {"name": 3, "correlation_key": "x", "kind": 1}), 422)
    assert {one["pointer"] for one in problem["errors"]} == {"#/name", "#/kind"}


def test_a_problem_can_be_read_as_it_comes(designer: Caller) -> None:
    answer = designer.post("/tasks/1/transfer", {"holder": "nobody"})
    assert_problem(answer, 422)
    assert "写法不对，应符合" in answer.get_data(as_text=True)


def test_a_body_of_another_type_or_too_long_is_refused(designer: Caller) -> None:
    assert_problem(designer.post("/messages", data=b"<a/>", content_type="application/xml"), 415, "unsupported_type")
    long = json.dumps({"name": "a" * 1_100_000}).encode()
    assert_problem(designer.post("/messages", data=long, content_type="application/json"), 413, "too_large")


def test_parameters_are_named(designer: Caller) -> None:
    for query, name in (("limit=0", "limit"), ("limit=many", "limit"), ("what=1", "what"), ("status=dead", "status")):
        problem = assert_problem(designer.get(f"/process-instances?{query}"), 422, "invalid_request")
        assert [one["parameter"] for one in problem["errors"]] == [name]
    assert_problem(designer.get("/process-instances?business_key=%00"), 400)


@pytest.mark.parametrize("cursor", ["x", "WzFd.AAAA", "", "💥", "a" * 3000])
def test_a_cursor_that_was_tampered_with_is_refused(designer: Caller, cursor: str) -> None:
    answer = designer.get("/process-instances", query_string={"cursor": cursor})
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


def test_a_cursor_of_another_list_or_with_a_changed_letter_is_refused(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    for number in range(3):
        api.house.start(business_key=str(number))
    designer = api.caller("jb.designer")
    cursor = designer.get("/process-instances?limit=1").get_json()["next_cursor"]
    assert designer.get(f"/process-instances?limit=1&cursor={cursor}").status_code == 200
    assert_problem(designer.get(f"/plans?cursor={cursor}"), 400, "bad_cursor")
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    assert_problem(designer.get(f"/process-instances?cursor={changed}"), 400, "bad_cursor")


def test_a_message_that_nobody_waits_for_is_not_found(designer: Caller) -> None:
    problem = assert_problem(designer.post("/messages", {"name": "meeting.result", "correlation_key": "7"}), 404)
    assert "meeting.result" in problem["detail"]


def test_unknown_addresses_and_methods_are_problems_too(designer: Caller) -> None:
    assert_problem(designer.get("/no-such-noun"), 404, "not_found")
    answer = designer.delete("/messages")
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_problems_come_in_the_language_asked_for(api: ApiHouse) -> None:
    english = api.caller("jb.handler", **{"Accept-Language": "en-GB,en;q=0.8"})
    assert english.get("/tasks/1").get_json(force=True)["title"] == "Not found"
    assert api.caller("jb.handler").get("/tasks/1").get_json(force=True)["title"] == "没有找到"


def test_the_page_of_a_problem_says_what_to_do(api: ApiHouse) -> None:
    client = api.app.test_client()
    assert "Idempotency-Key" in client.get("/problems/idempotency_key_reused").get_data(as_text=True)
    assert client.get("/problems/no_such_thing").status_code == 404
