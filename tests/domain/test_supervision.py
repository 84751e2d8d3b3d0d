"""Figures, rankings, digests (docs/domain.md §3.4, §3.7, §4)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.deadlines import DeadlineSettings, Light, WorkingCalendar, read_light
from workflow_service.domain.plans import Category, Importance, Level, Route, Tier
from workflow_service.domain.supervision import (
    Comparison,
    Figures,
    IssueDayUnknown,
    LedgerRow,
    OpenTask,
    Urged,
    Urgency,
    UrgingSettings,
    breakdown,
    daily_digest,
    figures_of,
    grouped,
    issue_day,
    issued_between,
    overdue_rows,
    percentage,
    rank_units,
    urging_phrases,
    who_is_urged,
)

CALENDAR = WorkingCalendar.published()
SETTINGS = DeadlineSettings()
END_OF_JUNE = date(2021, 6, 30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def row(number: int, **changes: object) -> LedgerRow:
    plan = LedgerRow(
        plan_id=number,
        code=f"GH-2021-330000-ZX-{number:04d}",
        title=f"规划{number}",
        unit="drc",
        unit_name="省发展改革委",
        category=Category.SPECIAL,
        level=Level.PROVINCE,
        tier=Tier.X,
        importance=Importance.GENERAL,
        registered_on=date(2020, 12, 1),
        due_on=END_OF_JUNE,
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def zhejiang() -> list[LedgerRow]:
    """179 plans, 37 of them key; three open at the end of June 2021, one of those key."""
    unissued = {1, 100, 101}
    return [
        row(
            number,
            importance=Importance.KEY if number <= 37 else Importance.GENERAL,
            tier=Tier.N if number <= 37 else Tier.X,
            issued_on=None if number in unissued else date(2021, 5, 1) + timedelta(days=number % 60),
        )
        for number in range(1, 180)
    ]


def test_the_totals_of_zhejiang_at_the_end_of_june_2021() -> None:
    figures = figures_of(zhejiang(), END_OF_JUNE)
    assert (figures.total, figures.issued, figures.rate) == (179, 176, Decimal("98.3"))
    key = breakdown(zhejiang(), END_OF_JUNE, lambda row: row.importance)[Importance.KEY]
    assert (key.total, key.issued, key.rate) == (37, 36, Decimal("97.3"))


@pytest.mark.parametrize(
    ("part", "whole", "rate"),
    [(176, 179, "98.3"), (36, 37, "97.3"), (1, 8, "12.5"), (1, 16, "6.3"), (1, 2000, "0.1"), (0, 5, "0.0"),
     (5, 5, "100.0"), (53, 100, "53.0")],
)  # fmt: skip
def test_a_rate_is_rounded_half_up_to_one_decimal(part: int, whole: int, rate: str) -> None:
    assert str(percentage(part, whole)) == rate


def test_no_plans_have_no_rate() -> None:
    assert Figures().rate is None


def test_a_plan_counts_from_its_registration_until_it_leaves_the_catalogue() -> None:
    merged = row(1, registered_on=date(2021, 1, 10), left_on=date(2021, 3, 1))
    days = [date(2021, 1, 9), date(2021, 1, 10), date(2021, 2, 28), date(2021, 3, 1)]
    assert [figures_of([merged], day).total for day in days] == [0, 1, 1, 0]


def test_a_plan_is_overdue_from_the_day_after_it_was_due_until_it_is_issued() -> None:
    late = row(1, due_on=date(2021, 3, 31), issued_on=date(2021, 4, 20))
    days = [date(2021, 3, 31), date(2021, 4, 1), date(2021, 4, 19), date(2021, 4, 20)]
    assert [figures_of([late], day).overdue for day in days] == [0, 1, 1, 0]


def test_a_past_ledger_is_not_changed_by_what_happened_later() -> None:
    issued_later = row(1, issued_on=date(2021, 6, 2), left_on=date(2022, 1, 1))
    assert figures_of([issued_later], date(2021, 6, 1)) == Figures(1, 0, 0)


def test_figures_stand_beside_those_of_the_former_period() -> None:
    comparison = Comparison(Figures(179, 176, 3), Figures(180, 170, 5))
    assert (comparison.issued, comparison.total, comparison.overdue) == (6, -1, -2)
    assert comparison.rate == Decimal("3.9")
    assert Comparison(Figures(1, 1), Figures()).rate is None


def test_what_was_issued_and_what_is_overdue_is_listed_in_order() -> None:
    rows = [
        row(1, issued_on=date(2021, 6, 5)),
        row(2, issued_on=date(2021, 6, 1)),
        row(3, issued_on=date(2021, 5, 31)),
        row(4, due_on=date(2021, 6, 1)),
        row(5, due_on=date(2021, 5, 1)),
    ]
    june = issued_between(rows, date(2021, 6, 1), date(2021, 6, 10))
    assert [plan.plan_id for plan in june] == [2, 1]
    assert [plan.plan_id for plan in overdue_rows(rows, date(2021, 6, 10))] == [5, 4]


def test_units_of_the_same_rate_share_a_place_and_the_next_is_skipped() -> None:
    ranked = rank_units(
        {"a": Figures(4, 2), "b": Figures(2, 1), "c": Figures(3, 3), "d": Figures(5, 1), "e": Figures()}
    )
    assert [(each.place, each.unit) for each in ranked] == [(1, "c"), (2, "a"), (2, "b"), (4, "d")]


def test_rates_that_only_look_alike_when_rounded_do_not_share_a_place() -> None:
    ranked = rank_units({"a": Figures(2000, 1999), "b": Figures(2001, 2000)})
    assert [(each.place, each.unit) for each in ranked] == [(1, "b"), (2, "a")]


figures = st.builds(
    lambda total, share: Figures(total, total * share // 10), st.integers(0, 50), st.integers(0, 10)
)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), figures, max_size=12))
def test_a_place_is_one_more_than_the_number_of_better_units(units: dict[str, Figures]) -> None:
    for each in rank_units(units):
        own = each.figures
        better = [f for f in units.values() if f.total and f.issued * own.total > own.issued * f.total]
        assert each.place == len(better) + 1


def test_a_plan_counts_as_issued_from_its_issuing_step() -> None:
    step = date(2021, 4, 29)
    assert issue_day(Route.GOVERNMENT_APPROVAL, step, None, None) == step
    assert issue_day(Route.DEPARTMENTAL_SELF_ISSUE, None, date(2021, 1, 1), date(2021, 5, 1)) is None


def test_a_filed_only_plan_counts_from_the_day_that_its_filing_states() -> None:
    stated, filed = date(2021, 4, 12), date(2021, 4, 20)
    assert issue_day(Route.FILING, None, stated, filed) == stated
    assert issue_day(Route.FILING, None, stated, None) is None


@pytest.mark.parametrize("stated", [None, date(2021, 4, 21)])
def test_a_filing_without_a_possible_issue_day_is_refused(stated: date | None) -> None:
    with pytest.raises(IssueDayUnknown):
        issue_day(Route.FILING, None, stated, date(2021, 4, 20))


TASKS = [
    OpenTask(1, "出具衔接意见", at("2026-06-10 17:30")),
    OpenTask(2, "填报进展", at("2026-06-12 17:30")),
    OpenTask(3, "修改送审稿", at("2026-06-01 17:30")),
    OpenTask(4, "等待上会", at("2026-06-01 17:30"), paused=True),
    OpenTask(5, "起草说明", at("2026-06-30 17:30")),
    OpenTask(6, "会签", at("2026-06-09 17:30")),
]


def test_a_digest_lists_overdue_then_todays_then_what_is_due_soon() -> None:
    lines = daily_digest(TASKS, at("2026-06-10 09:00"), CALENDAR, SETTINGS)
    assert [(line.task.task_id, line.urgency) for line in lines] == [
        (3, Urgency.OVERDUE),
        (6, Urgency.OVERDUE),
        (1, Urgency.TODAY),
        (2, Urgency.SOON),
    ]
    assert [urgency.label for urgency in grouped(lines)] == ["已逾期", "今天到期", "即将到期"]
    assert str(lines[0].reading.words) == "逾期 7 个工作日"


def test_nobody_is_urged_about_nothing() -> None:
    assert daily_digest(TASKS[3:5], at("2026-06-10 09:00"), CALENDAR, SETTINGS) == []


@pytest.mark.parametrize(
    ("now", "urged"),
    [
        ("2026-06-01 09:00", None),
        ("2026-06-10 09:00", Urged.HOLDER),
        ("2026-06-12 09:00", Urged.HOLDER),
        ("2026-06-15 09:00", Urged.SUPERIOR),
    ],
)
def test_a_task_long_overdue_climbs_to_the_superior(now: str, urged: Urged | None) -> None:
    reading = read_light(at("2026-06-10 17:30"), at(now), CALENDAR, SETTINGS)
    assert reading is not None
    assert who_is_urged(reading, UrgingSettings()) is urged


def test_climbing_can_be_switched_off() -> None:
    reading = read_light(at("2026-06-10 17:30"), at("2026-09-10 09:00"), CALENDAR, SETTINGS)
    assert reading is not None
    assert reading.light is Light.BLACK
    assert who_is_urged(reading, UrgingSettings(superior_after_working_days=0)) is Urged.HOLDER


def test_a_plan_has_a_light_until_it_is_issued() -> None:
    open_plan = row(1, due_on=date(2021, 6, 30))
    reading = open_plan.light(at("2021-06-28 09:00"), CALENDAR, SETTINGS)
    assert reading is not None
    assert str(reading.words) == "还剩 2 个工作日"
    issued = replace(open_plan, issued_on=date(2021, 6, 1))
    assert issued.light(at("2021-06-28 09:00"), CALENDAR, SETTINGS) is None
    assert replace(open_plan, due_on=None).light(at("2021-06-28 09:00"), CALENDAR, SETTINGS) is None


def test_the_ready_reason_for_urging_is_composed_from_the_lights() -> None:
    def said(*dues: str) -> str:
        now = at("2021-06-30T09:00")
        return str(urging_phrases(read_light(at(due), now, CALENDAR, SETTINGS) if due else None for due in dues)[0])

    late, later, soon = "2021-06-28T17:30", "2021-06-24T17:30", "2021-07-01T17:30"
    assert said(late) == said(late, late) == "逾期 2 个工作日，请尽快办理。"
    assert said(late, later) == "均已逾期，请尽快办理。"
    assert said(soon) == "还剩 1 个工作日，请尽快办理。"
    assert said(late, soon) == said(late, "") == said("") == said() == "请尽快办理。"
    assert len({str(one) for one in urging_phrases([])}) == 4
