"""Tasks over HTTP: found in the inbox, looked at, taken, finished; and who may not."""

import pytest

from tests.api.callers import ApiHouse, assert_problem
from tests.services.house import AGREE, user_task

INBOX = "/tasks"
NARROWED = {
    "process=p": 1,
    "process=other": 0,
    "holder=own": 0,
    "holder=groups": 1,
    "overdue=true": 0,
    "kind=check": 0,
    "q=没有": 0,
}


@pytest.fixture
def started(api: ApiHouse) -> int:
    api.deploy_five_tasks()
    return api.house.start()


def only_task(api: ApiHouse, instance_id: int) -> int:
    (task_id,) = api.open_ids(instance_id).values()
    return task_id


def test_a_handler_finds_the_tasks_of_his_post(api: ApiHouse, started: int) -> None:
    inbox = api.caller("jb.handler").get(INBOX).get_json()
    assert [(line["element_id"], line["process_instance_id"]) for line in inbox["items"]] == [("a", started)]
    assert (inbox["total"], inbox["more"], inbox["next_cursor"]) == (1, False, None)


def test_nobody_else_has_them_in_his_inbox(api: ApiHouse, started: int) -> None:
    for username in ("jb.supervisor", "hs.handler", "zj.admin"):
        assert api.caller(username).get(INBOX).get_json()["items"] == []


