"""A red mark in one line, whatever size an official's template gives it: the built-in layout chooses the size beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from workflow_service.documents.model import characters

UNSTYLED = Pt(10)
SMALLEST = Pt(6)
HALF_POINT = Pt(0.5)
CELL_MARGINS = int(Pt(5.4) * 2)
"""What Word leaves at both sides of a cell by default."""
UNSTATED = (int(Mm(210)), int(Mm(28)), int(Mm(26)))
"""Width, left and right margin of a page for what a section does not state: the official page (docs/domain.md §6)."""


def fit_mark(file: Any, mark: str) -> None:
    """Shrink the mark of a filled template to one line, wherever a paragraph holds it and nothing else.

    Body, tables, headers and footers; a mark that fits keeps its size, none gets smaller than 6 points. Never raises: a mark in
    the template's own size is a lesser evil than no document.
    """
    for story in _stories(file) if mark else ():
        with suppress(Exception):  # what Word puts up with fails in the reader in many ways
            for element in story._element.iter(qn("w:p")):
                paragraph = Paragraph(element, story)
                if paragraph.text.strip() == mark:
                    _fit(file, paragraph, _width(file, element) - _indents(paragraph))


def _stories(file: Any) -> Iterator[Any]:
    """The body, and each header and footer that a section has of its own: to look into another would create it."""
    yield file._body
    for section in file.sections:
        for kind in ("header", "footer"):
            for page in ("", "first_page_", "even_page_"):
                own = getattr(section, page + kind)
                if not own.is_linked_to_previous:
                    yield own


def _width(file: Any, element: Any) -> int:
    """The width of the cell around a paragraph, or else of the first page's text, in EMU."""
    cell = next(element.iterancestors(qn("w:tc")), None)
    if cell is not None and cell.width:
        return int(cell.width) - CELL_MARGINS
    section = next(iter(file.sections), None)
    sizes = (section.page_width, section.left_margin, section.right_margin) if section is not None else (None,) * 3
    page, left, right = (default if size is None else int(size) for size, default in zip(sizes, UNSTATED, strict=True))
    return page - left - right - (CELL_MARGINS if cell is not None else 0)


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
