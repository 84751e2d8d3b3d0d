"""Service tasks of notice slips: the answer taken, silence told to the superior and to the supervisors (docs/domain.md §6)."""

from typing import TYPE_CHECKING

from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.acting import NoticeSlipRow

from . import slips
from .due_dates import ANSWERING
from .topics import Result, handles, locked_subject

if TYPE_CHECKING:
    from .execution import Execution


@handles("slip.answer")
def take_answer(execution: "Execution", work: ServiceWork) -> Result:
    """Keep what the unit answered."""
    slip, answer = _slip(execution, work), work.variables.get(ANSWERING)
    words = str(answer.get("answer") or "") if isinstance(answer, dict) else ""
    slips.take_answer(execution.session, execution.actor, slip, words, now=execution.now)
    return Result({"number": slip.number})


@handles("slip.superior")
def tell_superior(execution: "Execution", work: ServiceWork) -> Result:
    """The day is over without an answer: the unit's leader hears of it."""
    slip = _slip(execution, work)
    slips.climb_to_superior(execution.session, execution.actor, slip, now=execution.now)
    return Result({"number": slip.number})


@handles("slip.supervisor")
def tell_supervisor(execution: "Execution", work: ServiceWork) -> Result:
    """Still no answer: the supervisors hear of it."""
    slip = _slip(execution, work)
    slips.climb_to_supervisor(execution.session, execution.actor, slip, now=execution.now)
    return Result({"number": slip.number})


def _slip(execution: "Execution", work: ServiceWork) -> NoticeSlipRow:
    return locked_subject(execution, work, "slip", NoticeSlipRow, N_("没有找到这份抄告单。"))
