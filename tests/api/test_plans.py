"""Plans over HTTP, from the application to the catalogue: the delivered registration route, driven by its people."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.callers import ApiHouse, Caller, assert_problem
from tests.people import SYSTEM
from tests.web.test_deadline_pages import resume, suspended_plan
from workflow_service.demo.papers import pdf
from workflow_service.services import deployments
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.units import UnitFacts, add_unit

ROOT = Path(__file__).parents[2]
APPLICATION: dict[str, Any] = {
    "title": "江北区能源发展“十五五”规划",
    "category": "special",
    "level": "county",
    "tier": "N",
    "importance": "key",
    "first_year": 2026,
    "last_year": 2030,
    "due_on": "2026-12-31",
}
UNMARKED = {"declared": "true"}


@pytest.fixture
def routes(api: ApiHouse) -> ApiHouse:
    """The delivered registration, deployed, and the posts that it asks."""
    files = delivered("forms/*.json") | delivered("bpmn/*.dmn") | delivered("bpmn/registration.bpmn")
    with api.house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "routes", files, now=api.house.now)
        water = UnitFacts(code="jb.water", name="江北区水利局", area="330205", parent="jb", relation="water")
        add_unit(session, SYSTEM, water, now=api.house.now)
        for username, post in (("jb.planner", ("jb.drc", "planner")), ("jb.leader", ("jb.drc", "leader"))):
            facts = PersonFacts(username=username, name=username)
            add_person(session, SYSTEM, facts, [post], now=api.house.now, password_hash="-", constructed=True)
    return api


@pytest.fixture
def application(api: ApiHouse) -> dict[str, Any]:
    return APPLICATION | {"lead_unit_id": api.house.structure.units["jb.energy"]}


def delivered(pattern: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in ROOT.glob(pattern)}


def apply(api: ApiHouse, application: dict[str, Any]) -> dict[str, Any]:
    answer = api.caller("jb.handler").post("/plans", application)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def test_a_unit_applies_and_finds_its_first_task(routes: ApiHouse, application: dict[str, Any]) -> None:
    plan = apply(routes, application)
    assert (plan["status"], plan["stage"], plan["lead_unit_name"]) == ("applied", "registration", "江北区能源局")
    (line,) = routes.caller("jb.handler").get("/tasks").get_json()["items"]
    assert (line["plan_id"], line["process_key"]) == (plan["id"], "registration")
    instances = routes.caller("jb.handler").get(f"/plans/{plan['id']}/process-instances").get_json()["items"]
    assert [one["process_key"] for one in instances] == ["registration"]
    events = routes.caller("jb.handler").get(f"/plans/{plan['id']}/events").get_json()["items"]
    assert "applied" in [one["kind"] for one in events]


def test_another_county_sees_neither_the_draft_nor_its_parts(routes: ApiHouse, application: dict[str, Any]) -> None:
    plan_id = apply(routes, application)["id"]
    stranger = routes.caller("hs.handler")
    assert stranger.get("/plans?scope=public").get_json()["items"] == []
    assert stranger.get("/catalogues").get_json()["items"] == []
    for part in ("", "/events", "/process-instances", "/attachments"):
        assert_problem(stranger.get(f"/plans/{plan_id}{part}"), 403, "forbidden")
        assert routes.caller("nb.planner").get(f"/plans/{plan_id}{part}").status_code == 200
    assert_problem(stranger.post("/plans", application), 403, "forbidden")
    assert_problem(stranger.upload(f"/plans/{plan_id}/attachments", {"file": [("a.txt", b"x")]}, UNMARKED), 403)


def test_plans_are_found_by_words_initials_and_filters(routes: ApiHouse, application: dict[str, Any]) -> None:
    apply(routes, application)
    city = routes.caller("nb.planner")
    for query, number in (
        ("q=能源", 1), ("q=jbqny", 1), ("q=林业", 0), ("category=special", 1), ("tier=X", 0), ("status=applied", 1),
        ("overdue=true", 0), ("stage=issue", 0),
    ):  # fmt: skip
        found = city.get(f"/plans?{query}").get_json()
        assert (len(found["items"]), found["total"]) == (number, number), query


def test_an_application_against_the_rules_is_told_every_reason(routes: ApiHouse, application: dict[str, Any]) -> None:
    short = application | {"last_year": 2027, "listed": False}
    problem = assert_problem(routes.caller("jb.handler").post("/plans", short), 422, "registration_refused")
    assert len(problem["errors"]) >= 2
    assert_problem(routes.caller("jb.handler").post("/plans", application | {"lead_unit_id": 10**9}), 422)
    problem = assert_problem(routes.caller("jb.handler").post("/plans", application | {"due_on": "2026-02-30"}), 422)
    assert problem["errors"][0]["pointer"] == "#/due_on"
    assert routes.caller("jb.handler").get("/plans").get_json()["items"] == []


def test_an_ordering_document_of_somebody_else_is_no_order(routes: ApiHouse, application: dict[str, Any]) -> None:
    admin = routes.caller("jb.admin")
    file_id = admin.upload("/attachments", {"file": [("a.txt", b"x")]}, UNMARKED).get_json()["id"]
    ordered = application | {"listed": False, "ordered_by": "government", "order_attachment_id": file_id}
    assert_problem(routes.caller("jb.handler").post("/plans", ordered), 422)
    handler = routes.caller("jb.handler")
    own = handler.upload("/attachments", {"file": [("a.txt", b"x")]}, UNMARKED).get_json()["id"]
    plan = apply(routes, ordered | {"order_attachment_id": own})
    assert handler.get(f"/attachments/{own}").get_json()["plan_id"] == plan["id"]


def test_what_is_not_yet_due_cannot_be_started(routes: ApiHouse, application: dict[str, Any]) -> None:
    plan, handler = apply(routes, application), routes.caller("jb.handler")
    assert_problem(handler.post(f"/plans/{plan['id']}/route"), 409)
    assert_problem(handler.post(f"/plans/{plan['id']}/revision", {"reason": "上位规划调整"}), 409)
    assert_problem(handler.post(f"/plans/{plan['id']}/evaluation", {}), 409)
    assert_problem(handler.post(f"/plans/{plan['id']}/route", headers={"If-Match": '"99"'}), 412)
    assert_problem(routes.caller("jb.admin").post(f"/plans/{plan['id']}/route"), 403)


def test_a_registered_plan_gets_its_code_by_the_list_and_goes_on_its_route(
    routes: ApiHouse, application: dict[str, Any]
) -> None:
    with routes.house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "all", delivered("bpmn/*.bpmn"), now=routes.house.now)
    plan = apply(routes, application)
    drive_registration(routes, plan["id"])
    pool = routes.caller("jb.supervisor").get("/meetings/pool").get_json()["items"]
    assert [(one["plan_id"], one["kind"]) for one in pool] == [(plan["id"], "catalogue_list")]
    meeting = hold_list(routes.caller("jb.supervisor"), pool[0]["id"])
    assert meeting["status"] == "held"
    handler = routes.caller("jb.handler")
    registered = handler.get(f"/plans/{plan['id']}")
    assert (registered.get_json()["status"], bool(registered.get_json()["code"])) == ("active", True)
    (catalogue,) = handler.get("/catalogues").get_json()["items"]
    assert (catalogue["registered"], catalogue["area"]) == (1, "330205")
    listed = handler.get(f"/catalogues/{catalogue['cycle_id']}/330205/plans").get_json()
    assert [one["code"] for one in listed["items"]] == [registered.get_json()["code"]]
    started = handler.post(f"/plans/{plan['id']}/route", headers={"If-Match": registered.headers["ETag"]})
    assert (started.status_code, started.get_json()["process_key"]) == (201, "government_executive_meeting")
    assert_problem(handler.post(f"/plans/{plan['id']}/route"), 409)


def drive_registration(routes: ApiHouse, plan_id: int) -> None:
    """Finish what waits until the plan waits for the list."""
    answers: dict[str, dict[str, Any]] = {
        "apply": {"outcome": "submit"},
        "review_application": {"outcome": "accept"},
        "environment_list": {"outcome": "not_listed"},
        "water_list": {"outcome": "not_listed"},
    }
    for _round in range(8):
        waiting = [task for task in routes.house.open() if task.plan_id == plan_id]
        if not waiting:
            return
        task = waiting[0]
        with routes.house.database.transaction() as session:
            from workflow_service.services import forms, tasks
            from workflow_service.store.runtime import ProcessInstance

            row = session.get_one(ProcessInstance, task.instance_id)
            schema = forms.form_of_task(session, task, row.definition_id)
            values = {**smallest(schema), **answers[task.element_id]}
            tasks.complete_task(session, SYSTEM, task.id, values, now=routes.house.now)


def smallest(schema: dict[str, Any]) -> dict[str, Any]:
    """The least that a form asks for."""
    values: dict[str, Any] = {}
    for name in schema.get("required", []):
        own = schema["properties"][name]
        kind = own.get("type")
        values[name] = (
            own["enum"][0] if "enum" in own else "2026-01-01" if own.get("format") == "date" else "无"
            if kind == "string" else True if kind == "boolean" else own.get("minimum", 1) if kind in ("integer", "number") else []
        )  # fmt: skip
    return values


def hold_list(supervisor: Caller, item_id: int) -> dict[str, Any]:
    body = {"kind": "catalogue_list", "title": "第一批目录清单", "area": "330205", "held_on": "2025-12-01", "item_ids": [item_id]}
    planned = supervisor.post("/meetings", body)
    assert planned.status_code == 201, planned.get_data(as_text=True)
    meeting_id = planned.get_json()["id"]
    assert_problem(supervisor.post("/meetings", body), 409)
    results: dict[str, Any] = {"results": [{"item_id": item_id, "result": "approved"}]}
    assert_problem(supervisor.post(f"/meetings/{meeting_id}/results", results), 422)
    scan = supervisor.upload("/attachments", {"file": [("会议纪要.pdf", pdf(["会议纪要"]))]}, {"declared": "true"}).get_json()
    minutes = {"minutes_number": "北区政办纪〔2025〕1号", "minutes_attachment_id": scan["id"]}
    wrong = minutes | {"results": [{"item_id": item_id, "result": "perhaps"}]}
    assert_problem(supervisor.post(f"/meetings/{meeting_id}/results", wrong), 422)
    postponed = supervisor.post(f"/meetings/{meeting_id}/postpone", {"held_on": "2025-12-02", "reason": "改期"})
    assert postponed.get_json()["held_on"] == "2025-12-02"
    held = supervisor.post(f"/meetings/{meeting_id}/results", results | minutes)
    assert held.status_code == 200, held.get_data(as_text=True)
    assert [one["id"] for one in supervisor.get("/meetings").get_json()["items"]] == [meeting_id]
    return dict(supervisor.get(f"/meetings/{meeting_id}").get_json())


def test_meetings_belong_to_the_offices_of_their_area(routes: ApiHouse) -> None:
    body = {"kind": "catalogue_list", "title": "清单", "area": "330205", "held_on": "2025-12-01", "item_ids": [1]}
    for username in ("jb.handler", "hs.handler"):
        assert_problem(routes.caller(username).post("/meetings", body), 403, "forbidden")
    assert_problem(routes.caller("jb.supervisor").post("/meetings", body), 422)
    assert_problem(routes.caller("jb.supervisor").post("/meetings", body | {"area": "999999"}), 422)
    assert_problem(routes.caller("jb.supervisor").get("/meetings/1"), 404)


def test_a_plan_tells_why_its_clock_stands_and_how_its_date_moved(api: ApiHouse) -> None:
    house = api.house
    plan_id, run = suspended_plan(house)
    reader = api.caller("jb.handler")
    assert reader.get(f"/plans/{plan_id}").get_json()["paused_for"] == "suspended"
    (standing,) = reader.get(f"/plans/{plan_id}/deadline-changes").get_json()["items"]
    assert (standing["kind"], standing["ended_at"], standing["due_after"]) == ("suspended", None, None)
    resume(house, run)
    (moved,) = reader.get(f"/plans/{plan_id}/deadline-changes").get_json()["items"]
    assert (moved["working_days"], moved["due_before"][:10], moved["due_after"][:10]) == (5, "2025-11-27", "2025-12-04")
    assert reader.get(f"/plans/{plan_id}").get_json()["due_on"] == "2025-12-04"
    assert_problem(api.caller("hs.handler").get(f"/plans/{plan_id}/deadline-changes"), 403)
