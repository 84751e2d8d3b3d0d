"""The weekly ledger's document is written when it is sent, area by area, and never changes; before that it is a preview."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythm_settings import by_hand
from tests.services.test_rhythms import SYSTEM, activate, government, notices, reports, walk
from workflow_service.documents.built_in_templates import built_in
from workflow_service.documents.templates import text_of
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import use_language
from workflow_service.services import ledger, paper_templates, rhythms, tasks, weekly, weekly_ledgers
from workflow_service.store.database import Database
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import RhythmRun, WeeklyLedgerDocument, WeeklyReport

__all__ = ["government"]
MONDAY, SENT = date(2025, 11, 24), date(2025, 12, 1)
PROVINCE, COUNTY, OTHER = "/330000/", "/330000/330205/", "/330000/330203/"


def asked(database: Database) -> None:
    activate(database, MONDAY, Rhythm.WEEKLY)
    walk(database, MONDAY, MONDAY)


def answer(database: Database, unit: str, progress: str, at: datetime) -> None:
    with database.transaction() as session:
        own = select(Task).where(Task.candidate_groups == [f"{unit}:handler"], Task.created_at < moment(date(2025, 11, 30)))
        task = session.scalars(own).one()
        said = {"outcome": "on_track", "reports": reports(session, task, progress)}
        tasks.complete_task(session, SYSTEM, task.id, said, now=at)


def docx(database: Database, now: datetime, area: str = PROVINCE) -> bytes:
    with database.transaction() as session:
        return weekly_ledgers.weekly_docx(session, SYSTEM, MONDAY, area_path=area, now=now)


def with_a_county(database: Database) -> None:
    """A county below with a unit, a plan and a supervisor of its own."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        made.unit("jb.drc", "drc", area="330205", path=COUNTY)
        made.person("jb.supervisor", "jb.drc", "supervisor")
        made.unit("jb.energy", area="330205", path=COUNTY)
        made.person("jb.energy.handler", "jb.energy")
        made.plan("江北能源规划", "jb.energy", date(2021, 1, 4), date(2027, 6, 30))


def kept(database: Database) -> dict[str, datetime]:
    with database.transaction() as session:
        of_week = WeeklyLedgerDocument.week == MONDAY
        rows = session.execute(select(WeeklyLedgerDocument.area_path, WeeklyLedgerDocument.sent_at).where(of_week))
        return {row.area_path: row.sent_at for row in rows}


def test_the_document_that_was_sent_stays_whatever_is_reported_and_uploaded_later(government: Database) -> None:
    asked(government)
    answer(government, "zj.energy", "已形成初稿", moment(date(2025, 11, 26)))
    walk(government, date(2025, 11, 27), SENT)
    sent = docx(government, moment(SENT, 11))
    assert "已形成初稿" in text_of(sent) and "迟报的进展" not in text_of(sent)
    answer(government, "zj.water", "迟报的进展", moment(date(2025, 12, 2)))
    with government.transaction() as session:
        content = built_in("weekly", moment(SENT))
        paper_templates.upload(session, SYSTEM, "weekly", "新模板.docx", content, now=moment(date(2025, 12, 2)))
    assert docx(government, moment(date(2025, 12, 3))) == sent
    with government.transaction() as session:
        answers = weekly.answers_of(session, "2025-W48", now=moment(date(2025, 12, 3)))
        live = weekly.weekly_ledger(session, SYSTEM, MONDAY, area_path=PROVINCE, now=moment(date(2025, 12, 3)))
        assert [one.progress for one in live.plans] == ["已形成初稿", "迟报的进展"] and answers.due_at(PROVINCE) is None
        assert weekly_ledgers.sent_at(session, PROVINCE, MONDAY) == moment(SENT, 10)


def test_before_it_is_sent_the_document_says_what_is_known_by_then(government: Database) -> None:
    asked(government)
    assert "已形成初稿" not in text_of(docx(government, moment(date(2025, 11, 25))))
    answer(government, "zj.energy", "已形成初稿", moment(date(2025, 11, 26)))
    assert "已形成初稿" in text_of(docx(government, moment(date(2025, 11, 27))))
    assert kept(government) == {}
    with government.transaction() as session:
        assert weekly_ledgers.sent_at(session, PROVINCE, MONDAY) is None


