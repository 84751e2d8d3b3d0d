"""What a person could hand in: the smallest submission that a form takes for an outcome."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from .files import form

EXAMPLES: dict[str, Any] = {
    "units": ["unit.a", "unit.b"],
    "file": ["file-1"],
    "date": "2021-03-01",
    "plan": "GH-2021-330000-ZX-0001",
    "textarea": "说明",
    "number": 7,
}


def answer_for(key: str, outcome: str = "", **fields: Any) -> dict[str, Any]:
    """Give a submission of form `key` with `outcome` (default: the main action) that its schema accepts."""
    schema = form(key)
    properties = schema["properties"]
    answer = {"outcome": outcome or properties["outcome"]["enum"][0], **fields}
    for name in (*schema["required"], *_then_required(schema, answer)):
        answer.setdefault(name, _example(properties[name]))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer)
    return answer


def _then_required(schema: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    rules = [one for one in (schema, *schema.get("allOf", ())) if "if" in one]
    return [
        name
        for rule in rules
        if Draft202012Validator(rule["if"]).is_valid(answer)
        for name in rule["then"]["required"]
    ]


def _example(field: dict[str, Any]) -> Any:
    if "enum" in field:
        return field["enum"][0]
    if "x-rows-from" in field:
        return [{"plan": 1, "title": "规划", "report": True}]
    if field["type"] == "array" and "enum" in field.get("items", {}):
        return field["items"]["enum"]
    return EXAMPLES.get(field.get("x-widget", ""), "说明")
