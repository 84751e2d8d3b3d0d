"""The special report (专报): one page about one plan, straight to the leaders who are named at its foot (docs/domain.md §6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from workflow_service.documents.model import Document, FootLine, Head, Heading, Paragraph
from workflow_service.domain.documents import DocumentNumber, chinese_date

UNNUMBERED = "（送审稿）"
LINE_CHARACTERS, ONE_PAGE_LINES = 28, 15
"""Characters of a full line, and the lines of text that stand on the page below a title of two lines, above the foot."""
_HEADING = re.compile(r"[一二三四五六七八九十]{1,3}、[^。；]{1,24}")


@dataclass(frozen=True)
class SpecialReport:
    """What a report says; a line of `text` like 一、进展情况 is a heading. `number` is None until it is sent."""

    mark: str
    number: DocumentNumber | None
    organ: str
    title: str
    text: str
    readers: tuple[str, ...]
    issued_on: date
    written_at: datetime


@dataclass(frozen=True)
class Part:
    """A heading, or none, with the paragraph below it."""

    heading: str
    text: str


def report_document(report: SpecialReport) -> Document:
    """The report as a document."""
    day = chinese_date(report.issued_on)
    blocks = [block for part in parts_of(report.text) for block in _blocks(part)]
    return Document(
        head=Head(report.mark, centre=number_words(report), left=report.organ, right=day),
        title=report.title,
        written_at=report.written_at,
        blocks=tuple(blocks),
        foot=(FootLine("报", "，".join(report.readers)),),
        one_page=True,
    )


def number_words(report: SpecialReport) -> str:
    """The number as it stands in the head; a draft says that it is one."""
    return str(report.number) if report.number is not None else UNNUMBERED


def parts_of(text: str) -> list[Part]:
    """The text by headings: each paragraph with the heading right above it."""
    found, heading = [], ""
    for line in (one.strip() for one in text.splitlines()):
        if not line:
            continue
        if _HEADING.fullmatch(line):
            if heading:
                found.append(Part(heading, ""))
            heading = line
        else:
            found.append(Part(heading, line))
            heading = ""
    return [*found, Part(heading, "")] if heading else found


def lines_of(text: str) -> int:
    """How many lines of the page a text takes, each paragraph indented by two characters."""
    return sum(-(-(len(line.strip()) + 2) // LINE_CHARACTERS) for line in text.splitlines() if line.strip())


def _blocks(part: Part) -> Iterator[Heading | Paragraph]:
    if part.heading:
        yield Heading(1, part.heading)
    if part.text:
        yield Paragraph(part.text)
