"""Supervisors keep the working calendar; deadlines count by it at once."""

from datetime import UTC, date, datetime

import pytest

from workflow_service.domain.errors import Forbidden, InvalidInput
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


def test_staff_do_not_change_the_calendar(database: Database) -> None:
    staff = Actor(user_id=1, name="省能源局·经办", source="web", area_paths=("/330000/",))
    with database.transaction() as session, pytest.raises(Forbidden):
        calendar_days.set_days(session, staff, {date(2027, 1, 5): (False, "")}, now=NOW)
