"""A bulletin about one unit's plans or one route's: beside the whole one, with the figures of that part alone, once a period."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythm_settings import by_hand
from tests.services.test_rhythms import SYSTEM, activate, government, notices, walk
from workflow_service.documents.templates import text_of
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import use_language
from workflow_service.services import (
    bulletin_scope,
    bulletins,
    calendar_days,
    processes,
    rhythm_by_hand,
    rhythms,
    tasks,
)
from workflow_service.services.context import Actor
from workflow_service.store import circulation_list
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import Bulletin

__all__ = ["government"]
WATER, CONGRESS = "unit:zj.water", "route:people_congress"
MORNING = moment(date(2025, 11, 21), 8)


def run(database: Database, scope: str, now: datetime = MORNING) -> None:
    """Run the ten-day rhythm by hand for a part."""
    by_hand(database, Rhythm.TEN_DAY, *scope.split(":"), now)


def whole(database: Database, day: date = date(2025, 11, 21)) -> None:
    """Let the whole bulletin of the period come on its day."""
    activate(database, day, Rhythm.TEN_DAY)
    walk(database, day, day)


def plans(database: Database) -> None:
    """Plans of both units on two routes: issued, late, to come."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        made.plan("水资源规划", "zj.water", date(2021, 1, 4), date(2025, 11, 3))
        made.plan("防洪规划", "zj.water", date(2021, 1, 4), date(2025, 12, 30), importance="key")
        made.plan("电网规划", "zj.energy", date(2021, 1, 4), date(2025, 11, 10))
        made.plan("海洋规划", "zj.water", date(2021, 1, 4), date(2027, 6, 30)).route = "people_congress"
        made.plan("总体规划", "zj.energy", date(2021, 1, 4), date(2025, 11, 5)).route = "people_congress"
        made.issue("防洪规划", date(2025, 11, 14))
        made.issue("电网规划", date(2025, 11, 17))


def of_scope(database: Database, scope: str, period: str = "2025-11-D2") -> Bulletin:
    with database.transaction() as session:
        found = bulletin_scope.find(session, "330000", period, scope)
        assert found is not None
        return found


def release(
    database: Database, scope: str, now: datetime, *, period: str = "2025-11-D2", asks: tuple[dict[str, Any], ...] = ()
) -> Bulletin:
    """Write and release the bulletin of one scope."""
    answers = {
        "edit_bulletin": {"outcome": "submit", "summary": f"{scope or '全部'}平稳", **({"asks": list(asks)} if asks else {})},
        "release_bulletin": {"outcome": "release"},
    }
    instance_id = of_scope(database, scope, period).instance_id
    for element, answer in answers.items():
        with database.transaction() as session:
            mine = Task.instance_id == instance_id, Task.element_id == element, Task.status == "open"
            tasks.complete_task(session, SYSTEM, session.scalars(select(Task.id).where(*mine)).one(), answer, now=now)
    return of_scope(database, scope, period)


def titles(rows: list[dict[str, Any]]) -> list[str]:
    return [row["title"] for row in rows]


def test_it_says_of_its_unit_s_plans_alone_what_the_whole_one_says_of_all(government: Database) -> None:
    plans(government)
    run(government, WATER)
    whole(government)
    told, everything = of_scope(government, WATER).figures, of_scope(government, "").figures
    assert told["scope"] == {"kind": "unit", "code": "zj.water", "name": "zj.water单位"} and "scope" not in everything
    assert told["total"] == {"total": 5, "issued": 2, "overdue": 1} and told["before"]["issued"] == 1
    assert everything["total"] == {"total": 8, "issued": 3, "overdue": 2}
    assert told["key"] == {"total": 1, "issued": 1, "overdue": 0}
    assert [(one["code"], one["total"]) for one in told["units"]] == [("zj.water", 5)]
    assert (titles(told["issued"]), titles(everything["issued"])) == (["防洪规划"], ["防洪规划", "电网规划"])
    assert (titles(told["overdue"]), titles(everything["overdue"])) == (["水资源规划"], ["水资源规划", "总体规划"])
    assert (told["trend"][-1]["issued"], everything["trend"][-1]["issued"]) == (2, 3)
    assert sum(told["stages"].values()) == 5 and told["importances"]["key"]["total"] == 1


