"""The office words for the codes that the tables hold. Unknown codes (of a route drawn elsewhere) show as they are."""

from __future__ import annotations

import re

from workflow_service.domain.absences import AbsenceKind
from workflow_service.domain.approvals import (
    Adoption,
    CatalogueDecision,
    Choice,
    ConfirmationResult,
    FilingResult,
    MeetingResult,
)
from workflow_service.domain.catalogue import ChangeKind
from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.plans import (
    Category,
    DossierItem,
    Importance,
    Level,
    OrderedBy,
    PlanState,
    ReviewForm,
    Stage,
    Tier,
)
from workflow_service.domain.rhythms import Rhythm
from workflow_service.domain.rounds import RoundMode
from workflow_service.domain.words import Labelled
from workflow_service.i18n import N_, _
from workflow_service.identity.words import ROLE_NAMES
from workflow_service.services import forms
from workflow_service.store import people_queries
from workflow_service.store.runtime import Task

from .current import page_session
from .forms.fields import choices_of
from .operation_words import suites_word


def _words(*kinds: type[Labelled]) -> dict[str, str]:
    return {member.value: member.word for kind in kinds for member in kind}


CATEGORIES, LEVELS, TIERS, IMPORTANCE = _words(Category), _words(Level), _words(Tier), _words(Importance)
STAGES, PLAN_STATUS = _words(Stage), _words(PlanState)
ROUTES = {
    "registration": N_("规划立项"),
    "people_congress": N_("人大审议批准"),
    "government_executive_meeting": N_("政府审批"),
    "departmental_self_issue": N_("部门自行印发"),
    "filing": N_("规划备案"),
    "revision": N_("规划修订"),
    "midterm_evaluation": N_("中期评估"),
    "weekly_report": N_("周报送"),
    "ten_day_bulletin": N_("旬通报"),
    "listed_supervision": N_("挂牌督办"),
    "notice_slip": N_("抄告单"),
    "special_report": N_("专报"),
    "catalogue_change": N_("目录调整"),
    "dossier_check": N_("要件核对"),
    "coordination": N_("规划衔接"),
    "environmental_review": N_("环境影响评价"),
    "water_review": N_("水资源论证"),
    "expert_review": N_("专家论证"),
    "consultation": N_("征求意见"),
    "party_committee_review": N_("党委审定"),
    "meeting": N_("上会审议"),
    "issue_and_archive": N_("印发与入库"),
    "parallel_review": N_("并联衔接审查"),
}
DECISIONS = {
    "congress_organ": N_("人大审议机关"),
    "deadlines": N_("办理时限"),
    "dossier_items": N_("报批要件"),
    "government_consent": N_("印发前政府同意"),
    "review_form": N_("审议形式"),
    "route_selection": N_("审批路线"),
}
REVIEW_FORMS = {
    **_words(ReviewForm),
    "people_congress": N_("人民代表大会"),
    "drc_office_meeting": N_("委主任办公会"),
    "catalogue_list": N_("立项清单审批"),
}
MEETING_RESULTS, CATALOGUE_RESULTS = _words(MeetingResult), _words(CatalogueDecision)
MEETING_STATUS = {"planned": N_("待召开"), "held": N_("已召开"), "cancelled": N_("已取消")}
INSTANCE_STATUS = {
    "active": N_("办理中"),
    "suspended": N_("已暂停"),
    "completed": N_("已办结"),
    "terminated": N_("已终止"),
}
TASK_STATUS = {"open": N_("待办"), "completed": N_("已办"), "cancelled": N_("已取消")}
ACTIVITY_STATUS = {
    "waiting": N_("进行中"),
    "started": N_("进行中"),
    "active": N_("进行中"),
    "completed": N_("已完成"),
    "cancelled": N_("已取消"),
    "skipped": N_("已跳过"),
    "failed": N_("出错"),
    "incident": N_("出错"),
}
TASK_KINDS = {
    "draft": N_("拟稿"),
    "check": N_("核对"),
    "opinion": N_("出具意见"),
    "confirm": N_("确认"),
    "decide": N_("决定"),
    "record": N_("代录"),
    "inform": N_("阅知"),
}
RESULT_KINDS = {"notice": N_("印发通知"), "plan": N_("规划文本")}
BULLETIN_STATUS = {"draft": N_("草稿"), "review": N_("待发布"), "released": N_("已发布")}
EVENTS = {
    "applied": N_("提出立项申请"),
    "registered": N_("立项并赋码"),
    "stage_changed": N_("进入阶段"),
    "issued": N_("印发"),
    "notice_issued": N_("制发印发通知"),
    "filed": N_("备案登记"),
    "archived": N_("归档"),
    "re_dated": N_("调整时限"),
    "lead_unit_changed": N_("更换牵头单位"),
    "merged": N_("合并"),
    "split": N_("拆分"),
    "took_over": N_("承接"),
    "refused": N_("不予立项"),
    "pending": N_("暂缓立项"),
    "revised": N_("完成修订"),
    "forwarded": N_("上报备案"),
    "withdrawn": N_("撤销"),
    "route_started": N_("进入审批流程"),
    "evaluated": N_("完成评估"),
    "route": N_("确定审批路线"),
    "review_form_settled": N_("确定审议形式"),
    "filing_returned": N_("备案补正"),
}
PAUSES = {
    "meeting": N_("等待上会"),
    "answer": N_("等待答复"),
    "suspended": N_("流程暂停"),
    "by_hand": N_("人工调整"),
    "asked": N_("申请延期"),
    "extended": N_("同意延期"),
    "refused": N_("不同意延期"),
}
LISTED_STATES = {
    "open": N_("在督"), "asked": N_("待核验"), "struck_off": N_("已销号"), "withdrawn": N_("已撤销"),
}  # fmt: skip
EXTENSION_STATUS = {"open": N_("待批"), "granted": N_("已同意"), "refused": N_("未同意")}
CHANGE_STATES = {
    "open": N_("在办"), "approved": N_("已批准"), "refused": N_("未通过"), "withdrawn": N_("已撤回"), "dropped": N_("已终止"),
}  # fmt: skip
LISTED_NOTES = {
    "listed": N_("挂牌"), "progress": N_("报送进展"), "asked": N_("申请销号"), "refused": N_("继续整改"),
    "struck_off": N_("销号"), "responsible": N_("更换责任人"),
}  # fmt: skip
NOTICE_KINDS = {
    "digest": N_("日督促"),
    "weekly_ledger": N_("周调度台账"),
    "weekly_late": N_("未按时报送"),
    "daily": N_("日督促"),
    "weekly": N_("周报送"),
    "ten_day": N_("旬通报"),
    "task": N_("待办"),
    "bulletin": N_("通报"),
    "urge": N_("催办"),
    "incident": N_("流程异常"),
    "asked": N_("请您办理"),
    "given_back": N_("办完交回"),
    "task_ended": N_("无需再办"),
    "substitute": N_("授权代办"),
    "absence": N_("请假外出"),
    "circulation": N_("抄送传阅"),
    "timed_out": N_("办理超时"),
    "instructed": N_("领导批示"),
    "listed": N_("挂牌督办"),
    "slip": N_("抄告单"),
    "special_report": N_("专报"),
    "catalogue": N_("目录调整"),
    "extension": N_("延期"),
    "escalated": N_("报上级"),
    "handed_over": N_("工作移交"),
    "unit_merged": N_("机构调整"),
    "suspended": N_("流程暂停"),
    "resumed": N_("流程恢复"),
    "try": N_("测试"),
    "other": N_("其他消息"),
}
CHANNELS = {"email": N_("邮件"), "robot": N_("我的机器人"), "robot:own": N_("我的机器人"), "sms": N_("短信")}
DELIVERY_STATUS = {"pending": N_("待发送"), "sent": N_("已送达"), "failed": N_("已放弃")}
DOSSIER_ITEMS = {
    **_words(DossierItem),
    "minutes": N_("会议纪要"),
    "order": N_("交办文件"),
    "issued_text": N_("印发文本"),
    "other": N_("其他材料"),
}
OUTCOMES = {
    **_words(Adoption, ConfirmationResult, FilingResult, MeetingResult, CatalogueDecision, Choice),
    "agree": N_("同意"),
    "agreed": N_("同意"),
    "agree_with_changes": N_("修改后同意"),
    "disagree": N_("不同意"),
    "complete": N_("齐全"),
    "incomplete": N_("不齐全"),
    "return": N_("退回"),
    "returned": N_("退回"),
    "submit": N_("提交"),
    "submitted": N_("已提交"),
    "approve": N_("批准"),
    "approved": N_("批准"),
    "refuse": N_("不予通过"),
    "refused": N_("不予通过"),
    "no_comment": N_("无意见"),
    "passed": N_("通过"),
    "done": N_("办结"),
    "confirm": N_("确认"),
    "confirmed": N_("确认"),
    "read": N_("已阅"),
    "merged": N_("合并"),
    "pending": N_("暂缓"),
    "correct": N_("补正"),
    "register": N_("登记"),
    "registered": N_("已登记"),
    "release": N_("发布"),
    "released": N_("已发布"),
}
ELEMENTS = {
    "startEvent": N_("开始"), "endEvent": N_("结束"), "exclusiveGateway": N_("判断"), "parallelGateway": N_("并行"),
    "inclusiveGateway": N_("多选"), "eventBasedGateway": N_("等待事件"), "userTask": N_("办理"), "serviceTask": N_("系统处理"),
    "scriptTask": N_("系统计算"), "businessRuleTask": N_("查决策表"), "callActivity": N_("调用流程"), "subProcess": N_("子流程"),
    "receiveTask": N_("等待消息"), "sendTask": N_("发送消息"), "boundaryEvent": N_("边界事件"),
    "intermediateCatchEvent": N_("等待"), "intermediateThrowEvent": N_("通知"), "manualTask": N_("线下办理"),
}
FIELDS = {
    "opinion": N_("意见"), "outcome": N_("结果"), "result": N_("结果"), "points": N_("要点"), "reason": N_("理由"),
    "note": N_("备注"), "unit": N_("单位"), "item": N_("事项"), "title": N_("名称"), "given": N_("所答意见"),
}
ROUND_MODES = _words(RoundMode)
RHYTHMS = {
    **_words(Rhythm),
    "weekly_late": N_("通报未报送单位"),
    "weekly_ledger": N_("发送周调度台账"),
}
WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
TABLES = {
    "round_mode": ROUND_MODES, "absence": _words(AbsenceKind),
    "catalogue_result": CATALOGUE_RESULTS,
    "category": CATEGORIES,
    "level": LEVELS,
    "tier": TIERS,
    "importance": IMPORTANCE,
    "stage": STAGES,
    "plan_status": PLAN_STATUS,
    "route": ROUTES,
    "review_form": REVIEW_FORMS,
    "meeting_kind": REVIEW_FORMS,
    "meeting_result": {**MEETING_RESULTS, **CATALOGUE_RESULTS},
    "meeting_status": MEETING_STATUS,
    "instance_status": INSTANCE_STATUS,
    "task_status": TASK_STATUS,
    "activity_status": ACTIVITY_STATUS,
    "task_kind": TASK_KINDS,
    "bulletin_status": BULLETIN_STATUS,
    "listed_state": LISTED_STATES,
    "listed_note": LISTED_NOTES,
    "extension_status": EXTENSION_STATUS,
    "change_kind": _words(ChangeKind), "change_state": CHANGE_STATES, "ordered_by": _words(OrderedBy),
    "event": EVENTS,
    "result_kind": RESULT_KINDS,
    "pause": PAUSES,
    "rhythm": RHYTHMS, "role": ROLE_NAMES,
    "notice_kind": NOTICE_KINDS,
    "channel": CHANNELS,
    "delivery_status": DELIVERY_STATUS,
    "dossier": DOSSIER_ITEMS,
    "circulation": _words(CirculationKind),
    "outcome": OUTCOMES, "field": FIELDS, "element": ELEMENTS,
}


