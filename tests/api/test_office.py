"""Substitutes, circulations, instructions, handing out and handing over through the interface."""

from __future__ import annotations

from tests.api.callers import ApiHouse, assert_problem
from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import user_task
from workflow_service.services import people
from workflow_service.services.people import PersonFacts


def grant(api: ApiHouse, **more: object) -> dict[str, object]:
    who = api.house.structure.people
    return {"substitute_id": who["jb.admin"], "since": "2025-11-24", "until": "2025-12-01"} | more


def test_a_substitute_works_through_the_interface_and_the_list_says_for_whom(api: ApiHouse) -> None:
    api.house.deploy_chain(user_task("a"), user_task("b"))
    api.house.start()
    handler, admin = api.caller("jb.handler"), api.caller("jb.admin")
    made = handler.post("/substitutions", grant(api))
    assert made.status_code == 201 and made.get_json()["state"] == "running"
    (line,) = admin.get("/tasks").get_json()["items"]
    assert line["for_whom"] == "区能源局·经办" and admin.get("/tasks?holder=own").get_json()["items"] == []
    done = admin.post(f"/tasks/{line['id']}/complete", {"values": {"outcome": "agree"}}).get_json()
    people_ids = api.house.structure.people
    assert (done["completed_by"], done["acted_for"]) == (people_ids["jb.admin"], people_ids["jb.handler"])
    assert_problem(handler.post("/substitutions", grant(api)), 409)
    assert_problem(admin.post("/substitutions", {**grant(api), "substitute_id": people_ids["jb.handler"]}), 409)
    assert_problem(api.caller("hs.handler").get(f"/substitutions?user_id={people_ids['jb.handler']}"), 403)
    (shown,) = admin.get("/substitutions").get_json()["items"]
    assert handler.delete(f"/substitutions/{shown['id']}").get_json() == {"done": True}
    assert admin.get("/tasks").get_json()["items"] == []
    assert_problem(handler.delete(f"/substitutions/{shown['id']}"), 409)


def test_an_absence_is_entered_listed_and_ended_through_the_interface(api: ApiHouse) -> None:
    handler, admin, who = api.caller("jb.handler"), api.caller("jb.admin"), api.house.structure.people
    given = {"kind": "leave", "since": "2025-11-24", "last": "2025-11-28", "remark": "年休假"}
    made = handler.post("/absences", given)
    assert made.status_code == 201
    shown = made.get_json()
    assert (shown["user_id"], shown["last"], shown["planned_last"], shown["state"]) == (
        who["jb.handler"], "2025-11-28", "2025-11-28", "running",
    )  # fmt: skip
    assert_problem(handler.post("/absences", given | {"since": "2025-11-28", "last": "2025-12-05"}), 409)
    for wrong, pointer in ((given | {"last": "2025-11-01", "since": "2025-11-01"}, "/last"), (given | {"kind": "x"}, "#/kind")):
        told = assert_problem(handler.post("/absences", wrong), 422)
        assert [one["pointer"] for one in told["errors"]] == [pointer]
    theirs = f"/absences?user_id={who['jb.handler']}"
    assert [one["id"] for one in admin.get(theirs).get_json()["items"]] == [shown["id"]]
    assert_problem(api.caller("jb.supervisor").get(theirs), 403)
    assert_problem(api.caller("jb.supervisor").delete(f"/absences/{shown['id']}"), 403)
    assert admin.delete(f"/absences/{shown['id']}").get_json() == {"done": True}
    assert_problem(handler.delete(f"/absences/{shown['id']}"), 409)
    (kept,) = handler.get("/absences").get_json()["items"]
    assert kept["state"] == "over" and kept["planned_last"] == "2025-11-28" and kept["ended_at"]
    later = admin.post("/absences", given | {"user_id": who["jb.handler"], "since": "2025-12-08", "last": "2025-12-08"})
    assert later.get_json()["state"] == "to_come"


