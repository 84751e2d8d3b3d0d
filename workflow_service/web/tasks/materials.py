"""What lies beside the form: files, remarks, and who took the task."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _
from workflow_service.services import comments, files, tasks
from workflow_service.store import plan_list
from workflow_service.store.people import User
from workflow_service.store.runtime import Attachment, Task

from ..current import page_actor, page_now, page_session, transaction
from ..formats import deadline_settings
from . import previews


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks its files and remarks."""
    rule = blueprint.add_url_rule
    rule("/<int:task_id>/files", "upload", upload, methods=["POST"])
    rule("/<int:task_id>/comments", "comment", comment, methods=["POST"])
    rule("/<int:task_id>/due", "set_due", set_due, methods=["POST"])
    rule("/files/<int:attachment_id>", "download", previews.download)
    rule("/files/<int:attachment_id>/preview", "preview", previews.preview)


def files_of(session: Session, plan_id: int | None, instance_id: int) -> list[Attachment]:
    """Files of the plan and of the run that the reader may know of, each once."""
    reader, found = page_actor().user_id, dict[int, Attachment]()
    if plan_id is not None:
        found.update({file.id: file for file in plan_list.attachments(session, reader, plan_id=plan_id)})
    found.update({file.id: file for file in plan_list.attachments(session, reader, instance_id=instance_id)})
    return list(found.values())


def taken_by(session: Session, task: Task, user_id: int | None) -> str:
    """The name of somebody else who has taken the task, empty if nobody has."""
    if task.status != "open" or task.assignee_id in (None, user_id):
        return ""
    found = session.get(User, task.assignee_id)
    return found.name if found else ""


def upload(task_id: int) -> ResponseReturnValue:
    """Keep one file with the task; answers the list of files, or for a field of the form what it is to hold."""
    answer = keep_upload(task_id)
    if request.args.get("as") == "field":
        return jsonify(answer)
    task, row = tasks.visible_task(page_session(), page_actor(), task_id)
    return render_template("parts/files.html", files=files_of(page_session(), task.plan_id, row.id))


def keep_upload(task_id: int | None) -> dict[str, str]:
    """Store the file of this request with a task, or for its uploader; gives its id and name."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput(N_("请选择文件。"))
    with transaction() as session:
        kept = files.store_file(
            session, page_actor(), previews.shelf(), cast(BinaryIO, sent.stream), sent.filename, now=page_now(), task_id=task_id,
            declared_unclassified=bool(request.form.get("declared")),
            dossier_item=request.form.get("dossier_item", "")[:60],
        )  # fmt: skip
        return {"id": str(kept.id), "name": kept.name}


def comment(task_id: int) -> ResponseReturnValue:
    """Leave a remark on the run."""
    body = request.form.get("body", "").strip()
    with transaction() as session:
        comments.add_comment(session, page_actor(), body, task_id=task_id, now=page_now())
    flash(_("留言已保存，参与办理的人都能看到。"))
    return redirect(url_for("tasks.show", task_id=task_id) + "#comments")


def set_due(task_id: int) -> ResponseReturnValue:
    """Set a task's deadline by hand, to the close of a day; the reason is kept."""
    settings = deadline_settings()
    try:
        due_at = settings.close_of(read_day(request.form.get("due_on", "")))
    except ValueError as error:
        raise InvalidInput(N_("请选择日期。")) from error
    with transaction() as session:
        tasks.set_due(session, page_actor(), task_id, due_at, request.form.get("reason", ""), now=page_now())
    flash(_("时限已调整。"))
    return redirect(url_for("tasks.show", task_id=task_id))
