"""A released bulletin is archived: nothing changes it. The next one says what came of it. Templates change the next, not it."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from tests.documents.test_templates import template_of
from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythms import SYSTEM, activate, government, walk
from workflow_service.documents.template_examples import EXAMPLES
from workflow_service.documents.templates import TemplateRefused, text_of
from workflow_service.domain.documents import SecrecyMarked
from workflow_service.domain.errors import Conflict, Forbidden, NotFound
from workflow_service.domain.rhythms import Rhythm
from workflow_service.services import bulletins, paper_templates, tasks, units
from workflow_service.services.forms import FormErrors
from workflow_service.services.units import UnitFacts
from workflow_service.store.database import Database
from workflow_service.store.people import Unit
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import Bulletin, DocumentTemplate

__all__ = ["government"]


def release(database: Database, now: datetime, *, asks: tuple[dict[str, Any], ...] = ()) -> int:
    """Write and release what is drafted; gives the bulletin."""
    answers = {
        "edit_bulletin": {"outcome": "submit", "summary": "总体平稳", **({"asks": list(asks)} if asks else {})},
        "release_bulletin": {"outcome": "release"},
    }
    for element, answer in answers.items():
        with database.transaction() as session:
            task = session.scalars(select(Task).where(Task.element_id == element, Task.status == "open")).one()
            tasks.complete_task(session, SYSTEM, task.id, answer, now=now)
    with database.transaction() as session:
        return session.scalars(select(Bulletin.id).order_by(Bulletin.released_at.desc().nulls_last()).limit(1)).one()


@pytest.fixture
def released(government: Database) -> Iterator[tuple[Database, int]]:
    activate(government, date(2025, 11, 4), Rhythm.TEN_DAY)
    walk(government, date(2025, 11, 11), date(2025, 11, 11))
    yield government, release(government, moment(date(2025, 11, 12)))


@pytest.mark.parametrize(
    "change",
    [
        update(Bulletin).values(text="改过的文字"),
        update(Bulletin).values(figures={}),
        update(Bulletin).values(number=99),
        update(Bulletin).values(status="draft"),
        update(Bulletin).values(document=None),
        delete(Bulletin),
    ],
    ids=str,
)
def test_nothing_changes_or_removes_a_released_bulletin(released: tuple[Database, int], change: Any) -> None:
    database, bulletin_id = released
    with pytest.raises(IntegrityError, match="archived and never changed"), database.transaction() as session:
        session.execute(change)
    with database.transaction() as session:
        kept = session.get_one(Bulletin, bulletin_id)
        assert (kept.text, kept.number, kept.status) == ("总体平稳", 1, "released")


def test_a_draft_may_still_be_changed(government: Database) -> None:
    activate(government, date(2025, 11, 4), Rhythm.TEN_DAY)
    walk(government, date(2025, 11, 11), date(2025, 11, 11))
    with government.transaction() as session:
        session.execute(update(Bulletin).values(text="草稿"))
        assert session.scalars(select(Bulletin.text)).one() == "草稿"


def test_what_happens_later_changes_neither_figures_nor_document(released: tuple[Database, int]) -> None:
    database, bulletin_id = released
    with database.transaction() as session:
        before = session.get_one(Bulletin, bulletin_id)
        figures, document = json.dumps(before.figures), before.document
        made = Catalogue.again(session)
        made.plan("后来的规划", "zj.energy", date(2025, 11, 3))
        made.issue("能源规划", date(2025, 11, 5))
        organ = bulletins.as_paper(session, session.get_one(Bulletin, bulletin_id)).organ
        facts = UnitFacts(code="", area="", name="浙江省规划委员会", parent="", relation="drc")
        commission = session.scalars(select(Unit).where(Unit.code == "zj.drc")).one()
        units.change_unit(session, SYSTEM, commission.id, facts, now=moment(date(2025, 11, 13)))
        paper_templates.upload(session, SYSTEM, "bulletin", "新版.docx", template_of("新版头"), now=moment(date(2025, 11, 13)))
    with database.transaction() as session:
        after = session.get_one(Bulletin, bulletin_id)
        assert json.dumps(after.figures) == figures
        assert bulletins.bulletin_docx(session, SYSTEM, bulletin_id) == document
        assert bulletins.as_paper(session, session.get_one(Bulletin, bulletin_id)).organ == organ != "浙江省规划委员会"
        assert document is not None and "总体平稳" in text_of(document)


def test_the_next_bulletin_says_what_came_of_what_was_asked_and_of_what_was_overdue(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        late = made.plan("迟到规划", "zj.water", date(2021, 1, 4), date(2025, 10, 31))
        made.plan("仍迟规划", "zj.water", date(2021, 1, 4), date(2025, 11, 3))
        late_code, late_id = late.code, late.id
    activate(government, date(2025, 11, 4), Rhythm.TEN_DAY)
    walk(government, date(2025, 11, 11), date(2025, 11, 11))
    asks = (
        {"unit": "zj.water", "plan": late_code, "what": "尽快印发", "until": "2025-11-18"},
        {"unit": "zj.energy", "what": "加快进度", "until": "2025-11-15"},
    )
    release(government, moment(date(2025, 11, 12)), asks=asks)
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.issue("迟到规划", date(2025, 11, 17))
        made.event("仍迟规划", "stage_changed", date(2025, 11, 14), {"from": "drafting", "to": "coordination"})
        made.plans["仍迟规划"].stage = "coordination"
    walk(government, date(2025, 11, 21), date(2025, 11, 21))
    second = release(government, moment(date(2025, 11, 24)))
    with government.transaction() as session:
        found = session.get_one(Bulletin, second)
        assert found.followed is not None and found.followed["label"] == "上期通报（2025年第1期，11月上旬）"
        assert [(one["name"], one["outcome"]) for one in found.followed["asks"]] == [
            ("zj.water单位", "已于11月17日印发"), ("zj.energy单位", "已印发由0项到0项，逾期由0项到0项；期限已到"),
        ]  # fmt: skip
        assert [(one["title"], one["outcome"]) for one in found.followed["plans"]] == [
            ("迟到规划", "已于11月17日印发"), ("仍迟规划", "由起草进入衔接，逾期13个工作日"),
        ]  # fmt: skip
        assert found.document is not None
        words = text_of(found.document)
        assert "上期要求落实情况" in words and "尽快印发（迟到规划）" in words
        assert late_id in {one["plan"] for one in found.followed["plans"]}


def test_a_draft_shows_the_comparison_and_a_first_bulletin_has_none(released: tuple[Database, int]) -> None:
    database, first = released
    walk(database, date(2025, 11, 21), date(2025, 11, 21))
    with database.transaction() as session:
        assert session.get_one(Bulletin, first).followed is None
        draft = session.scalars(select(Bulletin).where(Bulletin.status == "draft")).one()
        assert draft.followed is None
        assert bulletins.as_paper(session, draft).followed is None  # nothing was asked, nobody was overdue


def test_the_form_of_a_bulletin_refuses_what_is_asked_without_a_day(government: Database) -> None:
    activate(government, date(2025, 11, 4), Rhythm.TEN_DAY)
    walk(government, date(2025, 11, 11), date(2025, 11, 11))


    with pytest.raises(FormErrors):
        release(government, moment(date(2025, 11, 12)), asks=({"unit": "zj.water", "what": "抓紧"},))


def test_national_day_of_2025_gives_two_bulletins_with_their_own_figures_and_numbers_in_order(government: Database) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        made.plan("国庆前规划", "zj.energy", date(2025, 9, 30))
        made.plan("假期中规划", "zj.energy", date(2025, 10, 1))
        made.plan("上旬末规划", "zj.energy", date(2025, 10, 10))
        made.plan("次日规划", "zj.energy", date(2025, 10, 11))
    activate(government, date(2025, 9, 26), Rhythm.TEN_DAY)
    walk(government, date(2025, 9, 26), date(2025, 10, 9))
    release(government, moment(date(2025, 10, 9), 16))
    walk(government, date(2025, 10, 10), date(2025, 10, 11))
    release(government, moment(date(2025, 10, 11), 16))
    with government.transaction() as session:
        sent = session.scalars(select(Bulletin).order_by(Bulletin.number)).all()
        assert [(one.period, one.number, one.figures["last"], one.figures["total"]["total"]) for one in sent] == [
            ("2025-09-D3", 1, "2025-09-30", 4), ("2025-10-D1", 2, "2025-10-10", 6),
        ]  # fmt: skip
        assert [one.created_at for one in sent] == [moment(date(2025, 10, 9), 10), moment(date(2025, 10, 11), 10)]
        assert sent[1].figures["before"]["total"] == 4


def test_a_template_is_uploaded_used_and_taken_back(government: Database) -> None:
    now = moment(date(2025, 11, 13))
    with government.transaction() as session:
        made = Catalogue.again(session)
        for name in ("zj.energy.leader", "drc.planner"):
            with pytest.raises(Forbidden):
                paper_templates.upload(session, made.actor(name), "weekly", "a.docx", template_of("x"), now=now)
        keeper = made.actor("drc.supervisor")
        with pytest.raises(TemplateRefused, match="nobody"):
            paper_templates.upload(session, keeper, "weekly", "a.docx", template_of("{{ nobody }}"), now=now)
        with pytest.raises(NotFound):
            paper_templates.upload(session, keeper, "other", "a.docx", template_of("x"), now=now)
        with pytest.raises(SecrecyMarked):
            paper_templates.upload(session, keeper, "weekly", "a.docx", template_of("秘密★1年", "{{ late }}"), now=now)
        assert session.scalars(select(DocumentTemplate)).all() == []
        with pytest.raises(Conflict):
            paper_templates.go_back(session, keeper, "weekly", now=now)
        paper_templates.upload(session, keeper, "weekly", "一.docx", template_of("一 {{ late }}"), now=now)
        paper_templates.upload(session, keeper, "weekly", "二.docx", template_of("二 {{ late }}"), now=now)
        assert text_of(paper_templates.example(session, keeper, "weekly")) == "二 丙局。"
        paper_templates.go_back(session, keeper, "weekly", now=now)
        assert "总体情况" in text_of(paper_templates.example(session, keeper, "weekly"))
        assert len(paper_templates.uploads_of(session, "weekly")) == 2
        paper_templates.upload(session, keeper, "slip", "a.docx", template_of("新 {{ unit }}"), now=now)
        sent = [paper_templates.write(session, "slip", EXAMPLES["slip"], at=at) for at in (moment(date(2025, 11, 12)), now)]
        paper_templates.go_back(session, keeper, "slip", now=moment(date(2025, 11, 20)))
        again = [paper_templates.write(session, "slip", EXAMPLES["slip"], at=at) for at in (moment(date(2025, 11, 12)), now)]
        assert [text_of(one) for one in sent] == [text_of(one) for one in again]
        assert "有关要求" in text_of(sent[0]) and text_of(sent[1]) == "新 乙局"
        assert session.scalar(text("SELECT count(*) FROM audit_record WHERE action LIKE 'template.%'")) == 5