def test_a_run_is_sent_round_read_and_reminded(api: ApiHouse) -> None:
    api.house.deploy_chain(user_task("a", group="jb.drc:supervisor"))
    run = api.house.start()
    supervisor, handler = api.caller("jb.supervisor"), api.caller("jb.handler")
    body = {"process_instance_id": run, "kind": "act", "holders": ["g:jb.energy:handler"], "note": "请办"}
    sent = supervisor.post("/circulations", body).get_json()
    page = handler.get("/circulations?unread=true").get_json()
    assert (page["total"], page["items"][0]["id"], page["items"][0]["read_at"]) == (1, sent["id"], None)
    assert_problem(handler.post(f"/circulations/{sent['id']}/read", {}), 422)
    assert supervisor.post(f"/circulations/{sent['id']}/remind", {}).get_json()["people"] >= 1
    read = handler.post(f"/circulations/{sent['id']}/read", {"remark": "已办"}).get_json()
    assert (read["readers"][0]["read_by"], read["readers"][0]["remark"]) == ("区能源局·经办", "已办")
    assert handler.get("/circulations").get_json()["total"] == 0
    assert_problem(api.caller("hs.handler").get(f"/circulations/{sent['id']}"), 403)
    assert_problem(supervisor.post("/circulations", {"holders": ["g:jb.energy:handler"]}), 422)


def test_a_leader_instructs_and_sees_how_far_it_is(api: ApiHouse) -> None:
    with api.house.database.transaction() as session:
        facts = PersonFacts(username="jb.leader", name="区领导")
        people.add_person(session, SYSTEM, facts, [("jb.drc", "leader")], now=NOW, password=PASSWORD)
    api.house.deploy_chain(user_task("a", group="jb.drc:supervisor"))
    run = api.house.start()
    leader, handler = api.caller("jb.leader"), api.caller("jb.handler")
    order = {"holder": "g:jb.energy:handler", "due_at": "2025-11-28T17:30:00+08:00"}
    given = leader.post(f"/process-instances/{run}/instructions", {"words": "请核实", "orders": [order]})
    assert given.status_code == 201 and given.get_json()["done"] is False
    task_id = given.get_json()["orders"][0]["task_id"]
    handler.post(f"/tasks/{task_id}/complete", {"values": {"outcome": "done", "opinion": "已核实"}})
    (shown,) = leader.get(f"/process-instances/{run}/instructions").get_json()["items"]
    assert shown["done"] and shown["orders"][0]["opinion"] == "已核实" and shown["leader"] == "区领导"
    assert_problem(handler.post(f"/process-instances/{run}/instructions", {"words": "请核实"}), 403)


def test_a_task_is_handed_out_and_a_persons_work_handed_over(api: ApiHouse) -> None:
    who = api.house.structure.people
    api.house.deploy_chain(user_task("a", group="jb.drc:supervisor"))
    api.house.start()
    (task,) = api.house.open()
    body = {"lead": f"u:{who['jb.admin']}", "co_handlers": [{"holder": "g:jb.energy:handler"}], "proposal": "拟请牵头"}
    out = api.caller("jb.supervisor").post(f"/tasks/{task.id}/hand-out", body)
    assert out.status_code == 200 and out.get_json()["assignee_id"] == who["jb.admin"] and len(api.house.open()) == 2
    wanted = {"to_id": who["jb.supervisor"], "with_posts": False}
    above = api.caller("zj.admin")
    preview = above.post(f"/users/{who['jb.admin']}/hand-over", wanted | {"check": True}).get_json()
    assert (preview["written"], [one["kind"] for one in preview["items"]]) == (False, ["task"])
    report = above.post(f"/users/{who['jb.admin']}/hand-over", wanted).get_json()
    assert (report["written"], report["refused"], report["items"][0]["done"]) == (True, 0, "已移交")
    assert api.house.holders(task.id) == {f"u:{who['jb.supervisor']}": None}
    assert_problem(api.caller("jb.supervisor").post(f"/users/{who['jb.admin']}/hand-over", wanted), 403)
