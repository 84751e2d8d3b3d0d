"""Templates that officials edit in Word: delivered, checked, filled; what does not belong in one is refused by name."""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document as open_docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from lxml import etree
from pypdf import PdfReader

from tests.documents.opening import opened_with_libreoffice, where_present
from tests.documents.samples import BULLETIN, SLIP, WEEKLY, WRITTEN_AT
from workflow_service.documents import bulletin, slip, special_report, weekly
from workflow_service.documents.built_in_templates import built_in
from workflow_service.documents.docx import write_docx
from workflow_service.documents.docx_chart import CHART, DRAWING
from workflow_service.documents.template_examples import EXAMPLES
from workflow_service.documents.template_fields import FIELDS
from workflow_service.documents.templates import TemplateRefused, check_template, fill_template, text_of

WRITTEN = {
    "bulletin": (bulletin.bulletin_document, EXAMPLES["bulletin"]),
    "circular": (bulletin.bulletin_document, EXAMPLES["circular"]),
    "weekly": (weekly.weekly_document, EXAMPLES["weekly"]),
    "slip": (slip.slip_document, EXAMPLES["slip"]),
    "report": (special_report.report_document, EXAMPLES["report"]),
}


def template_of(*paragraphs: str, table: tuple[tuple[str, ...], ...] = ()) -> bytes:
    """A docx with these paragraphs and one table, as somebody would type it."""
    file = open_docx()
    for text in paragraphs:
        file.add_paragraph(text)
    if table:
        grid = file.add_table(rows=0, cols=len(table[0]))
        for row in table:
            for cell, text in zip(grid.add_row().cells, row, strict=True):
                cell.text = text
    out = BytesIO()
    file.save(out)
    return out.getvalue()


def words(content: bytes) -> str:
    return re.sub(r"\s+", "", text_of(content))


@pytest.mark.parametrize("kind", FIELDS)
def test_the_delivered_template_gives_the_words_that_the_service_writes_without_one(kind: str) -> None:
    write, example = WRITTEN[kind]
    template = built_in(kind, WRITTEN_AT)
    check_template(kind, template)
    assert words(fill_template(kind, template, example)) == words(write_docx(write(example)))


def test_a_bulletin_without_lists_leaves_their_parts_out() -> None:
    bare = bulletin.Bulletin(
        mark="简报", number=None, organ="某委", issued_on=BULLETIN.issued_on, period="6月下旬", as_of=BULLETIN.as_of,
        comparison=BULLETIN.comparison, written_at=WRITTEN_AT,
    )  # fmt: skip
    filled = words(fill_template("bulletin", built_in("bulletin", WRITTEN_AT), bare))
    assert "本期没有印发规划。" in filled and "没有逾期未印发的规划。" in filled and "（送审稿）" in filled
    assert "下一步要求" not in filled and "上期要求" not in filled and "{" not in filled


def test_what_an_official_changes_in_the_layout_is_in_the_filled_document() -> None:
    template = template_of(
        "本局专用版头 {{ number }}", "{%p for line in remarks %}", "· {{ line.text }}", "{%p endfor %}",
        table=(("{%tr for u in units %}", ""), ("{{ u.unit }}", "{{ u.rate }}"), ("{%tr endfor %}", "")),
    )  # fmt: skip
    check_template("bulletin", template)
    filled = text_of(fill_template("bulletin", template, BULLETIN)).split("\n")
    assert filled[:3] == ["本局专用版头 2021年第18期", "· 各单位要倒排时间。", "· 对重点规划逐项落实责任。"]
    assert filled[3:] == ["省生态环境厅", "100.0%", "省水利厅", "66.7%"]


