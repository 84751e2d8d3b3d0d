"""What a phone asks for to put the service on its home screen: the manifest, and the worker at the root of the address."""

from __future__ import annotations

from flask import Flask, Response, jsonify, send_from_directory, url_for

from workflow_service.i18n import _, current_language

from .static_files import STATIC

ACCENT, GROUND = "#14274a", "#f6f7f9"


def register(app: Flask) -> None:
    """Open both addresses to everybody: a browser asks for them without a session."""
    app.add_url_rule("/manifest.webmanifest", "manifest", manifest)
    app.add_url_rule("/service-worker.js", "service_worker", service_worker)


def manifest() -> Response:
    """What the icon is called, how it looks and where it leads."""
    drawn = [("192", "any"), ("512", "any"), ("512", "maskable")]
    icons = [
        {
            "src": url_for("static", filename=f"icons/{purpose}-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in drawn
    ]  # fmt: skip
    response = jsonify(
        name=_("统筹 · 规划审批"), short_name=_("统筹"), id="/", start_url="/tasks", scope="/", display="standalone",
        lang="zh-CN" if current_language() == "zh" else "en", theme_color=ACCENT, background_color=GROUND, icons=icons,
    )  # fmt: skip
    response.mimetype = "application/manifest+json"
    return response


def service_worker() -> Response:
    """The worker; asked for anew each time, so that a new version takes over at once."""
    return send_from_directory(STATIC, "service-worker.js", mimetype="text/javascript", max_age=0)
