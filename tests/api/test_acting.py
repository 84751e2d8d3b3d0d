"""What supervisors do beside the flow, over HTTP."""

import pytest

from tests.api.callers import ApiHouse, assert_problem
from tests.people import SYSTEM
from tests.services.house import user_task
from tests.services.test_listing import FILES as LISTING_FILES
from tests.services.test_rhythms import delivered
from tests.services.test_slips import FILES as SLIP_FILES
from workflow_service.services import deployments

MATTER = {"title": "久拖不决", "reason": "逾期一个月。", "holder": "g:jb.energy:handler", "due_on": "2025-12-05"}


@pytest.fixture
def acting(api: ApiHouse) -> ApiHouse:
    """The interface with the delivered processes."""
    with api.house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*LISTING_FILES, *SLIP_FILES), now=api.house.now)
    return api


def test_a_matter_is_listed_and_its_course_told(acting: ApiHouse) -> None:
    supervisor, handler = acting.caller("jb.supervisor"), acting.caller("jb.handler")
    made = supervisor.post("/listed-matters", MATTER | {"responsible_id": acting.house.structure.people["jb.handler"]})
    assert made.status_code == 201, made.text
    told = made.get_json()
    assert (told["number"], told["state"], told["unit"], told["responsible"]) == (1, "open", "jb.energy", "区能源局·经办")
    (task,) = acting.house.open()
    handler.post(f"/tasks/{task.id}/complete", {"values": {"outcome": "progress", "progress": "初稿已成"}})
    seen = handler.get(f"/listed-matters/{told['id']}").get_json()
    assert [(one["kind"], one["text"]) for one in seen["notes"]] == [("listed", "逾期一个月。"), ("progress", "初稿已成")]
    page = handler.get("/listed-matters?state=open&q=久拖").get_json()
    assert (page["total"], page["items"][0]["id"]) == (1, told["id"])
    assert handler.get("/listed-matters?state=struck_off").get_json()["items"] == []
    assert acting.caller("hs.handler").get("/listed-matters").get_json()["items"] == []


def test_the_interface_refuses_what_the_pages_refuse(acting: ApiHouse) -> None:
    supervisor = acting.caller("jb.supervisor")
    assert_problem(acting.caller("jb.handler").post("/listed-matters", MATTER), 403, "forbidden")
    assert_problem(supervisor.post("/listed-matters", MATTER | {"holder": "u:1"}), 422)
    assert_problem(supervisor.post("/listed-matters", MATTER | {"due_on": "2025-11-24"}), 422)
    assert_problem(supervisor.get("/listed-matters/99"), 404)


def test_a_later_date_is_asked_for_and_refused_and_a_batch_escalates(acting: ApiHouse) -> None:
    acting.house.deploy_chain(user_task("fill", more='approval:deadline="5 working days"'))
    acting.house.start()
    (task,) = acting.house.open()
    supervisor, handler = acting.caller("jb.supervisor"), acting.caller("jb.handler")
    wanted = {"wanted": "2025-12-19T17:30:00+08:00", "reason": "等数据"}
    made = handler.post(f"/tasks/{task.id}/extensions", wanted)
    assert (made.status_code, made.get_json()["status"]) == (201, "open")
    assert_problem(supervisor.post(f"/tasks/{task.id}/extensions", wanted), 403)
    decision = f"/extensions/{made.get_json()['id']}/decision"
    assert_problem(handler.post(decision, {"outcome": "grant"}), 403)
    assert_problem(supervisor.post(decision, {"outcome": "refuse"}), 422)
    assert supervisor.post(decision, {"outcome": "refuse", "answer": "不宜再拖"}).get_json()["status"] == "refused"
    assert [one["status"] for one in handler.get("/extensions").get_json()["items"]] == ["refused"]
    batch = {"action": "extend", "task_ids": [task.id], "note": "统一延期", "due_at": "2025-12-26T17:30:00+08:00"}
    assert [one["done"] for one in supervisor.post("/tasks/batch", batch).get_json()["items"]] == [True]
    later = batch | {"due_at": "2026-01-09T17:30:00+08:00"}
    assert [one["status"] for one in handler.post("/tasks/batch", later).get_json()["items"]] == [403]


SLIP = {"unit": "jb.energy", "matter": "加快编制", "facts": "已逾期。", "asked": "请抓紧。", "until": "2025-12-05"}


def test_a_slip_is_issued_and_its_answer_told(acting: ApiHouse) -> None:
    supervisor, handler = acting.caller("jb.supervisor"), acting.caller("jb.handler")
    made = supervisor.post("/notice-slips", SLIP)
    assert made.status_code == 201, made.text
    slip = made.get_json()
    assert slip["signed_at"] is None and slip["number"].endswith("〔2025〕1号")
    (task,) = acting.house.open()
    handler.post(f"/circulations/{slip['circulation_id']}/read", {})
    handler.post(f"/tasks/{task.id}/complete", {"values": {"outcome": "submit", "answer": "已办"}})
    seen = supervisor.get(f"/notice-slips/{slip['id']}").get_json()
    assert (seen["answer"], seen["signed_by"]) == ("已办", "区能源局·经办")
    assert supervisor.get("/notice-slips?state=answered").get_json()["total"] == 1
    assert handler.get(f"/notice-slips/{slip['id']}/document").data.startswith(b"PK")
    assert_problem(acting.caller("hs.handler").get(f"/notice-slips/{slip['id']}"), 403)
    assert_problem(handler.post("/notice-slips", SLIP), 403)
