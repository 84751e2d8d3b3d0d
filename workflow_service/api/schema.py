"""The OpenAPI 3.1 description: collected by spectree from each endpoint's models, completed with what all endpoints share.

Spectree describes and does not validate: it would read malformed JSON as an empty body and answer in a form of its own, so
`reading` and `problems` do that. It hangs beside the view, not around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel, Field
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from workflow_service import __version__

from .addresses import LARGEST_ID

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
BEARER = "bearer"
ABOUT = """Carries government development plans to approval. Every address needs a personal token
(`Authorization: Bearer …`) or the session cookie of a page with its `X-CSRFToken`. Errors are problem details (RFC 9457)."""


class Place(BaseModel):
    """Where something is wrong, and what."""

    detail: str
    pointer: str | None = Field(None, description="JSON pointer into the body")
    parameter: str | None = Field(None, description="parameter of the address")
    header: str | None = None
    field: str | None = Field(None, description="field of a multipart body")
    file: str | None = None
    element_id: str | None = Field(None, description="element of a diagram or table")
    line: int | None = Field(None, description="line of a file, from 1")
    row: int | None = Field(None, description="row of a table file, from 1")
    advice: str | None = None


class Problem(BaseModel):
    """Problem details: what happened, where, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    advice: str = Field(description="what to do")
    errors: list[Place] | None = None


def _short_name(model: Any) -> str:
    return re.sub(r"\W+", "_", model.__name__).strip("_")


tree = SpecTree(
    "flask",
    title="统筹 Tongchou",
    description=ABOUT,
    version=__version__,
    openapi_version="3.1.0",
    mode="strict",
    annotations=False,
    naming_strategy=_short_name,
    nested_naming_strategy=lambda parent, child: re.sub(r"\W+", "_", child).strip("_"),
    validation_error_model=Problem,
    security_schemes=[
        SecurityScheme(name=BEARER, data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer")),
    ],
    security=[{BEARER: []}],
)
_extras: dict[str, dict[str, Any]] = {}


def describe(
    view: Callable[..., Any], *, method: str, tag: str, answer: type[BaseModel] | None, status: int,
    query: type[BaseModel] | None, body: type[BaseModel] | None, form: type[BaseModel] | None, files: tuple[str, ...],
    media: str, versioned: bool,
) -> Callable[..., Any]:  # fmt: skip
    """Describe a view; gives the view itself, so that a request never passes through spectree."""
    name = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
    model: Any = {f"HTTP_{status}": answer} if answer is not None else {}
    responses = Answers(*(() if model else (f"HTTP_{status}",)), **model)

    @wraps(view)
    def bare(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    described = tree.validate(
        query=query, json=body, form=form, resp=responses, tags=(tag,), operation_id=name, skip_validation=True
    )(bare)
    _extras[name] = {"method": method, "files": files, "media": media, "status": str(status), "versioned": versioned}
    view.__wrapped__ = described  # type: ignore[attr-defined]
    return view


def document() -> dict[str, Any]:
    """Give the OpenAPI document of the current application."""
    found: dict[str, Any] = tree.spec
    if "x-completed" not in found["info"]:
        for operations in found["paths"].values():
            for operation in operations.values():
                _complete(operation, found["components"]["schemas"])
        found["info"]["x-completed"] = True
    return found


def _complete(operation: dict[str, Any], models: dict[str, Any]) -> None:
    extra = _extras[operation["operationId"]]
    for parameter in operation["parameters"]:
        if parameter["in"] == "path" and parameter["schema"] is None:
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        parameter["schema"] = _without_null_default(parameter["schema"])
    operation["parameters"] += _headers(extra)
    answers = operation["responses"]
    answers.pop("422", None)
    if extra["media"] != JSON:
        answers[extra["status"]]["content"] = {extra["media"]: {"schema": {"type": "string"}}}
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for status in _problem_statuses(extra, operation):
        answers[status] = {"description": _DESCRIPTIONS[status], "content": {PROBLEM_JSON: problem}}
    answers["default"] = {"description": "Problem details", "content": {PROBLEM_JSON: problem}}
    if extra["files"]:
        _add_files(operation, extra["files"], models)


def _headers(extra: dict[str, Any]) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    found = []
    if extra["method"] == "POST":
        about = "A repeated request with the same key and content gets the first answer; kept 24 hours"
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": text, "description": about})
    if extra["versioned"]:
        about = "The ETag of what was read; a newer version answers 412"
        found.append(
            {"name": "If-Match", "in": "header", "required": False, "description": about,
             "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'}}
        )  # fmt: skip
    return found


def _problem_statuses(extra: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    statuses = ["400", "401", "403", "422"]
    if any(parameter["in"] == "path" for parameter in operation["parameters"]):
        statuses.append("404")
    if extra["method"] != "GET":
        statuses += ["404", "409", "413", "415"] + (["412"] if extra["versioned"] else [])
    return sorted(set(statuses))


def _without_null_default(schema: dict[str, Any]) -> dict[str, Any]:
    """An optional parameter of an address is left out, never null."""
    kinds = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if len(kinds) == 1 and len(schema["anyOf"]) == 2:
        schema = {name: value for name, value in schema.items() if name not in ("anyOf", "default")} | kinds[0]
    return {name: value for name, value in schema.items() if not (name == "default" and value is None)}


def _add_files(operation: dict[str, Any], files: tuple[str, ...], models: dict[str, Any]) -> None:
    """The file parts stand beside the fields in one schema: two that both allow nothing else would allow nothing."""
    content = operation["requestBody"]["content"]["multipart/form-data"]
    fields = models[content["schema"]["$ref"].rpartition("/")[2]]
    one = {"type": "string", "format": "binary"}
    parts = {name: {"type": "array", "items": one, "minItems": 1} if name.endswith("s") else one for name in files}
    content["schema"] = fields | {
        "properties": fields.get("properties", {}) | parts,
        "required": [*fields.get("required", []), *files],
    }


_DESCRIPTIONS = {
    "400": "The request cannot be read",
    "401": "Nobody is signed in",
    "403": "Not allowed",
    "404": "Not found",
    "409": "Somebody else was first",
    "412": "The version is not the present one",
    "413": "Too large",
    "415": "Type not accepted",
    "422": "Values do not fit",
}
