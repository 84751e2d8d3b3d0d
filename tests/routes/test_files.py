"""What the delivered files must have so that the engine and the pages can use them."""

import re
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from workflow_service.domain.approvals import CatalogueDecision, MeetingResult
from workflow_service.domain.plans import DossierItem, ReviewForm
from workflow_service.engine.compile import called_by, decisions_of, forms_of
from workflow_service.engine.decisions import check_table
from workflow_service.engine.dialect import STAGES, TASK_KINDS
from workflow_service.engine.form_fields import fields_of
from workflow_service.engine.variables import needed_inputs
from workflow_service.engine.verify import Surroundings, check
from workflow_service.i18n import use_language
from workflow_service.services.form_schemas import read_form

from .answers import answer_for
from .files import DIAGRAMS, FORMS, ROOT, ROUTES, TABLES, diagram, form, processes, table
from .scenarios import gateway_flows

PAYLOADS = {"meeting_result", "catalogue_decision"}
WIDGETS = {"radio", "textarea", "opinion", "checkboxes", "people", "date", "unit", "units", "plan", "file", "number"}
PEOPLE_FORMS = sorted({path.stem for path in FORMS} - PAYLOADS)
each_form = pytest.mark.parametrize("key", PEOPLE_FORMS)


def elements(kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (key, name, one)
        for key, process in processes().items()
        for name, one in process["elements"].items()
        if one["type"] == kind
    ]


def test_each_file_is_named_after_its_process_or_table() -> None:
    assert set(processes()) == {path.stem for path in DIAGRAMS}
    assert all(table(path.stem).id == path.stem for path in TABLES)


def test_what_a_route_calls_asks_and_shows_exists() -> None:
    for key, process in processes().items():
        assert called_by(process) <= ROUTES, key
        assert decisions_of(process) <= {path.stem for path in TABLES}, key
        assert forms_of(process) <= set(PEOPLE_FORMS), key


def test_no_form_and_no_table_lies_unused() -> None:
    used = set().union(*(forms_of(one) for one in processes().values()))
    assert used == set(PEOPLE_FORMS)
    asked = set().union(*(decisions_of(one) for one in processes().values()))
    assert asked | {"deadlines"} == {path.stem for path in TABLES}


def test_every_human_task_says_who_how_and_with_which_form() -> None:
    for key, name, task in elements("userTask"):
        attrs = task["attrs"]
        assert attrs["formKey"] and attrs["kind"] in TASK_KINDS, (key, name)
        assert attrs.get("candidateGroups", "").count(":") == 1 or attrs["assignee"].startswith("${"), (key, name)
        assert attrs.get("stage", STAGES[0]) in STAGES, (key, name)


def test_every_exclusive_gateway_decides() -> None:
    for key, name, gateway in elements("exclusiveGateway"):
        flows = {flow: one for flow, one in processes()[key]["flows"].items() if one["source"] == name}
        undecided = [flow for flow, one in flows.items() if not one["condition"]]
        assert len(flows) > 1 and undecided == [one for one in [gateway.get("default")] if one], (key, name)
        assert all(one["name"] for one in flows.values()), (key, name)


def test_no_gateway_has_two_ways_to_one_place() -> None:
    for key, process in processes().items():
        pairs = Counter((one["source"], one["target"]) for one in process["flows"].values())
        assert max(pairs.values()) == 1, key


def test_outcomes_in_conditions_are_outcomes_of_the_form() -> None:
    for key, process in processes().items():
        asked = {
            name: one["attrs"]["formKey"]
            for name, one in process["elements"].items()
            if one["type"] == "userTask"
        }
        for flow, one in process["flows"].items():
            head, _, said = (one["condition"] or "").partition('.outcome == "')
            if head in asked:
                offered = form(asked[head])["properties"]["outcome"]["enum"]
                assert said.removesuffix('"') in offered, (key, flow)


def test_every_outcome_that_a_form_offers_before_a_gateway_leads_on() -> None:
    for key, name, task in elements("userTask"):
        process = processes()[key]
        after = [one["target"] for one in process["flows"].values() if one["source"] == name]
        if not after or process["elements"][after[0]]["type"] != "exclusiveGateway":
            continue
        flows = [one["condition"] for one in process["flows"].values() if one["source"] == after[0]]
        asked = " ".join(text or "" for text in flows)
        if f"{name}.outcome" in asked:
            offered = form(task["attrs"]["formKey"])["properties"]["outcome"]["enum"]
            unasked = [outcome for outcome in offered if f'"{outcome}"' not in asked]
            assert len(unasked) <= flows.count(None) + asked.count("!="), (key, name)


