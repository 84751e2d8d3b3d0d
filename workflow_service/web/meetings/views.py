"""The pool, meetings with their agendas, and entering results with the minutes (代录)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.domain.words import Labelled
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import meetings
from workflow_service.services.meetings import ItemResult
from workflow_service.store import meeting_list, people_queries
from workflow_service.store.plans import AgendaItem, Meeting

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in, transaction
from ..listing import PAGE_ROWS, address
from ..rights import require
from ..tasks.materials import keep_upload

blueprint = Blueprint("meetings", __name__, url_prefix="/meetings", template_folder="templates")
blueprint.before_request(require_sign_in)



@blueprint.get("")
def index() -> ResponseReturnValue:
    """Plans that wait for a place on an agenda, and the meetings."""
    session, areas = page_session(), policy.visible_areas(page_actor())
    after = cursors.decode(cursors.number)
    found = meeting_list.meetings(session, areas, after=after[0] if after else None, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    pools = [] if after else _pools(meeting_list.waiting(session, areas))
    following = address(after=cursors.encode(rows[-1][0].id)) if len(found) > PAGE_ROWS else ""
    places = people_queries.area_names(session, {area for _kind, area, _items, _manages in pools})
    return render_template("meetings/index.html", pools=pools, places=places, meetings=rows, next_address=following)


def _pools(items: object) -> list[tuple[str, str, list[AgendaItem], bool]]:
    """Waiting items by kind and government, each with whether the reader may put them on an agenda."""
    grouped: dict[tuple[str, str], list[AgendaItem]] = defaultdict(list)
    for item in items:  # type: ignore[attr-defined]
        grouped[item.kind, item.area].append(item)
    return [(kind, area, found, _manages(kind, _area_path(found[0]))) for (kind, area), found in grouped.items()]


def _area_path(item: AgendaItem) -> str:
    """The area of whoever meets: the plan's own, or the one above it that its body belongs to."""
    path, own = item.plan.area_path if item.plan is not None else "", f"/{item.area}/"
    return path[: path.find(own) + len(own)] if own in path else path


def _manages(kind: str, area_path: str) -> bool:
    return policy.may_hold(page_actor(), kind, area_path)


@blueprint.post("")
def plan() -> ResponseReturnValue:
    """Put the ticked plans on the agenda of a new meeting."""
    form = request.form
    with transaction() as session:
        meeting = meetings.plan_meeting(
            session, page_actor(), form.get("kind", ""), form.get("title", "").strip(), form.get("area", ""),
            _day(form.get("held_on", "")), form.getlist("item", type=int), now=page_now(),
        )  # fmt: skip
    flash(_("会议已安排，结果录入后各项规划继续办理。"))
    return redirect(url_for("meetings.show", meeting_id=meeting.id))


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise InvalidInput(N_("请选择会议日期。")) from error


@blueprint.get("/<int:meeting_id>")
def show(meeting_id: int) -> ResponseReturnValue:
    """One meeting with its agenda; for those who manage it, the form for its results."""
    meeting = _visible(meeting_id)
    return _page(meeting)


def _visible(meeting_id: int) -> Meeting:
    meeting = meeting_list.meeting_by_id(page_session(), meeting_id)
    if meeting is None:
        raise NotFound(N_("没有编号为 %(id)s 的会议。"), id=meeting_id)
    require("plan.see", policy.thing_of(meeting.area_path))
    return meeting


def _page(meeting: Meeting, fault: str = "", status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "meetings/show.html", meeting=meeting, items=meeting_list.agenda(page_session(), meeting.id), fault=fault,
        results=_results(meeting.kind), manages=_manages(meeting.kind, meeting.area_path), typed=request.form,
    )  # fmt: skip
    return page, status


def _results(kind: str) -> list[tuple[str, str]]:
    found: type[Labelled] = meetings.allowed_results(kind)
    return [(result.value, result.label) for result in found]


@blueprint.post("/<int:meeting_id>/results")
def results(meeting_id: int) -> ResponseReturnValue:
    """Enter what was decided; what is missing is asked for with everything typed still there."""
    meeting = _visible(meeting_id)
    items = meeting_list.agenda(page_session(), meeting_id)
    given = {item.id: _result(item.id) for item in items if request.form.get(f"result.{item.id}")}
    try:
        minutes_id = _minutes()
        with transaction() as session:
            meetings.enter_results(
                session, page_actor(), meeting_id, given, minutes_attachment_id=minutes_id,
                minutes_number=request.form.get("minutes_number", "").strip(), now=page_now(),
            )  # fmt: skip
    except InvalidInput as error:
        return _page(meeting, error.message, 422)
    flash(_("结果已录入，%(count)s 项规划按结果继续办理。", count=len(given)))
    return redirect(url_for("meetings.show", meeting_id=meeting_id))


def _minutes() -> int | None:
    """The scanned minutes, none if they were not sent along."""
    sent = request.files.get("file")
    return int(keep_upload(None)["id"]) if sent is not None and sent.filename else None


def _result(item_id: int) -> ItemResult:
    form = request.form
    return ItemResult(
        form[f"result.{item_id}"], form.get(f"note.{item_id}", "").strip(), form.get(f"into.{item_id}", "").strip()
    )


@blueprint.post("/<int:meeting_id>/day")
def postpone(meeting_id: int) -> ResponseReturnValue:
    """Move a planned meeting to another day."""
    with transaction() as session:
        meetings.postpone_meeting(
            session, page_actor(), meeting_id, _day(request.form.get("held_on", "")),
            request.form.get("reason", "").strip(), now=page_now(),
        )  # fmt: skip
    flash(_("会议日期已调整。"))
    return redirect(url_for("meetings.show", meeting_id=meeting_id))


@blueprint.context_processor
def _days() -> dict[str, object]:
    return {"business_day": page_day().isoformat()}
