"""From a person or post to the item of a countersignature's collection, and back: what its designer wrote, read backwards.

A designer says whom an item stands for: `camunda:candidateGroups="${unit}:leader"` or `camunda:assignee="${voter}"`. Whoever
is added while it runs (加签) must become such an item.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLACE = re.compile(r"\$\{\s*([^}]*?)\s*\}")


def template_of(attributes: Mapping[str, Any]) -> tuple[str, bool]:
    """The text that says whom an item stands for, and whether it names a person (else a post); empty where it is none."""
    if assignee := str(attributes.get("assignee") or ""):
        return assignee, True
    groups = str(attributes.get("candidateGroups") or "")
    return ("" if "," in groups else groups.strip()), False


def whom(template: str, variable: str, item: Any) -> str:
    """Say whom an item stands for: a log-in name, or `unit:post`; empty where the text asks for more than the item."""
    values = [_value(one, variable, item) for one in _PLACE.findall(template)]
    if any(one is None for one in values):
        return ""
    parts = iter(values)
    return _PLACE.sub(lambda _found: str(next(parts)), template)


def _value(expression: str, variable: str, item: Any) -> Any:
    if expression == variable:
        return None if isinstance(item, dict) else item
    owner, _dot, key = expression.partition(".")
    return item.get(key) if owner == variable and isinstance(item, dict) else None


def item_for(template: str, variable: str, text: str, others: Sequence[Any]) -> Any:
    """Give the item that stands for `text` (as of `whom`), shaped like the others; None where no item can stand for it."""
    asked = _PLACE.findall(template)
    part = "[^:]+" if ":" in _PLACE.sub("", template) else ".+"
    pattern = "".join(f"({part})" if index % 2 else re.escape(one) for index, one in enumerate(_PLACE.split(template)))
    found = re.fullmatch(pattern, text) if asked else None
    if found is None:
        return None
    if asked == [variable]:
        return found[1]
    if any(one.partition(".")[0] != variable or "." not in one for one in asked):
        return None
    blank = dict.fromkeys(others[0], "") if others and isinstance(others[0], dict) else {}
    return blank | {one.partition(".")[2]: found[number] for number, one in enumerate(asked, 1)}
