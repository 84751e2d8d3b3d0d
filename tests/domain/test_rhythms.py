"""The three rhythms: periods, fixed days, holidays, catching up (docs/domain.md §3.4 to §3.6)."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.deadlines import WorkingCalendar
from workflow_service.domain.errors import NaiveDatetime
from workflow_service.domain.rhythms import (
    Rhythm,
    RhythmSettings,
    Run,
    is_caught_up,
    label,
    next_period,
    period_of,
    previous_period,
    runs_between,
    runs_due,
    ten_day_period_of,
    upcoming_runs,
    week_of,
)
from workflow_service.domain.working_calendar import CalendarDay, DayKind
from workflow_service.i18n import use_language

CALENDAR = WorkingCalendar.published()
SETTINGS = RhythmSettings()
SHANGHAI = ZoneInfo("Asia/Shanghai")
rhythms = st.sampled_from(list(Rhythm))
moments = st.datetimes(datetime(2020, 3, 1), datetime(2026, 9, 1), timezones=st.just(SHANGHAI))


def at(text: str) -> datetime:
    """A local moment: ``at("2025-09-30 10:00")``; a day alone is its midnight."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def runs(rhythm: Rhythm, first: str, last: str) -> list[Run]:
    return runs_between(rhythm, at(first), at(f"{last} 23:59"), CALENDAR, SETTINGS)


def short(moment: datetime | None) -> str:
    return moment.strftime("%m-%d %H:%M") if moment else ""


def test_a_ten_day_period_ends_on_the_10th_the_20th_and_the_last_of_the_month() -> None:
    period = ten_day_period_of(date(2024, 2, 25))
    assert (period.first, period.last, period.key) == (date(2024, 2, 21), date(2024, 2, 29), "2024-02-D3")
    assert ten_day_period_of(date(2025, 2, 28)).last == date(2025, 2, 28)
    assert ten_day_period_of(date(2025, 10, 31)).first == date(2025, 10, 21)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2021-06-01", "6月上旬"),
        ("2021-06-10", "6月上旬"),
        ("2021-06-11", "6月中旬"),
        ("2021-06-30", "6月下旬"),
    ],
)
def test_a_ten_day_period_is_named_as_offices_name_it(day: str, words: str) -> None:
    assert str(label(Rhythm.TEN_DAY, ten_day_period_of(date.fromisoformat(day)))) == words


def test_a_period_is_named_in_the_readers_language() -> None:
    with use_language("en"):
        assert str(label(Rhythm.TEN_DAY, ten_day_period_of(date(2021, 6, 11)))) == "11–20 of month 6"


def test_weeks_begin_on_monday_and_belong_to_the_year_of_their_thursday() -> None:
    week = week_of(date(2026, 1, 1))
    assert (week.first, week.last, week.key) == (date(2025, 12, 29), date(2026, 1, 4), "2026-W01")
    assert str(label(Rhythm.WEEKLY, week)) == "2026年第1周"


@given(rhythms, st.dates(date(2020, 1, 1), date(2027, 1, 1)))
def test_periods_follow_each_other_without_gap_or_overlap(rhythm: Rhythm, day: date) -> None:
    period = period_of(rhythm, day)
    assert period.first <= day <= period.last
    following = next_period(rhythm, period)
    assert following.first == period.last + timedelta(days=1)
    assert previous_period(rhythm, following) == period
    assert period.key < following.key


def test_people_are_urged_on_every_working_day_at_nine_and_on_no_other() -> None:
    october = runs(Rhythm.DAILY, "2025-09-30", "2025-10-13")
    assert [run.period_key for run in october] == [
        "2025-09-30", "2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13",
    ]  # fmt: skip
    assert {run.due_at.time() for run in october} == {time(9)}


def test_the_national_day_week_of_2025_delays_the_bulletin_but_not_its_figures() -> None:
    end_of_september, start_of_october = runs(Rhythm.TEN_DAY, "2025-09-29", "2025-10-15")
    assert end_of_september.due_at == at("2025-10-09 09:00")
    assert end_of_september.figures_at == at("2025-10-01")  # the midnight that ends 30 September
    assert str(end_of_september.label) == "9月下旬"
    assert start_of_october.due_at == at("2025-10-11 09:00")  # the make-up Saturday
    assert start_of_october.figures_at == at("2025-10-11")
    assert str(start_of_october.label) == "10月上旬"


