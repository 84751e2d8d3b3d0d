"""Later dates asked for, granted and refused."""

from __future__ import annotations

from workflow_service.identity import policy
from workflow_service.services import extensions, stage_clocks
from workflow_service.services.plans import visible_plan
from workflow_service.store import extension_list, stage_deadlines
from workflow_service.store.extension_list import ExtensionFilter
from workflow_service.store.plans import Plan

from . import cursors
from .acting_shapes import (
    ExtensionDecided,
    ExtensionGiven,
    ExtensionQuery,
    Extensions,
    ExtensionShown,
    PlanDeadlines,
    PlanDueGiven,
    PlanExtensionGiven,
    StageDeadlineShown,
)
from .calls import Answer, Call, endpoint

TAG = "extensions"


@endpoint("/extensions", query=ExtensionQuery, answer=Extensions, tag=TAG)
def list_extensions(call: Call, query: ExtensionQuery) -> Extensions:
    """List the requests that I decide or have made, the latest first."""
    after, actor = cursors.decode(query.cursor, int), call.actor
    areas = policy.areas_of_role(actor, policy.SUPERVISOR)
    wanted = ExtensionFilter(areas, actor.unit_ids, actor.user_id, query.status or "")
    rows = extension_list.rows(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    following = cursors.encode(rows[query.limit - 1].extension.id) if len(rows) > query.limit else None
    items = [ExtensionShown.model_validate(row.extension) for row in rows[: query.limit]]
    return Extensions(items=items, next_cursor=following)


@endpoint("/tasks/<id:task_id>/extensions", "POST", body=ExtensionGiven, answer=ExtensionShown, status=201, tag=TAG)
def ask_for_extension(call: Call, task_id: int, body: ExtensionGiven) -> Answer:
    """Ask for a later date for a task that lies before me; until it is granted the date stays."""
    made = extensions.ask_for_extension(call.session, call.actor, task_id, body.wanted, body.reason, now=call.now)
    return Answer(ExtensionShown.model_validate(made))


@endpoint("/plans/<id:plan_id>/extensions", "POST", body=PlanExtensionGiven, answer=ExtensionShown, status=201, tag=TAG)
def ask_for_plan(call: Call, plan_id: int, body: PlanExtensionGiven) -> Answer:
    """Ask for a later date for a plan's present stage, or for its issue; its lead unit. Until it is granted the date stays."""
    made = extensions.ask_for_plan(
        call.session, call.actor, plan_id, body.stage, body.wanted, body.reason, now=call.now
    )
    return Answer(ExtensionShown.model_validate(made))


@endpoint("/plans/<id:plan_id>/deadlines", answer=PlanDeadlines, tag=TAG)
def plan_deadlines(call: Call, plan_id: int) -> PlanDeadlines:
    """Until when a plan is to be issued, and its stages to be done, past ones included."""
    return _deadlines(call, visible_plan(call.session, call.actor, plan_id))


@endpoint("/plans/<id:plan_id>/deadlines", "PUT", body=PlanDueGiven, answer=PlanDeadlines, tag=TAG)
def set_plan_due(call: Call, plan_id: int, body: PlanDueGiven) -> PlanDeadlines:
    """Set by hand until when a plan's present stage is to be done, or the plan issued; supervisors of the area."""
    plan = stage_clocks.set_due(call.session, call.actor, plan_id, body.stage, body.due_at, body.reason, now=call.now)
    return _deadlines(call, plan)


def _deadlines(call: Call, plan: Plan) -> PlanDeadlines:
    stages = [StageDeadlineShown.model_validate(one) for one in stage_deadlines.all_of(call.session, plan.id)]
    return PlanDeadlines(due_on=plan.due_on, stages=stages)


@endpoint("/extensions/<id:extension_id>/decision", "POST", body=ExtensionDecided, answer=ExtensionShown, tag=TAG)
def decide_extension(call: Call, extension_id: int, body: ExtensionDecided) -> ExtensionShown:
    """Grant or refuse a request: supervisors of the area, and the lead unit of the plan where another unit asks."""
    if body.outcome == "grant":
        found = extensions.grant_extension(
            call.session, call.actor, extension_id, body.answer, granted=body.granted, now=call.now
        )
    else:
        found = extensions.refuse_extension(call.session, call.actor, extension_id, body.answer, now=call.now)
    return ExtensionShown.model_validate(found)
