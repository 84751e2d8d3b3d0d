"""What belongs to an instance: what ran in it, its tasks, waits, incidents, remarks and files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workflow_service.services import comments, processes
from workflow_service.store import instance_list, instance_view, plan_list

from . import cursors
from .calls import Answer, Call, endpoint
from .incident_shapes import IncidentShown
from .shapes import Moment, Page, PageQuery, Shown
from .task_parts import shown_comments, shown_files
from .task_shapes import Attachments, CommentGiven, Comments, CommentShown, TaskShown

TAG = "process-instances"


class ActivityShown(Shown):
    """One execution of one element. `flows` are the sequence flows by which it was left."""

    seq: int
    process_key: str
    element_id: str
    element_type: str
    name: str
    status: Literal["started", "completed", "cancelled"]
    started_at: Moment
    ended_at: Moment | None
    flows: list[str]
    actor_id: int | None
    task_id: int | None


class Activities(Page[ActivityShown]):
    """One page of what ran, in order."""


class TimerShown(Shown):
    """A timer that runs."""

    element_id: str
    name: str
    due_at: Moment
    rule: str
    remaining: int | None


class WaitShown(Shown):
    """A message or signal that is waited for."""

    element_id: str
    kind: Literal["message", "signal"]
    name: str
    correlation_key: str
    created_at: Moment


class Waits(Shown):
    """What an instance waits for besides people."""

    timers: list[TimerShown]
    subscriptions: list[WaitShown]


class TaskList(Shown):
    """Tasks in the order in which they arose."""

    items: list[TaskShown]


class IncidentList(Shown):
    """Incidents, open ones first."""

    items: list[IncidentShown]


class ActivityQuery(PageQuery):
    """How much of the history is wanted, and from where."""

    limit: int = Field(200, ge=1, le=1000, description="rows a page")


@endpoint("/process-instances/<id:instance_id>/activities", query=ActivityQuery, answer=Activities, tag=TAG)
def list_activities(call: Call, instance_id: int, query: ActivityQuery) -> Activities:
    """Tell what ran, in order, with the elements' ids and the flows taken."""
    processes.visible_instance(call.session, call.actor, instance_id)
    after = cursors.decode(query.cursor, int)
    rows = instance_list.activity_page(
        call.session, instance_id, after=after[0] if after else None, limit=query.limit + 1
    )
    shown = rows[: query.limit]
    following = cursors.encode(shown[-1].seq) if len(rows) > query.limit else None
    return Activities(items=[ActivityShown.model_validate(row) for row in shown], next_cursor=following)


@endpoint("/process-instances/<id:instance_id>/tasks", answer=TaskList, tag=TAG)
def list_instance_tasks(call: Call, instance_id: int) -> TaskList:
    """List an instance's tasks, open and over."""
    processes.visible_instance(call.session, call.actor, instance_id)
    rows = instance_list.tasks_of(call.session, instance_id)
    return TaskList(items=[TaskShown.model_validate(row) for row in rows])


@endpoint("/process-instances/<id:instance_id>/waits", answer=Waits, tag=TAG)
def list_waits(call: Call, instance_id: int) -> Waits:
    """List the timers, messages and signals that an instance waits for."""
    processes.visible_instance(call.session, call.actor, instance_id)
    timers, waits = instance_view.waits_of(call.session, instance_id)
    return Waits(
        timers=[TimerShown.model_validate(one) for one in timers],
        subscriptions=[WaitShown.model_validate(one) for one in waits],
    )


@endpoint("/process-instances/<id:instance_id>/incidents", answer=IncidentList, tag=TAG)
def list_instance_incidents(call: Call, instance_id: int) -> IncidentList:
    """List what stopped an instance, open incidents first."""
    processes.visible_instance(call.session, call.actor, instance_id)
    rows = instance_view.incidents_of(call.session, instance_id)
    return IncidentList(items=[IncidentShown.model_validate(row) for row in rows])


@endpoint("/process-instances/<id:instance_id>/comments", answer=Comments, tag=TAG)
def list_instance_comments(call: Call, instance_id: int) -> Comments:
    """List the remarks on an instance, in the order written."""
    processes.visible_instance(call.session, call.actor, instance_id)
    return Comments(items=shown_comments(instance_view.comments_of(call.session, instance_id)))


@endpoint(
    "/process-instances/<id:instance_id>/comments", "POST", body=CommentGiven, answer=CommentShown, status=201, tag=TAG
)
def add_instance_comment(call: Call, instance_id: int, body: CommentGiven) -> Answer:
    """Write a remark on an instance."""
    comment = comments.add_comment(call.session, call.actor, body.body, instance_id=instance_id, now=call.now)
    return Answer(shown_comments([(comment, call.actor.name)])[0])


@endpoint("/process-instances/<id:instance_id>/attachments", answer=Attachments, tag=TAG)
def list_instance_attachments(call: Call, instance_id: int) -> Attachments:
    """List an instance's files."""
    processes.visible_instance(call.session, call.actor, instance_id)
    return shown_files(plan_list.attachments(call.session, call.actor.user_id, instance_id=instance_id))
