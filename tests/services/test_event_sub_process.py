"""An event sub-process through the whole stack: its message, its tasks, what it ends, and what history says."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.services import adjusting, audit, interventions, messages
from workflow_service.store import instance_view
from workflow_service.store.runtime import ProcessInstance, Subscription
from workflow_service.store.supervision import Notice


def diagram(interrupting: bool, event: str = '<messageEventDefinition messageRef="m"/>') -> bytes:
    """start > a > b > end; beside it a message begins h."""
    begin = f'<startEvent id="recalled" name="上级叫停" isInterrupting="{str(interrupting).lower()}">{event}</startEvent>'
    inner = begin + user_task("h", "jb.drc:supervisor") + '<endEvent id="e"/>'
    inner += xml_drawing.flow("recalled -> h") + xml_drawing.flow("h -> e")
    nodes = '<startEvent id="start"/>' + user_task("a") + user_task("b") + '<endEvent id="end"/>'
    nodes += f'<subProcess id="handle" name="叫停处理" triggeredByEvent="true">{inner}</subProcess>'
    message = '<message id="m" name="halt"/>'
    return xml_drawing.draw(nodes, "start -> a", "a -> b", "b -> end", roots=message)


def halt(house: House) -> None:
    with house.database.transaction() as session:
        messages.deliver_message(session, SYSTEM, "halt", "b1", {}, now=NOW)


def test_its_message_ends_what_is_open_tells_the_holder_and_asks_its_own_people(house: House) -> None:
    house.deploy(diagram(True))
    run = house.start()
    house.complete("a")
    (waiting,) = house.open()
    halt(house)
    assert house.waiting() == ["h"]
    with house.database.transaction() as session:
        told = session.scalars(select(Notice.subject).where(Notice.user_id == house.structure.people["jb.handler"])).all()
        assert session.get_one(type(waiting), waiting.id).status == "cancelled"
        assert not session.scalars(select(Subscription).where(Subscription.instance_id == run)).all()
    assert any("b" in one for one in told)
    house.complete("h", username="jb.supervisor")
    assert (house.instance(run).status, house.instance(run).outcome) == ("completed", "e")
    with house.database.transaction() as session:
        assert audit.verify(session) == []


def test_one_beside_leaves_the_open_task_and_the_run_waits_for_both(house: House) -> None:
    house.deploy(diagram(False))
    run = house.start()
    halt(house)
    assert house.waiting() == ["a", "h"]
    house.complete("h", username="jb.supervisor")
    house.complete("a")
    house.complete("b")
    assert (house.instance(run).status, house.instance(run).outcome) == ("completed", "end")


def test_history_names_what_was_drawn_and_nothing_that_was_put_in(house: House) -> None:
    house.deploy(diagram(True))
    run = house.start()
    house.complete("a")
    halt(house)
    house.complete("h", username="jb.supervisor")
    with house.database.transaction() as session:
        shown = [activity.element_id for activity, _who in instance_view.activities_of(session, run)]
    assert set(shown) == {"start", "a", "b", "recalled", "handle", "h", "e"}, shown


def test_jumps_are_offered_to_what_was_drawn_beside_the_token_and_go_there(house: House) -> None:
    house.deploy(diagram(False))
    run = house.start()
    house.complete("a")
    halt(house)
    supervisor = house.actor("jb.supervisor")
    with house.database.transaction() as session:
        starts = adjusting.jump_options(session, supervisor, session.get_one(ProcessInstance, run))
        offered = {one.element_id: [target.element_id for target in one.targets] for one in starts}
        assert offered == {"b": ["a"], "h": []}
    token = next(one for one in house.open() if one.element_id == "b").token
    with house.database.transaction() as session:
        interventions.jump(session, supervisor, run, token, "a", "重新起草", now=NOW + timedelta(hours=1))
    assert house.waiting() == ["a", "h"]
