"""The REST interface under /api/v1: one module a noun, problem details for every error. `register` opens it on an application."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from . import documentation, problems
from .addresses import NumberConverter
from .calls import blueprint

NOUNS = (
    "deployments",
    "definitions",
    "instances",
    "instance_parts",
    "tasks",
    "task_parts",
    "operations",
    "rounds",
    "batches",
    "adjustments",
    "attachments",
    "messages",
    "incidents",
    "decisions",
    "plans",
    "plan_runs",
    "catalogues",
    "catalogue_changes",
    "meetings",
    "supervision",
    "analysis",
    "listed_matters",
    "notice_slips",
    "special_reports",
    "extensions",
    "people",
    "own",
    "substitutions",
    "absences",
    "circulations",
    "office_work",
    "units",
)


def register(app: Flask) -> None:
    """Open the interface on `app`. Needs app.extensions["tongchou"]; comes after the pages, whose error pages it leaves alone."""
    app.url_map.converters["id"] = NumberConverter
    for noun in NOUNS:
        import_module(f"{__name__}.{noun}")
    if "csrf" in app.extensions:
        app.extensions["csrf"].exempt(blueprint)  # calls.py asks for the token itself, of cookies only
    app.register_blueprint(blueprint)
    problems.register(app)
    documentation.register(app)
