"""How long tokens stay, reckoned by hand."""

from datetime import date

import pytest

from workflow_service.domain.route_times import ElementTimes, Stay, element_times, percentile
from workflow_service.domain.working_calendar import WorkingCalendar

CALENDAR = WorkingCalendar.published()
MONDAY, FRIDAY = date(2025, 11, 24), date(2025, 11, 28)


def test_days_are_working_days_and_the_slowest_element_comes_first() -> None:
    stays = [
        Stay("a", MONDAY, MONDAY, 3), Stay("a", MONDAY, FRIDAY), Stay("b", FRIDAY, date(2025, 12, 1), 9),
        Stay("b", date(2025, 9, 30), date(2025, 10, 10)),
    ]  # fmt: skip
    found = element_times(stays, CALENDAR, here={"c": 2, "a": 1}, again={"a": 2}, returned={"a": 1})
    # b: nine times one working day over a weekend, once two over National Day week; a: three times none, once four
    assert found == [
        ElementTimes("b", 10, 1, 1), ElementTimes("a", 4, 0, 4, here=1, again=2, returned=1), ElementTimes("c", here=2),
    ]  # fmt: skip


def test_the_ninth_of_ten_is_the_longest_that_nine_in_ten_did_not_exceed() -> None:
    counted = dict.fromkeys(range(1, 11), 1)
    assert (percentile(counted, 50), percentile(counted, 90), percentile(counted, 100)) == (5, 9, 10)
    assert percentile({}, 50) == 0


@pytest.mark.parametrize(("median", "heat"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (10, 3), (11, 4), (99, 4)])
def test_heat_follows_the_median(median: int, heat: int) -> None:
    assert ElementTimes("a", 1, median, median).heat == heat
