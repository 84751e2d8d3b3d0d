"""What comes to a suspended instance is kept: messages and signals arrive in order when it goes on, due timers fire then."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from tests.services.test_execution import timer_process
from workflow_service.services import events, processes, tasks
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import HeldEvent
from workflow_service.store.supervision import Notice

ROOTS = '<message id="m" name="go"/><signal id="s" name="begin"/>'


def catch(key: str, kind: str = "message") -> str:
    ref = "m" if kind == "message" else "s"
    definition = f'<{kind}EventDefinition {kind}Ref="{ref}"/>'
    return f'<intermediateCatchEvent id="{key}" name="{key}">{definition}</intermediateCatchEvent>'


def send(house: House, text: str) -> int:
    with house.database.transaction() as session:
        return processes.deliver_message(session, SYSTEM, "go", "b1", {"text": text}, now=house.now)


def signal(house: House) -> int:
    with house.database.transaction() as session:
        return processes.broadcast_signal(session, SYSTEM, "begin", {}, now=house.now)


def suspend(house: House, run: int) -> None:
    with house.database.transaction() as session:
        processes.suspend_instance(session, SYSTEM, run, "核查", now=house.now)


def resume(house: House, run: int) -> None:
    with house.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, run, "核查完毕", now=house.now)


def variables(house: House, run: int) -> dict[str, object]:
    with house.database.transaction() as session:
        return processes.variables_of(session, processes.locked_instance(session, run), now=NOW)


def test_messages_arrive_in_the_order_in_which_they_were_sent(house: House) -> None:
    house.deploy_chain(catch("first"), catch("second"), user_task("a"), roots=ROOTS)
    run = house.start()
    suspend(house, run)
    assert (send(house, "一"), send(house, "二")) == (1, 1)
    assert house.waiting() == []
    resume(house, run)
    seen = variables(house, run)
    assert house.waiting() == ["a"]
    assert (seen["first"], seen["second"]) == ({"text": "一"}, {"text": "二"})
    with house.database.transaction() as session:
        assert session.scalars(select(HeldEvent)).all() == []
        held = session.scalars(select(AuditRecord).where(AuditRecord.action == "message.hold")).all()
        assert [record.data["payload"]["text"] for record in held] == ["一", "二"]


def test_a_signal_reaches_who_is_suspended_later_and_all_others_at_once(house: House) -> None:
    house.deploy_chain(catch("wait", "signal"), user_task("a"), roots=ROOTS)
    suspended, running = house.start(business_key="1"), house.start(business_key="2")
    suspend(house, suspended)
    assert signal(house) == 2
    assert [task.instance_id for task in house.open()] == [running]
    resume(house, suspended)
    assert [task.instance_id for task in house.open()] == [running, suspended]


def test_a_message_that_nothing_waits_for_any_more_becomes_an_incident(house: House) -> None:
    house.deploy_chain(catch("only"), user_task("a"), roots=ROOTS)
    run = house.start()
    suspend(house, run)
    send(house, "一")
    send(house, "二")
    resume(house, run)
    assert house.waiting() == ["a"]
    (incident,) = house.incidents()
    kept = {name: value for name, value in (incident.data or {}).items() if name != "said"}
    assert (incident.kind, kept) == ("message", {"name": "go", "key": "b1", "payload": {"text": "二"}})


def test_one_message_is_kept_once_and_reaches_every_branch_that_waits(house: House) -> None:
    nodes = '<startEvent id="start"/><parallelGateway id="both"/>' + catch("one") + catch("two") + user_task("a") + user_task("b")
    nodes += '<endEvent id="end"/><endEvent id="end2"/>'
    flows = ("start -> both", "both -> one", "both -> two", "one -> a", "two -> b", "a -> end", "b -> end2")
    house.deploy(xml_drawing.draw(nodes, *flows, roots=ROOTS))
    run = house.start()
    suspend(house, run)
    send(house, "一")
    with house.database.transaction() as session:
        assert len(session.scalars(select(HeldEvent)).all()) == 1
    resume(house, run)
    assert house.waiting() == ["a", "b"] and house.incidents() == []


def test_what_was_kept_goes_with_an_instance_that_is_ended(house: House) -> None:
    house.deploy_chain(catch("only"), user_task("a"), roots=ROOTS)
    run = house.start()
    suspend(house, run)
    send(house, "一")
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, run, "撤回", now=NOW)
        assert session.scalars(select(HeldEvent)).all() == []
    assert house.incidents() == []


def test_what_one_instance_throws_at_a_suspended_one_is_kept_and_no_incident(house: House) -> None:
    throw = '<intermediateThrowEvent id="tell" name="tell"><messageEventDefinition messageRef="k"/></intermediateThrowEvent>'
    roots = '<message id="k" name="go"/>'
    nodes = '<startEvent id="start"/>' + throw + user_task("z") + '<endEvent id="end"/>'
    house.deploy_chain(catch("only"), user_task("a"), roots=ROOTS)
    house.deploy(xml_drawing.file(xml_drawing.process(nodes, "start -> tell", "tell -> z", "z -> end", key="q"), roots=roots))
    run = house.start()
    suspend(house, run)
    house.start("q")
    assert house.incidents() == [] and house.waiting() == ["z"]
    resume(house, run)
    assert house.waiting() == ["a", "z"]


@pytest.mark.parametrize("later", [timedelta(days=2), timedelta(hours=1)])
def test_a_timer_that_fell_due_meanwhile_fires_when_the_instance_goes_on(house: House, later: timedelta) -> None:
    house.deploy(timer_process(f"<timeDate>{(NOW + timedelta(days=1)).isoformat()}</timeDate>"))
    run = house.start()
    (timer,) = house.timers()
    suspend(house, run)
    house.now = NOW + later

    def due() -> list[int]:
        with house.database.transaction() as session:
            return processes.due_timers(session, house.now)

    with house.database.transaction() as session:
        assert due() == [] and not processes.fire_timer(session, timer.id, now=house.now)
    resume(house, run)
    fell_due = later > timedelta(days=1)
    assert due() == ([timer.id] if fell_due else [])
    with house.database.transaction() as session:
        assert processes.fire_timer(session, timer.id, now=house.now) is fell_due
    assert house.waiting() == (["late"] if fell_due else ["a"])


def test_a_suspension_and_its_end_stand_in_the_history_and_are_told_to_who_has_the_tasks(house: House) -> None:
    house.deploy_chain(user_task("a"))
    instance_id, supervisor = house.start(), house.actor("jb.supervisor")
    with house.database.transaction() as session:
        processes.suspend_instance(session, supervisor, instance_id, "核查数据", now=NOW)
    with house.database.transaction() as session:
        processes.resume_instance(session, supervisor, instance_id, "核查完毕", now=NOW)
    with house.database.transaction() as session:
        kinds = [(one.kind, one.reason) for one, _by, _task in events.events_of(session, instance_id)]
        his = select(Notice).where(Notice.user_id == house.structure.people["jb.handler"])
        told = session.scalars(his.order_by(Notice.id)).all()
    assert kinds == [("suspend", "核查数据"), ("resume", "核查完毕")]
    assert [(one.kind, one.body["text"]) for one in told] == [("suspended", "核查数据"), ("resumed", "核查完毕")]


def test_who_took_a_task_and_put_it_back_stands_in_the_history(house: House) -> None:
    house.deploy_chain(user_task("a"))
    instance_id, handler = house.start(), house.actor("jb.handler")
    (task,) = house.open()
    with house.database.transaction() as session:
        tasks.claim_task(session, handler, task.id, now=NOW)
        tasks.unclaim_task(session, handler, task.id, now=NOW)
    with house.database.transaction() as session:
        found = [(one.kind, by) for one, by, _task in events.events_of(session, instance_id)]
    assert found == [("claimed", "区能源局·经办"), ("unclaimed", "区能源局·经办")]
