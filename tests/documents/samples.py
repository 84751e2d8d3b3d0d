"""Constructed documents for the tests: the half-year of Zhejiang's figures, a slip, a weekly ledger, a
notice.
"""

from dataclasses import replace
from datetime import date, datetime

from workflow_service.documents.bulletin import (
    Ask,
    Bulletin,
    Distribution,
    IssuedLine,
    Line,
    OverdueLine,
    UnitLine,
)
from workflow_service.documents.issue_notice import IssueNotice
from workflow_service.documents.slip import NoticeSlip
from workflow_service.documents.weekly import ReportLine, WeeklyLedger
from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.documents import BulletinForm, DocumentNumber, IssueNumber
from workflow_service.domain.supervision import Comparison, Figures

WRITTEN_AT = datetime(2021, 7, 1, 9, tzinfo=CHINA)
DRC = "浙江省发展和改革委员会"
COMPARISON = Comparison(Figures(179, 176, 3), Figures(179, 161, 2))

BULLETIN = Bulletin(
    mark="规划编制工作简报",
    number=IssueNumber(2021, 18),
    organ=DRC,
    issued_on=date(2021, 7, 1),
    period="6月下旬",
    as_of=date(2021, 6, 30),
    comparison=COMPARISON,
    written_at=WRITTEN_AT,
    groups=(Line("重点", Figures(37, 36, 1)), Line("一般", Figures(142, 140, 2))),
    units=(UnitLine(1, "省生态环境厅", Figures(8, 8, 0)), UnitLine(2, "省水利厅", Figures(9, 6, 3))),
    issued=(
        IssuedLine(
            "浙江省海洋经济“十四五”规划 A&B <终稿>",
            "省发展改革委",
            date(2021, 6, 24),
            "浙发改规划〔2021〕209号",
        ),
    ),
    overdue=(OverdueLine("浙江省水资源“十四五”规划", "省水利厅", "征求意见", date(2021, 6, 15), 11),),
    asks=(Ask("省水利厅", "报送送审稿", date(2021, 7, 9)),),
    remarks="各单位要倒排时间。\n对重点规划逐项落实责任。",
    distribution=Distribution(("省委、省政府领导",), ("省政府督查室",), ("省级有关单位",)),
)
STATUTORY = replace(
    BULLETIN, form=BulletinForm.CIRCULAR, mark=f"{DRC}文件", number=DocumentNumber("浙发改规划", 2021, 12)
)

SLIP = NoticeSlip(
    mark="江北区人民政府办公室抄告单",
    number=DocumentNumber("北区政办抄", 2023, 3),
    organ="江北区人民政府办公室",
    unit="区住房和城乡建设局",
    matter="关于城市基础设施专项规划中期评估进度滞后的抄告",
    facts="评估报告初稿应于5月31日前报送区发展和改革局，至今未报。",
    asked="请抓紧完成评估报告初稿，说明滞后原因。",
    until=date(2023, 6, 16),
    issued_on=date(2023, 6, 9),
    written_at=WRITTEN_AT,
    answer_wanted=True,
)

WEEKLY = WeeklyLedger(
    mark="规划编制周调度台账",
    organ=DRC,
    period="2021年第25周",
    as_of=date(2021, 6, 27),
    issued_on=date(2021, 6, 28),
    written_at=WRITTEN_AT,
    comparison=COMPARISON,
    lines=(
        ReportLine(
            "浙江省海洋经济“十四五”规划", "省发展改革委", "征求意见", "还剩 3 个工作日", "已完成初稿\x0b\x00"
        ),
    ),
    late=("省水利厅", "省民政厅"),
)

NOTICE = IssueNotice(
    mark="浙江省人民政府文件",
    number=DocumentNumber("浙政发", 2021, 9),
    signers=("浙江省人民政府",),
    plan_title="浙江省海洋经济发展“十四五”规划",
    addressees=("各市、县（市、区）人民政府", "省政府直属各单位"),
    decided="已经省政府同意",
    issued_on=date(2021, 5, 20),
    written_at=WRITTEN_AT,
)
