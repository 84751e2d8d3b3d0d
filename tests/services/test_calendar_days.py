"""Supervisors keep the working calendar; deadlines count by it at once."""

from datetime import UTC, date, datetime

import pytest

from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput
from workflow_service.identity.actor import Actor
from workflow_service.services import calendar_days, calendars
from workflow_service.store.database import Database

SYSTEM = Actor.system("cli")
NOW = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)


def test_a_day_entered_as_off_moves_deadlines_that_begin_after_it_is_known(database: Database) -> None:
    with database.transaction() as session:
        before = calendars.due_at(session, "1 working days", NOW)
        calendar_days.set_days(session, SYSTEM, {date(2027, 1, 5): (False, "测试假日")}, now=NOW)
        assert calendars.due_at(session, "1 working days", NOW).day == before.day + 1
        calendar_days.forget_day(session, SYSTEM, date(2027, 1, 5), now=NOW)
        assert calendars.due_at(session, "1 working days", NOW) == before


def test_the_published_arrangement_is_shown_with_its_make_up_days(database: Database) -> None:
    with database.transaction() as session:
        shown = {one.day: one for one in calendar_days.days_of_year(session, 2025)}
    assert not shown[date(2025, 10, 1)].working and not shown[date(2025, 10, 1)].own
    assert shown[date(2025, 10, 11)].working


def test_an_estimated_year_is_provisional_until_the_notice_is_named(database: Database) -> None:
    with database.transaction() as session:
        assert calendar_days.estimate_year(session, SYSTEM, 2028, now=NOW) >= 7
        assert calendars.working_calendar(session).is_provisional(date(2028, 10, 1))
        with pytest.raises(InvalidInput):
            calendar_days.confirm_year(session, SYSTEM, 2028, " ", now=NOW)
        calendar_days.confirm_year(session, SYSTEM, 2028, "国办发明电〔2027〕7号", now=NOW)
        assert not calendars.working_calendar(session).is_provisional(date(2028, 10, 1))


def test_an_estimated_year_counts_and_its_make_up_days_are_added_when_the_notice_comes(database: Database) -> None:
    before, after = date(2027, 9, 30), datetime(2027, 9, 30, 1, 0, tzinfo=UTC)
    with database.transaction() as session:
        assert calendars.working_calendar(session).add_working_days(before, 1) == date(2027, 10, 1)
        calendar_days.estimate_year(session, SYSTEM, 2027, now=NOW)
        assert calendars.working_calendar(session).add_working_days(before, 1) == date(2027, 10, 6)
        arranged = {date(2027, 10, number): (False, "国庆节") for number in (6, 7)} | {date(2027, 10, 9): (True, "国庆节")}
        calendar_days.set_days(session, SYSTEM, arranged, now=NOW)
        calendar_days.confirm_year(session, SYSTEM, 2027, "国办发明电〔2026〕9号", now=NOW)
        calendar = calendars.working_calendar(session)
        assert [calendar.add_working_days(before, number) for number in (1, 2)] == [date(2027, 10, 8), date(2027, 10, 9)]
        assert calendar.working_days_between(before, date(2027, 10, 11)) == 3
        assert calendars.due_at(session, "2 working days", after).date() == date(2027, 10, 9)


def test_one_day_entered_does_not_make_a_year_known(database: Database) -> None:
    with database.transaction() as session:
        calendar_days.set_days(session, SYSTEM, {date(2027, 5, 3): (False, "劳动节")}, now=NOW)
        assert not calendar_days.is_settled(session, 2027)
        assert calendars.working_calendar(session).is_provisional(date(2027, 10, 1))
        assert calendar_days.estimate_year(session, SYSTEM, 2027, now=NOW) >= 7
        assert all(one.provisional for one in calendar_days.days_of_year(session, 2027))


def test_what_is_entered_in_a_confirmed_or_published_year_stands(database: Database) -> None:
    with database.transaction() as session:
        calendar_days.estimate_year(session, SYSTEM, 2028, now=NOW)
        calendar_days.confirm_year(session, SYSTEM, 2028, "国办发明电〔2027〕7号", now=NOW)
        for day in (date(2028, 10, 5), date(2026, 10, 8)):
            calendar_days.set_days(session, SYSTEM, {day: (False, "国庆节")}, now=NOW)
            assert not calendars.working_calendar(session).is_provisional(day)
        for year in (2026, 2028):
            with pytest.raises(Conflict):
                calendar_days.estimate_year(session, SYSTEM, year, now=NOW)


def test_a_year_without_a_day_is_not_confirmed_and_years_past_are_plain_weeks(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(Conflict, match="2030"):
            calendar_days.confirm_year(session, SYSTEM, 2030, "国办发明电〔2029〕7号", now=NOW)
        calendar = calendars.working_calendar(session)
        assert calendar.is_provisional(date(2018, 10, 1)) and calendar.is_working_day(date(2018, 10, 1))
        assert not calendar.is_working_day(date(2019, 10, 1))


def test_staff_do_not_change_the_calendar(database: Database) -> None:
    staff = Actor(user_id=1, name="省能源局·经办", source="web", area_paths=("/330000/",))
    with database.transaction() as session, pytest.raises(Forbidden):
        calendar_days.set_days(session, staff, {date(2027, 1, 5): (False, "")}, now=NOW)
