"""The approval slip (公文处理笺): what is decided on, leaders' instructions by rank, a row a step (docs/domain.md §6).

A frame of ruled boxes as offices print it, not running text; so it is drawn as its own page and made into a pdf by `pdf.paper`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from workflow_service.documents.model import clean
from workflow_service.documents.pdf import Pdf, paper
from workflow_service.domain.documents import chinese_date

STYLE = """
@page { size: A4; margin: 18mm 20mm 20mm 22mm;
  @bottom-center { content: "第 " counter(page) " 页，共 " counter(pages) " 页";
                   font: 9pt SimSun, 宋体, "Noto Serif CJK SC", serif } }
body { font: 12pt/1.55 仿宋_GB2312, FangSong_GB2312, FangSong, "Noto Serif CJK SC", "Noto Sans CJK SC", serif; margin: 0 }
h1 { font: 22pt/1.3 方正小标宋简体, FZXiaoBiaoSong-B05S, SimSun, "Noto Serif CJK SC", "Noto Sans CJK SC", serif;
     color: #c8102e; text-align: center; letter-spacing: .3em; margin: 0 0 4mm; padding-left: .3em }
table { border-collapse: collapse; width: 100%; table-layout: fixed; border: 1.5pt solid #c8102e; margin-top: -1.5pt }
th, td { border: .75pt solid #c8102e; padding: 2mm 2.5mm; vertical-align: top; overflow-wrap: anywhere; text-align: left }
th { font-weight: normal; font-family: 黑体, SimHei, "Noto Sans CJK SC", sans-serif; color: #c8102e; text-align: center;
     vertical-align: middle }
.slip-facts .name { width: 24mm } .slip-facts td { vertical-align: middle }
.slip-steps th { width: 30mm } .slip-steps small { color: #444; font-size: 9.5pt; display: block }
tr.entry { break-inside: avoid }
.words { white-space: pre-wrap; min-height: 6mm }
.outcome { font-family: 黑体, SimHei, "Noto Sans CJK SC", sans-serif }
.answer { font-size: 10.5pt; color: #333 }
.sign { text-align: right; margin-top: 1.5mm } .sign b { font-weight: normal; font-family: 楷体_GB2312, KaiTi_GB2312, KaiTi,
  "Noto Serif CJK SC", serif; font-size: 13pt }
.sign + .words { border-top: .5pt dashed #c8102e; padding-top: 2mm; margin-top: 2mm }
.slip-leading .words { min-height: 12mm; font-size: 13pt }
.none { color: #777 }
.note { font-size: 9pt; color: #555; margin: 2mm 0 0; text-align: right }
.fonts { font-size: 8.5pt; color: #555; margin: 1mm 0 0; text-align: right }
"""


@dataclass(frozen=True)
class SlipEntry:
    """What one person said at one step. `mark` says that he did it for somebody (代…) or entered what others decided (代录).

    `at` is local; None while the step is open: then `outcome` says what it waits for.
    """

    step: str
    unit: str
    person: str
    at: datetime | None
    outcome: str = ""
    opinion: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class ApprovalSlip:
    """A whole slip: facts by name for the box at the head (two a row), the leaders' instructions by rank, the steps in order.

    `printed_at` is local and stands at the foot with who printed it.
    """

    title: str
    subject: str
    facts: Sequence[tuple[str, str]]
    instructions: Sequence[SlipEntry]
    entries: Sequence[SlipEntry]
    printed_by: str
    printed_at: datetime


def slip_html(slip: ApprovalSlip) -> str:
    """The slip as an html fragment without styles; every text is escaped."""
    leaders = "".join(_instruction(one) for one in slip.instructions) or '<div class="words none"></div>'
    steps = "".join(_row(one) for one in slip.entries)
    return (
        f'<article class="approval-slip"><h1>{_t(slip.title)}</h1>'
        '<table class="slip-facts"><colgroup><col class="name"><col><col class="name"><col></colgroup>'
        f'<tbody><tr><th>标题</th><td colspan="3">{_t(slip.subject)}</td></tr>'
        f"{_facts(slip.facts)}</tbody></table>"
        f'<table class="slip-steps slip-leading"><tbody><tr><th>领导批示</th><td>{leaders}</td></tr></tbody></table>'
        f'<table class="slip-steps"><tbody>{steps}</tbody></table>'
        f'<p class="note">{_t(slip.printed_by)} {_moment(slip.printed_at)} 打印，与系统记录一致</p></article>'
    )


def slip_pdf(slip: ApprovalSlip) -> Pdf:
    """The slip as pdf; raises PdfUnavailable where this machine cannot make one."""
    return paper(slip.title, STYLE, slip_html(slip))


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    padded = [*facts, ("", "")] if len(facts) % 2 else list(facts)
    pairs = zip(padded[::2], padded[1::2], strict=True)
    return "".join(f"<tr>{_fact(left)}{_fact(right)}</tr>" for left, right in pairs)


def _fact(fact: tuple[str, str]) -> str:
    return f"<th>{_t(fact[0])}</th><td>{_t(fact[1])}</td>"


def _instruction(entry: SlipEntry) -> str:
    return f'<div class="words">{_said(entry)}</div>{_signature(entry, with_unit=True)}'


def _row(entry: SlipEntry) -> str:
    unit = f"<small>{_t(entry.unit)}</small>" if entry.unit else ""
    answers = "".join(f'<div class="answer">{_t(name)}：{_t(text)}</div>' for name, text in entry.answers)
    waits = "" if entry.at else " none"
    return (
        f'<tr class="entry"><th>{_t(entry.step)}{unit}</th>'
        f'<td><div class="words{waits}">{_said(entry)}</div>{answers}{_signature(entry)}</td></tr>'
    )


def _said(entry: SlipEntry) -> str:
    outcome = f'<span class="outcome">{_t(entry.outcome)}</span>' if entry.outcome else ""
    return outcome + ("。" if outcome and entry.opinion else "") + _t(entry.opinion)


def _signature(entry: SlipEntry, *, with_unit: bool = False) -> str:
    if entry.at is None:
        return f'<div class="sign none">{_t(entry.person)}</div>' if entry.person else ""
    mark = f"（{_t(entry.mark)}）" if entry.mark else ""
    unit = f"{_t(entry.unit)}　" if with_unit and entry.unit else ""
    return f'<div class="sign">{unit}<b>{_t(entry.person)}</b>{mark}　{_moment(entry.at)}</div>'


def _moment(at: datetime) -> str:
    return f"{chinese_date(at.date())} {at:%H:%M}"


def _t(text: str) -> str:
    return escape(clean(text)).replace("\n", "<br>")
