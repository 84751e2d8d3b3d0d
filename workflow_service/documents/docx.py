"""A document as docx in the layout of GB/T 9704-2012; the reader's machine supplies the fonts that it
names.

Lengths are millimetres unless they say otherwise. Font sizes are Chinese sizes in points: 2号 22, 3号 16,
4号 14, 小四 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC
from io import BytesIO
from typing import Any

from docx import Document as new_docx
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from workflow_service.documents import model
from workflow_service.documents.docx_chart import place_chart
from workflow_service.documents.model import (
    CLOSE_LINE,
    POINTS_A_MM,
    TEXT_WIDTH,
    TITLE_SIZE,
    clean,
    mark_size,
    title_margin,
)

FANGSONG, HEI, KAI, SONG, XIAOBIAOSONG = "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体", "方正小标宋简体"
HEADING_FONTS = {1: HEI, 2: KAI, 3: FANGSONG, 4: FANGSONG}
SIZE_3, SIZE_4, SIZE_SMALL_4 = 16, 14, 12
RED = RGBColor(0xE6, 0x00, 0x00)

PAGE_WIDTH, PAGE_HEIGHT = 210, 297
TOP, LEFT, TEXT_HEIGHT = 37, 28, 225
LINES, CHARACTERS = 22, 28
PAGE_NUMBER_BELOW_TEXT = 7
LINE_POINTS = TEXT_HEIGHT * POINTS_A_MM / LINES
# What a 3号 character gives up so that 28 stand in a line, in twentieths of a point. A character grid would do the same
# in Word, but LibreOffice spreads the characters over one.
CHARACTER_SPACING = math.floor((TEXT_WIDTH * POINTS_A_MM / CHARACTERS - SIZE_3) * 20)
TWIPS = 20
TITLE_LINE = 32  # points

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def write_docx(document: model.Document) -> bytes:
    """The document as the bytes of a docx file."""
    file = new_docx()
    _page(file, pitch=CLOSE_LINE if document.one_page else LINE_POINTS)
    _properties(file, document)
    _head(file, document.head, close=document.one_page)
    _title(file, document.title, close=document.one_page)
    if document.addressee:
        _paragraph(file, document.addressee, flush=True)
    for block in document.blocks:
        _WRITE[type(block)](file, block)
    _foot(file, document.foot)
    out = BytesIO()
    file.save(out)
    return out.getvalue()


def _page(file: Any, *, pitch: float) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Mm(PAGE_WIDTH), Mm(PAGE_HEIGHT)
    section.top_margin, section.left_margin = Mm(TOP), Mm(LEFT)
    section.bottom_margin = Mm(PAGE_HEIGHT - TOP - TEXT_HEIGHT)
    section.right_margin = Mm(PAGE_WIDTH - LEFT - TEXT_WIDTH)
    section.footer_distance = Mm(PAGE_HEIGHT - TOP - TEXT_HEIGHT - PAGE_NUMBER_BELOW_TEXT - 5)
    _grid(section, pitch)
    file.settings.odd_and_even_pages_header_footer = True
    _page_number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _page_number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
    normal = file.styles["Normal"]
    normal.paragraph_format.space_after = Pt(0)
    _font(normal, FANGSONG, SIZE_3)
    normal.element.get_or_add_rPr().append(_element("w:spacing", val=CHARACTER_SPACING))
    for gap in ("w:autoSpaceDE", "w:autoSpaceDN"):  # none between Chinese and Latin letters or figures
        _place(normal.element, _element(gap, val=0))


def _grid(section: Any, pitch: float) -> None:
    """22 lines a page, or as many as the pitch in points allows."""
    for old in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(old)
    section._sectPr.append(_element("w:docGrid", type="lines", linePitch=math.floor(pitch * TWIPS)))


def _page_number(paragraph: Any, side: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 — in 4号 宋体, one character in from the edge."""
    paragraph.alignment = side
    _indent(paragraph, **{"right" if side is WD_ALIGN_PARAGRAPH.RIGHT else "left": 1})
    _run(paragraph, "— ", SONG, SIZE_4)
    field = _element("w:fldSimple", instr="PAGE")
    paragraph._p.append(field)
    number = _run(paragraph, "1", SONG, SIZE_4)
    field.append(number._r)
    _run(paragraph, " —", SONG, SIZE_4)


