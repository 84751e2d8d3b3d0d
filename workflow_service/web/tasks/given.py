"""What the route holds and the person must see before answering: fields of the form that say where they come from.

`"x-from": "check_items.missing_names"` on a read-only field shows that variable as the task sees it: the items that are
missing, the form of review that was proposed. Forms without such a field cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow_service.services import processes
from workflow_service.store.runtime import ProcessInstance, Task

from ..current import page_now, page_session

FROM = "x-from"


def given_values(task: Task, row: ProcessInstance, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the form's read-only fields; none once the task is over."""
    wanted = {name: str(own[FROM]) for name, own in schema.get("properties", {}).items() if own.get(FROM)}
    if not wanted or task.status != "open":
        return {}
    seen = processes.variables_at(page_session(), row, task.token, now=page_now())
    return {name: _at(seen, path) for name, path in wanted.items()}


def _at(seen: Any, path: str) -> Any:
    for name in path.split("."):
        seen = seen.get(name) if isinstance(seen, Mapping) else None
    return seen
