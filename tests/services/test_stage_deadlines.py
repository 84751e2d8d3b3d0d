"""Deadlines of stages and whole plans: from the diagram, the table and by hand; paused, extended, told as of any day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from tests.services.test_pauses import at, day, decide, plan_of, plan_on, resume, row_on, suspend
from tests.services.test_pauses import meeting as meeting
from tests.services.test_rhythms import delivered
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.engine.read import read_diagram
from workflow_service.engine.verify import Surroundings, check
from workflow_service.services import (
    audit,
    deployments,
    digests,
    extensions,
    interventions,
    late,
    ledger,
    processes,
    stage_clocks,
    trials,
)
from workflow_service.services.execution import Execution, locked_instance
from workflow_service.services.plans import plan_facts
from workflow_service.store import deadlines, stage_deadlines
from workflow_service.store.plans import AgendaItem, Plan, PlanEvent
from workflow_service.store.stage_deadlines import StageDeadline
from workflow_service.store.supervision import Notice

DRAFTING = 'approval:stage="consultation" approval:stageDeadline="3 working days"'


def close(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time().replace(hour=17, minute=30), CHINA)


def stages(house: House) -> list[tuple[str, str, datetime, bool]]:
    with house.database.transaction() as session:
        found = session.scalars(select(StageDeadline).order_by(StageDeadline.id)).all()
        return [(one.stage, one.rule, one.due_at.astimezone(CHINA), one.left_at is not None) for one in found]


def begin(house: House, *nodes: str) -> tuple[int, int]:
    house.deploy_chain(*(nodes or (user_task("a", more=DRAFTING), user_task("b", more='approval:stage="issue"'))))
    at(house, 0)
    return plan_on(house)


def test_the_diagram_says_until_when_a_stage_is_to_be_done_and_the_next_stage_ends_it(house: House) -> None:
    begin(house)
    assert stages(house) == [("consultation", "3 working days", close(3), False)]
    at(house, 1)
    house.complete("a")
    assert stages(house) == [("consultation", "3 working days", close(3), True)], "the next stage has no rule"


@pytest.mark.parametrize(("rule", "due"), [("3 calendar days", 3), ("2025-12-05", 11), ("6 working days", 8)])
def test_in_working_days_calendar_days_or_a_fixed_date(house: House, rule: str, due: int) -> None:
    begin(house, user_task("a", more=f'approval:stage="consultation" approval:stageDeadline="{rule}"'))
    assert stages(house)[0][2] == close(due)


def test_the_table_says_it_where_the_diagram_does_not_and_one_row_changes_it(house: House) -> None:
    content = delivered("deadlines")["deadlines.dmn"]
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "tables", {"deadlines.dmn": content}, now=house.now)
    begin(house, user_task("a", more='approval:stage="issue"'))
    assert stages(house) == [("issue", "10 working days", close(14), False)]
    head, row, rest = content.partition(b'<outputEntry id="stage_deadlines_rule_5_output_1">')
    changed = head + row + rest.replace(b"<text>10</text>", b"<text>4</text>", 1)
    assert changed != content
    house.deploy(xml_drawing.chain(user_task("a", more='approval:stage="issue"')), files={"deadlines.dmn": changed})
    plan_on(house)
    assert stages(house)[-1] == ("issue", "4 working days", close(4), False)


WHOLE = b"""<rule id="whole"><inputEntry id="w1"><text></text></inputEntry><inputEntry id="w2"><text>"plan"</text></inputEntry>
<inputEntry id="w3"><text>"key"</text></inputEntry><outputEntry id="w4"><text>%s</text></outputEntry>
<outputEntry id="w5"><text>"calendar"</text></outputEntry>%s</rule>"""


def on_its_route(house: House, due: date | None = None, importance: str = "key") -> Plan:
    """A plan goes on its route without a date, or with one that was stated."""
    with house.database.transaction() as session:
        made = Catalogue.again(session)
        plan = made.plan("能源规划", "jb.energy", date(2025, 1, 2), due, level="county", importance=importance)
        plan.route, seen = "p", {"plan": plan_facts(plan)}
        processes.start_process(session, SYSTEM, "p", variables=seen, business_key="r", plan_id=plan.id, now=house.now)
        return plan


@pytest.mark.parametrize(
    ("said", "due"), [("5 working days", day(7)), ("9 calendar days", day(9)), ("2026-06-30", date(2026, 6, 30))]
)
def test_the_diagram_says_until_when_a_whole_plan_is_to_be_issued(house: House, said: str, due: date) -> None:
    begun = f'<process id="p" approval:deadline="{said}"'.encode()
    house.deploy(xml_drawing.chain(user_task("a")).replace(b'<process id="p"', begun, 1))
    at(house, 0)
    plan = on_its_route(house)
    assert plan.due_on == due
    with house.database.transaction() as session:
        (event,) = session.scalars(select(PlanEvent).where(PlanEvent.kind == "re_dated"))
        assert event.data == {"from": None, "to": due.isoformat(), "rule": said}
        assert ledger.ledger_rows(session, SYSTEM, as_of=day(-1)).rows[0].due_on is None
        assert ledger.ledger_rows(session, SYSTEM, as_of=day(0)).rows[0].due_on == due


@pytest.mark.parametrize("dated", [False, True], ids=["days", "date"])
def test_the_table_says_it_for_a_whole_plan_where_nobody_stated_a_date(house: House, dated: bool) -> None:
    content = delivered("deadlines")["deadlines.dmn"]
    head, table, rest = content.partition(b'<decisionTable id="stage_deadlines_table"')
    column, cell = (b'<output id="stage_date" label="d" name="date" typeRef="string" />', b"") if dated else (b"", b"")
    if dated:
        rest = rest.replace(b"</rule>", b'<outputEntry><text></text></outputEntry></rule>')
        cell = b'<outputEntry id="w6"><text>"2026-03-31"</text></outputEntry>'
    rest = rest.replace(b"<rule ", column + WHOLE % (b"30", cell) + b"<rule ", 1)
    house.deploy(xml_drawing.chain(user_task("a")), files={"deadlines.dmn": head + table + rest})
    at(house, 0)
    assert on_its_route(house).due_on == (date(2026, 3, 31) if dated else date(2025, 12, 24))


def test_a_date_that_was_stated_stands_and_a_plan_that_no_row_names_has_none(house: House) -> None:
    content = delivered("deadlines")["deadlines.dmn"]
    head, table, rest = content.partition(b'<decisionTable id="stage_deadlines_table"')
    rest = rest.replace(b"<rule ", WHOLE % (b"30", b"") + b"<rule ", 1)
    house.deploy(xml_drawing.chain(user_task("a")), files={"deadlines.dmn": head + table + rest})
    at(house, 0)
    assert on_its_route(house, due=day(3)).due_on == day(3)
    assert on_its_route(house, importance="general").due_on is None


def test_the_check_names_a_deadline_of_a_whole_plan_that_cannot_be_read() -> None:
    data = xml_drawing.chain(user_task("a")).replace(b'<process id="p"', b'<process id="p" approval:deadline="soon"', 1)
    (problem,) = [one for one in check(read_diagram(data), Surroundings(forms=frozenset({"answer"}))) if one.code == "time"]
    assert problem.severity == "error" and "approval:deadline" in str(problem)


def test_it_stands_still_with_the_plan_and_moves_by_the_working_days_that_passed(house: House) -> None:
    plan_id, run = begin(house)
    at(house, 1)
    suspend(house, run)
    shown = row_on(house, 2)
    assert shown.stage_due_at == close(3) and shown.stage_light is None, "grey with the plan"
    at(house, 3)
    resume(house, run)
    assert stages(house)[0][2] == close(7), "two working days, over the weekend"
    with house.database.transaction() as session:
        (change, _who), = deadlines.changes_of(session, plan_id=plan_id, stages=True)
    assert (change.kind, change.stage, change.working_days) == ("suspended", "consultation", 2)
    assert row_on(house, 2).stage_due_at == close(3) and row_on(house, 3).stage_due_at == close(7)


def test_a_meeting_that_is_waited_for_stops_the_stage_too(meeting: House) -> None:
    at(meeting, 0)
    plan_id, _run = plan_on(meeting)
    set_due(meeting, plan_id, meeting_stage(meeting, plan_id), close(3))
    meeting.complete("prepare")
    at(meeting, 2)
    decide(meeting, "passed")
    assert stages(meeting)[0][2] == close(7)


def meeting_stage(house: House, plan_id: int) -> str:
    return plan_of(house, plan_id).stage


def set_due(house: House, plan_id: int, stage: str, due: datetime, who: str = "jb.supervisor", reason: str = "统一部署") -> None:
    with house.database.transaction() as session:
        stage_clocks.set_due(session, house.actor(who), plan_id, stage, due, reason, now=house.now)
        assert audit.verify(session) == []


def test_a_date_set_by_hand_is_kept_with_its_reason_and_a_pause_counts_from_it(house: House) -> None:
    plan_id, run = begin(house)
    at(house, 1)
    suspend(house, run)
    at(house, 2)
    set_due(house, plan_id, "consultation", close(4))
    set_due(house, plan_id, "", close(4))
    at(house, 3)
    resume(house, run)
    assert stages(house)[0][1:3] == ("by hand", close(7)) and plan_of(house, plan_id).due_on == day(7)
    with house.database.transaction() as session:
        told = [(one.kind, one.reason) for one, _who in deadlines.changes_of(session, plan_id=plan_id, stages=True)]
        plan = [(one.kind, one.reason) for one, _who in deadlines.changes_of(session, plan_id=plan_id)]
    assert ("by_hand", "统一部署") in told and ("by_hand", "统一部署") in plan


@pytest.mark.parametrize(
    ("who", "stage", "due", "reason", "error"),
    [
        ("jb.handler", "consultation", 5, "理由", Forbidden),
        ("jb.supervisor", "consultation", 5, " ", InvalidInput),
        ("jb.supervisor", "consultation", -1, "理由", InvalidInput),
        ("jb.supervisor", "issue", 5, "理由", Conflict),
        ("jb.supervisor", "nonsense", 5, "理由", Conflict),
    ],
)
def test_what_cannot_be_set_says_why(house: House, who: str, stage: str, due: int, reason: str, error: Any) -> None:
    plan_id, _run = begin(house)
    at(house, 1)
    with pytest.raises(error):
        set_due(house, plan_id, stage, close(due), who, reason)


def ask(house: House, plan_id: int, stage: str, due: datetime, who: str = "jb.handler") -> int:
    with house.database.transaction() as session:
        return extensions.ask_for_plan(session, house.actor(who), plan_id, stage, due, "等待省里数据", now=house.now).id


def answer(house: House, number: int, who: str = "jb.supervisor", **more: Any) -> None:
    with house.database.transaction() as session:
        if more.pop("refuse", False):
            extensions.refuse_extension(session, house.actor(who), number, "不予延期", now=house.now)
        else:
            extensions.grant_extension(session, house.actor(who), number, now=house.now, **more)
        assert audit.verify(session) == []


@pytest.mark.parametrize("stage", ["consultation", ""])
def test_the_lead_unit_asks_and_a_supervisor_grants_for_a_stage_and_for_a_plan(house: House, stage: str) -> None:
    plan_id, _run = begin(house)
    at(house, 1)
    number = ask(house, plan_id, stage, close(8))
    with pytest.raises(Conflict):
        ask(house, plan_id, stage, close(9))
    before = row_on(house, 1)
    at(house, 2)
    with pytest.raises(Forbidden):
        answer(house, number, "jb.handler")
    answer(house, number)
    after = row_on(house, 2)
    assert (after.stage_due_at, after.due_on) == ((close(8), before.due_on) if stage else (close(3), day(8)))
    assert row_on(house, 1) == before, "the day before knows the former date"
    with pytest.raises(Conflict):
        answer(house, number)
    with house.database.transaction() as session:
        kinds = [one.kind for one, _who in deadlines.changes_of(session, plan_id=plan_id, stages=bool(stage))]
        handler = house.structure.people["jb.handler"]
        told = session.scalars(select(Notice.subject).where(Notice.user_id == handler, Notice.kind == "extension")).all()
        moved = session.scalars(select(PlanEvent).where(PlanEvent.kind == "re_dated")).all()
    assert kinds == ["asked", "extended"] and len(told) == 1 and "同意延期" in told[0]
    assert len(moved) == (0 if stage else 1)


def test_a_refusal_leaves_the_date_and_is_kept(house: House) -> None:
    plan_id, _run = begin(house)
    at(house, 1)
    answer(house, ask(house, plan_id, "consultation", close(8)), refuse=True)
    assert stages(house)[0][2] == close(3)
    with house.database.transaction() as session:
        kinds = [one.kind for one, _who in deadlines.changes_of(session, plan_id=plan_id, stages=True)]
    assert kinds == ["asked", "refused"]
    assert ask(house, plan_id, "consultation", close(9)), "another can be asked for"


def test_a_request_for_a_stage_that_is_over_is_not_granted(house: House) -> None:
    plan_id, _run = begin(house)
    at(house, 1)
    number = ask(house, plan_id, "consultation", close(8))
    house.complete("a")
    with pytest.raises(Conflict):
        answer(house, number)


def test_of_a_past_day_the_stage_of_that_day_is_told(house: House) -> None:
    later = 'approval:stage="issue" approval:stageDeadline="2 working days"'
    begin(house, user_task("a", more=DRAFTING), user_task("b", more=later))
    at(house, 2)
    house.complete("a")
    assert (row_on(house, 1).stage.value, row_on(house, 1).stage_due_at) == ("consultation", close(3))
    late = row_on(house, 8)
    assert (late.stage.value, late.stage_due_at) == ("issue", close(4))
    assert late.stage_light is not None and late.stage_light.light.value == "red"
    with house.database.transaction() as session:
        assert [one.stage for one in stage_deadlines.all_of(session, late.plan_id)] == ["consultation", "issue"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('approval:stageDeadline="3 working days"', "stage_deadline"),
        ('approval:stage="consultation" approval:stageDeadline="soon"', "time"),
        ('approval:stage="consultation" approval:stageDeadline="${days}"', "time"),
        (DRAFTING, ""),
    ],
)
def test_the_check_names_a_deadline_that_cannot_be_read_or_has_no_stage(more: str, code: str) -> None:
    data = xml_drawing.chain(user_task("a", more=more))
    found = {one.code for one in check(read_diagram(data), Surroundings(forms=frozenset({"answer"}))) if one.severity == "error"}
    assert found == ({code} if code else set())


def test_what_a_suspension_stops_and_a_resumption_moves_is_told_before_with_the_stage(house: House) -> None:
    plan_id, run = begin(house)
    at(house, 1)
    with house.database.transaction() as session:
        stands = trials.effect_of(session, house.actor("jb.supervisor"), run, "suspend", now=house.now).stands
    assert ("征求意见", close(3)) in [(one.name, one.due_at) for one in stands]
    suspend(house, run)
    at(house, 3)
    with house.database.transaction() as session:
        moved = trials.effect_of(session, house.actor("jb.supervisor"), run, "resume", now=house.now).moved
    resume(house, run)
    told = {one.name: (one.after, one.working_days) for one in moved}
    assert told["征求意见"] == (close(7), 2) == (stages(house)[0][2], 2) and plan_id


def fork(house: House) -> tuple[int, int]:
    """Two branches in stages of their own."""
    nodes = '<startEvent id="start"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="end"/>'
    for key, stage in (("a", "consultation"), ("b", "coordination")):
        nodes += user_task(key, more=f'approval:stage="{stage}" approval:stageDeadline="5 working days"')
        nodes += user_task(f"{key}2", more=f'approval:stage="{stage}"')
    flows = ("start -> f", "f -> a", "f -> b", "a -> a2", "b -> b2", "a2 -> j", "b2 -> j", "j -> end")
    house.deploy(xml_drawing.draw(nodes, *flows))
    at(house, 0)
    return plan_on(house, due=day(21))


def test_stages_on_branches_beside_one_another_have_a_clock_each(house: House) -> None:
    plan_id, _run = fork(house)
    assert [(stage, left) for stage, _rule, _due, left in stages(house)] == [("consultation", False), ("coordination", False)]
    assert plan_of(house, plan_id).stage == "coordination"


def test_a_branch_goes_on_with_its_own_clock_and_ends_it_with_its_work(house: House) -> None:
    plan_id, _run = fork(house)
    set_due(house, plan_id, "consultation", close(9))
    at(house, 2)
    house.complete("a")
    at(house, 3)
    house.complete("b")
    now = [(stage, due, left) for stage, _rule, due, left in stages(house)]
    assert now == [("consultation", close(9), False), ("coordination", close(7), False)], "no fresh clocks"
    assert plan_of(house, plan_id).stage == "coordination", "the plan's stage does not go to and fro"
    house.complete("b2")
    assert [(stage, left) for stage, _rule, _due, left in stages(house)] == [("consultation", False), ("coordination", True)]
    assert plan_of(house, plan_id).stage == "consultation", "what has no work left is not where the plan stands"
    house.complete("a2")
    assert plan_of(house, plan_id).stage == "consultation"


def test_of_stages_beside_one_another_each_that_is_late_is_told_and_can_be_moved(house: House) -> None:
    plan_id, run = fork(house)
    set_due(house, plan_id, "consultation", close(2))
    at(house, 4)
    line = row_on(house, 4)
    assert (line.stage.value, line.due_stage.value if line.due_stage else "") == ("coordination", "consultation")
    assert line.stage_light is not None and line.stage_light.light.value == "red"
    with house.database.transaction() as session:
        told = {(one.plan_id, one.stage) for digest in digests.digests_at(session, house.now) for one in digest.own}
        board = list(late.late_stages(session, None, ledger.AsOf.of(house.now), (), 10))
    assert {(plan_id, "consultation"), (plan_id, "coordination")} <= told, "one is overdue, one is due soon"
    assert [one.plan_id for one in board] == [plan_id]
    suspend(house, run)
    at(house, 8)
    resume(house, run)
    assert [due for _stage, _rule, due, _left in stages(house)] == [close(4), close(9)], "both stood for two working days"


def test_a_stage_beside_others_whose_first_step_is_no_persons_has_a_clock_once_a_person_is_asked(house: House) -> None:
    inner = '<startEvent id="s"/><receiveTask id="r" name="r" messageRef="m"/>' + user_task("x") + '<endEvent id="t"/>'
    inner += "".join(xml_drawing.flow(one) for one in ("s -> r", "r -> x", "x -> t"))
    frame = f'<subProcess id="sub" approval:stage="coordination" approval:stageDeadline="5 working days">{inner}</subProcess>'
    nodes = '<startEvent id="start"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="end"/>' + frame
    nodes += user_task("first", more=DRAFTING) + user_task("b", more='approval:stage="review"')
    flows = ("start -> first", "first -> f", "f -> sub", "f -> b", "sub -> j", "b -> j", "j -> end")
    house.deploy(xml_drawing.draw(nodes, *flows, roots='<message id="m" name="answer"/>'))
    at(house, 0)
    plan_id, _run = plan_on(house, due=day(21))
    house.complete("first")
    at(house, 1)
    with house.database.transaction() as session:
        processes.deliver_message(session, SYSTEM, "answer", str(plan_id), {}, now=house.now)
    assert ("coordination", False) in [(stage, left) for stage, _rule, _due, left in stages(house)]


def test_behind_a_frame_one_is_in_the_stage_that_was_entered_within(house: House) -> None:
    inner = '<startEvent id="s"/>' + user_task("x", more='approval:stage="coordination" approval:stageDeadline="5 working days"')
    inner += '<endEvent id="t"/>' + "".join(xml_drawing.flow(one) for one in ("s -> x", "x -> t"))
    nodes = '<startEvent id="start"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="end"/>'
    nodes += user_task("first", more='approval:stage="drafting"') + f'<subProcess id="sub">{inner}</subProcess>' + user_task("x2")
    nodes += user_task("b", more=DRAFTING)
    flows = ("start -> first", "first -> f", "f -> sub", "f -> b", "sub -> x2", "x2 -> j", "b -> j", "j -> end")
    house.deploy(xml_drawing.draw(nodes, *flows))
    at(house, 0)
    plan_id, _run = plan_on(house, due=day(21))
    house.complete("first")
    house.complete("x")
    assert {stage for stage, _rule, _due, left in stages(house) if not left} == {"coordination", "consultation"}
    house.complete("b")
    assert plan_of(house, plan_id).stage == "coordination"


def test_a_run_in_the_stage_of_one_that_is_over_begins_a_clock_of_its_own(house: House) -> None:
    plan_id, run = begin(house, user_task("a", more='approval:stage="drafting" approval:stageDeadline="3 working days"'))
    at(house, 8)
    end(house, run)
    at(house, 9)
    house.start(business_key="k2", plan_id=plan_id)
    assert [(due, left) for _stage, _rule, due, left in stages(house)] == [(close(3), True), (close(14), False)]


def end(house: House, run: int) -> None:
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, run, "重来", now=house.now)


def test_stages_beside_the_plans_own_end_with_their_run_and_go_on_with_it(house: House) -> None:
    plan_id, run = fork(house)
    set_due(house, plan_id, "consultation", close(9))
    at(house, 1)
    end(house, run)
    assert [(stage, left) for stage, _rule, _due, left in stages(house)] == [("consultation", True), ("coordination", False)]
    at(house, 2)
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, run, "", "继续办", now=house.now)
    assert [(due, left) for _stage, _rule, due, left in stages(house)] == [(close(9), False), (close(7), False)]


def test_a_run_that_begins_in_the_stage_in_which_its_plan_stands_begins_its_clock(house: House) -> None:
    begin(house, user_task("a", more='approval:stage="drafting" approval:stageDeadline="3 working days"'))
    assert stages(house) == [("drafting", "3 working days", close(3), False)], "the catalogue had it in drafting before"


def test_a_branch_that_enters_no_stage_keeps_that_of_before(house: House) -> None:
    nodes = '<startEvent id="start"/><parallelGateway id="f"/><parallelGateway id="j"/><endEvent id="end"/>'
    nodes += user_task("first", more=DRAFTING) + user_task("a")
    nodes += user_task("b", more='approval:stage="coordination" approval:stageDeadline="5 working days"') + user_task("last")
    flows = ("start -> first", "first -> f", "f -> a", "f -> b", "a -> j", "b -> j", "j -> last", "last -> end")
    house.deploy(xml_drawing.draw(nodes, *flows))
    at(house, 0)
    plan_id, _run = plan_on(house)
    house.complete("first")
    assert [(stage, left) for stage, _rule, _due, left in stages(house)] == [("consultation", False), ("coordination", False)]
    house.complete("a")
    assert [(stage, left) for stage, _rule, _due, left in stages(house)] == [("consultation", True), ("coordination", False)]
    house.complete("b")
    assert house.waiting() == ["last"] and plan_of(house, plan_id).stage == "coordination"
    assert [left for _stage, _rule, _due, left in stages(house)] == [True, False], "the span goes on behind the join"


def test_a_stage_that_a_service_enters_ends_the_one_before(meeting: House) -> None:
    at(meeting, 0)
    plan_id, _run = plan_on(meeting)
    set_due(meeting, plan_id, "drafting", close(3))
    meeting.complete("prepare")
    with meeting.database.transaction() as session:
        found = session.scalars(select(AgendaItem)).one()
        row = locked_instance(session, found.instance_id)
        execution = Execution.thaw(session, SYSTEM, row, meeting.now)
        assert execution.plan is not None
        execution.enter_stage(execution.plan, "implementation")
    assert [(stage, left) for stage, _rule, _due, left in stages(meeting)] == [("drafting", True)]


def test_a_date_set_while_the_plan_waits_stands_still_with_it(meeting: House) -> None:
    at(meeting, 0)
    plan_id, _run = plan_on(meeting)
    meeting.complete("prepare")
    at(meeting, 1)
    set_due(meeting, plan_id, "drafting", close(3))
    at(meeting, 3)
    decide(meeting, "passed")
    assert stages(meeting)[0][2] == close(7)


def test_a_stage_left_in_a_pause_and_entered_again_is_told_as_it_was(house: House) -> None:
    plan_id, run = begin(house)
    at(house, 1)
    suspend(house, run)
    at(house, 2)
    set_due(house, plan_id, "consultation", close(8))
    with house.database.transaction() as session:
        stage_clocks.leave(session, plan_id, (), at(house, 3))
        session.flush()
        again = StageDeadline(plan_id=plan_id, stage="consultation", rule="", entered_at=at(house, 7), due_at=close(11))
        session.add(again)
    at(house, 8)
    set_due(house, plan_id, "consultation", close(14))
    with house.database.transaction() as session:
        then = {n: stage_deadlines.dues_at(session, [plan_id], at(house, n, 23))[plan_id].due_at for n in (0, 1, 2, 7, 8)}
    assert then == {0: close(3), 1: close(3), 2: close(8), 7: close(11), 8: close(14)}
