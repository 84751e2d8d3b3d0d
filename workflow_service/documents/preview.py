"""What a file says, without opening it: the text of docx, the cells of xlsx, the beginning of plain text.

The file comes from outside: nothing in it is run or fetched, entities are not resolved, and everything has a limit.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import IO, Any

from lxml import etree
from openpyxl import load_workbook

LARGEST_PART_BYTES = 20_000_000
MOST_PARAGRAPHS, LONGEST_PARAGRAPH = 400, 2000
MOST_SHEETS, MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 5, 100, 20, 200
MOST_TEXT_BYTES = 60_000

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Unreadable(Exception):
    """The file cannot be shown: damaged, protected or too large inside."""


@dataclass(frozen=True)
class Grid:
    """Rows of cells under a name: a sheet, or a table of a text (without a name)."""

    name: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Preview:
    """Paragraphs and grids in the order of the file; `cut` says that there is more than is shown."""

    parts: tuple[str | Grid, ...]
    cut: bool = False


def preview_text(path: Path) -> Preview:
    """The beginning of a plain text in UTF-8 or GB 18030."""
    with path.open("rb") as file:
        head = file.read(MOST_TEXT_BYTES + 1)
    shown = head[:MOST_TEXT_BYTES]
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return Preview((shown.decode(encoding),), len(head) > len(shown))
        except UnicodeDecodeError as error:
            if error.start > len(shown) - 4:  # cut within a character
                return Preview((shown[: error.start].decode(encoding),), True)
    return Preview((shown.decode("gb18030", "replace"),), len(head) > len(shown))


def preview_docx(path: Path) -> Preview:
    """The paragraphs and tables of a docx; raises Unreadable."""
    with _opened(path) as packed, _part(packed, "word/document.xml") as file:
        parts: list[str | Grid] = []
        for kind, value in _blocks(file):
            if len(parts) >= MOST_PARAGRAPHS:
                return Preview(tuple(parts), cut=True)
            if kind == "table":
                parts.append(Grid("", value))
            elif value.strip():
                parts.append(value[:LONGEST_PARAGRAPH])
        return Preview(tuple(parts))


def preview_xlsx(path: Path) -> Preview:
    """The first rows of the first sheets of an xlsx, by the values kept in it; raises Unreadable."""
    with _opened(path) as packed:
        if any(part.file_size > LARGEST_PART_BYTES for part in packed.infolist() if part.filename.endswith(".xml")):
            raise Unreadable("a sheet is too large")
    try:
        with path.open("rb") as file:  # by its content: the shelf keeps no endings
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            grids = [_grid(sheet) for sheet in book.worksheets[:MOST_SHEETS]]
            more = len(book.worksheets) > MOST_SHEETS or any(cut for _one, cut in grids)
    except Exception as error:  # a damaged file fails in the reader in many ways
        raise Unreadable(str(error)) from error
    return Preview(tuple(one for one, _cut in grids), more)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _part(packed: zipfile.ZipFile, name: str) -> IO[bytes]:
    """One part, refused where it is larger unpacked than we look at; the reader stops at the size that it declares."""
    try:
        info = packed.getinfo(name)
        if info.file_size > LARGEST_PART_BYTES:
            raise Unreadable(f"{name} is too large")
        return packed.open(info)
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise Unreadable(str(error)) from error


def _events(file: IO[bytes], *tags: str) -> Iterator[Any]:
    """The ends of these elements, each freed once it was looked at."""
    try:
        for _event, element in etree.iterparse(
            file, events=("end",), tag=list(tags), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        ):
            yield element
            element.clear(keep_tail=True)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise Unreadable(str(error)) from error


def _blocks(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Paragraphs that stand in no table, and tables as rows of cells."""
    for element in _events(file, f"{_W}p", f"{_W}tbl"):
        inside = next(element.iterancestors(f"{_W}tbl"), None) is not None
        if element.tag == f"{_W}tbl":
            if not inside:
                yield "table", _rows_of(element)
        elif not inside:
            yield "text", _words(element)
        else:
            _keep(element)


def _keep(paragraph: Any) -> None:
    """Leave a table's paragraph its words before it is freed."""
    paragraph.getparent().set("words", " ".join(filter(None, (paragraph.getparent().get("words"), _words(paragraph)))))


def _rows_of(table: Any) -> tuple[tuple[str, ...], ...]:
    rows = table.findall(f"{_W}tr")[:MOST_ROWS]
    return tuple(tuple(_cell(cell) for cell in row.findall(f"{_W}tc")[:MOST_COLUMNS]) for row in rows)


def _cell(cell: Any) -> str:
    return str(cell.get("words") or _words(cell))[:LONGEST_CELL]


def _words(element: Any) -> str:
    pieces = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n"}
    return "".join(pieces.get(one.tag, one.text or "") for one in element.iter(f"{_W}t", *pieces))


def _grid(sheet: Any) -> tuple[Grid, bool]:
    """The first rows of a sheet without the empty ones."""
    found = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True)
    rows = [tuple(_shown(value) for value in row) for row in found]
    filled = [row for row in rows[:MOST_ROWS] if any(row)]
    width = max((number + 1 for row in filled for number, cell in enumerate(row) if cell), default=0)
    return Grid(sheet.title, tuple(row[:width] for row in filled)), len(rows) > MOST_ROWS


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return "" if value is None else str(value)[:LONGEST_CELL]
