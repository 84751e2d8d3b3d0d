"""Deciding by hand where a decision table has no answer.

An instance stays on the table that its version pinned, so a gap in it cannot be mended for those who stand before it: a new
version is for new instances. A supervisor or designer then says what the table should have said, with a reason; the result goes
the way of the table's own, the instance goes on, and the record keeps who decided what and why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.engine.decision_table import DecisionTable
from workflow_service.engine.run import Instance
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.runtime import Incident, ProcessInstance

from .context import Actor
from .execution import Execution, locked_instance, require_status
from .programs import program_of


@dataclass(frozen=True)
class Question:
    """What is to be decided: the table's name and outputs, why it gave nothing, and at which step (by name)."""

    incident: Incident
    table: DecisionTable
    step: str


def question_of(session: Session, actor: Actor, incident_id: int, *, now: datetime) -> Question:
    """Give what a person is to decide; raises NotFound, Forbidden, and Conflict where no table is the trouble."""
    incident = _open_incident(session, incident_id)
    row = session.get_one(ProcessInstance, incident.instance_id)
    policy.require(actor, "decision.by_hand", policy.thing_of(row.area_path))
    table = undecided(session, row, incident, now=now)
    if table is None:
        raise Conflict(N_("这一步没有等待人工决定的决策表。"))
    names = (process["elements"].get(incident.element_id, {}).get("name") for process in _processes(session, row))
    return Question(incident, table, next(filter(None, names), incident.element_id))


def _processes(session: Session, row: ProcessInstance) -> Iterable[Mapping[str, Any]]:
    return program_of(session, row.definition_id).program.processes.values()


def undecided(session: Session, row: ProcessInstance, incident: Incident, *, now: datetime) -> DecisionTable | None:
    """Give the table before which an incident stands, None where it stands elsewhere. Rights are the caller's."""
    if incident.token is None or incident.resolved_at is not None or row.status not in ("active", "suspended"):
        return None
    loaded = program_of(session, row.definition_id)
    return Instance.thaw(loaded.program, row.state, row.business_key, now).undecided(incident.token)


def decide_by_hand(
    session: Session, actor: Actor, incident_id: int, result: Mapping[str, Any], reason: str, *, now: datetime
) -> ProcessInstance:
    """Let an instance go on with the result (a value for each of the table's outputs by name) that a person decided.

    Raises NotFound, Forbidden, Conflict, InvalidInput without a reason, DecisionError for a result that does not fit.
    """
    incident = _open_incident(session, incident_id)
    row = locked_instance(session, incident.instance_id)
    policy.require(actor, "decision.by_hand", policy.thing_of(row.area_path))
    session.refresh(incident)
    if incident.resolved_at is not None or incident.token is None:
        raise Conflict(N_("这一步没有等待人工决定的决策表。"))
    require_status(row, ("active",))
    if not reason.strip():
        raise InvalidInput(N_("请写明决定的理由和依据。"))
    execution = Execution.thaw(session, actor, row, now)
    table = execution.instance.undecided(incident.token)
    if table is not None:
        table.by_hand(result)
    execution.instance.decide(incident.token, dict(result))
    incident.resolved_at, incident.resolved_by = now, actor.user_id
    data = {"element": incident.element_id, "result": dict(result), "reason": reason.strip()}
    execution.settle("decision.by_hand", data | {"table": table.id if table is not None else ""})
    return row


def _open_incident(session: Session, incident_id: int) -> Incident:
    incident = session.get(Incident, incident_id)
    if incident is None or incident.resolved_at is not None:
        raise NotFound(N_("没有编号为 %(id)s 的未处理事件。"), id=incident_id)
    return incident
