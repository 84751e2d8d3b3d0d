"""Files: their facts, their content, and those uploaded before there is a task or plan to hand them in with."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, send_file

from workflow_service.services import files

from .calls import Answer, Call, endpoint
from .shapes import Done
from .task_parts import shelf_of, store
from .task_shapes import AttachmentShown, UploadGiven

TAG = "attachments"
SHOWN_IN_PLACE = ("application/pdf", "image/png", "image/jpeg")


@endpoint("/attachments", "POST", form=UploadGiven, files=("file",), answer=AttachmentShown, status=201, tag=TAG)
def upload_attachment(call: Call, form: UploadGiven) -> Answer:
    """Upload a file to be handed in with an application or with minutes; until then only I see it."""
    return store(call, form)


@endpoint("/attachments/<id:attachment_id>", answer=AttachmentShown, tag=TAG)
def get_attachment(call: Call, attachment_id: int) -> AttachmentShown:
    """Give a file's facts."""
    return AttachmentShown.model_validate(files.visible_attachment(call.session, call.actor, attachment_id))


@endpoint("/attachments/<id:attachment_id>/content", tag=TAG, media="application/octet-stream")
def download_attachment(call: Call, attachment_id: int) -> Response:
    """Download a file that I may read; its ETag is its SHA-256."""
    attachment, path = files.open_file(call.session, call.actor, shelf_of(call), attachment_id)
    response = send_file(path, mimetype=attachment.media_type, etag=attachment.sha256, conditional=True, max_age=0)
    place = "inline" if attachment.media_type in SHOWN_IN_PLACE else "attachment"
    response.headers["Content-Disposition"] = f"{place}; filename*=UTF-8''{quote(attachment.name)}"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@endpoint("/attachments/<id:attachment_id>", "DELETE", answer=Done, tag=TAG)
def remove_attachment(call: Call, attachment_id: int) -> Done:
    """Take back a file that I uploaded, while its task is open."""
    files.remove_file(call.session, call.actor, attachment_id, now=call.now)
    return Done()
