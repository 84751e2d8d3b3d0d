"""Every error as problem details (RFC 9457): what happened, where, and what to do. The one place that maps them.

`type` is a relative address, `/problems/<code>`, whose page says more. `errors` names each place: a `pointer` into the body, a
`parameter`, a `header`, a form `field`, an `element_id` with file and line, or a `row`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from workflow_service.domain.errors import SignInRequired, TongchouError, TooLarge
from workflow_service.i18n import N_, _
from workflow_service.store import failures

from .problem_words import ADVICE, ADVICE_BY_CODE, HTTP_TEXTS, TITLES

PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2
PLACES = ("parameter", "header", "pointer", "field", "element_id", "file", "row", "line")

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Answer errors below /api/ with problem details; what handled them before goes on for other addresses."""
    _share(app, TongchouError, _foreseen)
    _share(app, HTTPException, _http)
    _share(app, DBAPIError, _database)
    _share(app, PoolTimeout, _database)
    _share(app, Exception, _unforeseen)


def problem(error: TongchouError) -> Response:
    """Give the answer for a foreseen error."""
    body = _body(error.status, error.code, error.message)
    if errors := _errors(error):
        body["errors"] = errors
    body |= {name: error.details[name] for name in ("by", "at", "task", "present") if name in error.details}
    response = _answer(body)
    if isinstance(error, SignInRequired):
        response.headers["WWW-Authenticate"] = 'Bearer realm="tongchou"'
    if error.status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _body(status: int, code: str, detail: str) -> dict[str, Any]:
    advice = ADVICE_BY_CODE.get(code) or ADVICE.get(status) or ""
    return {
        "type": f"/problems/{code}",
        "title": _(TITLES.get(status, TITLES[500 if status >= 500 else 400])),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "advice": _(advice) if advice else "",
    }


def _errors(error: TongchouError) -> list[dict[str, Any]]:
    """Name the places: of a definition by element, of a form by field, of an import by row, of a request by member."""
    if (by_file := getattr(error, "by_file", None)) is not None:
        return [{"file": name} | of_definition(one) for name, found in by_file.items() for one in found]
    if (found := getattr(error, "problems", None)) is not None:
        return [of_definition(one) for one in found]
    if (reasons := getattr(error, "reasons", None)) is not None:
        return [{"pointer": "#", "detail": str(reason)} for reason in reasons]
    details = error.details
    if "places" in details:
        return list(details["places"])
    if "fields" in details:
        return [
            {"pointer": f"#/values/{one['field']}".rstrip("/"), "detail": one["message"]} for one in details["fields"]
        ]
    place = {name: details[name] for name in PLACES if details.get(name) is not None}
    if "line" not in place and (line := getattr(error, "line", None)):
        place["line"] = line
    return [{**place, "detail": error.message}] if place else []


def of_definition(found: Any) -> dict[str, Any]:
    """Give a finding of a diagram or table as a place."""
    plain = {name: value for name, value in found.to_plain().items() if value not in (None, "")}
    plain["detail"] = plain.pop("message", "")
    return plain


def _answer(body: dict[str, Any]) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), body["status"], content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _foreseen(error: TongchouError) -> Response:
    return problem(error)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()  # type: ignore[return-value]
    if isinstance(error, RequestEntityTooLarge):
        limit = (request.max_content_length or current_app.config["MAX_CONTENT_LENGTH"]) // 1_000_000
        return problem(TooLarge(N_("请求内容超过 %(limit)s MB。"), limit=limit))
    code, text = HTTP_TEXTS.get(error.code, HTTP_TEXTS[400])
    response = _answer(_body(error.code, code, _(text)))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _database(error: Exception) -> Response:
    known = failures.foreseen(error)
    return problem(known) if known is not None else _unforeseen(error)


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen error at %s %s", request.method, request.path, exc_info=error)
    return problem(TongchouError())


def _share(app: Flask, kind: type[Exception], ours: Callable[[Any], Response]) -> None:
    theirs: Callable[[Any], Any] | None = app.error_handler_spec[None][None].get(kind)
    if theirs is None and issubclass(kind, DBAPIError | PoolTimeout):
        theirs = app.error_handler_spec[None][None].get(Exception)

    def handle(error: Any) -> Any:
        if request.path.startswith(PREFIX):
            return ours(error)
        if theirs is not None:
            return theirs(error)
        if isinstance(error, HTTPException):
            return error
        raise error

    app.register_error_handler(kind, handle)
