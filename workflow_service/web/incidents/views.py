"""Open incidents of the reader's areas, and letting one try again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Forbidden, NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import processes
from workflow_service.store import instance_view
from workflow_service.store.runtime import Incident

from .. import cursors
from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..listing import PAGE_ROWS, address
from ..rights import allowed

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents", template_folder="templates")
blueprint.before_request(require_sign_in)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Incidents that wait, for supervisors, designers and administrators."""
    if not (allowed("board.see") or allowed("instance.manage")):
        raise Forbidden(N_("只有督办、流程设计和管理员岗位可以查看流程异常。"))
    after = cursors.decode(cursors.number)
    areas = policy.areas_of_role(page_actor(), *policy.ROLES)
    found = instance_view.open_incidents(
        page_session(), areas, after=after[0] if after else None, limit=PAGE_ROWS + 1
    )
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].incident.id)) if len(found) > PAGE_ROWS else ""
    return render_template("incidents/index.html", rows=rows, next_address=following)


@blueprint.post("/<int:incident_id>/retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """Let the element try again; what fails again shows as a new incident."""
    with transaction() as session:
        incident = session.get(Incident, incident_id)
        if incident is None:
            raise NotFound(N_("没有编号为 %(id)s 的异常。"), id=incident_id)
        instance_id = incident.instance_id
        processes.retry_incident(session, page_actor(), incident_id, now=page_now())
    left = instance_view.incidents_of(page_session(), instance_id)
    again = any(one.resolved_at is None for one in left)
    flash(_("已重试，仍未通过，原因见下。") if again else _("已重试，流程继续。"), "warning" if again else "message")
    back = request.form.get("back") == "list"
    return redirect(url_for("incidents.index") if back else url_for("instances.show", instance_id=instance_id))
