"""Whoever is asked sees what he must know: what the others wrote, what the route holds, what may be attached."""

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.services.house import FORM, House, user_task
from tests.services.test_rhythms import delivered
from tests.web.conftest import Person
from tests.web.test_pages import plan_of
from workflow_service.domain.plans import DossierItem, ReviewForm, Stage
from workflow_service.engine.dialect import BPMN, CAMUNDA
from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.store.definitions import DecisionDefinition
from workflow_service.store.people import Membership, Post, User
from workflow_service.store.plans import LibraryResult, PlanEvent
from workflow_service.store.runtime import Attachment
from workflow_service.web.formats import deadline_rule_words

SignIn = Callable[[str], Person]
POINTS = {**FORM, "properties": {**FORM["properties"], "points": {"type": "string", "title": "修改要点", "x-widget": "textarea"}}}
SHOWN = {
    **FORM,
    "properties": {
        **FORM["properties"],
        "lacking": {"type": "array", "title": "所缺要件", "items": {"type": "string"}, "readOnly": True, "x-from": "found.names"},
        "proposed": {
            "type": "string", "title": "建议形式", "readOnly": True, "x-from": "form",
            "oneOf": [{"const": "special_meeting", "title": "专题会议"}],
        },
    },
}  # fmt: skip
FIND = (
    '<scriptTask id="find" name="find"><script>found = {"names": ["论证报告", "起草说明"]}\n'
    'form = "special_meeting"</script></scriptTask>'
)


def page_of(house: House, reader: Person, element_id: str) -> str:
    task = next(task for task in house.open() if task.element_id == element_id)
    return re.sub(r"\s+", " ", reader.get(f"/tasks/{task.id}").text)


def test_the_slip_tells_what_was_written_beside_the_opinion_and_leads_to_the_whole_answer(house: House, person: SignIn) -> None:
    house.deploy(xml_drawing.chain(user_task("check"), user_task("amend")), files={"answer.json": json.dumps(POINTS).encode()})
    house.start(business_key="with points")
    done = house.complete("check", {"outcome": "return", "points": "一、指标不衔接；二、缺重大项目表。"})
    page = page_of(house, person("jb.handler"), "amend")
    assert '修改要点：</span>一、指标不衔接；二、缺重大项目表。' in page
    assert f'href="/tasks/{done.id}"' in page


def test_a_read_only_field_shows_what_the_route_holds_in_words(house: House, person: SignIn) -> None:
    house.deploy(xml_drawing.chain(FIND, user_task("mend")), files={"answer.json": json.dumps(SHOWN).encode()})
    house.start()
    page = page_of(house, person("jb.handler"), "mend")
    assert "论证报告、起草说明" in page and "专题会议" in page and "special_meeting" not in page
    house.complete("mend")


FORMS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(forms_dir().iterdir())}
ROUTES = [etree.fromstring(path.read_bytes()) for path in sorted(bpmn_dir().glob("*.bpmn"))]
STARTED_WITH = {"listed_supervision": {"matter"}, "notice_slip": {"slip"}, "catalogue_change": {"change"}}
"""What the service itself puts into a run when it starts it (`services/listing.py`, `slips.py`, `catalogue_changes.py`)."""
TELLING = [key for key, form in FORMS.items() if any("x-from" in own for own in form["properties"].values())]


@pytest.mark.parametrize("key", TELLING)
def test_delivered_forms_show_only_what_their_routes_hold(key: str) -> None:
    shown = [own["x-from"].partition(".")[0] for own in FORMS[key]["properties"].values() if "x-from" in own]
    users = [root for root in ROUTES if root.xpath(f"//*[@*[local-name()='formKey']='{key}']")]
    assert users
    for root in users:
        held = {one.get("id") for one in root.iter(f"{{{BPMN}}}userTask", f"{{{BPMN}}}serviceTask")}
        held |= {one.get(f"{{{CAMUNDA}}}resultVariable") for one in root.iter(f"{{{BPMN}}}businessRuleTask")}
        held |= STARTED_WITH.get(next(root.iter(f"{{{BPMN}}}process")).get("id"), set())
        assert set(shown) <= held


def test_who_is_asked_again_is_told_what_is_missing_or_was_proposed() -> None:
    assert set(TELLING) >= {"dossier_supplement", "review_form", "filing_correction", "bulletin_edit"}


def test_a_submission_is_returned_once_with_all_that_is_missing_named(house: House, person: SignIn) -> None:
    house.deploy(files=delivered("dossier_check", "dossier_items", "dossier_submission", "dossier_supplement", "deadlines"))
    plan = {
        "lead_unit": "jb.energy", "jurisdiction": "330205", "level": "county", "route": "government_executive_meeting",
        "environmental_review": True, "water_review": False, "importance": "key",
    }  # fmt: skip
    run = house.start("dossier_check", {"plan": plan})
    with house.database.transaction() as session:
        session.add(Attachment(
            sha256="0" * 64, name="批复.pdf", media_type="application/pdf", size=1, instance_id=run,
            dossier_item="catalogue_approval", uploaded_at=house.now,
        ))  # fmt: skip
    house.complete("submit_dossier", {"outcome": "submit", "items": ["catalogue_approval", "draft_for_review"]})
    page = page_of(house, person("jb.handler"), "supplement_dossier")
    missing = page.partition("所缺要件")[2].partition("所附要件")[0]
    expected = ("DRAFTING_NOTES", "EXPERT_REPORT", "COORDINATION_OPINIONS", "ENVIRONMENTAL_CONFIRMATION")
    assert all(DossierItem[name].word in missing for name in expected)
    assert DossierItem.DRAFT_FOR_REVIEW.word in missing, "a tick alone is no document"
    assert DossierItem.WATER_CONFIRMATION.word not in missing and DossierItem.CATALOGUE_APPROVAL.word not in missing


