"""Deadlines that stand still while a plan waits for a meeting or an answer, and while an instance is suspended."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.catalogue import Catalogue, moment
from tests.services.house import AGREE, House, user_task
from tests.services.test_meetings import scan
from workflow_service.domain.approvals import Resubmission
from workflow_service.domain.deadlines import Light
from workflow_service.services import (
    bulletins,
    digests,
    interventions,
    late,
    ledger,
    meetings,
    navigation,
    processes,
    tasks,
)
from workflow_service.services.meetings import ItemResult
from workflow_service.services.plans import plan_facts
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.plans import Plan, PlanEvent
from workflow_service.store.runtime import Task, TaskHolder
from workflow_service.store.stage_deadlines import StageDeadline

MEETING = (
    '<message id="m" name="meeting.result" approval:correlationKey="${ask.item}"/>',
    '<serviceTask id="ask" name="ask" camunda:type="external" camunda:topic="meeting.request"/>',
    '<receiveTask id="result" name="wait" messageRef="m" approval:waiting="true"/>',
)
START, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
DEFERRED = '<exclusiveGateway id="deferred" name="deferred?"/>'
FLOWS = (
    "start -> prepare", "prepare -> ask", "ask -> result", "result -> deferred", "amend -> end",
    'deferred -> ask [result.result == "deferred"]', 'deferred -> amend [result.result != "deferred"]',
)  # fmt: skip
ANSWER = '<message id="n" name="answer"/>', '<receiveTask id="reply" name="reply" messageRef="n" approval:waiting="true"/>'
AREA, PROVINCE = "330205", "/330000/"
MONDAY = date(2025, 11, 24)
"""The Monday on which the house stands."""

THURSDAY = MONDAY + timedelta(days=3)


def day(number: int) -> date:
    """A working day so many days after the Monday (0 to 4, 7 to 11, …)."""
    return MONDAY + timedelta(days=number)


def at(house: House, number: int, hour: int = 10) -> datetime:
    house.now = moment(day(number), hour)
    return house.now


def plan_on(house: House, due: date = THURSDAY, **variables: Any) -> tuple[int, int]:
    """A plan of the catalogue, and its instance of the process `p`."""
    with house.database.transaction() as session:
        catalogue = Catalogue.again(session)
        plan = catalogue.plan("能源规划", "jb.energy", date(2025, 1, 2), due, level="county")
        seen = {"plan": plan_facts(plan), **variables}
        row = processes.start_process(
            session, SYSTEM, "p", variables=seen, business_key=str(plan.id), plan_id=plan.id, now=house.now
        )
        return plan.id, row.id


def plan_of(house: House, plan_id: int) -> Plan:
    with house.database.transaction() as session:
        return session.get_one(Plan, plan_id)


def pauses(house: House) -> list[tuple[str, date, date | None, int]]:
    with house.database.transaction() as session:
        rows = session.scalars(select(DeadlineChange).order_by(DeadlineChange.id)).all()
        return [
            (row.kind, row.started_at.date(), row.ended_at.date() if row.ended_at else None, row.working_days)
            for row in rows
        ]


def row_on(house: House, number: int) -> ledger.LedgerLine:
    with house.database.transaction() as session:
        return ledger.ledger_rows(session, SYSTEM, as_of=day(number)).rows[0]


def overdue_on(house: House, number: int) -> int:
    with house.database.transaction() as session:
        return ledger.figures(session, PROVINCE, day(number)).total.overdue


def decide(house: House, result: str) -> None:
    with house.database.transaction() as session:
        items = meetings.pool(session, AREA, "executive_meeting")
        made = meetings.plan_meeting(
            session, SYSTEM, "executive_meeting", "常务会议", AREA, house.now.date(), [one.id for one in items], now=house.now
        )
        results = {one.id: ItemResult(result) for one in items}
        meetings.enter_results(session, SYSTEM, made.id, results, minutes_attachment_id=scan(session), now=house.now)


@pytest.fixture
def meeting(house: House) -> House:
    """Prepare, wait for a meeting, amend."""
    house.deploy_chain(user_task("prepare"), *MEETING[1:], user_task("amend"), roots=MEETING[0])
    return house


def test_a_plan_that_waits_for_a_meeting_moves_its_date_by_the_working_days_that_passed(meeting: House) -> None:
    at(meeting, 0)
    plan_id, _run = plan_on(meeting, due=day(3))
    at(meeting, 1)
    meeting.complete("prepare")
    assert plan_of(meeting, plan_id).paused_for == "meeting"
    assert plan_of(meeting, plan_id).due_on == day(3)
    at(meeting, 9)
    decide(meeting, "passed")
    # from Tuesday to the Wednesday of the week after six working days passed; Thursday moved by six is a Friday
    plan = plan_of(meeting, plan_id)
    assert (plan.paused_for, plan.due_on) == ("", day(11))
    assert pauses(meeting) == [("meeting", day(1), day(9), 6)]


def test_while_it_waits_it_is_grey_everywhere_and_afterwards_late_by_the_new_date(meeting: House) -> None:
    at(meeting, 0)
    plan_on(meeting, due=day(3))
    at(meeting, 1)
    meeting.complete("prepare")
    shown_then = row_on(meeting, 8)
    assert (shown_then.days_late, overdue_on(meeting, 8)) == (0, 0)
    assert shown_then.light is not None and shown_then.light.light is Light.GREY
    assert (str(shown_then.light.words), shown_then.step) == ("等待上会", "等待上会")
    with meeting.database.transaction() as session:
        assert bulletins.fixed_figures(session, PROVINCE, day(0), day(8))["overdue"] == []
    at(meeting, 9)
    decide(meeting, "passed")
    assert [overdue_on(meeting, number) for number in (8, 11, 14)] == [0, 0, 1]
    assert row_on(meeting, 8) == shown_then  # as of that day nothing has changed
    assert row_on(meeting, 14).days_late == 1


def test_a_deferred_plan_goes_on_standing_until_the_next_meeting(house: House) -> None:
    nodes = "".join((START, user_task("prepare"), *MEETING[1:], DEFERRED, user_task("amend"), END))
    house.deploy(xml_drawing.draw(nodes, *FLOWS, roots=MEETING[0]))
    at(house, 0)
    plan_id, _run = plan_on(house, due=day(3))
    house.complete("prepare")
    at(house, 2)
    decide(house, "deferred")
    assert plan_of(house, plan_id).paused_for == "meeting"
    assert len(pauses(house)) == 1
    at(house, 7)
    decide(house, "passed")
    assert (plan_of(house, plan_id).due_on, pauses(house)[0][3]) == (day(10), 5)


def test_a_postponed_congress_session_leaves_the_plan_grey_beyond_its_date_until_the_session_is_held(meeting: House) -> None:
    """The session is put off twice, past the plan's due date: waiting for a meeting, overdue nowhere, the time given back."""
    at(meeting, 0)
    plan_id, _run = plan_on(meeting, due=day(3), body="people_congress")
    meeting.complete("prepare")
    with meeting.database.transaction() as session:
        items = [one.id for one in meetings.pool(session, AREA, "people_congress")]
        session_id = meetings.plan_meeting(
            session, SYSTEM, "people_congress", "第五次会议", AREA, day(2), items, now=meeting.now
        ).id
    for number, until in ((1, 8), (7, 14)):
        at(meeting, number)
        with meeting.database.transaction() as session:
            meetings.postpone_meeting(session, SYSTEM, session_id, day(until), "会期调整", now=meeting.now)
        shown = row_on(meeting, number)
        assert (str(shown.light and shown.light.light), str(shown.light and shown.light.words)) == ("grey", "等待上会")
        assert (shown.overdue, shown.step, overdue_on(meeting, number)) == (False, "等待上会", 0)
    at(meeting, 8)
    with meeting.database.transaction() as session:
        assert [one for one in digests.digests_at(session, meeting.now) if any(line.plan_id for line in one.own)] == []
        assert bulletins.fixed_figures(session, PROVINCE, day(0), day(8))["overdue"] == []
    at(meeting, 14)
    with meeting.database.transaction() as session:
        results = {items[0]: ItemResult("passed")}
        meetings.enter_results(session, SYSTEM, session_id, results, minutes_attachment_id=scan(session), now=meeting.now)
    assert (plan_of(meeting, plan_id).paused_for, plan_of(meeting, plan_id).due_on) == ("", day(17))
    assert pauses(meeting) == [("meeting", day(0), day(14), 10)]
    assert str(row_on(meeting, 14).light and row_on(meeting, 14).light.light) == "green"  # type: ignore[union-attr]


