"""Two people finish one task at once, 200 times, from two processes: one wins, the other is told who and when."""

import multiprocessing
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import psycopg
import pytest

from tests.api.callers import ApiHouse
from tests.people import NOW
from tests.services.house import AGREE
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.store.database import Database

ROUNDS = 200
PATIENCE_SECONDS = 20
WAITING = """
SELECT count(*) FROM pg_stat_activity AS waiting JOIN pg_locks AS wanted ON wanted.pid = waiting.pid AND NOT wanted.granted
WHERE waiting.datname = current_database() AND waiting.wait_event_type = 'Lock' AND wanted.locktype IN ('transactionid', 'tuple')
"""
HOLD = "SELECT 1 FROM process_instance WHERE id = %s FOR UPDATE"
spawned = multiprocessing.get_context("spawn")


def finish_tasks(settings: Settings, token: str, task_ids: list[int], barrier: Barrier, answers: Connection) -> None:
    """One of the two: waits at the barrier, finishes the task, tells what it was answered."""
    assert settings.database_url is not None
    database = Database(settings.database_url)
    client = create_app(settings, database, lambda: NOW).test_client()
    for task_id in task_ids:
        barrier.wait(PATIENCE_SECONDS)
        answer = client.post(
            f"/api/v1/tasks/{task_id}/complete", json={"values": AGREE}, headers={"Authorization": f"Bearer {token}"}
        )
        body = answer.get_json(force=True)
        answers.send((answer.status_code, body.get("by"), body.get("at")))
    database.close()


@pytest.mark.slow
def test_of_two_who_finish_a_task_at_once_one_wins_and_the_other_hears_who_and_when(
    api: ApiHouse, settings: Settings
) -> None:
    api.deploy_five_tasks()
    instances = [api.house.start(business_key=str(number)) for number in range(ROUNDS)]
    task_ids = [task.id for task in api.house.open()]
    people = {"jb.handler": "区能源局·经办", "jb.colleague": "区能源局·第二经办"}
    barrier = spawned.Barrier(3)
    pipes = {}
    for username in people:
        mine, theirs = spawned.Pipe()
        arguments = (replace(settings), api.token(username), task_ids, barrier, theirs)
        process = spawned.Process(target=finish_tasks, args=arguments, daemon=True)
        process.start()
        pipes[username] = (process, mine)
    with psycopg.connect(api.house.database.dsn) as holder, psycopg.connect(
        api.house.database.dsn, autocommit=True
    ) as watcher:
        for instance_id in instances:
            holder.execute(HOLD, [instance_id])
            barrier.wait(PATIENCE_SECONDS)
            wait_until_both_wait(watcher)
            holder.rollback()
            answers = {username: receive(pipe) for username, (_process, pipe) in pipes.items()}
            assert_one_winner(answers, people)
    for process, _pipe in pipes.values():
        process.join(PATIENCE_SECONDS)
    assert {task.element_id for task in api.house.open()} == {"b"}
    assert len(api.house.open()) == ROUNDS


def wait_until_both_wait(watcher: psycopg.Connection) -> None:
    """Both requests are seen waiting on the row lock before it is let go."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        (waiting,) = watcher.execute(WAITING).fetchone() or (0,)
        if waiting >= 2:
            return
    raise AssertionError("the two requests were never seen waiting on the row lock")


def receive(pipe: Connection) -> tuple[int, str | None, str | None]:
    assert pipe.poll(PATIENCE_SECONDS), "no answer"
    return pipe.recv()  # type: ignore[no-any-return]


def assert_one_winner(answers: dict[str, tuple[int, str | None, str | None]], people: dict[str, str]) -> None:
    by_status = {status: username for username, (status, _by, _at) in answers.items()}
    assert sorted(by_status) == [200, 409], answers
    _status, by, at = answers[by_status[409]]
    assert (by, at) == (people[by_status[200]], "2025-11-24 09:00")
