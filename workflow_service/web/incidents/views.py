"""Open incidents of the reader's areas: letting one try again, and deciding what a decision table left open."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Forbidden, InvalidInput, NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import hand_decisions, processes
from workflow_service.store import instance_view
from workflow_service.store.runtime import Incident

from .. import cursors
from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..listing import PAGE_ROWS, address
from ..rights import allowed

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents", template_folder="templates")
blueprint.before_request(require_sign_in)

NUMBERS = ("number", "double", "integer", "long")


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


@blueprint.route("/<int:incident_id>/decision", methods=["GET", "POST"])
def decision(incident_id: int) -> ResponseReturnValue:
    """Decide what a decision table left open: its outputs and a reason."""
    actor, now = page_actor(), page_now()
    question = hand_decisions.question_of(page_session(), actor, incident_id, now=now)
    if request.method == "GET":
        return _question(question)
    try:
        with transaction() as session:
            run = hand_decisions.decide_by_hand(
                session, actor, incident_id, _outputs(question), request.form.get("reason", ""), now=now
            )
    except InvalidInput as error:
        return _question(question, error.message), 422
    flash(_("已按决定继续，理由记入操作记录。"))
    return redirect(url_for("instances.show", instance_id=run.id))


def _question(question: hand_decisions.Question, fault: str = "") -> str:
    known = {output.name: _known_texts(question, place) for place, output in enumerate(question.table.outputs)}
    return render_template(
        "incidents/decision.html", table=question.table, incident=question.incident, step=question.step, fault=fault, known=known,
        typed=request.form,
    )  # fmt: skip


def _known_texts(question: hand_decisions.Question, place: int) -> list[str]:
    """The texts that the column's rows give, where it gives texts only."""
    cells = {rule.results[place].strip() for rule in question.table.rules}
    texts = [cell[1:-1] for cell in sorted(cells) if len(cell) > 1 and cell[0] == cell[-1] == '"']
    return texts if len(texts) == len(cells) else []


def _outputs(question: hand_decisions.Question) -> dict[str, Any]:
    """What was typed, as the columns' types have it; what does not fit is told by the table."""
    return {one.name: _value(one.type, request.form.get(f"output.{one.name}", "").strip()) for one in question.table.outputs}


def _value(kind: str, text: str) -> Any:
    if kind == "boolean":
        return text == "true"
    if kind in NUMBERS:
        try:
            return int(text) if kind in ("integer", "long") else float(text)
        except ValueError:
            return text
    return text
