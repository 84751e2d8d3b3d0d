"""Rhythms as they are set: hours, weekday, who receives; why a run is shifted; a run by hand, once a period."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time

import pytest
from sqlalchemy import select

from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythms import SYSTEM, activate, government, notices, walk
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import use_language
from workflow_service.services import rhythm_by_hand, rhythm_settings, rhythms
from workflow_service.services.rhythm_settings import DELIVERED
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import Bulletin, Notice, RhythmRun

__all__ = ["government"]
MONDAY = date(2025, 11, 24)


def set_up(database: Database, rhythm: Rhythm, now: datetime, *, on: bool = True, **changed: object) -> None:
    with database.transaction() as session:
        asked = replace(DELIVERED[rhythm], **changed)  # type: ignore[arg-type]
        rhythm_settings.set_rhythm(session, SYSTEM, rhythm, asked, on=on, now=now)


def by_hand(database: Database, rhythm: Rhythm, kind: str, code: str, now: datetime) -> None:
    with database.transaction() as session:
        claimed = rhythm_by_hand.run_by_hand(session, SYSTEM, rhythm, kind, code, now=now)
    rhythms.finish(database, *claimed, now=now)


def asked_units(database: Database) -> list[str]:
    with database.transaction() as session:
        keys = session.scalars(select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report"))
        return sorted(key.rpartition(":")[2] for key in keys)


@pytest.fixture
def other(government: Database) -> Iterator[Database]:
    """The same government with a plan on another route."""
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.plan("海洋规划", "zj.water", date(2021, 1, 4), date(2027, 6, 30)).route = "people_congress"
    yield government


def test_a_rhythm_runs_at_its_own_hour_and_the_weekly_one_on_its_own_day(government: Database) -> None:
    set_up(government, Rhythm.WEEKLY, moment(MONDAY, 7), starts_at=time(14, 30), weekday=2)
    assert walk(government, MONDAY, date(2025, 11, 25), hour=23) == []
    assert rhythms.run_due(government, now=moment(date(2025, 11, 26), 14, 29)) == []
    assert rhythms.run_due(government, now=moment(date(2025, 11, 26), 14, 30)) == [("weekly", "2025-W48")]
    with government.transaction() as session:
        assert set(session.scalars(select(Task.due_at))) == {moment(date(2025, 11, 28), 17, 30)}


def test_reports_asked_for_on_a_friday_off_are_due_when_they_are_asked_for_at_the_earliest(government: Database) -> None:
    set_up(government, Rhythm.WEEKLY, moment(date(2025, 4, 28), 7), weekday=4)
    walk(government, date(2025, 4, 28), date(2025, 5, 6))  # 1 to 5 May 2025 are off
    with government.transaction() as session:
        assert set(session.scalars(select(Task.created_at))) == {moment(date(2025, 5, 6), 10)}
        assert set(session.scalars(select(Task.due_at))) == {moment(date(2025, 5, 6), 17, 30)}


def test_switching_off_keeps_the_settings_and_switching_on_again_begins_anew(government: Database) -> None:
    set_up(government, Rhythm.DAILY, moment(MONDAY, 7), starts_at=time(8, 15))
    set_up(government, Rhythm.DAILY, moment(MONDAY, 8), on=False, starts_at=time(8, 15))
    assert walk(government, MONDAY, MONDAY) == []
    with government.transaction() as session:
        kept = rhythm_settings.choice(session, Rhythm.DAILY)
        assert (kept.activated_at, kept.starts_at) == (None, time(8, 15))
        rhythms.activate(session, SYSTEM, rhythms=[Rhythm.DAILY], now=moment(MONDAY, 12))
        assert rhythm_settings.choice(session, Rhythm.DAILY) == replace(kept, activated_at=moment(MONDAY, 12))
    assert walk(government, MONDAY, MONDAY, hour=13) == []  # today's hour was before it


@pytest.mark.parametrize(
    ("rhythm", "changed"),
    [
        (Rhythm.DAILY, {"starts_at": time(17, 30)}),
        (Rhythm.WEEKLY, {"weekday": 5}),
        (Rhythm.DAILY, {"superior_after": 61}),
        (Rhythm.WEEKLY, {"roles": ("nobody",)}),
        (Rhythm.TEN_DAY, {"posts": (), "roles": ()}),
    ],
)
def test_settings_that_cannot_be_are_refused(government: Database, rhythm: Rhythm, changed: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        set_up(government, rhythm, moment(MONDAY), **changed)


def test_only_the_topmost_area_s_supervisors_and_administrators_set_the_rhythms(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.unit("jb.drc", relation="drc", area="330205", path="/330000/330205/")
        made.person("county", "jb.drc", "supervisor")
        rhythm_settings.set_rhythm(
            session, made.actor("drc.supervisor"), Rhythm.DAILY, DELIVERED[Rhythm.DAILY], on=True, now=moment(MONDAY)
        )
        for name in ("county", "zj.energy.leader"):
            with pytest.raises(Forbidden):
                rhythm_settings.set_rhythm(
                    session, made.actor(name), Rhythm.DAILY, DELIVERED[Rhythm.DAILY], on=False, now=moment(MONDAY)
                )


def test_who_receives_the_ledger_and_the_bulletin_is_what_is_set(government: Database) -> None:
    set_up(government, Rhythm.WEEKLY, moment(MONDAY, 7), posts=("planner",), roles=())
    walk(government, MONDAY, date(2025, 12, 1))
    with government.transaction() as session:
        people = Catalogue.again(session).people
        assert {one.user_id for one in notices(session, "weekly_ledger")} == {people["drc.planner"].id}


def test_the_superior_hears_from_the_day_that_is_set(government: Database) -> None:
    with government.transaction() as session:
        Catalogue.again(session).task("能源规划", "zj.energy", moment(date(2025, 11, 21), 17, 30))
    set_up(government, Rhythm.DAILY, moment(date(2025, 11, 1)), superior_after=1)
    walk(government, MONDAY, MONDAY)
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = {one.user_id for one in notices(session, "digest")}
        assert told == {people["zj.energy.handler"].id, people["zj.energy.leader"].id}


def test_the_preview_says_why_a_run_is_shifted(government: Database) -> None:
    with government.transaction() as session:
        found = rhythms.coming_runs(session, Rhythm.TEN_DAY, now=moment(date(2025, 9, 22)), count=10)
        assert [(f"{one.run.due_at:%m-%d}", [str(reason) for reason in one.reasons]) for one in found][:3] == [
            ("10-09", ["10月1日国庆节、中秋节放假，顺延"]), ("10-11", ["国庆节、中秋节调休上班日"]), ("10-21", []),
        ]  # fmt: skip
        assert len(found) == 10
        weekly = rhythms.coming_runs(session, Rhythm.WEEKLY, now=moment(date(2026, 2, 10)), count=1)
        assert [str(reason) for reason in weekly[0].reasons] == ["2月23日春节放假，顺延", "2 期在同一天，合并为一次"]
        with use_language("en"):
            assert "Spring Festival" in str(weekly[0].reasons[0])
        far = rhythms.coming_runs(session, Rhythm.DAILY, now=moment(date(2028, 3, 1)), count=1)
        assert [str(reason) for reason in far[0].reasons] == ["当年放假安排尚未确认，日期可能变动"]


def test_a_week_run_by_hand_for_one_unit_is_not_asked_of_it_again(government: Database) -> None:
    activate(government, date(2025, 11, 1), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 3), date(2025, 11, 23))
    before = asked_units(government)
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 8))
    assert sorted([*before, "zj.energy"]) == asked_units(government)
    walk(government, MONDAY, MONDAY)
    assert sorted([*before, "zj.energy", "zj.water"]) == asked_units(government)
    with government.transaction() as session:
        run = session.get(RhythmRun, ("weekly", "2025-W48@unit:zj.energy:/"))
        assert run is not None and run.finished_at is not None
        assert rhythm_by_hand.served(session, [run])[run.rhythm, run.period].name == "zj.energy单位"
    with pytest.raises(Conflict, match="都已布置"):
        by_hand(government, Rhythm.WEEKLY, "unit", "zj.water", moment(MONDAY, 11))


def test_the_same_unit_is_not_served_twice_by_hand(government: Database) -> None:
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 8))
    with pytest.raises(Conflict, match="都已布置"):
        by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(date(2025, 11, 26), 8))
    assert asked_units(government) == ["zj.energy"]


def late_comer(database: Database) -> None:
    """A unit that has its first plan, on the route of the people's congress, after Monday's run."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        made.unit("zj.ocean")
        made.person("zj.ocean.handler", "zj.ocean")
        made.plan("海岛规划", "zj.ocean", date(2025, 11, 25), date(2027, 6, 30)).route = "people_congress"


