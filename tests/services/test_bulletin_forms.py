"""The form of bulletins is a setting: 简报 with an issue number, or 通报 with a document number; each numbered on its own."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select, text, update

from tests.documents.test_templates import template_of
from tests.services.catalogue import Catalogue, moment
from tests.services.test_bulletin_archive import release
from tests.services.test_rhythm_settings import set_up
from tests.services.test_rhythms import SYSTEM, activate, government, notices, walk
from workflow_service.documents.templates import text_of
from workflow_service.domain.documents import BulletinForm
from workflow_service.domain.rhythms import Rhythm
from workflow_service.services import bulletin_numbers, bulletins, paper_templates, rhythm_settings
from workflow_service.store import circulation_list
from workflow_service.store.database import Database
from workflow_service.store.people import Unit
from workflow_service.store.plans import CodeSeries
from workflow_service.store.runtime import Incident
from workflow_service.store.supervision import Bulletin

__all__ = ["government"]
FIRST, SECOND, THIRD = date(2025, 11, 11), date(2025, 11, 21), date(2025, 12, 1)


def choose(database: Database, form: BulletinForm, day: date = FIRST) -> None:
    """Set the form, and the rhythm going."""
    set_up(database, Rhythm.TEN_DAY, moment(day, 0, 0), form=form)


def with_code(database: Database, code: str = "浙发改", name: str = "浙江省发展和改革委员会") -> None:
    with database.transaction() as session:
        organ = session.scalars(select(Unit).where(Unit.code == "zj.drc")).one()
        organ.document_prefix, organ.name = code, name


def issue(database: Database, day: date, **more: Any) -> Bulletin:
    """Let the bulletin of a day come, and release it on the same day."""
    walk(database, day, day)
    bulletin_id = release(database, moment(day, 15), **more)
    with database.transaction() as session:
        return session.get_one(Bulletin, bulletin_id)


def words(database: Database, bulletin: Bulletin) -> str:
    with database.transaction() as session:
        return text_of(bulletins.bulletin_docx(session, SYSTEM, bulletin.id))


def test_a_circular_has_a_document_number_an_addressee_and_copies(government: Database) -> None:
    with_code(government)
    choose(government, BulletinForm.CIRCULAR)
    made = issue(government, FIRST)
    assert (made.form, made.document_prefix, made.year, made.number) == ("circular", "浙发改通报", 2025, 1)
    lines = words(government, made).split("\n")
    assert lines[0] == "浙江省发展和改革委员会文件" and "浙发改通报〔2025〕1号" in lines
    assert "关于2025年11月上旬\n规划编制工作进展情况的通报" in "\n".join(lines) and "各有关单位：" in lines
    assert "现将2025年11月上旬规划编制工作进展情况通报如下。" in lines
    foot = "".join(lines[-3:])
    assert "抄送：" in foot and "报：" not in foot and "2025年11月11日印发" in foot
    with government.transaction() as session:
        (receipt,) = circulation_list.of_link(session, f"/bulletins/{made.id}")
        expected = "浙发改通报〔2025〕1号 规划编制工作通报（11月上旬）"
        assert {receipt.title, *(one.subject for one in notices(session, "bulletin"))} == {expected}
        paper = bulletins.as_paper(session, session.get_one(Bulletin, made.id))
        assert (paper.title, str(paper.number)) == ("关于2025年11月上旬规划编制工作进展情况的通报", "浙发改通报〔2025〕1号")


def test_a_form_chosen_later_changes_drafts_and_nothing_that_was_released(government: Database) -> None:
    with_code(government)
    choose(government, BulletinForm.BRIEFING)
    first = issue(government, FIRST)
    before = words(government, first)
    walk(government, SECOND, SECOND)
    with government.transaction() as session:
        draft = session.scalars(select(Bulletin).where(Bulletin.status == "draft")).one()
        assert draft.form is None and bulletins.as_paper(session, draft).mark == "规划编制工作简报"
    choose(government, BulletinForm.CIRCULAR, SECOND)
    with government.transaction() as session:
        draft = session.scalars(select(Bulletin).where(Bulletin.status == "draft")).one()
        paper = bulletins.as_paper(session, draft)
        assert (paper.mark, paper.number_words) == ("浙江省发展和改革委员会文件", "（送审稿）")
        assert paper.addressee == "各有关单位：" and dict(paper.copies).keys() == {"抄送"}
        assert "（送审稿）" in text_of(bulletins.bulletin_docx(session, SYSTEM, draft.id))
        kept = bulletins.as_paper(session, session.get_one(Bulletin, first.id))
        assert (kept.form, str(kept.number)) == (BulletinForm.BRIEFING, "2025年第1期")
    assert words(government, first) == before and "规划编制工作简报" in before
    second_id = release(government, moment(SECOND, 16))
    choose(government, BulletinForm.BRIEFING, THIRD)
    with government.transaction() as session:
        kept = bulletins.as_paper(session, session.get_one(Bulletin, second_id))
        assert (kept.form, str(kept.number)) == (BulletinForm.CIRCULAR, "浙发改通报〔2025〕1号")


def test_each_form_is_numbered_in_a_series_of_its_own_without_gaps(government: Database) -> None:
    with_code(government)
    given = []
    for day, form in zip(
        (FIRST, SECOND, THIRD, date(2025, 12, 11)), [BulletinForm.BRIEFING, BulletinForm.CIRCULAR] * 2, strict=True
    ):
        choose(government, form, day)
        given.append(str(bulletin_numbers.number_of(issue(government, day))))
    assert given == ["2025年第1期", "浙发改通报〔2025〕1号", "2025年第2期", "浙发改通报〔2025〕2号"]
    with_code(government, "浙发改委发")
    choose(government, BulletinForm.CIRCULAR, date(2025, 12, 22))
    last = issue(government, date(2025, 12, 22))
    assert str(bulletin_numbers.number_of(last)) == "浙发改委通报〔2025〕1号"
    with government.transaction() as session:
        series = dict(session.execute(select(CodeSeries.name, CodeSeries.last)).all())
        assert series["bulletin:330000:浙发改通报〔2025〕"] == series["bulletin:330000:2025"] == 2
        assert last.followed is not None and last.followed["label"] == "上期通报（浙发改通报〔2025〕2号，12月上旬）"


def test_a_circular_without_a_usable_code_is_not_released_and_takes_no_number(government: Database) -> None:
    with_code(government, "", "省发改委")
    with government.transaction() as session:
        session.scalars(select(Unit).where(Unit.code == "zj.drc")).one().short_name = "发改委"
        assert bulletin_numbers.without_code(session) == ["省发改委"]
    choose(government, BulletinForm.CIRCULAR)
    made = issue(government, FIRST)
    with government.transaction() as session:
        assert session.get_one(Bulletin, made.id).status == "draft"
        assert "没有机关代字" in session.scalars(select(Incident.message)).one()
        assert session.scalar(text("SELECT count(*) FROM code_series WHERE name LIKE '%通报%'")) == 0


def test_governments_whose_commissions_have_the_same_code_number_their_circulars_each_for_itself(government: Database) -> None:
    choose(government, BulletinForm.CIRCULAR)
    given = []
    with government.transaction() as session:
        made = Catalogue.again(session)
        for area in ("330205", "330203"):
            made.unit(f"drc.{area}", "drc", area=area, path=f"/330000/{area}/").document_prefix = "区发改"
            made.plan(f"规划{area}", f"drc.{area}", date(2021, 1, 4), date(2027, 6, 30))
        session.add(CodeSeries(name="区发改通报〔2025〕", last=7))  # of slips and the like: it is left alone
        for period in ("2025-11-D1", "2025-11-D2"):
            for area in ("330205", "330203"):
                draft = bulletins.draft_bulletin(session, area, period, now=moment(SECOND))
                given.append(str(bulletins.release_bulletin(session, SYSTEM, draft, now=moment(SECOND))))
    assert given == ["区发改通报〔2025〕1号"] * 2 + ["区发改通报〔2025〕2号"] * 2


def test_a_circular_s_number_follows_those_given_before_its_government_had_a_series(government: Database) -> None:
    with_code(government)
    choose(government, BulletinForm.CIRCULAR)
    first = issue(government, FIRST)
    with government.transaction() as session:
        session.execute(update(CodeSeries).values(name="浙发改通报〔2025〕").where(CodeSeries.name.contains("通报")))
    assert (first.number, issue(government, SECOND).number) == (1, 2)


def test_each_form_is_written_by_its_own_template(government: Database) -> None:
    with_code(government)
    with government.transaction() as session:
        keeper = Catalogue.again(session).actor("drc.supervisor")
        upload = template_of("我委通报 {{ number }}", "{{ addressee }}")
        paper_templates.upload(session, keeper, "circular", "通报.docx", upload, now=moment(FIRST, 1))
    choose(government, BulletinForm.BRIEFING)
    assert "总体进展" in words(government, issue(government, FIRST))
    choose(government, BulletinForm.CIRCULAR, SECOND)
    assert words(government, issue(government, SECOND)) == "我委通报 浙发改通报〔2025〕1号\n各有关单位"


def test_the_form_is_kept_with_the_settings_of_the_rhythm(government: Database) -> None:
    activate(government, FIRST, Rhythm.TEN_DAY)
    with government.transaction() as session:
        kept = rhythm_settings.choice(session, Rhythm.TEN_DAY)
        assert kept.form is BulletinForm.BRIEFING
        asked = replace(kept, form=BulletinForm.CIRCULAR)
        rhythm_settings.set_rhythm(session, SYSTEM, Rhythm.TEN_DAY, asked, on=True, now=moment(FIRST))
        assert rhythm_settings.choice(session, Rhythm.TEN_DAY) == asked
