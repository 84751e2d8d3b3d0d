"""Two people finish one task at once: one success, one 409 with who and when, each time (docs/domain.md §8)."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.people import SYSTEM
from tests.services.house import House, user_task
from tests.setup.processes import CHECKOUT, environment
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.store.runtime import Task

ROUNDS = 200
PATIENCE_SECONDS = 20
NAMES = {"jb.handler": "区能源局·经办", "jb.colleague": "区能源局·第二经办"}
BLOCKED = text("SELECT count(*) FROM unnest(CAST(:racers AS int[])) racer WHERE pg_blocking_pids(racer) && CAST(:by AS int[])")


class Racer:
    """A process that finishes the tasks it is told."""

    def __init__(self, house: House, username: str) -> None:
        url = house.database.url.render_as_string(hide_password=False)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.racer", url, username], cwd=CHECKOUT, env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.backend = int(self.heard()["pid"])

    def told(self, task_id: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task_id}\n")

    def heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)


@pytest.fixture
def racers(house: House) -> Iterator[list[Racer]]:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.colleague", name=NAMES["jb.colleague"])
        add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=house.now, password_hash="-", constructed=True)
    both = [Racer(house, username) for username in NAMES]
    yield both
    for one in both:
        one.close()


def test_of_two_who_finish_one_task_at_once_one_succeeds_and_one_is_told_by_whom_and_when(
    house: House, racers: list[Racer]
) -> None:
    house.deploy_chain(user_task("a"))
    winners: dict[str, int] = dict.fromkeys(NAMES, 0)
    for number in range(ROUNDS):
        (task,) = house.open(house.start(business_key=str(number)))
        done, refused = raced(house, racers, task)
        winners[done["done"]] += 1
        assert refused == {"status": 409, "by": NAMES[done["done"]], "at": "2025-11-24 09:00", "task": task.id}
        with house.database.transaction() as session:
            assert session.get_one(Task, task.id).completed_by == house.actor(done["done"]).user_id
    print("won:", winners)


def raced(house: House, racers: list[Racer], task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hold the instance's row until both wait for it, one of them behind the other; gives the success and the refusal."""
    with house.database.engine.begin() as barrier:
        barrier.execute(text("SELECT FROM process_instance WHERE id = :id FOR UPDATE"), {"id": task.instance_id})
        for one in racers:
            one.told(task.id)
        wait_in_line(barrier, [one.backend for one in racers])
    answers = sorted((one.heard() for one in racers), key=lambda answer: "status" in answer)
    assert ["done" in answer for answer in answers] == [True, False], answers
    return answers[0], answers[1]


def wait_in_line(barrier: Connection, backends: list[int]) -> None:
    """Wait until one racer is blocked by the barrier and the other by the first."""
    own = barrier.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    ends = time.monotonic() + PATIENCE_SECONDS
    for blockers in ([own], backends):
        while not barrier.scalar(BLOCKED, {"racers": backends, "by": blockers}):
            assert time.monotonic() < ends, "nobody waits on the row lock"
            time.sleep(0.001)
