"""A timer at a task's edge and the task's time-out go with the task's own clock: calendar, suspension, later dates."""

from datetime import date, datetime, timedelta

import pytest

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.catalogue import moment
from tests.services.house import House, user_task
from tests.services.test_pauses import at, day, resume, suspend
from tests.services.test_rhythms import delivered
from workflow_service.services import (
    calendar_days,
    calendars,
    deployments,
    extensions,
    interventions,
    processes,
    tasks,
    timeouts,
    trials,
)
from workflow_service.services.calendar_effects import Effect, effect_of

CONSULTATION = ("consultation", "consultation_request", "consultation_opinion", "opinion_summary", "objection_statement")
DUE, TIMEOUT = 'approval:deadline="5 working days"', 'approval:timeout="{}" approval:timeoutAction="remind"'


def edge(name: str, rule: str, kind: str = "timeDuration") -> tuple[str, ...]:
    """A timer at the edge of `fill` and what follows."""
    event = f"<timerEventDefinition><{kind}>{rule}</{kind}></timerEventDefinition>"
    return (
        f'<boundaryEvent id="{name}" attachedToRef="fill" cancelActivity="false">{event}</boundaryEvent>',
        user_task(f"after_{name}"), f'<endEvent id="end_{name}"/>',
    )  # fmt: skip


def drawn(house: House, task: str, *edges: tuple[str, ...]) -> int:
    """A run of one task `fill` with timers at its edge."""
    nodes = ['<startEvent id="start"/>', task, '<endEvent id="end"/>', *(node for one in edges for node in one)]
    flows = ["start -> fill", "fill -> end"]
    for name in (one[0].split('"')[1] for one in edges):
        flows += [f"{name} -> after_{name}", f"after_{name} -> end_{name}"]
    house.deploy(xml_drawing.draw("".join(nodes), *flows))
    return house.start()


def timer_dues(house: House) -> dict[str, datetime]:
    return {one.element_id: one.due_at for one in house.timers()}


def task_due(house: House) -> datetime:
    due = house.open()[0].due_at
    assert due is not None
    return due


def change_calendar(house: House, off: date) -> Effect:
    days = {off: (False, "测试假日")}
    with house.database.transaction() as session:
        told = effect_of(session, days, now=house.now)
        calendar_days.set_days(session, SYSTEM, days, now=house.now, move=True)
    return told


@pytest.fixture
def consultation(house: House) -> House:
    """Two offices are asked for their opinion in ten working days; then their silence counts as none."""
    with house.database.transaction() as session:
        calendars.forget(session)
        deployments.deploy_files(session, SYSTEM, "office", delivered(*CONSULTATION, "deadlines"), now=house.now)
    units = {"plan": {"lead_unit": "jb.energy"}}
    at(house, 0)
    with house.database.transaction() as session:
        processes.start_process(
            session, SYSTEM, "consultation", variables=units, business_key="c1", area_path="/330000/", now=house.now
        )
    house.complete("prepare_consultation", {"outcome": "submit", "units": ["jb.energy", "jb.drc"]})
    return house


def test_a_consultation_s_silence_comes_when_the_offices_have_had_their_time(consultation: House) -> None:
    assert {one.due_at for one in consultation.open()} == {moment(day(14), 17, 30)} == set(timer_dues(consultation).values())
    told = change_calendar(consultation, day(3))
    later = moment(day(15), 17, 30)
    assert {one.due_at for one in consultation.open()} == {later} == set(timer_dues(consultation).values())
    assert [(one.before, one.after) for one in told.timers] == [(moment(day(14), 17, 30), later)]
    (run,) = {one.instance_id for one in consultation.open()}
    at(consultation, 4)
    suspend(consultation, run)
    at(consultation, 25)
    with consultation.database.transaction() as session:
        assert trials.effect_of(session, SYSTEM, run, "resume", now=consultation.now).timers == ()
    resume(consultation, run)
    assert {one.due_at for one in consultation.open()} == {moment(day(36), 17, 30)} == set(timer_dues(consultation).values())


def test_an_office_that_was_given_a_later_date_is_silent_only_then(consultation: House) -> None:
    task = consultation.open()[1]
    later = moment(day(21), 17, 30)
    with consultation.database.transaction() as session:
        tasks.set_due(session, SYSTEM, task.id, later, "需要集体研究。", now=consultation.now)
    assert set(timer_dues(consultation).values()) == {later}
    assert sorted(one.due_at for one in consultation.open() if one.due_at) == [moment(day(14), 17, 30), later]


