"""The special report: headings are found in what people typed, and as many lines as are promised stand on one page."""

from dataclasses import replace
from io import BytesIO

import pytest
from docx import Document as open_docx
from docx.oxml.ns import qn
from pypdf import PdfReader

from workflow_service.documents.docx import write_docx
from workflow_service.documents.pdf import pdf_available, write_pdf
from workflow_service.documents.special_report import (
    ONE_PAGE_LINES,
    Part,
    lines_of,
    parts_of,
    report_document,
)
from workflow_service.documents.template_examples import EXAMPLES

REPORT = EXAMPLES["report"]


def test_a_line_like_a_heading_is_one_and_others_are_text() -> None:
    typed = "开头。\n\n一、进展情况\n 第一段。\n第二段。\n二、这一行以句号结束，不是标题。\n三、工作建议"
    assert parts_of(typed) == [
        Part("", "开头。"), Part("一、进展情况", "第一段。"), Part("", "第二段。"), Part("", "二、这一行以句号结束，不是标题。"),
        Part("三、工作建议", ""),
    ]  # fmt: skip


def test_lines_are_counted_with_the_indent_of_each_paragraph() -> None:
    assert [lines_of("字" * length) for length in (1, 26, 27, 54, 55)] == [1, 1, 2, 2, 3]
    assert lines_of("一、进展情况\n\n" + "字" * 26) == 2


@pytest.mark.skipif(not pdf_available(), reason="Pango is not installed")
def test_the_promised_lines_stand_on_one_page_with_a_long_title_and_three_leaders() -> None:
    full = replace(
        REPORT, title="关于某某市综合交通运输发展“十四五”规划编制进度的专报", text="\n".join(["字" * 25] * ONE_PAGE_LINES),
        readers=("某某（市发展和改革委员会·负责人）", "某某（市人民政府办公厅·负责人）", "某某（市人民政府·负责人）"),
    )  # fmt: skip
    pages = PdfReader(BytesIO(write_pdf(report_document(full)).content)).pages
    assert len(pages) == 1
    more = replace(full, text=full.text + "\n字" * 5)
    assert len(PdfReader(BytesIO(write_pdf(report_document(more)).content)).pages) == 2


def test_the_word_file_has_closer_lines_and_no_empty_ones_in_its_head() -> None:
    file = open_docx(BytesIO(write_docx(report_document(REPORT))))
    grid = file.sections[0]._sectPr.find(qn("w:docGrid"))
    assert grid.get(qn("w:linePitch")) == "480"
    assert [one.text for one in file.paragraphs[:4]] == [
        "规划编制专报", "某发改专报〔2021〕2号", "某市发展和改革委员会\t2021年7月1日", "关于示例规划二编制进度的专报",
    ]  # fmt: skip
