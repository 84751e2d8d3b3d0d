"""A document as html: the page that people read, and what the pdf is made of."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from workflow_service.documents import model
from workflow_service.documents.charts import chart_svg
from workflow_service.documents.model import clean


def body_html(document: model.Document) -> str:
    """The document as an html fragment, without styles; every text is escaped."""
    head = document.head
    sides = f'<p class="sides"><span>{_t(head.left)}</span><span>{_t(head.right)}</span></p>'
    return "\n".join(
        [
            '<article class="document">',
            f'<header><p class="mark">{_t(head.mark)}</p>',
            f'<p class="number">{_t(head.centre)}</p>' if head.centre else "",
            sides if head.left or head.right else "",
            "</header>",
            f"<h1>{_t(document.title)}</h1>",
            f'<p class="flush">{_t(document.addressee)}</p>' if document.addressee else "",
            *[_BLOCKS[type(block)](block) for block in document.blocks],
            _foot(document.foot),
            "</article>",
        ]
    )


def _t(text: str) -> str:
    return escape(clean(text)).replace("\n", "<br>")


def _heading(block: model.Heading) -> str:
    return f"<h{block.depth + 1}>{_t(block.text)}</h{block.depth + 1}>"


def _paragraph(block: model.Paragraph) -> str:
    text = _t(block.text) or "&nbsp;"
    return f'<p class="flush">{text}</p>' if block.flush else f"<p>{text}</p>"


def _table(block: model.Table) -> str:
    characters = sum(column.width for column in block.columns)
    widths = "".join(f'<col width="{column.width * 100 / characters:.1f}%">' for column in block.columns)
    head = "".join(f'<th scope="col">{_t(column.head)}</th>' for column in block.columns)
    rows = "".join(f"<tr>{_cells(block.columns, row)}</tr>" for row in block.rows)
    return f"<table><colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(columns: tuple[model.Column, ...], row: tuple[str, ...]) -> str:
    return "".join(
        f'<td class="{column.align}">{_t(text)}</td>' for column, text in zip(columns, row, strict=True)
    )


def _attachments(block: model.Attachments) -> str:
    return "".join(f"<p>{_t(line)}</p>" for line in block.lines())


def _signature(block: model.Signature) -> str:
    return f'<p class="signature">{_t(block.organ)}<br>{_t(block.date)}</p>'


def _chart(block: model.Chart) -> str:
    return f"<figure>{chart_svg(block)}<figcaption>{_t(block.title)}</figcaption></figure>"


def _cut_line(block: model.CutLine) -> str:
    return f'<p class="cut">{_t(block.words)}</p>'


def _foot(lines: tuple[model.FootLine, ...]) -> str:
    rows = "".join(
        f"<p><span>{_t(f'{line.label}：' if line.label else '')}{_t(line.text)}</span><span>{_t(line.right)}</span></p>"
        for line in lines
    )
    return f"<footer>{rows}</footer>" if rows else ""


_BLOCKS: dict[type, Callable[[Any], str]] = {
    model.Heading: _heading,
    model.Paragraph: _paragraph,
    model.Table: _table,
    model.Attachments: _attachments,
    model.Signature: _signature,
    model.CutLine: _cut_line,
    model.Chart: _chart,
}
