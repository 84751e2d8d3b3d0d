"""The district's calendar keeps the dates of docs/domain.md §2.5, and the plans keep the calendar."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.demo.conftest import Filled
from workflow_service.demo import district
from workflow_service.domain.deadlines import CHINA
from workflow_service.services import audit
from workflow_service.services.business_clock import stored_moment
from workflow_service.store.database import Database
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, Meeting, Plan
from workflow_service.store.runtime import Activity, Incident, ProcessInstance, Task

MILESTONES = {
    "list_special_plans": date(2019, 10, 10),
    "report_wishes": date(2019, 10, 31),
    "finish_topics": date(2019, 11, 30),
    "special_first_drafts": date(2020, 5, 31),
    "town_first_drafts": date(2020, 8, 31),
    "special_plans_done": date(2020, 9, 30),
    "towns_to_congress": date(2020, 10, 31),
    "outline_for_comment": date(2020, 10, 31),
    "outline_to_congress": date(2020, 12, 31),
    "government_passes_specials": date(2020, 12, 31),
    "evaluation_to_government": date(2020, 12, 31),
    "evaluation_to_congress": date(2020, 12, 31),
}


@pytest.fixture(scope="module")
def demo(filled: Filled) -> Iterator[Database]:
    with filled(district.build) as database:
        yield database


def test_each_milestone_is_a_task_due_on_its_day(session: Session) -> None:
    found = {task.element_id: _day(task.due_at) for task in _milestones(session)}
    assert found == MILESTONES


def test_milestones_reached_were_reached_in_time_and_december_s_stand_open(session: Session) -> None:
    ended = {task.element_id: _day(task.ended_at) for task in _milestones(session) if task.ended_at}
    assert ended == district.REACHED
    assert all(day <= MILESTONES[milestone] for milestone, day in ended.items())
    assert {task.element_id for task in _milestones(session) if not task.ended_at} <= district.AHEAD


def test_the_clock_stands_in_the_review_phase(session: Session) -> None:
    assert stored_moment(session) == district.STANDS_AT
    assert _day(session.scalars(select(Task.created_at).order_by(Task.created_at.desc())).first()) == date(
        2020, 12, 21
    )


def test_the_list_of_special_plans_was_approved_in_october_and_the_drafts_came_by_may(
    session: Session,
) -> None:
    listed = select(Plan.registered_on).where(Plan.area == district.DISTRICT.code)
    assert set(session.scalars(listed)) == {date(2019, 10, 15)}
    drafts = _ended(session, "draft_plan", "special")
    assert len(drafts) == 10
    assert max(drafts) <= date(2020, 5, 31)


def test_special_plans_are_passed_by_the_government_in_december(session: Session) -> None:
    held = select(Meeting.held_on).where(Meeting.kind == "special_meeting", Meeting.status == "held")
    assert session.scalars(held).all() == [date(2020, 12, 10)]
    issued = select(Plan.issued_on).where(Plan.tier == "N", Plan.issued_on.is_not(None))
    assert {day.month for day in session.scalars(issued)} == {12}
    waiting = select(AgendaItem.kind).join(Meeting).where(Meeting.status == "planned")
    assert {"executive_meeting", "special_meeting"} <= set(session.scalars(waiting))


def test_town_plans_were_approved_by_their_congress_in_october_and_filed_with_the_district(
    session: Session,
) -> None:
    towns = session.scalars(select(Plan).where(Plan.level == "town").order_by(Plan.id)).all()
    assert len(towns) == 3
    for plan in towns:
        held = (
            select(Meeting)
            .join(AgendaItem)
            .where(AgendaItem.plan_id == plan.id, Meeting.kind == "people_congress")
        )
        meeting = session.scalars(held).one()
        assert (meeting.area, meeting.held_on.year, meeting.held_on.month) == (plan.area, 2020, 10)
        assert plan.issued_on is not None
    assert [bool(plan.filing_number) for plan in towns] == [True, True, False]
    assert _checker_of_filing(session) == "sq.drc"


def test_the_outline_waits_for_the_standing_committee_after_government_and_party(session: Session) -> None:
    outline = session.scalars(select(Plan).where(Plan.title == district.OUTLINE)).one()
    items = session.scalars(
        select(AgendaItem).where(AgendaItem.plan_id == outline.id).order_by(AgendaItem.id)
    ).all()
    assert [item.kind for item in items] == [
        "catalogue_list", "executive_meeting", "party_committee_meeting", "standing_committee",
    ]  # fmt: skip
    assert items[-1].status == "waiting"
    comment = session.scalars(
        select(Task.created_at).where(Task.plan_id == outline.id, Task.element_id == "give_comment")
    )
    assert {_day(moment).strftime("%Y-%m") for moment in comment} == {"2020-10"}


def test_the_outline_was_coordinated_with_the_city_before_it_went_to_the_government(session: Session) -> None:
    outline = session.scalars(select(Plan.id).where(Plan.title == district.OUTLINE)).one()
    signed = session.scalars(
        select(Task).where(Task.plan_id == outline, Task.element_id == "sign_conclusion")
    ).one()
    assert signed.candidate_groups == ["sf.drc:leader"]
    assert _day(signed.ended_at) <= date(2020, 12, 3)


def test_nothing_is_stuck_and_the_record_of_it_is_whole(session: Session) -> None:
    assert session.scalars(select(Incident.message)).all() == []
    assert audit.verify(session) == []


def test_a_place_without_an_own_row_sends_its_outline_to_the_whole_congress() -> None:
    table = b'<decisionTable><rule id="first"/></decisionTable>'
    changed = district.with_standing_committee(table, "990101").decode()
    assert changed.index("own_row") < changed.index("first")


def _milestones(session: Session) -> list[Task]:
    statement = select(Task).where(Task.process_key == district.CALENDAR)
    return list(session.scalars(statement.order_by(Task.id)))


def _ended(session: Session, element_id: str, category: str) -> list[date]:
    statement = (
        select(Activity.ended_at)
        .join(ProcessInstance, ProcessInstance.id == Activity.instance_id)
        .join(Plan, Plan.id == ProcessInstance.plan_id)
        .where(Activity.element_id == element_id, Plan.category == category)
    )
    return [_day(moment) for moment in session.scalars(statement)]


def _checker_of_filing(session: Session) -> str:
    statement = select(Unit.code).join(Task, Task.unit_id == Unit.id).join(Plan, Plan.id == Task.plan_id)
    return session.scalars(
        statement.where(Task.element_id == "check_filing", Plan.level == "town").distinct()
    ).one()


def _day(moment: datetime | None) -> date:
    assert moment is not None
    return moment.astimezone(CHINA).date()
