"""Tables as xlsx (docs/domain.md §8)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

from openpyxl import load_workbook

from workflow_service.documents.sheets import LONGEST_CELL, Sheet, SheetColumn, Shown, write_xlsx

NOW = datetime(2021, 6, 30, 16, 30, tzinfo=UTC)
COLUMNS = (
    SheetColumn("规划名称", 40),
    SheetColumn("应完成", 12, Shown.DAY),
    SheetColumn("完成率", 10, Shown.PERCENT),
    SheetColumn("更新时间", 18, Shown.MOMENT),
    SheetColumn("数量", 8, Shown.NUMBER),
)


def written(*rows: tuple[object, ...], name: str = "台账") -> object:
    sheet = Sheet(name, "规划编制台账", COLUMNS, rows, NOW, "截至2021年6月30日")  # type: ignore[arg-type]
    return load_workbook(BytesIO(write_xlsx(sheet))).worksheets[0]


def values(worksheet: object, row: int) -> list[object]:
    return [cell.value for cell in worksheet[row]]  # type: ignore[index]


def test_a_sheet_holds_title_note_heads_and_exactly_the_rows() -> None:
    worksheet = written(
        ("海洋经济规划", date(2021, 6, 30), Decimal("98.3"), NOW, 179), ("水资源规划", None, None, None, 0)
    )
    assert values(worksheet, 1)[0] == "规划编制台账"
    assert values(worksheet, 2)[0] == "截至2021年6月30日"
    assert values(worksheet, 3) == [column.head for column in COLUMNS]
    assert values(worksheet, 4)[0] == "海洋经济规划"
    assert values(worksheet, 5) == ["水资源规划", None, None, None, 0]
    assert worksheet.max_row == 5  # type: ignore[attr-defined]


def test_days_moments_and_rates_are_values_not_texts() -> None:
    worksheet = written(("x", date(2021, 6, 30), Decimal("98.3"), NOW, 179))
    _, day, rate, moment, number = values(worksheet, 4)
    assert day == datetime(2021, 6, 30)
    assert moment == datetime(2021, 7, 1, 0, 30)  # shown in the government's zone
    assert (rate, number) == (98.3, 179)
    assert worksheet["C4"].number_format == '0.0"%"'  # type: ignore[index]


def test_what_looks_like_a_formula_or_a_link_stays_text() -> None:
    typed = ["=1+1", "http://example.invalid", "+86", "@SUM(A1)", "0012"]
    worksheet = written(*[(text, None, None, None, None) for text in typed])
    cells = [worksheet.cell(4 + row, 1) for row in range(len(typed))]  # type: ignore[attr-defined]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells] == [
        (text, "s", None) for text in typed
    ]


def test_control_characters_and_endless_texts_do_not_break_the_file() -> None:
    worksheet = written(
        ("进展\x00\x1f正常\ud800", None, None, None, None), ("长" * 40_000, None, None, None, None)
    )
    assert values(worksheet, 4)[0] == "进展正常"
    assert len(str(values(worksheet, 5)[0])) == LONGEST_CELL


def test_an_empty_table_and_an_odd_name_still_open() -> None:
    worksheet = written(name="台账[2021/06]:全部*规划?按单位和级别分列的完整清单以及逾期情况")
    assert values(worksheet, 3)[0] == "规划名称"
    assert len(worksheet.title) <= 31  # type: ignore[attr-defined]


def test_several_sheets_make_one_file() -> None:
    sheets = [Sheet(name, name, COLUMNS[:1], [("甲",)], NOW) for name in ("总表", "逾期")]
    assert load_workbook(BytesIO(write_xlsx(*sheets))).sheetnames == ["总表", "逾期"]
