"""The fields that templates of official documents may name, and their values from a document's plain values.

A template is a docx that an official edits in Word: `{{ title }}` is a field, `{%tr for line in units %}` to `{%tr endfor %}`
repeats a row of a table for each entry of a list, `{%p if asks %}` to `{%p endif %}` leaves paragraphs out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from workflow_service.documents import bulletin as bulletins
from workflow_service.documents import slip as slips
from workflow_service.documents import special_report as reports
from workflow_service.documents import weekly as weeklies
from workflow_service.documents.model import Chart
from workflow_service.domain.documents import chinese_date
from workflow_service.domain.supervision import Figures
from workflow_service.domain.words import N_

BULLETIN, CIRCULAR, WEEKLY, SLIP, REPORT = "bulletin", "circular", "weekly", "slip", "report"


@dataclass(frozen=True)
class Fields:
    """What a template of one kind may name: texts, lists with what an entry has, charts; each with what it means."""

    label: str
    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    charts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filling:
    """The values of one document: texts and lists by the names of the fields, charts apart."""

    values: Mapping[str, Any]
    charts: Mapping[str, Chart | None] = field(default_factory=dict)


_FIGURES = {"total": N_("目录数"), "issued": N_("已印发数"), "rate": N_("完成率"), "overdue": N_("逾期数")}
_HEAD = {"mark": N_("版头"), "number": N_("期号或文号"), "organ": N_("发文机关"), "date": N_("成文日期"), "title": N_("标题")}

_PERIOD = {
    "period": N_("期次，如 6月上旬"), "about": N_("所通报的单位或路线，通报全部规划时为空"), "as_of": N_("数字截止日期"),
    "summary": N_("总体情况一段话"), "overdue_cut": N_("逾期规划未列全时的一句话"),
    "followed_summary": N_("上期要求落实情况一句话"),
}  # fmt: skip
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "remarks": (N_("督办所写的各段"), {"text": N_("一段文字")}),
    "groups": (N_("合计和各类"), {"label": N_("类别"), **_FIGURES}),
    "units": (N_("单位排名"), {"place": N_("位次"), "unit": N_("单位"), **_FIGURES}),
    "issued": (N_("本期印发的规划"), {
        "title": N_("规划名称"), "unit": N_("单位"), "day": N_("印发日期"), "number": N_("文号"),
    }),
    "overdue": (N_("逾期规划"), {
        "title": N_("规划名称"), "unit": N_("单位"), "stage": N_("所处环节"), "due": N_("应完成日期"),
        "days": N_("逾期工作日"),
    }),
    "asks": (N_("下一步要求"), {"unit": N_("单位"), "what": N_("要求"), "until": N_("期限")}),
    "followed_asks": (N_("上期的要求"), {
        "unit": N_("单位"), "what": N_("要求"), "until": N_("期限"), "outcome": N_("落实情况"),
    }),
    "followed_plans": (N_("上期的逾期规划"), {
        "title": N_("规划名称"), "unit": N_("单位"), "days": N_("当时逾期工作日"), "outcome": N_("本期情况"),
    }),
}  # fmt: skip
_CHARTS = {"trend_chart": N_("印发进度图"), "units_chart": N_("单位进展图")}

FIELDS: Mapping[str, Fields] = MappingProxyType({
    BULLETIN: Fields(
        N_("旬通报（简报）"),
        _HEAD | _PERIOD | {"report_to": N_("报"), "send_to": N_("送"), "distribute_to": N_("发")},
        _LISTS,
        _CHARTS,
    ),
    CIRCULAR: Fields(
        N_("旬通报（公文）"),
        _HEAD | _PERIOD | {"addressee": N_("主送机关"), "opening": N_("开头一句"), "copies": N_("抄送机关")},
        _LISTS,
        _CHARTS,
    ),
    WEEKLY: Fields(
        N_("周调度台账"),
        _HEAD | {"period": N_("起止日期"), "as_of": N_("数字截止日期"), "summary": N_("总体情况一段话"),
                 "late": N_("未报送的单位")},
        {"plans": (N_("各规划进展"), {
            "title": N_("规划名称"), "unit": N_("单位"), "stage": N_("所处环节"), "due": N_("时限"), "progress": N_("本周进展"),
            "problems": N_("存在问题"), "next_steps": N_("下周安排"),
        })},
    ),
    SLIP: Fields(
        N_("抄告单"),
        _HEAD | {"unit": N_("被抄告单位"), "facts": N_("基本情况"), "asked": N_("有关要求"), "until": N_("办理期限"),
                 "answer": N_("要求回执时的一句话"), "copies": N_("抄送")},
    ),
    REPORT: Fields(
        N_("专报"),
        _HEAD | {"readers": N_("呈报领导")},
        {"parts": (N_("正文各段"), {"heading": N_("标题，可为空"), "text": N_("一段文字")})},
    ),
})  # fmt: skip


def bulletin_filling(bulletin: bulletins.Bulletin) -> Filling:
    """The values of a bulletin."""
    to, followed = bulletin.distribution, bulletin.followed or bulletins.Followed("")
    total = bulletins.Line("合计", bulletin.comparison.now)
    values = {
        "mark": bulletin.mark, "number": bulletin.number_words, "organ": bulletin.organ,
        "date": chinese_date(bulletin.issued_on), "title": bulletin.title_in_lines, "period": bulletin.period,
        "about": bulletin.about, "as_of": chinese_date(bulletin.as_of),
        "summary": bulletins.summary(bulletin.comparison, bulletin.as_of, bulletin.about),
        "remarks": [{"text": line.strip()} for line in bulletin.remarks.splitlines() if line.strip()],
        "groups": [{"label": one.label, **_figures(one.figures)} for one in (total, *bulletin.groups)],
        "units": [{"place": str(one.place), "unit": one.unit, **_figures(one.figures)} for one in bulletin.units],
        "issued": [
            {"title": one.title, "unit": one.unit, "day": chinese_date(one.issued_on), "number": one.document_number}
            for one in bulletin.issued
        ],
        "overdue": [
            {"title": one.title, "unit": one.unit, "stage": one.stage, "due": chinese_date(one.due_on),
             "days": bulletins.days_in_words(one.days_late)}
            for one in bulletin.overdue
        ],
        "asks": [{"unit": one.unit, "what": one.what, "until": chinese_date(one.until)} for one in bulletin.asks],
        "overdue_cut": bulletins.overdue_cut(bulletin),
        "followed_summary": bulletins.followed_summary(followed) if bulletin.followed else "",
        "followed_asks": [
            {"unit": one.unit, "what": one.what, "until": chinese_date(one.until), "outcome": one.outcome}
            for one in followed.asks
        ],
        "followed_plans": [
            {"title": one.title, "unit": one.unit, "days": bulletins.days_in_words(one.days_late), "outcome": one.outcome}
            for one in followed.plans
        ],
        "report_to": "，".join(to.report_to), "send_to": "，".join(to.send_to), "distribute_to": "，".join(to.distribute_to),
        "addressee": bulletin.addressee.removesuffix("："), "opening": bulletin.opening,
        "copies": "，".join((*to.report_to, *to.send_to)),
    }  # fmt: skip
    return Filling(
        values, {"trend_chart": bulletins.trend_chart(bulletin), "units_chart": bulletins.units_chart(bulletin)}
    )


def weekly_filling(ledger: weeklies.WeeklyLedger) -> Filling:
    """The values of a weekly ledger."""
    names = ("title", "unit", "stage", "due", "progress", "problems", "next_steps")
    return Filling({
        "mark": ledger.mark, "number": "", "organ": ledger.organ, "date": chinese_date(ledger.issued_on),
        "title": weeklies.TITLE, "period": ledger.period, "as_of": chinese_date(ledger.as_of),
        "summary": bulletins.summary(ledger.comparison, ledger.as_of), "late": weeklies.late_words(ledger),
        "plans": [{name: getattr(line, name) for name in names} for line in ledger.lines],
    })  # fmt: skip


def slip_filling(slip: slips.NoticeSlip) -> Filling:
    """The values of a notice slip."""
    return Filling({
        "mark": slip.mark, "number": str(slip.number), "organ": slip.organ, "date": chinese_date(slip.issued_on),
        "title": slip.matter, "unit": slip.unit, "facts": slip.facts, "asked": slip.asked, "until": chinese_date(slip.until),
        "answer": slips.ANSWER if slip.answer_wanted else "", "copies": "，".join(slip.copies),
    })  # fmt: skip


def report_filling(report: reports.SpecialReport) -> Filling:
    """The values of a special report."""
    return Filling({
        "mark": report.mark, "number": reports.number_words(report), "organ": report.organ, "title": report.title,
        "date": chinese_date(report.issued_on), "readers": "，".join(report.readers),
        "parts": [{"heading": one.heading, "text": one.text} for one in reports.parts_of(report.text)],
    })  # fmt: skip


FILLINGS: Mapping[str, Callable[[Any], Filling]] = MappingProxyType(
    {
        BULLETIN: bulletin_filling,
        CIRCULAR: bulletin_filling,
        WEEKLY: weekly_filling,
        SLIP: slip_filling,
        REPORT: report_filling,
    }
)


def _figures(figures: Figures) -> dict[str, str]:
    rate = "—" if figures.rate is None else f"{figures.rate}%"
    return {"total": str(figures.total), "issued": str(figures.issued), "rate": rate, "overdue": str(figures.overdue)}
