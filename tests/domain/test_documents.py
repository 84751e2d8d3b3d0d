"""Numbers, dates, marks and markings of official documents (docs/domain.md §6)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_service.domain.documents import (
    DocumentNumber,
    InvalidDocumentNumber,
    IssueNumber,
    SecrecyMarked,
    chinese_date,
    heading_mark,
    money,
    parse_chinese_date,
    require_unclassified,
    secrecy_marking,
)
from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.numerals import digits, numeral


def test_a_document_number_has_six_sided_brackets_and_no_leading_zeros() -> None:
    number = DocumentNumber("北区政办发", 2023, 10)
    assert str(number) == "北区政办发〔2023〕10号"
    assert DocumentNumber.parse(" 北区政办发〔2023〕10号") == number
    assert number.series == "北区政办发〔2023〕"


@pytest.mark.parametrize(
    "text",
    ["", "北区政办发[2023]10号", "北区政办发（2023）10号", "北区政办发〔2023〕010号", "北区政办发〔2023〕第10号",
     "北区政办发〔23〕10号", "北区政办发〔2023〕10", "〔2023〕10号", "北区政办发〔2023〕0号"],
)  # fmt: skip
def test_other_forms_of_a_document_number_are_refused(text: str) -> None:
    with pytest.raises(InvalidDocumentNumber):
        DocumentNumber.parse(text)


@given(st.sampled_from(["浙政办发", "开州府办发", "北区发改"]), st.integers(1990, 2099), st.integers(1, 9999))
def test_every_document_number_survives_writing_and_reading(prefix: str, year: int, serial: int) -> None:
    number = DocumentNumber(prefix, year, serial)
    assert DocumentNumber.parse(str(number)) == number


def test_bulletins_are_numbered_within_their_year() -> None:
    assert str(IssueNumber(2021, 12)) == "2021年第12期"


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_every_date_survives_writing_and_reading_in_chinese(day: date) -> None:
    assert parse_chinese_date(chinese_date(day)) == day


def test_a_date_is_written_without_leading_zeros() -> None:
    assert chinese_date(date(2023, 4, 3)) == "2023年4月3日"


@pytest.mark.parametrize("text", ["2023-04-03", "2023年2月30日", "二〇二三年四月三日", ""])
def test_what_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_chinese_date(text)


def test_headings_are_marked_in_four_depths() -> None:
    assert [heading_mark(depth, 2) for depth in (1, 2, 3, 4)] == ["二、", "（二）", "2.", "（2）"]
    assert heading_mark(1, 21) == "二十一、"


@pytest.mark.parametrize(
    ("number", "chinese"),
    [(1, "一"), (10, "十"), (14, "十四"), (20, "二十"), (21, "二十一"), (99, "九十九")],
)
def test_numerals_are_written_in_chinese(number: int, chinese: str) -> None:
    assert numeral(number) == chinese


def test_years_are_written_digit_by_digit() -> None:
    assert digits(2035) == "二〇三五"


@pytest.mark.parametrize(
    ("yuan", "written"),
    [
        (0, "0元"),
        (9_999, "9999元"),
        (Decimal("1234.5"), "1234.5元"),
        (10_000, "1万元"),
        (35_000_000, "3500万元"),
        (123_456_789, "1.23亿元"),
        (100_000_000, "1亿元"),
        (1_000_000_000_000, "10000亿元"),
        (-25_000, "-2.5万元"),
    ],
)
def test_money_is_written_in_ten_thousands_and_hundred_millions(yuan: Decimal | int, written: str) -> None:
    assert money(yuan) == written


@pytest.mark.parametrize(
    ("first_page", "marking"),
    [
        (["秘密★1年", "浙江省人民政府文件"], "秘密★1年"),
        (["000001", "机密★", "特急"], "机密★"),
        (["000001 绝密★启用前"], "绝密★启用前"),
        (["", "  机 密 ★ 3年", "正文"], "机 密 ★ 3年"),
        (["机　密", "关于报送规划的函"], "机　密"),
    ],
)
def test_a_marking_in_the_form_and_place_of_one_is_seen(first_page: list[str], marking: str) -> None:
    assert secrecy_marking(first_page) == marking
    with pytest.raises(SecrecyMarked, match="涉密"):
        require_unclassified(first_page)


@pytest.mark.parametrize(
    "first_page",
    [
        [],
        ["浙江省海洋经济“十四五”规划"],
        ["关于加强国家秘密管理的通知", "各有关单位：", "除涉及国家秘密外，应当公开。"],
        ["保守秘密★是每个人的义务"],
        ["一", "二", "三", "四", "五", "六", "七", "八", "秘密★1年"],
        ["标题", "一、", "二、", "秘密"],
    ],
)
def test_the_bare_word_in_a_text_is_no_marking(first_page: list[str]) -> None:
    assert secrecy_marking(first_page) is None
    require_unclassified(first_page)
