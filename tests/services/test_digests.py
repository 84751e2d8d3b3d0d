"""Daily urging: one digest a person with everything due, nothing to people with nothing (docs/domain.md §3.4)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.engine import xml_drawing
from tests.services.catalogue import Catalogue, moment
from tests.services.house import House
from workflow_service.domain.errors import Conflict
from workflow_service.domain.rhythms import Rhythm
from workflow_service.domain.supervision import Urgency
from workflow_service.identity.actor import Actor
from workflow_service.services import digests, notices, people, rhythms, urging
from workflow_service.services.people import PersonFacts
from workflow_service.store.database import Database
from workflow_service.store.operations import Substitution, TaskRound
from workflow_service.store.people import Membership, User
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.stage_deadlines import StageDeadline
from workflow_service.store.supervision import Delivery, Notice

SYSTEM = Actor.system("cli")
MONDAY = date(2025, 11, 24)
NINE = moment(MONDAY)


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        made.person("handler", "zj.energy")
        made.person("colleague", "zj.energy")
        made.person("leader", "zj.energy", "leader")
        made.plan("能源规划", "zj.energy", date(2025, 1, 6))
        yield made


def shown(session: Session, at: datetime = NINE) -> dict[str, list[tuple[str, int]]]:
    return {
        one.person: [(task.urgency.value, task.reading.working_days_left) for task in one.own]
        for one in digests.digests_at(session, at)
    }


def test_a_digest_tells_overdue_today_and_soon_but_not_what_is_still_green(catalogue: Catalogue) -> None:
    for day in (date(2025, 11, 21), MONDAY, date(2025, 11, 26), date(2025, 11, 27)):
        catalogue.task("能源规划", "zj.energy", moment(day, 17, 30), assignee="handler")
    assert shown(catalogue.session) == {"zj.energy·handler": [("overdue", -1), ("today", 0), ("soon", 2)]}


def test_an_unclaimed_task_is_told_to_everybody_of_its_post_and_a_taken_one_to_its_holder(catalogue: Catalogue) -> None:
    catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    assert [one.user_id for one in digests.digests_at(catalogue.session, NINE)] == [
        catalogue.people["handler"].id, catalogue.people["colleague"].id,
    ]  # fmt: skip


def test_nobody_is_written_to_about_nothing_paused_finished_or_suspended_work(catalogue: Catalogue) -> None:
    catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30), waiting=True)
    catalogue.task("能源规划", "zj.energy", None)
    stopped = catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    catalogue.session.execute(
        update(ProcessInstance).where(ProcessInstance.id == stopped.instance_id).values(status="suspended")
    )
    assert shown(catalogue.session) == {}


def test_who_left_the_post_or_was_deactivated_gets_nothing(catalogue: Catalogue) -> None:
    catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    session, people = catalogue.session, catalogue.people
    session.execute(update(User).where(User.id == people["colleague"].id).values(active=False))
    session.execute(update(Membership).where(Membership.user_id == people["handler"].id).values(until=MONDAY))
    assert shown(session) == {}


@pytest.mark.parametrize(("due", "told"), [(date(2025, 11, 20), 0), (date(2025, 11, 19), 1), (date(2025, 11, 3), 1)])
def test_from_the_third_working_day_overdue_the_superior_hears_of_it(catalogue: Catalogue, due: date, told: int) -> None:
    catalogue.task("能源规划", "zj.energy", moment(due, 17, 30), assignee="handler")
    below = [one for one in digests.digests_at(catalogue.session, NINE) if one.below]
    assert [one.user_id for one in below] == [catalogue.people["leader"].id] * told


def test_a_superior_who_holds_the_task_himself_is_told_once(catalogue: Catalogue) -> None:
    catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 3), 17, 30), assignee="leader")
    (digest,) = digests.digests_at(catalogue.session, NINE)
    assert len(digest.own) == 1 and digest.below == []
    assert digest.count(Urgency.OVERDUE) == 1


def spans(session: Session, at: datetime = NINE) -> dict[str, list[tuple[str, str, str]]]:
    """Of each person what is said of plans and stages, own and below."""
    return {
        f"{one.person} {where}": [(str(line.name), str(line.reading.words), line.for_whom) for line in lines if line.plan_id]
        for one in digests.digests_at(session, at)
        for where, lines in (("own", one.own), ("below", one.below))
        if any(line.plan_id for line in lines)
    }


def enter(catalogue: Catalogue, due_at: datetime) -> Plan:
    """The plan's stage has a deadline; its final date is far."""
    plan = catalogue.plans["能源规划"]
    plan.stage, plan.due_on = "drafting", date(2026, 6, 30)
    catalogue.session.add(
        StageDeadline(plan_id=plan.id, stage="drafting", rule="x", entered_at=moment(date(2025, 10, 9)), due_at=due_at)
    )
    catalogue.session.flush()
    return plan


