"""The operations over HTTP: what each does, how it refuses, and that a repeated request does nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.callers import ApiHouse, assert_problem
from tests.engine.xml_drawing import draw
from tests.people import SYSTEM
from tests.services.house import AGREE, user_task
from workflow_service.services.people import PersonFacts, add_person

KEY = {"Idempotency-Key": "once"}


@pytest.fixture
def begun(api: ApiHouse) -> int:
    """start > a > (b > c | d) > e > end, with a done: b and d are open."""
    nodes = '<startEvent id="start"/><endEvent id="end"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    nodes += "".join(user_task(key) for key in "abcde")
    flows = ("start -> a", "a -> f", "f -> b", "b -> c", "f -> d", "c -> j", "d -> j", "j -> e", "e -> end")
    api.house.deploy(draw(nodes, *flows))
    instance_id = api.house.start()
    api.house.complete("a")
    return instance_id


def holder(api: ApiHouse, username: str) -> str:
    return f"u:{api.caller(username).get('/me').get_json()['id']}"


def test_a_return_is_tried_first_and_then_done_once(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    options = handler.get(f"/tasks/{task_id}/return").get_json()
    assert [one["element_id"] for one in options["targets"]] == ["a"]
    assert options["resubmissions"] == ["again"]
    effect = handler.post(f"/tasks/{task_id}/return/effect", {"to": "a"}).get_json()
    assert [(one["name"], one["holders"]) for one in effect["ends"]] == [("d", ["江北区能源局·经办"])]
    assert effect["begins"] == ["a"]
    assert set(api.open_ids(begun)) == {"b", "d"}

    asked = {"to": "a", "reason": "数据有误", "points": ["补表一", "补图二"]}
    first = handler.post(f"/tasks/{task_id}/return", asked, headers=KEY)
    again = handler.post(f"/tasks/{task_id}/return", asked, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert set(api.open_ids(begun)) == {"a"}
    events = handler.get(f"/tasks/{task_id}/events").get_json()["items"]
    assert [(one["kind"], one["data"]["points"]) for one in events] == [("returned", ["补表一", "补图二"])]


def test_a_return_without_a_reason_or_to_nowhere_is_refused(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    assert_problem(handler.post(f"/tasks/{task_id}/return", {"to": "a", "reason": " "}), 422, "invalid_request")
    refused = handler.post(f"/tasks/{task_id}/return", {"to": "e", "reason": "不行"})
    assert refused.status_code in (409, 422)
    assert set(api.open_ids(begun)) == {"b", "d"}


def test_a_stale_version_is_refused_by_every_command_that_knows_one(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    someone = holder(api, "jb.colleague")
    bodies: dict[str, dict[str, Any]] = {
        "return": {"to": "a", "reason": "x"}, "transfer": {"holder": someone}, "delegate": {"holder": someone},
        "add-signers": {"position": "before", "people": [{"holder": someone}]},
        "consult": {"people": [{"holder": someone}], "note": "x"}, "hand-out": {"co_handlers": [{"holder": someone}]},
    }  # fmt: skip
    for command, body in bodies.items():
        answer = handler.post(f"/tasks/{task_id}/{command}", body, headers={"If-Match": '"77"'})
        assert_problem(answer, 412, "precondition_failed")


def test_the_one_before_takes_back_until_the_next_has_opened(api: ApiHouse, begun: int) -> None:
    handler = api.caller("jb.handler")
    opened, first = api.open_ids(begun)["d"], api.house.complete("b").id
    assert handler.post(f"/tasks/{first}/retrieve").status_code == 200
    second = api.house.complete("b").id
    following = api.open_ids(begun)["c"]
    assert handler.post(f"/tasks/{following}/open").get_json() == {"news": True}
    assert handler.post(f"/tasks/{following}/open").get_json() == {"news": False}
    assert_problem(handler.post(f"/tasks/{second}/retrieve"), 409, "conflict")
    assert opened in api.open_ids(begun).values()


def test_a_transfer_stays_in_the_unit_and_names_whom_one_may_choose(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    found = handler.get(f"/tasks/{task_id}/candidates?q=dejb&within_unit=true").get_json()["items"]
    assert holder(api, "jb.supervisor") not in {one["holder"] for one in found}
    assert_problem(handler.post(f"/tasks/{task_id}/transfer", {"holder": holder(api, "jb.supervisor")}), 422)
    moved = handler.post(f"/tasks/{task_id}/transfer", {"holder": holder(api, "jb.colleague"), "reason": "出差"})
    assert moved.status_code == 200, moved.text
    assert_problem(handler.post(f"/tasks/{task_id}/transfer", {"holder": holder(api, "jb.colleague")}), 403)
    back = api.caller("jb.supervisor").post(
        f"/tasks/{task_id}/reassign", {"holder": holder(api, "jb.handler"), "reason": "人手调整"}
    )
    assert back.get_json()["assignee_id"] == int(holder(api, "jb.handler")[2:])


def test_those_chosen_lately_come_first(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    asked = {"people": [{"holder": holder(api, "jb.supervisor")}], "note": "可行吗"}
    assert handler.post(f"/tasks/{task_id}/consult", asked).status_code == 200
    first = handler.get(f"/tasks/{task_id}/candidates").get_json()["items"][0]
    assert (first["holder"], first["lately"]) == (holder(api, "jb.supervisor"), True)


def test_signers_of_a_countersignature_are_listed_added_and_taken_out(api: ApiHouse) -> None:
    form = b'{"type": "object", "properties": {"outcome": {"type": "string"}}}'
    rule = '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="units" camunda:elementVariable="one"/>'
    ask = f'<userTask id="ask" name="ask" camunda:formKey="free" camunda:candidateGroups="${{one}}:handler">{rule}</userTask>'
    nodes = '<startEvent id="start"/><endEvent id="end"/>' + user_task("a") + ask
    api.house.deploy(draw(nodes, "start -> a", "a -> ask", "ask -> end"), files={"free.json": form})
    begun = api.house.start(variables={"units": ["jb.energy", "nb.drc"]})
    api.house.complete("a")
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["ask"]
    path = f"/tasks/{task_id}/signers"
    found = handler.get(path).get_json()
    assert (found["sign"], found["in_order"], found["changeable"]) == ("all", True, True)
    assert [one["status"] for one in found["signers"]] == ["open", "waiting"]
    added = handler.post(path, {"holder": "g:hs.drc:handler", "reason": "涉及边界"})
    assert added.status_code == 201 and added.get_json()["turn"] == 2, added.text
    assert_problem(handler.post(path, {"holder": "g:hs.drc:handler", "reason": "再加"}), 422)
    assert_problem(handler.post(f"{path}/remove", {"turn": 1, "reason": " "}), 422)
    assert_problem(api.caller("jb.colleague").post(f"{path}/remove", {"turn": 1, "reason": "无关"}), 403)
    assert handler.post(f"{path}/remove", {"turn": 1, "reason": "无关"}).status_code == 200
    assert [one["status"] for one in handler.get(path).get_json()["signers"]] == ["open", "removed", "waiting"]
    assert_problem(handler.get(f"/tasks/{api.house.complete('ask', {'outcome': 'agree'}).id}/signers"), 409)


def test_whose_turn_has_not_come_is_taken_out_of_a_round(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    people = [{"holder": holder(api, one)} for one in ("jb.colleague", "jb.supervisor")]
    handler.post(f"/tasks/{task_id}/add-signers", {"position": "before", "mode": "sequence", "people": people})
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    path = f"/rounds/{found['id']}/remove-signer"
    assert_problem(api.caller("jb.colleague").post(path, {"turn": 1}), 403)
    assert handler.post(path, {"turn": 1}).status_code == 200
    assert_problem(handler.post(path, {"turn": 1}), 409)
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    assert [one["status"] for one in found["members"]] == ["open"]


def test_a_delegate_does_the_task_and_it_comes_back_with_his_result(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    held = handler.post(f"/tasks/{task_id}/delegate", {"holder": holder(api, "jb.colleague"), "note": "请代拟"}).get_json()
    assert held["held"]
    assert_problem(handler.post(f"/tasks/{task_id}/complete", {"values": AGREE}), 409)
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    (member,) = found["members"]
    assert (found["relation"], member["status"]) == ("delegate", "open")
    done = api.caller("jb.colleague").post(f"/tasks/{member['task_id']}/complete", {"values": AGREE})
    assert done.status_code == 200, done.text
    back = handler.get(f"/tasks/{task_id}").get_json()
    assert (back["held"], back["prefill"]) == (False, AGREE)


def test_signers_in_order_are_asked_one_by_one_and_can_be_removed(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    people = [{"holder": holder(api, one)} for one in ("jb.colleague", "jb.supervisor")]
    asked = {"position": "before", "mode": "sequence", "people": people, "note": "请会签"}
    assert handler.post(f"/tasks/{task_id}/add-signers", asked).get_json()["held"]
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    assert [one["status"] for one in found["members"]] == ["open", "waiting"]
    side = found["members"][0]["task_id"]
    assert_problem(api.caller("jb.colleague").post(f"/tasks/{side}/remove-signer"), 403)
    assert handler.post(f"/tasks/{side}/remove-signer").status_code == 200
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    assert [one["status"] for one in found["members"]] == ["cancelled", "open"]


def test_work_is_handed_out_to_a_lead_and_co_handlers_or_not_at_all(api: ApiHouse, begun: int) -> None:
    handler, task_id = api.caller("jb.handler"), api.open_ids(begun)["b"]
    due = "2025-12-03T17:30:00+08:00"
    co = {"co_handlers": [{"holder": holder(api, "jb.supervisor"), "due_at": due}]}
    refused = handler.post(f"/tasks/{task_id}/hand-out", co | {"lead": holder(api, "nb.supervisor")})
    assert_problem(refused, 422)
    assert handler.get(f"/tasks/{task_id}/rounds").get_json()["items"] == []
    done = handler.post(f"/tasks/{task_id}/hand-out", co | {"lead": holder(api, "jb.colleague"), "proposal": "请牵头"})
    assert done.get_json()["assignee_id"] == int(holder(api, "jb.colleague")[2:])
    (found,) = handler.get(f"/tasks/{task_id}/rounds").get_json()["items"]
    assert (found["relation"], found["blocking"], found["members"][0]["due_at"]) == ("co_handle", True, "2025-12-03T09:30:00Z")


def test_the_designer_lets_a_lead_finish_before_his_co_handlers(api: ApiHouse) -> None:
    api.house.deploy_chain(user_task("a", more='approval:coHandlers="override"'), user_task("b"))
    instance_id = api.house.start()
    handler, task_id = api.caller("jb.handler"), api.open_ids(instance_id)["a"]
    handler.post(f"/tasks/{task_id}/hand-out", {"co_handlers": [{"holder": holder(api, "jb.supervisor")}]})
    assert handler.post(f"/tasks/{task_id}/complete", {"values": AGREE}).status_code == 200
    assert set(api.open_ids(instance_id)) == {"b"}


def test_a_batch_gives_a_result_for_each_and_does_nothing_twice(api: ApiHouse, begun: int) -> None:
    handler, ids = api.caller("jb.handler"), api.open_ids(begun)
    taken = api.caller("jb.colleague").post(f"/tasks/{ids['d']}/claim")
    assert taken.status_code == 200
    asked = {"action": "complete", "task_ids": [ids["b"], ids["d"], 999_999], "values": AGREE}
    lines = handler.post("/tasks/batch", asked, headers=KEY).get_json()["items"]
    assert [(one["task_id"], one["done"], one["status"]) for one in lines] == [
        (ids["b"], True, 200), (ids["d"], False, 409), (999_999, False, 404),
    ]  # fmt: skip
    assert set(api.open_ids(begun)) == {"c", "d"}


def test_a_batch_that_was_cut_off_is_taken_up_where_it_stopped(api: ApiHouse, begun: int) -> None:
    from workflow_service.services.batches import BatchAction, BatchAsked, run_batch

    house, ids = api.house, api.open_ids(begun)
    asked = BatchAsked(BatchAction.COMPLETE, [ids["b"]], AGREE)
    opening, actor = house.database.transaction, house.actor("jb.handler")
    assert run_batch(opening, actor, asked, now=house.now, key="cut")[0].refusal is None
    both = BatchAsked(BatchAction.COMPLETE, [ids["b"], ids["d"]], AGREE)
    assert [one.refusal for one in run_batch(opening, actor, both, now=house.now, key="cut")] == [None, None]
    assert run_batch(opening, actor, both, now=house.now)[0].refusal is not None
    assert set(api.open_ids(begun)) == {"c"}


def test_who_started_withdraws_until_somebody_has_agreed(api: ApiHouse) -> None:
    with api.house.database.transaction() as session:
        add_person(
            session, SYSTEM, PersonFacts(username="jb.starter", name="发起人"), [("jb.drc", "designer")], now=api.house.now,
            password_hash="-", constructed=True,
        )  # fmt: skip
    api.deploy_five_tasks()
    starter = api.caller("jb.starter")
    ids = [starter.post("/process-instances", {"process_key": "p"}).get_json()["id"] for _number in range(2)]
    assert_problem(api.caller("jb.supervisor").post(f"/process-instances/{ids[0]}/withdraw", {"reason": "x"}), 403)
    gone = starter.post(f"/process-instances/{ids[0]}/withdraw", {"reason": "填错了"})
    assert gone.get_json()["status"] == "terminated", gone.text
    task_id = next(iter(api.open_ids(ids[1]).values()))
    assert api.caller("jb.handler").post(f"/tasks/{task_id}/complete", {"values": AGREE}).status_code == 200
    assert_problem(starter.post(f"/process-instances/{ids[1]}/withdraw", {"reason": "填错了"}), 409)


def test_a_supervisor_adjusts_a_step_after_he_has_seen_the_effect(api: ApiHouse, begun: int) -> None:
    supervisor, path = api.caller("jb.supervisor"), f"/process-instances/{begun}"
    starts = {one["element_id"]: one for one in supervisor.get(f"{path}/jump").get_json()["items"]}
    assert set(starts) == {"b", "d"}
    assert {one["element_id"] for one in starts["b"]["targets"]} == {"a", "c", "d", "e"}
    move = {"token": starts["b"]["token"], "to": "e"}
    effect = supervisor.post(f"{path}/jump/effect", move).get_json()
    assert {one["name"] for one in effect["ends"]} == {"b", "d"}
    assert set(api.open_ids(begun)) == {"b", "d"}
    assert_problem(api.caller("jb.handler").post(f"{path}/jump", move | {"reason": "急"}), 403)
    assert supervisor.post(f"{path}/jump", move | {"reason": "上级要求"}).status_code == 200
    assert set(api.open_ids(begun)) == {"e"}
    kinds = [one["kind"] for one in supervisor.get(f"{path}/events").get_json()["items"]]
    assert kinds[-1] == "jumped"


def test_every_command_to_a_run_tells_its_effect_first(api: ApiHouse, begun: int) -> None:
    supervisor, path = api.caller("jb.supervisor"), f"/process-instances/{begun}"
    assert {one["name"] for one in supervisor.post(f"{path}/terminate/effect").get_json()["ends"]} == {"b", "d"}
    assert {one["name"] for one in supervisor.post(f"{path}/suspend/effect").get_json()["stands"]} == {"b", "d"}
    assert_problem(supervisor.post(f"{path}/resume/effect"), 409)
    assert_problem(supervisor.post(f"{path}/withdraw/effect"), 403)
    assert_problem(api.caller("jb.handler").post(f"{path}/terminate/effect"), 403)
    assert supervisor.post(f"{path}/terminate", {"reason": "暂不办"}).status_code == 200
    back = supervisor.post(f"{path}/reopen/effect", {}).get_json()["comes_back"]
    assert {one["name"] for one in back} == {"b", "d"}
    assert set(api.open_ids(begun)) == set()


def test_a_retrieval_tells_its_effect_first(api: ApiHouse, begun: int) -> None:
    task_id = api.open_ids(begun)["b"]
    handler = api.caller("jb.handler")
    assert_problem(handler.post(f"/tasks/{task_id}/retrieve/effect"), 409)
    api.house.complete("b")
    found = handler.post(f"/tasks/{task_id}/retrieve/effect").get_json()
    assert [one["name"] for one in found["ends"]] == ["c"] and found["begins"] == ["b"]


def test_a_finished_instance_is_taken_up_again_at_a_step(api: ApiHouse, begun: int) -> None:
    for element in "bcde":
        api.house.complete(element)
    supervisor, path = api.caller("jb.supervisor"), f"/process-instances/{begun}"
    targets = [one["element_id"] for one in supervisor.get(f"{path}/reopen").get_json()["targets"]]
    assert targets[0] == "e"
    assert_problem(api.caller("jb.handler").post(f"{path}/reopen", {"to": "e", "reason": "x"}), 403)
    assert supervisor.post(f"{path}/reopen", {"to": "e", "reason": "印发有误"}).get_json()["status"] == "active"
    assert set(api.open_ids(begun)) == {"e"}


@pytest.mark.parametrize("command", ["suspend", "terminate"])
def test_nothing_is_stopped_without_a_reason(api: ApiHouse, begun: int, command: str) -> None:
    answer = api.caller("jb.supervisor").post(f"/process-instances/{begun}/{command}", {"reason": "  "})
    assert_problem(answer, 422)
    assert api.house.instance(begun).status == "active"
