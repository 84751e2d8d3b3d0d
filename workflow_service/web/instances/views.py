"""The page of one run, its diagram's source, and its history as a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import hand_decisions, missing_deadlines, processes, special_reports
from workflow_service.store import instance_view, plan_list
from workflow_service.store.runtime import Incident, ProcessInstance

from ..current import page_actor, page_now, page_session, require_sign_in
from ..rights import allowed, require
from ..sheets import sheet
from . import control, instructions, slips
from .diagrams import drawn, marks_of

blueprint = Blueprint("instances", __name__, url_prefix="/instances", template_folder="templates")
blueprint.before_request(require_sign_in)
slips.connect(blueprint)
control.connect(blueprint)
instructions.connect(blueprint)


@blueprint.get("/<int:instance_id>")
def show(instance_id: int) -> ResponseReturnValue:
    """One run for everybody who may see it; variables only for those who design processes."""
    session = page_session()
    row = visible_instance(instance_id)
    activities = instance_view.activities_of(session, instance_id)
    incidents = instance_view.incidents_of(session, instance_id)
    picture = drawn(session, row, request.args.get("process", ""), activities)
    manages = allowed("instance.manage", policy.thing_of(row.area_path))
    return render_template(
        "instances/show.html",
        instance=row,
        activities=activities,
        incidents=incidents,
        picture=picture,
        marks=marks_of(activities, incidents, picture.key),
        slip=slips.page_slip(instance_id),
        mark_of=slips.mark_of,
        waits=instance_view.waits_of(session, instance_id),
        comments=instance_view.comments_of(session, instance_id),
        files=plan_list.attachments(session, page_actor().user_id, instance_id=instance_id),
        plan=plan_list.plan_by_id(session, row.plan_id) if row.plan_id else None,
        manages=manages,
        begun_reports=special_reports.reports_begun(session, page_actor(), row),
        commands=control.commands_for(row),
        may_instruct=_may_instruct(row),
        undecided=_undecided(row, incidents),
        undated=missing_deadlines.open_without(session, row),
        variables=processes.variables_of(session, row, now=page_now()) if manages else None,
    )


def _may_instruct(row: ProcessInstance) -> bool:
    holders, participants = instance_view.participants_of(page_session(), row.id)
    thing = policy.thing_of(row.area_path, holders=holders, participants=participants, process=row.definition_key)
    return allowed("instance.instruct", thing)


def _undecided(row: ProcessInstance, incidents: Sequence[Incident]) -> set[int]:
    """The incidents before a decision table that the reader may decide by hand."""
    if not allowed("decision.by_hand", policy.thing_of(row.area_path)):
        return set()
    session, now = page_session(), page_now()
    return {one.id for one in incidents if hand_decisions.undecided(session, row, one, now=now) is not None}


def visible_instance(instance_id: int) -> ProcessInstance:
    """A run that the reader may see; raises NotFound, Forbidden."""
    session = page_session()
    row = instance_view.instance_by_id(session, instance_id)
    if row is None:
        raise NotFound(N_("没有编号为 %(id)s 的流程。"), id=instance_id)
    holders, participants = instance_view.participants_of(session, instance_id)
    part = *participants, row.started_by
    thing = policy.thing_of(row.area_path, holders=holders, participants=part, process=row.definition_key)
    require("instance.see", thing)
    return row


@blueprint.get("/<int:instance_id>/diagram.bpmn")
def diagram(instance_id: int) -> Response:
    """The diagram as it was deployed with the version that this run follows, or one that it calls."""
    row = visible_instance(instance_id)
    picture = drawn(page_session(), row, request.args.get("process", ""), [])
    return Response(picture.xml, mimetype="application/xml")


@blueprint.get("/<int:instance_id>/history.xlsx")
def history(instance_id: int) -> ResponseReturnValue:
    """Who did what when, as a sheet."""
    visible_instance(instance_id)
    heads = (_("环节"), _("单位"), _("办理人"), _("结果"), _("意见"), _("收到"), _("办结"))
    return sheet(_("办理记录"), heads, (_cells(step) for step in instance_view.steps_of(page_session(), instance_id)))


def _cells(step: instance_view.Step) -> tuple[object, ...]:
    task = step.task
    return task.name, step.unit, step.signature, task.outcome, task.opinion, task.created_at, task.ended_at