def test_while_somebody_has_something_to_do_the_clock_runs(house: House) -> None:
    house.deploy_chain(user_task("prepare"), *MEETING[1:], user_task("amend"), roots=MEETING[0])
    at(house, 0)
    plan_id, _run = plan_on(house)
    with house.database.transaction() as session:  # a second run of the same plan, in which somebody works
        plan = session.get_one(Plan, plan_id)
        other = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key="2", plan_id=plan_id, now=house.now
        ).id
    mine, theirs = house.open()
    complete(house, mine.id)
    assert plan_of(house, plan_id).paused_for == ""
    complete(house, theirs.id)
    assert plan_of(house, plan_id).paused_for == "meeting"
    at(house, 1)
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, other, "重复", now=house.now)
    assert plan_of(house, plan_id).paused_for == "meeting"


def complete(house: House, task_id: int) -> None:
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.handler"), task_id, AGREE, now=house.now)


def test_a_plan_that_waits_for_an_answer_stands_too(house: House) -> None:
    house.deploy_chain(ANSWER[1], user_task("amend"), roots=ANSWER[0])
    at(house, 0)
    plan_id, _run = plan_on(house)
    assert plan_of(house, plan_id).paused_for == "answer"
    shown = row_on(house, 1)
    assert shown.light is not None and str(shown.light.words) == "等待答复"
    at(house, 1)
    with house.database.transaction() as session:
        processes.deliver_message(session, SYSTEM, "answer", str(plan_id), {}, now=house.now)
    assert (plan_of(house, plan_id).paused_for, plan_of(house, plan_id).due_on) == ("", day(4))


