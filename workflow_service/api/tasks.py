"""Tasks: the inbox, one task with its form, taking it, finishing it."""

from __future__ import annotations

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity.access import standings_of
from workflow_service.identity.names import match
from workflow_service.services import forms, tasks
from workflow_service.store import inbox
from workflow_service.store.runtime import Task

from . import cursors
from .calls import Answer, Call, endpoint
from .shapes import Done
from .task_shapes import (
    CompletedTask,
    Draft,
    DraftShown,
    DueGiven,
    Inbox,
    InboxQuery,
    Submission,
    TaskLine,
    TaskShown,
    TaskWithForm,
)

TAG = "tasks"


@endpoint("/tasks", query=InboxQuery, answer=Inbox, tag=TAG)
def list_tasks(call: Call, query: InboxQuery) -> Inbox:
    """List my open tasks and those of my posts, those due first first, or as `sort` says."""
    wanted = _filter(call, query)
    after = cursors.decode(query.cursor, cursors.moment if query.sort == "due" else int, int)
    rows = inbox.inbox_page(call.session, wanted, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    total = inbox.count_inbox(call.session, wanted)
    following = cursors.encode(*inbox.cursor_of(shown[-1], query.sort)) if len(rows) > query.limit else None
    return Inbox(
        items=[_line(row) for row in shown], next_cursor=following, total=min(total, inbox.COUNT_LIMIT),
        more=total > inbox.COUNT_LIMIT,
    )  # fmt: skip


@endpoint("/tasks/<id:task_id>", answer=TaskWithForm, tag=TAG)
def get_task(call: Call, task_id: int) -> Answer:
    """Give a task with its form; its ETag goes into If-Match of the commands."""
    task, row = tasks.visible_task(call.session, call.actor, task_id)
    form = forms.form_of_task(call.session, task, row.definition_id)
    shown = TaskWithForm.model_construct(**dict(TaskShown.model_validate(task)), form=form)
    return Answer(shown, version=task.revision)


@endpoint("/tasks/<id:task_id>/claim", "POST", answer=TaskShown, tag=TAG, versioned=True)
def claim_task(call: Call, task_id: int) -> Answer:
    """Take a task of my posts for myself."""
    return _shown(tasks.claim_task(call.session, call.actor, task_id, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/unclaim", "POST", answer=TaskShown, tag=TAG, versioned=True)
def unclaim_task(call: Call, task_id: int) -> Answer:
    """Put a task that I took back to its posts."""
    return _shown(tasks.unclaim_task(call.session, call.actor, task_id, now=call.now, expected=call.expected))


@endpoint("/tasks/<id:task_id>/complete", "POST", body=Submission, answer=CompletedTask, tag=TAG, versioned=True)
def complete_task(call: Call, task_id: int, body: Submission) -> Answer:
    """Finish a task: the values are checked against its form and the instance goes on.

    A task that somebody else finished answers 409 with who and when.
    """
    task, row = tasks.finish_task(
        call.session, call.actor, task_id, body.values, now=call.now, expected=call.expected
    )
    shown = CompletedTask.model_construct(
        **dict(TaskShown.model_validate(task)), process_instance_status=row.status, process_instance_outcome=row.outcome
    )
    return Answer(shown, version=task.revision)


@endpoint("/tasks/<id:task_id>/due", "PUT", body=DueGiven, answer=TaskShown, tag=TAG, versioned=True)
def set_due(call: Call, task_id: int, body: DueGiven) -> Answer:
    """Set a task's due moment by hand; supervisors only."""
    return _shown(
        tasks.set_due(
            call.session, call.actor, task_id, body.due_at, body.reason, now=call.now, expected=call.expected
        )
    )


@endpoint("/tasks/<id:task_id>/draft", answer=DraftShown, tag=TAG)
def get_draft(call: Call, task_id: int) -> DraftShown:
    """Give my draft of a task; 404 where I kept none."""
    tasks.visible_task(call.session, call.actor, task_id)
    return DraftShown.model_validate(tasks.own_draft(call.session, call.actor, task_id))


@endpoint("/tasks/<id:task_id>/draft", "PUT", body=Draft, answer=DraftShown, tag=TAG)
def put_draft(call: Call, task_id: int, body: Draft) -> DraftShown:
    """Keep form values for myself until I finish the task."""
    if call.actor.user_id is None:
        raise InvalidInput(N_("草稿需要有填写人。"))
    tasks.save_draft(call.session, call.actor, task_id, body.values, now=call.now)
    return DraftShown(values=body.values, saved_at=call.now)


@endpoint("/tasks/<id:task_id>/draft", "DELETE", answer=Done, tag=TAG)
def delete_draft(call: Call, task_id: int) -> Done:
    """Forget my draft."""
    tasks.visible_task(call.session, call.actor, task_id)
    tasks.discard_draft(call.session, call.actor, task_id)
    return Done()


def _filter(call: Call, query: InboxQuery) -> inbox.InboxFilter:
    return inbox.InboxFilter(
        user_id=call.actor.user_id or 0, groups=call.actor.groups, process_key=query.process, kind=query.kind,
        unit_id=query.unit, holder="" if query.holder == "all" else query.holder,
        due_before=call.now if query.overdue else None, match=match(query.q), typed=query.q, sort=query.sort,
        standings=standings_of(call.actor),
    )  # fmt: skip


def _line(row: inbox.InboxRow) -> TaskLine:
    task = row.task
    return TaskLine(
        id=task.id, name=task.name, title=task.title, process_instance_id=task.instance_id, process_key=task.process_key,
        element_id=task.element_id, kind=task.kind, stage=task.stage, plan_id=task.plan_id, plan_code=row.plan_code,
        lead_unit=row.lead_unit, assignee_id=task.assignee_id, priority=task.priority, waiting=task.waiting,
        paused_for=task.paused_for, due_at=task.due_at, created_at=task.created_at,
        for_whom=row.for_whom,
    )  # fmt: skip


def _shown(task: Task) -> Answer:
    return Answer(TaskShown.model_validate(task), version=task.revision)