def test_the_preview_is_chinese_whoever_asks_and_names_the_commission(government: Database) -> None:
    asked(government)
    with use_language("en"):
        read_in_english = text_of(docx(government, moment(date(2025, 11, 25))))
    assert read_in_english == text_of(docx(government, moment(date(2025, 11, 25))))
    assert "zj.drc单位" in read_in_english and "还剩" in read_in_english


def test_each_area_that_it_goes_to_has_its_own_and_one_without_supervisors_has_a_preview(government: Database) -> None:
    with_a_county(government)
    with government.transaction() as session:
        Catalogue.again(session).unit("hs.drc", "drc", area="330203", path="/330000/330203/")
    asked(government)
    walk(government, date(2025, 11, 25), SENT)
    assert kept(government) == {PROVINCE: moment(SENT, 10), COUNTY: moment(SENT, 10)}
    county = text_of(docx(government, moment(date(2025, 12, 3)), COUNTY))
    assert "江北能源规划" in county and "水利规划" not in county


def test_sending_goes_on_where_it_was_stopped_and_tells_everybody_once(
    government: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weekly_ledgers, "AREAS_A_CHUNK", 1)
    with_a_county(government)
    asked(government)
    walk(government, date(2025, 11, 25), date(2025, 11, 30))
    first, later = moment(SENT, 10), moment(SENT, 15)
    with government.transaction() as session:
        assert rhythms.advance(session, "weekly_ledger", "2025-W48", now=first)
    assert kept(government) == {PROVINCE: first}
    with pytest.raises(RuntimeError), government.transaction() as session:
        rhythms.advance(session, "weekly_ledger", "2025-W48", now=first)
        raise RuntimeError("the worker dies before the commit")
    rhythms.finish(government, "weekly_ledger", "2025-W48", now=later)
    assert kept(government) == {PROVINCE: first, COUNTY: later}
    with government.transaction() as session:
        people = Catalogue.again(session).people
        told = [one.user_id for one in notices(session, "weekly_ledger")]
        assert sorted(told) == sorted([people["drc.supervisor"].id, people["jb.supervisor"].id])
        run = session.get_one(RhythmRun, ("weekly_ledger", "2025-W48"))
        assert run.figures is not None and set(run.figures["figures"]) == {PROVINCE, COUNTY}


def test_many_plans_end_a_chunk_before_many_areas_do(government: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weekly_ledgers, "LINES_A_CHUNK", 2)
    with_a_county(government)
    asked(government)
    walk(government, date(2025, 11, 25), date(2025, 11, 30))
    with government.transaction() as session:
        assert rhythms.advance(session, "weekly_ledger", "2025-W48", now=moment(SENT, 10))
        assert not rhythms.advance(session, "weekly_ledger", "2025-W48", now=moment(SENT, 10))
    assert set(kept(government)) == {PROVINCE, COUNTY}


def test_a_very_long_document_ends_with_how_many_plans_it_leaves_out(
    government: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weekly_ledgers, "MOST_LINES", 1)
    said = text_of(docx(government, moment(date(2025, 11, 25))))
    assert "能源规划" in said and "水利规划" not in said and "另有1项，见系统台账" in said


@pytest.mark.parametrize(
    ("told", "text", "unit", "titles"),
    [
        ("", "", "", ["能源规划", "水利规划"]),
        ("reported", "", "", ["能源规划"]),
        ("problems", "", "", []),
        ("silent", "", "", ["水利规划"]),
        ("", "nengyuan", "", ["能源规划"]),
        ("", "", "zj.water", ["水利规划"]),
        ("reported", "", "zj.water", []),
    ],
)
def test_of_a_week_one_sees_what_one_looks_for(government: Database, told: str, text: str, unit: str, titles: list[str]) -> None:
    asked(government)
    answer(government, "zj.energy", "已形成初稿", moment(date(2025, 11, 26)))
    with government.transaction() as session:
        wanted, now = weekly.WeeklyFilter(unit, text, told), moment(date(2025, 11, 27))
        found = weekly.weekly_ledger(session, SYSTEM, MONDAY, area_path=PROVINCE, wanted=wanted, now=now)
    assert [one.line.title for one in found.plans] == titles
    assert (found.reported, found.in_progress, found.cursor) == (1, 2, None), "of all, whatever is looked for"


def seen(database: Database, unit: str = "", text: str = "", told: str = "") -> weekly.WeeklyLedger:
    """The week as one who looks for something sees it on Thursday."""
    with database.transaction() as session:
        wanted, now = weekly.WeeklyFilter(unit, text, told), moment(date(2025, 11, 27))
        return weekly.weekly_ledger(session, SYSTEM, MONDAY, area_path=PROVINCE, wanted=wanted, limit=1, now=now)


