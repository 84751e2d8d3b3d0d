"""The three rhythms run once a period, on the right days, whoever asks and however late."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.services.catalogue import Catalogue, moment
from workflow_service.documents.templates import text_of
from workflow_service.domain.rhythms import Rhythm
from workflow_service.identity.actor import Actor
from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.services import deployments, processes, rhythms, tasks, weekly, weekly_ledgers
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import Bulletin, Notice, RhythmRun, WeeklyReport

SYSTEM = Actor.system("cli")
LONG_AGO = datetime.fromisoformat("2021-01-01T00:00+08:00")


def delivered(*names: str) -> dict[str, bytes]:
    files = [*bpmn_dir().iterdir(), *forms_dir().iterdir()]
    return {file.name: file.read_bytes() for file in files if {file.name, Path(file.name).stem} & set(names)}


@pytest.fixture
def government(database: Database) -> Iterator[Database]:
    """Two lead units with plans in progress, a DRC with planner and supervisor, rhythms deployed but not yet active."""
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.drc", relation="drc")
        for unit in ("zj.energy", "zj.water"):
            made.unit(unit)
            made.person(f"{unit}.handler", unit)
            made.person(f"{unit}.leader", unit, "leader")
        made.person("drc.planner", "zj.drc", "planner")
        made.person("drc.supervisor", "zj.drc", "supervisor")
        made.plan("能源规划", "zj.energy", date(2021, 1, 4), date(2027, 6, 30))
        made.plan("水利规划", "zj.water", date(2021, 1, 4), date(2027, 6, 30))
        made.plan("已印发规划", "zj.water", date(2021, 1, 4), date(2021, 6, 30), date(2021, 6, 30))
        names = ("weekly_report", "ten_day_bulletin", "bulletin_edit", "bulletin_release", "special_report.json", "deadlines")
        deployments.deploy_files(session, SYSTEM, "rhythms", delivered(*names), now=LONG_AGO)
    yield database


def activate(database: Database, day: date, *kinds: Rhythm) -> None:
    with database.transaction() as session:
        rhythms.activate(session, SYSTEM, rhythms=kinds or tuple(Rhythm), now=moment(day, 0, 0))


def walk(database: Database, first: date, last: date, hour: int = 10) -> list[tuple[date, str, str]]:
    """Ask every day, day by day, what runs; gives the day, rhythm and period of each run."""
    done = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        done += [(day, *run) for run in rhythms.run_due(database, now=moment(day, hour))]
    return done


def days(done: list[tuple[date, str, str]], rhythm: str) -> list[str]:
    return [f"{day:%m-%d} {period}" for day, kind, period in done if kind == rhythm]


def reports(session: Session, task: Task, progress: str) -> list[dict[str, Any]]:
    """The same progress on each plan that the task lists."""
    instance = session.get_one(ProcessInstance, task.instance_id)
    listed = processes.variables_at(session, instance, task.token, now=task.created_at)["plans"]
    return [{"plan": one["id"], "progress": progress, "next_steps": "征求意见"} for one in listed]


def notices(session: Session, kind: str) -> list[Notice]:
    return list(session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


def test_october_2025_is_walked_through_its_holiday_and_its_worked_saturday(government: Database) -> None:
    activate(government, date(2025, 9, 26))
    done = walk(government, date(2025, 9, 26), date(2025, 10, 31))
    assert days(done, "ten_day") == ["10-09 2025-09-D3", "10-11 2025-10-D1", "10-21 2025-10-D2"]
    assert days(done, "weekly") == ["09-29 2025-W40", "10-09 2025-W41", "10-13 2025-W42", "10-20 2025-W43", "10-27 2025-W44"]
    assert [day for day in days(done, "daily") if "10-01" <= day[:5] <= "10-12"] == [
        "10-09 2025-10-09", "10-10 2025-10-10", "10-11 2025-10-11",
    ]  # fmt: skip
    with government.transaction() as session:
        bulletins = session.scalars(select(Bulletin).order_by(Bulletin.period)).all()
        assert [(one.period, one.figures["last"]) for one in bulletins] == [
            ("2025-09-D3", "2025-09-30"), ("2025-10-D1", "2025-10-10"), ("2025-10-D2", "2025-10-20"),
        ]  # fmt: skip


def test_the_week_of_the_spring_festival_of_2026_joins_the_next(government: Database) -> None:
    activate(government, date(2026, 2, 6))
    done = walk(government, date(2026, 2, 6), date(2026, 3, 6))
    assert days(done, "weekly") == ["02-09 2026-W07", "02-24 2026-W09", "03-02 2026-W10"]
    assert days(done, "ten_day") == ["02-11 2026-02-D1", "02-24 2026-02-D2", "03-02 2026-02-D3"]
    assert "02-14 2026-02-14" in days(done, "daily")
    assert not [day for day in days(done, "daily") if "02-15" <= day[:5] <= "02-23"]
    with government.transaction() as session:
        joined = session.get(RhythmRun, ("weekly", "2026-W08"))
        assert joined is not None and joined.figures == {"joined": "2026-W09"}
        asked = session.scalars(select(Task).where(Task.element_id == "report_progress")).all()
        assert len(asked) == 2 * 3
        due = {one.due_at for one in asked if one.created_at == moment(date(2026, 2, 24), 10)}
        assert due == {moment(date(2026, 2, 27), 17, 30)}


def test_each_lead_unit_with_plans_in_progress_gets_one_report_due_on_friday(government: Database) -> None:
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 24), date(2025, 11, 25))
    with government.transaction() as session:
        asked = session.scalars(select(Task).order_by(Task.id)).all()
        assert [one.candidate_groups for one in asked] == [["zj.energy:handler"], ["zj.water:handler"]]
        assert {one.due_at for one in asked} == {moment(date(2025, 11, 28), 17, 30)}
        assert asked[0].title == "周报送（2025年第48周）· zj.energy"


def test_a_report_enters_the_ledger_and_late_units_are_named_on_the_next_working_day(government: Database) -> None:
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 24), date(2025, 11, 24))
    with government.transaction() as session:
        task = session.scalars(select(Task).order_by(Task.id)).first()
        assert task is not None
        answer = {"outcome": "on_track", "reports": reports(session, task, "已形成初稿")}
        tasks.complete_task(session, SYSTEM, task.id, answer, now=moment(date(2025, 11, 26)))
    with government.transaction() as session:
        assert [one.progress for one in session.scalars(select(WeeklyReport))] == ["已形成初稿"]
    walk(government, date(2025, 11, 27), date(2025, 11, 30))
    with government.transaction() as session:
        assert notices(session, "weekly_late") == []
    walk(government, date(2025, 12, 1), date(2025, 12, 1))
    with government.transaction() as session:
        (late,) = notices(session, "weekly_late")
        assert late.body["units"] == ["zj.water"]
        (sent,) = notices(session, "weekly_ledger")
        assert sent.body["figures"] == {"total": 3, "issued": 1, "overdue": 0}
        assert sent.body["as_of"] == "2025-11-30"
        found = weekly.weekly_ledger(session, SYSTEM, date(2025, 11, 26), area_path="/330000/", now=moment(date(2025, 12, 1)))
        assert [(one.line.title, one.progress) for one in found.plans] == [("能源规划", "已形成初稿"), ("水利规划", "")]


def test_what_was_reported_of_a_plan_that_is_issued_in_the_same_week_stays_in_the_weeks_ledger(government: Database) -> None:
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 24), date(2025, 11, 24))
    with government.transaction() as session:
        task = session.scalars(select(Task).order_by(Task.id)).first()
        assert task is not None
        answer = {"outcome": "on_track", "reports": reports(session, task, "即将印发")}
        tasks.complete_task(session, SYSTEM, task.id, answer, now=moment(date(2025, 11, 26)))
        made = Catalogue.again(session)
        made.issue("能源规划", date(2025, 11, 27))
        made.issue("水利规划", date(2025, 11, 27))
    with government.transaction() as session:
        found = weekly.weekly_ledger(session, SYSTEM, date(2025, 11, 26), area_path="/330000/", now=moment(date(2025, 12, 1)))
        assert [(one.line.title, one.progress, str(one.line.issued_on)) for one in found.plans] == [
            ("能源规划", "即将印发", "2025-11-27")
        ], "nothing was reported of the other"
        asked = {"area_path": "/330000/", "now": moment(date(2025, 12, 1))}
        assert "即将印发" in text_of(weekly_ledgers.weekly_docx(session, SYSTEM, date(2025, 11, 26), **asked))


def test_who_reports_after_the_day_stays_late_and_nobody_is_late_before_it(government: Database) -> None:
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 24), date(2025, 11, 24))

    def said(day: date) -> tuple[tuple[str, ...], bool]:
        with government.transaction() as session:
            asked = {"area_path": "/330000/", "now": moment(day)}
            found = weekly.weekly_ledger(session, SYSTEM, date(2025, 11, 26), **asked)
            return found.late, found.reports_due

    assert said(date(2025, 11, 25)) == ((), False)
    with government.transaction() as session:
        first, second = session.scalars(select(Task).order_by(Task.id)).all()
        for task, day in ((first, date(2025, 11, 26)), (second, date(2025, 12, 9))):
            answer = {"outcome": "on_track", "reports": reports(session, task, "已形成初稿")}
            tasks.complete_task(session, SYSTEM, task.id, answer, now=moment(day))
    late = said(date(2025, 12, 10))
    assert late[1] and len(late[0]) == 1 and "water" in late[0][0]


def test_a_stuck_matter_becomes_a_special_report_of_the_drc(government: Database) -> None:
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 24), date(2025, 11, 24))
    with government.transaction() as session:
        task = session.scalars(select(Task).order_by(Task.id)).first()
        assert task is not None
        answer = {"outcome": "needs_help", "reports": reports(session, task, "受阻"), "problem": "用海指标未落实"}
        tasks.complete_task(session, SYSTEM, task.id, answer, now=moment(date(2025, 11, 26)))
        report = session.scalars(select(Task).where(Task.element_id == "special_report")).one()
        assert report.candidate_groups == ["zj.drc:planner"]


def test_a_bulletin_is_released_by_the_supervisor_numbered_in_its_year_and_sent_to_all_units(government: Database) -> None:
    activate(government, date(2025, 12, 31), Rhythm.TEN_DAY)
    walk(government, date(2026, 1, 1), date(2026, 1, 4))
    with government.transaction() as session:
        edit = session.scalars(select(Task)).one()
        assert (edit.candidate_groups, edit.title) == (["zj.drc:planner"], "旬通报（12月下旬）· zj.drc")
        tasks.complete_task(session, SYSTEM, edit.id, {"outcome": "submit", "summary": "总体平稳"}, now=moment(date(2026, 1, 5)))
        release = session.scalars(select(Task).where(Task.status == "open")).one()
        assert release.candidate_groups == ["zj.drc:supervisor"]
        tasks.complete_task(session, SYSTEM, release.id, {"outcome": "release"}, now=moment(date(2026, 1, 6)))
    with government.transaction() as session:
        made = session.scalars(select(Bulletin)).one()
        assert (made.period, made.year, made.number, made.status) == ("2025-12-D3", 2026, 1, "released")
        assert made.figures["total"] == {"total": 3, "issued": 1, "overdue": 0}
        assert made.text == "总体平稳"
        reached = {notice.user_id for notice in notices(session, "bulletin")}
        assert len(reached) == 5  # everybody but the planner
        instance = session.get(ProcessInstance, made.instance_id)
        assert instance is not None and instance.status == "completed"


def test_figures_of_a_bulletin_are_those_of_the_period_s_end_however_late_it_runs(government: Database) -> None:
    activate(government, date(2025, 11, 1), Rhythm.TEN_DAY)
    with government.transaction() as session:
        Catalogue.again(session).plan("后来的规划", "zj.energy", date(2025, 11, 13))
    walk(government, date(2025, 11, 18), date(2025, 11, 18))
    with government.transaction() as session:
        run = session.get(RhythmRun, ("ten_day", "2025-11-D1"))
        assert run is not None and run.caught_up
        made_bulletin = session.scalars(select(Bulletin).where(Bulletin.period == "2025-11-D1")).one()
        assert made_bulletin.figures["total"]["total"] == 3


def test_after_downtime_the_daily_rhythm_makes_up_the_newest_day_and_the_others_three_periods(government: Database) -> None:
    activate(government, date(2025, 9, 1))
    done = rhythms.run_due(government, now=moment(date(2025, 11, 26), 15))
    periods = {kind: [period for one, period in done if one == kind] for kind in ("daily", "weekly", "ten_day")}
    assert periods == {
        "daily": ["2025-11-26"],
        "weekly": ["2025-W46", "2025-W47", "2025-W48"],
        "ten_day": ["2025-10-D3", "2025-11-D1", "2025-11-D2"],
    }
    with government.transaction() as session:
        late = session.get(RhythmRun, ("weekly", "2025-W46"))
        today = session.get(RhythmRun, ("daily", "2025-11-26"))
        assert late is not None and late.caught_up
        assert today is not None and not today.caught_up
    assert rhythms.run_due(government, now=moment(date(2025, 11, 26), 16)) == []


def test_who_is_asked_late_is_named_only_after_he_had_a_day_to_answer(government: Database) -> None:
    activate(government, date(2025, 11, 17), Rhythm.WEEKLY)
    walk(government, date(2025, 11, 26), date(2025, 11, 26))  # W47 is made up for on the Wednesday of W48
    with government.transaction() as session:
        asked = session.scalars(select(ProcessInstance.id).where(ProcessInstance.business_key.startswith("weekly:2025-W47")))
        due = select(Task.due_at).where(Task.instance_id.in_(list(asked)))
        assert set(session.scalars(due)) == {moment(date(2025, 11, 27), 17, 30)}
        assert notices(session, "weekly_late") == [] and notices(session, "weekly_ledger") == []
    walk(government, date(2025, 11, 27), date(2025, 11, 28))
    with government.transaction() as session:
        assert [one.dedup_key.split(":")[1] for one in notices(session, "weekly_late")] == ["2025-W47"]
        assert len(notices(session, "weekly_ledger")) == 1


def test_nothing_runs_before_its_activation(government: Database) -> None:
    activate(government, date(2025, 11, 26))
    assert walk(government, date(2025, 11, 20), date(2025, 11, 25)) == []
    assert [run[1:] for run in walk(government, date(2025, 11, 26), date(2025, 11, 26))] == [("daily", "2025-11-26")]


def test_rhythms_that_run_keep_their_beginning_when_switched_on_again(government: Database) -> None:
    activate(government, date(2025, 11, 3))
    activate(government, date(2025, 11, 26))
    with government.transaction() as session:
        assert rhythms.configured(session).activated[Rhythm.DAILY] == moment(date(2025, 11, 3), 0)


def test_a_run_stopped_between_two_chunks_goes_on_where_it_was(
    government: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weekly, "UNITS_A_CHUNK", 1)
    activate(government, date(2025, 11, 24), Rhythm.WEEKLY)
    now = moment(date(2025, 11, 24), 9)
    with government.transaction() as session:
        rhythms.claim_due(session, now=now)
    with government.transaction() as session:
        assert rhythms.advance(session, "weekly", "2025-W48", now=now)
    with pytest.raises(RuntimeError), government.transaction() as session:
        rhythms.advance(session, "weekly", "2025-W48", now=now)
        raise RuntimeError("the worker dies before the commit")
    assert rhythms.run_due(government, now=now) == [("weekly", "2025-W48")]
    with government.transaction() as session:
        keys = session.scalars(select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report"))
        assert sorted(keys) == ["weekly:2025-W48:zj.energy", "weekly:2025-W48:zj.water"]
