"""Error pages: what happened, what was kept, what to do. The one place that maps errors to pages."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from workflow_service.domain.errors import SignInRequired, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.store import failures

from .current import give_up_reading, is_in_background

TITLES = {
    400: N_("请求无法识别"),
    401: N_("请先登录"),
    403: N_("没有权限"),
    404: N_("没有找到"),
    405: N_("不支持的操作"),
    409: N_("内容已有变化"),
    412: N_("内容已有变化"),
    413: N_("文件太大"),
    415: N_("文件类型不对"),
    422: N_("内容需要更正"),
    429: N_("操作过于频繁"),
    500: N_("处理时出错"),
    503: N_("服务暂时不可用"),
}
ADVICE = {
    400: N_("请返回上一页重试；若仍不行，请联系管理员。"),
    403: N_("如需办理，请联系本单位管理员调整岗位。"),
    404: N_("可能已被撤销，或不在您的权限范围内。可以用上方搜索框查找。"),
    409: N_("您填写的内容没有提交。请查看最新情况后再决定。"),
    412: N_("您填写的内容没有提交。请刷新页面后重新办理。"),
    413: N_("没有任何内容被保存。请拆分或压缩后重新提交。"),
    500: N_("没有任何内容被改动。请稍后重试；若仍不行，请把下面的时间告诉管理员。"),
    503: N_("没有任何内容被改动。请稍后重试。"),
}
STALE_PAGE = N_("页面停留时间过长，安全校验已失效。请返回上一页刷新后再提交，已填写的内容保存在草稿中。")


def register(app: Flask) -> None:
    """Show TongchouError, HTTP errors and a stale form as pages."""
    app.register_error_handler(TongchouError, show_error)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _unholdable)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _database)
    app.register_error_handler(Exception, _unforeseen)


def show_error(error: TongchouError) -> ResponseReturnValue:
    """The page for a foreseen error; who is not signed in goes to the sign-in page."""
    if error.status >= 500:
        give_up_reading(error)
    if isinstance(error, SignInRequired) and not _for_machine():
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]  # set by Flask-Login
    return error_page(error.status, error.message, code=error.code)


def error_page(status: int, message: str, *, code: str = "") -> ResponseReturnValue:
    """A whole page, a fragment for an open page, or problem details for a machine."""
    title = _(TITLES.get(status, TITLES[500]))
    if _for_machine():
        body = {
            "type": f"urn:tongchou:problem:{code or status}",
            "title": title,
            "status": status,
            "detail": message,
        }
        return body, status, {"Content-Type": "application/problem+json"}
    page: dict[str, Any] = {
        "title": title,
        "message": message,
        "advice": ADVICE.get(status),
        "status": status,
    }
    template = "parts/problem.html" if is_in_background() else "error.html"
    return render_template(template, **page), status


def _for_machine() -> bool:
    return request.path.startswith("/api/")


def _stale(error: CSRFError) -> ResponseReturnValue:
    """A token goes with its session: where that is gone, signing in again is what helps."""
    if not current_user.is_authenticated and request.endpoint != "auth.sign_in" and not _for_machine():
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]  # set by Flask-Login
    return error_page(400, _(STALE_PAGE), code="stale_form")


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    return error_page(error.code, _(TITLES.get(error.code, TITLES[400])) + _("。"))


def _unholdable(error: DataError) -> ResponseReturnValue:
    """A number beyond every id, a text with NUL: the database refuses to look, and nothing like it can be stored."""
    give_up_reading(error)
    return error_page(400, _("地址或内容里有无法识别的数字或字符，请检查后重试。"), code="unreadable_value")


def _database(error: Exception) -> ResponseReturnValue:
    known = failures.foreseen(error)
    if known is None:
        return _unforeseen(error)
    give_up_reading(error)
    return show_error(known)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    give_up_reading(error)
    current_app.logger.exception("unforeseen error at %s %s", request.method, request.path)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    return error_page(500, _("处理时出错，请稍后重试。"))
