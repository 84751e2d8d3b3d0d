"""Incidents end with what they stopped, and are tried again once; events reach only those who still wait."""

import pytest

from tests.engine import xml_drawing
from tests.people import ALL_POSTS, NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import NotFound
from workflow_service.i18n import use_language
from workflow_service.services import interventions, processes
from workflow_service.services.units import UnitFacts, add_unit
from workflow_service.store.runtime import Incident
from workflow_service.web.messages import CHINESE

SIGNAL = '<signal id="s" name="begin"/>'


def listener(key: str) -> str:
    definition = '<signalEventDefinition signalRef="s"/>'
    return f'<intermediateCatchEvent id="{key}" name="{key}">{definition}</intermediateCatchEvent>'


def test_two_retries_of_one_incident_open_the_task_once(house: House) -> None:
    house.deploy_chain(user_task("a", group="nowhere:handler"))
    house.start()
    (incident,) = house.incidents()
    with house.database.transaction() as session:
        add_unit(session, SYSTEM, UnitFacts(code="nowhere", name="新设单位", area="330205", parent="jb"), ALL_POSTS, now=NOW)
    with house.database.transaction() as second:
        second.get_one(Incident, incident.id)  # read before the first one has committed
        with house.database.transaction() as first:
            processes.retry_incident(first, SYSTEM, incident.id, now=NOW)
        with pytest.raises(NotFound):
            processes.retry_incident(second, SYSTEM, incident.id, now=NOW)
    assert house.waiting() == ["a"]


def test_an_incident_ends_with_the_branch_that_it_stopped(house: House) -> None:
    inside = '<startEvent id="in"/>' + user_task("x", group="nowhere:handler") + '<endEvent id="out"/>'
    inside += xml_drawing.flow("in -> x") + xml_drawing.flow("x -> out")
    nodes = (
        f'<startEvent id="start"/><subProcess id="box" name="box">{inside}</subProcess>' + user_task("late")
        + '<endEvent id="end"/><endEvent id="end2"/><boundaryEvent id="edge" attachedToRef="box"><timerEventDefinition>'
        "<timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>"
    )  # fmt: skip
    house.deploy(xml_drawing.draw(nodes, "start -> box", "box -> end", "edge -> late", "late -> end2"))
    house.start()
    (incident,) = house.incidents()
    (timer,) = house.timers()
    with house.database.transaction() as session:
        assert processes.fire_timer(session, timer.id, now=timer.due_at)
    assert house.waiting() == ["late"] and house.incidents() == []
    with house.database.transaction() as session:
        settled = session.get_one(Incident, incident.id)
        assert settled.resolved_at == timer.due_at and settled.resolved_by is None


def test_a_terminated_instance_is_taken_up_again_with_its_incident(house: House) -> None:
    house.deploy_chain(user_task("a", group="nowhere:handler"), user_task("b"))
    instance_id = house.start()
    (incident,) = house.incidents()
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, instance_id, "暂不办", now=NOW)
    assert house.incidents() == []
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, instance_id, "", "继续办", now=NOW)
    assert [one.id for one in house.incidents()] == [incident.id] and house.open() == []
    with house.database.transaction() as session:
        add_unit(session, SYSTEM, UnitFacts(code="nowhere", name="新设单位", area="330205", parent="jb"), ALL_POSTS, now=NOW)
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    assert house.waiting() == ["a"] and house.incidents() == []


def test_a_service_task_that_had_failed_is_tried_again_after_the_run_was_taken_up(house: House) -> None:
    failing = '<serviceTask id="s" name="s" camunda:type="external" camunda:topic="plan.register"/>'
    house.deploy_chain(failing, user_task("b"))
    instance_id = house.start()
    (incident,) = house.incidents()
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, instance_id, "暂不办", now=NOW)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, instance_id, "", "继续办", now=NOW)
    assert [one.id for one in house.incidents()] == [incident.id]
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    assert [one.element_id for one in house.incidents()] == ["s"]


def parallel_listeners(end: str) -> bytes:
    nodes = f'<startEvent id="start"/><parallelGateway id="both"/>{listener("one")}{listener("two")}{end}'
    nodes += user_task("a") + '<endEvent id="end"/>'
    lines = ("start -> both", "both -> one", "both -> two", "one -> stop", "two -> a", "a -> end")
    return xml_drawing.draw(nodes, *lines, roots=SIGNAL)


