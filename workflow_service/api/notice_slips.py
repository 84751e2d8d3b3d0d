"""Notice slips; signing for one is a receipt, answering one a task."""

from __future__ import annotations

from flask import Response

from workflow_service.identity import policy
from workflow_service.services import slips
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.slips import SlipAsked
from workflow_service.store import slip_list
from workflow_service.store.slip_list import SlipFilter, SlipRow

from . import cursors
from .acting_shapes import SlipGiven, SlipQuery, Slips, SlipShown
from .calls import Answer, Call, endpoint

TAG = "notice slips"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@endpoint("/notice-slips", query=SlipQuery, answer=Slips, tag=TAG)
def list_slips(call: Call, query: SlipQuery) -> Slips:
    """List the slips of the areas that I supervise and those that came to my units, the latest first."""
    after, actor = cursors.decode(query.cursor, int), call.actor
    wanted = SlipFilter(
        areas=policy.areas_of_role(actor, policy.SUPERVISOR), unit_ids=actor.unit_ids, holders=actor.groups,
        state=query.state or "", text=query.q, plan_id=query.plan_id, today=SETTINGS.day_of(call.now),
    )  # fmt: skip
    rows = slip_list.rows(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    total, limit = slip_list.count(call.session, wanted), slip_list.COUNT_LIMIT
    following = cursors.encode(rows[query.limit - 1].slip.id) if len(rows) > query.limit else None
    items = [_shown(row) for row in rows[: query.limit]]
    return Slips(items=items, next_cursor=following, total=min(total, limit), more=total > limit)


@endpoint("/notice-slips", "POST", body=SlipGiven, answer=SlipShown, status=201, tag=TAG)
def issue_slip(call: Call, body: SlipGiven) -> Answer:
    """Number a slip, deliver it for receipt and ask for the answer where one is wanted."""
    made = slips.issue_slip(call.session, call.actor, SlipAsked(**body.model_dump()), now=call.now)
    return Answer(_shown(slip_list.row_of(call.session, made.id)), location=f"/notice-slips/{made.id}")


@endpoint("/notice-slips/<id:slip_id>", answer=SlipShown, tag=TAG)
def get_slip(call: Call, slip_id: int) -> SlipShown:
    """Give a slip with its receipt and answer."""
    slips.visible_slip(call.session, call.actor, slip_id)
    return _shown(slip_list.row_of(call.session, slip_id))


@endpoint("/notice-slips/<id:slip_id>/document", tag=TAG, media=DOCX)
def get_slip_document(call: Call, slip_id: int) -> Response:
    """Give a slip as the official document (docx)."""
    response = Response(slips.slip_docx(call.session, call.actor, slip_id), content_type=DOCX)
    response.headers["Content-Disposition"] = f'attachment; filename="slip-{slip_id}.docx"'
    return response


def _shown(row: SlipRow) -> SlipShown:
    one = row.slip
    return SlipShown(
        id=one.id, number=one.number, organ=one.organ, unit=one.unit_name, matter=one.matter, facts=one.facts,
        asked=one.asked, until=one.until, answer_wanted=one.answer_wanted, copies=list(one.copies), issued_on=one.issued_on,
        plan_id=one.plan_id, circulation_id=one.circulation_id, process_instance_id=one.instance_id, sent_by=row.sender,
        signed_at=row.signed_at, signed_by=row.signed_by, answer=one.answer, answered_at=one.answered_at,
        superior_told_at=one.superior_at, supervisor_told_at=one.supervisor_at,
    )  # fmt: skip
