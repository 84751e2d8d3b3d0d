"""How official documents number, date and mark themselves (docs/domain.md §6, GB/T 9704-2012).

Used by the outputs in ``documents/`` and by whoever reads numbers and markings of files that come in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.numerals import numeral
from workflow_service.domain.words import N_, Labelled

TEN_THOUSAND = 10**4
HUNDRED_MILLION = 10**8


class InvalidDocumentNumber(InvalidInput):
    """A text is no document number."""

    code = "invalid_document_number"
    text = N_("“%(number)s”不是发文字号，应形如 北区政办发〔2023〕10号：六角括号，序号不编虚位。")


_NUMBER = re.compile(r"([^\s〔〕\d]{2,20})〔((?:19|20)\d{2})〕([1-9]\d{0,5})号")


@dataclass(frozen=True)
class DocumentNumber:
    """机关代字〔年份〕序号号: ``prefix`` is the organ's mark, ``serial`` counts its documents of the year
    from 1.
    """

    prefix: str
    year: int
    serial: int

    @classmethod
    def parse(cls, text: str) -> DocumentNumber:
        """Read a number; raises :class:`InvalidDocumentNumber` for other brackets, leading zeros or a 第."""
        match = _NUMBER.fullmatch(text.strip())
        if match is None or match[1].endswith("第"):
            raise InvalidDocumentNumber(number=text)
        return cls(match[1], int(match[2]), int(match[3]))

    @staticmethod
    def is_prefix(text: str) -> bool:
        """Whether a text can be an organ's mark: 2 to 20 characters without digits, spaces or hexagonal brackets."""
        return _NUMBER.fullmatch(f"{text}〔2000〕1号") is not None and not text.endswith("第")

    @property
    def series(self) -> str:
        """The name of the number series that the serial is drawn from."""
        return f"{self.prefix}〔{self.year}〕"

    def __str__(self) -> str:
        return f"{self.series}{self.serial}号"


class BulletinForm(Labelled):
    """The two forms of a bulletin (docs/domain.md §6): a 简报 with an issue number, a statutory 通报 with a document number."""

    BRIEFING = "briefing", N_("简报")
    CIRCULAR = "circular", N_("通报（公文）")


@dataclass(frozen=True)
class IssueNumber:
    """The number of a bulletin (简报): 2021年第12期."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}年第{self.number}期"


def chinese_date(day: date) -> str:
    """A date as documents are dated, without leading zeros: 2023年4月3日."""
    return f"{day.year}年{day.month}月{day.day}日"


_CHINESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


def parse_chinese_date(text: str) -> date:
    """Read 2023年4月3日; raises :class:`InvalidInput` for another form and for a day that does not exist."""
    match = _CHINESE_DATE.fullmatch(text.strip())
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise InvalidInput(N_("“%(day)s”不是日期，应写作 2023年4月3日 的形式。"), day=text)


def heading_mark(depth: int, number: int) -> str:
    """The mark before a heading: 一、 （一） 1. （1） for depths 1 to 4, ``number`` from 1."""
    marks = {1: f"{_up_to_99(number)}、", 2: f"（{_up_to_99(number)}）", 3: f"{number}.", 4: f"（{number}）"}
    return marks[depth]


def _up_to_99(number: int) -> str:
    return numeral(number) if number < 100 else str(number)


def money(yuan: Decimal | int) -> str:
    """An amount as offices write it, in 元, 万元 or 亿元 with at most two decimals, rounded half up."""
    for size, unit in ((1, "元"), (TEN_THOUSAND, "万元")):
        if abs(amount := _in(yuan, size)) < TEN_THOUSAND:
            return f"{_plain(amount)}{unit}"
    return f"{_plain(_in(yuan, HUNDRED_MILLION))}亿元"


def _in(yuan: Decimal | int, size: int) -> Decimal:
    return (Decimal(yuan) / size).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _plain(amount: Decimal) -> str:
    return f"{amount:f}".rstrip("0").rstrip(".")


class SecrecyMarked(InvalidInput):
    """A file bears a secrecy marking; the service takes unclassified material only."""

    code = "secrecy_marked"
    text = N_("文件首页标有“%(marking)s”，本系统不得存储、处理涉密材料，文件未保存。")


MARKING_LINES = 8
WORD_ALONE_LINES = 3
_WITH_STAR = re.compile(r"(?:份号[:：]?)?[\d\s]*((?:绝|机|秘)\s*密\s*[★☆].{0,12})")
_WORD_ALONE = re.compile(r"(?:\d{6}\s+)?((?:绝|机|秘)\s*密)")


def secrecy_marking(first_page: Sequence[str]) -> str | None:
    """The secrecy marking at the head of page one, or None.

    ``first_page`` are its lines from the top. A marking is a line of its own that begins with 绝密, 机密 or
    秘密 and a star (after a copy number at most) among the first lines, or the word alone at the very top.
    The bare word in a sentence, or further down, is none. What a scan shows cannot be seen here.
    """
    lines = [line.strip() for line in first_page if line.strip()]
    for line in lines[:MARKING_LINES]:
        if match := _WITH_STAR.match(line):
            return match[1].strip()
    for line in lines[:WORD_ALONE_LINES]:
        if match := _WORD_ALONE.fullmatch(line):
            return match[1]
    return None


def require_unclassified(first_page: Sequence[str]) -> None:
    """Raise :class:`SecrecyMarked` where the head of page one bears a marking."""
    if marking := secrecy_marking(first_page):
        raise SecrecyMarked(marking=marking)