def word(code: object, table: str) -> str:
    """The office word for `code` in one of the tables above, in the reader's language."""
    text = str(code or "")
    known = TABLES[table].get(text)
    return _(known) if known else text


DECIDED = ("category", "level", "tier", "importance", "route", "review_form", "dossier")


def cell_words(cell: object) -> str:
    """The office words for the codes in a cell of a decision table; empty for a cell without any."""
    codes = re.findall(r'"([^"]+)"', str(cell))
    found = [word(code, table) for code in codes for table in DECIDED if code in TABLES[table]]
    return _("、").join(dict.fromkeys(found))


def choices(table: str) -> list[tuple[str, str]]:
    """Codes and words of a table, for a select."""
    return [(code, _(text)) for code, text in TABLES[table].items()]


def element_word(kind: str) -> str:
    """The office word for a kind of element that has no name of its own."""
    return word(kind, "element") if kind in ELEMENTS else _("环节")


def unit_name(code: object) -> str:
    """The short name of the unit with this code; anything else as it is."""
    found = people_queries.unit_by_code(page_session(), str(code))
    return (found.short_name or found.name) if found else str(code)


def outcome_word(task: Task) -> str:
    """What a task's outcome was, in the words of the form that it was done with."""
    asked = forms.form_done_with(page_session(), task).get("properties", {}).get("outcome", {})
    office = OUTCOMES.get(task.outcome, task.outcome)
    return dict(choices_of(asked)).get(task.outcome) or suites_word(office) or _(office)
