"""What a form refuses is told once, by the name of its field."""

from typing import Any

import pytest

from workflow_service.services.forms import FormErrors, validate

CHOICE = {"type": "string", "enum": ["agree", "refuse"]}
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"outcome": CHOICE, "rows": {"type": "array", "items": {
        "type": "object", "properties": {"title": {"type": "string"}}, "additionalProperties": False,
    }}},
    "additionalProperties": False,
    "allOf": [{"properties": {"outcome": CHOICE}}],
}


def refused(values: dict[str, Any]) -> list[str]:
    with pytest.raises(FormErrors) as error:
        validate(FORM, values)
    return [place["field"] for place in error.value.details["fields"]]


def test_a_field_that_the_form_lacks_is_named_wherever_it_stands() -> None:
    assert refused({"one": 1, "two": 2}) == ["one", "two"]
    assert refused({"rows": [{"title": "x"}, {"titel": "x"}]}) == ["rows/1/titel"]


def test_a_choice_that_branches_ask_for_again_is_told_once() -> None:
    assert refused({"outcome": "perhaps"}) == ["outcome"]
