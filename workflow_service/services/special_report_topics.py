"""Service tasks of special reports: numbered and sent, dropped, the drafter told that all have read (docs/domain.md §6)."""

from typing import TYPE_CHECKING

from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.acting import SpecialReportRow

from . import special_reports
from .topics import Result, handles, locked_subject

if TYPE_CHECKING:
    from .execution import Execution


@handles("report.send")
def send_report(execution: "Execution", work: ServiceWork) -> Result:
    """Number and seal the report; its leaders' log-in names are whom the next step asks."""
    report = _report(execution, work)
    readers = special_reports.send_report(execution.session, execution.actor, report, now=execution.now)
    return Result({"number": report.number, "readers": readers})


@handles("report.drop")
def drop_report(execution: "Execution", work: ServiceWork) -> Result:
    """The drafter sends it to nobody."""
    report = _report(execution, work)
    special_reports.drop_report(execution.session, execution.actor, report, now=execution.now)
    return Result({"status": report.status})


@handles("report.read")
def tell_drafter(execution: "Execution", work: ServiceWork) -> Result:
    """Every leader has read it: the drafter hears of it."""
    report = _report(execution, work)
    special_reports.tell_read(execution.session, execution.actor, report, now=execution.now)
    return Result({"number": report.number})


def _report(execution: "Execution", work: ServiceWork) -> SpecialReportRow:
    return locked_subject(execution, work, "report", SpecialReportRow, N_("没有找到这份专报。"))
