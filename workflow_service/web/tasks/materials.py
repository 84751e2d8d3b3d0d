"""What lies beside the form: files, remarks, and who took the task."""

from __future__ import annotations

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_, _
from workflow_service.services import tasks
from workflow_service.store import instance_view, plan_list
from workflow_service.store.people import User
from workflow_service.store.runtime import Attachment, Task

from ..current import page_actor, page_now, page_session, transaction

_SHOWN_IN_BROWSER = {"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"}


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks its files and remarks."""
    rule = blueprint.add_url_rule
    rule("/<int:task_id>/files", "upload", upload, methods=["POST"])
    rule("/<int:task_id>/comments", "comment", comment, methods=["POST"])
    rule("/files/<int:attachment_id>", "download", download)


def files_of(session: Session, plan_id: int | None, instance_id: int) -> list[Attachment]:
    """Files of the plan and of the run, each once."""
    found: dict[int, Attachment] = {}
    if plan_id is not None:
        found.update({file.id: file for file in plan_list.attachments(session, plan_id=plan_id)})
    found.update({file.id: file for file in plan_list.attachments(session, instance_id=instance_id)})
    return list(found.values())


def taken_by(session: Session, task: Task, user_id: int | None) -> str:
    """The name of somebody else who has taken the task, empty if nobody has."""
    if task.status != "open" or task.assignee_id in (None, user_id):
        return ""
    found = session.get(User, task.assignee_id)
    return found.name if found else ""


def upload(task_id: int) -> ResponseReturnValue:
    """Keep one file with the task; answers the list of files, or for a field of the form what it is to hold."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput(N_("请选择文件。"))
    if not request.form.get("declared"):
        raise InvalidInput(N_("请先确认文件不含涉密内容。"))
    from workflow_service.services import files

    with transaction() as session:
        kept = files.store_file(
            session, page_actor(), sent.stream, sent.filename, task_id=task_id,
            dossier_item=request.form.get("dossier_item", "")[:60], now=page_now(),
        )  # fmt: skip
        answer = {"id": str(kept.id), "name": kept.name}
    if request.args.get("as") == "field":
        return jsonify(answer)
    task, row = tasks.visible_task(page_session(), page_actor(), task_id)
    return render_template("parts/files.html", files=files_of(page_session(), task.plan_id, row.id))


def download(attachment_id: int) -> Response:
    """One file; pictures and PDF open in the browser, everything else is saved."""
    row = instance_view.attachment_by_id(page_session(), attachment_id)
    if row is None:
        raise NotFound(N_("没有这个文件，或已被移除。"))
    from workflow_service.services import files

    stream = files.open_file(page_session(), page_actor(), attachment_id)
    response = send_file(
        stream, mimetype=row.media_type, download_name=row.name,
        as_attachment=row.media_type not in _SHOWN_IN_BROWSER,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    return response


def comment(task_id: int) -> ResponseReturnValue:
    """Leave a remark on the run."""
    from workflow_service.services import comments

    body = request.form.get("body", "").strip()
    with transaction() as session:
        comments.add_comment(session, page_actor(), task_id=task_id, body=body, now=page_now())
    flash(_("留言已保存，参与办理的人都能看到。"))
    return redirect(url_for("tasks.show", task_id=task_id) + "#comments")
