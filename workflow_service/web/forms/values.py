"""What a person typed, as values of the schema's types. What cannot be read stays text: the validator says why it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from .conditions import Schema
from .fields import ROW_KINDS, all_properties, as_text, choices_of, kind_of

Form = MultiDict[str, str]
ROW_LIMIT = 500
_SKIPPED = object()


def read_values(schema: Schema, form: Form, prefix: str = "") -> dict[str, Any]:
    """The submission of a form: empty fields are left out, numbers are numbers, choices have their schema's type."""
    values: dict[str, Any] = {}
    for key, own in all_properties(schema).items():
        value = _read(own, form, prefix + key)
        if value is not _SKIPPED:
            values[key] = value
    return values


def _read(own: Schema, form: Form, name: str) -> Any:
    kind = kind_of(own)
    if kind == "static":
        return _SKIPPED
    if kind == "group":
        return read_values(own, form, f"{name}.") or _SKIPPED
    if kind in ROW_KINDS:
        return _rows(own, form, name)
    if kind in ("checks", "files"):
        return _several(own, form, name)
    if kind == "lines":
        return [line.strip() for line in form.get(name, "").splitlines() if line.strip()] or _SKIPPED
    if kind == "boolean":
        return _boolean(form, name)
    return _single(own, form.get(name, "").strip())


def _boolean(form: Form, name: str) -> Any:
    """A check box sends nothing when empty, so the page sends `<name>.asked` beside it."""
    return form.get(name) in ("true", "on", "1") if name in form or f"{name}.asked" in form else _SKIPPED


def _several(own: Schema, form: Form, name: str) -> Any:
    if name not in form and f"{name}.asked" not in form:
        return _SKIPPED
    values = [_typed(own.get("items", {}), text) for text in form.getlist(name) if text]
    return values if values or kind_of(own) == "checks" else _SKIPPED


def _rows(own: Schema, form: Form, name: str) -> Any:
    found = re.compile(re.escape(name) + r"\.(\d{1,4})\.")
    indexes = sorted({int(match[1]) for key in form if (match := found.match(key))})[:ROW_LIMIT]
    rows = [read_values(own["items"], form, f"{name}.{index}.") for index in indexes]
    return [
        row for row in rows if any(value not in ("", None, False, []) for value in row.values())
    ] or _SKIPPED


def _single(own: Schema, text: str) -> Any:
    return _typed(own, text) if text else _SKIPPED


def _typed(own: Schema, text: str) -> Any:
    known: Mapping[str, Any] = {as_text(value): value for value in _constants(own)}
    if text in known:
        return known[text]
    sort = own.get("type", "string")
    sorts = sort if isinstance(sort, list) else [sort]
    for wanted, read in (
        ("integer", int),
        ("number", float),
        ("boolean", {"true": True, "false": False}.__getitem__),
    ):
        if wanted in sorts:
            return _attempt(read, text)
    return text.replace("\r\n", "\n")


def _attempt(read: Any, text: str) -> Any:
    try:
        value = read(text.replace(",", ""))
    except (ValueError, KeyError):
        return text
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _constants(own: Schema) -> list[Any]:
    if not choices_of(own):
        return []
    return [
        one["const"] for word in ("oneOf", "anyOf") for one in own.get(word, ()) if "const" in one
    ] or own.get("enum", [])
