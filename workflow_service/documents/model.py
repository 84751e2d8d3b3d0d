"""The parts of an official document, free of any file format (docs/domain.md §6, GB/T 9704-2012)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from workflow_service.domain.documents import chinese_date, heading_mark

# XML 1.0 knows no control characters but tab and line breaks, and no lone surrogates; people paste them all the same.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


TEXT_WIDTH = 156  # millimetres
POINTS_A_MM = 72 / 25.4
CLOSE_LINE = 24  # points from line to line where all must stand on one page; the standard's 22 lines make it 28.99
TITLE_SIZE = 22  # points, 2号
LARGEST_MARK = 42  # points; the standard leaves the size to the office


def clean(text: str) -> str:
    """``text`` without the characters that no XML file may hold."""
    return _NOT_XML.sub("", text)


def characters(text: str) -> float:
    """How wide a text is, in Chinese characters; a Latin letter or figure takes half of one."""
    return sum(0.5 if one.isascii() else 1 for one in text)


def mark_size(mark: str, letters: int = 0) -> int:
    """The size of a red mark in points: as large as one line allows, for at least so many ``letters``."""
    return min(LARGEST_MARK, int(TEXT_WIDTH * POINTS_A_MM / (max(len(mark), letters) + 0.5)))


def title_margin(title: str) -> float:
    """The millimetres to leave on each side of a title, so that its lines are about equally long.

    0 for a title that one line holds; where it is written in several lines, the smallest that any of them needs.
    """
    return min((margin for line in title.splitlines() if (margin := _margin(line)) is not None), default=0.0)


def _margin(line: str) -> float | None:
    """The margin of one line of a title in millimetres; none where it needs only one row."""
    letter = TITLE_SIZE / POINTS_A_MM
    letters = sum(1 if unicodedata.east_asian_width(one) in "WFA" else 0.5 for one in line)
    rows = math.ceil(letters * letter / TEXT_WIDTH)
    if rows < 2:
        return None
    # Two letters more than an even share: quotation marks and brackets do not part from what they stand with.
    return max(0.0, (TEXT_WIDTH - (math.ceil(letters / rows) + 2) * letter) / 2)


class Align(StrEnum):
    """How a table's column stands."""

    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"


@dataclass(frozen=True)
class Heading:
    """A heading of depth 1 to 4, already with its mark."""

    depth: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the text, indented by two characters unless ``flush``."""

    text: str
    flush: bool = False


@dataclass(frozen=True)
class Column:
    """A column: its head, its share of the width in characters, how its cells stand."""

    head: str
    width: int
    align: Align = Align.LEFT


@dataclass(frozen=True)
class Table:
    """A table of plain texts."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Attachments:
    """The list of attachments below the text; a single one has no number."""

    names: tuple[str, ...]

    def lines(self) -> list[str]:
        """附件：… with the names below each other."""
        if len(self.names) == 1:
            return [f"附件：{self.names[0]}"]
        numbered = [f"{number}. {name}" for number, name in enumerate(self.names, start=1)]
        return [("　　　" if number else "附件：") + line for number, line in enumerate(numbered)]


@dataclass(frozen=True)
class Signature:
    """The issuing organ and the date, right below the text; a text for a date stands as it is."""

    organ: str
    day: date | str

    @property
    def date(self) -> str:
        """The date as documents write it."""
        return self.day if isinstance(self.day, str) else chinese_date(self.day)


@dataclass(frozen=True)
class CutLine:
    """A dashed line at which the answer slip is cut off, with the words on it."""

    words: str


@dataclass(frozen=True)
class Series:
    """One row of values of a chart, a value a label; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """A bar chart with its title below it; ``lying`` bars for long labels, standing columns for a course in time."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = "项"
    lying: bool = True

    @property
    def largest(self) -> float:
        """The largest value of all series."""
        return max((value for one in self.series for value in one.values if value is not None), default=0)


Block = Heading | Paragraph | Table | Attachments | Signature | CutLine | Chart


@dataclass(frozen=True)
class Head:
    """The red head: the organ's or bulletin's mark, what stands under it left and right, and the red rule.

    An ordinary document centres its number (``centre``); an upward one has the number left and 签发人
    right; a bulletin has its issue number centred and below it issuer and date left and right. ``letters`` are
    those for which the mark's line must have room where a template's field stands for the mark.
    """

    mark: str
    centre: str = ""
    left: str = ""
    right: str = ""
    letters: int = 0


@dataclass(frozen=True)
class FootLine:
    """One line of the foot: 抄送, 报, 送, 发, or who printed it and when (``right``)."""

    label: str
    text: str
    right: str = ""


@dataclass(frozen=True)
class Document:
    """A whole document; ``written_at`` is aware and goes into the file's properties.

    ``one_page`` brings lines closer and closes the gaps of head and title up, so that a brief stands on one page.
    """

    head: Head
    title: str
    written_at: datetime
    addressee: str = ""
    blocks: tuple[Block, ...] = ()
    foot: tuple[FootLine, ...] = ()
    one_page: bool = False


class Outline:
    """Collects blocks and numbers their headings: every depth counts anew under the heading above it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._counts = [0, 0, 0, 0]

    def heading(self, depth: int, text: str) -> None:
        """Add a heading with its mark."""
        self._counts[depth - 1] += 1
        self._counts[depth:] = [0] * (4 - depth)
        self.blocks.append(Heading(depth, heading_mark(depth, self._counts[depth - 1]) + text))

    def text(self, text: str) -> None:
        """Add a paragraph for each line that is not empty."""
        self.blocks += [Paragraph(line.strip()) for line in text.splitlines() if line.strip()]

    def add(self, *blocks: Block) -> None:
        """Add blocks as they are."""
        self.blocks += blocks

    def table(self, columns: tuple[Column, ...], rows: Iterable[tuple[str, ...]], none: str = "") -> None:
        """Add a table, or the sentence ``none`` where there are no rows."""
        kept = tuple(rows)
        self.add(Table(columns, kept) if kept else Paragraph(none))

    def section(
        self, title: str, columns: tuple[Column, ...], rows: Iterable[tuple[str, ...]], none: str
    ) -> None:
        """Add a heading and its table, or the sentence ``none``."""
        self.heading(1, title)
        self.table(columns, rows, none)
