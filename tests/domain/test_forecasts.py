"""Forecasts from a history small enough to be reckoned by hand."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from workflow_service.domain.forecasts import (
    LEAST_HISTORY,
    Forecast,
    Passage,
    Quality,
    Standing,
    backtest,
    forecast,
    ranked,
)
from workflow_service.domain.plans import Stage
from workflow_service.domain.working_calendar import WorkingCalendar

CALENDAR = WorkingCalendar.published()
MONDAY = date(2025, 11, 24)
"""No holiday in the weeks around it."""

Times = Mapping[Stage, int]


def told(history: list[Times], stage: Stage, since: date, day: date = MONDAY, **more: int) -> Forecast | None:
    return forecast(history, Standing(stage, since), day, CALENDAR, seed="1", **more)


def after(days: int, day: date = MONDAY) -> date:
    return CALENDAR.add_working_days(day, days)


def test_a_route_that_always_takes_as_long_gives_one_date() -> None:
    history = [{Stage.DRAFTING: 10, Stage.COORDINATION: 5, Stage.APPROVAL: 3, Stage.ISSUE: 2}] * 10
    # in drafting for 4 of 10 days: 6 are left, then 5 + 3 + 2
    assert told(history, Stage.DRAFTING, after(-4)) == Forecast(after(16), after(16), 10)
    assert told(history, Stage.APPROVAL, MONDAY) == Forecast(after(5), after(5), 10)


def test_half_of_the_draws_end_by_the_likely_date_and_nine_in_ten_by_the_safe_one() -> None:
    history = [{Stage.ISSUE: days} for days in (1, 2, 3, 4, 5, 6, 7, 8, 20)]
    found = told(history, Stage.ISSUE, MONDAY, draws=20_000)
    # of nine equal chances the fifth makes more than half, and only all nine make nine tenths
    assert found == Forecast(after(5), after(20), 9)


def test_stages_are_drawn_apart() -> None:
    history = [{Stage.APPROVAL: one, Stage.ISSUE: other} for one, other in ((0, 10), (10, 0)) for _each in range(4)]
    found = told(history, Stage.APPROVAL, MONDAY, draws=20_000)
    # together always 10, apart 0, 10, 10 or 20 with a quarter each
    assert found == Forecast(after(10), after(20), 8)


def test_what_has_lasted_longer_is_compared_with_what_lasted_as_long() -> None:
    history = [{Stage.ISSUE: days} for days in (2, 2, 2, 2, 12, 12, 12, 12)]
    found = told(history, Stage.ISSUE, after(-5))
    assert found == Forecast(after(7), after(7), 8)


def test_what_has_lasted_longer_than_ever_is_taken_to_end_now_and_says_so() -> None:
    history = [{Stage.APPROVAL: 3, Stage.ISSUE: 2}] * 8
    assert told(history, Stage.APPROVAL, after(-9)) == Forecast(after(2), after(2), 8, beyond=True)


def test_a_stage_that_some_skipped_counts_none_for_these() -> None:
    history: list[Times] = [{Stage.ISSUE: 1}] * 5 + [{Stage.REVIEW: 20, Stage.ISSUE: 1}] * 5
    found = told(history, Stage.COORDINATION, MONDAY, draws=20_000)
    assert found is not None and found.safe == after(21) and found.likely in (after(1), after(21))


def test_dates_are_working_days() -> None:
    national_day = date(2025, 9, 30)
    history = [{Stage.ISSUE: 0}] * 8
    saturday = date(2025, 11, 29)
    assert told(history, Stage.ISSUE, saturday, day=saturday) == Forecast(date(2025, 12, 1), date(2025, 12, 1), 8)
    found = told([{Stage.ISSUE: 1}] * 8, Stage.ISSUE, national_day, day=national_day)
    assert found is not None and found.likely == date(2025, 10, 9)


@pytest.mark.parametrize("stage", [Stage.FILING, Stage.IMPLEMENTATION, Stage.CLOSED])
def test_past_its_issue_nothing_is_forecast(stage: Stage) -> None:
    assert told([{Stage.ISSUE: 1}] * 10, stage, MONDAY) is None


def test_too_short_a_history_gives_none() -> None:
    history = [{Stage.ISSUE: 1}] * LEAST_HISTORY
    assert told(history, Stage.ISSUE, MONDAY) is not None
    assert told(history[1:], Stage.ISSUE, MONDAY) is None


def test_the_same_question_has_the_same_answer() -> None:
    history = [{Stage.DRAFTING: days, Stage.ISSUE: 40 - days} for days in range(20)]
    assert told(history, Stage.DRAFTING, MONDAY) == told(history, Stage.DRAFTING, MONDAY)


def test_times_of_a_plan_that_came_back_add_up_over_the_working_days() -> None:
    plan = Passage(
        ((Stage.DRAFTING, date(2025, 11, 3)), (Stage.APPROVAL, date(2025, 11, 10)), (Stage.DRAFTING, date(2025, 11, 12)),
         (Stage.APPROVAL, date(2025, 11, 14))), date(2025, 11, 17),
    )  # fmt: skip
    assert plan.times(CALENDAR) == {Stage.DRAFTING: 5 + 2, Stage.APPROVAL: 2 + 1}


def test_the_rank_of_a_share_is_a_value_that_occurred() -> None:
    assert [ranked([1, 2, 3, 4], share) for share in (1, 25, 26, 50, 90, 100)] == [1, 1, 2, 2, 4, 4]


def finished(number: int, days: int) -> Passage:
    """A plan that began in a week of its own and was issued after so many working days."""
    begun = date(2025, 1, 6) + timedelta(weeks=number)
    return Passage(((Stage.APPROVAL, begun),), CALENDAR.add_working_days(begun, days))


def test_a_backtest_uses_nothing_that_was_not_known_on_the_day() -> None:
    steady = [finished(number, 2) for number in range(12)]
    # each is issued before the next begins: the first eight have too little before them
    assert backtest(steady, CALENDAR, seed="1", tested=99) == Quality(made=4, by_likely=4, by_safe=4)
    assert backtest(steady, CALENDAR, seed="1", tested=2) == Quality(made=2, by_likely=2, by_safe=2)
    slower = [*steady, finished(12, 9)]
    assert backtest(slower, CALENDAR, seed="1", tested=99) == Quality(made=5, by_likely=4, by_safe=4)
    assert str(backtest(slower, CALENDAR, seed="1", tested=99).safe_share) == "80.0"


def test_without_history_there_is_no_share() -> None:
    found = backtest([finished(1, 2)], CALENDAR, seed="1", tested=99)
    assert (found.made, found.likely_share, found.safe_share) == (0, None, None)