def test_a_late_stage_is_told_to_the_lead_unit_and_after_three_days_to_its_leader(catalogue: Catalogue) -> None:
    enter(catalogue, moment(date(2025, 11, 20), 17, 30))
    line = ("“起草”阶段", "逾期 2 个工作日", "")
    own = {"zj.energy·handler own": [line]}
    assert spans(catalogue.session) == own
    line = ("“起草”阶段", "逾期 3 个工作日", "")
    tuesday = moment(date(2025, 11, 25))
    assert spans(catalogue.session, tuesday) == {"zj.energy·handler own": [line], "zj.energy·leader below": [line]}
    found = [one for one in digests.digests_at(catalogue.session, NINE) if one.own]
    assert len(found) == 2, "handler and colleague"
    assert {digests.notice_of(one, MONDAY).link for one in found} == {f"/plans/{catalogue.plans['能源规划'].id}"}


def test_a_late_plan_whose_tasks_are_in_time_is_told_and_one_that_waits_or_is_issued_is_not(catalogue: Catalogue) -> None:
    plan = catalogue.plans["能源规划"]
    catalogue.task("能源规划", "zj.energy", moment(date(2025, 12, 19), 17, 30), assignee="handler")
    for due, words in ((date(2025, 11, 21), "逾期 1 个工作日"), (MONDAY, "今天到期"), (date(2025, 11, 26), "还剩 2 个工作日")):
        plan.due_on = due
        catalogue.session.flush()
        assert spans(catalogue.session) == {"zj.energy·handler own": [("规划印发", words, "")]}
    plan.due_on = date(2025, 11, 27)
    catalogue.session.flush()
    assert spans(catalogue.session) == {}, "green"
    plan.due_on = date(2025, 11, 21)
    for changed in ({"paused_for": "meeting"}, {"paused_for": "", "issued_on": MONDAY}):
        for name, value in changed.items():
            setattr(plan, name, value)
        catalogue.session.flush()
        assert spans(catalogue.session) == {}


def test_lines_of_tasks_stages_and_plans_stand_in_one_order_of_urgency(catalogue: Catalogue) -> None:
    enter(catalogue, moment(date(2025, 11, 20), 17, 30))
    for day in (date(2025, 11, 19), MONDAY):
        catalogue.task("能源规划", "zj.energy", moment(day, 17, 30), assignee="handler")
    digest = next(one for one in digests.digests_at(catalogue.session, NINE) if one.user_id == catalogue.people["handler"].id)
    assert [bool(line.task_id) for line in digest.own] == [True, False, True]
    notice = digests.notice_of(digest, MONDAY)
    assert notice.subject == "待办提醒：已逾期 2 项，今天到期 1 项"
    assert notice.link == "/tasks"
    assert [one["name"] for one in notice.body["lines"]][1] == "“起草”阶段"


def test_what_is_shown_beforehand_is_exactly_what_the_run_writes(catalogue: Catalogue, database: Database) -> None:
    for number in range(5):
        catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 20 + number), 17, 30), assignee="handler")
        catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 20 + number), 17, 30))
    session = catalogue.session
    before = [digests.notice_of(one, MONDAY) for one in digests.digests_at(session, NINE)]
    rhythms.activate(session, SYSTEM, rhythms=[Rhythm.DAILY], now=moment(date(2025, 11, 1)))
    session.commit()
    rhythms.run_due(database, now=moment(MONDAY, 9, 3))
    rhythms.run_due(database, now=moment(MONDAY, 9, 4))
    with database.transaction() as other:
        written = other.scalars(select(Notice).order_by(Notice.user_id)).all()
        assert [(one.user_id, one.kind, one.subject, one.dedup_key, one.body) for one in written] == [
            (one.user_id, "digest", one.subject, "daily:2025-11-24", {"text": one.text, **one.body}) for one in before
        ]  # fmt: skip


