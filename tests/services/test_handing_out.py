"""Proposed and handed out in one command: one lead, co-handlers with their own deadlines, the proposal kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW
from tests.services.house import House, user_task
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.services import audit, handing_out, tasks
from workflow_service.services.handing_out import HandOut
from workflow_service.services.recipients import Asked
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

DONE = {"outcome": "done", "opinion": "数据已提供"}


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"), user_task("b"))
    house.start()
    return house.open()[0]


def give(house: House, task: Task, asked: HandOut, username: str = "jb.supervisor") -> None:
    with house.database.transaction() as session:
        handing_out.hand_out(session, house.actor(username), task.id, asked, now=NOW)


def lead(house: House) -> str:
    return f"u:{house.structure.people['jb.admin']}"


@pytest.mark.parametrize("blocking", [True, False])
def test_the_lead_has_it_for_good_and_the_co_handlers_their_own_tasks(house: House, task: Task, blocking: bool) -> None:
    due = NOW + timedelta(days=2)
    helper = Asked("g:jb.energy:handler", due)
    give(house, task, HandOut(lead(house), [helper], "拟请管理员牵头，能源局协办", blocking))
    main, side = house.open()
    assert house.holders(main.id) == {lead(house): None}
    assert (side.due_at, side.unit_id) == (due, house.structure.units["jb.energy"])
    house.complete("a", username="jb.admin")
    if blocking:
        assert house.waiting() == ["a", "a"]
        with house.database.transaction() as session:
            tasks.complete_task(session, house.actor("jb.handler"), side.id, DONE, now=NOW)
    assert house.waiting() == ["b"]
    with house.database.transaction() as session:
        event = session.scalars(select(TaskEvent).where(TaskEvent.kind == "proposed")).one()
        assert event.reason == "拟请管理员牵头，能源局协办" and event.data["lead"] == lead(house)
        assert audit.verify(session) == []


def test_without_a_lead_it_stays_with_who_hands_out(house: House, task: Task) -> None:
    give(house, task, HandOut(co_handlers=[Asked("g:jb.energy:handler")]))
    assert len(house.open()) == 2 and house.holders(task.id) == {"g:jb.drc:supervisor": None}


def test_only_who_has_the_task_hands_it_out(house: House, task: Task) -> None:
    with pytest.raises(Forbidden):
        give(house, task, HandOut(lead(house)), "jb.handler")


def test_what_cannot_be_handed_out_leaves_nothing(house: House, task: Task) -> None:
    stranger = f"u:{house.structure.people['jb.handler']}"
    for asked in (
        HandOut(),
        HandOut(lead(house), [Asked(lead(house))]),
        HandOut(stranger),
        HandOut(lead(house), [Asked("g:jb.energy:nobody")]),
        HandOut(lead(house), [Asked("x")]),
        HandOut(lead(house), proposal="长" * 2001),
    ):
        with pytest.raises(InvalidInput):
            give(house, task, asked)
    assert house.holders(task.id) == {"g:jb.drc:supervisor": None} and len(house.open()) == 1
    with house.database.transaction() as session:
        assert session.scalars(select(TaskEvent)).all() == []


@pytest.mark.parametrize(("said", "asked", "waits"), [("wait", False, True), ("override", True, False)])
def test_the_designer_says_whether_the_lead_waits_for_the_co_handlers(
    house: House, said: str, asked: bool, waits: bool
) -> None:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor", more=f'approval:coHandlers="{said}"'), user_task("b"))
    house.start()
    give(house, house.open()[0], HandOut(co_handlers=[Asked("g:jb.energy:handler")], blocking=asked))
    house.complete("a", username="jb.supervisor")
    assert (house.waiting() == ["a", "a"]) is waits
