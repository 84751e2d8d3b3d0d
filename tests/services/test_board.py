"""The board of any place and day: the places and units below it, the trend of past periods, what moved the dates."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from tests.services.catalogue import Catalogue, moment
from workflow_service.domain.errors import Forbidden, NotFound
from workflow_service.domain.supervision import Figures
from workflow_service.identity.actor import Actor
from workflow_service.services import board, ledger, trends
from workflow_service.services.board import BoardAsked
from workflow_service.services.board_sheet import board_xlsx
from workflow_service.store.database import Database
from workflow_service.store.plans import Plan

EVERYTHING = Actor.system("cli")
PROVINCE, CITY, COUNTY, OTHER = "/330000/", "/330000/330200/", "/330000/330200/330205/", "/150000/"
JUNE_30 = date(2021, 6, 30)


@pytest.fixture
def made(database: Database) -> Iterator[Catalogue]:
    """A province, a city and a county with plans, and another province beside them."""
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.drc", relation="drc")
        made.unit("nb.port", area="330200", path=CITY)
        made.unit("jb.energy", area="330205", path=COUNTY)
        made.unit("nm.drc", relation="drc", area="150000", path=OTHER)
        made.person("drc.supervisor", "zj.drc", "supervisor")
        made.plan("省规划", "zj.drc", date(2021, 1, 8), date(2021, 6, 10), date(2021, 5, 6))
        made.plan("港口规划", "nb.port", date(2021, 1, 8), date(2021, 5, 10), importance="key", level="city")
        made.plan("区能源规划", "jb.energy", date(2021, 2, 8), date(2021, 6, 10), date(2021, 6, 15), level="county")
        made.plan("区电网规划", "jb.energy", date(2021, 2, 8), date(2021, 12, 10), level="county")
        made.plan("内蒙古规划", "nm.drc", date(2021, 1, 8))
        yield made


def seen(session: Session, actor: Actor, **asked: str) -> board.Overview:
    return board.overview(session, actor, BoardAsked(moment(JUNE_30), **asked))


def places(found: board.Overview) -> dict[str, tuple[int, int, int]]:
    return {one.path: (one.figures.total, one.figures.issued, one.figures.overdue) for one in found.places}


def test_the_way_leads_from_the_province_to_the_city_to_the_county_to_the_unit(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    top = seen(session, actor)
    assert places(top) == {CITY: (3, 1, 1)} and top.board.figures.total == Figures(4, 2, 1)
    city = seen(session, actor, area=CITY)
    assert places(city) == {COUNTY: (2, 1, 0)} and city.board.figures.total == Figures(3, 1, 1)
    assert [path for _name, path in city.trail] == [PROVINCE, CITY]
    county = seen(session, actor, area=COUNTY)
    assert county.places == () and [path for _name, path in county.trail] == [PROVINCE, CITY, COUNTY]
    unit = seen(session, actor, area=COUNTY, unit="jb.energy")
    assert unit.unit_name == "jb.energy单位" and unit.board.figures.total == Figures(2, 1, 0)
    assert seen(session, actor, unit="nb.port").board.overdue[0].title == "港口规划"


def test_nobody_looks_beside_his_area(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    with pytest.raises(Forbidden):
        seen(session, actor, area=OTHER)
    for unit in ("nm.drc", "none"):
        with pytest.raises(NotFound):
            seen(session, actor, unit=unit)


def test_places_say_the_same_from_counters_and_from_history(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    before = [(day, places(board.overview(session, actor, BoardAsked(day)))) for day in (JUNE_30, date(2021, 5, 31))]
    while ledger.add_up_counters(session, now=moment(JUNE_30)):
        pass
    assert before == [(day, places(board.overview(session, actor, BoardAsked(day)))) for day, _found in before]
    made.leave("区能源规划", date(2021, 7, 2))
    made.plan("新规划", "nb.port", date(2021, 7, 5), level="city")
    assert before == [(day, places(board.overview(session, actor, BoardAsked(day)))) for day, _found in before]
    assert before[0][1] == {CITY: (3, 1, 1)} and before[1][1] == {CITY: (3, 0, 1)}


def test_the_trend_has_the_figures_that_the_ledger_of_each_day_tells(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    while ledger.add_up_counters(session, now=moment(JUNE_30)):
        pass
    found = seen(session, actor, by="importance")
    assert found.trend.days[0] == date(2021, 1, 10) and found.trend.days[-1] == date(2021, 6, 20)
    for day in found.trend.days:
        told = ledger.figures(session, PROVINCE, day).importances
        kept = {kind: figures[day] for kind, figures in found.trend.figures.items() if day in figures}
        assert kept == {kind.value: figures for kind, figures in told.items()}
    units = seen(session, actor, by="unit").trend.figures
    assert units["jb.energy"][date(2021, 6, 20)] == Figures(2, 1, 0)
    assert "nm.drc" not in units


def test_the_trend_of_a_past_period_stays_whatever_happens_later(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    while ledger.add_up_counters(session, now=moment(JUNE_30)):
        pass
    before = seen(session, actor).trend
    made.leave("港口规划", date(2021, 7, 2))
    session.get_one(Plan, made.plans["省规划"].id).importance = "key"
    session.flush()
    while ledger.add_up_counters(session, now=moment(date(2021, 7, 22))):
        pass
    later = board.overview(session, actor, BoardAsked(moment(date(2021, 7, 22)))).trend
    still = [day for day in before.days if day in later.days]
    assert len(still) == 15 and all(later.figures[""][day] == before.figures[""][day] for day in still)
    assert later.days == (*still, JUNE_30, date(2021, 7, 10), date(2021, 7, 20))
    assert later.figures[""][JUNE_30] == Figures(4, 2, 1) and later.figures[""][date(2021, 7, 10)].total == 3


def test_no_more_periods_are_kept_than_are_shown(made: Catalogue) -> None:
    session = made.session
    for now in (moment(JUNE_30), moment(date(2022, 6, 30))):
        while ledger.add_up_counters(session, now=now):
            pass
    found = board.overview(session, EVERYTHING, BoardAsked(moment(date(2022, 6, 30)))).trend
    assert len(found.days) == trends.PERIODS
    assert trends.trend_of(session, None, "all", ("",), JUNE_30).days == ()


def test_what_moved_a_date_is_told_as_it_was_known(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    made.pause("港口规划", date(2021, 4, 6), until=date(2021, 4, 20))
    plan_id = made.plans["港口规划"].id

    def told(day: date) -> list[tuple[str, bool]]:
        found = board.overview(session, actor, BoardAsked(day)).moves.get(plan_id, ())
        return [(one.kind, one.ended_at is not None) for one in found]

    assert told(JUNE_30) == [("meeting", True)] and told(date(2021, 5, 12)) == [("meeting", True)]
    made.plans["港口规划"].due_on = date(2021, 4, 1)
    made.event("港口规划", "re_dated", date(2021, 6, 29), {"from": "2021-05-10", "to": "2021-04-01"})
    assert told(JUNE_30) == [("meeting", True)]


def test_the_sheet_has_the_numbers_of_the_page(made: Catalogue) -> None:
    session, actor = made.session, made.actor("drc.supervisor")
    while ledger.add_up_counters(session, now=moment(JUNE_30)):
        pass
    found = seen(session, actor)
    book = load_workbook(BytesIO(board_xlsx(found, now=moment(JUNE_30))))
    assert book.sheetnames == ["完成率", "下级地区", "单位", "逾期规划", "走势"]
    whole = next(book["完成率"].iter_rows(min_row=4, values_only=True))
    assert whole == ("合计", 4, 2, 1, 50, 50)
    assert [row[0] for row in book["逾期规划"].iter_rows(min_row=4, values_only=True)] == ["港口规划"]
    assert [row[4] for row in book["单位"].iter_rows(min_row=4, values_only=True)] == [100, 50, 0]
    assert [row[0].date() for row in book["走势"].iter_rows(min_row=4, values_only=True)] == list(found.trend.days)


def test_the_board_of_several_areas_begins_with_these(made: Catalogue) -> None:
    made.hold(made.people["drc.supervisor"], "nm.drc", "supervisor")
    found = seen(made.session, made.actor("drc.supervisor"))
    assert places(found) == {OTHER: (1, 0, 0), PROVINCE: (4, 2, 1)}
    assert replace(found, board=found.board).trail == ()