def test_the_inbox_is_read_page_by_page(api: ApiHouse) -> None:
    api.deploy_five_tasks()
    for number in range(5):
        api.house.start(business_key=str(number))
    handler, seen, cursor = api.caller("jb.handler"), [], ""
    for _page in range(3):
        page = handler.get(f"{INBOX}?limit=2{cursor}").get_json()
        seen += [line["id"] for line in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 5
    assert page["next_cursor"] is None


def test_the_inbox_can_be_narrowed(api: ApiHouse, started: int) -> None:
    handler = api.caller("jb.handler")
    found = {query: len(handler.get(f"{INBOX}?{query}").get_json()["items"]) for query in NARROWED}
    assert found == NARROWED


def test_a_task_comes_with_its_form_and_its_version(api: ApiHouse, started: int) -> None:
    answer = api.caller("jb.handler").get(f"/tasks/{only_task(api, started)}")
    assert answer.headers["ETag"] == '"0"'
    assert answer.get_json()["form"]["required"] == ["outcome"]


def test_five_tasks_are_finished_one_after_the_other(api: ApiHouse, started: int) -> None:
    handler = api.caller("jb.handler")
    for element in "abcde":
        answer = handler.post(f"/tasks/{api.open_ids(started)[element]}/complete", {"values": AGREE})
        assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.get_json()["process_instance_status"] == "completed"
    assert answer.get_json()["process_instance_outcome"] == "end"


def test_a_task_taken_by_a_colleague_says_who_and_when(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    assert api.caller("jb.colleague").post(f"/tasks/{task_id}/claim").get_json()["assignee_id"]
    answer = api.caller("jb.handler").post(f"/tasks/{task_id}/complete", {"values": AGREE})
    problem = assert_problem(answer, 409, "conflict")
    assert (problem["by"], problem["at"]) == ("区能源局·第二经办", "2025-11-24 09:00")


def test_a_taken_task_can_be_put_back_by_who_took_it(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    colleague = api.caller("jb.colleague")
    colleague.post(f"/tasks/{task_id}/claim")
    assert_problem(api.caller("jb.handler").post(f"/tasks/{task_id}/unclaim"), 409)
    assert colleague.post(f"/tasks/{task_id}/unclaim").get_json()["assignee_id"] is None


def test_values_that_do_not_fit_the_form_are_named_by_field(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    answer = api.caller("jb.handler").post(
        f"/tasks/{task_id}/complete", {"values": {"opinion": "好" * 201, "else": 1}}
    )
    problem = assert_problem(answer, 422, "form_invalid")
    assert {place["pointer"] for place in problem["errors"]} >= {"#/values/outcome", "#/values/opinion"}
    assert api.open_ids(started) == {"a": task_id}


def test_who_is_not_asked_may_not_finish_or_take_a_task(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    for username in ("jb.supervisor", "hs.handler"):
        caller = api.caller(username)
        assert_problem(caller.post(f"/tasks/{task_id}/complete", {"values": AGREE}), 403, "forbidden")
        assert_problem(caller.post(f"/tasks/{task_id}/claim"), 403, "forbidden")
        assert_problem(caller.put(f"/tasks/{task_id}/draft", {"values": {}}), 403, "forbidden")


def test_another_county_does_not_see_a_task_and_the_province_does(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    for path in ("", "/comments", "/attachments"):
        assert_problem(api.caller("hs.handler").get(f"/tasks/{task_id}{path}"), 403, "forbidden")
        assert api.caller("zj.admin").get(f"/tasks/{task_id}{path}").status_code == 200


def test_a_draft_is_kept_for_its_writer_alone(api: ApiHouse, started: int) -> None:
    task_id, handler, colleague = only_task(api, started), api.caller("jb.handler"), api.caller("jb.colleague")
    assert handler.put(f"/tasks/{task_id}/draft", {"values": {"opinion": "先放着"}}).status_code == 200
    assert handler.get(f"/tasks/{task_id}/draft").get_json()["values"] == {"opinion": "先放着"}
    assert_problem(colleague.get(f"/tasks/{task_id}/draft"), 404)
    assert handler.delete(f"/tasks/{task_id}/draft").get_json() == {"done": True}
    assert_problem(handler.get(f"/tasks/{task_id}/draft"), 404)


def test_a_wrong_if_match_changes_nothing(api: ApiHouse, started: int) -> None:
    task_id, handler = only_task(api, started), api.caller("jb.handler")
    answer = handler.post(f"/tasks/{task_id}/complete", {"values": AGREE}, headers={"If-Match": '"7"'})
    assert assert_problem(answer, 412, "precondition_failed")["present"] == 0
    assert_problem(handler.post(f"/tasks/{task_id}/claim", headers={"If-Match": 'W/"0"'}), 412)
    assert handler.post(f"/tasks/{task_id}/claim", headers={"If-Match": '"0"'}).headers["ETag"] == '"1"'


def test_a_supervisor_sets_a_due_moment_by_hand(api: ApiHouse, started: int) -> None:
    task_id, supervisor = only_task(api, started), api.caller("jb.supervisor")
    body = {"due_at": "2025-12-01T17:30:00+08:00", "reason": "会议改期"}
    assert supervisor.put(f"/tasks/{task_id}/due", body).get_json()["due_at"] == "2025-12-01T09:30:00Z"
    assert_problem(
        supervisor.put(f"/tasks/{task_id}/due", body | {"due_at": "2025-11-01T00:00:00+08:00"}), 422
    )
    assert_problem(api.caller("jb.handler").put(f"/tasks/{task_id}/due", body), 403)


@pytest.mark.parametrize(
    "moment", ["2025-12-01T17:30:00", "2025-02-30T09:00:00+08:00", "morgen", "0001-01-01T00:00:00Z", 7]
)
def test_naive_and_impossible_moments_are_refused_by_name(
    api: ApiHouse, started: int, moment: object
) -> None:
    body = {"due_at": moment, "reason": "会议改期"}
    problem = assert_problem(api.caller("jb.supervisor").put(f"/tasks/{only_task(api, started)}/due", body), 422)
    assert problem["errors"][0]["pointer"] == "#/due_at"


def test_a_task_that_does_not_exist_is_not_found(api: ApiHouse) -> None:
    handler = api.caller("jb.handler")
    for path in ("/tasks/1", "/tasks/0", "/tasks/99999999999999999999", "/tasks/x", "/nothing"):
        assert_problem(handler.get(path), 404, "not_found")


def test_remarks_are_read_in_the_order_written(api: ApiHouse, started: int) -> None:
    task_id = only_task(api, started)
    assert api.caller("jb.handler").post(f"/tasks/{task_id}/comments", {"body": "请补充附图。"}).status_code == 201
    assert api.caller("jb.admin").post(f"/tasks/{task_id}/comments", {"body": "已补。"}).status_code == 201
    found = api.caller("jb.handler").get(f"/process-instances/{started}/comments").get_json()["items"]
    assert [(one["user_name"], one["body"]) for one in found] == [
        ("区能源局·经办", "请补充附图。"),
        ("区发展改革局·管理员", "已补。"),
    ]
    assert_problem(api.caller("hs.admin").post(f"/tasks/{task_id}/comments", {"body": "？"}), 403)


def test_a_task_of_nobody_becomes_an_incident_and_can_be_tried_again(api: ApiHouse) -> None:
    api.house.deploy_chain(user_task("lost", "${unit}:handler"))
    api.house.start(variables={"unit": "no.such"})
    designer = api.caller("jb.designer")
    (incident,) = designer.get("/incidents").get_json()["items"]
    assert incident["element_id"] == "lost"
    assert designer.post(f"/incidents/{incident['id']}/retry").get_json() == {"done": True}
    assert_problem(designer.post(f"/incidents/{incident['id']}/retry"), 404)
    assert_problem(api.caller("jb.handler").get("/incidents"), 403)
    assert api.caller("jb.designer").get("/incidents").get_json()["items"][0]["id"] != incident["id"]
