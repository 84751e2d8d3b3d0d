"""The ledger of any moment tells what was, whatever came later."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.services.catalogue import Catalogue, moment
from workflow_service.domain.deadlines import Light
from workflow_service.domain.errors import Forbidden
from workflow_service.domain.plans import Importance, Stage
from workflow_service.identity.actor import Actor
from workflow_service.services import calendar_days, calendars, ledger, weekly_reports
from workflow_service.services.ledger import LedgerFilter
from workflow_service.store.database import Database
from workflow_service.store.plans import Plan

PROVINCE, CITY, OTHER = "/330000/", "/330000/330200/", "/150000/"
EVERYTHING = Actor.system("cli")
JUNE_30 = date(2021, 6, 30)


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.drc", relation="drc")
        made.unit("zj.energy")
        made.unit("nb.port", area="330200", path=CITY)
        made.unit("nm.drc", relation="drc", area="150000", path=OTHER)
        yield made


@pytest.fixture
def session(catalogue: Catalogue) -> Session:
    return catalogue.session


def titles(session: Session, filters: LedgerFilter | None = None, as_of: date = JUNE_30) -> list[str]:
    return [row.title for row in ledger.ledger_rows(session, EVERYTHING, filters, as_of=as_of).rows]


def test_figures_count_catalogue_issued_and_overdue_with_key_plans_apart(catalogue: Catalogue) -> None:
    catalogue.plan(
        "能源规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31), date(2021, 3, 1), importance="key"
    )
    catalogue.plan("海洋规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31))
    catalogue.plan("林业规划", "zj.drc", date(2020, 9, 1), date(2021, 12, 31))
    found = ledger.figures(catalogue.session, PROVINCE, JUNE_30)
    assert (found.total.total, found.total.issued, found.total.overdue) == (3, 1, 1)
    assert found.total.rate == Decimal("33.3")
    assert found.key.total == found.key.issued == 1
    assert found.stages == {Stage.DRAFTING: 2, Stage.ISSUE: 1}
    assert [(one.place, one.unit) for one in found.ranking] == [(1, "zj.energy"), (2, "zj.drc")]


def test_a_past_figure_does_not_change_by_what_comes_later(catalogue: Catalogue) -> None:
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31))
    catalogue.plan("海洋规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31))
    before = ledger.figures(catalogue.session, PROVINCE, JUNE_30)
    catalogue.issue("能源规划", date(2021, 7, 5))
    catalogue.leave("海洋规划", date(2021, 7, 6))
    catalogue.plan("林业规划", "zj.drc", date(2021, 7, 7))
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30) == before
    assert ledger.figures(catalogue.session, PROVINCE, date(2021, 7, 7)).total.total == 2


def test_the_present_columns_and_the_history_tell_the_same(catalogue: Catalogue) -> None:
    for number in range(12):
        issued = date(2021, 2, 1) + timedelta(days=number) if number % 3 else None
        catalogue.plan(
            f"第{number}项规划", "zj.energy", date(2020, 9, 1 + number), date(2021, 3, 1 + number), issued
        )
    catalogue.leave("第0项规划", date(2021, 4, 1))
    present = ledger.figures(catalogue.session, PROVINCE, JUNE_30)
    rows = ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows
    catalogue.plan("后来的规划", "zj.energy", date(2021, 8, 1))
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30) == present
    assert ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows == rows


def test_a_past_ledger_never_looks_at_the_present_columns(catalogue: Catalogue) -> None:
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31), date(2021, 3, 1))
    catalogue.plan("后来的规划", "zj.energy", date(2021, 8, 1))
    before = ledger.figures(catalogue.session, PROVINCE, JUNE_30)
    changed = {"stage": "closed", "issued_on": None, "registered_on": None, "status": "active"}
    catalogue.session.execute(update(Plan).values(**changed))
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30) == before


def test_a_filed_plan_counts_from_the_day_that_its_filing_states(catalogue: Catalogue) -> None:
    catalogue.plan("备案规划", "zj.energy", date(2020, 9, 1))
    catalogue.issue("备案规划", date(2021, 6, 20), stated=date(2021, 5, 10))
    assert ledger.figures(catalogue.session, PROVINCE, date(2021, 6, 19)).total.issued == 0
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30).total.issued == 1
    assert ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows[0].issued_on == date(
        2021, 5, 10
    )


def test_a_revised_plan_counts_from_its_first_issue(catalogue: Catalogue) -> None:
    plan = catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), issued=date(2021, 3, 1))
    catalogue.issue("能源规划", date(2021, 6, 1))
    plan.revision = 1
    catalogue.session.flush()
    assert ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows[0].issued_on == date(
        2021, 3, 1
    )


def test_a_plan_given_a_later_date_was_overdue_until_then(catalogue: Catalogue) -> None:
    plan = catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 31))
    plan.due_on = date(2021, 12, 31)
    catalogue.event("能源规划", "re_dated", date(2021, 7, 1), {"from": "2021-03-31", "to": "2021-12-31"})
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30).total.overdue == 1
    assert ledger.figures(catalogue.session, PROVINCE, date(2021, 7, 1)).total.overdue == 0


def test_a_plan_that_waits_for_a_meeting_is_grey_and_not_overdue(catalogue: Catalogue) -> None:
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 6, 10))
    catalogue.pause("能源规划", date(2021, 6, 1))
    row = ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows[0]
    assert row.waiting and row.light is not None and row.light.light is Light.GREY
    assert (str(row.light.words), row.days_late) == ("等待上会", 0)
    assert titles(catalogue.session, LedgerFilter(light="grey")) == ["能源规划"]
    assert titles(catalogue.session, LedgerFilter(light="red")) == []
    assert titles(catalogue.session, LedgerFilter(state="overdue")) == []
    assert ledger.overdue_plans(catalogue.session, PROVINCE, as_of=JUNE_30) == []
    assert ledger.figures(catalogue.session, PROVINCE, JUNE_30).total.overdue == 0


def test_what_was_late_before_it_began_to_wait_says_so(catalogue: Catalogue) -> None:
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 5, 28))
    catalogue.pause("能源规划", date(2021, 6, 1))
    row = ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30).rows[0]
    assert row.light is not None and str(row.light.words) == "等待上会，此前已逾期 2 个工作日"
    assert ledger.figures(catalogue.session, PROVINCE, date(2021, 5, 31)).total.overdue == 1


def test_the_days_of_a_pause_stay_grey_after_it_is_over(catalogue: Catalogue) -> None:
    plan = catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 6, 10))
    catalogue.pause("能源规划", date(2021, 6, 1), until=date(2021, 6, 22))
    plan.due_on = date(2021, 6, 25)
    catalogue.event("能源规划", "re_dated", date(2021, 6, 22), {"from": "2021-06-10", "to": "2021-06-25"})
    session = catalogue.session

    def shown(day: date) -> tuple[str, date | None, int]:
        (row,) = ledger.ledger_rows(session, EVERYTHING, as_of=day).rows
        overdue = ledger.figures(session, PROVINCE, day).total.overdue
        assert row.light is not None and bool(row.days_late) == bool(overdue)
        return str(row.light.light), row.due_on, row.days_late

    assert shown(date(2021, 6, 18)) == ("grey", date(2021, 6, 10), 0)
    assert shown(date(2021, 6, 22)) == ("green", date(2021, 6, 25), 0)
    assert shown(JUNE_30) == ("red", date(2021, 6, 25), 3)


@pytest.mark.parametrize("day", [date(2021, 6, 30), date(2021, 10, 9), date(2021, 10, 5), date(2021, 9, 19)])
def test_filtering_by_a_light_gives_exactly_the_rows_that_show_it(catalogue: Catalogue, day: date) -> None:
    for number in range(-30, 12):
        due = day + timedelta(days=number)
        catalogue.plan(f"{due:%m-%d}到期的规划", "zj.energy", date(2020, 9, 1), due)
    shown = ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=day, limit=None).rows
    for light in (Light.GREEN, Light.AMBER, Light.RED, Light.BLACK):
        wanted = [row.title for row in shown if row.light is not None and row.light.light is light]
        assert titles(catalogue.session, LedgerFilter(light=light), day) == wanted
        assert wanted


def test_rows_filter_by_unit_stage_importance_state_and_words(catalogue: Catalogue) -> None:
    catalogue.plan(
        "能源规划", "zj.energy", date(2020, 9, 1), date(2021, 3, 1), date(2021, 3, 1), importance="key"
    )
    catalogue.plan("港口规划", "nb.port", date(2020, 9, 1), date(2021, 3, 31))
    session = catalogue.session
    assert titles(session, LedgerFilter(unit="nb.port")) == ["港口规划"]
    assert titles(session, LedgerFilter(stage="issue")) == ["能源规划"]
    assert titles(session, LedgerFilter(importance="key")) == ["能源规划"]
    assert titles(session, LedgerFilter(state="overdue")) == ["港口规划"]
    assert titles(session, LedgerFilter(state="issued")) == ["能源规划"]
    assert titles(session, LedgerFilter(text="港口")) == ["港口规划"]
    assert titles(session, LedgerFilter(text="gh-2021-330000-zx-0001")) == ["能源规划"]
    assert titles(session, LedgerFilter(area=CITY)) == ["港口规划"]
    assert titles(session, LedgerFilter(text="！？")) == []


def test_pages_follow_each_other_without_gap_or_repetition(catalogue: Catalogue) -> None:
    for number in range(7):
        catalogue.plan(
            f"第{number}项规划",
            "zj.energy",
            date(2020, 9, 1),
            date(2021, 3, 1 + number // 3) if number else None,
        )
    seen, after = [], None
    while True:
        page = ledger.ledger_rows(catalogue.session, EVERYTHING, as_of=JUNE_30, after=after, limit=2)
        seen += [row.title for row in page.rows]
        after = page.cursor
        if after is None:
            break
    assert seen == titles(catalogue.session)
    assert len(seen) == 7


def test_a_past_day_is_read_by_the_calendar_of_its_time(catalogue: Catalogue) -> None:
    """Friday 2 July is entered as a day off on 1 July, and taken back on 5 July: each day shows what it showed."""
    session, friday = catalogue.session, date(2021, 7, 2)
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 7, 5))
    catalogue.task("能源规划", "zj.energy", moment(date(2021, 7, 5), 17, 30), created=moment(date(2021, 6, 1)))

    def shown(day: date) -> tuple[str, str, list[str]]:
        row = ledger.ledger_rows(session, EVERYTHING, as_of=day).rows[0]
        assert row.light is not None and row.step_light is not None
        amber = ledger.ledger_rows(session, EVERYTHING, LedgerFilter(light="amber"), as_of=day).rows
        return str(row.light.words), str(row.step_light.words), [one.title for one in amber]

    before = {JUNE_30: ("还剩 3 个工作日", "还剩 3 个工作日", [])}
    assert shown(JUNE_30) == before[JUNE_30]
    calendar_days.set_days(session, EVERYTHING, {friday: (False, "试休")}, now=moment(date(2021, 7, 1)))
    before[date(2021, 7, 1)] = ("还剩 1 个工作日", "还剩 1 个工作日", ["能源规划"])
    assert {day: shown(day) for day in before} == before
    calendar_days.forget_day(session, EVERYTHING, friday, now=moment(date(2021, 7, 5), 8))
    before[date(2021, 7, 3)] = ("还剩 1 个工作日", "还剩 1 个工作日", ["能源规划"])
    assert {day: shown(day) for day in before} == before
    assert calendars.calendar_at(session, moment(date(2021, 7, 6))).is_working_day(friday)
    calendars.forget(session)


def test_a_second_report_of_a_week_counts_from_its_moment_and_the_first_stays_for_the_days_before(catalogue: Catalogue) -> None:
    session, plan = catalogue.session, catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1))
    monday, unit = date(2021, 6, 14), catalogue.units["zj.energy"]
    for day, words in ((date(2021, 6, 15), "初稿"), (date(2021, 6, 17), "送审稿")):
        said = {"reports": [{"plan": plan.id, "progress": words}]}
        assert weekly_reports.record_report(session, EVERYTHING, unit, monday, [plan.id], said, now=moment(day)) == 1
    session.expire_all()
    shown = [ledger.ledger_rows(session, EVERYTHING, as_of=date(2021, 6, day)).rows[0].report for day in (14, 16, 18)]
    assert shown == ["", "初稿", "送审稿"]
    assert [one.progress for one, _unit, _person in weekly_reports.reports_of_plan(session, plan.id)] == ["送审稿"]
    assert "送审稿" in weekly_reports.last_texts(session, [plan.id], before=date(2021, 6, 21))[plan.id]


def test_what_successive_bulletins_say_was_issued_adds_up_to_the_figures(catalogue: Catalogue) -> None:
    """A filing that comes late is told in the period in which it came, with the day that it states."""
    session = catalogue.session
    for title, on, stated in (
        ("能源规划", date(2021, 6, 3), None), ("林业规划", date(2021, 6, 14), date(2021, 6, 4)),
        ("港口规划", date(2021, 6, 25), None),
    ):  # fmt: skip
        catalogue.plan(title, "zj.energy", date(2020, 9, 1))
        catalogue.issue(title, on, stated)
    catalogue.event("能源规划", "issued", date(2021, 6, 15), {"on": "2021-06-15", "number": "二次印发"})
    spans = ((date(2021, 6, 1), date(2021, 6, 10)), (date(2021, 6, 11), date(2021, 6, 20)), (date(2021, 6, 21), JUNE_30))
    told = [ledger.issued_between(session, PROVINCE, first, last, as_of=last) for first, last in spans]
    assert [[(one.title, one.issued_on) for one in lines] for lines in told] == [
        [("能源规划", date(2021, 6, 3))], [("林业规划", date(2021, 6, 4))], [("港口规划", date(2021, 6, 25))],
    ]  # fmt: skip
    before = 0
    for (_first, last), lines in zip(spans, told, strict=True):
        issued = ledger.figures(session, PROVINCE, last).total.issued
        assert issued - before == len(lines)
        before = issued


def test_a_city_sees_its_own_and_a_province_all_below(catalogue: Catalogue) -> None:
    catalogue.person("energy.supervisor", "zj.energy", "supervisor")
    catalogue.hold(catalogue.person("port.supervisor", "nb.port", "supervisor"), "zj.energy", "handler")
    catalogue.person("nm.supervisor", "nm.drc", "supervisor")
    catalogue.person("port.handler", "nb.port")
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1))
    catalogue.plan("港口规划", "nb.port", date(2020, 9, 1))
    session = catalogue.session

    def seen(username: str) -> set[str]:
        rows = ledger.ledger_rows(session, catalogue.actor(username), as_of=JUNE_30).rows
        return {row.title for row in rows}

    assert seen("energy.supervisor") == {"能源规划", "港口规划"}
    assert seen("port.supervisor") == {"港口规划"}, "a clerk's post in the province does not widen what is supervised"
    assert seen("nm.supervisor") == set()
    with pytest.raises(Forbidden):
        seen("port.handler")


def test_the_board_names_what_is_late_whose_it_is_and_what_was_done_last(catalogue: Catalogue) -> None:
    catalogue.person("drc.supervisor", "zj.drc", "supervisor")
    catalogue.person("energy.handler", "zj.energy")
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), date(2021, 6, 1))
    catalogue.plan("林业规划", "zj.energy", date(2020, 9, 1), date(2021, 6, 10), date(2021, 6, 5))
    done = catalogue.task("能源规划", "zj.energy", None)
    done.status, done.ended_at, done.completed_by = (
        "completed",
        moment(date(2021, 5, 1)),
        catalogue.people["energy.handler"].id,
    )
    catalogue.task("能源规划", "zj.energy", moment(date(2021, 6, 25), 17), assignee="energy.handler")
    catalogue.session.flush()
    shown = ledger.board(catalogue.session, catalogue.actor("drc.supervisor"), as_of=moment(JUNE_30))
    (late,) = shown.overdue
    assert (late.title, late.days_late, late.holder, late.step) == (
        "能源规划",
        20,
        "zj.energy·zj.energy·handler",
        "办理",
    )
    assert late.last_action == "办理（zj.energy·handler）"
    assert [task.days_late for task in shown.late_tasks] == [3]
    assert shown.comparison.issued == 0
    assert [(one.place, one.unit) for one in shown.figures.ranking] == [(1, "zj.energy")]
    assert shown.series[-1].issued == 1 and shown.series[-1].due == 2


def test_staff_without_a_supervising_post_do_not_see_the_board(catalogue: Catalogue) -> None:
    catalogue.person("energy.handler", "zj.energy")
    with pytest.raises(Forbidden):
        ledger.board(catalogue.session, catalogue.actor("energy.handler"), as_of=JUNE_30)


def test_a_figure_of_every_group_adds_up_to_the_whole(catalogue: Catalogue) -> None:
    catalogue.plan("能源规划", "zj.energy", date(2020, 9, 1), importance="key", tier="N")
    catalogue.plan("港口规划", "nb.port", date(2020, 9, 1), issued=date(2021, 5, 1))
    found = ledger.figures(catalogue.session, None, JUNE_30)
    for group in (found.levels, found.tiers, found.importances, found.units, found.categories):
        assert sum(each.total for each in group.values()) == found.total.total == 2
    assert found.importances[Importance.KEY].issued == 0


def test_the_board_compares_with_the_end_of_the_former_period_as_it_was(catalogue: Catalogue) -> None:
    catalogue.person("drc.supervisor", "zj.drc", "supervisor")
    for number in range(6):
        catalogue.plan(f"第{number}项规划", "zj.energy", date(2020, 9, 1), date(2021, 6, 18 + number))
    catalogue.plan("新增规划", "zj.energy", date(2021, 6, 25))
    catalogue.issue("第0项规划", date(2021, 6, 15))
    catalogue.issue("第1项规划", date(2021, 6, 25))
    before = ledger.figures(catalogue.session, PROVINCE, date(2021, 6, 20)).total

    def shown() -> ledger.Board:
        return ledger.board(catalogue.session, catalogue.actor("drc.supervisor"), as_of=moment(JUNE_30))

    assert shown().before.total == before
    assert (before.total, before.issued, before.overdue) == (6, 1, 1)
    assert (shown().comparison.total, shown().comparison.issued) == (1, 1)
    catalogue.leave("第2项规划", date(2021, 6, 26))
    catalogue.issue("第3项规划", date(2021, 6, 27), stated=date(2021, 6, 10))
    assert shown().before.total == before
