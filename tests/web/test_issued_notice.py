"""The notice that issues a plan: made by the delivered route, in the results library, on the plan's page and at the interface."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import docx
import pytest
from flask import Flask
from sqlalchemy import select

from tests.api.callers import Caller
from tests.people import SYSTEM
from tests.services.house import House
from tests.services.test_rhythms import delivered
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.services import processes
from workflow_service.services.files import FileShelf, store_file
from workflow_service.services.plans import plan_facts
from workflow_service.services.tokens import make_token
from workflow_service.store.database import Database
from workflow_service.store.people import Membership, Post, Unit
from workflow_service.store.plans import AgendaItem, LibraryResult, Plan
from workflow_service.store.runtime import Incident, Task

SignIn = Callable[[str], Person]
FILES = (
    "issue_and_archive", "text_check", "sign_off", "document_number", "issue_notice", "distribution", "archiving",
    "draft_submission", "deadlines",
)  # fmt: skip
NUMBERED = {"outcome": "number", "addressees": "各街道办事处\n区级各部门（含开发区，园区）", "copies_to": "区委办公室；区人大办"}


STEPS = (("check_text", "pass"), ("sign", "sign"), ("number_document", "number"), ("seal_and_send", "issue"))


@pytest.fixture
def issuing(house: House) -> House:
    """The county's energy bureau has everybody whom an issue asks, and the delivered route lies ready."""
    with house.database.transaction() as session:
        unit = house.structure.units["jb.energy"]
        session.get_one(Unit, unit).document_prefix = "北能"
        posts = session.scalars(select(Post.id).where(Post.unit_id == unit, Post.code.in_(("leader", "registry"))))
        handler = house.structure.people["jb.handler"]
        session.add_all(Membership(user_id=handler, post_id=post, since=date(2025, 1, 1)) for post in posts)
    house.deploy(files=delivered(*FILES))
    return house


def issue(house: House, plan_id: int, **numbered: Any) -> int:
    """Carry the delivered route to its end; gives the run."""
    with house.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        run = processes.start_process(
            session, SYSTEM, "issue_and_archive", variables={"plan": plan_facts(plan), "office": "jb.energy"},
            business_key=str(plan_id), plan_id=plan_id, area_path=plan.area_path, now=house.now,
        ).id  # fmt: skip
    house.complete("check_text", {"outcome": "pass"})
    house.complete("sign", {"outcome": "sign"})
    house.complete("number_document", NUMBERED | numbered)
    house.complete("seal_and_send", {"outcome": "issue"})
    return run


def draft(house: House, plan_id: int) -> int:
    with house.database.transaction() as session:
        shelf, content = FileShelf.of(session), BytesIO("规划文本".encode())
        return store_file(
            session, house.actor("jb.handler"), shelf, content, "规划草案.txt", now=house.now, declared_unclassified=True,
            plan_id=plan_id, dossier_item="draft_for_review",
        ).id  # fmt: skip


def library(database: Database, plan_id: int) -> dict[str, LibraryResult]:
    with database.transaction() as session:
        rows = session.scalars(select(LibraryResult).where(LibraryResult.plan_id == plan_id))
        return {row.kind: row for row in rows}


@pytest.fixture
def caller(app: Flask, issuing: House) -> Caller:
    with issuing.database.transaction() as session:
        token = make_token(session, issuing.actor("jb.supervisor"), "t", days=30, now=issuing.now).text
    return Caller(app.test_client(), token)


def test_the_issue_makes_the_notice_with_the_plan_as_its_attachment(issuing: House, caller: Caller) -> None:
    plan_id = plan_of(issuing)
    text = draft(issuing, plan_id)
    issue(issuing, plan_id)
    results = caller.get(f"/plans/{plan_id}/results").get_json()["items"]
    by_kind = {one["kind"]: one for one in results}
    assert by_kind["plan"]["attachment_id"] == text and by_kind["notice"]["document_number"] == "北能〔2025〕1号"
    content = caller.get(f"/attachments/{by_kind['notice']['attachment_id']}/content").data
    said = "\n".join(one.text for one in docx.Document(BytesIO(content)).paragraphs)
    assert "江北区能源局文件" in said and "北能〔2025〕1号" in said and "2025年11月24日" in said
    assert "各街道办事处，区级各部门（含开发区，园区）：" in said
    assert "《江北区能源发展“十四五”规划》已经审定，现印发给你们" in said
    assert said.count("江北区能源发展“十四五”规划") >= 3 and "附件" in said
    assert "区委办公室，区人大办" in said + "".join(
        cell.text for table in docx.Document(BytesIO(content)).tables for row in table.rows for cell in row.cells
    )
    pdf = caller.get(f"/plans/{plan_id}/notice")
    assert pdf.status_code == 200 and pdf.data.startswith(b"%PDF-")


