"""Process instances, definitions, deployments, decisions and messages over HTTP."""

import json

import pytest

from tests.api.callers import ApiHouse, assert_problem, five_tasks
from tests.engine import xml_drawing
from tests.services.house import AGREE, FORM, user_task
from tests.services.test_pauses import MEETING
from tests.web.test_pages import plan_of
from workflow_service.services import meetings
from workflow_service.store.plans import Plan

TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:test">
  <decision id="days" name="天数"><decisionTable id="t" hitPolicy="UNIQUE">
    <input id="i"><inputExpression id="e" typeRef="string"><text>importance</text></inputExpression></input>
    <output id="o" name="days" typeRef="number"/>
    <rule id="r1"><inputEntry id="a1"><text>"key"</text></inputEntry><outputEntry id="b1"><text>5</text></outputEntry></rule>
    <rule id="r2"><inputEntry id="a2"><text>"general"</text></inputEntry><outputEntry id="b2"><text>10</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>"""
PARTS = (
    xml_drawing.chain(user_task("b")).replace(b'id="p"', b'id="part"').replace(b'bpmnElement="p"', b'bpmnElement="part"'),
    xml_drawing.chain('<callActivity id="call" name="call" calledElement="part"/>'),
)
"""A process that is called, and the one that calls it."""

FILES = {"files": [("five.bpmn", five_tasks()), ("answer.json", json.dumps(FORM).encode()), ("days.dmn", TABLE.encode())]}


@pytest.fixture
def deployed(api: ApiHouse) -> dict[str, object]:
    answer = api.caller("jb.designer").upload("/deployments", FILES, {"name": "五步", "note": "第一版"})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.get_json())


def start(api: ApiHouse, **more: object) -> int:
    body = {"process_key": "p", "business_key": "b1", **more}
    answer = api.caller("jb.designer").post("/process-instances", body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.headers["Location"] == f"/api/v1/process-instances/{answer.get_json()['id']}"
    return int(answer.get_json()["id"])


def test_a_designer_deploys_files_together(api: ApiHouse, deployed: dict[str, object]) -> None:
    assert [one["key"] for one in deployed["process_definitions"]] == ["p"]  # type: ignore[attr-defined]
    (line,) = api.caller("jb.handler").get("/deployments").get_json()["items"]
    assert (line["name"], line["files"], line["deployed_by_name"]) == ("五步", 3, "区发展改革局·流程设计")


def test_nobody_else_deploys(api: ApiHouse) -> None:
    for username in ("jb.handler", "jb.supervisor", "jb.admin"):
        assert_problem(api.caller(username).upload("/deployments", FILES, {"name": "x"}), 403, "forbidden")


def test_files_can_be_checked_without_deploying_them(api: ApiHouse) -> None:
    designer = api.caller("jb.designer")
    good = designer.upload("/deployments/check", FILES).get_json()
    assert good["deployable"] is True
    broken = {"files": [("a.bpmn", b"<x/>")]}
    assert designer.upload("/deployments/check", broken).get_json()["deployable"] is False
    assert designer.get("/deployments").get_json()["items"] == []


def test_a_definition_gives_its_file_its_picture_and_its_versions(api: ApiHouse, deployed: dict[str, object]) -> None:
    handler = api.caller("jb.handler")
    (line,) = handler.get("/process-definitions").get_json()["items"]
    assert handler.get(f"/process-definitions/{line['id']}/xml").data == five_tasks()
    picture = handler.get(f"/process-definitions/{line['id']}/diagram")
    assert picture.content_type.startswith("image/svg+xml")
    assert picture.data.startswith(b"<svg")
    changed = {"files": [("five.bpmn", five_tasks().replace(b'name="a"', b'name="first"'))]}
    api.caller("jb.designer").upload("/deployments", changed, {"name": "二"})
    versions = handler.get(f"/process-definitions/{line['id']}/versions").get_json()["items"]
    assert [one["version"] for one in versions] == [2, 1]


def test_an_instance_tells_what_ran_in_order_with_element_ids(api: ApiHouse, deployed: dict[str, object]) -> None:
    instance_id = start(api)
    api.house.complete("a")
    supervisor = api.caller("jb.supervisor")
    found = supervisor.get(f"/process-instances/{instance_id}/activities").get_json()["items"]
    assert [(one["seq"], one["element_id"], one["status"]) for one in found] == [
        (1, "start", "completed"), (2, "a", "completed"), (3, "choice", "completed"), (4, "b", "started")]  # fmt: skip
    assert found[2]["flows"] == ["agreed"]
    first = supervisor.get(f"/process-instances/{instance_id}/activities?limit=3").get_json()
    rest = supervisor.get(f"/process-instances/{instance_id}/activities?cursor={first['next_cursor']}").get_json()
    assert [one["seq"] for one in rest["items"]] == [4]


def test_variables_are_for_who_manages_instances(api: ApiHouse, deployed: dict[str, object]) -> None:
    instance_id = start(api, variables={"wish": "x"})
    api.house.complete("a")
    found = api.caller("jb.designer").get(f"/process-instances/{instance_id}/variables").get_json()["variables"]
    assert found == {"wish": "x", "a": AGREE}
    assert_problem(api.caller("jb.handler").get(f"/process-instances/{instance_id}/variables"), 403)


def test_instances_are_listed_for_their_area_only(api: ApiHouse, deployed: dict[str, object]) -> None:
    instance_id = start(api)
    for username, seen in (("jb.handler", True), ("nb.planner", True), ("zj.admin", True), ("hs.handler", False)):
        items = api.caller(username).get("/process-instances").get_json()["items"]
        assert [one["id"] for one in items] == ([instance_id] if seen else []), username
    for part in ("", "/activities", "/tasks", "/waits", "/incidents", "/comments", "/attachments"):
        assert_problem(api.caller("hs.handler").get(f"/process-instances/{instance_id}{part}"), 403, "forbidden")
        assert api.caller("jb.handler").get(f"/process-instances/{instance_id}{part}").status_code == 200


def test_only_designers_and_administrators_start_an_instance_directly(
    api: ApiHouse, deployed: dict[str, object]
) -> None:
    assert_problem(api.caller("jb.handler").post("/process-instances", {"process_key": "p"}), 403)
    assert_problem(api.caller("jb.designer").post("/process-instances", {"process_key": "no"}), 404)


def test_an_instance_is_suspended_resumed_and_terminated(api: ApiHouse, deployed: dict[str, object]) -> None:
    instance_id, supervisor, reason = start(api), api.caller("jb.supervisor"), {"reason": "改期"}
    (task_id,) = api.open_ids(instance_id).values()
    path = f"/process-instances/{instance_id}"
    assert_problem(supervisor.post(f"{path}/suspend", reason, headers={"If-Match": '"9"'}), 412)
    suspended = supervisor.post(f"{path}/suspend", reason, headers={"If-Match": supervisor.get(path).headers["ETag"]})
    assert suspended.get_json()["status"] == "suspended"
    assert_problem(api.caller("jb.handler").post(f"/tasks/{task_id}/complete", {"values": AGREE}), 409)
    assert supervisor.post(f"{path}/resume", reason).get_json()["status"] == "active"
    assert_problem(api.caller("jb.designer").post(f"{path}/terminate", reason), 403)
    assert_problem(api.caller("hs.admin").post(f"{path}/terminate", reason), 403)
    assert_problem(supervisor.post(f"{path}/terminate", {"reason": " "}), 422)
    assert supervisor.post(f"{path}/terminate", reason).get_json()["status"] == "terminated"
    assert api.open_ids(instance_id) == {}
    assert_problem(supervisor.post(f"{path}/terminate", reason), 409)


def test_a_message_reaches_the_instance_that_waits_for_it(api: ApiHouse) -> None:
    receive = '<receiveTask id="hear" name="hear" messageRef="m"/>'
    api.house.deploy(xml_drawing.chain(receive, user_task("a"), roots='<message id="m" name="result"/>'))
    instance_id = api.house.start()
    waits = api.caller("jb.handler").get(f"/process-instances/{instance_id}/waits").get_json()
    assert [one["name"] for one in waits["subscriptions"]] == ["result"]
    body = {"name": "result", "correlation_key": "b1", "payload": {"ok": True}}
    assert_problem(api.caller("jb.handler").post("/messages", body), 403)
    assert_problem(api.caller("hs.admin").post("/messages", body), 403)
    assert api.caller("jb.admin").post("/messages", body).get_json() == {"taken": 1}
    assert_problem(api.caller("jb.admin").post("/messages", body), 404)
    assert list(api.open_ids(instance_id)) == ["a"]


def asked_for(api: ApiHouse) -> tuple[int, str]:
    """A plan whose run waits for a meeting: the run, and the number of its place in the pool."""
    plan_id = plan_of(api.house, "能源规划")
    with api.house.database.transaction() as session:
        session.get_one(Plan, plan_id).route = "p"
    api.house.deploy_chain(*MEETING[1:], roots=MEETING[0])
    run = api.caller("jb.designer").post("/process-instances", {"process_key": "p", "plan_id": plan_id}).get_json()["id"]
    with api.house.database.transaction() as session:
        (item,) = meetings.pool(session, "330205")
        return int(run), str(item.id)


@pytest.mark.parametrize("username", ["jb.designer", "jb.admin", "jb.supervisor", "zj.admin"])
def test_what_a_meeting_decides_comes_from_the_meeting_alone(api: ApiHouse, username: str) -> None:
    run, item = asked_for(api)
    body = {"name": "meeting.result", "correlation_key": item, "payload": {"result": "passed"}}
    problem = assert_problem(api.caller(username).post("/messages", body), 409, "conflict")
    assert "会议" in problem["detail"]
    assert api.house.instance(run).status == "active"
    throw = '<intermediateThrowEvent id="say" name="say"><messageEventDefinition id="d" messageRef="m"/></intermediateThrowEvent>'
    root = f'<message id="m" name="meeting.result" approval:correlationKey="${{&quot;{item}&quot;}}"/>'
    api.house.deploy_chain(throw, roots=root)
    api.house.start()
    assert [one.kind for one in api.house.incidents()] == ["message"]
    assert api.house.instance(run).status == "active"
    assert_problem(api.caller("jb.designer").post(f"/incidents/{api.house.incidents()[0].id}/retry", {}), 404)


def test_only_its_own_route_is_started_for_a_plan(api: ApiHouse, deployed: dict[str, object]) -> None:
    designer, plan_id = api.caller("jb.designer"), plan_of(api.house, "能源规划")
    body = {"process_key": "p", "plan_id": plan_id}
    assert_problem(designer.post("/process-instances", body), 409, "conflict")
    with api.house.database.transaction() as session:
        session.get_one(Plan, plan_id).route = "p"
    api.house.deploy(*PARTS)
    assert_problem(designer.post("/process-instances", {**body, "process_key": "part"}), 409, "conflict")
    with api.house.database.transaction() as session:
        session.get_one(Plan, plan_id).status = "issued"
    assert_problem(designer.post("/process-instances", body), 409, "conflict")
    with api.house.database.transaction() as session:
        session.get_one(Plan, plan_id).status = "active"
    assert designer.post("/process-instances", body).status_code == 201


def test_what_others_call_and_what_carries_plans_is_not_started_by_itself(api: ApiHouse) -> None:
    designer = api.caller("jb.designer")
    api.house.deploy(*PARTS)
    assert "调用" in assert_problem(designer.post("/process-instances", {"process_key": "part"}), 409)["detail"]
    assert designer.post("/process-instances", {"process_key": "p"}).status_code == 201
    api.house.deploy_chain(*MEETING[1:], roots=MEETING[0])
    assert "规划" in assert_problem(designer.post("/process-instances", {"process_key": "p"}), 409)["detail"]


def test_a_signal_may_reach_nobody(api: ApiHouse) -> None:
    assert api.caller("jb.admin").post("/signals", {"name": "alarm"}).get_json() == {"taken": 0}
    assert_problem(api.caller("jb.handler").post("/signals", {"name": "alarm"}), 403)


def test_a_table_is_listed_shown_and_asked(api: ApiHouse, deployed: dict[str, object]) -> None:
    handler = api.caller("jb.handler")
    assert [one["key"] for one in handler.get("/decisions").get_json()["items"]] == ["days"]
    assert len(handler.get("/decisions/days").get_json()["table"]["rules"]) == 2
    answer = handler.post("/decisions/days/evaluate", {"variables": {"importance": "general"}}).get_json()
    assert (answer["rows"], answer["rules"]) == ([{"days": 10}], [2])
    assert_problem(handler.post("/decisions/days/evaluate", {"variables": {"importance": "other"}}), 422)
    assert_problem(handler.post("/decisions/days/evaluate", {"variables": {}}), 422)
    assert_problem(handler.get("/decisions/none"), 404)
    assert_problem(handler.get("/decisions/days?version=2"), 404)
