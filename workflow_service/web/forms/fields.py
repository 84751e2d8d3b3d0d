"""A form's schema as the fields that the template draws, in the order of `x-order`.

Knows `x-widget` (textarea, opinion, date, file, unit, units, plan, radio, select, hidden, label, static), `oneOf` with `const`
and `title` as choices, arrays of choices as check boxes, arrays of objects as rows, objects as groups, and `if`/`then`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflow_service.i18n import _, current_language
from workflow_service.services.form_rows import ROWS_FROM

from ..operation_words import suites_word
from .conditions import Branch, Condition, Schema, branches

RADIO_LIMIT = 4
LONG_TEXT = 200
Options = Callable[[str], list[tuple[str, str]]]
ROW_KINDS = ("rows", "given_rows")
CHOSEN_WIDGETS = ("unit", "units", "plan", "plans", "person", "people")

OPINION = "opinion"


@dataclass(frozen=True)
class Field:
    """One field as drawn. `name` is the path in the submission (`rows.0.reason`), `kind` the macro that draws it."""

    name: str
    title: str
    kind: str
    value: Any = None
    help: str = ""
    required: bool = False
    fault: str = ""
    options: tuple[tuple[str, str], ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    shown_when: tuple[Condition, ...] = ()
    needed_when: tuple[Condition, ...] = ()
    children: tuple[Field | tuple[Field, ...], ...] = ()
    template: tuple[Field, ...] = ()
    dossier_item: str = ""
    phrases: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of its control on the page."""
        return "f-" + self.name.replace(".", "-")

    @property
    def chosen(self) -> list[str]:
        """What is ticked, as texts."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return [as_text(value) for value in values if value is not None]

    @property
    def words(self) -> list[str]:
        """The value as it is read: choices by their titles, yes and no as words."""
        titles = dict(self.options) or ({"true": _("是"), "false": _("否")} if isinstance(self.value, bool) else {})
        return [titles.get(text, text) for text in self.chosen if text]


def as_text(value: Any) -> str:
    """A choice's value as it stands in the page."""
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def text_of(own: Schema, word: str) -> str:
    """A text of the schema in the reader's language: `x-title-en` beside `title`, else the catalogue's translation.

    A title that is an operation's name (不同意) follows the wording that the administrator chose (驳回).
    """
    if word == "title" and (renamed := suites_word(str(own.get(word, "")))):
        return renamed
    language = current_language()
    own_text = own.get(f"x-{word}-{language}")
    return str(own_text) if own_text else _(str(own.get(word, "")))


def no_options(widget: str) -> list[tuple[str, str]]:
    """The choices of a form that is drawn without a database."""
    return []


def fields_of(
    schema: Schema,
    values: Mapping[str, Any] | None = None,
    faults: Mapping[str, str] | None = None,
    options: Options = no_options,
    prefix: str = "",
) -> tuple[Field, ...]:
    """The fields of an object schema, filled with `values`, each with its fault (by path) and its choices."""
    reader = _Reader(schema, values or {}, faults or {}, options, prefix)
    return tuple(reader.field(key) for key in ordered_keys(schema))


def ordered_keys(schema: Schema) -> list[str]:
    """The keys of an object schema as `x-order` says, the rest after it as written, those of branches last."""
    known = list(all_properties(schema))
    first = [key for key in schema.get("x-order", ()) if key in known]
    numbered = sorted(known, key=lambda key: _number(all_properties(schema)[key], known.index(key)))
    return first + [key for key in numbered if key not in first]


def all_properties(schema: Schema) -> dict[str, Schema]:
    """Every property of an object schema, those of its branches too; a branch refines, it does not replace."""
    found: dict[str, Schema] = {}
    for properties in (*(branch.properties for branch in branches(schema)), schema.get("properties", {})):
        for key, own in properties.items():
            found[key] = {**found.get(key, {}), **own} if isinstance(own, Mapping) else {}
    order = [*schema.get("properties", {}), *found]
    return {key: found[key] for key in dict.fromkeys(order)}


def _number(own: Schema, default: int) -> float:
    order = own.get("x-order")
    return float(order) if isinstance(order, int | float) else float(default)


