"""Files that people are imported from: what is read, and what is refused by name."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from workflow_service.domain.errors import InvalidInput, TooLarge, UnsupportedType
from workflow_service.identity.import_people import (
    COLUMNS,
    MOST_ROWS,
    ImportRow,
    WrongColumns,
    read_day,
    read_rows,
    template_csv,
    template_xlsx,
)

HEAD = "姓名,登录名,单位代码,岗位代码\r\n"


def xlsx(*lines: list[object]) -> bytes:
    book = Workbook()
    for line in lines:
        book.active.append(line)  # type: ignore[union-attr]
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_that_offices_use(encoding: str, separator: str) -> None:
    text = (HEAD + "省能源局·经办,energy.h,zj.energy,handler\r\n\r\n").replace(",", separator)
    assert read_rows(text.encode(encoding), "人员.CSV") == [
        ImportRow(2, "省能源局·经办", "energy.h", "zj.energy", "handler")
    ]


def test_xlsx_is_read_with_numbers_and_dates_as_text() -> None:
    content = xlsx(
        ["name", "username", "unit", "post", "手机", "任职日期", None],
        [None] * 7,
        [" 经办 ", "h", "u", "handler", 13800000000.0, datetime(2025, 11, 24), None],
    )
    assert read_rows(content, "a.xlsx") == [
        ImportRow(3, "经办", "h", "u", "handler", mobile="13800000000", since="2025-11-24")
    ]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("姓名,登录名,单位,岗位代码", "缺少列：单位代码"),
        ("姓名,登录名,单位代码,岗位代码,部门", "不认识的列：部门"),
        ("姓名,登录名,单位代码,岗位代码,姓名", "列重复：姓名"),
        ("", "缺少列：姓名、登录名、单位代码、岗位代码"),
    ],
)
def test_wrong_columns_are_named(head: str, said: str) -> None:
    with pytest.raises(WrongColumns) as refused:
        read_rows(f"{head}\n1,2,3,4\n".encode(), "a.csv")
    assert said in str(refused.value)


def test_the_templates_fit_their_own_reader() -> None:
    with pytest.raises(InvalidInput, match="没有人员"):
        read_rows(template_csv(), "a.csv")
    template = template_xlsx([("zj.drc", "=省发展改革委", "handler", "经办")])
    with pytest.raises(InvalidInput, match="没有人员"):
        read_rows(template, "a.xlsx")
    book = load_workbook(io.BytesIO(template))
    assert [cell.value for cell in book["人员"][1]] == list(COLUMNS.values())
    assert book["单位与岗位"]["B2"].value == "=省发展改革委"
    assert book["单位与岗位"]["B2"].data_type == "s"


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (61 * 1024 * 1024))
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"x" * (5 * 1024 * 1024 + 1), "a.csv", TooLarge),
        (b"PK\x03\x04truncated", "a.xlsx", InvalidInput),
        (b"", "a.xlsx", InvalidInput),
        (b"", "a.csv", WrongColumns),
        (b"\xff\xff\xff\x00", "a.csv", InvalidInput),
        (b"name", "a.xls", UnsupportedType),
        (b"name", "a", UnsupportedType),
        ((HEAD + "a,b,c,d\n" * (MOST_ROWS + 1)).encode(), "a.csv", TooLarge),
        ((HEAD + '"' + "a" * 200_000).encode(), "a.csv", InvalidInput),
        (bomb(), "a.xlsx", TooLarge),
        (xlsx(), "a.xlsx", WrongColumns),
    ],
    ids=[
        "large",
        "truncated",
        "empty xlsx",
        "empty csv",
        "no text",
        "xls",
        "no ending",
        "rows",
        "field",
        "bomb",
        "blank",
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_rows(content, name)


@pytest.mark.parametrize("text", ["2025-11-24", "2025/11/24", "2025.11.24", "2025年11月24日"])
def test_days_are_read_as_people_write_them(text: str) -> None:
    assert read_day(text) == date(2025, 11, 24)


@pytest.mark.parametrize("text", ["2025-13-01", "2025-02-30", "明天", "24.11.2025"])
def test_what_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_day(text)
