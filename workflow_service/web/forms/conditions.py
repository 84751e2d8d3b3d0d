"""`if`/`then`/`else` of a form, as rules that a page can follow: show or ask for a field while another has some value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """`field` holds one of `values` (or, if `negated`, none of them)."""

    field: str
    values: tuple[Any, ...]
    negated: bool = False

    def holds(self, given: Mapping[str, Any]) -> bool:
        """Whether it is so for the values given so far; nothing given fits no value."""
        return (given.get(self.field) in self.values) != self.negated

    def as_dict(self) -> dict[str, Any]:
        """The form in which the page's script reads it."""
        return {"field": self.field, "values": list(self.values), "negated": self.negated}


@dataclass(frozen=True)
class Branch:
    """What one `then` or `else` adds: fields that it defines or demands while all of `conditions` hold."""

    conditions: tuple[Condition, ...]
    properties: Schema
    required: tuple[str, ...]


def branches(schema: Schema) -> list[Branch]:
    """Every branch of a form's `if` and of those in its `allOf`."""
    return [
        branch for part in (schema, *schema.get("allOf", ())) if "if" in part for branch in _branches_of(part)
    ]


def _branches_of(part: Schema) -> Iterator[Branch]:
    conditions = tuple(_conditions(part["if"]))
    if not conditions:
        return
    if "then" in part:
        yield _branch(part["then"], conditions)
    if "else" in part and len(conditions) == 1:
        only = conditions[0]
        yield _branch(part["else"], (Condition(only.field, only.values, not only.negated),))


def _branch(schema: Schema, conditions: tuple[Condition, ...]) -> Branch:
    return Branch(conditions, schema.get("properties", {}), tuple(schema.get("required", ())))


def _conditions(test: Schema) -> Iterator[Condition]:
    for field, wanted in test.get("properties", {}).items():
        negated = "not" in wanted
        values = _values(wanted["not"] if negated else wanted)
        if values:
            yield Condition(field, values, negated)


def _values(wanted: Schema) -> tuple[Any, ...]:
    if "const" in wanted:
        return (wanted["const"],)
    return tuple(wanted.get("enum", ()))