def test_values_are_never_markup_nor_instructions() -> None:
    filled = text_of(fill_template("weekly", built_in("weekly", WRITTEN_AT), WEEKLY))
    assert "已完成初稿" in filled and "\x0b" not in filled
    sharp = replace(SLIP, facts="A&B <x> {{ organ }}")
    assert text_of(fill_template("slip", template_of("{{ facts }}"), sharp)) == "A&B <x> {{ organ }}"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{ titel }}", "titel"),
        ("{% for u in units %}{{ u.unt }}{% endfor %}", "u.unt"),
        ("{% for u in people %}{{ u.unit }}{% endfor %}", "people"),
        ("{{ units.unit }}", "units.unit"),
        ("{{ title.__class__ }}", "title.__class__"),
        ("{{ title | upper }}", "Filter"),
        ("{{ range(9) }}", "Call"),
        ("{% set a = 1 %}", "Assign"),
        ("{% include 'x' %}", "Include"),
        ("{% for u in units recursive %}{{ u.unit }}{% endfor %}", "units"),
        ("{{ loop.index }}", "loop.index"),
    ],
)
def test_unknown_fields_and_anything_that_would_run_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(TemplateRefused, match=re.escape(named)):
        check_template("bulletin", template_of(text))


def test_a_field_in_a_header_is_checked_too() -> None:
    file = open_docx()
    file.sections[0].header.paragraphs[0].text = "{{ nobody }}"
    out = BytesIO()
    file.save(out)
    with pytest.raises(TemplateRefused, match="nobody"):
        check_template("weekly", out.getvalue())


@pytest.mark.parametrize("text", ["{{ title", "{% if title %}", "{% for %}"])
def test_a_template_that_is_not_well_written_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(TemplateRefused, match="写法有误"):
        check_template("weekly", template_of(text))


@pytest.mark.parametrize("content", [b"", b"no docx", b"PK\x03\x04broken", b"x" * 5_000_001])
def test_what_is_no_docx_or_too_large_is_refused(content: bytes) -> None:
    with pytest.raises(TemplateRefused):
        check_template("weekly", content)


def chart_parts(content: bytes) -> list[Any]:
    file = open_docx(BytesIO(content))
    parts = [part for part in file.part.package.iter_parts() if str(part.partname).startswith("/word/charts/")]
    return [etree.fromstring(part.blob) for part in sorted(parts, key=lambda part: str(part.partname))]


@pytest.mark.parametrize("filled", [False, True])
def test_charts_stand_in_the_docx_with_their_values_and_the_official_font(filled: bool) -> None:
    example = EXAMPLES["bulletin"]
    content = (
        fill_template("bulletin", built_in("bulletin", WRITTEN_AT), example)
        if filled
        else write_docx(bulletin.bulletin_document(example))
    )
    trend, units = chart_parts(content)
    assert [one.text for one in trend.iterfind(f".//{{{CHART}}}cat//{{{CHART}}}v")][:3] == ["6月上旬", "6月中旬", "6月下旬"]
    assert [one.text for one in trend.iterfind(f".//{{{CHART}}}val//{{{CHART}}}v")] == ["8", "10", "12", "10", "13", "14"]
    assert [one.text for one in units.iterfind(f".//{{{CHART}}}val//{{{CHART}}}v")] == ["6", "6", "6", "2", "2", "0"]
    assert {one.get("typeface") for one in units.iter(f"{{{DRAWING}}}ea")} == {"仿宋_GB2312"}
    file = open_docx(BytesIO(content))
    placed = [one.get(qn("r:id")) for one in file.element.body.iter(f"{{{CHART}}}chart")]
    assert len(placed) == 2 and all(str(file.part.rels[one].target_part.partname).startswith("/word/charts/") for one in placed)


LONG = "宁波市江北区人民政府规划和自然资源工作委员会办公室抄告单"


def marked(content: bytes, mark: str) -> list[Any]:
    """The runs of the paragraphs that hold the mark and nothing else, in the body and its tables."""
    file = open_docx(BytesIO(content))
    cells = [one for table in file.tables for cell in table._cells for one in cell.paragraphs]
    return [run for one in (*file.paragraphs, *cells) if one.text == mark for run in one.runs]


