"""One request to the interface: who calls, in one transaction, with one answer kept under the caller's Idempotency-Key.

    @endpoint("/tasks/<id:task_id>/complete", "POST", body=CompleteTask, answer=TaskShown, tag="tasks")
    def complete(call: Call, task_id: int, body: CompleteTask) -> Answer: ...

The view reads nothing of Flask: it gets the session, the actor, the business time and the models that it asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask import session as cookie
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from workflow_service import failpoints, i18n
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.errors import BadRequest, Conflict, Forbidden, InvalidInput, SignInRequired
from workflow_service.i18n import N_
from workflow_service.identity import access
from workflow_service.identity.actor import Actor
from workflow_service.identity.groups import remember_version
from workflow_service.store import idempotency

from . import reading
from .preconditions import expected_version
from .schema import describe

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
JSON = "application/json"
LONGEST_KEY = 255


class KeyReused(InvalidInput):
    """An Idempotency-Key came back with another request."""

    code = "idempotency_key_reused"
    text = N_("这个 Idempotency-Key 已用于另一个不同的请求。")


class StaleToken(BadRequest):
    """A request with a session cookie lacks the page's CSRF token, or has one that no longer fits."""

    code = "stale_csrf"
    text = N_("页面的安全校验已失效，请求没有执行。")


@dataclass(frozen=True)
class Call:
    """What a view has at hand. `expected` is the version that If-Match names, None for any.

    `opening` opens transactions of their own, for a batch; `key` is the Idempotency-Key, empty without one.
    """

    session: Session
    actor: Actor
    now: datetime
    expected: int | None
    settings: Any
    opening: Callable[[], AbstractContextManager[Session]]
    key: str = ""


@dataclass(frozen=True)
class Answer:
    """What a view gives back; `version` becomes the ETag."""

    body: BaseModel | None = None
    version: int | None = None
    location: str = ""
    status: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """What one address takes and gives."""

    view: Callable[..., Any]
    method: str
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    form: type[BaseModel] | None
    files: tuple[str, ...]
    status: int


