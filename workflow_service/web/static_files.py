"""Static files: addresses that change with the content, kept by the browser for a year, sent compressed where built so."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory

STATIC = Path(__file__).parent / "static"
ONE_YEAR_S = 365 * 24 * 3600
_NAMED_BY_CONTENT = re.compile(r"-[A-Z0-9]{8}\.\w+$")  # as esbuild names chunks and fonts
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def register(app: Flask) -> None:
    """Serve `web/static` in place of Flask's own route, with fingerprints in the addresses."""
    if "static" in app.view_functions:
        app.view_functions["static"] = _serve
    else:
        app.add_url_rule("/static/<path:filename>", "static", _serve)
    app.url_defaults(_fingerprint)


def _fingerprint(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values:
        values["v"] = fingerprint(values["filename"])


def fingerprint(filename: str) -> str:
    """Eight characters of the content's hash; empty for a file that is not there."""
    path = STATIC / filename
    try:
        return _hash(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@cache
def _hash(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def _serve(filename: str) -> Response:
    response = _compressed(filename) or send_from_directory(STATIC, filename)
    if request.args.get("v") or _NAMED_BY_CONTENT.search(filename):
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_S}, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _compressed(filename: str) -> Response | None:
    for encoding, suffix in _ENCODINGS:
        if encoding in request.accept_encodings and (STATIC / f"{filename}{suffix}").is_file():
            plain = send_from_directory(STATIC, filename)
            response = send_from_directory(STATIC, f"{filename}{suffix}", mimetype=plain.mimetype)
            plain.close()
            response.headers["Content-Encoding"] = encoding
            return response
    return None
