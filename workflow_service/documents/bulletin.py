"""The ten-day bulletin as a document, in one of two forms (docs/domain.md §3.6, §6).

A 简报 has a masthead, an issue number and 报 / 送 / 发 at its foot; a statutory 通报 has a red head with a
document number, an addressee and 抄送. Both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from workflow_service.documents.model import (
    Align,
    Chart,
    Column,
    Document,
    FootLine,
    Head,
    Outline,
    Paragraph,
    Series,
    Signature,
)
from workflow_service.domain.documents import BulletinForm, DocumentNumber, IssueNumber, chinese_date
from workflow_service.domain.supervision import Comparison, Figures

LEAST_POINTS, UNITS_DRAWN = 2, 10
UNNUMBERED = "（送审稿）"
TREND_TITLE, UNITS_TITLE = "图：各旬末累计印发情况（项）", "图：规划较多单位的进展（项）"


@dataclass(frozen=True)
class Line:
    """Figures of one level, importance or other group, by its label."""

    label: str
    figures: Figures


@dataclass(frozen=True)
class UnitLine:
    """A unit's place in the ranking."""

    place: int
    unit: str
    figures: Figures


@dataclass(frozen=True)
class IssuedLine:
    """A plan issued in the period."""

    title: str
    unit: str
    issued_on: date
    document_number: str = ""


@dataclass(frozen=True)
class OverdueLine:
    """A plan overdue at the period's end; ``days_late`` in working days."""

    title: str
    unit: str
    stage: str
    due_on: date
    days_late: int


@dataclass(frozen=True)
class Ask:
    """What is asked of one unit, until when."""

    unit: str
    what: str
    until: date


@dataclass(frozen=True)
class FollowedAsk:
    """What the former bulletin asked of a unit until when, and what came of it."""

    unit: str
    what: str
    until: date
    outcome: str


@dataclass(frozen=True)
class FollowedPlan:
    """A plan that was overdue in the former bulletin, by how many working days, and what came of it."""

    title: str
    unit: str
    days_late: int
    outcome: str


@dataclass(frozen=True)
class Followed:
    """The former bulletin compared with this one; ``former`` is how it is called."""

    former: str
    asks: tuple[FollowedAsk, ...] = ()
    plans: tuple[FollowedPlan, ...] = ()


@dataclass(frozen=True)
class TrendPoint:
    """Plans issued, and due, up to the end of a period, by its name."""

    label: str
    issued: int
    due: int


