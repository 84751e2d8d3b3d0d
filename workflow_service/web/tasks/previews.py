"""Files to look at without saving them: pdf and pictures in the browser, docx, xlsx and text by what stands in them.

A file comes from outside. It is answered under a policy of its own that lets nothing in it run or ask for anything; only our
own pages may frame it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Response, render_template, send_file
from flask.typing import ResponseReturnValue

from workflow_service.documents import preview as reading
from workflow_service.documents.preview import Preview, Unreadable
from workflow_service.services import files
from workflow_service.services.file_kinds import KINDS

from ..current import is_htmx, page_actor, page_session, wiring

PICTURES = frozenset({"image/png", "image/jpeg"})
PDF = "application/pdf"
READERS: dict[str, Callable[[Path], Preview]] = {
    KINDS["docx"].media_type: reading.preview_docx,
    KINDS["xlsx"].media_type: reading.preview_xlsx,
    KINDS["txt"].media_type: reading.preview_text,
    KINDS["csv"].media_type: reading.preview_text,
}
SHOWN = PICTURES | {PDF} | set(READERS)
FILE_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"


def shelf() -> files.FileShelf:
    """Where files stand."""
    settings = wiring().settings
    return files.FileShelf(settings.uploads, settings.upload_limit_mb)


def download(attachment_id: int) -> Response:
    """One file; pictures and PDF open in the browser, everything else is saved."""
    row, path = files.open_file(page_session(), page_actor(), shelf(), attachment_id)
    shown = row.media_type in PICTURES | {PDF}
    response = send_file(path, mimetype=row.media_type, download_name=row.name, as_attachment=not shown)
    # browsers show no pdf under "sandbox"; their viewer runs nothing of it in this page
    response.headers["Content-Security-Policy"] = FILE_POLICY if row.media_type == PDF else f"sandbox; {FILE_POLICY}"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def preview(attachment_id: int) -> ResponseReturnValue:
    """What a file says: as a page, or as the part that a page shows over itself."""
    row, path = files.open_file(page_session(), page_actor(), shelf(), attachment_id)
    found, reader = None, READERS.get(row.media_type)
    if reader is not None:
        try:
            found = reader(path)
        except Unreadable:
            found = None
    kind = "picture" if row.media_type in PICTURES else "pdf" if row.media_type == PDF else "text" if found else ""
    template = "parts/preview.html" if is_htmx() else "tasks/preview.html"
    return render_template(template, file=row, kind=kind, found=found)