def test_it_says_of_the_plans_on_a_route_alone_who_leads_them_and_what_is_late(government: Database) -> None:
    plans(government)
    run(government, CONGRESS)
    told = of_scope(government, CONGRESS).figures
    assert told["scope"]["name"] == "人大审议批准" and told["total"] == {"total": 2, "issued": 0, "overdue": 1}
    assert {one["code"] for one in told["units"]} == {"zj.energy", "zj.water"}
    assert titles(told["overdue"]) == ["总体规划"] and told["issued"] == []


def test_its_figures_are_those_of_the_period_s_end_whoever_leads_the_plans_by_then(government: Database) -> None:
    plans(government)
    with government.transaction() as session:
        made = Catalogue.again(session)
        water, energy = made.units["zj.water"].id, made.units["zj.energy"].id
        made.plan("后来的规划", "zj.water", date(2025, 11, 21))
        made.issue("水资源规划", date(2025, 11, 21))
        made.event("防洪规划", "lead_unit_changed", date(2025, 11, 21), {"from": water, "to": energy})
        made.plans["防洪规划"].lead_unit_id = energy
    run(government, WATER, moment(date(2025, 11, 24)))
    run(government, "unit:zj.energy", moment(date(2025, 11, 24)))
    water_told, energy_told = (of_scope(government, scope).figures for scope in (WATER, "unit:zj.energy"))
    assert water_told["total"] == {"total": 5, "issued": 2, "overdue": 1} and titles(water_told["issued"]) == ["防洪规划"]
    assert energy_told["total"] == {"total": 3, "issued": 1, "overdue": 1} and titles(energy_told["issued"]) == ["电网规划"]


@pytest.mark.parametrize("first", ["part", "whole"])
def test_it_neither_stops_nor_replaces_the_whole_bulletin_in_either_order(government: Database, first: str) -> None:
    plans(government)
    if first == "part":
        run(government, WATER)
        whole(government)
    else:
        whole(government)
        run(government, WATER, moment(date(2025, 11, 24)))
    with government.transaction() as session:
        made = select(Bulletin.scope, ProcessInstance.business_key).join(
            ProcessInstance, ProcessInstance.id == Bulletin.instance_id
        )
        assert {tuple(row) for row in session.execute(made)} == {
            ("", "bulletin:330000:2025-11-D2"), (WATER, "bulletin:330000:2025-11-D2@unit:zj.water"),
        }  # fmt: skip
        named = session.scalars(select(Task.title).where(Task.title.contains("zj.water单位"))).all()
        assert named == ["旬通报（11月中旬，zj.water单位）· zj.drc"]


def test_each_run_s_page_leads_to_its_own_bulletin(government: Database) -> None:
    plans(government)
    run(government, WATER)
    whole(government)
    with government.transaction() as session:
        actor = Catalogue.again(session).actor("drc.supervisor")
        for scope in ("", WATER):
            row = session.get_one(ProcessInstance, of_scope(government, scope).instance_id)
            found = bulletins.bulletin_of_run(session, actor, row.definition_key, row.business_key)
            assert found is not None and found.scope == scope
        assert bulletins.bulletin_of_run(session, actor, "ten_day_bulletin", "slip:7") is None


def test_it_comes_once_a_period_and_part_and_again_in_the_next_period(government: Database) -> None:
    plans(government)
    run(government, WATER)
    with pytest.raises(Conflict):
        run(government, WATER, moment(date(2025, 11, 24)))
    run(government, "unit:zj.energy", moment(date(2025, 11, 24)))
    run(government, WATER, moment(date(2025, 12, 1)))
    with government.transaction() as session:
        assert {tuple(row) for row in session.execute(select(Bulletin.period, Bulletin.scope))} == {
            ("2025-11-D2", WATER), ("2025-11-D2", "unit:zj.energy"), ("2025-11-D3", WATER),
        }  # fmt: skip


