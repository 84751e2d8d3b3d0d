"""What stands while a task has gone straight back (`approval:pausesOnReturn`): its own timers, and nothing else."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.house import House, user_task
from tests.services.test_pauses import at, day, plan_on, resume, suspend
from workflow_service.services import interventions, navigation, processes
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.runtime import Task, Timer


def timer(key: str, host: str, rule: str) -> str:
    event = f"<timerEventDefinition><timeDuration>{rule}</timeDuration></timerEventDefinition>"
    boundary = f'<boundaryEvent id="{key}" attachedToRef="{host}" cancelActivity="false">{event}</boundaryEvent>'
    return f'{boundary}<endEvent id="{key}_end"/>'


@pytest.fixture
def run(house: House) -> int:
    """Somebody checks what was drafted, beside another step; each has a timer at its edge."""
    checks = 'approval:deadline="8 working days" approval:resubmit="direct"'
    nodes = '<startEvent id="start"/><endEvent id="end"/><parallelGateway id="f"/><parallelGateway id="j"/>'
    nodes += user_task("draft", more='approval:pausesOnReturn="true"') + user_task("check", more=checks) + user_task("other")
    nodes += timer("own", "check", "P3D") + timer("others", "other", "P10D")
    flows = ("start -> draft", "draft -> f", "f -> check", "f -> other", "check -> j", "other -> j", "j -> end", "own -> own_end",
             "others -> others_end")  # fmt: skip
    house.deploy(xml_drawing.draw(nodes, *flows))
    at(house, 0)
    _plan_id, run = plan_on(house, due=day(21))
    house.complete("draft")
    return run


def send_back(house: House) -> int:
    task = next(one for one in house.open() if one.element_id == "check")
    with house.database.transaction() as session:
        navigation.return_task(session, house.actor("jb.handler"), task.id, navigation.ReturnAsked("draft", "补"), now=house.now)
    return task.id


def dues(house: House) -> dict[str, datetime]:
    return {one.element_id: one.due_at for one in house.timers()}


def test_the_timer_of_a_standing_task_does_not_fire_and_that_of_another_branch_is_left_alone(house: House, run: int) -> None:
    before = dues(house)
    at(house, 1)
    send_back(house)
    at(house, 4)
    with house.database.transaction() as session:
        assert processes.due_timers(session, house.now) == []
        own = session.scalars(select(Timer.id).where(Timer.element_id == "own")).one()
        assert not processes.fire_timer(session, own, now=house.now)
    house.complete("draft")
    after = dues(house)
    assert after["others"] == before["others"]
    assert after["own"] - before["own"] == house.now - at(house, 1), "by as long as it stood"
    at(house, 7)
    with house.database.transaction() as session:
        assert len(processes.due_timers(session, house.now)) == 1 and run


def test_a_suspension_meanwhile_moves_nothing_twice(house: House, run: int) -> None:
    before = dues(house)
    since = at(house, 0, 11)
    send_back(house)
    at(house, 1)
    suspend(house, run)
    at(house, 2)
    resume(house, run)
    at(house, 3)
    house.complete("draft")
    after = dues(house)
    assert after["own"] - before["own"] == house.now - since
    assert (after["others"] - before["others"]).days == 1, "it stood while the run was suspended"


def test_a_task_that_a_jump_ends_stands_no_more(house: House, run: int) -> None:
    at(house, 1)
    task_id = send_back(house)
    at(house, 4)
    with house.database.transaction() as session:
        token = session.get_one(Task, task_id).token
        interventions.jump(session, SYSTEM, run, token, "draft", "重写", now=house.now)
    with house.database.transaction() as session:
        change = session.scalars(select(DeadlineChange).where(DeadlineChange.task_id == task_id)).one()
        task = session.get_one(Task, task_id)
    assert (task.status, task.paused_for) == ("cancelled", "") and change.ended_at == house.now
