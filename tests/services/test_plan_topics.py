"""What the service tasks of the routes do to a plan."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import FORM, House, user_task
from workflow_service.services import deployments, processes
from workflow_service.services.plans import plan_facts
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, LibraryResult, Plan
from workflow_service.store.runtime import Attachment

ANSWER = {"answer.json": json.dumps(FORM).encode()}


def work(key: str, topic: str) -> str:
    return f'<serviceTask id="{key}" name="{key}" camunda:type="external" camunda:topic="{topic}"/>'


def carry_out(
    house: House,
    *nodes: str,
    after_days: int = 0,
    unit: str = "jb.energy",
    office: str = "lead_unit",
    level: str = "county",
) -> Plan:
    """Run service tasks one after the other for one plan."""
    now = house.now + timedelta(days=after_days)
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "test", {"p.bpmn": xml_drawing.chain(*nodes)}, now=now)
        catalogue = Catalogue.again(session)
        plan = catalogue.plans.get("规划") or catalogue.plan("规划", unit, date(2025, 1, 2), level=level)
        processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan), "office": office}, business_key=str(plan.id),
            plan_id=plan.id, now=now,
        )  # fmt: skip
        return plan


def library(house: House) -> list[tuple[int, str]]:
    with house.database.transaction() as session:
        rows = session.scalars(select(LibraryResult).order_by(LibraryResult.id))
        return [(row.revision, row.kind) for row in rows]


def has_file(house: House, name: str, item: str = "", *, earlier: bool = False) -> int:
    """A file that stands with the plan, since the run began or from a run before."""
    with house.database.transaction() as session:
        plan = session.scalars(select(Plan)).one()
        file = Attachment(
            sha256="0" * 64, name=name, media_type="application/pdf", size=1, plan_id=plan.id, dossier_item=item,
            uploaded_at=house.now - timedelta(days=400 if earlier else 0),
        )  # fmt: skip
        session.add(file)
        session.flush()
        return file.id


def checked(house: House, ticked: list[str], files: list[int]) -> list[str]:
    """What the check of a dossier finds missing, of a draft and its notes."""
    given = {"outcome": "submit", "items": ticked, "files": [str(one) for one in files]}
    facts = f"submit_dossier = {given!r}\nrequired_items = ['draft_for_review', 'drafting_notes']"
    script = f'<scriptTask id="given" name="g" scriptFormat="approval"><script>{facts}</script></scriptTask>'
    with house.database.transaction() as session:
        plan = session.scalars(select(Plan)).one()
        files_ = {"p.bpmn": xml_drawing.chain(script, work("check", "dossier.check"), user_task("rest"))} | ANSWER
        deployments.deploy_files(session, SYSTEM, "test", files_, now=house.now)
        run = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id, now=house.now
        )
        found: list[str] = processes.variables_of(session, run, now=house.now)["check"]["missing"]
        return found


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_revision_enters_the_library_under_its_number_and_the_first_issue_stays(
    house: House, rounds: int
) -> None:
    first = carry_out(house, work("issue", "plan.issue")).issued_on
    for number in range(1, rounds + 1):
        nodes = work("issue", "plan.issue"), work("revised", "plan.revised")
        plan = carry_out(house, *nodes, after_days=30 * number)
        assert (plan.revision, plan.issued_on) == (number, first)
    kinds = ("notice", "plan")
    assert sorted(library(house)) == [(revision, kind) for revision in range(rounds + 1) for kind in kinds]


BOTH = ["draft_for_review", "drafting_notes"]


def test_a_ticked_item_without_a_file_is_missing(house: House) -> None:
    carry_out(house, work("a", "plan.stage"))
    assert checked(house, BOTH, []) == BOTH
    has_file(house, "草案.pdf", "draft_for_review")
    assert checked(house, BOTH, []) == ["drafting_notes"]


def test_unmarked_files_count_once_there_is_one_for_each_ticked_item(house: House) -> None:
    carry_out(house, work("a", "plan.stage"))
    one = has_file(house, "草案.pdf")
    assert checked(house, BOTH, [one]) == BOTH
    assert checked(house, BOTH[:1], [one]) == BOTH[1:]
    assert checked(house, BOTH, [one, has_file(house, "说明.pdf")]) == []


def test_a_file_of_an_earlier_run_counts_only_when_it_is_handed_in_again(house: House) -> None:
    carry_out(house, work("a", "plan.stage"))
    for item in BOTH:
        has_file(house, f"{item}.pdf", item, earlier=True)
    assert checked(house, BOTH[:1], []) == BOTH[1:]


@pytest.mark.parametrize(
    ("topic", "office", "area"),
    [
        ("meeting.request", "government_office_above", "330205"),
        ("meeting.request", "government_office", "330205104"),
        ("catalogue.request", "", "330205"),
    ],
)
def test_a_towns_plan_waits_in_the_pool_of_whoever_meets(
    house: House, topic: str, office: str, area: str
) -> None:
    carry_out(house, work("ask", topic), unit="cc", office=office, level="town")
    with house.database.transaction() as session:
        assert session.scalars(select(AgendaItem.area)).one() == area


def test_a_plan_outside_the_catalogue_is_not_issued(house: House) -> None:
    with house.database.transaction() as session:
        Catalogue.again(session).plan("规划", "jb.energy", date(2025, 1, 2), level="county").code = None
    plan = carry_out(house, work("issue", "plan.issue"))
    (incident,) = house.incidents()
    assert plan.issued_on is None and "赋码" in incident.message


@pytest.mark.parametrize("ends", ["refused", "terminated"])
def test_a_plan_in_force_is_carried_out_on_when_its_revision_comes_to_nothing(house: House, ends: str) -> None:
    carry_out(house, work("issue", "plan.issue"))
    revise = user_task("a", more='approval:stage="revision"')
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "q", {"p.bpmn": xml_drawing.chain(revise)} | ANSWER, now=house.now)
        plan = session.scalars(select(Plan)).one()
        instance_id = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id, now=house.now
        ).id
        assert plan.stage == "revision"
    if ends == "refused":
        house.complete("a")
    else:
        with house.database.transaction() as session:
            processes.terminate_instance(session, SYSTEM, instance_id, "不再修订", now=house.now)
    with house.database.transaction() as session:
        assert session.scalars(select(Plan.stage)).one() == "implementation"


def test_a_number_given_by_hand_is_not_given_a_second_time(house: House) -> None:
    script = '<script>number_document = {"document_number": number}</script>'
    seal = f'<scriptTask id="seal" name="seal" scriptFormat="approval">{script}</scriptTask>'
    numbers = []
    for title, number in (("甲", ""), ("乙", "北能〔2025〕5号"), ("丙", ""), ("丁", "北能〔2024〕9号"), ("戊", "")):
        with house.database.transaction() as session:
            session.get_one(Unit, house.structure.units["jb.energy"]).document_prefix = "北能"
            files = {"p.bpmn": xml_drawing.chain(seal, work("issue", "plan.issue"))}
            deployments.deploy_files(session, SYSTEM, "test", files, now=house.now)
            plan = Catalogue.again(session).plan(title, "jb.energy", date(2025, 1, 2), level="county")
            variables = {"plan": plan_facts(plan), "office": "lead_unit", "number": number}
            processes.start_process(
                session, SYSTEM, "p", variables=variables, business_key=str(plan.id), plan_id=plan.id, now=house.now
            )
            numbers.append(plan.document_number)
    assert numbers == ["北能〔2025〕1号", "北能〔2025〕5号", "北能〔2025〕6号", "北能〔2024〕9号", "北能〔2025〕7号"]


def issue_as(house: House, title: str, number: str, unit: str = "jb.energy", prefix: str = "北能") -> str:
    """Issue a plan under a number (empty: the next); gives the number that it got, empty where it was not issued."""
    script = '<script>number_document = {"document_number": number}</script>'
    seal = f'<scriptTask id="seal" name="seal" scriptFormat="approval">{script}</scriptTask>'
    with house.database.transaction() as session:
        session.get_one(Unit, house.structure.units[unit]).document_prefix = prefix
        files = {"p.bpmn": xml_drawing.chain(seal, work("issue", "plan.issue"))}
        deployments.deploy_files(session, SYSTEM, "test", files, now=house.now)
        plan = Catalogue.again(session).plan(title, unit, date(2025, 1, 2), level="county")
        variables = {"plan": plan_facts(plan), "office": "lead_unit", "number": number}
        processes.start_process(
            session, SYSTEM, "p", variables=variables, business_key=str(plan.id), plan_id=plan.id, now=house.now
        )
        return plan.document_number


@pytest.mark.parametrize("number", ["北能〔2025〕1号", "北政发〔2024〕7号"])
def test_two_plans_are_never_issued_under_one_number(house: House, number: str) -> None:
    assert issue_as(house, "甲", "北政发〔2024〕7号") == "北政发〔2024〕7号"
    assert issue_as(house, "乙", "") == "北能〔2025〕1号"
    assert issue_as(house, "丙", number) == ""
    (incident,) = house.incidents()
    assert (incident.element_id, "已用于其他文件" in incident.message) == ("issue", True)


def test_a_number_of_the_series_passes_over_what_another_unit_was_given(house: House) -> None:
    assert issue_as(house, "甲", "北能〔2025〕1号", unit="jb.drc") == "北能〔2025〕1号"
    assert issue_as(house, "乙", "") == "北能〔2025〕2号"


def test_without_a_mark_that_can_be_one_nothing_is_issued(house: House) -> None:
    assert issue_as(house, "甲", "", prefix="北能2科") == ""
    (incident,) = house.incidents()
    assert "机关代字" in incident.message
    assert library(house) == []


def test_an_application_whose_registration_was_ended_is_withdrawn(house: House) -> None:
    house.deploy_chain(user_task("a"))
    with house.database.transaction() as session:
        plan = Catalogue.again(session).plan("规划", "jb.energy", date(2025, 1, 2), level="county")
        plan.status, plan.code, plan.registered_on = "applied", None, None
        row = processes.start_process(
            session, SYSTEM, "p", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id, now=house.now
        )
        processes.terminate_instance(session, SYSTEM, row.id, "重复申报", now=house.now)
        assert (plan.status, plan.stage) == ("withdrawn", "closed")
