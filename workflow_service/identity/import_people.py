"""Reading a list of people from CSV or xlsx into rows, and the template to fill in. Nothing here touches the database."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from workflow_service.domain.days import require_in_reach
from workflow_service.domain.errors import InvalidInput, TooLarge, UnsupportedType
from workflow_service.domain.table_files import decoded
from workflow_service.i18n import N_

# field → heading of the template; the English names are understood too
COLUMNS = {
    "name": "姓名",
    "username": "登录名",
    "unit": "单位代码",
    "post": "岗位代码",
    "email": "邮箱",
    "mobile": "手机",
    "since": "任职日期",
}
REQUIRED = ("name", "username", "unit", "post")
MOST_ROWS = 5000
LARGEST_BYTES = 5 * 1024 * 1024
LARGEST_UNPACKED_BYTES = 60 * 1024 * 1024
LONGEST_CELL = 200

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True)
class ImportRow:
    """One line of the file: its number as the spreadsheet shows it, and the text of each field."""

    number: int
    name: str = ""
    username: str = ""
    unit: str = ""
    post: str = ""
    email: str = ""
    mobile: str = ""
    since: str = ""


class WrongColumns(InvalidInput):
    """The first line does not have the headings of the template."""

    code = "wrong_columns"
    text = N_("表头不符合模板。")


def read_rows(content: bytes, filename: str) -> list[ImportRow]:
    """Read the rows of a file, empty ones skipped.

    Raises TooLarge, UnsupportedType, WrongColumns naming the columns, InvalidInput for a file that cannot be read.
    """
    if len(content) > LARGEST_BYTES:
        raise TooLarge(N_("文件超过 5 MB。"))
    ending = filename.lower().rpartition(".")[2]
    if ending not in ("csv", "xlsx"):
        raise UnsupportedType(N_("只能导入 .xlsx 或 .csv 文件。"))
    lines = _xlsx_lines(content) if ending == "xlsx" else _csv_lines(content)
    return _rows(lines)


def template_xlsx(posts: Iterable[tuple[str, str, str, str]]) -> bytes:
    """Make the template: headings with an example, and a second sheet of (unit code, unit, post code, post)."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#E8EEF6", "border": 1})
        people = book.add_worksheet("人员")
        people.write_row(0, 0, list(COLUMNS.values()), head)
        people.set_column(0, len(COLUMNS) - 1, 18)
        people.freeze_panes(1, 0)
        listed = book.add_worksheet("单位与岗位")
        listed.write_row(0, 0, ["单位代码", "单位", "岗位代码", "岗位"], head)
        listed.set_column(0, 3, 24)
        listed.freeze_panes(1, 0)
        for line, row in enumerate(posts, start=1):
            listed.write_row(line, 0, row)
    return target.getvalue()


def template_csv() -> bytes:
    """Make the template as CSV that spreadsheets open with the right encoding."""
    return ("\ufeff" + ",".join(COLUMNS.values()) + "\r\n").encode()


def read_day(text: str) -> date | None:
    """Read a day as 2025-11-24, 2025/11/24 or 2025年11月24日; None for an empty text, InvalidInput for another."""
    if not text:
        return None
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            day = date(*(int(part) for part in found.groups()))
            require_in_reach(day.year)
            return day
    except ValueError:
        pass
    raise InvalidInput(N_("“%(day)s”不是日期，请写作 2025-11-24。"), day=text)


def _rows(lines: Iterator[tuple[int, Sequence[str]]]) -> list[ImportRow]:
    fields = _fields(next(lines, (1, ()))[1])
    rows = []
    for number, cells in lines:
        values = {field: cell for field, cell in zip(fields, cells, strict=False) if field}
        if any(values.values()):
            rows.append(ImportRow(number, **values))
        if len(rows) > MOST_ROWS:
            raise TooLarge(N_("一次最多导入 %(most)d 行，请分批导入。"), most=MOST_ROWS)
    if not rows:
        raise InvalidInput(N_("文件里没有人员。请在表头下面逐行填写。"))
    return rows


def _fields(head: Sequence[str]) -> list[str]:
    known = {heading: field for field, heading in COLUMNS.items()} | {field: field for field in COLUMNS}
    cells = list(head)
    while cells and not cells[-1]:
        cells.pop()
    fields = [
        known.get(cell.rstrip("*").lower() if cell.isascii() else cell.rstrip("*"), "") for cell in cells
    ]
    missing = [COLUMNS[field] for field in REQUIRED if field not in fields]
    unknown = [cell or "（空）" for cell, field in zip(cells, fields, strict=True) if not field]
    twice = sorted({COLUMNS[field] for field in fields if field and fields.count(field) > 1})
    for names, text in (
        (missing, N_("缺少列：%(columns)s。请用模板的表头。")),
        (unknown, N_("有不认识的列：%(columns)s。请删去或改为模板的表头。")),
        (twice, N_("列重复：%(columns)s。")),
    ):
        if names:
            raise WrongColumns(text, columns="、".join(names))
    return fields


def _csv_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decoded(content)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for cells in reader:
            yield reader.line_num, [_cell(cell) for cell in cells]
    except csv.Error as error:
        raise InvalidInput(N_("第 %(line)d 行不是正确的 CSV。"), line=reader.line_num) from error


def _xlsx_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST_UNPACKED_BYTES:
                raise TooLarge(N_("文件展开后过大。"))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=30), start=1):
            yield number, [_cell(cell) for cell in cells]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        raise InvalidInput(N_("文件不是完整的 xlsx，请用表格软件重新另存。")) from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()[:LONGEST_CELL]
