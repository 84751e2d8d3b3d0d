"""What the route holds and the person must see before answering: fields of the form that say where they come from.

`"x-from": "check_items.missing_names"` on a read-only field shows that variable as the task sees it: the items that are
missing, the form of review that was proposed. Rows that the route gives (`services/form_rows.py`) come with what was typed
into them. Forms without such a field cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_service.services import form_rows, processes
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import page_now, page_session

FROM = "x-from"
UNTOLD = frozenset({"loopCounter", "voter", "reader"})
"""What one of several tasks holds for the route alone: its number, and the person who is asked, by log-in name."""


def given_values(
    task: Task, row: ProcessInstance, schema: Mapping[str, Any], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of the form's read-only fields, and its given rows filled with `typed`; none once the task is over."""
    wanted = {name: str(own[FROM]) for name, own in schema.get("properties", {}).items() if own.get(FROM)}
    rows = form_rows.fields_with_rows(schema)
    if not (wanted or rows) or task.status != "open":
        return {}
    seen = processes.variables_at(page_session(), row, task.token, now=page_now())
    shown = {name: _at(seen, path) for name, path in wanted.items()}
    return shown | {name: form_rows.filled_rows(own, seen, typed.get(name)) for name, own in rows.items()}


def own_values(task: Task) -> dict[str, Any]:
    """What a task was given apart from others of the same step, as far as a person must know it."""
    return {name: value for name, value in (task.local or {}).items() if name not in UNTOLD}


def _at(seen: Any, path: str) -> Any:
    for name in path.split("."):
        seen = seen.get(name) if isinstance(seen, Mapping) else None
    return seen
