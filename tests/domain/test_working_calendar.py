"""The working calendar against every published arrangement from 2019 to 2026, and its arithmetic
(docs/domain.md §3.1).
"""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.published_holidays import PUBLISHED, PUBLISHED_YEARS
from workflow_service.domain.working_calendar import CalendarDay, DayKind, WorkingCalendar

CALENDAR = WorkingCalendar.published()
days = st.dates(date(2018, 6, 1), date(2027, 6, 30))


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize("year", sorted(PUBLISHED_YEARS))
def test_every_day_of_a_published_year_is_worked_exactly_when_the_holidays_package_says_so(year: int) -> None:
    known = holidays.country_holidays("CN", years=year)
    first = date(year, 1, 1)
    all_days = [first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1)]
    assert [d for d in all_days if CALENDAR.is_working_day(d) != known.is_working_day(d)] == []


@pytest.mark.parametrize(
    ("make_up_day", "holiday"),
    [
        ("2019-02-02", "春节"), ("2019-04-28", "劳动节"), ("2019-10-12", "国庆节"),
        ("2020-01-19", "春节"), ("2020-06-28", "端午节"), ("2020-10-10", "国庆节、中秋节"),
        ("2021-02-07", "春节"), ("2021-02-20", "春节"), ("2021-09-18", "中秋节"), ("2021-10-09", "国庆节"),
        ("2022-01-30", "春节"), ("2022-04-02", "清明节"), ("2022-10-08", "国庆节"),
        ("2023-01-28", "春节"), ("2023-06-25", "端午节"), ("2023-10-08", "国庆节、中秋节"),
        ("2024-02-04", "春节"), ("2024-04-07", "清明节"), ("2024-05-11", "劳动节"), ("2024-10-12", "国庆节"),
        ("2025-01-26", "春节"), ("2025-02-08", "春节"), ("2025-04-27", "劳动节"), 
        ("2025-10-11", "国庆节、中秋节"),
        ("2026-01-04", "元旦"), ("2026-02-14", "春节"), ("2026-02-28", "春节"), ("2026-09-20", "国庆节"),
    ],
)  # fmt: skip
def test_a_make_up_day_on_a_weekend_is_worked_and_named(make_up_day: str, holiday: str) -> None:
    assert day(make_up_day).weekday() >= 5
    assert CALENDAR.kind(day(make_up_day)) is DayKind.MAKE_UP
    assert CALENDAR.is_working_day(day(make_up_day))
    assert CALENDAR.name(day(make_up_day)) == holiday


@pytest.mark.parametrize(
    ("last_day_before", "first_day_after"),
    [
        ("2019-02-03", "2019-02-11"), ("2019-04-30", "2019-05-05"), ("2019-09-30", "2019-10-08"),
        ("2020-01-23", "2020-02-03"), ("2020-04-30", "2020-05-06"), ("2020-09-30", "2020-10-09"),
        ("2021-02-10", "2021-02-18"), ("2021-04-30", "2021-05-06"), ("2021-09-30", "2021-10-08"),
        ("2022-01-30", "2022-02-07"), ("2022-04-29", "2022-05-05"), ("2022-09-30", "2022-10-08"),
        ("2022-12-30", "2023-01-03"), ("2023-01-20", "2023-01-28"), ("2023-09-28", "2023-10-07"),
        ("2023-12-29", "2024-01-02"), ("2024-02-09", "2024-02-18"), ("2024-09-30", "2024-10-08"),
        ("2025-01-27", "2025-02-05"), ("2025-04-30", "2025-05-06"), ("2025-09-30", "2025-10-09"),
        ("2025-12-31", "2026-01-04"), ("2026-02-14", "2026-02-24"), ("2026-04-30", "2026-05-06"),
        ("2026-06-18", "2026-06-22"), ("2026-09-30", "2026-10-08"),
    ],
)  # fmt: skip
def test_the_first_working_day_after_a_holiday_is_the_published_one(
    last_day_before: str, first_day_after: str
) -> None:
    assert CALENDAR.add_working_days(day(last_day_before), 1) == day(first_day_after)
    assert CALENDAR.next_working_day(day(last_day_before) + timedelta(days=1)) == day(first_day_after)
    assert CALENDAR.previous_working_day(day(first_day_after) - timedelta(days=1)) == day(last_day_before)


