"""What the operations on tasks are called: in the words of offices or, where the administrator chose so, of the OA suites."""

from __future__ import annotations

from flask import g, has_app_context

from workflow_service.i18n import N_, _
from workflow_service.services import wording

from .current import page_session

OPERATIONS: dict[str, tuple[str, str]] = {
    "claim": (N_("签收"), N_("认领")),
    "unclaim": (N_("放回"), N_("取消认领")),
    "keep": (N_("暂存"), N_("保存草稿")),
    "complete": (N_("提交"), N_("提交")),
    "return": (N_("退回"), N_("退回")),
    "transfer": (N_("转办"), N_("转交")),
    "reassign": (N_("改派"), N_("重新指派")),
    "delegate": (N_("委托办理"), N_("委派")),
    "sign": (N_("加签"), N_("加签")),
    "before": (N_("前加签"), N_("前加签")),
    "after": (N_("后加签"), N_("后加签")),
    "together": (N_("并加签"), N_("会签")),
    "remove_signer": (N_("减签"), N_("减签")),
    "assign": (N_("分办"), N_("分派")),
    "co_handle": (N_("协办"), N_("协作")),
    "consult": (N_("沟通"), N_("讨论")),
    "urge": (N_("催办"), N_("催办")),
    "retrieve": (N_("取回"), N_("拿回")),
    "withdraw": (N_("撤件"), N_("撤销")),
    "resubmit": (N_("退回补正"), N_("退回修改")),
    "instruct": (N_("批示交办"), N_("批示")),
    "disagree": (N_("不同意"), N_("驳回")),
    "suspend": (N_("暂停"), N_("挂起")),
    "resume": (N_("恢复"), N_("激活")),
    "terminate": (N_("终止"), N_("作废")),
    "jump": (N_("调整环节"), N_("跳转")),
    "reopen": (N_("重办"), N_("重启")),
    "countersign": (N_("会签"), N_("会签")),
    "any": (N_("或签"), N_("或签")),
    "vote": (N_("表决"), N_("投票")),
    "circulate": (N_("抄送、传阅"), N_("抄送")),
    "substitute": (N_("授权代办"), N_("代理")),
    "hand_over": (N_("工作移交"), N_("离职交接")),
    "batch": (N_("批量办理"), N_("批量处理")),
}
"""Each with its two names: the office's, the suites'."""
_SUITES = {office: suites for office, suites in OPERATIONS.values() if office != suites}


def operation_word(code: str) -> str:
    """The name of an operation in the wording that is chosen; an unknown code as it is."""
    if code not in OPERATIONS:
        return code
    office, suites = OPERATIONS[code]
    return _(suites if says_as_suites() else office)


def suites_word(office: str) -> str:
    """The suites' name where they are chosen and call it otherwise than offices do, in the reader's language; else nothing."""
    return _(_SUITES[office]) if office in _SUITES and says_as_suites() else ""


def says_as_suites() -> bool:
    """Whether the suites' names are chosen; asked once a request, and not where the database must not be asked (any more)."""
    if not has_app_context() or g.get("bare"):
        return False
    if "operation_names" not in g:
        g.operation_names = wording.operation_names(page_session())
    return bool(g.operation_names == wording.SUITES)
