"""Rows of a form that the route gives: one for each plan that a unit reports on, to be filled in and not to be added to.

`"x-rows-from": "plans"` on an array of objects takes a row for each value of that variable (`publish.stuck`: of what stands in
it under that name); rows that only some answers ask for are left out with the others. In its items `"x-from": "title"` says
what of the value a property shows, and `"x-row-key": "plan"` which property tells one row from another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_service.i18n import _

ROWS_FROM, FROM, KEY = "x-rows-from", "x-from", "x-row-key"


def fields_with_rows(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give the fields of a form whose rows the route gives."""
    return {name: own for name, own in schema.get("properties", {}).items() if own.get(ROWS_FROM)}


def given_rows(own: Mapping[str, Any], seen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of one field as the route holds them."""
    shown = {name: str(one[FROM]) for name, one in own["items"]["properties"].items() if one.get(FROM)}
    found = _at(seen, own[ROWS_FROM])
    return [{name: one.get(source) for name, source in shown.items()} for one in found or () if isinstance(one, Mapping)]


def filled_rows(own: Mapping[str, Any], seen: Mapping[str, Any], typed: Any) -> list[dict[str, Any]]:
    """Give the same rows with what was typed into each, in the route's order."""
    key = own[KEY]
    said = {row.get(key): row for row in typed if isinstance(row, Mapping)} if isinstance(typed, Sequence) else {}
    return [{**said.get(row[key], {}), **row} for row in given_rows(own, seen)]


def faults_of(
    schema: Mapping[str, Any], seen: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    """Give what is wrong with the rows of the values: one that is lacking, one that the route did not give."""
    for name, own in fields_with_rows(schema).items():
        if name not in values and _is_conditional(schema, name):
            continue
        wanted = [row[own[KEY]] for row in given_rows(own, seen)]
        answered = [row.get(own[KEY]) for row in values.get(name) or ()]
        if set(answered) != set(wanted) or len(answered) != len(wanted):
            yield {"field": name, "message": _("应逐项填写，不多不少，共 %(count)d 项", count=len(wanted))}


def _is_conditional(schema: Mapping[str, Any], name: str) -> bool:
    """Whether a branch of the form demands a field: the schema itself refuses its absence where it is needed."""
    return any(name in part.get("then", {}).get("required", ()) for part in (schema, *schema.get("allOf", ())))


def _at(seen: Any, path: str) -> Any:
    for name in path.split("."):
        seen = seen.get(name) if isinstance(seen, Mapping) else None
    return seen