@each_form
def test_a_form_can_be_deployed_and_shown(key: str) -> None:
    path = next(one for one in FORMS if one.stem == key)
    schema = read_form(path.read_bytes())
    fields = schema["properties"]
    asked = [name for name in schema["x-order"] if not fields[name].get("readOnly")]
    assert schema["x-order"] == list(fields) and asked[0] == "outcome"
    for field in (schema, *fields.values()):
        assert field["title"] and field["x-title-en"]
    for field in fields.values():
        assert field.get("x-widget", "radio") in WIDGETS
        for options in (field.get("oneOf"), field.get("items", {}).get("oneOf")):
            for option in options or ():
                assert option["title"] and option["x-title-en"]


@each_form
def test_every_outcome_of_a_form_can_be_handed_in(key: str) -> None:
    for outcome in form(key)["properties"]["outcome"]["enum"]:
        assert answer_for(key, outcome)["outcome"] == outcome


@each_form
def test_an_outcome_that_is_not_offered_is_refused(key: str) -> None:
    wrong = answer_for(key) | {"outcome": "anything"}
    assert not Draft202012Validator(form(key)).is_valid(wrong)


def test_what_is_entered_on_behalf_of_a_body_comes_with_its_document() -> None:
    entered = {
        (element.id, element.get("approval:onBehalfOf")): str(element.get("camunda:formKey"))
        for key in processes()
        for element in diagram(key).processes[0].elements.values()
        if element.get("approval:onBehalfOf")
    }
    assert {key for key, _body in entered} == {
        "record_review", "check_annexes", "party_proposal", "first_examination", "approve",
    }  # fmt: skip
    for key in entered.values():
        files = {name for name, one in form(key)["properties"].items() if one.get("x-widget") == "file"}
        assert files & set(form(key)["required"]), key
        bare = {name: one for name, one in answer_for(key).items() if name not in files}
        assert not Draft202012Validator(form(key)).is_valid(bare), key


def test_a_return_needs_its_points() -> None:
    assert not Draft202012Validator(form("filing_check")).is_valid({"outcome": "correct"})
    assert not Draft202012Validator(form("text_check")).is_valid({"outcome": "return", "points": ""})


def test_the_words_of_files_and_domain_are_the_same() -> None:
    results = form("meeting_result")["properties"]["result"]["enum"]
    decisions = form("catalogue_decision")["properties"]["result"]["enum"]
    items = form("dossier_submission")["properties"]["items"]["items"]["enum"]
    assert set(results) == {one.value for one in MeetingResult}
    assert set(decisions) == {one.value for one in CatalogueDecision}
    assert set(items) == {one.value for one in DossierItem}


@pytest.mark.parametrize("field", ["proposed", "form"])
@pytest.mark.parametrize(("language", "key"), [("zh", "title"), ("en", "x-title-en")])
def test_forms_and_pages_call_the_four_forms_of_review_the_same(field: str, language: str, key: str) -> None:
    choices = form("review_form")["properties"][field]["oneOf"]
    with use_language(language):
        words = [str(one.label).casefold() for one in ReviewForm]
    assert [choice[key].casefold() for choice in choices] == words


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_has_no_dead_row_and_no_gap(path: Any) -> None:
    assert [problem.message for problem in check_table(table(path.stem))] == []


def test_the_pictures_and_the_page_of_the_routes_show_every_element() -> None:
    page = (ROOT / "docs" / "routes.md").read_text("utf-8")
    for key in processes():
        picture = (ROOT / "docs" / "pictures" / "routes" / f"{key}.svg").read_text("utf-8")
        drawn = set(re.findall(r'data-element-id="([^"]+)"', picture))
        assert {*diagram(key).processes[0].elements, *diagram(key).processes[0].flows} <= drawn, key
        assert f"`{key}`" in page and f"pictures/routes/{key}.svg" in page
        for flow in (name for process, name in gateway_flows() if process == key):
            assert processes()[key]["flows"][flow]["name"] in page, (key, flow)


def test_the_checker_of_diagrams_finds_nothing_but_errors_that_callers_catch() -> None:
    around = Surroundings(
        forms=frozenset(PEOPLE_FORMS),
        decisions=frozenset(path.stem for path in TABLES),
        processes=ROUTES,
        fields={key: fields_of(form(key)) for key in PEOPLE_FORMS},
        table_names={path.stem: table(path.stem).names for path in TABLES},
        inputs={key: needed_inputs(diagram(key).process(key)) for key in ROUTES},
    )
    found = [problem for key in ROUTES for problem in check(diagram(key), around)]
    assert [problem.message for problem in found if problem.code != "error_not_caught"] == []
