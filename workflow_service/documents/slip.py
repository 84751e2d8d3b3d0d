"""The notice slip (抄告单) to one lagging unit, with its answer slip where one is wanted (docs/domain.md
§6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from workflow_service.documents.model import CutLine, Document, FootLine, Head, Outline, Paragraph, Signature
from workflow_service.domain.documents import DocumentNumber, chinese_date

ANSWER = "，并填写回执送回"


@dataclass(frozen=True)
class NoticeSlip:
    """What a slip says: to ``unit``, about ``matter``, the ``facts``, what is ``asked`` and ``until`` when."""

    mark: str
    number: DocumentNumber
    organ: str
    unit: str
    matter: str
    facts: str
    asked: str
    until: date
    issued_on: date
    written_at: datetime
    answer_wanted: bool = False
    copies: tuple[str, ...] = ()


def slip_document(slip: NoticeSlip) -> Document:
    """The slip as a document."""
    outline = Outline()
    outline.heading(1, "基本情况")
    outline.text(slip.facts)
    outline.heading(1, "有关要求")
    outline.text(slip.asked)
    answer = ANSWER if slip.answer_wanted else ""
    outline.text(f"请于{chinese_date(slip.until)}前办理完毕{answer}。")
    outline.add(Signature(slip.organ, slip.issued_on))
    if slip.answer_wanted:
        _answer(outline, slip)
    foot = [FootLine("抄送", "，".join(slip.copies))] if slip.copies else []
    return Document(
        head=Head(slip.mark, centre=str(slip.number)),
        title=slip.matter,
        written_at=slip.written_at,
        addressee=f"{slip.unit}：",
        blocks=tuple(outline.blocks),
        foot=(*foot, FootLine("", slip.organ, f"{chinese_date(slip.issued_on)}印发")),
    )


def _answer(outline: Outline, slip: NoticeSlip) -> None:
    outline.add(
        CutLine("回　执"),
        Paragraph(f"{slip.organ}：", flush=True),
        Paragraph(f"{slip.number}抄告单收悉。办理情况如下："),
        *[Paragraph("", flush=True)] * 3,
        Paragraph("单位（盖章）：　　　　经办：　　　　年　月　日"),
    )
