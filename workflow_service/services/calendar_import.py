"""The State Council's yearly notice as csv: one line a day or span, whether offices work, the holiday's name.

    日期,安排,名称
    2027-02-05至2027-02-11,放假,春节
    2027-01-30,上班,春节

A first line with heads may stand there; UTF-8 and GB 18030 (what Excel and WPS write) are read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from workflow_service.domain.days import read_day
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.table_files import decoded
from workflow_service.i18n import N_, _

from .calendar_days import LONGEST_NAME, ExceptionalDay

LARGEST_BYTES, MOST_LINES, LONGEST_SPAN = 200_000, 500, 31
HEADS = ("日期", "安排", "名称")
OFF, WORK = ("放假", "休", "off"), ("上班", "调休上班", "班", "work")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
JOINTS = ("至", "—", "–", "~", "～", "到")


class NoticeRefused(InvalidInput):
    """A csv of a notice cannot be read; the message names the lines."""

    code = "notice_refused"
    text = N_("有 %(count)d 行无法识别：%(lines)s")


def read_notice(content: bytes) -> dict[date, tuple[bool, str]]:
    """Give the days of a csv, each with whether it is worked and its name; raises InvalidInput, naming lines that are wrong."""
    if len(content) > LARGEST_BYTES:
        raise InvalidInput(N_("文件过大，一年的安排只有几十行。"))
    days: dict[date, tuple[bool, str]] = {}
    faults: list[str] = []
    for number, cells in enumerate(csv.reader(io.StringIO(decoded(content))), start=1):
        if not any(cell.strip() for cell in cells) or (number == 1 and cells[0].strip() == HEADS[0]):
            continue
        try:
            found, said = _line(cells)
        except ValueError as error:
            faults.append(_("第 %(n)d 行（%(why)s）", n=number, why=str(error)))
            continue
        faults += [
            _("第 %(n)d 行（%(day)s 与前面的行不一致）", n=number, day=day) for day in found if days.get(day, said) != said
        ]
        days |= dict.fromkeys(found, said)
        if number > MOST_LINES:
            raise InvalidInput(N_("文件过大，一年的安排只有几十行。"))
    if faults:
        raise NoticeRefused(count=len(faults), lines=_("、").join(faults[:10]))
    if not days:
        raise InvalidInput(N_("文件里没有日期。"))
    return days


def write_days(days: Iterable[ExceptionalDay]) -> bytes:
    """Give the days of a year as such a csv, to be edited and read again; with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    writer.writerows((one.day.isoformat(), WORK[0] if one.working else OFF[0], one.name) for one in days)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _line(cells: list[str]) -> tuple[list[date], tuple[bool, str]]:
    span, said, name = (*(cell.strip() for cell in cells[:3]), "", "")[:3]
    if said not in (*OFF, *WORK):
        raise ValueError(_("安排应写“放假”或“上班”"))
    if len(name) > LONGEST_NAME:
        raise ValueError(_("节日名称不超过 %(n)d 个字。", n=LONGEST_NAME))
    return list(_days(span)), (said in WORK, name)


def _day(text: str) -> date:
    """A day as ISO writes it, or as Excel and offices do: 2027/2/5, 2027年2月5日."""
    found = _DAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day = (int(part) for part in found.groups())
    return read_day(f"{year:04d}-{month:02d}-{day:02d}")


def _days(span: str) -> Iterator[date]:
    parts = [span]
    for joint in JOINTS:
        if joint in span:
            parts = span.split(joint)
            break
    try:
        first, last = (_day(part.strip()) for part in (parts[0], parts[-1]))
    except (ValueError, InvalidInput) as error:
        raise ValueError(_("日期应写作 2027-02-05 或 2027-02-05至2027-02-11")) from error
    if not timedelta(0) <= last - first < timedelta(days=LONGEST_SPAN) or len(parts) > 2:
        raise ValueError(_("起止日期不对，或超过 %(n)d 天", n=LONGEST_SPAN))
    while first <= last:
        yield first
        first += timedelta(days=1)
