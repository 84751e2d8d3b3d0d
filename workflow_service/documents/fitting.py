"""A red mark in one line, whatever size an official's template gives it: the built-in layout chooses the size beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from workflow_service.documents.model import characters

UNSTYLED = Pt(10)
SMALLEST = Pt(6)
HALF_POINT = Pt(0.5)


def fit_mark(file: Any, mark: str) -> None:
    """Shrink the mark of a filled template to one line, wherever a paragraph holds it and nothing else.

    Body, tables, headers and footers; a mark that fits keeps its size, none gets smaller than 6 points.
    """
    for paragraph, width in _paragraphs(file) if mark else ():
        if paragraph.text.strip() == mark:
            _fit(file, paragraph, width)


def _paragraphs(file: Any) -> Iterator[tuple[Any, int]]:
    """Every paragraph with the width of its line in EMU."""
    section = file.sections[0]
    page = section.page_width - section.left_margin - section.right_margin
    for part in (file, section.header, section.footer, section.first_page_header, section.even_page_header):
        for paragraph in part.paragraphs:
            yield paragraph, page - _indents(paragraph)
        for table in part.tables:
            for cell in table._cells:
                width = (cell.width or page) - _cell_margins(cell)
                yield from ((paragraph, width - _indents(paragraph)) for paragraph in cell.paragraphs)


def _fit(file: Any, paragraph: Paragraph, width: int) -> None:
    runs = [run for run in paragraph.runs if run.text]
    sizes = [_size_of(file, run, paragraph) for run in runs]
    taken = sum(characters(run.text) * size for run, size in zip(runs, sizes, strict=True)) + max(sizes, default=0) / 2
    if taken <= width:
        return
    for run, size in zip(runs, sizes, strict=True):
        run.font.size = max(int(size * width / taken / HALF_POINT) * HALF_POINT, SMALLEST)


def _size_of(file: Any, run: Any, paragraph: Paragraph) -> int:
    """The size in which a run is shown, in EMU: its own, that of its style, of the paragraph's, of the document."""
    for style in (run, run.style, paragraph.style):
        while style is not None:
            if style.font.size is not None:
                return int(style.font.size)
            style = getattr(style, "base_style", None)
    default = file.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}/{qn('w:sz')}")
    return Pt(int(default.get(qn("w:val"))) / 2) if default is not None else UNSTYLED


def _indents(paragraph: Paragraph) -> int:
    form = paragraph.paragraph_format
    return sum(max(one or 0, 0) for one in (form.left_indent, form.right_indent, form.first_line_indent))


def _cell_margins(cell: Any) -> int:
    """What Word leaves at both sides of a cell by default."""
    return int(Pt(5.4) * 2)
