"""Process instances: start, list, look into, stop."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from workflow_service.identity import policy
from workflow_service.services import plans, processes
from workflow_service.store import instance_list
from workflow_service.store.runtime import ProcessInstance

from . import cursors
from .calls import Answer, Call, endpoint
from .preconditions import require_version
from .shapes import Given, Id, Moment, Name, Page, PageQuery, ReasonGiven, Shown, Values

TAG = "process-instances"
Status = Literal["active", "suspended", "completed", "terminated"]


class InstanceShown(Shown):
    """One run of one definition version."""

    id: int
    process_definition_id: int = Field(validation_alias="definition_id")
    process_key: str = Field(validation_alias="definition_key")
    business_key: str
    plan_id: int | None
    status: Status
    outcome: str = Field(description="id of the end event reached")
    started_at: Moment
    started_by: int | None
    ended_at: Moment | None
    revision: int


class Instances(Page[InstanceShown]):
    """One page of instances, the newest first."""


class InstanceQuery(PageQuery):
    """Which instances."""

    status: Status | None = None
    process: str = Field("", max_length=100, description="key of the process")
    business_key: str = Field("", max_length=200)
    plan: Id | None = Field(None, description="id of the plan")


class StartGiven(Given):
    """What to start: the newest version of `process_key`, for a plan or for an area of one's own."""

    process_key: Name
    business_key: str = Field("", max_length=200)
    variables: Values = Field(default_factory=dict)
    plan_id: Id | None = None


class Variables(Shown):
    """The variables at the top of an instance, as they are now; empty once it has ended."""

    variables: dict[str, Any]


@endpoint("/process-instances", query=InstanceQuery, answer=Instances, tag=TAG)
def list_instances(call: Call, query: InstanceQuery) -> Instances:
    """List the instances of my area and those that I started."""
    wanted = instance_list.InstanceFilter(
        areas=policy.visible_areas(call.actor), user_id=call.actor.user_id, status=query.status or "", key=query.process,
        business_key=query.business_key, plan_id=query.plan,
    )  # fmt: skip
    after = cursors.decode(query.cursor, int)
    rows = instance_list.instance_page(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1].id) if len(rows) > query.limit else None
    return Instances(items=[InstanceShown.model_validate(row) for row in shown], next_cursor=following)


@endpoint("/process-instances", "POST", body=StartGiven, answer=InstanceShown, status=201, tag=TAG)
def start_instance(call: Call, body: StartGiven) -> Answer:
    """Start an instance of the newest version; designers and administrators of the area.

    Plans go on their way through /plans, which checks what the rules ask for: for a plan only its own route is started here,
    and neither what carries plans nor what others call is started by itself (409).
    """
    area_path, variables = _place(call, body)
    row = processes.start_process(
        call.session, call.actor, body.process_key, variables=variables, business_key=body.business_key,
        plan_id=body.plan_id, area_path=area_path, now=call.now,
    )  # fmt: skip
    return answer_with(row, location=f"/process-instances/{row.id}")


@endpoint("/process-instances/<id:instance_id>", answer=InstanceShown, tag=TAG)
def get_instance(call: Call, instance_id: int) -> Answer:
    """Give one instance; its ETag goes into If-Match of the commands."""
    return answer_with(processes.visible_instance(call.session, call.actor, instance_id))


@endpoint("/process-instances/<id:instance_id>/variables", answer=Variables, tag=TAG)
def get_variables(call: Call, instance_id: int) -> Answer:
    """Give an instance's variables; designers and administrators of the area."""
    row = processes.visible_instance(call.session, call.actor, instance_id)
    policy.require(call.actor, "instance.manage", policy.thing_of(row.area_path))
    return Answer(Variables(variables=processes.variables_of(call.session, row, now=call.now)), version=row.revision)


@endpoint(
    "/process-instances/<id:instance_id>/terminate", "POST", body=ReasonGiven, answer=InstanceShown, tag=TAG, versioned=True
)
def terminate_instance(call: Call, instance_id: int, body: ReasonGiven) -> Answer:
    """End an instance now; its tasks, timers and waits end with it."""
    require_instance_version(call, instance_id)
    return answer_with(processes.terminate_instance(call.session, call.actor, instance_id, body.reason, now=call.now))


@endpoint(
    "/process-instances/<id:instance_id>/suspend", "POST", body=ReasonGiven, answer=InstanceShown, tag=TAG, versioned=True
)
def suspend_instance(call: Call, instance_id: int, body: ReasonGiven) -> Answer:
    """Stop an instance for a while."""
    require_instance_version(call, instance_id)
    return answer_with(processes.suspend_instance(call.session, call.actor, instance_id, body.reason, now=call.now))


@endpoint(
    "/process-instances/<id:instance_id>/resume", "POST", body=ReasonGiven, answer=InstanceShown, tag=TAG, versioned=True
)
def resume_instance(call: Call, instance_id: int, body: ReasonGiven) -> Answer:
    """Let a suspended instance go on."""
    require_instance_version(call, instance_id)
    return answer_with(processes.resume_instance(call.session, call.actor, instance_id, body.reason, now=call.now))


def _place(call: Call, body: StartGiven) -> tuple[str, dict[str, Any]]:
    """Where the instance belongs and what it starts with: the plan's facts, or an area that the caller manages."""
    if body.plan_id is not None:
        plan = plans.visible_plan(call.session, call.actor, body.plan_id, lock=True)
        policy.require(call.actor, "instance.manage", policy.thing_of(plan.area_path))
        plans.require_startable(call.session, body.process_key, plan)
        plans.refuse_while_running(call.session, plan)
        return plan.area_path, {**body.variables, "plan": plans.plan_facts(plan)}
    policy.require(call.actor, "instance.manage")
    plans.require_startable(call.session, body.process_key, None)
    areas = policy.areas_of_role(call.actor, policy.DESIGNER, policy.ADMINISTRATOR, policy.SUPERVISOR)
    return (areas[0] if areas else ""), body.variables


def require_instance_version(call: Call, instance_id: int) -> None:
    """Refuse a version that is no longer the present one; raises PreconditionFailed."""
    if call.expected is not None:
        require_version(call.expected, processes.locked_instance(call.session, instance_id).revision)


def answer_with(row: ProcessInstance, location: str = "") -> Answer:
    """An instance with its version."""
    return Answer(InstanceShown.model_validate(row), version=row.revision, location=location)
