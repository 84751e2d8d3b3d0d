"""The heat map of a route, from what ran."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest

from tests.people import SYSTEM
from tests.services.catalogue import CHINA
from tests.services.house import House, user_task
from workflow_service.domain.errors import Forbidden, InvalidInput, NotFound
from workflow_service.services import navigation, route_times
from workflow_service.services.navigation import ReturnAsked
from workflow_service.services.route_times import HeatAsked

MONDAY = date(2025, 11, 24)
Seen = dict[str, tuple[int, int, int, int, int, int]]


def at(house: House, day: int, hour: int = 10) -> None:
    house.now = datetime.combine(MONDAY + timedelta(days=day), time(hour), CHINA)


@pytest.fixture
def ran(house: House) -> House:
    """Two runs of draft, then sign: one took 1 and 3 working days, one was sent back once and stands at sign."""
    house.deploy_chain(user_task("draft"), user_task("sign", more='approval:returnTargets="draft"'))
    at(house, 0)
    house.start(business_key="1")
    at(house, 1)
    house.complete("draft")
    at(house, 4)
    house.complete("sign")
    at(house, 7)  # the Monday after
    house.start(business_key="2")
    at(house, 9)
    house.complete("draft")
    at(house, 10)
    task = house.open()[0]
    with house.database.transaction() as session:
        navigation.return_task(session, house.actor("jb.handler"), task.id, ReturnAsked("draft", "重写"), now=house.now)
    at(house, 11)
    house.complete("draft")
    at(house, 12)
    return house


def seen(house: House, **asked: object) -> Seen:
    with house.database.transaction() as session:
        found = route_times.heat(session, SYSTEM, HeatAsked(route="p", **asked), now=house.now)  # type: ignore[arg-type]
    assert found is not None
    return {one.element_id: (one.stayed, one.median, one.ninth, one.here, one.again, one.returned) for one in found.elements}


def test_stays_are_counted_in_working_days_with_what_came_again_and_what_stands(ran: House) -> None:
    # draft: 1, 2 and 1 days; sign: 3 days, 1 day before it was sent back; one stands there
    assert seen(ran) == {"sign": (2, 1, 3, 1, 1, 0), "draft": (3, 1, 2, 0, 1, 1)}


def test_a_span_counts_what_left_within_it(ran: House) -> None:
    first_week = {"since": MONDAY, "until": MONDAY + timedelta(days=6)}
    assert seen(ran, **first_week) == {"sign": (1, 3, 3, 0, 0, 0), "draft": (1, 1, 1, 0, 0, 0)}
    before = {"since": date(2025, 1, 1), "until": date(2025, 1, 31)}
    assert seen(ran, **before) == {}


def test_a_county_sees_its_own_runs_only(ran: House) -> None:
    with ran.database.transaction() as session:
        actor, now = ran.actor("jb.supervisor"), ran.now
        found = route_times.heat(session, actor, HeatAsked(), now=now)
        assert found is not None and (found.route, found.runs) == ("p", 2)
        refused: tuple[tuple[type[Exception], Callable[[], object]], ...] = (
            (Forbidden, lambda: route_times.heat(session, actor, HeatAsked(area="/330000/330200/330203/"), now=now)),
            (Forbidden, lambda: route_times.heat(session, ran.actor("jb.handler"), HeatAsked(), now=now)),
            (NotFound, lambda: route_times.heat(session, actor, HeatAsked(route="other"), now=now)),
            (NotFound, lambda: route_times.heat(session, actor, HeatAsked(process="other"), now=now)),
            (InvalidInput, lambda: route_times.heat(session, actor, HeatAsked(since=MONDAY, until=date(2025, 1, 1)), now=now)),
        )
        for error, ask in refused:
            with pytest.raises(error):
                ask()


def test_where_nothing_ran_there_is_nothing_to_draw(house: House) -> None:
    with house.database.transaction() as session:
        assert route_times.heat(session, SYSTEM, HeatAsked(), now=house.now) is None
