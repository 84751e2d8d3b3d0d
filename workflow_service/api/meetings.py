"""Meetings and consolidated lists: the pool of waiting plans, agendas, results entered with their minutes."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.services import meetings
from workflow_service.store import meeting_list
from workflow_service.store.plans import AgendaItem, Meeting

from . import cursors
from .calls import Answer, Call, endpoint
from .shapes import Given, GivenDay, Id, Moment, Name, Page, PageQuery, Reason, Short, Shown

TAG = "meetings"
Kind = Literal[
    "executive_meeting", "party_committee_meeting", "special_meeting", "written_approval", "people_congress",
    "standing_committee", "drc_office_meeting", "catalogue_list",
]  # fmt: skip


class ItemShown(Shown):
    """A plan that waits for, or has, a place on an agenda."""

    id: int
    kind: str
    area: str
    plan_id: int | None
    plan_title: str
    plan_code: str | None
    process_instance_id: int
    meeting_id: int | None
    position: int
    status: str
    result: str
    note: str
    requested_at: Moment
    decided_at: Moment | None


class Pool(Shown):
    """Plans that wait for an agenda, longest waiting first."""

    items: list[ItemShown]


class MeetingLine(Shown):
    """One meeting or list."""

    id: int
    kind: str
    title: str
    area: str
    held_on: date
    status: str
    minutes_number: str
    minutes_attachment_id: int | None


class MeetingShown(MeetingLine):
    """One meeting with its agenda."""

    items: list[ItemShown]


class Meetings(Page[MeetingLine]):
    """One page of meetings, the newest first."""


class MeetingGiven(Given):
    """A meeting to plan: waiting items of its kind and area, in the order of the agenda."""

    kind: Kind
    title: Name
    area: str = Field(max_length=12, description="division code of the government")
    held_on: GivenDay
    item_ids: list[Id] = Field(min_length=1, max_length=500)


class ResultGiven(Given):
    """What was decided on one item: a result of the meeting's kind, a note, the code of the plan it merges into."""

    item_id: Id
    result: Name
    note: str = Field("", max_length=2000)
    merged_into: Short = ""


class ResultsGiven(Given):
    """All results of a meeting, with the scan of its minutes (a file that the caller uploaded) and their number."""

    results: list[ResultGiven] = Field(min_length=1, max_length=500)
    minutes_attachment_id: Id
    minutes_number: Short = ""


class PostponeGiven(Given):
    """The new day, and why."""

    held_on: GivenDay
    reason: Reason


@endpoint("/meetings/pool", answer=Pool, tag=TAG)
def list_pool(call: Call) -> Pool:
    """List the plans of my area that wait for a place on an agenda."""
    policy.require(call.actor, "meeting.manage", _own_area(call))
    rows = meeting_list.waiting(call.session, policy.visible_areas(call.actor))
    return Pool(items=[_item(row) for row in rows])


@endpoint("/meetings", query=PageQuery, answer=Meetings, tag=TAG)
def list_meetings(call: Call, query: PageQuery) -> Meetings:
    """List the meetings of my area, the newest first."""
    after = cursors.decode(query.cursor, int)
    rows = meeting_list.meetings(
        call.session, policy.visible_areas(call.actor) or ("-",), after=after[0] if after else None, limit=query.limit + 1
    )
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1][0].id) if len(rows) > query.limit else None
    return Meetings(items=[MeetingLine.model_validate(row) for row, _count in shown], next_cursor=following)


@endpoint("/meetings", "POST", body=MeetingGiven, answer=MeetingShown, status=201, tag=TAG)
def plan_meeting(call: Call, body: MeetingGiven) -> Answer:
    """Put waiting plans on the agenda of a meeting or list; the offices and supervisors of the area."""
    meeting = meetings.plan_meeting(
        call.session, call.actor, body.kind, body.title, body.area, body.held_on, body.item_ids, now=call.now
    )
    call.session.flush()
    return Answer(_shown(call, meeting), location=f"/meetings/{meeting.id}")


@endpoint("/meetings/<id:meeting_id>", answer=MeetingShown, tag=TAG)
def get_meeting(call: Call, meeting_id: int) -> MeetingShown:
    """Give a meeting with its agenda and results."""
    meeting = meeting_list.meeting_by_id(call.session, meeting_id)
    if meeting is None:
        raise NotFound(N_("没有编号为 %(id)s 的会议。"), id=meeting_id)
    policy.require(call.actor, "instance.see", policy.thing_of(meeting.area_path))
    return _shown(call, meeting)


@endpoint("/meetings/<id:meeting_id>/results", "POST", body=ResultsGiven, answer=MeetingShown, tag=TAG)
def enter_results(call: Call, meeting_id: int, body: ResultsGiven) -> MeetingShown:
    """Enter what the body decided (代录) with its minutes; each waiting instance goes on."""
    results = {one.item_id: meetings.ItemResult(one.result, one.note, one.merged_into) for one in body.results}
    meeting = meetings.enter_results(
        call.session, call.actor, meeting_id, results, minutes_number=body.minutes_number,
        minutes_attachment_id=body.minutes_attachment_id, now=call.now,
    )  # fmt: skip
    call.session.flush()
    return _shown(call, meeting)


@endpoint("/meetings/<id:meeting_id>/postpone", "POST", body=PostponeGiven, answer=MeetingShown, tag=TAG)
def postpone_meeting(call: Call, meeting_id: int, body: PostponeGiven) -> MeetingShown:
    """Move a planned meeting to another day; its plans go on waiting."""
    meeting = meetings.postpone_meeting(
        call.session, call.actor, meeting_id, body.held_on, body.reason, now=call.now
    )
    return _shown(call, meeting)


def _own_area(call: Call) -> policy.Thing:
    """Where the caller's office sits: the narrowest of his areas."""
    return policy.thing_of(max(call.actor.area_paths, key=len, default=""))


def _shown(call: Call, meeting: Meeting) -> MeetingShown:
    items = [_item(row) for row in meeting_list.agenda(call.session, meeting.id)]
    return MeetingShown.model_construct(**dict(MeetingLine.model_validate(meeting)), items=items)


def _item(row: AgendaItem) -> ItemShown:
    names = ("id", "kind", "area", "plan_id", "meeting_id", "position", "status", "result", "note", "requested_at", "decided_at")
    return ItemShown(
        **{name: getattr(row, name) for name in names}, process_instance_id=row.instance_id,
        plan_title=row.plan.title if row.plan else "", plan_code=row.plan.code if row.plan else None,
    )  # fmt: skip
