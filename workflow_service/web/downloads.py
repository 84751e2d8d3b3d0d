"""Answers that hand out a file: what it is follows from its name, which may be Chinese."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
MEDIA_TYPES = {
    "docx": DOCX, "xlsx": XLSX, "pdf": PDF, "csv": "text/csv", "bpmn": "application/xml", "dmn": "application/xml",
    "json": "application/json",
}  # fmt: skip


def download(content: bytes | str, name: str, *, inline: bool = False) -> Response:
    """Give a file under a name; `inline` lets the browser show it instead of keeping it."""
    ending = name.rpartition(".")[2]
    response = Response(content, mimetype=MEDIA_TYPES.get(ending, "application/octet-stream"))
    plain = name if name.isascii() else f"file.{ending}"
    place = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{place}; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return response
