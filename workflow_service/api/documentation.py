"""The description of the interface for programs and for reading: openapi.json, Swagger UI from our own files, problem types."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, render_template

from workflow_service.i18n import _

from . import schema
from .problem_types import known_types
from .problem_words import ADVICE, ADVICE_BY_CODE, HTTP_TEXTS, TITLES

blueprint = Blueprint("apidocs", __name__, template_folder="templates")


def register(app: Flask) -> None:
    """Open the description; it needs no sign-in, for it tells nothing about anybody."""
    app.register_blueprint(blueprint)


@blueprint.get("/api/v1/openapi.json")
def openapi() -> Response:
    """Give the OpenAPI 3.1 document."""
    return Response(current_app.json.dumps(schema.document()), content_type="application/json")


@blueprint.get("/api/v1/docs")
def docs() -> str:
    """Show the document for reading and trying."""
    return render_template("apidocs/docs.html")


@blueprint.get("/problems/<code>")
def problem_type(code: str) -> tuple[str, int]:
    """Explain one type of problem: the page behind the `type` of problem details."""
    kind = known_types().get(code)
    texts = dict(HTTP_TEXTS.values())
    status = kind.status if kind else next((number for number, (name, _t) in HTTP_TEXTS.items() if name == code), 404)
    known = kind is not None or code in texts
    text = kind.text if kind else texts.get(code, "")
    advice = ADVICE_BY_CODE.get(code) or ADVICE.get(status, "")
    page = {"code": code, "known": known, "status": status, "title": _(TITLES.get(status, TITLES[500])),
            "text": _(text) if "%(" not in text else "", "advice": _(advice) if advice else ""}  # fmt: skip
    return render_template("apidocs/problem.html", **page), 200 if known else 404
