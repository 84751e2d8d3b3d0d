"""Tables as xlsx, exactly the rows given, opening in WPS and Excel (docs/domain.md §8).

What people typed stays text: nothing becomes a formula or a link.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from workflow_service.documents.model import clean
from workflow_service.domain.deadlines import CHINA

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_CELL = 32_767  # characters; Excel takes no more
LONGEST_NAME = 31

Cell = str | int | Decimal | date | datetime | None


class Shown(StrEnum):
    """How a column's cells are shown."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True)
class SheetColumn:
    """A column: head, width in characters, how its cells are shown. Per cents are given as 98.3, not 0.983."""

    head: str
    width: int = 14
    shown: Shown = Shown.TEXT


@dataclass(frozen=True)
class Sheet:
    """A titled table; ``note`` stands under the title (as of when, filtered by what); ``written_at`` is
    aware.
    """

    name: str
    title: str
    columns: tuple[SheetColumn, ...]
    rows: Iterable[tuple[Cell, ...]]
    written_at: datetime
    note: str = ""
    zone: ZoneInfo = CHINA


def write_xlsx(*sheets: Sheet) -> bytes:
    """The sheets as the bytes of one xlsx file; moments are shown in each sheet's zone."""
    out = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        created = sheets[0].written_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": clean(sheets[0].title), "created": created})
        formats = _formats(book)
        for sheet in sheets:
            _write(book.add_worksheet(_name(sheet.name)), sheet, formats)
    return out.getvalue()


def _name(name: str) -> str:
    """A sheet's name without what Excel refuses in one."""
    return "".join("-" if c in "[]:*?/\\'" else c for c in clean(name))[:LONGEST_NAME] or "1"


def _formats(book: Any) -> dict[str, Any]:
    cell = {"border": 1, "valign": "vcenter", "font_name": "宋体", "font_size": 11}
    centred = {**cell, "align": "center"}
    return {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "黑体"}),
        "note": book.add_format({"font_size": 11, "align": "right", "font_name": "宋体"}),
        "head": book.add_format({**centred, "bold": True, "text_wrap": True, "bg_color": "#EEF2F7"}),
        Shown.TEXT: book.add_format({**cell, "text_wrap": True}),
        Shown.NUMBER: book.add_format({**cell, "num_format": "#,##0"}),
        Shown.PERCENT: book.add_format({**cell, "num_format": '0.0"%"'}),
        Shown.DAY: book.add_format({**centred, "num_format": "yyyy-mm-dd"}),
        Shown.MOMENT: book.add_format({**centred, "num_format": "yyyy-mm-dd hh:mm"}),
    }


def _write(worksheet: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    last = len(sheet.columns) - 1
    _across(worksheet, 0, last, sheet.title, formats["title"])
    _across(worksheet, 1, last, sheet.note, formats["note"])
    for number, column in enumerate(sheet.columns):
        worksheet.set_column(number, number, column.width)
        worksheet.write_string(2, number, clean(column.head), formats["head"])
    row = 2
    for row, cells in enumerate(sheet.rows, start=3):
        for number, (cell, column) in enumerate(zip(cells, sheet.columns, strict=True)):
            _cell(worksheet, row, number, _shown(cell, sheet.zone), formats[column.shown])
    worksheet.freeze_panes(3, 1)
    worksheet.autofilter(2, 0, row, last)
    _print(worksheet)


def _across(worksheet: Any, row: int, last: int, text: str, style: Any) -> None:
    if last:
        worksheet.merge_range(row, 0, row, last, "", style)
    worksheet.write_string(row, 0, clean(text), style)


def _shown(cell: Cell, zone: ZoneInfo) -> Cell:
    if isinstance(cell, datetime):
        return cell.astimezone(zone).replace(tzinfo=None)
    return clean(cell)[:LONGEST_CELL] if isinstance(cell, str) else cell


def _cell(worksheet: Any, row: int, number: int, cell: Cell, style: Any) -> None:
    if cell is None or cell == "":
        worksheet.write_blank(row, number, None, style)
    elif isinstance(cell, str):
        worksheet.write_string(row, number, cell, style)
    elif isinstance(cell, date):
        worksheet.write_datetime(row, number, cell, style)
    else:
        worksheet.write_number(row, number, float(cell), style)


def _print(worksheet: Any) -> None:
    """A4 across, the heads on every page."""
    worksheet.set_paper(9)
    worksheet.set_landscape()
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0, 2)
    worksheet.set_footer("&C— &P —")