def test_every_item_of_a_dossier_can_be_attached_under_its_own_name_once(house: House, person: SignIn) -> None:
    house.deploy_chain(user_task("fill"))
    house.start()
    page = page_of(house, person("jb.handler"), "fill")
    choice = page.partition("data-dossier-choice")[2].partition("</select>")[0]
    offered = re.findall(r'<option value="(\w+)">([^<]+)</option>', choice)
    assert {item.value for item in DossierItem} <= {code for code, _name in offered}
    assert len({name for _code, name in offered}) == len(offered)


def test_who_drafts_or_releases_a_bulletin_can_read_it_first(house: House, person: SignIn) -> None:
    with house.database.transaction() as session:
        handler = session.scalars(select(User).where(User.username == "jb.handler")).one()
        of_drc = (Post.unit_id == house.structure.units["jb.drc"], Post.code == "planner")
        post_id = session.scalars(select(Post.id).where(*of_drc)).one()
        session.add(Membership(user_id=handler.id, post_id=post_id, since=date(2025, 1, 1)))
    house.deploy(files=delivered("ten_day_bulletin", "bulletin_edit", "bulletin_release", "deadlines"))
    variables: dict[str, Any] = {"period": "2025-11-D2", "area": "330205", "plan": {"jurisdiction": "330205", "level": "county"}}
    house.start("ten_day_bulletin", variables, "bulletin:330205:2025-11-D2")
    drafting = page_of(house, person("jb.handler"), "edit_bulletin")
    draft = re.search(r'href="(/bulletins/\d+)"', drafting)
    assert draft is not None and "截至2025年11月20日" in drafting
    assert person("jb.handler").get(draft[1]).status_code == person("jb.handler").get(f"{draft[1]}.docx").status_code == 200
    assert person("hs.handler").get(draft[1]).status_code == person("jb.admin").get(draft[1]).status_code == 403
    house.complete("edit_bulletin", {"outcome": "submit", "summary": "进展平稳。"})
    page = page_of(house, person("jb.supervisor"), "release_bulletin")
    link = re.search(r'href="(/bulletins/\d+)"', page)
    assert link is not None and "进展平稳。" in page
    assert person("jb.supervisor").get(link[1]).status_code == 200


TOO_LARGE = 10**23


@pytest.mark.parametrize("path", [f"/tasks/{TOO_LARGE}", f"/plans/{TOO_LARGE}", "/search?q=%00", "/plans?q=%00"])
def test_what_the_database_cannot_hold_is_no_fault_of_the_service(person: SignIn, path: str) -> None:
    assert person("jb.handler").get(path).status_code in (200, 400, 404)


def test_an_official_reads_a_decision_table_in_words(house: House, person: SignIn) -> None:
    house.deploy(files=delivered("review_form"))
    with house.database.transaction() as session:
        table_id = session.scalars(select(DecisionDefinition.id)).one()
    page = person("jb.supervisor").get(f"/designer/decisions/{table_id}").text
    assert f"<code>&#34;executive_meeting&#34;</code><small>{ReviewForm.EXECUTIVE_MEETING.word}</small>" in page
    assert "<code></code>" not in page


def test_a_deadline_on_a_fixed_day_is_told_as_a_day(app: Flask) -> None:
    with app.test_request_context():
        assert deadline_rule_words("2025-11-28T17:30:00+08:00") == "按规定日期：11月28日"
        assert deadline_rule_words("5 working days") == "收到次日起 5 个工作日"


def test_the_events_of_a_plan_are_told_with_what_they_led_to(house: House, person: SignIn) -> None:
    plan_id = plan_of(house)
    with house.database.transaction() as session:
        for kind, to in (("stage_changed", "coordination"), ("review_form_settled", "special_meeting")):
            session.add(PlanEvent(plan_id=plan_id, at=house.now, kind=kind, data={"to": to}))
    page = person("jb.supervisor").get(f"/plans/{plan_id}").text
    assert f"进入阶段：{Stage.COORDINATION.word}" in page and f"确定审议形式：{ReviewForm.SPECIAL_MEETING.word}" in page
    assert "review_form_settled" not in page


def test_the_results_library_stands_on_the_page_of_its_plan(house: House, person: SignIn) -> None:
    plan_id = plan_of(house, issued_on=date(2025, 10, 31), status="issued")
    reader = person("jb.supervisor")
    assert "成果库" not in reader.get(f"/plans/{plan_id}").text
    with house.database.transaction() as session:
        for revision, number in ((0, "北区政办发〔2025〕7号"), (1, "北区政办发〔2025〕9号")):
            session.add(LibraryResult(
                plan_id=plan_id, revision=revision, kind="plan", document_number=number, issued_on=date(2025, 10, 31),
                entered_at=house.now,
            ))  # fmt: skip
    page = reader.get(f"/plans/{plan_id}").text
    assert page.index("北区政办发〔2025〕9号") < page.index("北区政办发〔2025〕7号") and "第 1 次修订" in page
