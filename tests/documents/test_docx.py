"""Official documents as docx: what they say and how the page is laid out (docs/domain.md §6)."""

import math
import re
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document as open_docx
from docx.oxml.ns import qn
from docx.shared import Length
from pypdf import PdfReader

from tests.documents.opening import opened_with_libreoffice, where_present
from tests.documents.samples import BULLETIN, NOTICE, SLIP, STATUTORY, WEEKLY, WRITTEN_AT
from workflow_service.documents.bulletin import bulletin_document
from workflow_service.documents.docx import write_docx
from workflow_service.documents.issue_notice import issue_notice_document
from workflow_service.documents.model import Document, Head, Table, title_margin
from workflow_service.documents.slip import slip_document
from workflow_service.documents.weekly import weekly_document

ALL = {
    "bulletin": bulletin_document(BULLETIN),
    "statutory": bulletin_document(STATUTORY),
    "slip": slip_document(SLIP),
    "weekly": weekly_document(WEEKLY),
    "notice": issue_notice_document(NOTICE),
}


def opened(document: Document) -> Any:
    return open_docx(BytesIO(write_docx(document)))


def texts(file: Any) -> list[str]:
    return [paragraph.text for paragraph in file.paragraphs if paragraph.text]


def runs(file: Any, text: str) -> Any:
    return next(run for paragraph in file.paragraphs for run in paragraph.runs if text in run.text)


@pytest.mark.parametrize("name", ALL)
def test_the_page_has_the_measures_of_the_standard(name: str) -> None:
    section = opened(ALL[name]).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert (round(section.top_margin.mm), round(section.left_margin.mm)) == (37, 28)
    text_width = Length(section.page_width - section.left_margin - section.right_margin)
    text_height = Length(section.page_height - section.top_margin - section.bottom_margin)
    assert (round(text_width.mm), round(text_height.mm)) == (156, 225)
    pitch = int(section._sectPr.find(qn("w:docGrid")).get(qn("w:linePitch")))
    assert 22 * pitch <= text_height.twips < 23 * pitch


def test_twenty_eight_characters_stand_in_a_line() -> None:
    spacing = opened(ALL["notice"]).styles["Normal"].element.rPr.find(qn("w:spacing"))
    character = 16 * 20 + int(spacing.get(qn("w:val")))
    line = 156 / 25.4 * 72 * 20
    assert 28 * character <= line < 29 * character


def test_the_official_fonts_are_named_for_every_script() -> None:
    file = opened(ALL["bulletin"])
    wanted = {
        "规划编制工作简报": ("方正小标宋简体", 42),
        "进展情况的通报": ("方正小标宋简体", 22),
        "一、总体进展": ("黑体", 16),
        "截至2021年6月30日": ("仿宋_GB2312", 16),
    }
    for text, (font, size) in wanted.items():
        run = runs(file, text)
        fonts = run._r.rPr.rFonts
        assert {fonts.get(qn(f"w:{script}")) for script in ("ascii", "hAnsi", "eastAsia", "cs")} == {font}
        assert run.font.size.pt == size


def test_page_numbers_stand_right_on_odd_and_left_on_even_pages() -> None:
    file = opened(ALL["slip"])
    assert file.settings.odd_and_even_pages_header_footer
    odd, even = file.sections[0].footer.paragraphs[0], file.sections[0].even_page_footer.paragraphs[0]
    assert (odd.alignment, even.alignment) == (2, 0)
    for paragraph in (odd, even):
        assert "".join(node.text for node in paragraph._p.iter(qn("w:t"))) == "— 1 —"
        assert paragraph._p.find(qn("w:fldSimple")).get(qn("w:instr")) == "PAGE"


def test_a_bulletin_has_masthead_issue_number_figures_and_copies() -> None:
    file = opened(ALL["bulletin"])
    said = texts(file)
    assert said[:3] == ["规划编制工作简报", "2021年第18期", "浙江省发展和改革委员会\t2021年7月1日"]
    assert "关于2021年6月下旬规划编制进展情况的通报" in said
    assert (
        "截至2021年6月30日，纳入编制目录清单的规划共179项（与上期持平），已印发176项（比上期增加15项），"
        "完成率98.3%（比上期增加8.4个百分点）；正在编制3项，其中逾期未印发3项（比上期增加1项）。"
    ) in said
    assert [line for line in said if line[:2] in ("一、", "二、", "三、", "四、", "五、")] == [
        "一、总体进展",
        "二、各单位进展排名",
        "三、本期印发的规划",
        "四、逾期未印发的规划",
        "五、下一步要求",
    ]
    assert "逾期未印发的规划共3项，上表列出逾期最久的1项。" in said, "a list that is cut says so"
    assert [line.strip() for line in said[-4:]] == [
        "报：省委、省政府领导",
        "送：省政府督查室",
        "发：省级有关单位",
        "浙江省发展和改革委员会\t2021年7月1日印发",
    ]


