"""Agendas and lists: what is decided, for whom, and what keeps a meeting from being entered."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.people import NOW, SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.services import interventions, meetings, processes, slip_words
from workflow_service.services.files import remove_file, visible_attachment
from workflow_service.services.meetings import ItemResult
from workflow_service.services.plans import plan_facts
from workflow_service.store.plans import AgendaItem, Meeting, Plan
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Attachment, ProcessInstance

AREA = "330205"
LISTING = (
    '<message id="m" name="catalogue.decided" approval:correlationKey="${ask.item}"/>',
    '<serviceTask id="ask" name="ask" camunda:type="external" camunda:topic="catalogue.request"/>',
    '<receiveTask id="catalogue_decision" name="wait" messageRef="m"/>',
)
ROUTE = '<scriptTask id="fix" name="fix" scriptFormat="approval"><script>route = "filing"</script></scriptTask>'
REGISTER = '<serviceTask id="register" name="register" camunda:type="external" camunda:topic="plan.register"/>'


@pytest.fixture
def plans(house: House) -> list[int]:
    """Three applications that wait for the list, without codes."""
    house.deploy_chain(*LISTING[1:], ROUTE, REGISTER, roots=LISTING[0])
    with house.database.transaction() as session:
        catalogue = Catalogue.again(session)
        found = [catalogue.plan(f"规划{number}", "jb.energy", date(2025, 1, 2), level="county") for number in range(3)]
        for plan in found:
            plan.code, plan.status, plan.registered_on = None, "applied", None
            session.flush()
            processes.start_process(
                session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key=str(plan.id), plan_id=plan.id, now=NOW
            )  # fmt: skip
        return [plan.id for plan in found]


def pooled(house: House) -> dict[int | None, AgendaItem]:
    with house.database.transaction() as session:
        return {item.plan_id: item for item in meetings.pool(session, AREA, "catalogue_list")}


def planned(house: House, *items: AgendaItem) -> int:
    with house.database.transaction() as session:
        return meetings.plan_meeting(
            session, SYSTEM, "catalogue_list", "第一批清单", AREA, NOW.date(), [item.id for item in items], now=NOW
        ).id


def scan(session: Session) -> int:
    """The scanned minutes of a meeting."""
    file = Attachment(sha256="1" * 64, name="会议纪要.pdf", media_type="application/pdf", size=1, uploaded_at=NOW)
    session.add(file)
    session.flush()
    return file.id


def enter(house: House, meeting_id: int, results: dict[int, ItemResult], minutes: int | None = None) -> None:
    with house.database.transaction() as session:
        meetings.enter_results(
            session, SYSTEM, meeting_id, results, minutes_number="纪要〔2025〕1号",
            minutes_attachment_id=minutes or scan(session), now=NOW,
        )  # fmt: skip


def codes(house: House) -> dict[int, str | None]:
    with house.database.transaction() as session:
        return {plan.id: plan.code for plan in session.scalars(select(Plan))}


def test_codes_follow_the_order_of_the_list(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    order = [plans[2], plans[0], plans[1]]
    meeting = planned(house, *(pool[plan] for plan in order))
    enter(house, meeting, {item.id: ItemResult("approved") for item in pool.values()})
    given = codes(house)
    assert [str(given[plan])[-4:] for plan in order] == ["0001", "0002", "0003"]


def test_an_instance_that_was_ended_leaves_the_pool_and_holds_up_no_meeting(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    meeting = planned(house, pool[plans[0]], pool[plans[1]])
    with house.database.transaction() as session:
        for plan in (plans[1], plans[2]):
            processes.terminate_instance(session, SYSTEM, pool[plan].instance_id, "撤回申请", now=NOW)
    assert list(pooled(house)) == []
    enter(house, meeting, {pool[plans[0]].id: ItemResult("approved")})
    assert codes(house)[plans[0]] is not None
    with house.database.transaction() as session:
        statuses = {item.plan_id: item.status for item in session.scalars(select(AgendaItem))}
    assert statuses == {plans[0]: "decided", plans[1]: "withdrawn", plans[2]: "withdrawn"}


@pytest.mark.parametrize("held", [False, True])
def test_a_terminated_instance_that_is_taken_up_again_is_back_on_its_agenda_or_in_the_pool(
    house: House, plans: list[int], held: bool
) -> None:
    pool = pooled(house)
    meeting, item = planned(house, pool[plans[0]], pool[plans[1]]), pool[plans[1]]
    with house.database.transaction() as session:
        processes.terminate_instance(session, SYSTEM, item.instance_id, "撤回申请", now=NOW)
    if held:
        enter(house, meeting, {pool[plans[0]].id: ItemResult("approved")})
    with house.database.transaction() as session:
        interventions.reopen_instance(session, SYSTEM, item.instance_id, "", "恢复申请", now=NOW)
    with house.database.transaction() as session:
        again = session.get_one(AgendaItem, item.id)
        assert (again.status, again.decided_at, again.meeting_id) == ("waiting", None, None if held else meeting)
        assert session.get_one(Plan, plans[1]).status == "applied"
    last = planned(house, item) if held else meeting
    results = {item.id: ItemResult("approved")} | ({} if held else {pool[plans[0]].id: ItemResult("approved")})
    enter(house, last, results)
    assert codes(house)[plans[1]] is not None


def test_a_suspended_instance_hears_what_the_meeting_decided_when_it_goes_on(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    meeting, item = planned(house, *pool.values()), pool[plans[0]]
    with house.database.transaction() as session:
        processes.suspend_instance(session, SYSTEM, item.instance_id, "核查", now=NOW)
    enter(house, meeting, {one.id: ItemResult("approved") for one in pool.values()})
    assert [code is not None for _plan, code in sorted(codes(house).items())] == [False, True, True]
    with house.database.transaction() as session:
        processes.resume_instance(session, SYSTEM, item.instance_id, "核查完毕", now=NOW)
    assert codes(house)[plans[0]] is not None


@pytest.mark.parametrize("into", ["", "没有这样的规划", "9" * 40, "²", "self", "refused"])
def test_a_plan_is_merged_only_into_another_that_goes_on(house: House, plans: list[int], into: str) -> None:
    pool = pooled(house)
    meeting = planned(house, *pool.values())
    target = {"self": str(plans[0]), "refused": str(plans[1])}.get(into, into)
    results = {pool[plans[0]].id: ItemResult("merged", merged_into=target), pool[plans[1]].id: ItemResult("refused")}
    with pytest.raises(InvalidInput):
        enter(house, meeting, {**results, pool[plans[2]].id: ItemResult("pending")})
    with house.database.transaction() as session:
        assert session.get_one(Meeting, meeting).status == "planned"


def test_the_record_says_what_was_decided_on_each_item(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    meeting = planned(house, pool[plans[0]])
    enter(house, meeting, {pool[plans[0]].id: ItemResult("pending", "下批再议")})
    with house.database.transaction() as session:
        entered = session.scalars(select(AuditRecord).where(AuditRecord.action == "meeting.results")).one()
        delivered = session.scalars(select(AuditRecord).where(AuditRecord.action == "message.deliver")).one()
    assert entered.data["results"] == {str(pool[plans[0]].id): {"result": "pending", "note": "下批再议", "merged_into": ""}}
    assert delivered.data["payload"]["result"] == "pending"


def test_minutes_are_a_file_that_the_office_itself_uploaded(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    meeting = planned(house, pool[plans[0]])
    with house.database.transaction() as session:
        file = Attachment(
            sha256="0" * 64, name="纪要.pdf", media_type="application/pdf", size=1, uploaded_at=NOW - timedelta(days=1),
            uploaded_by=house.actor("hs.handler").user_id, plan_id=plans[1],
        )  # fmt: skip
        session.add(file)
        session.flush()
        theirs = file.id
    clerk = house.actor("jb.supervisor")
    for minutes in (None, theirs, theirs + 1000):
        with pytest.raises(InvalidInput, match="纪要"), house.database.transaction() as session:
            meetings.enter_results(
                session, clerk, meeting, {pool[plans[0]].id: ItemResult("pending")}, minutes_attachment_id=minutes, now=NOW
            )


def test_the_minutes_are_not_for_who_takes_part_from_another_government(house: House, plans: list[int]) -> None:
    """They tell of every item; a countersigner from elsewhere sees his own run and its other files."""
    pool = pooled(house)
    enter(house, planned(house, *pool.values()), {one.id: ItemResult("approved") for one in pool.values()})
    run = pool[plans[0]].instance_id
    with house.database.transaction() as session:
        session.get_one(ProcessInstance, run).started_by = house.structure.people["hs.handler"]
    with house.database.transaction() as session:
        (minutes,) = session.scalars(select(Attachment).where(Attachment.instance_id == run))
        other = Attachment(
            sha256="3" * 64, name="会签稿.pdf", media_type="application/pdf", size=1, uploaded_at=NOW, instance_id=run
        )
        session.add(other)
        session.flush()
        assert visible_attachment(session, house.actor("hs.handler"), other.id) is other
        with pytest.raises(Forbidden, match="会议纪要"):
            visible_attachment(session, house.actor("hs.handler"), minutes.id)


def test_each_run_of_the_agenda_has_the_minutes_among_its_files_and_the_scan_stands_once(house: House, plans: list[int]) -> None:
    pool = pooled(house)
    enter(house, planned(house, *pool.values()), {one.id: ItemResult("approved") for one in pool.values()})
    with house.database.transaction() as session:
        for item in pool.values():
            (file,) = session.scalars(select(Attachment).where(Attachment.instance_id == item.instance_id))
            assert (file.dossier_item, file.plan_id, file.sha256) == ("minutes", item.plan_id, "1" * 64)
            assert visible_attachment(session, house.actor("jb.supervisor"), file.id) is file
            with pytest.raises(Forbidden):
                visible_attachment(session, house.actor("hs.handler"), file.id)
            with pytest.raises(Forbidden):
                remove_file(session, house.actor("jb.supervisor"), file.id, now=NOW)


def test_each_run_says_who_entered_its_result_for_which_body(house: House, plans: list[int]) -> None:
    item = pooled(house)[plans[0]]
    meeting_id = planned(house, item)
    enter(house, meeting_id, {item.id: ItemResult("approved", "同意")})
    with house.database.transaction() as session:
        (event, _person) = slip_words.words_of(session, item.instance_id).entered[0]
        said = {name: event.data[name] for name in ("office", "body", "result", "minutes")}
    assert said == {"office": "系统", "body": "第一批清单", "result": "approved", "minutes": "纪要〔2025〕1号"}
