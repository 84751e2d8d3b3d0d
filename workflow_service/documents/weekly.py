"""The weekly ledger (周调度台账) as a document for the supervisors (docs/domain.md §3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from workflow_service.documents.bulletin import summary
from workflow_service.documents.model import Column, Document, Head, Outline, Signature
from workflow_service.domain.documents import chinese_date
from workflow_service.domain.supervision import Comparison


@dataclass(frozen=True)
class ReportLine:
    """One plan's report of the week; ``due`` is the deadline in words with its light."""

    title: str
    unit: str
    stage: str
    due: str
    progress: str = ""
    problems: str = ""
    next_steps: str = ""


@dataclass(frozen=True)
class WeeklyLedger:
    """The ledger of one run: ``period`` in words, ``as_of`` the last day, ``late`` the units that had not
    reported, ``given_time`` those asked late or given more time.
    """

    mark: str
    organ: str
    period: str
    as_of: date
    issued_on: date
    written_at: datetime
    comparison: Comparison
    lines: tuple[ReportLine, ...] = ()
    late: tuple[str, ...] = ()
    reports_due: bool = True
    given_time: tuple[str, ...] = ()


TITLE = "规划编制周调度台账"
_COLUMNS = (
    Column("规划名称", 9),
    Column("牵头单位", 6),
    Column("环节", 4),
    Column("时限", 5),
    Column("本周进展", 9),
    Column("存在问题", 7),
    Column("下周安排", 7),
)


def weekly_document(ledger: WeeklyLedger) -> Document:
    """The ledger as a document."""
    outline = Outline()
    outline.heading(1, "总体情况")
    outline.text(summary(ledger.comparison, ledger.as_of))
    rows = (
        (line.title, line.unit, line.stage, line.due, line.progress, line.problems, line.next_steps)
        for line in ledger.lines
    )
    outline.section("各规划进展", _COLUMNS, rows, none="本周没有在编规划。")
    outline.heading(1, "未按时报送的单位")
    outline.text(late_words(ledger))
    outline.add(Signature(ledger.organ, ledger.issued_on))
    return Document(
        head=Head(ledger.mark, left=ledger.organ, right=chinese_date(ledger.issued_on)),
        title=f"{TITLE}\n（{ledger.period}）",
        written_at=ledger.written_at,
        blocks=tuple(outline.blocks),
    )


def late_words(ledger: WeeklyLedger) -> str:
    """The units that had not reported, by name, and those that had more time."""
    if ledger.given_time:
        others = f"{'、'.join(ledger.late)}。" if ledger.late else "其他单位均已按时报送。"
        return f"{others}补布置或获准延期、尚未到报送期限的：{'、'.join(ledger.given_time)}。"
    if ledger.late:
        return f"{'、'.join(ledger.late)}。"
    return "各单位均已按时报送。" if ledger.reports_due else "尚未到报送期限。"