def test_one_whose_run_was_terminated_goes_on_in_a_new_run_with_the_same_figures(government: Database) -> None:
    plans(government)
    run(government, WATER)
    first = of_scope(government, WATER)
    with government.transaction() as session:
        Catalogue.again(session).issue("水资源规划", date(2025, 11, 21))
        processes.terminate_instance(session, SYSTEM, first.instance_id, "有误", now=moment(date(2025, 11, 21), 9))
    run(government, WATER, moment(date(2025, 11, 21), 10))
    second = of_scope(government, WATER)
    assert (second.id, second.figures) == (first.id, first.figures) and second.instance_id != first.instance_id
    released = release(government, WATER, moment(date(2025, 11, 24)))
    assert (released.status, released.number) == ("released", 1)
    with pytest.raises(Conflict):
        run(government, WATER, moment(date(2025, 11, 25)))


def test_a_second_is_refused_while_the_first_is_being_begun(government: Database) -> None:
    plans(government)
    with government.transaction() as session:
        rhythm_by_hand.run_by_hand(session, SYSTEM, Rhythm.TEN_DAY, "unit", "zj.water", now=MORNING)
    with pytest.raises(Conflict), government.transaction() as session:
        rhythm_by_hand.run_by_hand(session, SYSTEM, Rhythm.TEN_DAY, "unit", "zj.water", now=MORNING)


def test_it_tells_of_no_period_that_is_not_over_though_the_whole_one_will_tell_both_together(government: Database) -> None:
    plans(government)
    with government.transaction() as session:
        off = {date(2025, 11, number): (False, "测试假日") for number in (11, 12, 13, 14, 17, 18, 19, 20)}
        calendar_days.set_days(session, SYSTEM, off, now=moment(date(2025, 11, 3)))
    run(government, WATER, moment(date(2025, 11, 13)))
    told = of_scope(government, WATER, "2025-11-D1")
    assert (told.figures["label"], told.figures["last"]) == ("11月上旬", "2025-11-10")
    assert told.figures["total"]["issued"] == 1  # 防洪规划 is issued on the 14th
    run(government, WATER, moment(date(2025, 11, 24)))
    assert of_scope(government, WATER).figures["label"] == "11月上旬至11月中旬"


def test_a_unit_or_route_without_plans_at_the_period_s_end_gets_none(government: Database) -> None:
    with government.transaction() as session:
        Catalogue.again(session).plan("后来的规划", "zj.drc", date(2025, 11, 21))
    for scope in ("unit:zj.drc", CONGRESS):
        with pytest.raises(InvalidInput, match="无从通报"):
            run(government, scope, moment(date(2025, 11, 24)))
    with pytest.raises(NotFound), government.transaction() as session:
        bulletins.draft_bulletin(session, "330000", "2025-11-D2", scope="unit:nowhere", now=MORNING)
    with pytest.raises(InvalidInput), government.transaction() as session:
        bulletins.draft_bulletin(session, "330000", "2025-11-D2", scope="route:nowhere", now=MORNING)


