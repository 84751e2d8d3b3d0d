"""Service tasks of listed supervision: progress noted, striking off asked for, refused, done (docs/domain.md §3)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.acting import ListedMatter

from . import listing
from .due_dates import RECTIFYING
from .topics import Result, handles, locked_subject

if TYPE_CHECKING:
    from .execution import Execution

Write = Callable[..., None]
VERIFYING = "verify"


@handles("listing.progress")
def note_progress(execution: "Execution", work: ServiceWork) -> Result:
    """Take what the responsible unit reports into the list."""
    return _write(execution, work, RECTIFYING, "progress", listing.record_progress)


@handles("listing.ask")
def ask_to_strike_off(execution: "Execution", work: ServiceWork) -> Result:
    """Note that the responsible unit asks for the matter to be struck off, and who asks."""
    return _write(execution, work, RECTIFYING, "progress", listing.ask_to_strike_off)


@handles("listing.refuse")
def refuse_to_strike_off(execution: "Execution", work: ServiceWork) -> Result:
    """Keep the matter on the list, with what is still to be done."""
    return _write(execution, work, VERIFYING, "opinion", listing.refuse_to_strike_off)


@handles("listing.strike_off")
def strike_off(execution: "Execution", work: ServiceWork) -> Result:
    """Strike the matter off, confirmed by the person whose step this is."""
    return _write(execution, work, VERIFYING, "opinion", listing.strike_off)


def _write(execution: "Execution", work: ServiceWork, element: str, field: str, write: Write) -> Result:
    seen = work.variables
    found = locked_subject(execution, work, "matter", ListedMatter, N_("没有找到这件挂牌事项。"))
    answer: Any = seen.get(element)
    words = str(answer.get(field) or "") if isinstance(answer, dict) else ""
    write(execution.session, execution.actor, found, words, now=execution.now)
    return Result({"status": found.status})
