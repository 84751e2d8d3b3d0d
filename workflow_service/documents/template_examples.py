"""Constructed documents by which a template is shown filled and tried before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from workflow_service.documents import bulletin as b
from workflow_service.documents.slip import NoticeSlip
from workflow_service.documents.special_report import SpecialReport
from workflow_service.documents.template_fields import BULLETIN, CIRCULAR, REPORT, SLIP, WEEKLY
from workflow_service.documents.weekly import ReportLine, WeeklyLedger
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.documents import BulletinForm, DocumentNumber, IssueNumber
from workflow_service.domain.supervision import Comparison, Figures

WRITTEN_AT = datetime(2021, 7, 1, 9, tzinfo=CHINA)
ORGAN = "某市发展和改革委员会"

_BULLETIN = b.Bulletin(
    mark="规划编制工作简报",
    number=IssueNumber(2021, 18),
    organ=ORGAN,
    issued_on=date(2021, 7, 1),
    period="6月下旬",
    as_of=date(2021, 6, 30),
    comparison=Comparison(Figures(20, 12, 2), Figures(20, 10, 3)),
    written_at=WRITTEN_AT,
    groups=(b.Line("重点", Figures(8, 5, 1)), b.Line("一般", Figures(12, 7, 1))),
    units=(b.UnitLine(1, "甲局", Figures(8, 6, 0)), b.UnitLine(2, "乙局", Figures(12, 6, 2))),
    issued=(b.IssuedLine("示例规划一", "甲局", date(2021, 6, 24), "某发改〔2021〕20号"),),
    overdue=(b.OverdueLine("示例规划二", "乙局", "征求意见", date(2021, 6, 15), 11),),
    asks=(b.Ask("乙局", "报送送审稿", date(2021, 7, 9)),),
    remarks="各单位要倒排时间。\n对重点规划逐项落实责任。",
    distribution=b.Distribution(("政府领导",), (), ("各有关单位",)),
    trend=(b.TrendPoint("6月上旬", 8, 10), b.TrendPoint("6月中旬", 10, 13), b.TrendPoint("6月下旬", 12, 14)),
    followed=b.Followed(
        "上期通报（2021年第17期，6月中旬）",
        (b.FollowedAsk("甲局", "印发示例规划一", date(2021, 6, 25), "已于6月24日印发"),),
        (b.FollowedPlan("示例规划二", "乙局", 3, "仍在征求意见，逾期11个工作日"),),
    ),
)
_CIRCULAR = replace(
    _BULLETIN,
    form=BulletinForm.CIRCULAR,
    mark=f"{ORGAN}文件",
    number=DocumentNumber("某发改通报", 2021, 18),
    distribution=b.Distribution(("某市人民政府",), (), ("各有关单位",)),
    followed=replace(_BULLETIN.followed or b.Followed(""), former="上期通报（某发改通报〔2021〕17号，6月中旬）"),
)
_WEEKLY = WeeklyLedger(
    mark="规划编制周调度台账",
    organ=ORGAN,
    period="2021年06月21日至06月27日",
    as_of=date(2021, 6, 27),
    issued_on=date(2021, 6, 28),
    written_at=WRITTEN_AT,
    comparison=Comparison(Figures(20, 11, 2), Figures(20, 10, 3)),
    lines=(
        ReportLine("示例规划一", "甲局", "衔接", "还剩 3 个工作日", "已完成衔接", "", "报送审定"),
        ReportLine("示例规划二", "乙局", "征求意见", "逾期 8 个工作日", "正在修改", "部门意见不一致", "专题协调"),
    ),
    late=("丙局",),
)
_SLIP = NoticeSlip(
    mark="某市人民政府办公室抄告单",
    number=DocumentNumber("某政办抄", 2021, 3),
    organ="某市人民政府办公室",
    unit="乙局",
    matter="关于示例规划二编制进度滞后的抄告",
    facts="示例规划二应于6月15日前印发，至今未完成征求意见。",
    asked="请抓紧修改完善，说明滞后原因。",
    until=date(2021, 7, 9),
    issued_on=date(2021, 7, 1),
    written_at=WRITTEN_AT,
    answer_wanted=True,
    copies=("市政府督查室",),
)

_REPORT = SpecialReport(
    mark="规划编制专报",
    number=DocumentNumber("某发改专报", 2021, 2),
    organ=ORGAN,
    title="关于示例规划二编制进度的专报",
    text=(
        "一、进展情况\n《示例规划二》由乙局牵头编制，应于2021年6月15日前印发，至今已逾期11个工作日。目前处于“征求意见”阶段。"
        "“出具衔接意见”自6月10日起由丙局办理，已逾期6个工作日。\n"
        "二、存在问题\n据牵头单位6月21日所在周的周报，部门意见不一致，需要专题协调。\n"
        "三、工作建议\n请丙局抓紧办结“出具衔接意见”；请乙局倒排工期，明确印发时间。"
    ),
    readers=("某副市长", "某秘书长"),
    issued_on=date(2021, 7, 1),
    written_at=WRITTEN_AT,
)

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {BULLETIN: _BULLETIN, CIRCULAR: _CIRCULAR, WEEKLY: _WEEKLY, SLIP: _SLIP, REPORT: _REPORT}
)
