"""Idempotency-Key: a repeated request does nothing twice and gets the first answer."""

import threading
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import func, select, text

from tests.api.callers import ApiHouse, Caller, assert_problem
from tests.services.house import AGREE
from workflow_service.store import idempotency
from workflow_service.store.records import IdempotencyKey
from workflow_service.store.runtime import Comment

KEY = {"Idempotency-Key": "3f1c-once"}


@pytest.fixture
def task_id(api: ApiHouse) -> int:
    api.deploy_five_tasks()
    return api.open_ids(api.house.start())["a"]


def comments(api: ApiHouse) -> int:
    with api.house.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Comment)) or 0


def test_a_repeated_request_gets_the_same_answer_and_does_nothing_twice(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    first = handler.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY)
    second = handler.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY)
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert comments(api) == 1


def test_a_finished_task_answers_its_repeated_completion_with_success(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    answers = [handler.post(f"/tasks/{task_id}/complete", {"values": AGREE}, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"] == '"1"'


def test_the_same_key_with_another_content_is_refused(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    handler.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY)
    answer = handler.post(f"/tasks/{task_id}/comments", {"body": "两次"}, headers=KEY)
    assert_problem(answer, 422, "idempotency_key_reused")
    assert comments(api) == 1


def test_keys_belong_to_a_person_and_a_route(api: ApiHouse, task_id: int) -> None:
    for username in ("jb.handler", "jb.colleague"):
        assert api.caller(username).post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY).status_code == 201
    assert api.caller("jb.handler").post(f"/tasks/{task_id}/claim", headers=KEY).status_code == 200
    assert comments(api) == 2


def test_a_refused_request_leaves_no_key(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    assert_problem(handler.post(f"/tasks/{task_id}/complete", {"values": {}}, headers=KEY), 422)
    assert handler.post(f"/tasks/{task_id}/complete", {"values": AGREE}, headers=KEY).status_code == 200


def test_an_upload_is_repeated_by_content_not_by_boundary(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    answers = [
        handler.upload(
            f"/tasks/{task_id}/attachments", {"file": [("a.txt", "正文".encode())]}, {"declared": "true"}, headers=KEY
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json()["id"] == answers[1].get_json()["id"]


def test_two_requests_at_once_under_one_key_do_it_once(api: ApiHouse, task_id: int) -> None:
    answers = []

    def send(caller: Caller) -> None:
        answers.append(caller.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY))

    threads = [threading.Thread(target=send, args=[api.caller("jb.handler")]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert comments(api) == 1


def test_a_request_whose_twin_does_not_end_hears_so(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    user_id = api.house.structure.people["jb.handler"]
    with psycopg.connect(api.house.database.dsn) as twin:
        twin.execute(
            "INSERT INTO idempotency_key (user_id, route, key, request_hash) VALUES (%s, %s, %s, '')",
            [user_id, "POST /api/v1/tasks/<id:task_id>/comments", KEY["Idempotency-Key"]],
        )
        with api.house.database.engine.connect() as connection:  # the pool's next connection is this one
            connection.execute(text("SELECT set_config('lock_timeout', '200', false)"))
            connection.commit()
        answer = handler.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY)
        twin.rollback()
    assert_problem(answer, 409, "conflict")


@pytest.mark.parametrize("key", ["", "k" * 256, "有"])
def test_unusable_keys_are_refused(api: ApiHouse, task_id: int, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    problem = assert_problem(
        api.caller("jb.handler").post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=headers), 400
    )
    assert problem["errors"][0]["header"] == "Idempotency-Key"


def test_keys_are_kept_for_a_day_and_then_forgotten(api: ApiHouse, task_id: int) -> None:
    handler = api.caller("jb.handler")
    handler.post(f"/tasks/{task_id}/comments", {"body": "一次"}, headers=KEY)
    with api.house.database.transaction() as session:
        assert idempotency.forget_expired(session) == 0
        (kept,) = session.scalars(select(IdempotencyKey))
        kept.created_at -= timedelta(hours=idempotency.KEPT_HOURS, seconds=1)
    assert handler.post(f"/tasks/{task_id}/comments", {"body": "两次"}, headers=KEY).status_code == 201
    with api.house.database.transaction() as session:
        (kept,) = session.scalars(select(IdempotencyKey))
        kept.created_at -= timedelta(hours=idempotency.KEPT_HOURS, seconds=1)
    with api.house.database.transaction() as session:
        assert idempotency.forget_expired(session) == 1
