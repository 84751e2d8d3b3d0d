"""Forecasts of plans, from the history of their routes."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.services.catalogue import Catalogue
from workflow_service.domain.errors import Forbidden
from workflow_service.services import forecasts, ledger
from workflow_service.services.forecasts import PlanForecast
from workflow_service.store.database import Database

DAY = date(2021, 6, 30)
NOTHING = ledger.LedgerFilter()


@pytest.fixture
def made(database: Database) -> Iterator[Catalogue]:
    """Ten plans that were each in drafting for ten working days, and two in progress."""
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.drc", relation="drc")
        made.unit("nm.drc", relation="drc", area="150000", path="/150000/")
        made.person("drc.supervisor", "zj.drc", "supervisor")
        made.person("nm.supervisor", "nm.drc", "supervisor")
        made.person("drc.handler", "zj.drc")
        for number in range(10):
            made.plan(f"第{number}项规划", "zj.drc", date(2021, 3, 1 + number % 5), issued=date(2021, 3, 15 + number % 5))
        made.plan("在编规划", "zj.drc", date(2021, 6, 23), date(2021, 7, 2))
        made.plan("外省规划", "nm.drc", date(2021, 6, 23))
        yield made


def told(made: Catalogue, username: str = "drc.supervisor", day: date = DAY) -> dict[str, PlanForecast]:
    page = forecasts.forecasts(made.session, made.actor(username), NOTHING, as_of=day)
    return {one.line.title: one for one in page.rows}


def test_a_plan_takes_what_the_others_of_its_route_took(made: Catalogue) -> None:
    (found,) = told(made).values()
    assert found.forecast is not None and found.history == 10
    # since 23 June five of ten working days have passed: five are left
    assert found.forecast.likely == found.forecast.safe == date(2021, 7, 7)
    assert found.late_on == 2


def test_another_province_has_a_history_of_its_own(made: Catalogue) -> None:
    (found,) = told(made, "nm.supervisor").values()
    assert (found.history, found.forecast, found.late_on) == (0, None, 0)


def test_a_plan_whose_clock_stands_has_no_forecast(made: Catalogue) -> None:
    made.pause("在编规划", date(2021, 6, 25))
    assert told(made)["在编规划"].forecast is None


def test_a_past_day_knows_only_what_was_finished_by_then(made: Catalogue) -> None:
    found = told(made, day=date(2021, 3, 18))
    assert {one.history for one in found.values()} == {6} and all(one.forecast is None for one in found.values())


def test_former_forecasts_are_compared_with_what_came(made: Catalogue) -> None:
    actor = made.actor("drc.supervisor")
    (found,) = forecasts.qualities(made.session, actor, as_of=DAY)
    assert (found.route.value, found.finished, found.quality.made) == ("departmental_self_issue", 10, 0)
    for number in range(4):
        made.plan(f"后{number}项规划", "zj.drc", date(2021, 4, 6 + number), issued=date(2021, 4, 20 + number))
    (found,) = forecasts.qualities(made.session, actor, as_of=DAY)
    # each of the four began after the ten were issued: only on the day of its registration something was left
    assert (found.quality.made, found.quality.by_likely, found.quality.by_safe) == (4, 4, 4)


def test_forecasts_are_for_supervisors_and_leaders(made: Catalogue) -> None:
    handler = made.actor("drc.handler")
    with pytest.raises(Forbidden):
        forecasts.forecasts(made.session, handler, NOTHING, as_of=DAY)
    with pytest.raises(Forbidden):
        forecasts.qualities(made.session, handler, as_of=DAY)