@pytest.mark.parametrize("status", ["applied", "issued"])
def test_only_a_plan_on_its_way_has_a_clock(meeting: House, status: str) -> None:
    at(meeting, 0)
    plan_id, _run = plan_on(meeting)
    with meeting.database.transaction() as session:
        issued = day(0) if status == "issued" else None
        session.execute(update(Plan).where(Plan.id == plan_id).values(status=status, issued_on=issued))
    meeting.complete("prepare")
    at(meeting, 4)
    decide(meeting, "passed")
    assert (plan_of(meeting, plan_id).due_on, pauses(meeting)) == (day(3), [])


def test_a_pause_within_one_day_moves_nothing(meeting: House) -> None:
    at(meeting, 0, 9)
    plan_id, _run = plan_on(meeting)
    meeting.complete("prepare")
    at(meeting, 0, 15)
    decide(meeting, "passed")
    assert (plan_of(meeting, plan_id).due_on, pauses(meeting)) == (day(3), [("meeting", day(0), day(0), 0)])


def test_the_history_of_the_plan_says_how_far_and_why_the_date_moved(meeting: House) -> None:
    at(meeting, 0)
    plan_id, run = plan_on(meeting)
    meeting.complete("prepare")
    at(meeting, 2)
    decide(meeting, "passed")
    with meeting.database.transaction() as session:
        event = session.scalars(select(PlanEvent).where(PlanEvent.kind == "re_dated")).one()
    moved = {"from": "2025-11-27", "to": "2025-12-01", "paused_for": "meeting", "working_days": 2}
    assert (event.plan_id, event.instance_id, event.data) == (plan_id, run, moved)


def suspend(house: House, run: int) -> None:
    with house.database.transaction() as session:
        processes.suspend_instance(session, SYSTEM, run, "核查", now=house.now)


def resume(house: House, run: int) -> None:
    with house.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, run, "核查完毕", now=house.now)


def due_of(house: House, task_id: int) -> tuple[datetime | None, set[datetime]]:
    with house.database.transaction() as session:
        held = session.scalars(select(TaskHolder.due_at).where(TaskHolder.task_id == task_id))
        return session.get_one(Task, task_id).due_at, set(held)


