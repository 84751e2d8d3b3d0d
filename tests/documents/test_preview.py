"""Files from outside are read for their words: by their content, within limits, and damaged ones are refused with a sentence."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import docx
import openpyxl
import pytest

from workflow_service.documents import preview
from workflow_service.documents.preview import Grid, Unreadable

DOCUMENT = (
    '<?xml version="1.0"?>{doctype}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>{body}</w:body></w:document>"
)


def packed(folder: Path, **parts: str) -> Path:
    path = folder / "file"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return path


def test_a_text_gives_its_paragraphs_and_tables_in_order(tmp_path: Path) -> None:
    written = docx.Document()
    written.add_paragraph("第一章")
    table = written.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "指标", "第一行\n第二行"
    written.add_paragraph("")
    written.add_paragraph("第二章")
    written.save(str(tmp_path / "file"))
    found = preview.preview_docx(tmp_path / "file")
    assert found.parts == ("第一章", Grid("", (("指标", ""), ("", "第一行\n第二行"))), "第二章")
    assert not found.cut


def test_a_sheet_gives_values_and_days_as_people_write_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "指标"
    book.active.append(["单位GDP能耗", 0.42, date(2025, 12, 31), datetime(2025, 1, 2, 8, 30), None])
    book.active.append([])
    book.create_sheet("项目").append(["=1+1"])
    book.save(tmp_path / "file")
    found = preview.preview_xlsx(tmp_path / "file")
    assert found.parts[0] == Grid("指标", (("单位GDP能耗", "0.42", "2025-12-31", "2025-01-02 08:30"),))
    assert isinstance(found.parts[1], Grid) and found.parts[1].name == "项目"


def test_long_files_are_cut_and_say_so(tmp_path: Path) -> None:
    written = docx.Document()
    for number in range(preview.MOST_PARAGRAPHS + 5):
        written.add_paragraph(f"第 {number} 段")
    written.save(str(tmp_path / "file"))
    found = preview.preview_docx(tmp_path / "file")
    assert len(found.parts) == preview.MOST_PARAGRAPHS and found.cut
    book = openpyxl.Workbook()
    for number in range(preview.MOST_ROWS + 1):
        book.active.append([number] * 30)
    book.save(tmp_path / "sheet")
    shown = preview.preview_xlsx(tmp_path / "sheet")
    grid = shown.parts[0]
    assert isinstance(grid, Grid) and len(grid.rows) == preview.MOST_ROWS and shown.cut
    assert len(grid.rows[0]) == preview.MOST_COLUMNS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_plain_text_is_read_in_the_encodings_that_offices_use(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "file").write_bytes("能源发展规划".encode(encoding))
    assert preview.preview_text(tmp_path / "file").parts == ("能源发展规划",)
    (tmp_path / "long").write_bytes(("能" * 60_000).encode(encoding))
    long = preview.preview_text(tmp_path / "long")
    assert long.cut and set(str(long.parts[0])) == {"能"}


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim")
    doctype = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    body = "<w:p><w:r><w:t>vor &x; nach</w:t></w:r></w:p>"
    try:
        found = str(preview.preview_docx(packed(tmp_path, word__document_xml=DOCUMENT.format(doctype=doctype, body=body))).parts)
    except Unreadable:
        found = ""
    assert "geheim" not in found


def test_a_part_that_unpacks_too_large_is_not_unpacked(tmp_path: Path) -> None:
    body = "<w:p><w:r><w:t>" + "能" * (preview.LARGEST_PART_BYTES // 3 + 10) + "</w:t></w:r></w:p>"
    with pytest.raises(Unreadable):
        preview.preview_docx(packed(tmp_path, word__document_xml=DOCUMENT.format(doctype="", body=body)))
    with pytest.raises(Unreadable):
        preview.preview_xlsx(packed(tmp_path, xl__worksheets__sheet1_xml=" " * (preview.LARGEST_PART_BYTES + 1)))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for read in (preview.preview_docx, preview.preview_xlsx):
        with pytest.raises(Unreadable):
            read(tmp_path / "file")


def test_a_zip_without_a_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        preview.preview_docx(packed(tmp_path, other_xml="<a/>"))
    with pytest.raises(Unreadable):
        preview.preview_docx(packed(tmp_path, word__document_xml="<broken"))
