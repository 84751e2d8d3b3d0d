"""What a command costs, counted instead of timed: statements, commits, bytes, and what is asked while nothing happens.

Finishing a task over HTTP is counted in tests/api/test_statements.py.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from bench.measures.steps import loop
from bench.server_log import ServerLog
from tests.api.callers import five_tasks
from tests.api.test_statements import counting
from tests.conftest import OPTIONS
from tests.databases import Databases
from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from tests.services.test_execution import timer_process
from workflow_service import jobs, scheduler
from workflow_service.config import Settings
from workflow_service.services import processes, tasks
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance

TICKS = 6
MOST_STATEMENTS_A_SECOND = 15
MOST_BYTES_OF_STATE = 800
MOST_BYTES_OF_ROWS = 8_000
TABLES = ("process_instance", "task", "task_holder", "activity", "audit_record", "timer", "subscription", "incident")


Prepared = Callable[[House], Callable[[Session], object]]


def start(house: House) -> Callable[[Session], object]:
    area = "/330000/330200/330205/"
    return lambda session: processes.start_process(session, SYSTEM, "p", variables={}, area_path=area, now=NOW)


def claim(house: House) -> Callable[[Session], object]:
    actor, task_id = house.actor("jb.handler"), house.open()[-1].id
    return lambda session: tasks.claim_task(session, actor, task_id, now=NOW)


def keep_draft(house: House) -> Callable[[Session], object]:
    actor, task_id = house.actor("jb.handler"), house.open()[-1].id
    return lambda session: tasks.save_draft(session, actor, task_id, {"opinion": "先放着"}, now=NOW)


def fire_timer(house: House) -> Callable[[Session], object]:
    timer = house.timers()[-1]
    return lambda session: processes.fire_timer(session, timer.id, now=timer.due_at)


MOST_STATEMENTS: dict[Prepared, int] = {start: 8, claim: 8, keep_draft: 4, fire_timer: 10}


@pytest.mark.parametrize("prepare", MOST_STATEMENTS, ids=lambda prepare: prepare.__name__)
def test_a_command_takes_few_statements_in_one_commit(house: House, prepare: Prepared) -> None:
    house.deploy(timer_process("<timeDuration>P1D</timeDuration>"))
    for _warm_then_count in range(2):
        house.start()
        command = prepare(house)
        with counting(house.database) as found, house.database.transaction() as session:
            command(session)
    assert found.commits == 1
    assert len(found.statements) <= MOST_STATEMENTS[prepare], found.statements


def test_the_state_of_an_instance_is_some_hundred_bytes_wherever_it_waits(house: House) -> None:
    house.deploy(five_tasks())
    instance_id, sizes = house.start(), []
    for element in "abcde":
        sizes.append(state_of(house, instance_id))
        house.complete(element)
    assert max(sizes) <= MOST_BYTES_OF_STATE, sizes
    assert 0 < state_of(house, instance_id) <= MOST_BYTES_OF_STATE  # kept, so that it can be taken up again


def test_an_instance_in_a_loop_keeps_the_size_of_its_state(house: House) -> None:
    house.deploy(loop())
    instance_id, sizes = house.start(), []
    for _round in range(30):
        house.complete("a")
        sizes.append(state_of(house, instance_id))
    assert max(sizes[10:]) <= 1.1 * max(sizes[:10]), sizes


def test_the_rows_of_a_finished_instance_are_some_kilobytes(house: House) -> None:
    house.deploy(five_tasks())
    before = bytes_of_rows(house)
    house.start()
    for element in "abcde":
        house.complete(element)
    assert bytes_of_rows(house) - before <= MOST_BYTES_OF_ROWS


def test_while_nothing_happens_the_same_few_statements_are_asked_however_many_instances_wait(
    databases: Databases, settings: Settings
) -> None:
    with quiet_house(databases) as house:
        house.deploy_chain(user_task("a", more='approval:deadline="5 working days"'))
        house.start()
        few = statements_a_tick(house, databases, settings)
        for number in range(60):
            house.start(business_key=str(number))
        many = statements_a_tick(house, databases, settings)
    assert many[0] <= few[0] + 1, (few, many)
    assert max(few[1], many[1]) <= MOST_STATEMENTS_A_SECOND, (few, many)


def state_of(house: House, instance_id: int) -> int:
    with house.database.transaction() as session:
        return len(session.get_one(ProcessInstance, instance_id).state)


def bytes_of_rows(house: House) -> int:
    parts = " + ".join(f"(SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM {table} t)" for table in TABLES)
    with house.database.transaction() as session:
        return int(session.scalar(text(f"SELECT {parts}")) or 0)


@contextmanager
def quiet_house(databases: Databases) -> Iterator[House]:
    """A house in a database of its own whose statements stand in the server's log."""
    with databases.temporary(migrated=True) as url:
        database = Database(url, OPTIONS)
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            ServerLog.switch_on(connection, make_url(url).database or "")
        yield House.build(database)
        database.close()


def statements_a_tick(house: House, databases: Databases, settings: Settings) -> tuple[float, float]:
    """Let a worker and a scheduler run; gives the statements for each tick of the scheduler, and for each second."""
    database, log, stop = Database(house.database.url, OPTIONS), ServerLog(databases.log), threading.Event()
    rooms = [
        threading.Thread(target=room.run, args=(database, settings, stop, lambda: NOW), daemon=True) for room in (jobs, scheduler)
    ]
    log.mark()
    for room in rooms:
        room.start()
    try:
        _until(lambda: ticks(log) > 2)
        log.mark()
        began = time.monotonic()
        _until(lambda: ticks(log) >= TICKS)
        took, found = time.monotonic() - began, log.statements()
    finally:
        stop.set()
        for room in rooms:
            room.join(20)
        database.close()
    return len(found) / TICKS, len(found) / took


def ticks(log: ServerLog) -> int:
    return sum("EXISTS (SELECT FROM timer" in one for one in log.statements())


def _until(condition: Callable[[], bool]) -> None:
    ends, pause = time.monotonic() + 60, threading.Event()
    while not condition():
        assert time.monotonic() < ends, "the scheduler does not tick"
        pause.wait(0.05)


