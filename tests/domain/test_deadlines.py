"""Deadlines: how they are written, when they fall due, how they pause, which light they show
(docs/domain.md §3.2, §3.3).
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.deadlines import (
    CalendarDays,
    DeadlineClock,
    DeadlineSettings,
    Elapsed,
    FixedDate,
    FixedMoment,
    InvalidDeadline,
    Light,
    WorkingCalendar,
    WorkingDays,
    amber_from,
    parse_deadline,
    read_light,
)
from workflow_service.domain.errors import NaiveDatetime
from workflow_service.i18n import use_language

CALENDAR = WorkingCalendar.published()
SETTINGS = DeadlineSettings()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A local moment: ``at("2025-09-30 10:00")``; a day alone is 10:00."""
    return datetime.fromisoformat(text if " " in text else f"{text} 10:00").replace(tzinfo=SHANGHAI)


def due(text: str, arrived: str) -> str:
    moment = parse_deadline(text).due(at(arrived), CALENDAR, SETTINGS)
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("5 working days", WorkingDays(5)),
        ("1 working day", WorkingDays(1)),
        ("5个工作日", WorkingDays(5)),
        ("10 工作日", WorkingDays(10)),
        ("3 calendar days", CalendarDays(3)),
        ("3 days", CalendarDays(3)),
        ("30日", CalendarDays(30)),
        ("2026-06-30", FixedDate(date(2026, 6, 30))),
        ("2026-06-30T12:00+08:00", FixedMoment(at("2026-06-30 12:00"))),
        ("2026-06-30T04:00:00Z", FixedMoment(datetime(2026, 6, 30, 4, tzinfo=UTC))),
        ("P5D", Elapsed(0, timedelta(days=5))),
        ("PT4H", Elapsed(0, timedelta(hours=4))),
        ("P1Y2M3W4DT5H6M7S", Elapsed(14, timedelta(weeks=3, days=4, hours=5, minutes=6, seconds=7))),
    ],
)
def test_a_deadline_is_read_in_each_of_its_forms(text: str, deadline: object) -> None:
    assert parse_deadline(f"  {text} ") == deadline


@pytest.mark.parametrize(
    "text",
    ["", "soon", "working days", "-5 working days", "5.5 working days", "9999 working days", "P", "PT", "P5",
     "5D", "2026-02-30", "2026-06-30T25:00+08:00", "2026-6-30", "５ fortnights", "5 working days or so"],
)  # fmt: skip
def test_a_deadline_in_no_known_form_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(InvalidDeadline) as refused:
        parse_deadline(text)
    assert refused.value.details == {"deadline": text}
    assert f"“{text}”" in refused.value.message


def test_a_moment_without_its_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetime):
        parse_deadline("2026-06-30T12:00")
    with pytest.raises(NaiveDatetime):
        WorkingDays(1).due(datetime(2026, 6, 1, 9), CALENDAR, SETTINGS)


def test_working_days_are_counted_from_the_day_after_arrival_to_the_close_of_the_office() -> None:
    assert due("5 working days", "2026-06-01") == "2026-06-08 17:30"
    assert due("1 working day", "2026-06-05 23:50") == "2026-06-08 17:30"


def test_what_arrives_on_a_day_off_counts_from_the_first_working_day() -> None:
    assert due("1 working day", "2025-10-04") == "2025-10-09 17:30"
    assert due("3 working days", "2025-09-30") == "2025-10-11 17:30"  # 9, 10 and the make-up Saturday


def test_no_working_days_at_all_means_today_or_the_next_working_day() -> None:
    assert due("0 working days", "2026-06-05") == "2026-06-05 17:30"
    assert due("0 working days", "2026-06-06") == "2026-06-08 17:30"


def test_a_last_calendar_day_off_moves_to_the_next_working_day() -> None:
    assert due("3 calendar days", "2025-09-30") == "2025-10-09 17:30"
    assert due("3 calendar days", "2026-06-01") == "2026-06-04 17:30"


def test_a_day_fixed_by_an_order_stands_even_when_offices_are_closed() -> None:
    assert due("2025-10-04", "2025-09-01") == "2025-10-04 17:30"


def test_a_duration_runs_through_nights_and_holidays() -> None:
    assert due("P5D", "2025-09-30 10:00") == "2025-10-05 10:00"
    assert due("PT4H", "2025-09-30 22:00") == "2025-10-01 02:00"
    assert due("P1M", "2026-01-31 10:00") == "2026-02-28 10:00"


def test_the_day_of_arrival_is_the_governments_not_utcs() -> None:
    late_in_utc = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)  # already 2 June in Shanghai
    assert WorkingDays(1).due(late_in_utc, CALENDAR, SETTINGS) == at("2026-06-03 17:30")