def test_a_long_mark_stands_in_one_line_of_the_delivered_template_and_a_short_one_keeps_its_size() -> None:
    template = built_in("slip", WRITTEN_AT)
    (long,) = marked(fill_template("slip", template, replace(SLIP, mark=LONG)), LONG)
    assert long.font.size.pt * len(LONG) <= 156 / 25.4 * 72
    (short,) = marked(fill_template("slip", template, replace(SLIP, mark="抄告单")), "抄告单")
    (unfilled,) = marked(template, "{{ mark }}")
    assert short.font.size == unfilled.font.size


def unusual(change: str) -> bytes:
    """A slip's template with a long mark and what Word writes and its reader does not expect."""
    file = open_docx(BytesIO(template_of("{{ title }}", table=(("{{ mark }}", "", ""), ("", "", "")))))
    if change == "no section":
        file.element.body.remove(file.element.body.sectPr)
    elif change == "no sizes":
        for name in ("w:pgSz", "w:pgMar"):
            file.element.body.sectPr.remove(file.element.body.sectPr.find(qn(name)))
    else:
        first, second = file.tables[0].rows
        first._tr.remove(first._tr.tc_lst[-1])
        first._tr.get_or_add_trPr().append(_element("w:gridAfter", "1"))
        first._tr.tc_lst[0].get_or_add_tcPr().append(_element("w:vMerge", "restart"))
        second._tr.tc_lst[0].get_or_add_tcPr().append(OxmlElement("w:vMerge"))
    out = BytesIO()
    file.save(out)
    return out.getvalue()


def _element(name: str, value: str) -> Any:
    made = OxmlElement(name)
    made.set(qn("w:val"), value)
    return made


@pytest.mark.parametrize("change", ["merged cells", "no sizes", "no section"])
def test_whatever_a_template_leaves_out_it_is_filled_and_its_mark_shrunk(change: str) -> None:
    template = unusual(change)
    check_template("slip", template)
    filled = open_docx(BytesIO(fill_template("slip", template, replace(SLIP, mark=LONG))))
    (mark,) = [one for one in filled.element.body.iter(qn("w:p")) if "".join(one.itertext(qn("w:t"))) == LONG]
    (size,) = (int(one.get(qn("w:val"))) / 2 for one in mark.iter(qn("w:sz")))
    assert 6 <= size < 10.5
    assert not [one for one in filled.part.package.iter_parts() if "header" in str(one.partname)], "none was made by looking"


@where_present
def test_libreoffice_shows_a_long_mark_in_one_line(tmp_path: Path) -> None:
    template = built_in("slip", WRITTEN_AT)
    (tmp_path / "slip.docx").write_bytes(fill_template("slip", template, replace(SLIP, mark=LONG)))
    (shown,) = opened_with_libreoffice(tmp_path)
    assert LONG in PdfReader(shown).pages[0].extract_text().splitlines()[0].replace(" ", "")


def test_a_mark_that_an_official_made_large_shrinks_to_the_width_of_its_line_or_cell(tmp_path: Path) -> None:
    file = open_docx()
    file.add_paragraph().add_run("{{ mark }}").font.size = Pt(40)
    file.add_heading("{{ mark }}", 0)
    cell = file.add_table(1, 2).rows[0].cells[0]
    cell.paragraphs[0].add_run("{{ mark }}").font.size = Pt(26)
    sentence = file.add_paragraph("根据{{ mark }}要求，请抓紧办理。")
    sentence.runs[0].font.size = Pt(30)
    out = BytesIO()
    file.save(out)
    check_template("slip", out.getvalue())
    filled = fill_template("slip", out.getvalue(), replace(SLIP, mark=LONG))
    sizes = [run.font.size.pt * len(LONG) for run in marked(filled, LONG)]
    line = (file.sections[0].page_width - file.sections[0].left_margin - file.sections[0].right_margin) / Pt(1)
    assert len(sizes) == 3 and max(sizes[:2]) <= line and sizes[2] <= line / 2
    said = next(one for one in open_docx(BytesIO(filled)).paragraphs if one.text.startswith("根据"))
    assert said.runs[0].font.size == Pt(30)
