"""Tables as xlsx that opens in Excel and WPS; texts stay texts, whatever they begin with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from itertools import chain, count, islice
from typing import Any, NamedTuple

import xlsxwriter
from flask import Response

from workflow_service.documents.sheets import LONGEST_CELL, LONGEST_NAME

from .downloads import download
from .formats import local, today

MOST_ROWS = 1_048_576
"""What a sheet has room for, heads included; more go on a further one."""
_WIDEST = 48


class Part(NamedTuple):
    """One table of a file: the name of its page, heads, and rows under them."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Sequence[Any]]


def sheet(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """An answer that downloads the rows under their heads, named with the business day."""
    return sheets(name, (Part(name, heads, rows),))


def sheets(name: str, parts: Iterable[Part]) -> Response:
    """An answer that downloads several tables, each on a page of its own, named with the business day.

    A table longer than a page goes on under the same heads on further ones, numbered from 2.
    """
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    head_format = book.add_format({"bold": True, "bg_color": "#E9F0F9", "border": 1})
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for part in parts:
        for name_of_page, rows in _pages(part):
            page = book.add_worksheet(name_of_page)
            page.freeze_panes(1, 0)
            page.write_row(0, 0, part.heads, head_format)
            widths = _write(page, rows, day_format, [len(head) * 2 for head in part.heads])
            for column, width in enumerate(widths):
                page.set_column(column, column, min(width + 2, _WIDEST))
    book.close()
    return download(target.getvalue(), f"{name}-{today():%Y%m%d}.xlsx")


def _pages(part: Part) -> Iterator[tuple[str, Iterable[Sequence[Any]]]]:
    """The pages of a table, each with its rows, which are read before the next one is asked for; one without rows too."""
    rows = iter(part.rows)
    first: list[Sequence[Any]] = list(islice(rows, 1))
    for number in count(1):
        ending = f" {number}" if number > 1 else ""
        yield part.name[: LONGEST_NAME - len(ending)] + ending, chain(first, islice(rows, MOST_ROWS - 1 - len(first)))
        if not (first := list(islice(rows, 1))):
            return


def _write(page: Any, rows: Iterable[Sequence[Any]], day_format: Any, widths: list[int]) -> list[int]:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            _cell(page, number, column, value, day_format)
            widths[column] = max(widths[column], _width(value))
    return widths


def _cell(page: Any, number: int, column: int, value: Any, day_format: Any) -> None:
    if isinstance(value, datetime):
        page.write_string(number, column, f"{local(value):%Y-%m-%d %H:%M}")
    elif isinstance(value, date):
        page.write_datetime(number, column, datetime(value.year, value.month, value.day), day_format)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        page.write_number(number, column, value)
    elif value not in (None, ""):
        page.write_string(number, column, str(value)[:LONGEST_CELL])


def _width(value: Any) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in str(value or ""))