def test_bulletins_through_the_spring_festival_of_2026() -> None:
    sent = [(run.label, run.due_at) for run in runs(Rhythm.TEN_DAY, "2026-01-15", "2026-03-15")]
    assert [(str(label), short(due_at)) for label, due_at in sent] == [
        ("1月中旬", "01-21 09:00"),
        ("1月下旬", "02-02 09:00"),
        ("2月上旬", "02-11 09:00"),
        ("2月中旬", "02-24 09:00"),
        ("2月下旬", "03-02 09:00"),
        ("3月上旬", "03-11 09:00"),
    ]


def test_a_bulletin_is_numbered_in_the_year_of_its_issue() -> None:
    (last_of_2025,) = runs(Rhythm.TEN_DAY, "2025-12-25", "2026-01-05")
    assert str(last_of_2025.label) == "12月下旬"
    assert last_of_2025.due_at == at("2026-01-04 09:00")  # a worked Sunday
    assert last_of_2025.issue_year == 2026


def test_weekly_reports_are_asked_on_monday_due_on_friday_and_missed_on_the_next_working_day() -> None:
    (run,) = runs(Rhythm.WEEKLY, "2026-06-08", "2026-06-14")
    assert (run.due_at, run.answers_due_at) == (at("2026-06-08 09:00"), at("2026-06-12 17:30"))
    assert (run.late_named_at, run.ledger_at) == (at("2026-06-15 09:00"), at("2026-06-15 09:00"))
    assert run.figures_at == at("2026-06-15")


def test_the_week_of_the_spring_festival_2026_joins_the_next_one() -> None:
    before, joined, after = runs(Rhythm.WEEKLY, "2026-02-09", "2026-03-02")
    assert before.period_keys == ("2026-W07",)
    assert joined.period_keys == ("2026-W08", "2026-W09")
    assert (joined.due_at, joined.answers_due_at) == (at("2026-02-24 09:00"), at("2026-02-27 17:30"))
    assert joined.figures_at == at("2026-03-02")
    assert str(joined.label) == "2026年第8周至2026年第9周"
    assert after.period_keys == ("2026-W10",)


def test_late_reporters_are_named_on_a_make_up_saturday_but_the_ledger_waits_for_the_weeks_end() -> None:
    (run,) = runs(Rhythm.WEEKLY, "2025-10-05", "2025-10-12")
    assert run.due_at == at("2025-10-09 09:00")
    assert (short(run.late_named_at), short(run.ledger_at)) == ("10-11 09:00", "10-13 09:00")


def test_a_friday_off_moves_the_reports_to_the_next_working_day() -> None:
    (run,) = runs(Rhythm.WEEKLY, "2025-09-29", "2025-10-05")
    assert (short(run.answers_due_at), short(run.late_named_at)) == ("10-09 17:30", "10-10 09:00")


