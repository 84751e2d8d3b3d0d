"""A designer changes a row, and a plan's way changes."""

from dataclasses import replace

import pytest

from workflow_service.domain.deadlines import parse_deadline
from workflow_service.engine.decision_table import DecisionTable, Rule

from .files import processes, table
from .outcomes import SELF_ISSUED
from .scenarios import NOW, PLAN, Case


def with_first_row(key: str, tests: list[str], results: list[str]) -> DecisionTable:
    """Give a delivered table with one more row above the others, as an official would add it."""
    before = table(key)
    row = Rule("added", 1, tuple(tests), tuple(results), "")
    rules = (row, *(replace(rule, number=rule.number + 1) for rule in before.rules))
    return replace(before, rules=rules)


def result_of(key: str, **plan: object) -> object:
    return table(key).evaluate({"plan": {**PLAN, **plan}}, NOW).mapped("singleEntry")


@pytest.mark.parametrize(
    ("plan", "route"),
    [
        ({"tier": "1", "category": "development"}, "people_congress"),
        ({"tier": "1", "category": "development", "level": "town"}, "people_congress"),
        ({"tier": "N", "importance": "key"}, "government_executive_meeting"),
        ({"tier": "N", "importance": "general", "level": "town"}, "government_executive_meeting"),
        ({"tier": "X", "importance": "general"}, "departmental_self_issue"),
        ({"tier": "X", "importance": "filed"}, "filing"),
        ({"tier": "X", "importance": "general", "level": "town"}, "filing"),
        ({"tier": "X", "importance": "general", "category": "spatial"}, "government_executive_meeting"),
    ],
)
def test_the_route_follows_from_tier_category_level_and_importance(plan: dict, route: str) -> None:
    assert result_of("route_selection", **plan) == route


def test_changing_a_row_of_the_routes_changes_a_plans_way() -> None:
    plan = SELF_ISSUED | {"jurisdiction": "330200"}
    changed = with_first_row("route_selection", ['"330200"', '"X"', "", "", '"general"'], ['"filing"'])
    before = Case("registration", plan).run()
    after = Case("registration", plan, tables={"route_selection": changed}).run()
    assert before.variables["route"] == "departmental_self_issue" and after.variables["route"] == "filing"
    assert "draft_plan" in Case(before.variables["route"], plan).run().passed
    assert "draft_plan" not in Case(after.variables["route"], plan).run().passed


def test_changing_a_row_of_the_forms_changes_the_meeting() -> None:
    changed = with_first_row("review_form", [""] * 6, ['"executive_meeting"'])
    case = Case("government_executive_meeting", tables={"review_form": changed}).run()
    assert "executive_meeting" in case.passed and "special_meeting" not in case.passed


def test_changing_a_row_of_consent_brings_the_government_in() -> None:
    changed = with_first_row("government_consent", ['"330000"', "", ""], ['"consent"'])
    assert "government_decides" not in Case("departmental_self_issue", SELF_ISSUED).run().passed
    case = Case("departmental_self_issue", SELF_ISSUED, tables={"government_consent": changed}).run()
    assert "government_decides" in case.passed


def test_a_place_may_let_its_standing_committee_pass_the_outline() -> None:
    changed = with_first_row("congress_organ", ['"330205"', "", '"approval"'], ['"standing_committee"'])
    plan = {"tier": "1", "category": "development", "level": "county", "jurisdiction": "330205"}
    case = Case("people_congress", plan, tables={"congress_organ": changed}).run()
    assert case.variables["organ"] == "standing_committee"


def test_a_place_may_ask_for_more_in_the_dossier() -> None:
    changed = with_first_row("dossier_items", ['"330000"', "", "", "", ""], ['"legality_review"'])
    case = Case("dossier_check", tables={"dossier_items": changed}).run()
    assert "legality_review" in case.variables["required_items"]


def test_every_human_task_has_a_deadline_in_the_table() -> None:
    deadlines = table("deadlines")
    for key, process in processes().items():
        for name, element in process["elements"].items():
            if element["type"] == "userTask":
                inputs = {"process": key, "task": name, "importance": "key"}
                found = deadlines.evaluate(inputs, NOW).mapped("singleResult")
                assert isinstance(found, dict)
                parse_deadline(f"{found['days']} {found['unit']} days")


def test_a_key_plan_has_other_deadlines_than_a_general_one() -> None:
    inputs = {"process": "issue_and_archive", "task": "sign"}
    key, general = (
        table("deadlines").evaluate({**inputs, "importance": one}, NOW).mapped("singleResult")
        for one in ("key", "general")
    )
    assert (key["days"], general["days"]) == (3, 5)
