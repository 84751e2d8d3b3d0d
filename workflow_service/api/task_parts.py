"""What hangs on a task: remarks and files."""

from __future__ import annotations

from flask import request

from workflow_service.services import comments, files, tasks
from workflow_service.services.files import FileShelf
from workflow_service.store import instance_view, plan_list
from workflow_service.store.runtime import Attachment, Comment

from .calls import Answer, Call, endpoint
from .task_shapes import (
    Attachments,
    AttachmentShown,
    CommentGiven,
    Comments,
    CommentShown,
    UploadGiven,
)

TAG = "tasks"


@endpoint("/tasks/<id:task_id>/comments", answer=Comments, tag=TAG)
def list_task_comments(call: Call, task_id: int) -> Comments:
    """List the remarks on a task's instance, in the order written."""
    task, _row = tasks.visible_task(call.session, call.actor, task_id)
    return Comments(items=shown_comments(instance_view.comments_of(call.session, task.instance_id)))


@endpoint("/tasks/<id:task_id>/comments", "POST", body=CommentGiven, answer=CommentShown, status=201, tag=TAG)
def add_task_comment(call: Call, task_id: int, body: CommentGiven) -> Answer:
    """Write a remark on a task."""
    comment = comments.add_comment(call.session, call.actor, body.body, task_id=task_id, now=call.now)
    return Answer(shown_comments([(comment, call.actor.name)])[0])


@endpoint("/tasks/<id:task_id>/attachments", answer=Attachments, tag=TAG)
def list_task_attachments(call: Call, task_id: int) -> Attachments:
    """List the files of a task's instance."""
    task, _row = tasks.visible_task(call.session, call.actor, task_id)
    return shown_files(plan_list.attachments(call.session, call.actor.user_id, instance_id=task.instance_id))


@endpoint(
    "/tasks/<id:task_id>/attachments", "POST", form=UploadGiven, files=("file",), answer=AttachmentShown, status=201, tag=TAG
)
def add_task_attachment(call: Call, task_id: int, form: UploadGiven) -> Answer:
    """Upload a file to a task; kept by content, refused with a secrecy marking."""
    return store(call, form, task_id=task_id)


def store(call: Call, form: UploadGiven, *, task_id: int | None = None, plan_id: int | None = None) -> Answer:
    """Store the file of this request."""
    upload = request.files["file"]
    attachment = files.store_file(
        call.session, call.actor, shelf_of(call), upload.stream, upload.filename or "", now=call.now,  # type: ignore[arg-type]
        declared_unclassified=True, task_id=task_id, plan_id=plan_id, dossier_item=form.dossier_item,
    )  # fmt: skip
    return Answer(AttachmentShown.model_validate(attachment), location=f"/attachments/{attachment.id}")


def shelf_of(call: Call) -> FileShelf:
    """The folder for files that the settings name."""
    return FileShelf(call.settings.uploads, call.settings.upload_limit_mb)


def shown_comments(found: list[tuple[Comment, str]]) -> list[CommentShown]:
    """Remarks with their writers' names."""
    return [
        CommentShown(
            instance_id=one.instance_id, id=one.id, task_id=one.task_id, user_id=one.user_id, user_name=name, body=one.body,
            created_at=one.created_at,
        )  # type: ignore[call-arg]  # pydantic takes the alias
        for one, name in found
    ]  # fmt: skip


def shown_files(found: object) -> Attachments:
    """Files with their facts."""
    rows: list[Attachment] = list(found)  # type: ignore[call-overload]
    return Attachments(items=[AttachmentShown.model_validate(row) for row in rows])
