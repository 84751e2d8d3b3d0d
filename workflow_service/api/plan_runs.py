"""Plans on their way: routes, revisions, evaluations, and their files."""

from __future__ import annotations

from flask import Response

from workflow_service.identity import policy
from workflow_service.services import issue_notices, plans
from workflow_service.store import plan_list
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance

from .calls import Answer, Call, endpoint
from .instances import InstanceShown
from .plan_shapes import EvaluationGiven, NoticeOfPlanQuery, Results, ResultShown, RevisionGiven
from .preconditions import require_version
from .shapes import Shown
from .task_parts import shown_files, store
from .task_shapes import Attachments, AttachmentShown, UploadGiven

TAG = "plans"


class PlanInstances(Shown):
    """The instances that carried or carry a plan, the newest first."""

    items: list[InstanceShown]


@endpoint("/plans/<id:plan_id>/process-instances", answer=PlanInstances, tag=TAG)
def list_plan_instances(call: Call, plan_id: int) -> PlanInstances:
    """List the instances that carried or carry a plan."""
    _see_draft(call, plan_id)
    rows = plan_list.instances_of(call.session, plan_id)
    return PlanInstances(items=[InstanceShown.model_validate(row) for row in rows])


@endpoint("/plans/<id:plan_id>/route", "POST", answer=InstanceShown, status=201, tag=TAG, versioned=True)
def start_route(call: Call, plan_id: int) -> Answer:
    """Send a registered plan on the route that the decision table chose."""
    _require_version(call, plan_id)
    return _started(plans.start_route(call.session, call.actor, plan_id, now=call.now))


@endpoint(
    "/plans/<id:plan_id>/revision", "POST", body=RevisionGiven, answer=InstanceShown, status=201, tag=TAG, versioned=True
)
def start_revision(call: Call, plan_id: int, body: RevisionGiven) -> Answer:
    """Revise an issued plan by the procedure of its approval."""
    _require_version(call, plan_id)
    return _started(plans.start_revision(call.session, call.actor, plan_id, body.reason, now=call.now))


@endpoint(
    "/plans/<id:plan_id>/evaluation", "POST", body=EvaluationGiven, answer=InstanceShown, status=201, tag=TAG, versioned=True
)
def start_evaluation(call: Call, plan_id: int, body: EvaluationGiven) -> Answer:
    """Start the mid-term evaluation of an issued plan."""
    _require_version(call, plan_id)
    return _started(plans.start_evaluation(call.session, call.actor, plan_id, body.variables, now=call.now))


@endpoint("/plans/<id:plan_id>/attachments", answer=Attachments, tag=TAG)
def list_plan_attachments(call: Call, plan_id: int) -> Attachments:
    """List a plan's files, the newest version of each dossier item first."""
    _see_draft(call, plan_id)
    return shown_files(plan_list.attachments(call.session, call.actor.user_id, plan_id=plan_id))


@endpoint(
    "/plans/<id:plan_id>/attachments", "POST", form=UploadGiven, files=("file",), answer=AttachmentShown, status=201, tag=TAG
)
def add_plan_attachment(call: Call, plan_id: int, form: UploadGiven) -> Answer:
    """Upload a file to a plan that my unit writes."""
    return store(call, form, plan_id=plan_id)


@endpoint("/plans/<id:plan_id>/results", answer=Results, tag=TAG)
def list_plan_results(call: Call, plan_id: int) -> Results:
    """List what the results library holds of a plan; the files are attachments."""
    plans.visible_plan(call.session, call.actor, plan_id)
    return Results(items=[ResultShown.model_validate(row) for row, _file in plan_list.library_of(call.session, plan_id)])


@endpoint("/plans/<id:plan_id>/notice", query=NoticeOfPlanQuery, tag=TAG, media="application/pdf")
def get_plan_notice(call: Call, plan_id: int, query: NoticeOfPlanQuery) -> Response:
    """Give the notice that issued a plan as pdf, for reading; the docx is an attachment of its results."""
    found = issue_notices.notice_pdf(call.session, call.actor, plan_id, query.revision)
    response = Response(found.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="notice-{plan_id}.pdf"'
    return response


def _see_draft(call: Call, plan_id: int) -> Plan:
    plan = plans.visible_plan(call.session, call.actor, plan_id)
    policy.require(call.actor, "plan.see", plans.thing_of_draft(call.session, plan))
    return plan


def _require_version(call: Call, plan_id: int) -> None:
    if call.expected is not None:
        require_version(
            call.expected, plans.visible_plan(call.session, call.actor, plan_id, "plan.edit", lock=True).row_version
        )


def _started(row: ProcessInstance) -> Answer:
    return Answer(InstanceShown.model_validate(row), version=row.revision, location=f"/process-instances/{row.id}")