def test_the_prolonged_spring_festival_of_2020_took_the_make_up_day_back() -> None:
    assert not CALENDAR.is_working_day(day("2020-02-01"))
    assert not CALENDAR.is_working_day(day("2020-01-31"))


def test_no_holiday_of_the_table_overlaps_another_and_every_make_up_day_is_a_weekend_day() -> None:
    off = [d for holiday in PUBLISHED for d in holiday.days()]
    worked = [d for holiday in PUBLISHED for d in holiday.make_up]
    assert len(off) == len(set(off))
    assert not set(off) & set(worked)
    assert all(d.weekday() >= 5 for d in worked)


def test_a_confirmed_row_from_the_table_replaces_the_plain_week() -> None:
    rows = [(day("2027-01-01"), False, "元旦", True), (day("2027-01-03"), True, "元旦", True)]
    calendar = WorkingCalendar.from_rows(rows)
    assert not calendar.is_working_day(day("2027-01-01"))
    assert calendar.is_working_day(day("2027-01-03"))
    assert calendar.is_provisional(day("2027-08-01"))
    whole = CALENDAR.with_days(calendar.exceptions, calendar.provisional_years)
    assert not whole.is_provisional(day("2026-08-01"))
    assert whole.is_provisional(day("2027-08-01"))


def test_a_year_that_nobody_has_arranged_is_provisional() -> None:
    assert CALENDAR.is_provisional(day("2028-03-01"))
    assert not CALENDAR.is_provisional(day("2020-03-01"))


def test_a_holiday_taken_back_is_worked_again() -> None:
    rows = [(day("2026-10-07"), True, "国庆节", False)]
    calendar = CALENDAR.with_days(WorkingCalendar.from_rows(rows).exceptions)
    assert calendar.add_working_days(day("2026-09-30"), 1) == day("2026-10-07")
    assert calendar.working_days_between(day("2026-09-30"), day("2026-10-08")) == 2


def test_further_days_extend_the_published_calendar() -> None:
    extended = CALENDAR.with_days({day("2026-07-15"): CalendarDay(DayKind.HOLIDAY, "防汛停工")})
    assert extended.add_working_days(day("2026-07-14"), 1) == day("2026-07-16")
    assert CALENDAR.add_working_days(day("2026-07-14"), 1) == day("2026-07-15")


def test_make_up_days_count_as_working_days() -> None:
    assert CALENDAR.working_days_between(day("2025-10-10"), day("2025-10-12")) == 1
    assert CALENDAR.add_working_days(day("2025-10-10"), 1) == day("2025-10-11")


@given(days, st.integers(-400, 400))
def test_adding_working_days_and_counting_them_again_is_the_identity(start: date, count: int) -> None:
    assert CALENDAR.working_days_between(start, CALENDAR.add_working_days(start, count)) == count


@given(days, st.integers(-120, 120))
def test_adding_working_days_lands_on_a_working_day(start: date, count: int) -> None:
    assert count == 0 or CALENDAR.is_working_day(CALENDAR.add_working_days(start, count))


@given(days, days, st.integers(0, 60))
def test_adding_working_days_keeps_the_order_of_days(one: date, other: date, count: int) -> None:
    earlier, later = sorted((one, other))
    assert CALENDAR.add_working_days(earlier, count) <= CALENDAR.add_working_days(later, count)


@given(days, st.integers(0, 500))
def test_counting_agrees_with_walking_day_by_day(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    walked = CALENDAR.working_days(start + timedelta(days=1), end)
    assert CALENDAR.working_days_between(start, end) == len(walked)


@given(days, days, days)
def test_counts_of_neighbouring_spans_add_up(one: date, two: date, three: date) -> None:
    a, b, c = sorted((one, two, three))
    between = CALENDAR.working_days_between
    assert between(a, c) == between(a, b) + between(b, c)


@given(st.dates(date(2019, 1, 1), date(2026, 12, 31)))
def test_the_next_working_day_is_the_first_one_not_before(start: date) -> None:
    found = CALENDAR.next_working_day(start)
    assert found >= start
    assert CALENDAR.is_working_day(found)
    assert not CALENDAR.working_days(start, found - timedelta(days=1))