def test_many_people_are_written_to_in_chunks_each_once(
    catalogue: Catalogue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "PEOPLE_A_CHUNK", 2)
    for number in range(5):
        catalogue.person(f"person{number}", "zj.energy")
    catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    rhythms.activate(catalogue.session, SYSTEM, rhythms=[Rhythm.DAILY], now=moment(date(2025, 11, 1)))
    catalogue.session.commit()
    rhythms.run_due(database, now=NINE)
    with database.transaction() as session:
        assert len(session.scalars(select(Notice)).all()) == 7


def test_a_digest_is_worded_in_the_language_of_its_reader(catalogue: Catalogue) -> None:
    catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30), assignee="handler")
    (digest,) = digests.digests_at(catalogue.session, NINE)
    assert digests.notice_of(digest, MONDAY).subject == "待办提醒：今天到期 1 项"
    digest.language = "en"
    assert digests.notice_of(digest, MONDAY).subject == "Tasks waiting: 1 due today"


def test_a_notice_goes_out_by_e_mail_once_mail_is_wired_under_an_id_that_stays(catalogue: Catalogue) -> None:
    session, user = catalogue.session, catalogue.people["handler"]
    one = notices.NewNotice(user_id=user.id, kind="task", subject="请办理", dedup_key="a")
    notices.post_notices(session, [one], now=NINE)
    notices.wire_channels(session, {"email": {"domain": "plans.example"}}, now=NINE)
    other = notices.NewNotice(user_id=user.id, kind="task", subject="请办理", dedup_key="b")
    assert notices.post_notices(session, [one, other], now=NINE) == 1
    (delivery,) = session.scalars(select(Delivery)).all()
    assert delivery.message_id == f"<notice-{delivery.notice_id}@plans.example>"
    assert (delivery.channel, delivery.address, delivery.status) == ("email", "handler@example.invalid", "pending")


def test_a_push_reaches_everybody_before_whom_the_task_lies_once_an_hour(catalogue: Catalogue) -> None:
    task = catalogue.task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    assert urging.urge_task(catalogue.session, SYSTEM, task.id, "请今天办结", now=NINE) == 2
    with pytest.raises(Conflict):
        urging.urge_task(catalogue.session, SYSTEM, task.id, "再次", now=NINE + timedelta(minutes=59))
    assert urging.urge_task(catalogue.session, SYSTEM, task.id, "再次", now=NINE + timedelta(minutes=61)) == 2


@pytest.mark.parametrize(
    ("urging", "day", "due", "told"),
    [
        ("none", MONDAY, MONDAY, 0),
        ("weekly", MONDAY, date(2025, 11, 25), 1),
        ("weekly", date(2025, 11, 25), date(2025, 11, 26), 0),
        ("weekly", date(2025, 11, 25), date(2025, 11, 25), 1),
        ("daily", date(2025, 11, 25), date(2025, 11, 26), 1),
    ],
)
def test_how_often_a_task_is_urged_before_it_is_due_is_what_the_deadline_table_says(
    catalogue: Catalogue, urging: str, day: date, due: date, told: int
) -> None:
    task = catalogue.task("能源规划", "zj.energy", moment(due, 17, 30), assignee="handler")
    task.urging = urging
    catalogue.session.flush()
    assert len(digests.digests_at(catalogue.session, moment(day))) == told