def test_a_suspended_instance_stops_the_clocks_of_its_tasks_and_of_its_plan(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="2 working days"'))
    at(house, 0)
    plan_id, run = plan_on(house)
    (task,) = house.open()
    at(house, 1)
    suspend(house, run)
    assert (plan_of(house, plan_id).paused_for, house.open()[0].paused_for) == ("suspended", "suspended")
    with house.database.transaction() as session:
        assert ledger.board(session, SYSTEM, as_of=day(8)).late_tasks == ()
        assert digests.digests_at(session, moment(day(8))) == []
    grey = row_on(house, 8)
    assert grey.light is not None and (str(grey.light.light), grey.step_light) == ("grey", None)
    at(house, 8)
    resume(house, run)
    due = moment(day(9), 17, 30)  # Wednesday and the five working days that passed
    assert due_of(house, task.id) == (due, {due})
    assert plan_of(house, plan_id).due_on == day(10)
    assert sorted(pauses(house)) == [("suspended", day(1), day(8), 5)] * 2
    assert row_on(house, 7) == row_on(house, 7) and row_on(house, 7).step_due_at == moment(day(2), 17, 30)


def test_tasks_late_on_a_past_day_are_told_by_the_due_moment_of_that_day(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="1 working day"'))
    at(house, 0)
    _plan, run = plan_on(house)
    at(house, 3)
    suspend(house, run)
    at(house, 9)
    resume(house, run)

    def late(number: int) -> list[tuple[datetime, int]]:
        with house.database.transaction() as session:
            shown = ledger.board(session, SYSTEM, as_of=day(number)).late_tasks
            return [(one.due_at, one.days_late) for one in shown]

    was_due, is_due = moment(day(1), 17, 30), moment(day(7), 17, 30)
    assert late(2) == [(was_due, 1)]
    assert late(4) == late(8) == []
    assert late(9) == [(is_due, 2)]


def test_a_date_set_while_the_clock_stands_moves_by_the_working_days_since_then_only(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="2 working days"'), user_task("other"))
    at(house, 0)
    _plan, run = plan_on(house)
    (task,) = house.open()
    at(house, 1)
    suspend(house, run)
    at(house, 7)
    for due in (day(9), day(10)):  # the last one counts
        with house.database.transaction() as session:
            tasks.set_due(session, SYSTEM, task.id, moment(due, 17), "市长要求", now=house.now)
    at(house, 8)
    resume(house, run)
    assert due_of(house, task.id) == (moment(day(11), 17), {moment(day(11), 17)})
    assert ("suspended", day(1), day(8), 1) in pauses(house)
    suspend(house, run)
    at(house, 10)
    resume(house, run)
    assert due_of(house, task.id)[0] == moment(day(15), 17), "what was set before a pause moves by the whole of it"


def test_a_deadline_in_hours_moves_by_the_exact_time(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="PT4H"'))
    start = at(house, 0)
    run = house.start()
    house.now = start + timedelta(hours=1)
    suspend(house, run)
    house.now = start + timedelta(days=2)
    resume(house, run)
    (task,) = house.open()
    assert task.due_at == start + timedelta(hours=4) + timedelta(days=2) - timedelta(hours=1)


def test_ending_a_suspended_instance_ends_its_pauses(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="2 working days"'))
    at(house, 0)
    plan_id, run = plan_on(house)
    suspend(house, run)
    at(house, 1)
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, run, "撤回", now=house.now)
    assert plan_of(house, plan_id).paused_for == ""
    assert {ended for _kind, _started, ended, _days in pauses(house)} == {day(1)}


def test_a_date_set_by_hand_is_kept_with_its_reason(house: House) -> None:
    house.deploy_chain(user_task("prepare", more='approval:deadline="2 working days"'))
    at(house, 0)
    house.start()
    (task,) = house.open()
    with house.database.transaction() as session:
        tasks.set_due(session, SYSTEM, task.id, moment(day(10), 17), "补充调研", now=house.now)
    with house.database.transaction() as session:
        change = session.scalars(select(DeadlineChange)).one()
        assert (change.kind, change.reason, change.due_before, change.due_after) == (
            "by_hand", "补充调研", moment(day(2), 17, 30), moment(day(10), 17),
        )  # fmt: skip


@pytest.mark.parametrize(("chosen", "stands"), [(' approval:pausesOnReturn="true"', True), ("", False)])
def test_a_return_to_somebody_elses_court_stops_the_clocks_where_the_designer_says_so(
    house: House, chosen: str, stands: bool
) -> None:
    deadline = ' approval:stage="consultation" approval:stageDeadline="5 working days"'
    house.deploy_chain(user_task("draft", more=deadline + chosen), user_task("check", "jb.drc:planner"))
    at(house, 0)
    plan_id, run = plan_on(house, due=day(3))
    house.complete("draft")
    at(house, 1)
    with house.database.transaction() as session:
        asked = navigation.ReturnAsked("draft", "请补材料")
        task = next(one for one in house.open() if one.element_id == "check")
        navigation.return_task(session, SYSTEM, task.id, asked, now=house.now)
    assert plan_of(house, plan_id).paused_for == ("answer" if stands else "")
    assert [one.waiting for one in house.open()] == [stands]
    at(house, 4)
    with house.database.transaction() as session:
        told = [line.name for one in digests.digests_at(session, house.now) for line in one.own]
    assert bool(told) is not stands
    at(house, 8)
    house.complete("draft")
    # from Tuesday to the Tuesday after five working days passed: Thursday became the Thursday after
    assert plan_of(house, plan_id).due_on == (day(10) if stands else day(3))
    with house.database.transaction() as session:
        stage = session.scalars(select(StageDeadline).where(StageDeadline.plan_id == plan_id)).all()
    assert [one.due_at.astimezone(house.now.tzinfo).date() for one in stage] == [day(14) if stands else day(7)]
    at(house, 9)
    with house.database.transaction() as session:  # taking one's own back is no return
        done = session.scalars(select(Task).where(Task.element_id == "draft").order_by(Task.id.desc())).first()
        assert done is not None
        navigation.retrieve_task(session, house.actor("jb.handler"), done.id, now=house.now)
    assert plan_of(house, plan_id).paused_for == "" and run


@pytest.mark.parametrize(("chosen", "stands"), [(' approval:pausesOnReturn="true"', True), ("", False)])
def test_what_goes_straight_back_stops_the_clocks_of_plan_and_asking_step_where_the_designer_says_so(
    house: House, chosen: str, stands: bool
) -> None:
    checking = user_task("check", "jb.drc:supervisor", more='approval:deadline="2 working days" approval:resubmit="direct"')
    house.deploy_chain(user_task("draft", more=chosen), checking)
    at(house, 0)
    plan_id, run = plan_on(house, due=day(3))
    house.complete("draft")
    at(house, 1)
    send_straight_back(house)
    assert plan_of(house, plan_id).paused_for == ("answer" if stands else "")
    at(house, 4)
    with house.database.transaction() as session:
        board = late.late_tasks(session, "/", ledger.AsOf.of(house.now), 10, counted=100)
        told = [line.name for one in digests.digests_at(session, house.now) for line in one.own]
    assert bool(board[0]) is not stands
    assert ("draft" in told) is not stands
    suspend(house, run)  # a suspension meanwhile is no second pause, and its end no end of the first
    resume(house, run)
    assert plan_of(house, plan_id).paused_for == ("answer" if stands else "")
    at(house, 8)
    hand_in(house, "draft")
    assert plan_of(house, plan_id).paused_for == ""
    assert plan_of(house, plan_id).due_on == (day(10) if stands else day(3))
    (asking,) = house.open()
    assert asking.due_at == moment(day(9 if stands else 2), 17, 30)
    with house.database.transaction() as session:
        again = late.late_tasks(session, "/", ledger.AsOf.of(moment(day(4), 10)), 10, counted=100)
    assert [one.task_id for one in again[0]] == [one.task_id for one in board[0]], "the past shows what it showed then"


def send_straight_back(house: House) -> None:
    with house.database.transaction() as session:
        asked = navigation.ReturnAsked("draft", "请补材料", resubmission=Resubmission.DIRECT)
        task = next(one for one in house.open() if one.element_id == "check")
        navigation.return_task(session, house.actor("jb.supervisor"), task.id, asked, now=house.now)


def hand_in(house: House, element: str) -> None:
    task = next(one for one in house.open() if one.element_id == element)
    with house.database.transaction() as session:
        tasks.complete_task(session, house.actor("jb.handler"), task.id, AGREE, now=house.now)


def test_a_run_ended_and_taken_up_again_stands_again_while_it_is_with_the_earlier_handler(house: House) -> None:
    checking = user_task("check", "jb.drc:supervisor", more='approval:resubmit="direct"')
    house.deploy_chain(user_task("draft", more=' approval:pausesOnReturn="true"'), checking)
    at(house, 0)
    plan_id, run = plan_on(house, due=day(3))
    house.complete("draft")
    send_straight_back(house)
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, run, "撤回", now=house.now)
    assert plan_of(house, plan_id).paused_for == ""
    with house.database.transaction() as session:
        assert not session.scalars(select(DeadlineChange).where(DeadlineChange.ended_at.is_(None))).all()
    at(house, 1)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, run, "", "恢复办理", now=house.now)
    assert plan_of(house, plan_id).paused_for == "answer"
    at(house, 2)
    hand_in(house, "draft")
    assert plan_of(house, plan_id).paused_for == ""
    assert [one.element_id for one in house.open()] == ["check"]
