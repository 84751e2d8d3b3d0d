"""Timers and time-outs that fail when they fire stand before no other, and become an incident that can be tried again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.jobs import queue, tasks
from workflow_service.jobs.tasks import Work
from workflow_service.scheduler import triggers
from workflow_service.services import processes
from workflow_service.store.database import Database
from workflow_service.store.runtime import Incident, Task, Timer

WAIT = '<intermediateCatchEvent id="pause" name="等待"><timerEventDefinition id="t"><timeDuration>PT1H</timeDuration>'
WAIT += "</timerEventDefinition></intermediateCatchEvent>"
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def house(database: Database) -> House:
    return House.build(database)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A look takes two timers, so that two that fail would be all that is ever looked at."""
    monkeypatch.setattr(tasks, "TIMERS_A_LOOK", 2)
    yield 2


def waiting(house: House, count: int) -> list[int]:
    house.deploy_chain(WAIT, user_task("after"))
    return [house.start(business_key=str(number)) for number in range(count)]


def spoil(house: House, run: int) -> None:
    """The state of an instance cannot be read any more: whatever fires in it fails."""
    with house.database.transaction() as session:
        session.execute(text("UPDATE process_instance SET state = 'x' WHERE id = :id"), {"id": run})


def work_at(house: House, moment: datetime) -> Work:
    return Work(house.database, {}, "", lambda: moment)


def timer_of(house: House, run: int) -> Timer:
    with house.database.transaction() as session:
        return session.scalars(select(Timer).where(Timer.instance_id == run)).one()


def test_timers_that_fail_keep_no_other_from_firing(house: House, few: int) -> None:
    runs = waiting(house, few + 1)
    for run in runs[:few]:
        spoil(house, run)
    work_at(house, LATER).fire_due_timers()
    assert [task.instance_id for task in house.open()] == [runs[-1]]
    assert [timer_of(house, run).failures for run in runs[:few]] == [1] * few
    assert timer_of(house, runs[0]).retry_at == LATER + timedelta(minutes=1)


def test_a_timer_that_keeps_failing_is_one_incident_that_can_be_tried_again(house: House) -> None:
    (run,) = waiting(house, 1)
    with house.database.transaction() as session:
        state = session.execute(text("SELECT state FROM process_instance")).scalar_one()
    spoil(house, run)
    for number in range(7):
        work_at(house, LATER + timedelta(hours=number)).fire_due_timers()
        assert len(house.incidents()) == (number >= 4)
    (incident,) = house.incidents()
    assert (incident.kind, incident.element_id, incident.token) == ("timer", "pause", timer_of(house, run).token)
    with house.database.transaction() as session:
        session.execute(text("UPDATE process_instance SET state = :state"), {"state": state})
        processes.retry_incident(session, SYSTEM, incident.id, now=LATER)
    assert house.incidents() == []
    work_at(house, LATER + timedelta(hours=7)).fire_due_timers()
    assert house.waiting() == ["after"]


def test_what_succeeds_in_the_end_settles_its_incident(house: House) -> None:
    (run,) = waiting(house, 1)
    with house.database.transaction() as session:
        state = session.execute(text("SELECT state FROM process_instance")).scalar_one()
    spoil(house, run)
    for number in range(5):
        work_at(house, LATER + timedelta(hours=number)).fire_due_timers()
    assert len(house.incidents()) == 1
    with house.database.transaction() as session:
        session.execute(text("UPDATE process_instance SET state = :state"), {"state": state})
    work_at(house, LATER + timedelta(hours=9)).fire_due_timers()
    assert house.incidents() == []
    assert house.waiting() == ["after"]


def test_a_time_out_that_keeps_failing_is_an_incident_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.deploy_chain(user_task("a", more='approval:timeout="P2D" approval:timeoutAction="remind"'))
    house.start()
    (task,) = house.open()
    with house.database.transaction() as session:
        session.execute(text("UPDATE task SET revision = 2147483647"))  # the next change of the task fails
    for number in range(5):
        work_at(house, NOW + timedelta(days=9, hours=number)).fire_due_timeouts()
    with house.database.transaction() as session:
        assert session.get_one(Task, task.id).timeout_failures == 5
        (incident,) = session.scalars(select(Incident)).all()
    assert (incident.kind, incident.element_id) == ("timeout", "a")


def test_what_another_worker_fires_is_tried_once_in_a_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = waiting(house, 1)
    looks: list[int] = []
    due = processes.due_timers
    seen = tasks.Clocks("timer", queue.FIRE_TIMERS, lambda *given: looks.append(1) or due(*given), processes.fire_timer)
    monkeypatch.setattr(tasks, "TIMERS", seen)
    with house.database.transaction() as session:
        assert session.scalar(tasks._TRY, {"name": "timer", "id": timer_of(house, run).id})
        work_at(house, LATER).fire_due_timers()
    assert len(looks) == 2
    assert timer_of(house, run).failures == 0


def test_a_due_timer_of_a_suspended_run_or_one_put_off_asks_for_no_job(house: House) -> None:
    runs = waiting(house, 2)
    spoil(house, runs[0])
    work_at(house, LATER).fire_due_timers()
    with house.database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        session.execute(text("UPDATE process_instance SET status = 'suspended' WHERE id = :id"), {"id": runs[1]})
    triggers.tick(house.database, lambda: LATER)
    with house.database.transaction() as session:
        names = session.scalars(text("SELECT task_name FROM procrastinate_jobs")).all()
    assert queue.FIRE_TIMERS not in names
