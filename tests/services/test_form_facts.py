"""What is handed in must exist: units, files, dates that have come, numbers that can be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.engine import xml_drawing
from tests.people import NOW, SYSTEM
from tests.services.catalogue import Catalogue
from tests.services.house import House, user_task
from workflow_service.resources import bpmn_dir, forms_dir
from workflow_service.services import deployments, processes, tasks
from workflow_service.services.forms import FormErrors
from workflow_service.services.plans import plan_facts
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment, Task


def form(**fields: dict[str, Any]) -> bytes:
    return json.dumps({"type": "object", "properties": fields, "additionalProperties": False}).encode()


FORM = form(
    units={"type": "array", "items": {"type": "string"}, "x-widget": "units"},
    files={"type": "array", "items": {"type": "string"}, "x-widget": "file"},
    issued_on={"type": "string", "format": "date", "x-latest": "today"},
    number={"type": "string", "x-document-number": True},
)


@pytest.fixture
def task(house: House) -> Task:
    house.deploy(xml_drawing.chain(user_task("a")), files={"answer.json": FORM})
    house.start()
    (found,) = house.open()
    return found


@pytest.mark.parametrize(
    "values",
    [
        {"units": ["jb.energy", "jb.enegry"]},
        {"files": ["file-1"]},
        {"files": ["9" * 30]},
        {"issued_on": "2025-11-25"},
        {"number": "甬政发[2025]1号"},
    ],
)
def test_what_cannot_be_is_named_by_its_field_and_nothing_is_done(
    house: House, task: Task, values: dict[str, Any]
) -> None:
    with pytest.raises(FormErrors) as refused:
        house.complete("a", values)
    assert [one["field"] for one in refused.value.details["fields"]] == list(values)
    assert house.waiting() == ["a"]


def test_what_can_be_is_taken(house: House, task: Task) -> None:
    with house.database.transaction() as session:
        file = Attachment(
            sha256="0" * 64, name="规划.docx", media_type="application/msword", size=1, uploaded_at=NOW,
            instance_id=task.instance_id,
        )  # fmt: skip
        session.add(file)
        session.flush()
        kept = str(file.id)
    values = {"units": ["drc", "jb.energy"], "files": [kept], "issued_on": "2025-11-24", "number": "甬政发〔2025〕1号"}
    house.complete("a", values)
    assert house.waiting() == []


def delivered(*names: str) -> dict[str, bytes]:
    def read(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.stem in names}

    return read(bpmn_dir()) | read(forms_dir())


def test_a_filed_plan_counts_from_the_day_that_was_put_right(house: House) -> None:
    names = "filing", "filing_submission", "filing_check", "filing_correction"
    with house.database.transaction() as session:
        deployments.deploy_files(session, SYSTEM, "filing", delivered(*names), now=NOW)
        plan = Catalogue.again(session).plan("规划", "jb.energy", NOW.date(), level="county")
        plan.route = "filing"
        processes.start_process(
            session, SYSTEM, "filing", variables={"plan": plan_facts(plan)}, business_key="1", plan_id=plan.id, now=NOW
        )
    answers: list[dict[str, Any]] = [
        {"outcome": "submit", "issued_on": "2025-11-03", "document_number": "北能〔2025〕3号"},
        {"outcome": "correct", "points": "日期与文件不符"},
        {"outcome": "submit", "changes": "日期已更正", "issued_on": "2025-11-05"},
        {"outcome": "correct", "points": "缺编制说明"},
        {"outcome": "submit", "changes": "已补编制说明"},
        {"outcome": "register"},
    ]
    for values in answers:
        with house.database.transaction() as session:
            (task,) = session.scalars(select(Task).where(Task.status == "open"))
            tasks.complete_task(session, SYSTEM, task.id, values, now=NOW)
    with house.database.transaction() as session:
        found = session.scalars(select(Plan)).one()
        assert (str(found.issued_on), found.document_number) == ("2025-11-05", "北能〔2025〕3号")


PROPOSE = '<scriptTask id="find" name="find"><script>proposed_form = "special_meeting"</script></scriptTask>'


@pytest.fixture
def settling(house: House) -> House:
    """The office settles the form of review on the delivered form; the table has proposed a special meeting."""
    house.deploy(
        xml_drawing.chain(PROPOSE, user_task("a")), files={"answer.json": (forms_dir() / "review_form.json").read_bytes()}
    )
    house.start()
    return house


@pytest.mark.parametrize("chosen", ["special_meeting", "written_approval"])
def test_a_form_of_review_that_is_not_above_the_proposed_one_is_refused_by_name(settling: House, chosen: str) -> None:
    with pytest.raises(FormErrors) as refused:
        settling.complete("a", {"outcome": "raise", "form": chosen, "opinion": "改为此形式"})
    assert refused.value.status == 422
    assert refused.value.details["fields"] == [{"field": "form", "message": "应高于“政府专题会议”"}]
    assert settling.waiting() == ["a"]


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "raise", "form": "executive_meeting", "opinion": "事关全局"},
        {"outcome": "confirm", "form": "written_approval"},
        {"outcome": "confirm"},
    ],
)
def test_a_form_above_the_proposed_one_or_the_proposed_one_itself_is_taken(settling: House, values: dict[str, Any]) -> None:
    settling.complete("a", values)
    assert settling.waiting() == []
