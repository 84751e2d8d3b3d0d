"""Service tasks of the rhythms: the bulletin's figures and release, the weekly report (docs/domain.md §3.5, §3.6)."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from workflow_service.domain.errors import InvalidInput
from workflow_service.engine.facts import ServiceWork
from workflow_service.i18n import N_
from workflow_service.store.people import Unit
from workflow_service.store.supervision import Bulletin

from . import bulletins, weekly_reports
from .topics import Result, handles

if TYPE_CHECKING:
    from .execution import Execution


NEEDS_HELP = "needs_help"


@handles("bulletin.draft")
def draft_bulletin(execution: "Execution", work: ServiceWork) -> Result:
    """Fix the figures of the area, period and scope that the instance was started for."""
    seen = work.variables
    area = str(seen.get("area") or (seen.get("plan") or {}).get("jurisdiction") or "")
    made = bulletins.draft_bulletin(
        execution.session, area, str(seen["period"]), now=execution.now, facts=seen.get("facts") or {},
        instance_id=execution.row.id, scope=str(seen.get("scope") or ""),
    )  # fmt: skip
    fixed = made.figures
    values = {
        "id": made.id, "label": fixed["label"], "summary": bulletins.summary_of(made), **fixed["total"],
        "last": fixed["last"],
    }  # fmt: skip
    return Result(values)


@handles("bulletin.publish")
def publish_bulletin(execution: "Execution", work: ServiceWork) -> Result:
    """Number the bulletin, send it to whom it concerns, keep it as released."""
    seen = work.variables
    made = execution.session.get(Bulletin, int((seen.get("bulletin") or {}).get("id") or 0))
    if made is None:
        raise InvalidInput(N_("没有找到这一期通报，请先固定数字。"))
    written = _answer(seen, "edit_bulletin")
    text, requests = (str(written.get(name) or "") for name in ("summary", "requests"))
    number = bulletins.release_bulletin(
        execution.session, execution.actor, made, text=text, requests=requests, asks=written.get("asks") or (),
        now=execution.now,
    )  # fmt: skip
    return Result({"number": str(number), "year": made.year, "serial": made.number})


@handles("weekly.publish")
def publish_report(execution: "Execution", work: ServiceWork) -> Result:
    """Take a unit's report into the weekly ledger."""
    seen = work.variables
    unit = execution.session.scalars(select(Unit).where(Unit.code == str(seen["unit"]))).one_or_none()
    if unit is None:
        raise InvalidInput(N_("没有代码为“%(unit)s”的单位。"), unit=seen["unit"])
    plans, said = list(seen.get("plans") or []), _answer(seen, "report_progress")
    week = date.fromisoformat(str(seen["week"]))
    kept = weekly_reports.record_report(
        execution.session, execution.actor, unit, week, [int(one["id"]) for one in plans], said, now=execution.now
    )
    stuck = weekly_reports.stuck_plans(said, plans) if said.get("outcome") == NEEDS_HELP else []
    return Result({"plans": kept, "stuck": stuck})


def _answer(seen: Mapping[str, Any], element: str) -> dict[str, Any]:
    answer = seen.get(element)
    return answer if isinstance(answer, dict) else {}
