"""A task handed on for good: within the unit to a person, to another unit through its registry, by a supervisor to anybody."""

from __future__ import annotations

import pytest

from tests.people import NOW
from tests.services.house import House, user_task
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.services import tasks, transfers
from workflow_service.services.transfers import TransferAsked
from workflow_service.store.runtime import Task


@pytest.fixture
def task(house: House) -> Task:
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"), user_task("b"))
    house.start()
    return house.open()[0]


def hand_on(house: House, task: Task, holder: str, username: str = "jb.supervisor", **more: object) -> Task:
    asked = TransferAsked(holder, **more)  # type: ignore[arg-type]
    with house.database.transaction() as session:
        return transfers.transfer_task(session, house.actor(username), task.id, asked, now=NOW)


def test_a_colleague_becomes_the_handler_for_good(house: House, task: Task) -> None:
    colleague = house.structure.people["jb.admin"]
    hand_on(house, task, f"u:{colleague}")
    assert house.holders(task.id) == {f"u:{colleague}": None}
    with pytest.raises(Forbidden):
        house.complete("a", username="jb.supervisor")
    house.complete("a", username="jb.admin")
    assert house.waiting() == ["b"]


def test_to_another_unit_it_goes_through_the_registry_only(house: House, task: Task) -> None:
    for holder in (f"u:{house.structure.people['jb.handler']}", "g:jb.energy:handler"):
        with pytest.raises(InvalidInput, match="收发"):
            hand_on(house, task, holder)
    assert house.holders(task.id) == {"g:jb.drc:supervisor": None}


def test_drafted_values_go_along_only_if_the_handler_says_so_and_the_opinion_never(house: House, task: Task) -> None:
    drafted = {"outcome": "agree", "opinion": "我的想法", "points": "一、二"}
    for along in (True, False):
        with house.database.transaction() as session:
            tasks.save_draft(session, house.actor("jb.supervisor"), task.id, drafted, now=NOW)
        hand_on(house, task, f"u:{house.structure.people['jb.admin']}", with_draft=along)
        (moved,) = house.open()
        assert moved.prefill == ({"points": "一、二"} if along else None) or not along
        with house.database.transaction() as session:
            assert tasks.draft_of(session, house.actor("jb.supervisor"), task.id) is None
        hand_on(house, task, f"u:{house.structure.people['jb.supervisor']}", username="jb.admin")


def test_to_whom_it_lies_with_already_it_is_not_handed(house: House, task: Task) -> None:
    with pytest.raises(InvalidInput, match="名下"):
        hand_on(house, task, "g:jb.drc:supervisor")


def test_a_supervisor_reassigns_with_a_reason_what_somebody_took(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.supervisor"), task.id, now=NOW)
    asked = TransferAsked(f"u:{house.structure.people['jb.admin']}", "出差")
    for username, wanted, error in (
        ("jb.handler", asked, Forbidden), ("jb.supervisor", TransferAsked(asked.holder, " "), InvalidInput)
    ):  # fmt: skip
        with pytest.raises(error), house.database.transaction() as session:
            transfers.reassign_task(session, house.actor(username), task.id, wanted, now=NOW)
    with house.database.transaction() as session:
        transfers.reassign_task(session, house.actor("jb.supervisor"), task.id, asked, now=NOW)
    assert house.holders(task.id) == {asked.holder: None}
