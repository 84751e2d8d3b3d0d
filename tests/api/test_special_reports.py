"""Special reports over HTTP: drafted, released by tasks, instructed on, never changed once sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.callers import ApiHouse, assert_problem
from tests.people import SYSTEM
from tests.services.test_rhythms import delivered
from tests.services.test_special_reports import FILES
from tests.services.test_weekly_special_reports import prepare, report
from tests.web.test_pages import plan_of
from workflow_service.services import deployments, people
from workflow_service.services.people import PersonFacts

URL = "/special-reports"


@pytest.fixture
def reporting(api: ApiHouse) -> ApiHouse:
    """The interface with the delivered process and two leaders who have tokens."""
    house = api.house
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "acting", delivered(*FILES), now=house.now)
        for username, post in (("jb.leader", ("jb.drc", "leader")), ("nb.leader", ("nb.drc", "leader"))):
            user = people.add_person(session, SYSTEM, PersonFacts(username=username, name=username), [post], now=house.now).user
            house.structure.people[username] = user.id
    return api


def body(reporting: ApiHouse, **more: Any) -> dict[str, Any]:
    leaders = [reporting.house.structure.people[one] for one in ("jb.leader", "nb.leader")]
    plan = plan_of(reporting.house, "能源规划")
    return {"plan_id": plan, "title": "能源规划专报", "text": "已逾期。", "recipients": leaders} | more


def finish(reporting: ApiHouse, username: str, element: str, outcome: str) -> None:
    task = next(one for one in reporting.house.open() if one.element_id == element)
    done = reporting.caller(username).post(f"/tasks/{task.id}/complete", {"values": {"outcome": outcome}})
    assert done.status_code == 200, done.text


def test_a_report_is_drafted_changed_sent_and_instructed_on(reporting: ApiHouse) -> None:
    supervisor, leader = reporting.caller("jb.supervisor"), reporting.caller("jb.leader")
    given = body(reporting)
    made = supervisor.post(URL, given)
    assert made.status_code == 201, made.text
    report = made.get_json()
    assert (report["status"], report["number"], report["read"]) == ("draft", None, 0)
    assert report["origin_process_instance_id"] is None
    changed = {name: given[name] for name in ("text", "recipients")} | {"title": "改过的专报"}
    assert supervisor.put(f"{URL}/{report['id']}", changed).get_json()["title"] == "改过的专报"
    finish(reporting, "jb.supervisor", "draft", "submit")
    finish(reporting, "jb.leader", "release", "release")
    assert_problem(supervisor.put(f"{URL}/{report['id']}", changed), 409)
    orders = [{"holder": "g:jb.energy:handler", "due_at": "2025-12-05T17:30:00+08:00"}]
    told = leader.post(f"{URL}/{report['id']}/instructions", {"words": "请抓紧。", "orders": orders})
    assert told.status_code == 201, told.text
    seen = supervisor.get(f"{URL}/{report['id']}").get_json()
    assert [one["state"] for one in seen["readings"]] == ["instructed", "unread"] and seen["read"] == 1
    (instruction,) = seen["instructions"]
    assert (instruction["words"], instruction["orders"][0]["status"]) == ("请抓紧。", "open")
    assert (seen["status"], seen["number"][-7:]) == ("sent", "2025〕1号")
    page = supervisor.get(f"{URL}?state=unread&q=改过&plan_id={given['plan_id']}").get_json()
    assert (page["total"], page["items"][0]["id"]) == (1, report["id"])
    assert supervisor.get(f"{URL}?state=draft").get_json()["items"] == []
    assert leader.get(f"{URL}/{report['id']}/document").data.startswith(b"PK")


def test_the_interface_refuses_what_the_pages_refuse(reporting: ApiHouse) -> None:
    supervisor, given = reporting.caller("jb.supervisor"), body(reporting)
    assert_problem(reporting.caller("jb.handler").post(URL, given), 403, "forbidden")
    assert_problem(supervisor.post(URL, given | {"recipients": [reporting.house.structure.people["jb.handler"]]}), 422)
    assert_problem(supervisor.post(URL, given | {"recipients": []}), 422)
    assert_problem(supervisor.post(URL, given | {"title": " "}), 422)
    assert_problem(supervisor.post(URL, given | {"plan_id": 99}), 404)
    report = supervisor.post(URL, given).get_json()["id"]
    assert_problem(supervisor.post(f"{URL}/{report}/instructions", {"words": "请办"}), 409)
    assert_problem(reporting.caller("hs.handler").get(f"{URL}/{report}"), 403)
    assert reporting.caller("hs.handler").get(URL).get_json()["items"] == []
    assert_problem(supervisor.get(f"{URL}/99"), 404)


def test_a_report_that_a_weekly_report_asked_for_names_its_run(api: ApiHouse) -> None:
    prepare(api.house)
    first, *_others = report(api.house, "缺少测绘数据")
    (task,) = api.house.open()
    planner = api.caller("jb.planner")
    answer = {"outcome": "draft", "plans": [{"plan": first, "report": True}]}
    assert planner.post(f"/tasks/{task.id}/complete", {"values": answer}).status_code == 200
    (line,) = planner.get(URL).get_json()["items"]
    assert (line["origin_process_instance_id"], line["plan_id"], line["status"]) == (task.instance_id, first, "draft")
