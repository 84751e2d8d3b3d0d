"""Catalogue changes over HTTP."""

import pytest

from tests.api.callers import ApiHouse, assert_problem
from tests.services.changing import Changing

PARTS = [{"title": one, "lead_unit": "jb.energy", "due_on": "2026-03-31"} for one in ("电网规划", "油气规划")]


@pytest.fixture
def county(api: ApiHouse) -> Changing:
    return Changing.build(api.house)


def test_a_split_is_proposed_amended_approved_and_told(api: ApiHouse, county: Changing) -> None:
    plan, handler = county.plan_ids["能源规划"], api.caller("jb.handler")
    run = county.run("能源规划")
    asked = {"kind": "split", "plan_ids": [plan], "reason": "事权调整", "successors": PARTS}
    made = handler.post("/catalogue-changes", asked)
    assert made.status_code == 201, made.text
    told = made.get_json()
    assert (told["state"], told["summary"]) == ("open", "《能源规划》拆分为《电网规划》《油气规划》")
    assert told["ends_process_instance_ids"] == [run]
    assert_problem(handler.post("/catalogue-changes", asked), 409)
    place = f"/catalogue-changes/{told['id']}"
    assert_problem(handler.post(f"{place}/amendment", asked), 409)
    county.house.complete("review", {"outcome": "return", "opinion": "改名"}, "jb.head")
    better = asked | {"successors": [PARTS[0] | {"title": "电力网规划"}, PARTS[1]], "note": "已改"}
    assert_problem(api.caller("jb.supervisor").post(f"{place}/amendment", better), 403)
    assert handler.post(f"{place}/amendment", better).get_json()["successors"][0]["title"] == "电力网规划"
    county.agree()
    county.approve()
    seen = handler.get(place).get_json()
    assert (seen["state"], seen["decided_on"], len(seen["made_plan_ids"])) == ("approved", "2025-11-24", 2)
    successor = handler.get(f"/plans/{seen['made_plan_ids'][0]}").get_json()
    assert (successor["title"], successor["split_from_id"], successor["status"]) == ("电力网规划", plan, "active")
    assert handler.get(f"/plans/{plan}").get_json()["status"] == "split"
    for query, total in (("state=approved&q=能源", 1), ("state=open", 0), (f"plan_id={successor['id']}", 1), ("kind=merge", 0)):
        assert handler.get(f"/catalogue-changes?{query}").get_json()["total"] == total, query
    assert api.caller("hs.handler").get("/catalogue-changes").get_json()["items"] == []


def test_the_interface_refuses_what_the_rules_refuse(api: ApiHouse, county: Changing) -> None:
    plan, handler = county.plan_ids["能源规划"], api.caller("jb.handler")
    asked = {"kind": "split", "plan_ids": [plan], "reason": "事权调整", "successors": PARTS[:1]}
    assert "至少要有两项" in assert_problem(handler.post("/catalogue-changes", asked), 422, "change_refused")["detail"]
    assert_problem(api.caller("hs.handler").post("/catalogue-changes", asked), 403)
    assert_problem(handler.post("/catalogue-changes", asked | {"plan_ids": [99999]}), 404)
    assert_problem(handler.get("/catalogue-changes/99"), 404)
