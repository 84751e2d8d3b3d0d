"""A demo's database has its own time, and moving it on lets happen what falls due."""

from datetime import datetime, timedelta

import pytest

from workflow_service import clock
from workflow_service.demo.forward import move_clock
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.errors import InvalidInput, NaiveDatetime
from workflow_service.services.business_clock import clock_of, set_clock, stored_moment
from workflow_service.store.database import Database

MOMENT = datetime(2020, 12, 21, 10, 0, tzinfo=CHINA)


def test_without_a_stored_clock_it_is_the_machine_s(database: Database) -> None:
    assert abs(clock_of(database)() - clock.now()) < timedelta(seconds=5)


def test_a_stored_clock_stands_still_until_it_is_moved_or_taken_away(database: Database) -> None:
    for moment in (MOMENT, MOMENT + timedelta(days=1)):
        with database.transaction() as session:
            set_clock(session, moment)
        now = clock_of(database)
        assert now() == now() == moment
    with database.transaction() as session:
        set_clock(session, None)
    assert clock_of(database)() > MOMENT + timedelta(days=1000)


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(NaiveDatetime), database.transaction() as session:
        set_clock(session, datetime(2020, 12, 21, 10, 0))


def test_the_clock_goes_forward_only_and_only_where_it_is_stored(database: Database) -> None:
    with pytest.raises(InvalidInput, match="没有设定的时钟"):
        move_clock(database, MOMENT)
    with database.transaction() as session:
        set_clock(session, MOMENT)
    with pytest.raises(InvalidInput, match="只能向前拨"):
        move_clock(database, MOMENT - timedelta(hours=1))
    move_clock(database, MOMENT + timedelta(days=2))
    with database.transaction() as session:
        assert stored_moment(session) == MOMENT + timedelta(days=2)