@dataclass(frozen=True)
class Distribution:
    """Who receives it. 简报: ``report_to`` 报, ``send_to`` 送, ``distribute_to`` 发; 通报: main addressees
    ``distribute_to``, and 抄送 for the others.
    """

    report_to: tuple[str, ...] = ()
    send_to: tuple[str, ...] = ()
    distribute_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bulletin:
    """All that a bulletin says in its ``form``: a 简报 has an :class:`IssueNumber`, a 通报 a :class:`DocumentNumber`,
    a draft none.

    ``as_of`` is the last day of the period, whose figures these are; ``remarks`` is what the supervisor
    wrote; ``written_at`` is aware. ``about`` names the unit or route whose plans alone are meant.
    """

    mark: str
    number: IssueNumber | DocumentNumber | None
    organ: str
    issued_on: date
    period: str
    as_of: date
    comparison: Comparison
    written_at: datetime
    groups: tuple[Line, ...] = ()
    units: tuple[UnitLine, ...] = ()
    issued: tuple[IssuedLine, ...] = ()
    overdue: tuple[OverdueLine, ...] = ()
    asks: tuple[Ask, ...] = ()
    remarks: str = ""
    distribution: Distribution = Distribution()
    trend: tuple[TrendPoint, ...] = ()
    followed: Followed | None = None
    form: BulletinForm = BulletinForm.BRIEFING
    about: str = ""

    @property
    def is_statutory(self) -> bool:
        """Whether it is a 通报."""
        return self.form is BulletinForm.CIRCULAR

    @property
    def title(self) -> str:
        """The title of the document."""
        return f"关于{self._span}{self._progress}情况的通报"

    @property
    def title_in_lines(self) -> str:
        """The title as it stands on the paper: that of a 通报, too long for one line, breaks between its parts."""
        return f"关于{self._span}\n{self._progress}情况的通报" if self.is_statutory else self.title

    @property
    def opening(self) -> str:
        """The sentence with which a 通报 begins; a 简报 has none."""
        return f"现将{self._span}{self._progress}情况通报如下。" if self.is_statutory else ""

    @property
    def number_words(self) -> str:
        """The number as it stands in the head; a draft says that it is one."""
        return str(self.number) if self.number else UNNUMBERED

    @property
    def addressee(self) -> str:
        """Whom a 通报 addresses; a 简报 names them at its foot."""
        return f"{'、'.join(self.distribution.distribute_to)}：" if self.is_statutory else ""

    @property
    def copies(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The lines of the foot: 抄送, or 报, 送 and 发, each with whom it names; none without anybody."""
        to = self.distribution
        lines = (("报", to.report_to), ("送", to.send_to), ("发", to.distribute_to))
        return tuple(line for line in ((("抄送", (*to.report_to, *to.send_to)),) if self.is_statutory else lines) if line[1])

    @property
    def _span(self) -> str:
        return f"{self.as_of.year}年{self.period}{self.about}"

    @property
    def _progress(self) -> str:
        return "规划编制工作进展" if self.is_statutory else "规划编制进展"


def bulletin_document(bulletin: Bulletin) -> Document:
    """The bulletin as a document."""
    outline = Outline()
    if bulletin.opening:
        outline.add(Paragraph(bulletin.opening))
    _overall(outline, bulletin)
    _units(outline, bulletin)
    _issued(outline, bulletin)
    _overdue(outline, bulletin)
    _followed(outline, bulletin.followed)
    _asks(outline, bulletin)
    outline.add(Signature(bulletin.organ, bulletin.issued_on))
    return Document(
        head=_head(bulletin),
        title=bulletin.title_in_lines,
        written_at=bulletin.written_at,
        addressee=bulletin.addressee,
        blocks=tuple(outline.blocks),
        foot=_foot(bulletin),
    )


def summary(comparison: Comparison, as_of: date, about: str = "") -> str:
    """The overall figures in one paragraph, beside those of the former period; ``about`` a unit or route."""
    now = comparison.now
    if not now.total:
        return f"截至{chinese_date(as_of)}，{about}编制目录清单中尚无规划。"
    return (
        f"截至{chinese_date(as_of)}，{about}纳入编制目录清单的规划共{now.total}项{_more(comparison.total, '项')}，"
        f"已印发{now.issued}项{_more(comparison.issued, '项')}，完成率{now.rate}%{_more(comparison.rate, '个百分点')}；"
        f"正在编制{now.in_progress}项，其中逾期未印发{now.overdue}项{_more(comparison.overdue, '项')}。"
    )


def _more(change: int | Decimal | None, unit: str) -> str:
    if change is None:
        return ""
    if not change:
        return "（与上期持平）"
    return f"（比上期{'增加' if change > 0 else '减少'}{abs(change)}{unit}）"


def _head(bulletin: Bulletin) -> Head:
    if bulletin.is_statutory:
        return Head(bulletin.mark, centre=bulletin.number_words)
    return Head(bulletin.mark, centre=bulletin.number_words, left=bulletin.organ, right=chinese_date(bulletin.issued_on))


_FIGURES = (
    Column("目录数", 4, Align.RIGHT),
    Column("已印发", 4, Align.RIGHT),
    Column("完成率", 5, Align.RIGHT),
    Column("逾期", 4, Align.RIGHT),
)


def _cells(figures: Figures) -> tuple[str, str, str, str]:
    rate = "—" if figures.rate is None else f"{figures.rate}%"
    return str(figures.total), str(figures.issued), rate, str(figures.overdue)


def _overall(outline: Outline, bulletin: Bulletin) -> None:
    rows = [
        (line.label, *_cells(line.figures))
        for line in (Line("合计", bulletin.comparison.now), *bulletin.groups)
    ]
    outline.heading(1, "总体进展")
    outline.text(summary(bulletin.comparison, bulletin.as_of, bulletin.about))
    outline.table((Column("类别", 12), *_FIGURES), rows)
    if chart := trend_chart(bulletin):
        outline.add(chart)
    outline.text(bulletin.remarks)


def _units(outline: Outline, bulletin: Bulletin) -> None:
    columns = (Column("位次", 3, Align.CENTRE), Column("牵头单位", 12), *_FIGURES)
    rows = [(str(line.place), line.unit, *_cells(line.figures)) for line in bulletin.units]
    outline.section("各单位进展排名", columns, rows, none="本期无单位排名。")
    if chart := units_chart(bulletin):
        outline.add(chart)


def _issued(outline: Outline, bulletin: Bulletin) -> None:
    columns = (Column("规划名称", 14), Column("牵头单位", 7), Column("印发日期", 8), Column("文号", 8))
    rows = [
        (line.title, line.unit, chinese_date(line.issued_on), line.document_number)
        for line in bulletin.issued
    ]
    outline.section("本期印发的规划", columns, rows, none="本期没有印发规划。")


def _overdue(outline: Outline, bulletin: Bulletin) -> None:
    columns = (
        Column("规划名称", 13),
        Column("牵头单位", 7),
        Column("所处环节", 5),
        Column("应完成日期", 8),
        Column("逾期（工作日）", 4, Align.RIGHT),
    )
    rows = [
        (line.title, line.unit, line.stage, chinese_date(line.due_on), days_in_words(line.days_late))
        for line in bulletin.overdue
    ]
    outline.section("逾期未印发的规划", columns, rows, none="没有逾期未印发的规划。")
    if told := overdue_cut(bulletin):
        outline.text(told)


def _followed(outline: Outline, followed: Followed | None) -> None:
    """What was promised in the former bulletin, and what happened."""
    if followed is None:
        return
    outline.heading(1, "上期要求落实情况")
    outline.text(followed_summary(followed))
    if followed.asks:
        columns = (Column("单位", 7), Column("上期要求", 12), Column("期限", 7), Column("落实情况", 10))
        rows = ((one.unit, one.what, chinese_date(one.until), one.outcome) for one in followed.asks)
        outline.table(columns, rows)
    if followed.plans:
        columns = (
            Column("上期逾期规划", 14),
            Column("牵头单位", 7),
            Column("当时逾期（工作日）", 5, Align.RIGHT),
            Column("本期情况", 10),
        )
        outline.table(columns, ((one.title, one.unit, days_in_words(one.days_late), one.outcome) for one in followed.plans))


def overdue_cut(bulletin: Bulletin) -> str:
    """What is said below a list of late plans that does not hold them all; empty where it does."""
    late, listed = bulletin.comparison.now.overdue, len(bulletin.overdue)
    return f"逾期未印发的规划共{late}项，上表列出逾期最久的{listed}项。" if late > listed else ""


def days_in_words(days_late: int) -> str:
    """Working days past a due date; what is late by a holiday only is so by less than one."""
    return str(days_late) if days_late else "不足1"


def followed_summary(followed: Followed) -> str:
    """The comparison in one sentence."""
    return f"{followed.former}提出要求{len(followed.asks)}项、通报逾期规划{len(followed.plans)}项，至本期末的情况如下。"


def trend_chart(bulletin: Bulletin) -> Chart | None:
    """How many plans were issued, and how many were due, at the end of the last periods."""
    points = bulletin.trend
    if len(points) < LEAST_POINTS:
        return None
    issued = Series("已印发", tuple(float(point.issued) for point in points))
    due = Series("应印发", tuple(float(point.due) for point in points))
    return Chart(TREND_TITLE, tuple(point.label for point in points), (issued, due), lying=False)


def units_chart(bulletin: Bulletin) -> Chart | None:
    """How many plans each unit has in the catalogue and has issued, and how many are overdue: of the units with most plans."""
    shown = sorted(bulletin.units, key=lambda line: (-line.figures.total, line.place))[:UNITS_DRAWN]
    if len(shown) < LEAST_POINTS:
        return None
    series = (
        Series("已印发", tuple(float(line.figures.issued) for line in shown)),
        Series("编制中", tuple(float(line.figures.in_progress) for line in shown)),
        Series("逾期", tuple(float(line.figures.overdue) for line in shown)),
    )
    return Chart(UNITS_TITLE, tuple(line.unit for line in shown), series)


def _asks(outline: Outline, bulletin: Bulletin) -> None:
    if not bulletin.asks:
        return
    outline.heading(1, "下一步要求")
    for ask in bulletin.asks:
        outline.text(f"请{ask.unit}于{chinese_date(ask.until)}前{ask.what}。")


def _foot(bulletin: Bulletin) -> tuple[FootLine, ...]:
    printed = FootLine("", bulletin.organ, f"{chinese_date(bulletin.issued_on)}印发")
    return (*(FootLine(label, "，".join(names)) for label, names in bulletin.copies), printed)
