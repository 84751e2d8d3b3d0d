"""Plans: find, look at, apply for."""

from __future__ import annotations

from sqlalchemy import or_

from workflow_service.identity import policy
from workflow_service.identity.names import matches
from workflow_service.services import plans
from workflow_service.services.calendars import SETTINGS
from workflow_service.store import deadlines, plan_list
from workflow_service.store.plans import Plan

from . import cursors
from .calls import Answer, Call, endpoint
from .plan_shapes import (
    ApplicationGiven,
    DeadlineChanges,
    DeadlineChangeShown,
    Events,
    EventShown,
    PlanQuery,
    Plans,
    PlanShown,
)

TAG = "plans"
EQUAL = ("category", "level", "tier", "importance", "stage", "status")


@endpoint("/plans", query=PlanQuery, answer=Plans, tag=TAG)
def list_plans(call: Call, query: PlanQuery) -> Plans:
    """List or search the plans of my area and my units (`scope=public`: issued plans of everybody too)."""
    wanted = _filter(call, query)
    after = cursors.decode(query.cursor, cursors.day, int)
    rows = plan_list.plan_page(call.session, wanted, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    total = plan_list.count_plans(call.session, wanted)
    following = cursors.encode(*plan_list.cursor_of(shown[-1])) if len(rows) > query.limit else None
    return Plans(
        items=[plan_shown(row) for row in shown], next_cursor=following, total=min(total, plan_list.COUNT_LIMIT),
        more=total > plan_list.COUNT_LIMIT,
    )  # fmt: skip


@endpoint("/plans", "POST", body=ApplicationGiven, answer=PlanShown, status=201, tag=TAG)
def apply_for_plan(call: Call, body: ApplicationGiven) -> Answer:
    """Apply to write a plan; its registration starts, and the unit's handler finds the application form as the first task."""
    application = plans.PlanApplication(**body.model_dump())
    plan = plans.apply_for_plan(call.session, call.actor, application, now=call.now)
    return answer_of(plan, location=f"/plans/{plan.id}")


@endpoint("/plans/<id:plan_id>", answer=PlanShown, tag=TAG)
def get_plan(call: Call, plan_id: int) -> Answer:
    """Give one plan; its ETag goes into If-Match of the commands."""
    return answer_of(plans.visible_plan(call.session, call.actor, plan_id))


@endpoint("/plans/<id:plan_id>/events", answer=Events, tag=TAG)
def list_events(call: Call, plan_id: int) -> Events:
    """Tell what happened to a plan, the newest first; drafts' history is for those who see drafts."""
    plan = plans.visible_plan(call.session, call.actor, plan_id)
    policy.require(call.actor, "plan.see", plans.thing_of_draft(call.session, plan))
    found = plan_list.events_of(call.session, plan_id)
    return Events(items=[EventShown.model_validate(row) for row in found])


@endpoint("/plans/<id:plan_id>/deadline-changes", answer=DeadlineChanges, tag=TAG)
def list_deadline_changes(call: Call, plan_id: int) -> DeadlineChanges:
    """Tell how the plan's due date came about: every pause with the working days it moved the date by."""
    plan = plans.visible_plan(call.session, call.actor, plan_id)
    policy.require(call.actor, "plan.see", plans.thing_of_draft(call.session, plan))
    found = deadlines.changes_of(call.session, plan_id=plan_id)
    return DeadlineChanges(items=[DeadlineChangeShown.model_validate(row) for row, _person in found])


def answer_of(plan: Plan, location: str = "") -> Answer:
    """Give a plan with its version as ETag."""
    return Answer(plan_shown(plan), version=plan.row_version, location=location)


def plan_shown(plan: Plan) -> PlanShown:
    """Give a plan with its lead unit's name."""
    plain = {name: getattr(plan, name) for name in PlanShown.model_fields if name != "lead_unit_name"}
    return PlanShown(**plain, lead_unit_name=plan.lead_unit.name)


def _filter(call: Call, query: PlanQuery) -> plan_list.PlanFilter:
    equal = [(name, getattr(query, name)) for name in EQUAL if getattr(query, name) is not None]
    equal += [("lead_unit_id", query.unit)] if query.unit is not None else []
    equal += [("cycle_id", query.cycle)] if query.cycle is not None else []
    words = or_(matches(Plan.keywords, query.q), Plan.code == query.q.strip().upper()) if query.q else None
    return plan_list.PlanFilter(
        areas=policy.visible_areas(call.actor), own_units=call.actor.unit_ids, public=query.scope == "public",
        words=words, equal=tuple(equal), overdue_on=SETTINGS.day_of(call.now) if query.overdue else None,
    )  # fmt: skip
