"""Signers of a countersignature and voters: added and taken out while it runs, by whom it is theirs to do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tests.engine.xml_drawing import draw
from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.services import signers, tasks
from workflow_service.services.people import PersonFacts, add_person
from workflow_service.services.task_access import holders_of
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import Notice

FORM = b'{"type": "object", "properties": {"outcome": {"type": "string"}, "opinion": {"type": "string"}}}'
UNITS = ["jb.energy", "jb.drc", "hs.drc"]


def countersign(house: House, who: str, items: list[Any], *, order: str = "false", more: str = "") -> None:
    with house.database.transaction() as session:
        for unit in ("jb.energy", "jb.drc", "hs.drc", "jb.ecology"):
            facts = PersonFacts(username=f"{unit}.leader", name=f"{unit}负责人")
            add_person(session, SYSTEM, facts, [(unit, "leader")], now=NOW)
    rule = f'camunda:collection="units" camunda:elementVariable="one" isSequential="{order}"'
    ask = (
        f'<userTask id="ask" name="会签" camunda:formKey="free" {who} {more}>'
        f"<multiInstanceLoopCharacteristics {rule}/></userTask>"
    )
    nodes = '<startEvent id="start"/><endEvent id="end"/>' + user_task("a") + ask + user_task("b")
    house.deploy(draw(nodes, "start -> a", "a -> ask", "ask -> b", "b -> end"), files={"free.json": FORM})
    house.start(variables={"units": items})
    house.complete("a")


POST = 'camunda:candidateGroups="${one}:leader"'


def add(house: House, holder: str, username: str = "jb.handler") -> None:
    with house.database.transaction() as session:
        signers.add_signer(session, house.actor(username), house.open()[0].id, holder, "还涉及该单位职责", now=NOW)


def remove(house: House, turn: int, username: str = "jb.handler") -> None:
    with house.database.transaction() as session:
        signers.remove_signer(session, house.actor(username), house.open()[0].id, turn, "与其职责无关", now=NOW)


def asked(house: House) -> list[str]:
    return [one for task in house.open() for one in task.candidate_groups]


def sign(house: House, username: str) -> None:
    groups = house.actor(username).groups
    task = next(one for one in house.open() if not groups.isdisjoint(holders_of(one)))
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor(username), task.id, {"outcome": "agree", "opinion": "可"}, now=NOW)


def states(house: House, username: str = "jb.handler") -> list[tuple[str, str]]:
    task = house.open()[0]
    with house.database.transaction() as session:
        row = session.get_one(ProcessInstance, task.instance_id)
        found = signers.signing_of(session, house.actor(username), task, row, now=NOW)
    assert found is not None
    return [(one.name, one.status) for one in found.signers]


@pytest.mark.parametrize("holder", ["g:jb.ecology:leader", "g:jb.ecology:registry"])
def test_who_sent_it_round_adds_a_unit_and_takes_one_out(house: House, holder: str) -> None:
    countersign(house, POST, UNITS)
    with house.database.transaction() as session:
        add_person(session, SYSTEM, PersonFacts(username="desk", name="收发"), [("jb.ecology", "registry")], now=NOW)
    add(house, holder)
    assert asked(house) == [f"{unit}:leader" for unit in (*UNITS, "jb.ecology")]
    remove(house, 2)
    assert asked(house) == [f"{unit}:leader" for unit in ("jb.energy", "jb.drc", "jb.ecology")]
    for unit in ("jb.energy", "jb.drc"):
        sign(house, f"{unit}.leader")
    assert house.waiting() == ["ask"]
    sign(house, "jb.ecology.leader")
    assert house.waiting() == ["b"]
    with house.database.transaction() as session:
        kinds = {one.kind: one for one in session.scalars(select(TaskEvent).where(TaskEvent.kind.like("%signer%")))}
        told = session.scalars(select(Notice.user_id).where(Notice.kind == "task_ended")).all()
    assert set(kinds) == {"add_signers", "remove_signer"} and kinds["remove_signer"].reason == "与其职责无关"
    assert told == [house.actor("hs.drc.leader").user_id]


def test_in_order_somebody_is_taken_out_before_his_turn_comes(house: House) -> None:
    countersign(house, POST, UNITS, order="true")
    add(house, f"u:{house.actor('jb.ecology.leader').user_id}")
    assert [status for _name, status in states(house)] == ["open", "waiting", "waiting", "waiting"]
    remove(house, 1)
    sign(house, "jb.energy.leader")
    assert asked(house) == ["hs.drc:leader"]
    assert [status for _name, status in states(house)] == ["completed", "removed", "open", "waiting"]
    remove(house, 2)
    assert asked(house) == ["jb.ecology:leader"]
    with pytest.raises(InvalidInput, match="尚未办理"):
        remove(house, 0)
    remove(house, 3)
    assert house.waiting() == ["b"]


def test_items_take_the_shape_that_the_designer_gave_them(house: House) -> None:
    items = [{"unit": "jb.energy", "post": "leader", "note": "牵头"}, {"unit": "jb.drc", "post": "leader", "note": ""}]
    countersign(house, 'camunda:candidateGroups="${one.unit}:${one.post}"', items)
    add(house, "g:hs.drc:leader")
    assert house.open()[-1].local["one"] == {"unit": "hs.drc", "post": "leader", "note": ""}
    assert asked(house) == ["jb.energy:leader", "jb.drc:leader", "hs.drc:leader"]


def test_who_may_and_what_cannot_be_asked(house: House) -> None:
    countersign(house, POST, UNITS)
    for username in ("jb.energy.leader", "hs.handler"):
        with pytest.raises(Forbidden):
            add(house, "g:jb.ecology:leader", username)
        with pytest.raises(Forbidden):
            remove(house, 2, username)
    with pytest.raises(InvalidInput, match="已在其中"):
        add(house, "g:hs.drc:leader")
    with pytest.raises(InvalidInput, match="无人在岗"):
        add(house, "g:cc:leader")
    with pytest.raises(InvalidInput, match="尚未办理"):
        remove(house, 7)
    sign(house, "jb.energy.leader")
    with pytest.raises(InvalidInput, match="尚未办理"):
        remove(house, 0)
    with house.database.transaction() as session:
        done = session.scalars(select(Task).where(Task.element_id == "a")).one()
    with pytest.raises(Conflict), house.database.transaction() as session:
        signers.remove_signer(session, SYSTEM, done.id, 1, "x", now=NOW)


def test_the_electorate_of_a_vote_is_changed_by_supervisors_only(house: House) -> None:
    voters = ["jb.energy.leader", "jb.drc.leader", "hs.drc.leader"]
    countersign(house, 'camunda:assignee="${one}"', voters, more='approval:sign="vote" approval:threshold="2/3"')
    holder = f"u:{house.actor('jb.ecology.leader').user_id}"
    with pytest.raises(Forbidden, match="表决"):
        add(house, holder)
    add(house, holder, "jb.supervisor")
    assert len(house.open()) == 4
    with pytest.raises(InvalidInput, match="不能在这一环节"):
        add(house, "g:jb.energy:handler", "jb.supervisor")
    for turn in (3, 2):
        remove(house, turn, "jb.supervisor")
    sign(house, "jb.energy.leader")
    assert house.waiting() == ["ask"]
    remove(house, 1, "jb.supervisor")
    assert house.waiting() == ["b"]


def test_a_step_of_one_person_has_no_signers(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    with pytest.raises(Conflict, match="不在会签"):
        add(house, "g:jb.ecology:leader", "jb.supervisor")
