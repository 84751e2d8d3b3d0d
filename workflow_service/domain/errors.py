"""Every error the service raises on purpose: one base, one class a kind, each with its HTTP status.

`text` is a Chinese message marked with `N_`, with `%(name)s` places filled from `details` and translated only
when `message` is read, so an error raised in a job still reaches each reader in his own language:

    raise NotFound(N_("没有代码为“%(plan)s”的规划。"), plan=code)
"""

from __future__ import annotations

from typing import Any

from workflow_service.i18n import N_, _


class TongchouError(Exception):
    """Something went wrong that the service foresaw."""

    code = "error"
    status = 500
    text = N_("处理时出错，请稍后重试。")

    def __init__(self, text: str | None = None, /, **details: Any) -> None:
        self.text = text if text is not None else type(self).text
        self.details: dict[str, Any] = details
        super().__init__(self.text, details)

    @property
    def message(self) -> str:
        """Give the message in the current language."""
        try:
            return _(self.text, **self.details)
        except (KeyError, TypeError, ValueError):
            return _(self.text)

    def __str__(self) -> str:
        return self.message


class BadRequest(TongchouError):
    """The request cannot be read at all."""

    code = "bad_request"
    status = 400
    text = N_("请求无法识别。")


class SignInRequired(TongchouError):
    """Nobody is signed in, or the token is not valid."""

    code = "sign_in_required"
    status = 401
    text = N_("请先登录。")


class Forbidden(TongchouError):
    """The person may not do this."""

    code = "forbidden"
    status = 403
    text = N_("您没有此项操作的权限。")


class NotFound(TongchouError):
    """The thing asked for does not exist, or must not be known to this person."""

    code = "not_found"
    status = 404
    text = N_("没有找到所要的内容。")


class Conflict(TongchouError):
    """Somebody else was first, or the thing is no longer in a state that allows this."""

    code = "conflict"
    status = 409
    text = N_("内容已被他人更改，请刷新后再办理。")


class PreconditionFailed(TongchouError):
    """The version the person saw (If-Match) is no longer the current one."""

    code = "precondition_failed"
    status = 412
    text = N_("您看到的版本已不是最新，请刷新后再办理。")


class TooLarge(TongchouError):
    """The content exceeds a size limit."""

    code = "too_large"
    status = 413
    text = N_("内容超过允许的大小。")


class UnsupportedType(TongchouError):
    """The content is of a type that is not accepted here."""

    code = "unsupported_type"
    status = 415
    text = N_("不接受这种类型的文件。")


class InvalidInput(TongchouError):
    """The request can be read, but a value in it does not fit."""

    code = "invalid_input"
    status = 422
    text = N_("填写的内容不符合要求。")


class NaiveDatetime(InvalidInput):
    """A moment was given without its time zone."""

    code = "naive_datetime"
    text = N_("时间必须带时区，例如 2026-10-12T09:00+08:00。")


class PreconditionRequired(TongchouError):
    """The request must say which version it changes (If-Match) or carry an Idempotency-Key."""

    code = "precondition_required"
    status = 428
    text = N_("请求必须说明所依据的版本。")


class TooManyRequests(TongchouError):
    """Too many attempts in too short a time."""

    code = "too_many_requests"
    status = 429
    text = N_("操作过于频繁，请稍后再试。")


class Unavailable(TongchouError):
    """Something the service needs does not answer at the moment."""

    code = "unavailable"
    status = 503
    text = N_("服务暂时不可用，请稍后重试。")


class Busy(Unavailable):
    """Another command holds what this one needs for longer than a command may wait."""

    code = "busy"
    text = N_("同一流程正在办理另一步骤，请稍后重试。")
