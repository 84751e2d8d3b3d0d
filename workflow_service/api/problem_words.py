"""Titles of problems by status, and what to do about them: by code where one thing helps, else by status."""

from __future__ import annotations

from workflow_service.i18n import N_

TITLES = {
    400: N_("请求无法识别"),
    401: N_("请先登录"),
    403: N_("没有权限"),
    404: N_("没有找到"),
    405: N_("不支持的操作"),
    406: N_("不支持的格式"),
    409: N_("内容已有变化"),
    412: N_("内容已有变化"),
    413: N_("文件太大"),
    415: N_("文件类型不对"),
    422: N_("内容需要更正"),
    428: N_("缺少依据的版本"),
    429: N_("操作过于频繁"),
    500: N_("处理时出错"),
    503: N_("服务暂时不可用"),
}

ADVICE = {
    400: N_("请对照 /api/v1/docs 检查请求的写法。"),
    401: N_("请在 Authorization 头里用 Bearer 方式带上有效的个人令牌；令牌在个人设置里自己生成。"),
    403: N_("如需办理，请联系本单位管理员调整岗位。"),
    404: N_("请检查编号；可能已被撤销，或不在您的权限范围内。"),
    405: N_("请对照 /api/v1/docs 检查方法，Allow 头列出了可用的方法。"),
    409: N_("没有任何内容被改动。请重新读取最新情况后再决定。"),
    412: N_("没有任何内容被改动。请重新读取，以新的 ETag 作 If-Match 再提交。"),
    413: N_("没有任何内容被保存。请拆分或压缩后重新提交。"),
    415: N_("没有任何内容被保存。请换成所列的类型后重新提交。"),
    422: N_("没有任何内容被改动。请按 errors 里列出的位置更正后重新提交。"),
    429: N_("请按 Retry-After 的秒数等待后重试。"),
    500: N_("没有任何内容被改动。请稍后重试；若仍不行，请把时间告诉管理员。"),
    503: N_("没有任何内容被改动。请稍后以同一个 Idempotency-Key 重试。"),
}

ADVICE_BY_CODE = {
    "bad_cursor": N_("去掉 cursor 参数，从第一页重新读取。"),
    "malformed_body": N_("请检查 JSON 是否完整、引号和逗号是否配对。"),
    "idempotency_key_reused": N_("同一请求重试时内容必须一字不差；新的请求请换一个新的 Idempotency-Key。"),
    "stale_csrf": N_("请刷新页面取得新的安全校验值，再以 X-CSRFToken 头提交；程序请改用个人令牌。"),
    "definition_refused": N_("没有部署任何文件。请按 errors 里列出的文件、行和元素更正后重新部署。"),
    "naive_datetime": N_("请写明与 UTC 的时差，例如 2026-10-12T09:00+08:00。"),
}

HTTP_TEXTS = {
    400: ("bad_request", N_("请求无法识别。")),
    401: ("sign_in_required", N_("请先登录。")),
    403: ("forbidden", N_("您没有此项操作的权限。")),
    404: ("not_found", N_("没有这个地址。")),
    405: ("method_not_allowed", N_("这个地址不支持所用的方法。")),
    406: ("not_acceptable", N_("不能以所要求的格式回答。")),
    413: ("too_large", N_("内容超过允许的大小。")),
    415: ("unsupported_type", N_("不接受这种类型的内容。")),
    429: ("too_many_requests", N_("操作过于频繁，请稍后再试。")),
    500: ("error", N_("处理时出错，请稍后重试。")),
    503: ("unavailable", N_("服务暂时不可用，请稍后重试。")),
}