@dataclass(frozen=True)
class _Reader:
    schema: Schema
    values: Mapping[str, Any]
    faults: Mapping[str, str]
    options: Options
    prefix: str

    def field(self, key: str) -> Field:
        own = all_properties(self.schema)[key]
        name, value = self.prefix + key, self.values.get(key, own.get("default"))
        kind = kind_of(own)
        if key == OPINION and kind in ("text", "textarea"):
            kind = "opinion"  # what goes on the slip is offered standard phrases, whatever widget its form names
        shown, needed = self._conditions(key, own)
        return Field(
            name=name,
            title=text_of(own, "title") or key,
            kind=kind,
            value=value,
            help=text_of(own, "description"),
            required=key in self.schema.get("required", ()),
            fault=self.faults.get(name, ""),
            options=tuple(choices_of(own) or (self.options(own["x-widget"]) if _is_chosen(own) else ())),
            limits=_limits(own),
            shown_when=shown,
            needed_when=needed,
            children=self._children(kind, own, name, value),
            template=self._template(kind, own, name),
            dossier_item=str(own.get("x-dossier", "")),
            phrases=tuple(own.get("x-phrases", ())),
        )

    def _conditions(self, key: str, own: Schema) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        naming = [
            branch for branch in branches(self.schema) if key in branch.required or key in branch.properties
        ]
        needed = _first(branch for branch in naming if key in branch.required)
        if key in self.schema.get("required", ()) or not naming:
            return (), ()
        always = key in self.schema.get("properties", {}) and own.get("x-widget") == "opinion"
        return (() if always else _union(naming)), needed

    def _children(self, kind: str, own: Schema, name: str, value: Any) -> tuple[Any, ...]:
        if kind == "group":
            return fields_of(
                own, value if isinstance(value, Mapping) else {}, self.faults, self.options, f"{name}."
            )
        if kind in ROW_KINDS:
            rows = value if isinstance(value, list) else []
            return tuple(self._row(own, name, index, row) for index, row in enumerate(rows))
        return ()

    def _row(self, own: Schema, name: str, index: int, row: Any) -> tuple[Field, ...]:
        given = row if isinstance(row, Mapping) else {}
        return fields_of(own["items"], given, self.faults, self.options, f"{name}.{index}.")

    def _template(self, kind: str, own: Schema, name: str) -> tuple[Field, ...]:
        return fields_of(own["items"], {}, {}, self.options, f"{name}.__row__.") if kind == "rows" else ()


def _first(found: Any) -> tuple[Condition, ...]:
    branch: Branch | None = next(iter(found), None)
    return branch.conditions if branch else ()


def _union(found: list[Branch]) -> tuple[Condition, ...]:
    """One condition over the same field from several branches; else the first branch's."""
    single = [branch.conditions[0] for branch in found if len(branch.conditions) == 1]
    same = {(condition.field, condition.negated) for condition in single}
    if len(single) == len(found) and len(same) == 1 and not single[0].negated:
        return (
            Condition(single[0].field, tuple(value for condition in single for value in condition.values)),
        )
    return found[0].conditions


def _is_chosen(own: Schema) -> bool:
    return own.get("x-widget") in CHOSEN_WIDGETS


def choices_of(own: Schema) -> list[tuple[str, str]]:
    """The choices that a schema names itself, as pairs of text and title."""
    source = own.get("items", {}) if own.get("type") == "array" else own
    for word in ("oneOf", "anyOf"):
        if word in source and all("const" in one for one in source[word]):
            return [(as_text(one["const"]), text_of(one, "title") or as_text(one["const"])) for one in source[word]]
    return [(as_text(one), as_text(one)) for one in source.get("enum", ()) if one is not None]


def kind_of(own: Schema) -> str:
    """Which macro draws a property."""
    widget, sort = own.get("x-widget", ""), _type_of(own)
    if own.get("readOnly") or widget == "static":
        return "static"
    if sort == "array":
        return _array_kind(own, widget)
    if widget in ("hidden", "label", "file", "opinion", "textarea"):
        return str(widget)
    if choices_of(own) or _is_chosen(own):
        return _choice_kind(own, widget)
    return {"object": "group", "boolean": "boolean", "integer": "integer", "number": "number"}.get(
        sort, _text_kind(own)
    )


def _type_of(own: Schema) -> str:
    sort = own.get("type", "string")
    return next((one for one in sort if one != "null"), "string") if isinstance(sort, list) else str(sort)


def _array_kind(own: Schema, widget: str) -> str:
    if choices_of(own) or _is_chosen(own) or widget == "checkboxes":
        return "checks"
    if widget == "file":
        return "files"
    if own.get(ROWS_FROM):
        return "given_rows"
    return "rows" if own.get("items", {}).get("type") == "object" else "lines"


def _choice_kind(own: Schema, widget: str) -> str:
    known = choices_of(own)
    if len(known) == 1 and not _is_chosen(own):
        return "settled"
    if widget in ("radio", "select"):
        return str(widget)
    return "radio" if known and len(known) <= RADIO_LIMIT else "select"


def _text_kind(own: Schema) -> str:
    known = {"date": "date", "date-time": "moment", "email": "email", "uri": "url"}
    if own.get("format") in known:
        return known[own["format"]]
    return "textarea" if own.get("maxLength", 0) > LONG_TEXT else "text"


def _limits(own: Schema) -> dict[str, Any]:
    names = {
        "minLength": "minlength",
        "maxLength": "maxlength",
        "minimum": "min",
        "maximum": "max",
        "multipleOf": "step",
    }
    return {attribute: own[word] for word, attribute in names.items() if word in own}