def test_a_signal_passes_by_whoever_the_same_signal_has_just_ended(house: House) -> None:
    house.deploy(parallel_listeners('<endEvent id="stop"><terminateEventDefinition/></endEvent>'))
    instance_id, other = house.start(), house.start(business_key="b2")
    with house.database.transaction() as session:
        assert processes.broadcast_signal(session, SYSTEM, "begin", {}, now=NOW) == 2
    assert [house.instance(one).status for one in (instance_id, other)] == ["completed"] * 2


def test_a_message_that_nobody_took_is_sent_again_once_somebody_waits(house: House) -> None:
    message = '<messageEventDefinition messageRef="m"/>'
    go = '<message id="m" name="go"/>'
    catch = f'<intermediateCatchEvent id="wait" name="wait">{message}</intermediateCatchEvent>'
    throw = f'<startEvent id="start"/><intermediateThrowEvent id="say" name="say">{message}</intermediateThrowEvent>'
    sender = xml_drawing.process(throw + '<endEvent id="end"/>', "start -> say", "say -> end", key="sender")
    house.deploy(xml_drawing.file(sender, roots=go))
    house.start("sender", variables={"n": 7})
    (incident,) = house.incidents()
    with pytest.raises(NotFound), house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    assert [one.id for one in house.incidents()] == [incident.id]
    house.deploy_chain(catch, user_task("a"), roots=go)
    waiting = house.start()
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    with house.database.transaction() as session:
        row = processes.locked_instance(session, waiting)
        assert processes.variables_of(session, row, now=NOW)["wait"] == {"n": 7}
    assert house.incidents() == [] and house.waiting() == ["a"]


def test_a_completion_condition_that_fails_stops_the_activity_and_undoes_nobodys_work(house: House) -> None:
    condition = "<completionCondition>${limit.x &gt; 1}</completionCondition>"
    inner = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="unit">'
    house.deploy_chain(user_task("a", inner=f"{inner}{condition}</multiInstanceLoopCharacteristics>"), user_task("b"))
    instance_id = house.start(variables={"units": ["x", "y"], "limit": {}})
    house.complete("a")
    (incident,) = house.incidents()
    assert "limit.x" in incident.message and house.waiting() == ["a"]
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    (incident,) = house.incidents()
    assert house.waiting() == ["a"]
    house.complete("a")
    assert house.waiting() == [] and [one.id for one in house.incidents()] == [incident.id]
    assert [status for element, status in house.history(instance_id) if element == "a"] == ["started"] + ["completed"] * 2


def test_a_completion_condition_that_holds_at_last_settles_its_incident(house: House) -> None:
    condition = '<completionCondition>${nrOfCompletedInstances == 2 or limit.x == 1}</completionCondition>'
    inner = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="unit">'
    house.deploy_chain(user_task("a", inner=f"{inner}{condition}</multiInstanceLoopCharacteristics>"), user_task("b"))
    instance_id = house.start(variables={"units": ["x", "y", "z"], "limit": {}})
    house.complete("a")
    assert len(house.incidents()) == 1 and house.waiting() == ["a", "a"]
    house.complete("a")
    assert house.incidents() == [] and house.waiting() == ["b"]
    assert [status for element, status in house.history(instance_id) if element == "a"] == [
        "completed", "completed", "completed", "cancelled",
    ]  # fmt: skip


THROWN = '<intermediateThrowEvent id="say" name="say"><messageEventDefinition id="d" messageRef="m"/></intermediateThrowEvent>'
STOPS = {
    "nobody asked": (user_task("a", group="${unit}:handler"), ""),
    "no such service": ('<serviceTask id="a" name="a" camunda:type="external" camunda:topic="plan.issue"/>', ""),
    "an expression": ('<scriptTask id="a" name="a"><script>total = missing + 1</script></scriptTask>', ""),
    "nobody hears": (THROWN, '<message id="m" name="go" approval:correlationKey="${unit}"/>'),
}


@pytest.mark.parametrize("stop", STOPS)
def test_what_stopped_is_told_in_the_language_of_its_reader_whoever_caused_it(house: House, stop: str) -> None:
    node, root = STOPS[stop]
    house.deploy_chain(node, roots=root)
    with use_language("en"):
        house.start(variables={"unit": "nobody"})
        (incident,) = house.incidents()
        english = incident.words
    assert CHINESE.search(incident.message) and not CHINESE.search(english)
    assert incident.words == incident.message