def test_a_unit_whose_first_plan_came_after_monday_s_run_is_asked_by_hand_and_nobody_else(other: Database) -> None:
    activate(other, MONDAY, Rhythm.WEEKLY)
    walk(other, MONDAY, MONDAY)
    late_comer(other)
    by_hand(other, Rhythm.WEEKLY, "route", "people_congress", moment(date(2025, 11, 26), 8))
    assert asked_units(other) == ["zj.energy", "zj.ocean", "zj.water"]  # the water bureau, on the route too, is not asked again
    with other.transaction() as session:
        assert set(session.scalars(select(Task.due_at))) == {moment(date(2025, 11, 28), 17, 30)}
        run = session.get(RhythmRun, ("weekly", "2025-W48@route:people_congress:/330000/"))
        assert run is not None and run.figures is not None and run.figures["asked"] == 1
    with pytest.raises(Conflict, match="都已布置"):
        by_hand(other, Rhythm.WEEKLY, "route", "people_congress", moment(date(2025, 11, 26), 9))


def test_a_route_run_again_by_hand_has_a_key_of_its_own_and_everybody_is_named_and_told_once(other: Database) -> None:
    by_hand(other, Rhythm.WEEKLY, "route", "people_congress", moment(MONDAY, 8))
    late_comer(other)
    by_hand(other, Rhythm.WEEKLY, "route", "people_congress", moment(date(2025, 11, 26), 8))
    activate(other, date(2025, 11, 26), Rhythm.WEEKLY)
    walk(other, date(2025, 11, 26), date(2025, 12, 3))
    with other.transaction() as session:
        keys = session.scalars(select(RhythmRun.period).where(RhythmRun.rhythm == "weekly", RhythmRun.period.contains("@")))
        assert sorted(keys) == ["2025-W48@route:people_congress:/330000/", "2025-W48@route:people_congress:/330000/#2"]
        week = [one for one in notices(session, "weekly_late") if "2025-W48" in one.dedup_key]
        assert sorted(unit for one in week for unit in one.body["units"]) == ["zj.ocean", "zj.water"]
        assert len([one for one in notices(session, "weekly_ledger") if "2025-W48" in one.dedup_key]) == 1


