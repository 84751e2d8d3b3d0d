"""Fills a task's form the way a clerk who agrees would: the first outcome, every required field, nothing else.

Works from the schema, so a changed form still gets an answer; `given` values win.
"""

from typing import Any

from workflow_service.services.forms import FormErrors, validate

SENTENCES = {
    "opinion": "同意。",
    "summary": "本旬各单位按计划推进，已印发规划按时入库。",
    "reason": "落实本地区国民经济和社会发展规划纲要的任务要求。",
    "conclusion": "经衔接，与上级规划、空间规划和同级规划一致。",
    "adoption": "意见均已采纳。",
    "progress": "按进度推进。",
    "changes": "已按意见修改。",
}
MAX_ROUNDS = 6


def answer(schema: dict[str, Any], given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give values that fit `schema`; raises FormErrors when a field cannot be filled from the schema alone."""
    properties: dict[str, Any] = schema.get("properties", {})
    values = {name: value for name, value in (given or {}).items() if name in properties}
    for name in schema.get("required", []):
        values.setdefault(name, _value(name, properties[name]))
    return _until_it_fits(schema, values)


def _until_it_fits(schema: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Conditional requirements (`if`/`then`) show only once the outcome is there: add what is asked for."""
    for _round in range(MAX_ROUNDS):
        try:
            return validate(schema, values)
        except FormErrors as errors:
            missing = [one["field"] for one in errors.details["fields"] if one["field"] not in values]
            if not missing:
                raise
            for name in missing:
                values[name] = _value(name, schema["properties"][name])
    return validate(schema, values)


def _value(name: str, field: dict[str, Any]) -> Any:
    if choices := field.get("oneOf") or field.get("anyOf"):
        return choices[0]["const"]
    if "enum" in field:
        return field["enum"][0]
    kind = field.get("type")
    if kind == "array":
        return _items(field)
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return field.get("minimum", 1)
    if field.get("format") == "date":
        return "2021-01-04"
    return SENTENCES.get(name, "已办理。")


def _items(field: dict[str, Any]) -> list[Any]:
    """All choices of a check list (a whole dossier), or as many as asked for."""
    inner = field.get("items", {})
    if choices := inner.get("oneOf") or inner.get("anyOf"):
        return [one["const"] for one in choices]
    return list(inner.get("enum", []))
