"""A leader's instruction: set apart by rank, its orders outlive the run, the leader hears what came of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import audit, digests, instructions, people, processes, tasks
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.store.supervision import Notice

DONE = {"outcome": "done", "opinion": "已核实并补正"}
ENERGY = "g:jb.energy:handler"


@pytest.fixture
def instance_id(house: House) -> int:
    with house.database.transaction() as session:
        for username, post in (("jb.leader", ("jb.drc", "leader")), ("nb.leader", ("nb.drc", "leader"))):
            facts = PersonFacts(username=username, name=f"领导{username[:2]}")
            people.add_person(session, SYSTEM, facts, [post], now=NOW, password=PASSWORD)
    house.deploy_chain(user_task("a", group="jb.drc:supervisor"))
    return house.start()


def instruct(
    house: House, instance_id: int, words: str = "请能源局三日内核实数据", *orders: Asked, by: str = "jb.leader"
) -> None:
    with house.database.transaction() as session:
        instructions.instruct(session, house.actor(by), instance_id, words, orders, now=NOW)


def shown(house: House, instance_id: int) -> list[instructions.Instruction]:
    with house.database.transaction() as session:
        assert audit.verify(session) == []
        return instructions.instructions_of(session, instance_id)


def told(house: House, username: str) -> list[str]:
    with house.database.transaction() as session:
        mine = Notice.user_id == house.structure.people.get(username, 0)
        if username not in house.structure.people:
            mine = Notice.user_id == select(people.User.id).where(people.User.username == username).scalar_subquery()
        kinds = Notice.kind.in_(("instructed", "asked"))
        return list(session.scalars(select(Notice.subject).where(mine, kinds).order_by(Notice.id)))


def test_an_instruction_stands_on_the_slip_and_blocks_nothing(house: House, instance_id: int) -> None:
    instruct(house, instance_id)
    (one,) = shown(house, instance_id)
    assert (one.leader, one.post, one.event.reason, one.orders) == ("领导jb", "负责人", "请能源局三日内核实数据", ())
    assert told(house, "jb.supervisor") == ["领导jb批示：" + house.open()[0].title]
    house.complete("a", username="jb.supervisor")
    assert house.instance(instance_id).status == "completed"


def test_the_higher_post_stands_first(house: House, instance_id: int) -> None:
    with house.database.transaction() as session:
        post = people.post_to_give(session, SYSTEM, "nb.drc", "leader")
        post.rank = 1
    instruct(house, instance_id, "先写的")
    instruct(house, instance_id, "后写的", by="nb.leader")
    assert [one.event.reason for one in shown(house, instance_id)] == ["后写的", "先写的"]


def test_what_was_ordered_outlives_the_run_and_the_leader_is_told(house: House, instance_id: int) -> None:
    due = NOW + timedelta(days=3)
    instruct(house, instance_id, "请核实", Asked(ENERGY, due), Asked("g:jb.drc:admin"))
    house.complete("a", username="jb.supervisor")
    assert house.instance(instance_id).status == "completed"
    first, second = house.open()
    assert (first.due_at, first.unit_id) == (due, house.structure.units["jb.energy"])
    assert shown(house, instance_id)[0].is_done is False
    with house.database.transaction() as session:
        tasks.claim_task(session, house.actor("jb.handler"), first.id, now=NOW)
        digest = {one.person: one for one in digests.digests_at(session, due)}
        assert [task.task_id for task in digest["区能源局·经办"].own] == [first.id]
    for username, task in (("jb.handler", first), ("jb.admin", second)):
        with house.database.transaction() as session:
            tasks.complete_task(session, house.actor(username), task.id, DONE, now=NOW)
    (one,) = shown(house, instance_id)
    assert one.is_done and [order.task.opinion for order in one.orders] == ["已核实并补正"] * 2
    assert told(house, "jb.leader") == [
        f"区能源局·经办已办理批示交办事项：{first.title}",
        f"区发展改革局·管理员已办理批示交办事项：{first.title}",
        f"批示交办事项已全部办结：{first.title}",
    ]


def test_when_the_run_is_terminated_the_orders_stay(house: House, instance_id: int) -> None:
    instruct(house, instance_id, "请核实", Asked(ENERGY))
    with house.database.transaction() as session:
        processes.terminate_instance(session, house.actor("jb.supervisor"), instance_id, "不再办理", now=NOW)
    (left,) = house.open()
    with house.database.transaction() as session:
        assert tasks.complete_task(session, house.actor("jb.handler"), left.id, DONE, now=NOW).status == "completed"


@pytest.mark.parametrize("username", ["jb.supervisor", "jb.handler", "hs.handler"])
def test_who_is_no_leader_writes_none(house: House, instance_id: int, username: str) -> None:
    with pytest.raises(Forbidden, match="领导"):
        instruct(house, instance_id, by=username)
    assert shown(house, instance_id) == []


@pytest.mark.parametrize(
    ("words", "orders", "error"),
    [
        (" ", (), InvalidInput),
        ("请核实", (Asked("g:jb.energy:nobody"),), InvalidInput),
        ("请核实", (Asked(ENERGY), Asked(ENERGY)), InvalidInput),
        ("请核实", (Asked(ENERGY, NOW - timedelta(days=1)),), InvalidInput),
    ],
)
def test_what_cannot_be_ordered_is_refused(
    house: House, instance_id: int, words: str, orders: tuple[Asked, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        instruct(house, instance_id, words, *orders)
    assert shown(house, instance_id) == [] and len(house.open()) == 1


def test_without_any_task_there_is_nothing_from_which_orders_could_follow(house: House, instance_id: int) -> None:
    house.deploy_chain('<intermediateCatchEvent id="t"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>',
                       roots='<message id="m" name="m"/>')  # fmt: skip
    other = house.start(business_key="b2")
    with pytest.raises(Conflict):
        instruct(house, other, "请核实", Asked(ENERGY))