def test_what_lies_with_the_superior_himself_climbs_to_the_one_above(catalogue: Catalogue) -> None:
    session = catalogue.session
    catalogue.unit("zj")
    catalogue.person("governor", "zj", "leader")
    catalogue.units["zj.energy"].parent_id = catalogue.units["zj"].id
    session.flush()
    catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 3), 17, 30), assignee="leader")
    catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 4), 17, 30), assignee="handler")
    found = {one.user_id: one for one in digests.digests_at(session, NINE)}
    leader, governor = (found[catalogue.people[name].id] for name in ("leader", "governor"))
    assert (len(leader.own), len(leader.below)) == (1, 1)
    assert [task.due_at.astimezone(NINE.tzinfo).day for task in governor.below] == [3] and governor.own == []


def test_the_superior_s_substitute_hears_of_it_too_and_for_whom(catalogue: Catalogue) -> None:
    session, people = catalogue.session, catalogue.people
    deputy = catalogue.person("deputy", "zj.energy", "registry")
    session.add(Substitution(
        principal_id=people["leader"].id, substitute_id=deputy.id, since=MONDAY, until=date(2025, 12, 1), processes=[],
        may_decide=False, created_at=NINE, given_on=MONDAY,
    ))  # fmt: skip
    session.flush()
    catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 3), 17, 30), assignee="handler")
    found = {one.user_id: one for one in digests.digests_at(session, NINE)}
    assert [task.for_whom for task in found[deputy.id].below] == ["zj.energy·leader"]
    assert [task.for_whom for task in found[people["leader"].id].below] == [""]
    assert deputy.id not in {one.user_id for one in digests.digests_at(session, moment(date(2025, 12, 1)))}


def test_what_a_leader_ordered_climbs_though_its_run_is_over(catalogue: Catalogue) -> None:
    session = catalogue.session
    ordered = catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 3), 17, 30), assignee="handler")
    other = catalogue.task("能源规划", "zj.energy", moment(date(2025, 11, 3), 17, 30), assignee="handler")
    made = TaskRound(
        task_id=other.id, instance_id=ordered.instance_id, relation="instruct", mode="parallel", blocking=False, people=[],
        created_at=NINE,
    )  # fmt: skip
    session.add(made)
    session.flush()
    ordered.round_id = made.id
    session.execute(
        update(ProcessInstance).where(ProcessInstance.id.in_([ordered.instance_id, other.instance_id])).values(status="completed")
    )
    session.flush()
    found = {one.user_id: one for one in digests.digests_at(session, NINE)}
    assert [task.task_id for task in found[catalogue.people["handler"].id].own] == [ordered.id]
    assert [task.task_id for task in found[catalogue.people["leader"].id].below] == [ordered.id]


def test_a_digest_lists_the_most_urgent_first(catalogue: Catalogue) -> None:
    for day in (date(2025, 11, 26), MONDAY, date(2025, 11, 17), date(2025, 11, 21)):
        catalogue.task("能源规划", "zj.energy", moment(day, 17, 30), assignee="handler")
    own = next(one for one in digests.digests_at(catalogue.session, NINE) if one.own).own
    assert [task.urgency for task in own] == [Urgency.OVERDUE, Urgency.OVERDUE, Urgency.TODAY, Urgency.SOON]
    assert [task.reading.working_days_left for task in own] == [-5, -1, 0, 2]


def test_the_superior_hears_of_what_was_asked_of_a_person_by_name(house: House) -> None:
    with house.database.transaction() as session:
        people.add_person(
            session, SYSTEM, PersonFacts(username="energy.leader", name="局长"), [("jb.energy", "leader")], now=house.now
        )
    named = '<userTask id="{0}" name="{0}" camunda:formKey="answer" camunda:{1} approval:deadline="1 working day"/>'
    split = '<parallelGateway id="split"/>'
    tasks = named.format("alone", 'assignee="jb.handler"'), named.format("of", 'candidateUsers="jb.handler"')
    nodes = ['<startEvent id="start"/>', split, *tasks, '<endEvent id="end"/>']
    flows = "start -> split", "split -> alone", "split -> of", "alone -> end", "of -> end"
    house.deploy(xml_drawing.draw("".join(nodes), *flows))
    house.start()
    assert [one.unit_id for one in house.open()] == [house.structure.units["jb.energy"]] * 2
    with house.database.transaction() as session:
        told = {one.person: len(one.below) for one in digests.digests_at(session, house.now + timedelta(days=14)) if one.below}
    assert told == {"局长": 2}
