"""From the bytes of a request to its model; what does not fit is named by its place, in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, cast

from flask import request
from pydantic import BaseModel, ValidationError

from workflow_service.domain.errors import BadRequest, InvalidInput, UnsupportedType
from workflow_service.i18n import N_, _

LARGEST_JSON_BYTES = 1_000_000
NOT_JSON = ("json_invalid", "json_type")


class Malformed(BadRequest):
    """The body is not JSON, or not the kind of body that belongs here."""

    code = "malformed_body"
    text = N_("请求内容不是有效的 JSON：%(reason)s。")


class Unfit(InvalidInput):
    """Members of the body or parameters of the address do not fit; `details["places"]` names each."""

    code = "invalid_request"
    text = N_("有 %(count)s 处不符合要求。")


def read_query(model: type[BaseModel]) -> BaseModel:
    """Read the parameters of the address. Raises Unfit."""
    values = request.args.to_dict()
    if any("\0" in value for value in values.values()):
        raise BadRequest(N_("请求里有不允许的空字符。"))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _unfit(error, lambda path: {"parameter": path.strip("/")}) from error


def read_body(model: type[BaseModel]) -> BaseModel:
    """Read a JSON body. Raises UnsupportedType, Malformed, Unfit."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise UnsupportedType(N_("请求内容应是 application/json。"), header="Content-Type")
    raw = request.get_data()
    try:
        found = model.model_validate_json(raw)
    except ValidationError as error:
        _refuse_malformed(error)
        raise _unfit(error, lambda path: {"pointer": f"#{path}"}) from error
    if b"\\u0000" in raw:
        raise BadRequest(N_("请求里有不允许的空字符。"))
    return found


def read_form(model: type[BaseModel], files: Iterable[str]) -> BaseModel:
    """Read the fields of a multipart body (its `files` are read by the view). Raises UnsupportedType, Unfit."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedType(N_("请求内容应是 multipart/form-data。"), header="Content-Type")
    values = {name: value for name, value in request.form.to_dict().items() if name not in files}
    if any("\0" in value for value in values.values()):
        raise BadRequest(N_("请求里有不允许的空字符。"))
    missing = [name for name in files if not request.files.getlist(name)]
    if missing:
        places = [{"field": name, "detail": _("请附上文件")} for name in missing]
        raise Unfit(count=len(places), places=places)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _unfit(error, lambda path: {"field": path.strip("/")}) from error


def request_hash() -> bytes:
    """Give a SHA-256 over address, parameters and content: what makes two requests the same."""
    digest = hashlib.sha256(f"{request.method} {request.full_path} {request.if_match}\n".encode())
    if request.mimetype == "multipart/form-data":
        _add_parts(digest)
    else:
        digest.update(request.get_data())
    return digest.digest()


def _add_parts(digest: Any) -> None:
    for name, value in sorted(request.form.items(multi=True), key=str):  # a part may come without a name
        digest.update(f"{name}={value}\n".encode())
    for name, file in sorted(request.files.items(multi=True), key=lambda pair: (str(pair[0]), pair[1].filename or "")):
        digest.update(f"{name}:{file.filename}\n".encode())
        digest.update(hashlib.file_digest(cast(Any, file.stream), "sha256").digest())
        file.stream.seek(0)


def _refuse_malformed(error: ValidationError) -> None:
    first = error.errors(include_url=False)[0]
    if first["type"] in NOT_JSON and not first["loc"]:
        reason = str(first.get("ctx", {}).get("error") or first["msg"])
        raise Malformed(reason=reason) from error


def _unfit(error: ValidationError, place_of: Any) -> Unfit:
    places = [
        place_of(pointer(one["loc"])) | {"detail": _in_words(one)}
        for one in error.errors(include_url=False, include_input=False)
    ]
    return Unfit(count=len(places), places=places)


def pointer(path: Iterable[Any]) -> str:
    """Give the JSON pointer (RFC 6901) of a path, empty for the whole."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _in_words(error: Any) -> str:
    text = _WORDS.get(error["type"])
    if text is None:
        return _(error["msg"]) if error["type"] in _OUR_OWN else _("不符合要求：%(reason)s", reason=error["msg"])
    return _(text, **error.get("ctx", {}))


_OUR_OWN = ("date_out_of_reach", "date_as_text", "not_a_number")
_WORDS = {
    "missing": N_("必填"),
    "extra_forbidden": N_("没有这个字段，请对照接口文档检查拼写"),
    "string_type": N_("应是文字"),
    "string_too_long": N_("不能超过 %(max_length)s 字"),
    "string_pattern_mismatch": N_("写法不对，应符合 %(pattern)s"),
    "string_too_short": N_("不能少于 %(min_length)s 字"),
    "int_type": N_("应是整数"),
    "int_parsing": N_("应是整数"),
    "int_from_float": N_("应是整数"),
    "bool_type": N_("应是 true 或 false"),
    "bool_parsing": N_("应是 true 或 false"),
    "dict_type": N_("应是一组字段"),
    "model_type": N_("应是一组字段"),
    "model_attributes_type": N_("应是一组字段"),
    "list_type": N_("应是列表"),
    "too_short": N_("至少 %(min_length)s 项"),
    "too_long": N_("最多 %(max_length)s 项"),
    "literal_error": N_("应是 %(expected)s 之一"),
    "greater_than_equal": N_("不能小于 %(ge)s"),
    "less_than_equal": N_("不能大于 %(le)s"),
    "timezone_aware": N_("时间必须带时区，例如 2026-10-12T09:00+08:00"),
    "datetime_parsing": N_("不是有效的时间，应写作 2026-10-12T09:00+08:00"),
    "datetime_from_date_parsing": N_("不是有效的时间，应写作 2026-10-12T09:00+08:00"),
    "datetime_type": N_("不是有效的时间，应写作 2026-10-12T09:00+08:00"),
    "date_parsing": N_("不是有效的日期，应写作 2026-10-12"),
    "date_from_datetime_parsing": N_("不是有效的日期，应写作 2026-10-12"),
    "date_from_datetime_inexact": N_("不是有效的日期，应写作 2026-10-12"),
    "date_type": N_("不是有效的日期，应写作 2026-10-12"),
}