def test_a_statutory_bulletin_has_a_document_number_an_addressee_and_copies() -> None:
    said = texts(opened(ALL["statutory"]))
    assert said[1] == "浙发改规划〔2021〕12号"
    assert "省级有关单位：" in said
    assert any(line.strip() == "抄送：省委、省政府领导，省政府督查室" for line in said)


def test_tables_show_the_figures_and_repeat_their_heads() -> None:
    tables = opened(ALL["bulletin"]).tables
    assert [cell.text for cell in tables[0].rows[1].cells] == ["合计", "179", "176", "98.3%", "3"]
    assert [cell.text for cell in tables[1].rows[2].cells] == ["2", "省水利厅", "9", "6", "66.7%", "3"]
    assert all(table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for table in tables)


def test_what_looks_like_markup_stays_text_and_control_characters_go() -> None:
    assert opened(ALL["bulletin"]).tables[2].rows[1].cells[0].text == "浙江省海洋经济“十四五”规划 A&B <终稿>"
    assert opened(ALL["weekly"]).tables[0].rows[1].cells[4].text == "已完成初稿"


def test_a_slip_asks_one_unit_until_a_day_and_brings_its_answer_slip() -> None:
    said = texts(opened(ALL["slip"]))
    assert said[0] == "江北区人民政府办公室抄告单"
    assert said[1] == "北区政办抄〔2023〕3号"
    assert "区住房和城乡建设局：" in said
    assert "请于2023年6月16日前办理完毕，并填写回执送回。" in said
    assert "回　执" in said


def test_a_weekly_ledger_names_those_who_did_not_report() -> None:
    assert "省水利厅、省民政厅。" in texts(opened(ALL["weekly"]))


def test_a_plan_is_issued_by_a_notice_that_carries_it_as_attachment() -> None:
    said = texts(opened(ALL["notice"]))
    assert "关于印发《浙江省海洋经济发展“十四五”规划》的通知" in "".join(said)
    assert "附件：浙江省海洋经济发展“十四五”规划" in said
    assert said[-3:-1] == ["浙江省人民政府", "2021年5月20日"]


def test_the_file_says_who_wrote_it_when() -> None:
    properties = opened(ALL["notice"]).core_properties
    assert properties.author == "浙江省人民政府文件"
    assert properties.created.replace(tzinfo=UTC) == WRITTEN_AT


def test_a_long_mark_shrinks_to_one_line() -> None:
    document = Document(Head("宁波市江北区规划自然资源分局办公室抄告单"), "题目", WRITTEN_AT)
    size = runs(opened(document), "抄告单").font.size.pt
    assert size * len(document.head.mark) <= 156 / 25.4 * 72


def test_a_title_of_two_lines_leaves_no_word_alone() -> None:
    (title,) = [one for one in opened(ALL["slip"]).paragraphs if one.text == ALL["slip"].title]
    width = 156 - (title.paragraph_format.left_indent + title.paragraph_format.right_indent) / Length._EMUS_PER_MM
    letters = width * 72 / 25.4 / 22
    assert len(title.text) / 2 < letters < len(title.text) / 2 + 3
    (short,) = [one for one in opened(ALL["weekly"]).paragraphs if one.text == ALL["weekly"].title.splitlines()[1]]
    assert short.paragraph_format.left_indent is None


@pytest.mark.parametrize("title", ["", "短题目", *("长" * length for length in (20, 21, 39, 40, 41, 300)), "甲\n" + "很" * 21])
def test_the_rows_of_a_title_hold_it_all(title: str) -> None:
    letters = (156 - 2 * title_margin(title)) * 72 / 25.4 / 22
    for line in title.splitlines():
        assert math.ceil(len(line) / math.floor(letters)) == math.ceil(len(line) / 20)


def test_a_tables_head_stands_with_its_first_row() -> None:
    for table in opened(ALL["bulletin"]).tables:
        head, *rows = table.rows
        assert all(cell.paragraphs[0].paragraph_format.keep_with_next for cell in head.cells)
        assert not any(cell.paragraphs[0].paragraph_format.keep_with_next for row in rows for cell in row.cells)


@where_present
@pytest.mark.slow
def test_libreoffice_opens_every_document(tmp_path: Path) -> None:
    for name, document in ALL.items():
        (tmp_path / f"{name}.docx").write_bytes(write_docx(document))
    opened_with_libreoffice(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.pdf")} == set(ALL)
    for name, document in ALL.items():
        shown = "".join(page.extract_text() for page in PdfReader(tmp_path / f"{name}.pdf").pages)
        for table in (block for block in document.blocks if isinstance(block, Table)):
            for row in table.rows:
                assert first_number(row) in shown, (name, row)


def first_number(row: tuple[str, ...]) -> str:
    """The longest figure of a row: it stands in one line and is written alike by every font."""
    return max((found for cell in row for found in re.findall(r"[0-9.]+%?", cell)), key=len, default="")
