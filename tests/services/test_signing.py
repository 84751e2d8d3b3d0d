"""Several who sign one step, through the whole command: whose turn is whose, who may act for another, what a clock may not do."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine.xml_drawing import draw
from tests.people import NOW, PASSWORD, SYSTEM, TODAY, actor_of
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.domain.rounds import Relation
from workflow_service.services import (
    handing_out,
    handover,
    navigation,
    people,
    rounds,
    substitutions,
    tasks,
    timeouts,
    transfers,
)
from workflow_service.services.handing_out import HandOut
from workflow_service.services.handover import HandOver
from workflow_service.services.people import PersonFacts
from workflow_service.services.recipients import Asked
from workflow_service.services.rounds import RoundAsked
from workflow_service.services.substitutions import SubstituteAsked
from workflow_service.services.transfers import TransferAsked
from workflow_service.store import notice_rows
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Notice

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


@pytest.mark.parametrize(
    ("more", "who", "why"),
    [('approval:sign="any"', GROUP, "已有人办理"), ('approval:sign="vote" approval:threshold="1/2"', PERSON, "表决结果已定")],
)
def test_whoever_is_spared_is_told_why(leaders: House, more: str, who: str, why: str) -> None:
    begin(leaders, more, who)
    number = 0
    while "ask" in leaders.waiting():
        sign(leaders, number, f"l{number + 1}")
        number += 1
    with leaders.database.transaction() as session:
        told = session.execute(select(Notice.user_id, Notice.subject).where(Notice.kind == "task_ended")).all()
    assert leaders.structure.people["l3"] in {one.user_id for one in told}
    assert {why in one.subject for one in told} == {True}


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


def test_a_ballot_is_cast_by_its_voter_and_by_nobody_else(leaders: House) -> None:
    """l1 and l1b are of one bureau: nothing but the vote itself stands between the second and a ballot."""
    begin(leaders, 'approval:sign="vote" approval:threshold="2/3"', PERSON)
    ballot, other = turn(leaders, 0), f"u:{leaders.structure.people['l1b']}"
    with leaders.database.transaction() as session:
        with pytest.raises(Conflict, match="本人投票"):
            transfers.transfer_task(session, leaders.actor("l1"), ballot.id, TransferAsked(other), now=NOW)
        with pytest.raises(Conflict, match="本人投票"):
            transfers.reassign_task(session, leaders.actor("jb.supervisor"), ballot.id, TransferAsked(other, "出差"), now=NOW)
        with pytest.raises(Conflict, match="本人投票"):
            delegate = RoundAsked(Relation.DELEGATE, [Asked(other)])
            rounds.begin_round(session, leaders.actor("l1"), ballot.id, delegate, now=NOW)
        with pytest.raises(Conflict, match="本人投票"):
            handing_out.hand_out(session, leaders.actor("l1"), ballot.id, HandOut(lead=other), now=NOW)
        wanted = HandOver(leaders.structure.people["l1"], leaders.structure.people["l2"])
        report = handover.hand_over(session, leaders.actor("jb.admin"), wanted, now=NOW)
        assert [one.refused for one in report.results if one.item.id == ballot.id] == [
            "表决须由本人投票，不能转办、委托、改派或移交。"
        ]
    assert leaders.holders(ballot.id) == {f"u:{leaders.structure.people['l1']}": None}


@pytest.mark.parametrize(
    ("more", "who"), [('approval:sign="all" approval:kind="opinion"', GROUP),
                      ('approval:sign="vote" approval:threshold="1/2" approval:kind="opinion"', PERSON)]
)  # fmt: skip
def test_a_substitute_signs_only_where_that_was_granted(leaders: House, more: str, who: str) -> None:
    begin(leaders, more, who)
    people_ids = leaders.structure.people
    for may_decide in (False, True):
        with leaders.database.transaction() as session:
            asked = SubstituteAsked(
                people_ids["l1"], people_ids["jb.admin"], TODAY, TODAY + timedelta(days=9), may_decide=may_decide
            )
            grant = substitutions.name_substitute(session, leaders.actor("l1"), asked, now=NOW)
            session.flush()
            leaders.actors["jb.admin"] = actor_of(session, "jb.admin")
            grant_id = grant.id
        if may_decide:
            sign(leaders, 0, "jb.admin")
            break
        with pytest.raises(Forbidden):
            sign(leaders, 0, "jb.admin")
        with leaders.database.transaction() as session:
            substitutions.revoke_substitute(session, leaders.actor("l1"), grant_id, now=NOW)
    with leaders.database.transaction() as session:
        done = session.scalars(select(Task).where(Task.element_id == "ask", Task.status == "completed")).one()
        assert (done.completed_by, done.acted_for) == (people_ids["jb.admin"], people_ids["l1"])


@pytest.mark.parametrize(
    ("more", "who"), [('approval:sign="all"', GROUP), ('approval:sign="vote" approval:threshold="1/2"', PERSON)]
)
def test_no_clock_signs_or_votes_even_if_a_row_says_so(leaders: House, more: str, who: str) -> None:
    begin(leaders, f'approval:kind="opinion" {more}', who)
    task = turn(leaders, 0)
    with leaders.database.transaction() as session:
        row = session.get_one(Task, task.id)
        row.timeout_at, row.timeout_action = NOW, "no_comment"
    with leaders.database.transaction() as session:
        assert timeouts.fire_timeout(session, task.id, now=NOW + timedelta(days=1))
    assert leaders.waiting() == ["ask", "ask", "ask"]
    with leaders.database.transaction() as session:
        assert session.scalars(select(Notice.kind).where(Notice.kind == "timed_out")).first() == "timed_out"


def test_what_is_asked_of_a_person_by_name_stays_in_his_unit(leaders: House) -> None:
    leaders.deploy_chain(user_task("a"), '<userTask id="b" name="b" camunda:assignee="l1"/>')
    leaders.start()
    leaders.complete("a")
    (task,) = leaders.open()
    with leaders.database.transaction() as session:
        his = notice_rows.unit_of_person(session, leaders.structure.people["l1"], NOW.date())
    assert task.unit_id == his is not None
    for holder, allowed in (("l2", False), ("hs.handler", False), ("l1b", True)):
        asked = TransferAsked(f"u:{leaders.structure.people[holder]}")
        with contextlib.nullcontext() if allowed else pytest.raises(InvalidInput, match="收发岗位"):  # noqa: SIM117
            with leaders.database.transaction() as session:
                transfers.transfer_task(session, leaders.actor("l1"), task.id, asked, now=NOW)
    assert leaders.holders(task.id) == {f"u:{leaders.structure.people['l1b']}": None}
