"""Several who sign one step, through the whole command: whose turn is whose, who may act for another, what a clock may not do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine.xml_drawing import draw
from tests.people import NOW, PASSWORD, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.services import navigation, people, rounds, tasks
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

FORM = {"type": "object", "properties": {"outcome": {"type": "string"}, "opinion": {"type": "string"}}}
YES, NO = {"outcome": "agree", "opinion": "我的意见"}, {"outcome": "disagree", "opinion": "不妥"}
UNITS = ["jb.energy", "jb.ecology", "jb.drc"]
GROUP = 'camunda:candidateGroups="${one}:leader"'
PERSON = 'camunda:assignee="${one}"'


def signers(more: str, who: str = GROUP) -> bytes:
    """a > ask (several sign) > z."""
    several = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="one"/>'
    ask = f'<userTask id="ask" name="会签" camunda:formKey="free" {who} {more}>{several}</userTask>'
    nodes = '<startEvent id="start"/><endEvent id="end"/>' + user_task("a") + ask + user_task("z")
    return draw(nodes, "start -> a", "a -> ask", "ask -> z", "z -> end")


@pytest.fixture
def leaders(house: House) -> House:
    """Each of three units has a leader; the energy bureau has two."""
    with house.database.transaction() as session:
        for name, unit in (("l1", UNITS[0]), ("l2", UNITS[1]), ("l3", UNITS[2]), ("l1b", UNITS[0])):
            facts = PersonFacts(username=name, name=f"{unit}·局长")
            added = people.add_person(session, SYSTEM, facts, [(unit, "leader")], now=NOW, password=PASSWORD)
            house.structure.people[name] = added.user.id
    return house


def begin(house: House, more: str, who: str = GROUP) -> int:
    house.deploy(signers(more, who), files={"free.json": json.dumps(FORM).encode()})
    units = UNITS if who == GROUP else ["l1", "l2", "l3"]
    instance_id = house.start(variables={"units": units})
    house.complete("a")
    return instance_id


def turn(house: House, number: int) -> Task:
    return next(one for one in house.open() if one.local.get("loopCounter") == number and one.round_id is None)


def sign(house: House, number: int, username: str, values: dict[str, Any] = YES) -> Task:
    found = turn(house, number)
    with house.database.transaction() as session:
        return tasks.complete_task(session, house.actor(username), found.id, values, now=NOW)


def retrieve(house: House, task: Task, username: str) -> Task:
    with house.database.transaction() as session:
        return navigation.retrieve_task(session, house.actor(username), task.id, now=NOW)


def test_of_any_one_who_takes_his_own_turn_back_gets_nobody_elses(leaders: House) -> None:
    begin(leaders, 'approval:sign="any"')
    retrieve(leaders, sign(leaders, 0, "l1"), "l1")
    mine, *others = [turn(leaders, number) for number in range(3)]
    assert (mine.assignee_id, mine.prefill) == (leaders.structure.people["l1"], YES)
    assert [(one.assignee_id, one.prefill) for one in others] == [(None, None), (None, None)]
    assert leaders.holders(others[0].id) == {"g:jb.ecology:leader": None}
    sign(leaders, 1, "l2")
    assert leaders.waiting() == ["z"]


def test_a_ballot_taken_back_is_shown_to_its_voter_only(leaders: House) -> None:
    begin(leaders, 'approval:sign="vote" approval:threshold="1/2"', PERSON)
    sign(leaders, 0, "l1")
    retrieve(leaders, sign(leaders, 1, "l2"), "l2")
    ballots = {number: turn(leaders, number).prefill for number in (1, 2)}
    assert ballots == {1: YES, 2: None}
    assert turn(leaders, 2).assignee_id == leaders.structure.people["l3"]


def add_after(house: House, number: int, username: str, signer: str) -> None:
    asked = RoundAsked(Relation.AFTER, [Asked(f"u:{house.structure.people[signer]}")])
    with house.database.transaction() as session:
        rounds.begin_round(session, house.actor(username), turn(house, number).id, asked, now=NOW)


def answer_side(house: House, username: str, values: dict[str, Any] = YES) -> None:
    (side,) = [one for one in house.open() if one.round_id is not None]
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor(username), side.id, values, now=NOW)


def test_a_dissent_returns_the_whole_also_where_somebody_signs_after_it(leaders: House) -> None:
    begin(leaders, 'approval:dissent="return"')
    add_after(leaders, 0, "l1", "l1b")
    mine = sign(leaders, 0, "l1", NO)
    assert leaders.waiting().count("ask") == 4 and "a" not in leaders.waiting()
    answer_side(leaders, "l1b")
    assert leaders.waiting() == ["a"]
    with leaders.database.transaction() as session:
        done = session.get_one(Task, mine.id)
        assert (done.status, done.completed_by, done.outcome) == ("completed", leaders.structure.people["l1"], "disagree")
        (event,) = session.scalars(select(TaskEvent).where(TaskEvent.kind == "returned"))
        assert (event.reason, event.data["to"]) == ("不妥", "a")


def test_a_dissent_that_returns_the_whole_says_why(leaders: House) -> None:
    begin(leaders, 'approval:dissent="return"')
    add_after(leaders, 1, "l2", "l1b")
    for number, username in ((0, "l1"), (1, "l2")):
        with pytest.raises(InvalidInput, match="理由"):
            sign(leaders, number, username, {"outcome": "disagree", "opinion": " "})
    assert leaders.waiting() == ["ask", "ask", "ask"]