def endpoint(
    rule: str, method: str = "GET", *, tag: str, answer: type[BaseModel] | None = None, status: int = 200,
    query: type[BaseModel] | None = None, body: type[BaseModel] | None = None, form: type[BaseModel] | None = None,
    files: tuple[str, ...] = (), media: str = JSON, versioned: bool = False, limit_bytes: int | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Open a view at an address below /api/v1 and describe it in the OpenAPI document.

    `files` are names of file parts; `limit_bytes` the largest body (JSON: 1 MB, files: the server's limit).
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        spec = Endpoint(view, method, query, body, form, files, status)
        limit = limit_bytes if limit_bytes is not None or form is not None else reading.LARGEST_JSON_BYTES

        @wraps(view)
        def answer_request(**path: Any) -> Response:
            if limit is not None:
                request.max_content_length = limit
            return _handle(spec, path)

        described = describe(
            answer_request, method=method, tag=tag, answer=answer, status=status, query=query, body=body, form=form,
            files=files, media=media, versioned=versioned,
        )  # fmt: skip
        blueprint.add_url_rule(rule, f"{view.__module__.rpartition('.')[2]}_{view.__name__}", described, methods=[method])
        return view

    return decorate


def _handle(spec: Endpoint, path: dict[str, Any]) -> Response:
    wiring = current_app.extensions["tongchou"]
    i18n.set_language(_wanted_language() or wiring.settings.language)
    _require_credentials()
    _take_in(spec)
    with wiring.database.transaction() as session:
        now = wiring.now()
        actor = _actor(session, now)
        if _wanted_language() is None:
            i18n.set_language(actor.language)
        key = request.headers.get("Idempotency-Key", "")
        call = Call(session, actor, now, expected_version(), wiring.settings, wiring.database.transaction, key)
        response = _answered(spec, call, path)
        if spec.method in CHANGING:
            failpoints.reach("before-commit")
    if spec.method in CHANGING:
        failpoints.reach("after-commit")
    return response


def _answered(spec: Endpoint, call: Call, path: dict[str, Any]) -> Response:
    key = _request_key(call.actor) if spec.method == "POST" else None
    if key is not None and (kept := _kept_answer(call.session, key)) is not None:
        return kept
    response = _respond(spec, spec.view(call, **path, **_models(spec)))
    if key is not None:
        headers = {name: response.headers[name] for name in ("ETag", "Location") if name in response.headers}
        body = {"text": response.get_data(as_text=True), "headers": headers}
        idempotency.keep_answer(call.session, key, response.status_code, body)
    return response


def _models(spec: Endpoint) -> dict[str, BaseModel]:
    models: dict[str, BaseModel] = {}
    if spec.query is not None:
        models["query"] = reading.read_query(spec.query)
    if spec.body is not None:
        models["body"] = reading.read_body(spec.body)
    if spec.form is not None:
        models["form"] = reading.read_form(spec.form, spec.files)
    return models


def _respond(spec: Endpoint, given: Any) -> Response:
    if isinstance(given, Response):
        return given
    answer = given if isinstance(given, Answer) else Answer(given)
    text = answer.body.model_dump_json() if answer.body is not None else ""
    response = Response(text, answer.status or spec.status, content_type=JSON if text else None)
    if answer.version is not None:
        response.set_etag(str(answer.version))
    if answer.location:
        response.headers["Location"] = blueprint.url_prefix + answer.location  # type: ignore[operator]
    response.headers["Cache-Control"] = "no-store"
    return response


def _take_in(spec: Endpoint) -> None:
    """Receive the whole body before the transaction begins, however slow the sender is; 413 comes from here."""
    if spec.form is not None:
        _ = request.files
    elif spec.method in CHANGING:
        request.get_data()


def _request_key(actor: Actor) -> idempotency.RequestKey | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or actor.user_id is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadRequest(N_("Idempotency-Key 应为 1 到 255 个可见的 ASCII 字符。"), header="Idempotency-Key")
    return idempotency.RequestKey(actor.user_id, f"{request.method} {request.url_rule}", key)


def _kept_answer(session: Session, key: idempotency.RequestKey) -> Response | None:
    wanted = reading.request_hash()
    try:
        kept = idempotency.take_key(session, key, wanted)
    except OperationalError as error:
        raise Conflict(N_("同一个 Idempotency-Key 的请求还在处理，请稍后重试。"), header="Idempotency-Key") from error
    if kept is None:
        return None
    if kept.request_hash != wanted:
        raise KeyReused(header="Idempotency-Key")
    response = Response(kept.body["text"], kept.status, content_type=JSON if kept.body["text"] else None)
    response.headers.update(kept.body["headers"])
    response.headers["Idempotency-Replayed"] = "true"
    response.headers["Cache-Control"] = "no-store"
    return response


def _wanted_language() -> str | None:
    return request.accept_languages.best_match(i18n.LANGUAGES) if request.accept_languages else None


def _require_credentials() -> None:
    """Refuse who shows nothing at all before reading what he sends."""
    if "Authorization" not in request.headers and "_user_id" not in cookie:
        raise SignInRequired()


def _actor(session: Session, now: datetime) -> Actor:
    today = now.astimezone(CHINA).date()
    address = request.remote_addr or ""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _space, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise SignInRequired(N_("Authorization 应写作“Bearer 令牌”。"), header="Authorization")
        return access.bearer(session, token, address, today, now)
    return _actor_of_page(session, address, today)


def _actor_of_page(session: Session, address: str, today: Any) -> Actor:
    from flask_login import current_user

    if not hasattr(current_app, "login_manager") or not current_user.is_authenticated:
        raise SignInRequired()
    _require_page_token()
    found = access.signed_in(session, current_user.id, "web", address, today, cookie.get("unit_id"))
    if found is None:
        raise SignInRequired()
    if found.user.must_change_password:
        raise Forbidden(N_("请先修改初始密码。"))
    remember_version(session, found.actor.structure)
    return replace(found.actor, source="web")


def _require_page_token() -> None:
    from flask_wtf.csrf import validate_csrf
    from wtforms import ValidationError

    if request.method not in CHANGING:
        return
    try:
        validate_csrf(request.headers.get("X-CSRFToken"))
    except ValidationError as error:
        raise StaleToken(header="X-CSRFToken") from error