def test_the_notice_lies_on_the_page_of_its_plan_for_everybody_who_sees_the_plan(issuing: House, person: SignIn) -> None:
    plan_id = plan_of(issuing)
    draft(issuing, plan_id)
    issue(issuing, plan_id)
    kept = library(issuing.database, plan_id)
    beside = person("hs.handler")
    page = beside.get(f"/plans/{plan_id}").text
    assert "关于印发《江北区能源发展“十四五”规划》的通知.docx" in page and "规划草案.txt" in page
    for row in kept.values():
        assert beside.get(f"/tasks/files/{row.attachment_id}").status_code == 200
    assert beside.get(f"/plans/{plan_id}/notice.pdf?revision=0").data.startswith(b"%PDF-")
    assert beside.get(f"/plans/{plan_id}/notice.pdf?revision=1").status_code == 404


def test_a_text_put_right_before_the_issue_is_the_one_that_is_issued(issuing: House) -> None:
    plan_id = plan_of(issuing)
    draft(issuing, plan_id)
    with issuing.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        processes.start_process(
            session, SYSTEM, "issue_and_archive", variables={"plan": plan_facts(plan), "office": "jb.energy"},
            business_key=str(plan_id), plan_id=plan_id, area_path=plan.area_path, now=issuing.now,
        )  # fmt: skip
    issuing.complete("check_text", {"outcome": "return", "points": "数据不一致"})
    with issuing.database.transaction() as session:
        task = session.scalars(select(Task).where(Task.element_id == "correct_text")).one()
        mended = store_file(
            session, issuing.actor("jb.handler"), FileShelf.of(session), BytesIO("改稿".encode()), "改稿.txt", now=issuing.now,
            declared_unclassified=True, task_id=task.id,
        ).id  # fmt: skip
    issuing.complete("correct_text", {"outcome": "submit", "draft": [str(mended)]})
    issuing.complete("check_text", {"outcome": "pass"})
    issuing.complete("sign", {"outcome": "sign"})
    issuing.complete("number_document", {"outcome": "number"})
    issuing.complete("seal_and_send", {"outcome": "issue"})
    assert library(issuing.database, plan_id)["plan"].attachment_id == mended


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("special_meeting", "已经江北区人民政府专题会议审议通过"),
        ("executive_meeting", "已经江北区人民政府常务会议审议通过"),
        ("people_congress", "已经江北区人民代表大会审议批准"),
    ],
)
def test_the_notice_says_which_meeting_passed_the_plan(issuing: House, caller: Caller, body: str, words: str) -> None:
    plan_id = plan_of(issuing)
    with issuing.database.transaction() as session:
        plan = session.get_one(Plan, plan_id)
        run = processes.start_process(
            session, SYSTEM, "issue_and_archive", variables={"plan": plan_facts(plan), "office": "jb.energy"},
            business_key=str(plan_id), plan_id=plan_id, area_path=plan.area_path, now=issuing.now,
        ).id  # fmt: skip
        session.add(AgendaItem(
            kind=body, area=plan.area, plan_id=plan_id, instance_id=run, message_name="meeting.result", status="decided",
            result="passed", requested_at=issuing.now, decided_at=issuing.now,
        ))  # fmt: skip
    for element_id, given in STEPS:
        issuing.complete(element_id, {"outcome": given})
    file = library(issuing.database, plan_id)["notice"].attachment_id
    content = caller.get(f"/attachments/{file}/content").data
    said = "\n".join(one.text for one in docx.Document(BytesIO(content)).paragraphs)
    assert words in said and "各有关单位：" in said


def test_nothing_is_issued_where_the_notice_cannot_be_kept(issuing: House) -> None:
    plan_id = plan_of(issuing)
    here = issuing.database
    nowhere = Database(here.url)
    try:
        issuing.database = nowhere
        run = issue(issuing, plan_id)
    finally:
        issuing.database = here
        nowhere.close()
    assert library(here, plan_id) == {}
    with here.transaction() as session:
        assert session.get_one(Plan, plan_id).issued_on is None
        incident = session.scalars(select(Incident).where(Incident.instance_id == run)).one()
        assert incident.element_id == "issue" and "文件夹" in incident.message