def _properties(file: Any, document: model.Document) -> None:
    properties = file.core_properties
    written_at = document.written_at.astimezone(UTC).replace(tzinfo=None)
    properties.title, properties.author = clean(document.title)[:255], clean(document.head.mark)[:255]
    properties.created = properties.modified = written_at
    properties.last_modified_by, properties.comments, properties.language = "", "", "zh-CN"


def _head(file: Any, head: model.Head, *, close: bool) -> None:
    mark = _paragraph(file, "", flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    mark.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _run(mark, head.mark, XIAOBIAOSONG, mark_size(head.mark, head.letters)).font.color.rgb = RED
    if not close:
        _paragraph(file, "", flush=True)
    if head.centre:
        _paragraph(file, head.centre, flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    last = file.paragraphs[-1]
    if head.left or head.right:
        last = _two_sides(file, head.left, head.right)
    _border(last, "bottom", size=18, colour="E60000")
    if not close:
        _paragraph(file, "", flush=True)


def _two_sides(file: Any, left: str, right: str, size: float = SIZE_3) -> Any:
    paragraph = _paragraph(file, "", flush=True)
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT)
    _run(paragraph, f"{left}\t{right}", FANGSONG, size)
    return paragraph


def _title(file: Any, title: str, *, close: bool) -> None:
    for line in title.splitlines():
        paragraph = _paragraph(file, "", flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
        if close:  # too high for one line of the close grid, it would take two
            paragraph.paragraph_format.line_spacing = Pt(TITLE_LINE)
        if margin := title_margin(line):
            paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(margin)
        _run(paragraph, line, XIAOBIAOSONG, TITLE_SIZE)
    _paragraph(file, "", flush=True)


def _heading(file: Any, heading: model.Heading) -> None:
    paragraph = _paragraph(file, "")
    paragraph.paragraph_format.keep_with_next = True
    _run(paragraph, heading.text, HEADING_FONTS[heading.depth], SIZE_3)


def _text(file: Any, block: model.Paragraph) -> None:
    _paragraph(file, block.text, flush=block.flush)


def _table(file: Any, block: model.Table) -> None:
    table = file.add_table(rows=1, cols=len(block.columns))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    widths = _widths(block.columns)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    _row(table.rows[0], [column.head for column in block.columns], block.columns, widths, HEI)
    table.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader"))
    for cell in table.rows[0].cells:  # a head alone at the foot of a page; LibreOffice may then even lose the rows
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    for texts in block.rows:
        _row(table.add_row(), texts, block.columns, widths, FANGSONG)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(_element("w:cantSplit"))


def _widths(columns: tuple[model.Column, ...]) -> list[float]:
    characters = sum(column.width for column in columns)
    return [TEXT_WIDTH * column.width / characters for column in columns]


def _row(row: Any, texts: Any, columns: tuple[model.Column, ...], widths: list[float], font: str) -> None:
    for cell, text, column, width in zip(row.cells, texts, columns, widths, strict=True):
        cell.width, cell.vertical_alignment = Mm(width), WD_ALIGN_VERTICAL.CENTER
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
        align = model.Align.CENTRE if font == HEI else column.align
        paragraph.alignment = _ALIGN[align]
        _place(paragraph._p, _element("w:snapToGrid", val=0))
        _run(paragraph, text, font, SIZE_SMALL_4)


_ALIGN = {
    model.Align.LEFT: WD_ALIGN_PARAGRAPH.LEFT,
    model.Align.CENTRE: WD_ALIGN_PARAGRAPH.CENTER,
    model.Align.RIGHT: WD_ALIGN_PARAGRAPH.RIGHT,
}


def _attachments(file: Any, block: model.Attachments) -> None:
    _paragraph(file, "", flush=True)
    for line in block.lines():
        _paragraph(file, line)


def _signature(file: Any, block: model.Signature) -> None:
    """Two lines below the text and never alone on a page."""
    above = file.paragraphs[-1]
    space = [_paragraph(file, "", flush=True) for _ in range(2)]
    organ, day = (
        _paragraph(file, text, flush=True, align=WD_ALIGN_PARAGRAPH.RIGHT)
        for text in (block.organ, block.date)
    )
    for paragraph in (organ, day):
        _indent(paragraph, right=4)
    for paragraph in (above, *space, organ):
        paragraph.paragraph_format.keep_with_next = True


def _chart(file: Any, block: model.Chart) -> None:
    """The chart on lines of its own height, its title below it."""
    paragraph = _paragraph(file, "", flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    paragraph.paragraph_format.keep_with_next = True
    place_chart(file, paragraph, block)
    title = _paragraph(file, "", flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    _run(title, block.title, FANGSONG, SIZE_SMALL_4)


def _cut_line(file: Any, block: model.CutLine) -> None:
    paragraph = _paragraph(file, block.words, flush=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    paragraph.paragraph_format.keep_with_next = True
    _border(paragraph, "top", size=6, colour="000000", style="dashed")


def _foot(file: Any, lines: tuple[model.FootLine, ...]) -> None:
    """The foot between its rules: thick outside (1 pt), thin inside, in 4号 仿宋."""
    for number, line in enumerate(lines):
        label = f"{line.label}：" if line.label else ""
        paragraph = _two_sides(file, f" {label}{line.text}", f"{line.right} " if line.right else "", SIZE_4)
        paragraph.paragraph_format.keep_with_next = number < len(lines) - 1
        _border(paragraph, "top", size=8 if number == 0 else 6, colour="000000")
        if number == len(lines) - 1:
            _border(paragraph, "bottom", size=8, colour="000000")


_WRITE: dict[type, Callable[[Any, Any], None]] = {
    model.Heading: _heading,
    model.Paragraph: _text,
    model.Table: _table,
    model.Attachments: _attachments,
    model.Signature: _signature,
    model.CutLine: _cut_line,
    model.Chart: _chart,
}


def _paragraph(file: Any, text: str, *, flush: bool = False, align: WD_ALIGN_PARAGRAPH | None = None) -> Any:
    paragraph = file.add_paragraph()
    paragraph.alignment = align
    if text:
        _run(paragraph, text, FANGSONG, SIZE_3)
    if not flush:
        _indent(paragraph, firstLine=2)
    return paragraph


def _indent(paragraph: Any, **characters: int) -> None:
    """Indent by characters; as a length too, for readers that do not know the first."""
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    for side, amount in characters.items():
        indent.set(qn(f"w:{side}Chars"), str(amount * 100))
        indent.set(qn(f"w:{side}"), str(amount * SIZE_3 * TWIPS))


def _run(paragraph: Any, text: str, font: str, size: float) -> Any:
    run = paragraph.add_run(clean(text))
    _font(run, font, size)
    return run


def _font(styled: Any, font: str, size: float) -> None:
    styled.font.size, styled.font.name = Pt(size), font
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), font)


def _border(paragraph: Any, edge: str, *, size: int, colour: str, style: str = "single") -> None:
    """A rule above or below a paragraph; ``size`` in eighths of a point."""
    borders = paragraph._p.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is None:
        borders = _place(paragraph._p, _element("w:pBdr"))
    borders.append(_element(f"w:{edge}", val=style, sz=size, space=1, color=colour))


# The order in which a paragraph's properties must stand, as far as they are used here.
_ORDER = (
    "w:pBdr", "w:shd", "w:tabs", "w:autoSpaceDE", "w:autoSpaceDN", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr",
)  # fmt: skip


def _place(styled: Any, element: Any) -> Any:
    properties = styled.get_or_add_pPr()
    following = next(i for i, tag in enumerate(_ORDER) if qn(tag) == element.tag) + 1
    return properties.insert_element_before(element, *_ORDER[following:])


def _element(tag: str, **attributes: object) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element