def test_who_is_asked_by_hand_after_friday_has_a_day_to_answer_and_is_named_after_it(government: Database) -> None:
    activate(government, MONDAY, Rhythm.WEEKLY)
    walk(government, MONDAY, date(2025, 11, 28))
    late_comer(government)
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.ocean", moment(date(2025, 11, 29), 8))
    walk(government, date(2025, 11, 29), date(2025, 12, 2))
    with government.transaction() as session:
        due = select(Task.due_at).where(Task.candidate_groups == ["zj.ocean:handler"]).order_by(Task.id)
        assert session.scalars(due).first() == moment(date(2025, 12, 1), 17, 30)
        named = [sorted(one.body["units"]) for one in notices(session, "weekly_late")]
    assert named == [["zj.energy", "zj.water"], ["zj.ocean"]]


def test_a_run_by_hand_waits_for_the_run_of_the_week_that_is_under_way(government: Database) -> None:
    activate(government, MONDAY, Rhythm.WEEKLY)
    with government.transaction() as session:
        rhythms.claim_due(session, now=moment(MONDAY, 9))
    with pytest.raises(Conflict, match="正在运行"):
        by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 9))
    assert asked_units(government) == []


def test_a_week_run_by_hand_while_the_rhythm_is_off_still_names_who_is_late_and_sends_the_ledger(government: Database) -> None:
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 8))
    walk(government, MONDAY, date(2025, 12, 1))
    with government.transaction() as session:
        assert [one.body["units"] for one in notices(session, "weekly_late")] == [["zj.energy"]]
        assert len(notices(session, "weekly_ledger")) == 1


def test_each_late_unit_is_named_once_whether_asked_by_hand_or_with_everybody(government: Database) -> None:
    activate(government, MONDAY, Rhythm.WEEKLY)
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 8))
    walk(government, MONDAY, date(2025, 12, 2))
    with government.transaction() as session:
        named = [one.body["units"] for one in notices(session, "weekly_late")]
    assert sorted(named) == [["zj.energy"], ["zj.water"]]


def test_a_unit_that_was_granted_more_time_is_not_named_late(government: Database) -> None:
    activate(government, MONDAY, Rhythm.WEEKLY)
    walk(government, MONDAY, MONDAY)
    with government.transaction() as session:
        granted = session.scalars(select(Task).where(Task.candidate_groups == ["zj.energy:handler"])).one()
        granted.due_at = moment(date(2025, 12, 3), 17, 30)
    walk(government, date(2025, 11, 25), date(2025, 12, 1))
    with government.transaction() as session:
        assert [one.body["units"] for one in notices(session, "weekly_late")] == [["zj.water"]]