def test_plans_issued_after_their_report_are_found_and_not_counted_as_in_progress(government: Database) -> None:
    asked(government)
    for unit in ("zj.energy", "zj.water"):
        answer(government, unit, "推进中", moment(date(2025, 11, 25)))
    with government.transaction() as session:
        Catalogue.again(session).issue("能源规划", date(2025, 11, 26))
    everything = seen(government)
    assert [one.line.title for one in everything.plans] == ["水利规划", "能源规划"]
    assert (everything.reported, everything.in_progress, everything.found) == (1, 1, 2)
    for text, titles in (("能源", ["能源规划"]), ("水利", ["水利规划"]), ("没有", [])):
        found = seen(government, text=text)
        assert [one.line.title for one in found.plans] == titles and found.found == len(titles)
    assert [one.line.title for one in seen(government, text="能源", told="reported").plans] == ["能源规划"]
    for told in ("problems", "silent"):
        assert seen(government, text="能源", told=told).plans == ()


def test_how_many_are_found_is_told_with_the_first_page(government: Database) -> None:
    with_a_county(government)
    asked(government)
    answer(government, "zj.energy", "推进中", moment(date(2025, 11, 25)))
    assert (seen(government).found, seen(government).in_progress) == (3, 3)
    silent = seen(government, told="silent")
    assert (silent.found, len(silent.plans), silent.in_progress) == (2, 1, 3) and silent.cursor is not None


def test_the_last_report_of_a_week_tells_whether_there_are_problems(government: Database) -> None:
    asked(government)
    with government.transaction() as session:
        made = Catalogue.again(session)
        for title, unit, told in (("能源规划", "zj.energy", ("缺数据", "")), ("水利规划", "zj.water", ("", "缺数据"))):
            plan, owner = made.plans[title].id, made.units[unit].id
            for hour, problems in enumerate(told):
                at = moment(date(2025, 11, 25), 9 + hour)
                row = WeeklyReport(plan_id=plan, unit_id=owner, week=MONDAY, progress="推进中", problems=problems, reported_at=at)
                session.add(row)
    assert [one.line.title for one in seen(government, told="problems").plans] == ["水利规划"]
    assert seen(government, told="reported").found == 2 and seen(government, told="silent").found == 0


def test_more_plans_than_a_statement_takes_values_are_asked_for_at_once(government: Database) -> None:
    with government.transaction() as session:
        plan = Catalogue.again(session).plans["能源规划"].id
        many = [plan, *range(10**6, 10**6 + 70_000)]
        assert list(ledger.lines_by_id(session, many, as_of=date(2025, 11, 30))) == [plan]
        assert weekly._reports(session, many, MONDAY) == {}


def test_a_week_is_read_page_by_page(government: Database) -> None:
    asked(government)
    pages, after = [], None
    with government.transaction() as session:
        for _page in range(2):
            asking = {"area_path": PROVINCE, "after": after, "limit": 1, "now": moment(date(2025, 11, 27))}
            found = weekly.weekly_ledger(session, SYSTEM, MONDAY, **asking)
            pages.append([one.line.title for one in found.plans])
            after = found.cursor
    assert pages == [["能源规划"], ["水利规划"]] and after is None


def with_another_county(database: Database) -> None:
    """A county beside the other with a unit whose first plan comes after Friday."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        made.unit("hs.drc", "drc", area="330203", path=OTHER)
        made.person("hs.supervisor", "hs.drc", "supervisor")
        made.unit("hs.sea", area="330203", path=OTHER)
        made.person("hs.sea.handler", "hs.sea")
        made.plan("海曙海洋规划", "hs.sea", date(2025, 11, 28), date(2027, 6, 30))


def told(database: Database) -> dict[int, list[datetime]]:
    """When each supervisor got the week's ledger."""
    with database.transaction() as session:
        rows = [one for one in notices(session, "weekly_ledger") if one.link == "/weekly?week=2025-W48"]
        return {user: [one.created_at for one in rows if one.user_id == user] for user in {one.user_id for one in rows}}


