"""One command on one instance through the whole stack: rows, history, incidents, messages, signals, timers."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, SYSTEM
from tests.services.house import House, user_task
from workflow_service.domain.errors import Conflict, NotFound
from workflow_service.services import deployments, processes, tasks
from workflow_service.store.runtime import Activity, Subscription, Task

GO = '<message id="m" name="go"/>'
CATCH = '<intermediateCatchEvent id="wait" name="wait"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'


def test_a_started_instance_puts_its_first_task_before_the_group(house: House) -> None:
    house.deploy_chain(user_task("a"))
    instance_id = house.start()
    (task,) = house.open(instance_id)
    assert (task.element_id, task.candidate_groups, task.form_key) == ("a", ["jb.energy:handler"], "answer")
    assert house.holders(task.id) == {"g:jb.energy:handler": None}
    assert house.history(instance_id) == [("start", "completed"), ("a", "started")]


def test_a_finished_task_is_history_with_who_when_and_what_and_its_holders_are_gone(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    house.start()
    task = house.complete("a")
    with house.database.transaction() as session:
        row = session.get_one(Task, task.id)
        activity = session.scalars(select(Activity).where(Activity.element_id == "a")).one()
    assert (row.status, row.outcome, row.opinion, row.ended_at) == ("completed", "agree", "同意。", NOW)
    assert row.completed_by == house.actor("jb.handler").user_id == activity.actor_id
    assert (activity.status, activity.flows, activity.ended_at) == ("completed", ["a_b"], NOW)
    assert house.holders(task.id) == {}


def test_an_instance_that_ends_keeps_a_small_state_to_be_taken_up_at(house: House) -> None:
    house.deploy_chain(user_task("a"))
    instance_id = house.start()
    house.complete("a")
    row = house.instance(instance_id)
    with house.database.transaction() as session:
        session.add(row)
        assert (row.status, row.outcome, row.ended_at) == ("completed", "end", NOW)
        assert 0 < len(row.state) < 400


def test_what_failed_is_an_incident_that_says_why_and_a_retry_goes_on(house: House) -> None:
    house.deploy_chain(user_task("a", group="${unit}:handler"))
    instance_id = house.start(variables={"unit": "nobody"})
    (incident,) = house.incidents()
    assert incident.element_id == "a" and "nobody" in incident.message and house.open() == []
    assert house.history(instance_id) == [("start", "completed")]
    with house.database.transaction() as session:
        processes.retry_incident(session, SYSTEM, incident.id, now=NOW)
    (again,) = house.incidents()
    assert again.id != incident.id


def test_a_message_wakes_the_instance_that_waits_under_its_key_and_only_it(house: House) -> None:
    house.deploy_chain(CATCH, user_task("a"), roots=GO)
    first, second = house.start(business_key="k1"), house.start(business_key="k2")
    with house.database.transaction() as session:
        assert processes.deliver_message(session, SYSTEM, "go", "k2", {"n": 1}, now=NOW) == 1
    assert house.open(first) == [] and [task.element_id for task in house.open(second)] == ["a"]
    with house.database.transaction() as session:
        assert len(session.scalars(select(Subscription)).all()) == 1


def test_a_message_nobody_waits_for_is_refused_by_name(house: House) -> None:
    house.deploy_chain(user_task("a"))
    with pytest.raises(NotFound, match="hello"), house.database.transaction() as session:
        processes.deliver_message(session, SYSTEM, "hello", "k", {}, now=NOW)


def test_a_thrown_message_that_nobody_takes_becomes_an_incident(house: House) -> None:
    throw = '<intermediateThrowEvent id="say" name="say"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
    house.deploy_chain(throw, user_task("a"), roots=GO)
    house.start()
    (incident,) = house.incidents()
    assert incident.kind == "message" and "go" in incident.message and house.waiting() == ["a"]


def test_one_instances_message_reaches_another_in_the_same_transaction(house: House) -> None:
    throw = '<intermediateThrowEvent id="say" name="say"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
    house.deploy_chain(CATCH, user_task("a"), roots=GO)
    waiting = house.start(business_key="k1")
    house.deploy(
        xml_drawing.file(
            xml_drawing.process(
                '<startEvent id="start"/>' + throw + '<endEvent id="end"/>',
                "start -> say",
                "say -> end",
                key="sender",
            ),
            roots=GO,
        )
    )
    house.start("sender", business_key="k1")
    assert house.incidents() == [] and [task.element_id for task in house.open(waiting)] == ["a"]


def test_a_signal_reaches_every_instance_that_waits(house: House) -> None:
    catch = '<intermediateCatchEvent id="wait" name="w"><signalEventDefinition signalRef="s"/></intermediateCatchEvent>'
    house.deploy_chain(catch, user_task("a"), roots='<signal id="s" name="begin"/>')
    house.start(business_key="k1"), house.start(business_key="k2")
    with house.database.transaction() as session:
        assert processes.broadcast_signal(session, SYSTEM, "begin", {}, now=NOW) == 2
    assert house.waiting() == ["a", "a"]


def timer_process(definition: str, interrupting: str = "true") -> bytes:
    nodes = (
        '<startEvent id="start"/>'
        + user_task("a")
        + user_task("late")
        + '<endEvent id="end"/><endEvent id="end2"/>'
        f'<boundaryEvent id="edge" attachedToRef="a" cancelActivity="{interrupting}"><timerEventDefinition>{definition}'
        "</timerEventDefinition></boundaryEvent>"
    )
    return xml_drawing.draw(nodes, "start -> a", "a -> end", "edge -> late", "late -> end2")


def test_a_timer_is_a_row_due_in_working_days_and_fires_only_when_due(house: House) -> None:
    house.deploy(timer_process("<timeDuration>3 working days</timeDuration>"))
    house.start()
    (timer,) = house.timers()
    assert timer.due_at.astimezone(NOW.tzinfo).date().isoformat() == "2025-11-27"
    with house.database.transaction() as session:
        assert not processes.fire_timer(session, timer.id, now=timer.due_at - timedelta(seconds=1))
        assert processes.due_timers(session, timer.due_at) == [timer.id]
        assert processes.fire_timer(session, timer.id, now=timer.due_at)
    assert house.waiting() == ["late"] and house.timers() == []
    with house.database.transaction() as session:
        assert not processes.fire_timer(session, timer.id, now=timer.due_at)


def test_a_cycle_fires_its_number_of_times_and_no_more(house: House) -> None:
    house.deploy(timer_process("<timeCycle>R2/P1D</timeCycle>", "false"))
    house.start()
    for expected in (["a", "late"], ["a", "late", "late"]):
        (timer,) = house.timers()
        with house.database.transaction() as session:
            assert processes.fire_timer(session, timer.id, now=timer.due_at)
        assert house.waiting() == expected
    assert house.timers() == []


def test_nothing_moves_in_a_suspended_instance_until_it_is_resumed(house: House) -> None:
    house.deploy_chain(user_task("a"))
    instance_id = house.start()
    with house.database.transaction() as session:
        processes.suspend_instance(session, SYSTEM, instance_id, "等待核查", now=NOW)
    with pytest.raises(Conflict, match="暂停"):
        house.complete("a")
    with house.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, instance_id, "核查完毕", now=NOW)
    house.complete("a")
    assert house.instance(instance_id).status == "completed"


def test_a_terminated_instance_leaves_no_task_timer_or_subscription(house: House) -> None:
    house.deploy(timer_process("<timeDuration>P1D</timeDuration>"))
    instance_id = house.start()
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, instance_id, "规划撤销", now=NOW)
    assert house.open() == [] and house.timers() == [] and house.instance(instance_id).status == "terminated"


def test_running_instances_stay_on_their_version_and_new_ones_take_the_newest(house: House) -> None:
    house.deploy_chain(user_task("a"), user_task("b"))
    old = house.start()
    house.deploy_chain(user_task("a"), user_task("c"))
    new = house.start(business_key="b2")
    for instance_id, after in ((old, "b"), (new, "c")):
        (task,) = house.open(instance_id)
        with house.database.transaction() as session:
            tasks.complete_task(session, house.actor("jb.handler"), task.id, {"outcome": "agree"}, now=NOW)
        assert [one.element_id for one in house.open(instance_id)] == [after]
    with house.database.transaction() as session:
        assert deployments.running_instances(session, "p") == {1: 1, 2: 1}


def test_a_file_that_did_not_change_makes_no_new_version(house: House) -> None:
    house.deploy_chain(user_task("a"))
    house.deploy_chain(user_task("a"))
    with house.database.transaction() as session:
        assert [one.version for one in deployments.latest_definitions(session)] == [1]


def test_a_new_version_of_a_called_process_gives_its_callers_a_new_version_too(house: House) -> None:
    def called(task: str) -> str:
        nodes = '<startEvent id="start"/>' + user_task(task) + '<endEvent id="end"/>'
        return xml_drawing.process(nodes, f"start -> {task}", f"{task} -> end", key="sub")

    call = '<startEvent id="start"/><callActivity id="c" name="c" calledElement="sub"/><endEvent id="end"/>'
    caller = xml_drawing.process(call, "start -> c", "c -> end", key="caller")
    house.deploy(xml_drawing.file(caller), xml_drawing.file(called("a")))
    running = house.start("caller")
    house.deploy(xml_drawing.file(called("b")))
    house.start("caller", business_key="b2")
    with house.database.transaction() as session:
        pinned = {one.key: (one.version, one.called.get("sub")) for one in deployments.latest_definitions(session)}
    assert pinned == {"caller": (2, 2), "sub": (2, None)}
    assert house.waiting() == ["a", "b"] and [task.element_id for task in house.open(running)] == ["a"]
