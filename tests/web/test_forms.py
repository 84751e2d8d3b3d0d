"""Forms from JSON Schema: what is drawn, in which order, and what comes back from what was typed."""

import json
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from workflow_service.i18n import use_language
from workflow_service.resources import forms_dir
from workflow_service.services.forms import FormErrors, validate
from workflow_service.web.forms import Condition, fields_of, read_values
from workflow_service.web.tasks.page import faults_by_name

OPINION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "opinion": {"type": "string", "title": "意见", "maxLength": 4000, "x-widget": "textarea"},
        "outcome": {
            "type": "string",
            "title": "结论",
            "x-title-en": "Outcome",
            "oneOf": [
                {"const": "agree", "title": "同意", "x-title-en": "Agree"},
                {"const": "return", "title": "退回"},
            ],
        },
        "points": {"type": "string", "title": "要点"},
        "aspects": {"type": "array", "title": "方面", "items": {"enum": ["law", "layout"]}, "x-widget": "checkboxes"},
        "count": {"type": "integer", "title": "项数", "minimum": 1},
        "urgent": {"type": "boolean", "title": "加急"},
        "rows": {
            "type": "array",
            "title": "逐条意见",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string", "title": "内容"}, "taken": {"type": "boolean", "title": "采纳"}},
            },
        },
    },
    "required": ["outcome"],
    "if": {"properties": {"outcome": {"const": "return"}}, "required": ["outcome"]},
    "then": {"required": ["points"]},
    "x-order": ["outcome", "points"],
}


def drawn(**more: Any) -> dict[str, Any]:
    return {field.name: field for field in fields_of(OPINION, **more)}


def test_fields_come_in_the_order_of_the_schema_and_the_rest_after_it() -> None:
    assert list(drawn()) == ["outcome", "points", "opinion", "aspects", "count", "urgent", "rows"]


def test_kinds_follow_types_and_widgets() -> None:
    kinds = {name: field.kind for name, field in drawn().items()}
    assert kinds == {
        "outcome": "radio", "points": "text", "opinion": "opinion", "aspects": "checks", "count": "integer",
        "urgent": "boolean", "rows": "rows",
    }  # fmt: skip


def test_a_field_that_a_branch_demands_is_shown_and_needed_only_there() -> None:
    points = drawn()["points"]
    assert points.shown_when == points.needed_when == (Condition("outcome", ("return",)),)
    assert points.shown_when[0].holds({"outcome": "return"})
    assert not points.shown_when[0].holds({"outcome": "agree"})
    assert drawn()["opinion"].shown_when == ()


def test_an_else_branch_is_the_negated_condition() -> None:
    schema = {**OPINION, "else": {"required": ["opinion"]}}
    opinion = next(field for field in fields_of(schema) if field.name == "opinion")
    assert opinion.needed_when[0].holds({"outcome": "agree"})
    assert not opinion.needed_when[0].holds({"outcome": "return"})


def test_titles_are_in_the_readers_language() -> None:
    with use_language("en"):
        assert drawn()["outcome"].title == "Outcome"
        assert drawn()["outcome"].options == (("agree", "Agree"), ("return", "Return"))


def test_yes_and_no_are_read_as_words() -> None:
    assert [drawn(values={"urgent": given})["urgent"].words for given in (True, False, None)] == [["是"], ["否"], []]
    with use_language("en"):
        assert drawn(values={"urgent": True})["urgent"].words == ["Yes"]


def test_values_and_faults_stand_with_their_fields() -> None:
    fields = drawn(values={"outcome": "agree", "rows": [{"text": "删去第三条"}]}, faults={"points": "必填"})
    assert fields["outcome"].chosen == ["agree"]
    assert fields["points"].fault == "必填"
    assert [field.value for row in fields["rows"].children for field in row] == ["删去第三条", None]


def test_an_outcome_with_one_choice_is_settled() -> None:
    schema = {"type": "object", "properties": {"outcome": {"oneOf": [{"const": "submit", "title": "提交"}]}}}
    assert [field.kind for field in fields_of(schema)] == ["settled"]


def test_what_was_typed_comes_back_in_the_schemas_types() -> None:
    form = MultiDict([
        ("outcome", "agree"), ("opinion", " 原则\r\n同意 "), ("points", ""), ("aspects.asked", "1"), ("aspects", "law"),
        ("count", "1,200"), ("urgent.asked", "1"), ("rows.0.text", "甲"), ("rows.0.taken.asked", "1"),
        ("rows.0.taken", "true"), ("rows.7.text", "乙"), ("rows.7.taken.asked", "1"), ("rows.9.text", ""),
    ])  # fmt: skip
    assert read_values(OPINION, form) == {
        "outcome": "agree", "opinion": "原则\n同意", "aspects": ["law"], "count": 1200, "urgent": False,
        "rows": [{"text": "甲", "taken": True}, {"text": "乙", "taken": False}],
    }  # fmt: skip


def test_a_number_that_is_none_stays_text_for_the_validator() -> None:
    values = read_values(OPINION, MultiDict({"outcome": "agree", "count": "三"}))
    with pytest.raises(FormErrors) as refused:
        validate(OPINION, values)
    assert list(faults_by_name(refused.value)) == ["count"]


def test_faults_inside_rows_are_named_as_their_fields_are() -> None:
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"type": "object", "properties": {"text": {"maxLength": 1}}}}},
    }
    with pytest.raises(FormErrors) as refused:
        validate(schema, {"rows": [{"text": "好"}, {"text": "太长"}]})
    assert list(faults_by_name(refused.value)) == ["rows.1.text"]


@pytest.mark.parametrize("file", sorted(forms_dir().glob("*.json")), ids=lambda file: file.stem)
def test_every_delivered_form_is_drawn_with_known_kinds_and_english_titles(file: Any) -> None:
    known = {
        "settled", "radio", "select", "checks", "files", "textarea", "opinion", "text", "date", "number", "integer",
        "boolean", "rows", "given_rows", "lines", "url", "file", "static",
    }  # fmt: skip
    with use_language("en"):
        fields = fields_of(json.loads(file.read_text(encoding="utf-8")))
    assert {field.kind for field in fields} <= known
    texts = [text for field in fields for text in (field.title, field.help, *(title for _, title in field.options))]
    chinese = [text for text in texts if any("\u4e00" <= letter <= "\u9fff" for letter in text)]
    assert [text for text in chinese if not text.startswith("Such as ")] == []