def in_a_town(database: Database, path: str) -> None:
    """A unit with a plan in an area that has no commission."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        made.unit("town.office", area=path.strip("/").rpartition("/")[2], path=path)
        made.person("town.leader", "town.office", "leader")
        made.plan("镇村规划", "town.office", date(2021, 1, 4), date(2027, 6, 30)).route = "people_congress"


@pytest.mark.parametrize(("scope", "total"), [("unit:town.office", 1), (CONGRESS, 3)])
def test_for_an_area_without_a_commission_the_one_above_reports(government: Database, scope: str, total: int) -> None:
    plans(government)
    in_a_town(government, "/330000/330205/330205001/")
    run(government, scope)
    assert of_scope(government, scope).figures["total"]["total"] == total
    release(government, scope, moment(date(2025, 11, 24)))
    with government.transaction() as session:
        assert [one.area for one in session.scalars(select(Bulletin))] == ["330000"]
        assert Catalogue.again(session).people["town.leader"].id in {one.user_id for one in notices(session, "bulletin")}


def test_where_no_commission_is_above_it_is_said_so(government: Database) -> None:
    in_a_town(government, "/440000/440100/")
    with pytest.raises(InvalidInput, match="没有发展改革部门"):
        run(government, "unit:town.office")


def test_a_route_gives_one_bulletin_for_each_government_that_the_supervisor_oversees(government: Database) -> None:
    plans(government)
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.unit("jb.drc", "drc", area="330205", path="/330000/330205/")
        made.unit("jb.energy", area="330205", path="/330000/330205/")
        made.person("jb.supervisor", "jb.drc", "supervisor")
        made.plan("江北规划", "jb.energy", date(2021, 1, 4)).route = "people_congress"
        made.unit("hs.drc", "drc", area="330206", path="/330000/330206/")

    def route(username: str, now: datetime) -> None:
        with government.transaction() as session:
            actor = Catalogue.again(session).actor(username)
            claimed = rhythm_by_hand.run_by_hand(session, actor, Rhythm.TEN_DAY, "route", "people_congress", now=now)
        rhythms.finish(government, *claimed, now=now)

    route("jb.supervisor", MORNING)
    route("drc.supervisor", moment(date(2025, 11, 21), 9))
    with government.transaction() as session:
        found = {one.area: one for one in session.scalars(select(Bulletin))}
        assert {area: one.created_at for area, one in found.items()} == {
            "330205": MORNING, "330000": moment(date(2025, 11, 21), 9),
        }  # fmt: skip
        assert (found["330205"].figures["total"]["total"], found["330000"].figures["total"]["total"]) == (1, 3)
    with pytest.raises(Conflict):
        run(government, CONGRESS)  # as the whole installation's supervisor: all of it is there


def test_numbers_follow_the_releases_of_both_kinds_in_one_series(government: Database) -> None:
    plans(government)
    run(government, WATER)
    whole(government)
    run(government, CONGRESS, moment(date(2025, 11, 21), 11))
    given = [release(government, scope, moment(date(2025, 11, 24), 9 + n)) for n, scope in enumerate((CONGRESS, "", WATER))]
    assert [(one.year, one.number) for one in given] == [(2025, 1), (2025, 2), (2025, 3)]


def test_what_was_promised_is_compared_with_the_former_bulletin_about_the_same_plans(government: Database) -> None:
    plans(government)
    run(government, WATER, moment(date(2025, 11, 11), 8))
    whole(government, date(2025, 11, 11))
    ask = {"unit": "zj.water", "what": "加快水资源规划", "until": "2025-11-25"}
    part = release(government, WATER, moment(date(2025, 11, 12)), period="2025-11-D1", asks=(ask,))
    all_of_it = release(
        government, "", moment(date(2025, 11, 13)), period="2025-11-D1", asks=({**ask, "unit": "zj.energy", "what": "加快"},)
    )
    walk(government, date(2025, 11, 21), date(2025, 11, 21))
    run(government, WATER, moment(date(2025, 11, 21), 11))
    run(government, "unit:zj.energy", moment(date(2025, 11, 21), 11))
    followed = {
        scope: release(government, scope, moment(date(2025, 11, 24))).followed for scope in (WATER, "", "unit:zj.energy")
    }
    assert followed["unit:zj.energy"] is None
    water, everything = followed[WATER], followed[""]
    assert water is not None and everything is not None
    assert (water["former"], everything["former"]) == (part.id, all_of_it.id)
    assert [one["what"] for one in water["asks"]] == ["加快水资源规划"] and titles(water["plans"]) == ["水资源规划"]
    assert titles(everything["plans"]) == ["水资源规划", "总体规划"]
    assert water["asks"][0]["outcome"] == "已印发由1项到2项，逾期由1项到1项"


def test_it_goes_to_its_unit_and_the_supervisors_and_the_unit_signs_for_it(government: Database) -> None:
    plans(government)
    run(government, WATER)
    sent = release(government, WATER, moment(date(2025, 11, 24)))
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = {one.user_id for one in notices(session, "bulletin")}
        assert told == {people[name].id for name in ("zj.water.handler", "zj.water.leader", "drc.supervisor")}
        (notice, *_) = notices(session, "bulletin")
        assert notice.subject == "2025年第1期规划编制简报（11月中旬，zj.water单位）"
        (receipt,) = circulation_list.of_link(session, f"/bulletins/{sent.id}")
        holders = [one.reader.holder for one in circulation_list.readers_of(session, [receipt.id])[receipt.id]]
        assert holders == ["g:zj.water:leader"]


def test_a_route_s_goes_to_every_lead_unit_and_to_the_one_that_came_after_a_merged_one(government: Database) -> None:
    plans(government)
    run(government, CONGRESS)
    with government.transaction() as session:
        made = Catalogue.again(session)
        heir = made.unit("zj.new")
        made.person("zj.new.handler", "zj.new")
        made.units["zj.energy"].active, made.units["zj.energy"].successor_id = False, heir.id
    release(government, CONGRESS, moment(date(2025, 11, 24)))
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = {one.user_id for one in notices(session, "bulletin")}
        expected = ("zj.water.handler", "zj.water.leader", "zj.new.handler", "drc.supervisor")
        assert told == {people[name].id for name in expected}


def test_units_of_which_it_asks_something_are_told_and_sign_for_it(government: Database) -> None:
    plans(government)
    run(government, WATER)
    with government.transaction() as session:
        made = Catalogue.again(session)
        for code in ("zj.sea", "zj.heir"):
            made.unit(code)
            made.person(f"{code}.leader", code, "leader")
        made.units["zj.energy"].active, made.units["zj.energy"].successor_id = False, made.units["zj.heir"].id
    asks = tuple({"unit": unit, "what": "会签意见", "until": "2025-12-05"} for unit in ("zj.sea", "zj.energy"))
    sent = release(government, WATER, moment(date(2025, 11, 24)), asks=asks)
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = {one.user_id for one in notices(session, "bulletin")}
        names = ("zj.water.handler", "zj.water.leader", "zj.sea.leader", "zj.heir.leader", "drc.supervisor")
        assert told == {people[name].id for name in names}
        (receipt,) = circulation_list.of_link(session, f"/bulletins/{sent.id}")
        holders = {one.reader.holder for one in circulation_list.readers_of(session, [receipt.id])[receipt.id]}
        assert holders == {"g:zj.water:leader", "g:zj.sea:leader", "g:zj.heir:leader"}


def test_its_paper_names_what_it_is_about_and_whom_it_goes_to(government: Database) -> None:
    plans(government)
    run(government, WATER)
    run(government, CONGRESS)
    sent = [release(government, scope, moment(date(2025, 11, 24))) for scope in (WATER, CONGRESS)]
    with government.transaction() as session:
        unit, route = (text_of(bulletins.bulletin_docx(session, SYSTEM, one.id)) for one in sent)
        assert bulletin_scope.name_of(sent[1]) == "人大审议批准"
        with use_language("en"):
            assert bulletin_scope.name_of(sent[1]).isascii()
    assert "关于2025年11月中旬zj.water单位规划编制进展情况的通报" in unit and "发：zj.water单位" in unit
    assert "截至2025年11月20日，zj.water单位纳入编制目录清单的规划共5项" in unit and "总体规划" not in unit
    assert "关于2025年11月中旬人大审议批准路线规划编制进展情况的通报" in route and "发：有关编制单位" in route


def test_only_who_supervises_the_unit_s_government_runs_it(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.unit("jb.drc", "drc", area="330205", path="/330000/330205/")
        made.person("jb.supervisor", "jb.drc", "supervisor")
        actor: Actor = made.actor("jb.supervisor")
        with pytest.raises(Forbidden):
            rhythm_by_hand.run_by_hand(session, actor, Rhythm.TEN_DAY, "unit", "zj.water", now=MORNING)
