"""What service tasks do, by topic, inside the step's transaction.

A handler gets the execution and the work, and gives a `Result`: `values` become the variable named like the element; `plan`, if
given, renews the plan's facts in the instance. A TongchouError becomes an incident at the element, and
nothing of what the handler wrote stays: the next try finds things as they were.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.database import undone_on_failure

if TYPE_CHECKING:
    from .execution import Execution


@dataclass(frozen=True)
class Result:
    """What a handler gives back to the diagram."""

    values: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] | None = None


Row = TypeVar("Row")


def locked_subject(execution: "Execution", work: ServiceWork, variable: str, rows: type[Row], missing: str) -> Row:
    """Lock the row that a run is about, which its variable names by id; raises InvalidInput with the words `missing`."""
    seen = work.variables.get(variable)
    number = int(seen.get("id") or 0) if isinstance(seen, dict) else 0
    found = execution.session.get(rows, number, with_for_update=True)
    if found is None:
        raise InvalidInput(missing)
    return found


HANDLER_MODULES = (
    "plan_topics", "document_topics", "supervision_topics", "listing_topics", "slip_topics", "special_report_topics",
    "catalogue_topics",
)  # fmt: skip
"""Where handlers are; imported at the first question, because they use the services that use this module."""

Handler = Callable[["Execution", ServiceWork], Result]

LASTING = frozenset(
    {
        "bulletin.publish", "catalogue.change", "document.archive", "document.distribute", "evaluation.record",
        "listing.strike_off", "plan.file", "plan.forward", "plan.issue", "plan.merge", "plan.pend", "plan.refuse",
        "plan.register", "plan.revised", "report.begin", "report.send", "weekly.publish",
    }
)  # fmt: skip
"""Topics whose work stands outside the instance (a code, a number, an issued plan) and is not undone by moving a token back."""

_handlers: dict[str, Handler] = {}
_reading: set[str] = set()


def handles(topic: str, *, writes: bool = True) -> Callable[[Handler], Handler]:
    """Register a handler for a topic; one topic has one handler. What it `writes` goes again if it fails."""

    def register(handler: Handler) -> Handler:
        if topic in _handlers:
            raise ValueError(f"topic {topic} has a handler already")
        _handlers[topic] = handler
        if not writes:
            _reading.add(topic)
        return handler

    return register


def run(execution: "Execution", work: ServiceWork) -> Result:
    """Carry out one service task; raises InvalidInput for an unknown topic."""
    handler = _all_handlers().get(work.topic)
    if handler is None:
        raise InvalidInput(N_("没有名为“%(topic)s”的服务。"), topic=work.topic)
    if work.topic in _reading:
        return handler(execution, work)
    with undone_on_failure(execution.session):
        return handler(execution, work)


def known_topics() -> frozenset[str]:
    """Name every topic that a diagram may use."""
    return frozenset(_all_handlers())


@cache
def _load_handlers() -> None:
    for name in HANDLER_MODULES:
        if importlib.util.find_spec(f"{__package__}.{name}") is not None:
            importlib.import_module(f"{__package__}.{name}")


def _all_handlers() -> dict[str, Handler]:
    _load_handlers()
    return _handlers
