"""Incidents: what stopped somewhere, and another try."""

from __future__ import annotations

from workflow_service.identity import policy
from workflow_service.services import hand_decisions, processes
from workflow_service.store import instance_view

from . import cursors
from .calls import Call, endpoint
from .incident_shapes import (
    DecisionGiven,
    IncidentLine,
    Incidents,
    IncidentShown,
    OutputShown,
    UndecidedShown,
)
from .shapes import Done, PageQuery

TAG = "incidents"


@endpoint("/incidents", query=PageQuery, answer=Incidents, tag=TAG)
def list_incidents(call: Call, query: PageQuery) -> Incidents:
    """List the open incidents of the areas that I manage."""
    policy.require(call.actor, "instance.manage")
    areas = policy.areas_of_role(call.actor, policy.DESIGNER, policy.ADMINISTRATOR, policy.SUPERVISOR)
    after = cursors.decode(query.cursor, int)
    rows = instance_view.open_incidents(
        call.session, areas, after=after[0] if after else None, limit=query.limit + 1
    )
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1].incident.id) if len(rows) > query.limit else None
    return Incidents(items=[_line(row) for row in shown], next_cursor=following)


@endpoint("/incidents/<id:incident_id>/retry", "POST", answer=Done, tag=TAG)
def retry_incident(call: Call, incident_id: int) -> Done:
    """Let the element try again; what fails again is a new incident."""
    processes.retry_incident(call.session, call.actor, incident_id, now=call.now)
    return Done()


@endpoint("/incidents/<id:incident_id>/decision", answer=UndecidedShown, tag=TAG)
def get_undecided(call: Call, incident_id: int) -> UndecidedShown:
    """Tell what a decision table left open: its outputs, and why it gave nothing."""
    question = hand_decisions.question_of(call.session, call.actor, incident_id, now=call.now)
    table = question.table
    return UndecidedShown(
        table=table.id, table_name=table.name, message=question.incident.words,
        outputs=[OutputShown(name=one.name, label=one.label, type=one.type) for one in table.outputs],
    )  # fmt: skip


@endpoint("/incidents/<id:incident_id>/decision", "POST", body=DecisionGiven, answer=Done, tag=TAG)
def decide_by_hand(call: Call, incident_id: int, body: DecisionGiven) -> Done:
    """Let the instance go on with what a person decided; its pinned version stays, result and reason are recorded."""
    hand_decisions.decide_by_hand(call.session, call.actor, incident_id, body.result, body.reason, now=call.now)
    return Done()


def _line(row: instance_view.IncidentRow) -> IncidentLine:
    shown = IncidentShown.model_validate(row.incident)
    return IncidentLine.model_construct(
        **dict(shown), process_key=row.instance.definition_key, plan_title=row.plan_title, plan_code=row.plan_code
    )