def test_a_granted_extension_takes_timers_and_time_out_with_it(house: House) -> None:
    at(house, 0)
    fixed = moment(day(10)).isoformat()
    edges = edge("due", "5 working days"), edge("late", "7 working days"), edge("ordered", fixed, "timeDate")
    drawn(house, user_task("fill", more=f"{DUE} {TIMEOUT.format('6 working days')}"), *edges)
    task = house.open()[0]
    with house.database.transaction() as session:
        asked = extensions.ask_for_extension(
            session, house.actor("jb.handler"), task.id, moment(day(9), 17, 30), "等数据。", now=house.now
        )
        extensions.grant_extension(session, house.actor("jb.supervisor"), asked.id, now=house.now)
    assert timer_dues(house) == {
        "due": moment(day(9), 17, 30), "late": moment(day(11), 17, 30), "ordered": moment(day(10))
    }  # fmt: skip
    assert house.open()[0].timeout_at == moment(day(10), 17, 30)


def test_a_date_set_by_hand_earlier_takes_what_is_due_with_the_task_and_nothing_else(house: House) -> None:
    at(house, 0)
    edges = edge("due", "5 working days"), edge("late", "P9D")
    drawn(house, user_task("fill", more=f"{DUE} {TIMEOUT.format('5 working days')}"), *edges)
    task, late = house.open()[0], timer_dues(house)["late"]
    with house.database.transaction() as session:
        tasks.set_due(session, SYSTEM, task.id, moment(day(2), 17), "提前。", now=house.now)
    assert timer_dues(house) == {"due": moment(day(2), 17), "late": late}
    assert house.open()[0].timeout_at == moment(day(2), 17)
    with house.database.transaction() as session:
        tasks.set_due(session, SYSTEM, task.id, None, "不限时。", now=house.now)
    assert timer_dues(house) == {"due": moment(day(2), 17), "late": late}


def test_a_calendar_change_moves_timers_and_time_outs_by_their_own_rules_beside_their_task(house: House) -> None:
    at(house, 0)
    with house.database.transaction() as session:
        calendars.forget(session)
    edges = edge("late", "7 working days"), edge("hours", "P7D"), edge("ordered", moment(day(8)).isoformat(), "timeDate")
    drawn(house, user_task("fill", more=f"{DUE} {TIMEOUT.format('6 working days')}"), *edges)
    hours = timer_dues(house)["hours"]
    change_calendar(house, day(2))
    assert task_due(house) == moment(day(8), 17, 30)
    assert timer_dues(house) == {"late": moment(day(10), 17, 30), "hours": hours, "ordered": moment(day(8))}
    assert house.open()[0].timeout_at == moment(day(9), 17, 30)


def test_what_went_with_a_task_to_a_date_set_by_hand_stands_there_when_the_calendar_changes(house: House) -> None:
    at(house, 0)
    with house.database.transaction() as session:
        calendars.forget(session)
    drawn(house, user_task("fill", more=f"{DUE} {TIMEOUT.format('5 working days')}"), edge("due", "5 working days"))
    ordered = moment(day(9), 17, 30)
    with house.database.transaction() as session:
        tasks.set_due(session, SYSTEM, house.open()[0].id, ordered, "延期。", now=house.now)
    change_calendar(house, day(2))
    assert task_due(house) == timer_dues(house)["due"] == house.open()[0].timeout_at == ordered


def test_a_pause_moves_timers_in_days_and_hours_and_leaves_ordered_dates(house: House) -> None:
    start = at(house, 0)
    edges = edge("late", "7 working days"), edge("hours", "PT100H"), edge("ordered", moment(day(9)).isoformat(), "timeDate")
    run = drawn(house, user_task("fill"), *edges)
    at(house, 1)
    suspend(house, run)
    at(house, 8)
    with house.database.transaction() as session:
        assert trials.effect_of(session, SYSTEM, run, "resume", now=house.now).timers == ()
    resume(house, run)
    assert timer_dues(house) == {
        "late": moment(day(16), 17, 30), "hours": start + timedelta(hours=100, days=7), "ordered": moment(day(9))
    }  # fmt: skip
    with house.database.transaction() as session:
        assert not timeouts.due_timeouts(session, house.now) and not processes.due_timers(session, house.now)


def test_a_run_that_is_taken_up_again_has_timer_and_task_at_the_date_set_by_hand(house: House) -> None:
    at(house, 0)
    run = drawn(house, user_task("fill", more=DUE), edge("due", "5 working days"))
    ordered = moment(day(21), 17, 30)
    with house.database.transaction() as session:
        tasks.set_due(session, SYSTEM, house.open()[0].id, ordered, "延期。", now=house.now)
        processes.terminate_instance(session, SYSTEM, run, "误办。", now=house.now)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, run, "", "继续办理。", now=house.now)
    assert task_due(house) == timer_dues(house)["due"] == ordered
