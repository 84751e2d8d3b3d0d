"""Static files: compressed copies where the browser takes them, and addresses that change with the content.

`url_for("static", filename=…)` adds `v=<hash of the file>`, so a browser may keep what it has for a year.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory
from werkzeug.utils import safe_join

A_YEAR_SECONDS = 31_536_000


def install(app: Flask) -> None:
    """Serve the static folder of `app` this way."""
    app.view_functions["static"] = lambda filename: _send(str(app.static_folder), filename)
    app.url_defaults(lambda endpoint, values: _add_version(app, endpoint, values))


def _send(folder: str, filename: str) -> Response:
    packed = safe_join(folder, f"{filename}.gz")
    takes_gzip = "gzip" in request.accept_encodings
    if takes_gzip and packed is not None and Path(packed).is_file():
        plain_type = send_from_directory(folder, filename).mimetype
        response = send_from_directory(folder, f"{filename}.gz", mimetype=plain_type)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_from_directory(folder, filename)
    response.vary.add("Accept-Encoding")
    if "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR_SECONDS}, immutable"
    return response


def _add_version(app: Flask, endpoint: str, values: dict[str, object]) -> None:
    if endpoint != "static" or "v" in values:
        return
    file = Path(str(app.static_folder)) / str(values.get("filename"))
    if file.is_file():
        values["v"] = _fingerprint(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _fingerprint(file: Path, changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]