@pytest.mark.parametrize(
    ("now", "light", "words"),
    [
        ("2026-06-01 10:00", Light.GREEN, "还剩 5 个工作日"),
        ("2026-06-03 10:00", Light.GREEN, "还剩 3 个工作日"),
        ("2026-06-04 10:00", Light.AMBER, "还剩 2 个工作日"),
        ("2026-06-07 10:00", Light.AMBER, "还剩 1 个工作日"),
        ("2026-06-08 17:30", Light.AMBER, "今天到期"),
        ("2026-06-08 17:31", Light.RED, "已逾期，不足 1 个工作日"),
        ("2026-06-10 09:00", Light.RED, "逾期 2 个工作日"),
        ("2026-06-23 09:00", Light.RED, "逾期 10 个工作日"),
        ("2026-06-24 09:00", Light.BLACK, "逾期 11 个工作日"),
    ],
)
def test_the_light_says_how_much_is_left_or_how_late_it_is(now: str, light: Light, words: str) -> None:
    reading = read_light(at("2026-06-08 17:30"), at(now), CALENDAR, SETTINGS)
    assert reading is not None
    assert (reading.light, str(reading.words)) == (light, words)


def test_a_task_without_a_deadline_shows_no_light() -> None:
    assert read_light(None, at("2026-06-08"), CALENDAR, SETTINGS) is None


def test_the_words_of_a_light_come_in_the_readers_language() -> None:
    reading = read_light(at("2026-06-08 17:30"), at("2026-06-04"), CALENDAR, SETTINGS)
    with use_language("en"):
        assert reading is not None
        assert str(reading.words) == "2 working days left"


def test_a_paused_clock_is_grey_and_gives_every_working_day_back() -> None:
    clock = DeadlineClock(at("2026-06-08 17:30")).pause(at("2026-06-04 10:00"))
    reading = clock.reading(at("2026-06-30"), CALENDAR, SETTINGS)
    assert (reading.light, reading.working_days_left) == (Light.GREY, 2)
    resumed = clock.resume(at("2026-06-30 10:00"), CALENDAR, SETTINGS)
    assert resumed == DeadlineClock(at("2026-07-02 17:30"))


def test_a_task_that_was_late_when_it_paused_is_as_late_when_it_goes_on() -> None:
    clock = DeadlineClock(at("2026-06-08 17:30")).pause(at("2026-06-10"))
    resumed = clock.resume(at("2026-06-18"), CALENDAR, SETTINGS)
    assert str(resumed.reading(at("2026-06-18"), CALENDAR, SETTINGS).words) == "逾期 2 个工作日"


def test_pausing_twice_keeps_the_first_moment_and_a_pause_over_a_weekend_costs_nothing() -> None:
    clock = DeadlineClock(at("2026-06-08 17:30")).pause(at("2026-06-05 18:00")).pause(at("2026-06-06"))
    assert clock.paused_at == at("2026-06-05 18:00")
    assert clock.resume(at("2026-06-07"), CALENDAR, SETTINGS).due_at == at("2026-06-08 17:30")


def test_a_deadline_in_hours_moves_by_the_exact_pause() -> None:
    clock = DeadlineClock(at("2026-06-05 16:00"), elapsed=True).pause(at("2026-06-05 15:00"))
    assert clock.resume(at("2026-06-06 15:20"), CALENDAR, SETTINGS).due_at == at("2026-06-06 16:20")


def test_the_closing_hour_and_the_limits_are_settings() -> None:
    settings = DeadlineSettings(closes_at=time(12), amber_working_days=0, black_working_days=0)
    assert WorkingDays(1).due(at("2026-06-04"), CALENDAR, settings) == at("2026-06-05 12:00")
    assert read_light(at("2026-06-05 12:00"), at("2026-06-04"), CALENDAR, settings).light is Light.GREEN  # type: ignore[union-attr]
    assert read_light(at("2026-06-05 12:00"), at("2026-06-08"), CALENDAR, settings).light is Light.BLACK  # type: ignore[union-attr]


moments = st.datetimes(datetime(2020, 1, 1), datetime(2026, 10, 1), timezones=st.just(SHANGHAI))


@given(moments, st.integers(0, 60), moments, moments)
def test_a_pause_changes_nothing_in_what_was_left(
    arrived: datetime, days: int, one: datetime, other: datetime
) -> None:
    paused_at, resumed_at = sorted((one, other))
    clock = DeadlineClock(WorkingDays(days).due(arrived, CALENDAR, SETTINGS))
    before = clock.reading(paused_at, CALENDAR, SETTINGS).working_days_left
    resumed = clock.pause(paused_at).resume(resumed_at, CALENDAR, SETTINGS)
    assert resumed.reading(resumed_at, CALENDAR, SETTINGS).working_days_left == before


@given(moments, st.integers(0, 10))
def test_amber_begins_on_the_day_that_the_sweep_selects(due_at: datetime, limit: int) -> None:
    settings = DeadlineSettings(amber_working_days=limit)
    first = amber_from(due_at, CALENDAR, settings)
    morning = datetime.combine(first, time(0), SHANGHAI)
    if morning <= due_at:
        assert read_light(due_at, morning, CALENDAR, settings).light is Light.AMBER  # type: ignore[union-attr]
    eve = morning - timedelta(minutes=1)
    assert read_light(due_at, eve, CALENDAR, settings).light is Light.GREEN  # type: ignore[union-attr]


@given(moments, moments, st.integers(0, 60))
def test_who_gets_a_task_later_is_never_due_earlier(one: datetime, other: datetime, days: int) -> None:
    earlier, later = sorted((one, other))
    rule = WorkingDays(days)
    assert rule.due(earlier, CALENDAR, SETTINGS) <= rule.due(later, CALENDAR, SETTINGS)