def closed(first: str, last: str) -> WorkingCalendar:
    """A calendar in which offices are closed from ``first`` to ``last``."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    return CALENDAR.with_days({day: CalendarDay(DayKind.HOLIDAY) for day in days})


def test_a_ten_day_period_without_working_days_is_told_together_with_the_one_before() -> None:
    calendar = closed("2026-07-01", "2026-07-12")
    found = runs_between(Rhythm.TEN_DAY, at("2026-06-25"), at("2026-07-22"), calendar, SETTINGS)
    assert [run.period_keys for run in found] == [("2026-06-D3", "2026-07-D1"), ("2026-07-D2",)]
    assert found[0].due_at == at("2026-07-13 09:00")
    assert found[0].figures_at == at("2026-07-11")


def due(rhythm: Rhythm, activated: str, now: str, *claimed: str) -> list[str]:
    """The keys of the periods to be run."""
    found = runs_due(rhythm, at(activated), at(now), claimed, CALENDAR, SETTINGS)
    return [key for run in found for key in run.period_keys]


def test_a_rhythm_begins_at_its_activation() -> None:
    assert due(Rhythm.TEN_DAY, "2026-06-11 12:00", "2026-06-22 10:00") == ["2026-06-D2"]
    assert due(Rhythm.TEN_DAY, "2026-06-11 09:00", "2026-06-11 09:00") == ["2026-06-D1"]
    assert due(Rhythm.TEN_DAY, "2026-06-11 09:01", "2026-06-12 09:00") == []


def test_after_downtime_the_daily_rhythm_catches_up_only_the_newest_day() -> None:
    assert due(Rhythm.DAILY, "2026-06-01", "2026-06-12 10:00", "2026-06-08") == ["2026-06-12"]
    assert due(Rhythm.DAILY, "2026-06-01", "2026-06-12 10:00", "2026-06-12") == []


def test_after_downtime_bulletins_are_caught_up_once_each_up_to_the_set_number() -> None:
    newest = ["2026-05-D1", "2026-05-D2", "2026-05-D3"]
    assert due(Rhythm.TEN_DAY, "2021-03-01", "2026-06-02 10:00") == newest
    assert due(Rhythm.TEN_DAY, "2021-03-01", "2026-06-02 10:00", "2026-05-D3") == newest[:2]
    assert due(Rhythm.TEN_DAY, "2021-03-01", "2026-06-02 10:00", *newest) == []


def test_a_run_is_caught_up_from_the_day_after_its_own() -> None:
    (run,) = runs(Rhythm.TEN_DAY, "2026-06-11", "2026-06-12")
    assert not is_caught_up(run, at("2026-06-11 23:59"), SETTINGS)
    assert is_caught_up(run, at("2026-06-12 00:00"), SETTINGS)


def test_a_claimed_period_is_not_run_again_when_a_changed_calendar_joins_it_to_another() -> None:
    calendar = closed("2026-07-01", "2026-07-12")
    found = runs_due(Rhythm.TEN_DAY, at("2026-06-25"), at("2026-07-14"), ["2026-06-D3"], calendar, SETTINGS)
    assert [run.period_keys for run in found] == [("2026-07-D1",)]


def test_the_next_ten_runs_can_be_shown_in_advance() -> None:
    coming = upcoming_runs(Rhythm.TEN_DAY, at("2026-09-21 09:00"), 3, CALENDAR, SETTINGS)
    assert [short(run.due_at) for run in coming] == ["10-08 09:00", "10-12 09:00", "10-21 09:00"]


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetime):
        runs_between(Rhythm.DAILY, datetime(2026, 1, 1), at("2026-01-02"), CALENDAR, SETTINGS)


@given(rhythms, moments, st.integers(0, 200))
def test_every_period_is_run_exactly_once_and_in_order(rhythm: Rhythm, start: datetime, days: int) -> None:
    found = runs_between(rhythm, start, start + timedelta(days=days), CALENDAR, SETTINGS)
    keys = [key for run in found for key in run.period_keys]
    assert keys == sorted(set(keys))
    assert [run.due_at for run in found] == sorted({run.due_at for run in found})
    if rhythm is not Rhythm.DAILY:
        periods = [period for run in found for period in run.covers]
        assert all(next_period(rhythm, a) == b for a, b in pairwise(periods))


@given(rhythms, moments, st.integers(1, 120), st.integers(0, 120))
def test_walking_in_two_stretches_gives_the_same_runs_as_in_one(
    rhythm: Rhythm, start: datetime, first: int, second: int
) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    whole = runs_between(rhythm, start, end, CALENDAR, SETTINGS)
    halves = [runs_between(rhythm, a, b, CALENDAR, SETTINGS) for a, b in ((start, middle), (middle, end))]
    assert whole == halves[0] + halves[1]


@given(rhythms, moments)
def test_every_run_is_due_on_a_working_day_after_what_it_reports_and_never_twice_a_day(
    rhythm: Rhythm, start: datetime
) -> None:
    found = runs_between(rhythm, start, start + timedelta(days=100), CALENDAR, SETTINGS)
    days = [run.due_at.date() for run in found]
    assert all(CALENDAR.is_working_day(day) for day in days)
    assert len(days) == len(set(days))
    assert rhythm is not Rhythm.TEN_DAY or all(run.figures_at <= run.due_at for run in found)
    ordered = [(run.due_at, run.answers_due_at, run.late_named_at, run.ledger_at) for run in found]
    assert rhythm is not Rhythm.WEEKLY or all(list(row) == sorted(row) for row in ordered)  # type: ignore[type-var]


@given(rhythms, moments, st.integers(1, 90))
def test_a_scheduler_that_looks_every_day_runs_everything_once(
    rhythm: Rhythm, start: datetime, days: int
) -> None:
    claimed: list[str] = []
    for day in range(days):
        found = runs_due(rhythm, start, start + timedelta(days=day), claimed, CALENDAR, SETTINGS)
        claimed += [key for run in found for key in run.period_keys]
    after, until = start - timedelta(microseconds=1), start + timedelta(days=days - 1)
    expected = runs_between(rhythm, after, until, CALENDAR, SETTINGS)
    assert claimed == [key for run in expected for key in run.period_keys]
