"""Headers that keep a page to itself: scripts, styles, pictures and requests from this host only."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # diagrams and charts place their parts by style attributes
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Set the headers on every answer and ask every form for its CSRF token."""
    CSRFProtect(app)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.after_request(_headers)


def _headers(response: Response) -> Response:
    given = {name.lower() for name, _value in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in given:
            response.headers.add(name, value)
    if request.endpoint != "static" and not request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-cache, private")
    return response
