"""Where a pinned decision table has no answer, a person gives it: with a reason, once, and on record."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.engine.test_decisions import dmn
from tests.people import SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.engine.decision_table import DecisionError
from workflow_service.services import hand_decisions, processes
from workflow_service.store.records import AuditRecord

RULE = '<businessRuleTask id="choose" name="choose" camunda:decisionRef="t" camunda:resultVariable="way"/>'
FLOWS = ("start -> choose", "choose -> fork", 'fork -> a [way == "short"]', "fork -> b as long", "a -> end", "b -> end")


def gap_process(key: str = "p") -> bytes:
    """Asks a table for the way, and goes it."""
    nodes = (
        '<startEvent id="start"/>' + RULE + '<exclusiveGateway id="fork" default="long"/>' + user_task("a") + user_task("b")
        + '<endEvent id="end"/>'
    )  # fmt: skip
    return xml_drawing.file(xml_drawing.process(nodes, *FLOWS, key=key))


def table_with_gap() -> bytes:
    return dmn([("grade", "string", "")], [['"1"', '"short"'], ['"2"', '"long"']])


@pytest.fixture
def stopped(house: House) -> tuple[int, int]:
    """An instance and its incident before a table that knows no grade 3."""
    house.deploy(gap_process(), files={"t.dmn": table_with_gap()})
    instance_id = house.start(variables={"grade": "3"})
    (incident,) = house.incidents()
    return instance_id, incident.id


def decide(
    house: House, incident_id: int, result: dict[str, Any], reason: str = "区政府批示", username: str = "jb.supervisor"
) -> None:
    with house.database.transaction() as session:
        hand_decisions.decide_by_hand(session, house.actor(username), incident_id, result, reason, now=house.now)


def test_the_instance_goes_the_way_that_was_decided(house: House, stopped: tuple[int, int]) -> None:
    decide(house, stopped[1], {"out0": "short"})
    assert house.waiting() == ["a"] and house.incidents() == []
    assert ("choose", "completed") in house.history(stopped[0])


def test_who_decided_what_and_why_is_on_record(house: House, stopped: tuple[int, int]) -> None:
    decide(house, stopped[1], {"out0": "long"})
    with house.database.transaction() as session:
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "decision.by_hand")).one()
    assert record.actor_id == house.actor("jb.supervisor").user_id
    assert record.data == {"element": "choose", "table": "t", "result": {"out0": "long"}, "reason": "区政府批示"}


def test_the_version_stays_pinned_and_only_this_one_instance_is_decided(house: House, stopped: tuple[int, int]) -> None:
    house.start(variables={"grade": "3"}, business_key="b2")
    before = house.instance(stopped[0]).definition_id
    decide(house, stopped[1], {"out0": "short"})
    assert house.instance(stopped[0]).definition_id == before
    assert len(house.incidents()) == 1
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, house.incidents()[0].id, now=house.now)
    assert len(house.incidents()) == 1


@pytest.mark.parametrize("result", [{}, {"out0": 3}, {"out0": "short", "more": 1}, {"other": "x"}])
def test_a_result_that_does_not_fit_the_table_is_refused_and_changes_nothing(
    house: House, stopped: tuple[int, int], result: dict[str, Any]
) -> None:
    with pytest.raises(DecisionError):
        decide(house, stopped[1], result)
    assert [one.id for one in house.incidents()] == [stopped[1]]


def test_it_needs_a_reason_and_the_right(house: House, stopped: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="理由"):
        decide(house, stopped[1], {"out0": "short"}, reason=" ")
    for username in ("jb.handler", "hs.admin"):
        with pytest.raises(Forbidden):
            decide(house, stopped[1], {"out0": "short"}, username=username)


def test_only_a_table_is_decided_by_hand_and_only_once(house: House, stopped: tuple[int, int]) -> None:
    decide(house, stopped[1], {"out0": "short"})
    with pytest.raises(NotFound):
        decide(house, stopped[1], {"out0": "long"})
    house.deploy_chain(user_task("x", group="nowhere:handler"))
    house.start(business_key="b3")
    (other,) = house.incidents()
    with pytest.raises(Conflict, match="决策表"):
        decide(house, other.id, {"out0": "short"})