def test_a_week_run_by_hand_is_told_to_nobody_but_who_supervises_that_part(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.unit("ah.drc", "drc", area="340000", path="/340000/")
        elsewhere = made.person("ah.supervisor", "ah.drc", "supervisor").id
        made.unit("ah.energy", area="340000", path="/340000/")
        made.plan("皖北规划", "ah.energy", date(2021, 1, 4), date(2027, 6, 30))
    by_hand(government, Rhythm.WEEKLY, "unit", "zj.energy", moment(MONDAY, 8))
    walk(government, MONDAY, date(2025, 12, 1))
    with government.transaction() as session:
        told = {one.user_id for kind in ("weekly_late", "weekly_ledger") for one in notices(session, kind)}
    assert told and elsewhere not in told


def test_a_route_by_hand_serves_the_units_that_have_plans_on_it(other: Database) -> None:
    by_hand(other, Rhythm.WEEKLY, "route", "people_congress", moment(MONDAY, 8))
    assert asked_units(other) == ["zj.water"]
    with other.transaction() as session:
        assert "".join(session.scalars(select(Task.title))) == "周报送（2025年第48周）· zj.water"


def test_urging_by_hand_reaches_those_with_work_in_the_unit_and_each_once_a_day(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        for unit in ("zj.energy", "zj.water"):
            made.task("能源规划", unit, moment(MONDAY, 17, 30))
    by_hand(government, Rhythm.DAILY, "unit", "zj.energy", moment(MONDAY, 8))
    with government.transaction() as session:
        people = Catalogue.again(session).people
        assert [one.user_id for one in notices(session, "digest")] == [people["zj.energy.handler"].id]
    activate(government, MONDAY, Rhythm.DAILY)
    walk(government, MONDAY, MONDAY)
    with government.transaction() as session:
        told = session.scalars(select(Notice.user_id).where(Notice.kind == "digest")).all()
        assert sorted(told) == sorted([people["zj.energy.handler"].id, people["zj.water.handler"].id])


def test_urging_by_hand_after_the_run_of_the_day_reaches_who_got_no_digest_and_has_something_now(government: Database) -> None:
    with government.transaction() as session:
        Catalogue.again(session).task("能源规划", "zj.energy", moment(MONDAY, 17, 30))
    activate(government, MONDAY, Rhythm.DAILY)
    walk(government, MONDAY, MONDAY)
    with government.transaction() as session:
        made = Catalogue.again(session)
        for unit in ("zj.energy", "zj.water"):
            made.task("水利规划", unit, moment(MONDAY, 17, 30))
    by_hand(government, Rhythm.DAILY, "unit", "zj.energy", moment(MONDAY, 11))
    by_hand(government, Rhythm.DAILY, "unit", "zj.water", moment(MONDAY, 11))
    by_hand(government, Rhythm.DAILY, "unit", "zj.water", moment(MONDAY, 12))
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = [one.user_id for one in notices(session, "digest")]
        assert told == [people["zj.energy.handler"].id, people["zj.water.handler"].id]
        daily = select(RhythmRun).where(RhythmRun.rhythm == "daily")
        runs = session.scalars(daily.order_by(RhythmRun.claimed_at, RhythmRun.period))
        sent = [(run.period, (run.figures or {})["sent"]) for run in runs]
    assert sent == [
        ("2025-11-24", 1), ("2025-11-24@unit:zj.energy:/", 0), ("2025-11-24@unit:zj.water:/", 1),
        ("2025-11-24@unit:zj.water:/#2", 0),
    ]  # fmt: skip


def test_by_hand_refuses_a_day_off_an_unknown_unit_and_who_does_not_supervise(government: Database) -> None:
    with pytest.raises(InvalidInput):
        by_hand(government, Rhythm.DAILY, "unit", "zj.energy", moment(date(2025, 11, 23)))
    with pytest.raises(NotFound):
        by_hand(government, Rhythm.WEEKLY, "unit", "nowhere", moment(MONDAY))
    with pytest.raises(InvalidInput):
        by_hand(government, Rhythm.WEEKLY, "route", "nowhere", moment(MONDAY))
    with government.transaction() as session, pytest.raises(Forbidden):
        actor = Catalogue.again(session).actor("zj.energy.handler")
        rhythm_by_hand.run_by_hand(session, actor, Rhythm.WEEKLY, "unit", "zj.energy", now=moment(MONDAY))


def test_three_days_down_over_the_end_of_a_period_give_one_run_each_marked_as_caught_up(government: Database) -> None:
    activate(government, date(2025, 11, 6))
    walk(government, date(2025, 11, 6), date(2025, 11, 7))
    back = moment(date(2025, 11, 12), 15)  # down from the 8th; the first ten days ended on the 10th, a Monday
    assert sorted(rhythms.run_due(government, now=back)) == [
        ("daily", "2025-11-12"), ("ten_day", "2025-11-D1"), ("weekly", "2025-W46"),
    ]  # fmt: skip
    with government.transaction() as session:
        runs = {row.rhythm: row.caught_up for row in session.scalars(select(RhythmRun).where(RhythmRun.claimed_at == back))
                if not row.rhythm.startswith("weekly_")}  # fmt: skip
        assert runs == {"daily": False, "weekly": True, "ten_day": True}
        assert len(session.scalars(select(Bulletin)).all()) == 1
    assert rhythms.run_due(government, now=moment(date(2025, 11, 12), 16)) == []