def test_an_area_waits_for_the_reports_asked_late_in_it_and_no_other_does(government: Database) -> None:
    with_a_county(government)
    asked(government)
    for unit in ("zj.energy", "zj.water", "jb.energy"):
        answer(government, unit, "推进中", moment(date(2025, 11, 25)))
    with_another_county(government)
    by_hand(government, Rhythm.WEEKLY, "unit", "hs.sea", moment(date(2025, 11, 29), 8))  # its report is due on Monday
    walk(government, date(2025, 11, 29), SENT)
    assert kept(government) == {COUNTY: moment(SENT, 10)}
    assert "各单位均已按时报送" in text_of(docx(government, moment(SENT, 11), COUNTY))
    for area in (PROVINCE, OTHER):
        assert "尚未到报送期限" in text_of(docx(government, moment(SENT, 11), area))
    answer(government, "hs.sea", "按时报了", moment(SENT, 15))
    walk(government, date(2025, 12, 2), date(2025, 12, 4))
    assert kept(government) == {
        COUNTY: moment(SENT, 10), PROVINCE: moment(date(2025, 12, 2), 10), OTHER: moment(date(2025, 12, 2), 10)
    }  # fmt: skip
    for area in (PROVINCE, OTHER):
        said = text_of(docx(government, moment(date(2025, 12, 4)), area))
        assert "按时报了" in said and "各单位均已按时报送" in said
    with government.transaction() as session:
        people = Catalogue.again(session).people
        runs = session.scalars(select(RhythmRun).where(RhythmRun.period.startswith("2025-W48"))).all()
        runs = [one for one in runs if one.rhythm == "weekly_ledger"]
        assert len(runs) == 2 and all(one.finished_at == moment(date(2025, 12, 2), 10) for one in runs)
    assert told(government) == {
        people["jb.supervisor"].id: [moment(SENT, 10)],
        people["drc.supervisor"].id: [moment(date(2025, 12, 2), 10)],
        people["hs.supervisor"].id: [moment(date(2025, 12, 2), 10)],
    }


@pytest.mark.parametrize(
    ("granted", "sent"),
    [
        (moment(date(2025, 12, 3), 17, 30), date(2025, 12, 4)),
        (moment(date(2025, 12, 3), 9), date(2025, 12, 3)),
        (moment(date(2025, 12, 5), 17, 30), SENT),
    ],
)
def test_an_area_waits_for_who_was_given_more_time_until_the_rhythm_s_hour_on_a_working_day(
    government: Database, granted: datetime, sent: date
) -> None:
    asked(government)
    with government.transaction() as session:
        session.execute(update(Task).where(Task.candidate_groups == ["zj.water:handler"]).values(due_at=granted))
    walk(government, date(2025, 11, 25), date(2025, 12, 10))
    assert kept(government) == {PROVINCE: moment(sent, 10)} and list(told(government).values()) == [[moment(sent, 10)]]
    has_time = "补布置或获准延期、尚未到报送期限的：zj.water" in text_of(docx(government, moment(date(2025, 12, 10))))
    assert has_time is (sent == SENT), "who is due much later is named and not waited for"
    with government.transaction() as session:
        run = session.get_one(RhythmRun, ("weekly_ledger", "2025-W48"))
        assert run.due_at == moment(sent) and run.finished_at == moment(sent, 10)


def test_what_follows_a_run_by_hand_changes_no_document_that_was_sent(government: Database) -> None:
    asked(government)
    with_a_county(government)
    by_hand(government, Rhythm.WEEKLY, "unit", "jb.energy", moment(date(2025, 11, 26), 8))
    walk(government, date(2025, 11, 26), date(2025, 11, 30))
    rhythms.finish(government, "weekly_ledger", "2025-W48", now=moment(SENT, 10))
    before, sent = kept(government), docx(government, moment(SENT, 11))
    assert before == {PROVINCE: moment(SENT, 10), COUNTY: moment(SENT, 10)}
    with government.transaction() as session:  # more time once it was sent brings no other
        session.execute(update(Task).where(Task.status == "open").values(due_at=moment(date(2025, 12, 3))))
    walk(government, SENT, date(2025, 12, 5), hour=15)
    assert kept(government) == before and docx(government, moment(date(2025, 12, 5))) == sent
    assert [len(one) for one in told(government).values()] == [1, 1]


def test_a_document_that_was_sent_is_chinese_and_the_database_refuses_to_change_it(government: Database) -> None:
    asked(government)
    with use_language("en"):
        walk(government, date(2025, 11, 25), SENT)
    assert "还剩" in text_of(docx(government, moment(SENT, 11)))
    for statement in (update(WeeklyLedgerDocument).values(content=b""), delete(WeeklyLedgerDocument)):
        with pytest.raises(IntegrityError, match="never changed"), government.transaction() as session:
            session.execute(statement)
