"""What a change of the calendar moves is told before it is saved, and is exactly what saving moves; a notice comes as csv."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.services.catalogue import Catalogue, moment
from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.domain.rhythms import Rhythm
from workflow_service.identity.actor import Actor
from workflow_service.services import calendar_days, calendars, rhythms
from workflow_service.services.calendar_effects import Effect, effect_of
from workflow_service.services.calendar_import import read_notice, write_days
from workflow_service.store.database import Database
from workflow_service.store.deadlines import DeadlineChange
from workflow_service.store.runtime import Task, TaskHolder
from workflow_service.store.stage_deadlines import StageDeadline

SYSTEM = Actor.system("cli")
NOW = moment(date(2027, 1, 4), 10)  # a Monday of a year that nobody has arranged
TUESDAY_OFF = {date(2027, 1, 5): (False, "测试假日")}


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        made.person("handler", "zj.energy")
        made.person("leader", "zj.energy", "leader")
        made.plan("能源规划", "zj.energy", date(2026, 1, 5), date(2027, 1, 5))
        yield made
        calendars.forget(session)


def task(catalogue: Catalogue, rule: str, due: date, *, created: datetime = NOW) -> Task:
    made = catalogue.task("能源规划", "zj.energy", moment(due, 17, 30), assignee="handler", created=created)
    made.deadline_rule = rule
    catalogue.session.flush()
    return made


def moved(effect: Effect) -> list[tuple[int, str]]:
    return [(one.task_id, f"{one.after:%m-%d}") for one in effect.tasks]


def test_running_deadlines_in_working_days_move_past_a_day_off_and_others_stand(catalogue: Catalogue) -> None:
    one, three = task(catalogue, "1 working days", date(2027, 1, 5)), task(catalogue, "3 working days", date(2027, 1, 7))
    week_end = task(catalogue, "5 working days", date(2027, 1, 11))
    ends_on_it = task(catalogue, "1 calendar days", date(2027, 1, 5))
    task(catalogue, "10 calendar days", date(2027, 1, 14))
    task(catalogue, "2027-01-05", date(2027, 1, 5))
    task(catalogue, "by hand", date(2027, 1, 6))
    task(catalogue, "5 working days", date(2027, 1, 4))
    late = task(catalogue, "5 working days", date(2026, 12, 30))
    effect = effect_of(catalogue.session, TUESDAY_OFF, now=NOW)
    assert sorted(moved(effect)) == sorted(
        [(one.id, "01-06"), (ends_on_it.id, "01-06"), (three.id, "01-08"), (week_end.id, "01-12")]
    )
    assert effect.later == 4 and late.id not in {one.task_id for one in effect.tasks}
    assert effect.plans_on_days_off == 1


def test_nothing_moves_until_it_is_saved_and_then_exactly_what_was_told(catalogue: Catalogue) -> None:
    session = catalogue.session
    three = task(catalogue, "3 working days", date(2027, 1, 7))
    told = effect_of(session, TUESDAY_OFF, now=NOW)
    assert session.get_one(Task, three.id).due_at == moment(date(2027, 1, 7), 17, 30)
    calendar_days.set_days(session, SYSTEM, TUESDAY_OFF, now=NOW, move=True)
    session.flush()
    session.expire_all()
    after = session.get_one(Task, three.id).due_at
    assert [one.after for one in told.tasks] == [after] == [moment(date(2027, 1, 8), 17, 30)]
    assert set(session.scalars(select(TaskHolder.due_at).where(TaskHolder.task_id == three.id))) == {after}
    kept = session.scalars(select(DeadlineChange)).one()
    assert (kept.due_before, kept.due_after, kept.reason) == (moment(date(2027, 1, 7), 17, 30), after, "工作日历调整")
    assert effect_of(session, TUESDAY_OFF, now=NOW).tasks == ()  # what is so already moves nothing
    calendar_days.forget_day(session, SYSTEM, date(2027, 1, 5), now=NOW, move=True)
    session.flush()
    session.expire_all()
    assert session.get_one(Task, three.id).due_at == moment(date(2027, 1, 7), 17, 30)


def test_a_stage_moves_as_it_was_told_and_one_by_hand_or_of_a_plan_that_waits_stands(catalogue: Catalogue) -> None:
    session = catalogue.session
    rules = {"能源规划": "3 working days", "林业规划": "2027-01-07", "港口规划": "3 working days"}
    for title, rule in rules.items():
        if title not in catalogue.plans:
            catalogue.plan(title, "zj.energy", date(2026, 1, 5), date(2027, 6, 30))
        due = moment(date(2027, 1, 7), 17, 30)
        session.add(StageDeadline(plan_id=catalogue.plans[title].id, stage="drafting", rule=rule, entered_at=NOW, due_at=due))
    catalogue.pause("港口规划", date(2027, 1, 4))
    session.flush()
    told = effect_of(session, TUESDAY_OFF, now=NOW).stages
    assert [(one.title, f"{one.after:%m-%d}") for one in told] == [("能源规划", "01-08")]
    calendar_days.set_days(session, SYSTEM, TUESDAY_OFF, now=NOW, move=True)
    session.flush()
    session.expire_all()
    dues = {one.plan_id: f"{one.due_at.astimezone(NOW.tzinfo):%m-%d}" for one in session.scalars(select(StageDeadline))}
    assert [dues[catalogue.plans[title].id] for title in rules] == ["01-08", "01-07", "01-07"]
    kept = session.scalars(select(DeadlineChange).where(DeadlineChange.reason == "工作日历调整")).one()
    assert (kept.stage, kept.due_after) == ("drafting", moment(date(2027, 1, 8), 17, 30))


def test_without_moving_deadlines_that_run_stand(catalogue: Catalogue) -> None:
    three = task(catalogue, "3 working days", date(2027, 1, 7))
    calendar_days.set_days(catalogue.session, SYSTEM, TUESDAY_OFF, now=NOW)
    catalogue.session.flush()
    catalogue.session.expire_all()
    assert catalogue.session.get_one(Task, three.id).due_at == moment(date(2027, 1, 7), 17, 30)


def test_a_make_up_saturday_brings_deadlines_forward(catalogue: Catalogue) -> None:
    six = task(catalogue, "6 working days", date(2027, 1, 12))
    effect = effect_of(catalogue.session, {date(2027, 1, 9): (True, "元旦")}, now=NOW)
    assert moved(effect) == [(six.id, "01-11")] and effect.later == 0


def test_a_paused_deadline_and_a_finished_task_are_left_alone(catalogue: Catalogue) -> None:
    paused, done = task(catalogue, "3 working days", date(2027, 1, 7)), task(catalogue, "3 working days", date(2027, 1, 7))
    paused.paused_for, done.status = "suspended", "completed"
    catalogue.session.flush()
    assert effect_of(catalogue.session, TUESDAY_OFF, now=NOW).tasks == ()


def test_runs_of_the_rhythms_that_move_are_told(catalogue: Catalogue) -> None:
    session = catalogue.session
    rhythms.activate(session, SYSTEM, rhythms=[Rhythm.WEEKLY, Rhythm.TEN_DAY], now=NOW - timedelta(days=30))
    effect = effect_of(session, {date(2027, 1, 11): (False, "测试假日")}, now=NOW)
    assert [(one.rhythm, f"{one.before:%m-%d}", f"{one.after:%m-%d}") for one in effect.runs] == [
        (Rhythm.WEEKLY, "01-11", "01-12"), (Rhythm.TEN_DAY, "01-11", "01-12"),
    ]  # fmt: skip


def test_moving_needs_the_right_to_keep_the_calendar(catalogue: Catalogue) -> None:
    with pytest.raises(Forbidden):
        calendar_days.set_days(catalogue.session, catalogue.actor("handler"), TUESDAY_OFF, now=NOW, move=True)


NOTICE = """日期,安排,名称
2027-01-01至2027-01-03,放假,元旦
2027/2/5—2027/2/7,休,春节
2027年1月30日,上班,春节
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_notice_is_read_as_offices_save_it(encoding: str) -> None:
    days = read_notice(NOTICE.encode(encoding))
    january, february = (1, 2, 3, 30), (5, 6, 7)
    assert sorted(days) == [*(date(2027, 1, n) for n in january), *(date(2027, 2, n) for n in february)]
    assert days[date(2027, 1, 30)] == (True, "春节") and days[date(2027, 1, 2)] == (False, "元旦")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2027-01-01,也许,元旦", "第 1 行"),
        ("2027-02-30,放假,元旦", "日期应写作"),
        ("2027-02-05至2027-02-01,放假,春节", "起止日期"),
        ("2027-02-05至2027-05-01,放假,春节", "起止日期"),
        ("2027-01-01,放假,元旦\n2027-01-01,上班,元旦", "第 2 行"),
        ("3027-01-01,放假,元旦", "日期应写作"),
        (f"2027-01-01,放假,{'元' * 51}", "节日名称"),
        ("日期,安排,名称", "没有日期"),
        ("", "没有日期"),
    ],
)
def test_lines_that_cannot_be_read_are_named(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_notice(text.encode())


def test_a_year_that_is_downloaded_can_be_read_again(database: Database) -> None:
    with database.transaction() as session:
        known = calendar_days.days_of_year(session, 2025)
    assert read_notice(write_days(known)) == {one.day: (one.working, one.name) for one in known}


@pytest.mark.parametrize("year", range(2020, 2027))
def test_every_published_year_comes_back_from_its_csv_as_the_same_calendar(database: Database, year: int) -> None:
    with database.transaction() as session:
        known = calendar_days.days_of_year(session, year)
        assert effect_of(session, read_notice(write_days(known)), now=NOW).tasks == ()
        assert known and all(not one.own for one in known)
