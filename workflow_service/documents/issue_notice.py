"""The notice (通知) by which a plan is issued: the plan is its attachment (docs/domain.md §2.3, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from workflow_service.documents.model import Attachments, Document, FootLine, Head, Outline, Signature
from workflow_service.domain.documents import DocumentNumber, chinese_date


@dataclass(frozen=True)
class IssueNotice:
    """What a notice says. ``decided`` tells how it was approved, for example 已经省政府同意; one name in
    ``signers`` is the issuing organ, several issue jointly under the first one's number.
    """

    mark: str
    number: DocumentNumber
    signers: tuple[str, ...]
    plan_title: str
    addressees: tuple[str, ...]
    decided: str
    issued_on: date
    written_at: datetime
    copies: tuple[str, ...] = ()


def issue_notice_document(notice: IssueNotice) -> Document:
    """The notice as a document."""
    outline = Outline()
    title = f"《{notice.plan_title}》"
    outline.text(f"{title}{notice.decided}，现印发给你们，请结合实际认真组织实施。")
    outline.add(Attachments((notice.plan_title,)), Signature("　".join(notice.signers), notice.issued_on))
    foot = [FootLine("抄送", "，".join(notice.copies))] if notice.copies else []
    return Document(
        head=Head(notice.mark, centre=str(notice.number)),
        title=f"{'　'.join(notice.signers)}\n关于印发《{notice.plan_title}》的通知",
        written_at=notice.written_at,
        addressee=f"{'，'.join(notice.addressees)}：",
        blocks=tuple(outline.blocks),
        foot=(*foot, FootLine("", notice.signers[0], f"{chinese_date(notice.issued_on)}印发")),
    )
