"""The same approver twice in a row is passed on with a note, only in exactly the same capacity, only what he agreed to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import AGREE, House, user_task
from workflow_service.services import audit, people
from workflow_service.services.people import PersonFacts
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

ENERGY, DRC = "jb.energy:handler", "jb.drc:supervisor"


def begin(house: House, *nodes: str, says: str = "consecutive", files: dict[str, bytes] | None = None) -> int:
    told = f'<process id="p" approval:repeatedApprover="{says}"'.encode()
    diagram = xml_drawing.chain(*nodes)
    assert b'<process id="p"' in diagram
    house.deploy(diagram.replace(b'<process id="p"', told), files=files)
    return house.start()


def notes(house: House) -> list[str]:
    with house.database.transaction() as session:
        assert audit.verify(session) == []
        passed = select(Task.element_id).join(TaskEvent, TaskEvent.task_id == Task.id).where(TaskEvent.kind == "passed_on")
        return list(session.scalars(passed.order_by(Task.id)))


def test_steps_that_fall_to_him_again_are_passed_on_with_a_note(house: House) -> None:
    instance_id = begin(house, user_task("a"), user_task("b"), user_task("c"), user_task("d", group=DRC))
    house.complete("a")
    assert house.waiting() == ["d"] and notes(house) == ["b", "c"]
    with house.database.transaction() as session:
        passed = session.scalars(select(Task).where(Task.instance_id == instance_id, Task.element_id == "b")).one()
        assert (passed.outcome, passed.opinion) == ("agree", "与上一环节为同一人、同一岗位，自动通过。")
        assert passed.completed_by == house.structure.people["jb.handler"]


@pytest.mark.parametrize("says", ["never"])
def test_where_the_route_does_not_say_so_he_is_asked_again(house: House, says: str) -> None:
    begin(house, user_task("a"), user_task("b"), says=says)
    house.complete("a")
    assert house.waiting() == ["b"] and notes(house) == []


@pytest.mark.parametrize("kind", ["draft", "record"])
def test_nothing_is_drafted_or_recorded_for_him(house: House, kind: str) -> None:
    begin(house, user_task("a"), user_task("b", more=f'approval:kind="{kind}"'))
    house.complete("a")
    assert house.waiting() == ["b"] and notes(house) == []


def test_another_post_of_his_is_another_capacity(house: House) -> None:
    with house.database.transaction() as session:
        people.assign_post(session, SYSTEM, house.structure.people["jb.handler"], "jb.energy", "registry", now=NOW)
    begin(house, user_task("a"), user_task("b", group="jb.energy:registry"))
    house.complete("a")
    assert house.waiting() == ["b"] and notes(house) == []


def test_a_post_that_a_colleague_holds_too_is_asked(house: House) -> None:
    with house.database.transaction() as session:
        facts = PersonFacts(username="jb.second", name="区能源局·乙")
        people.add_person(session, SYSTEM, facts, [("jb.energy", "handler")], now=NOW, password=PASSWORD)
    begin(house, user_task("a"), user_task("b"))
    house.complete("a")
    assert house.waiting() == ["b"]


def test_only_the_step_right_before_counts(house: House) -> None:
    begin(house, user_task("a"), user_task("x", group=DRC), user_task("b"))
    house.complete("a")
    house.complete("x", username="jb.supervisor")
    assert house.waiting() == ["b"] and notes(house) == []


@pytest.mark.parametrize("values", [{"outcome": "return"}])
def test_what_he_did_not_agree_to_is_not_passed_on(house: House, values: dict[str, Any]) -> None:
    begin(house, user_task("a"), user_task("b"))
    house.complete("a", values)
    assert house.waiting() == ["b"] and notes(house) == []
    house.complete("b", AGREE)
    assert house.waiting() == []
