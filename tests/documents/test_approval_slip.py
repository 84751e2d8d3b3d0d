"""The approval slip: instructions apart, a row a step, marks for who acted for whom, and nothing that people typed is markup."""

from datetime import datetime

import pytest

from workflow_service.documents.approval_slip import ApprovalSlip, SlipEntry, slip_html, slip_pdf
from workflow_service.documents.pdf import PdfUnavailable, pdf_available

AT = datetime(2021, 6, 18, 15, 20)
SLIP = ApprovalSlip(
    title="公文处理笺", subject="能源发展“十四五”规划 <终稿>",
    facts=[("规划代码", "GH-1"), ("编制单位", "市能源局"), ("状态", "办理中")],
    instructions=[SlipEntry("批示", "", "王某", AT, opinion="六月底前报审。", mark="代李某")],
    entries=[
        SlipEntry("征求意见", "市生态环境局", "张某", AT, "同意", "无意见。\n第二行", (("所附条件", "核对指标"),)),
        SlipEntry("会议结果录入", "市政府办公厅", "赵某", AT, "原则通过", mark="代录"),
        SlipEntry("印发", "市政府办公厅", "", None, "办理中 · 还剩 3 个工作日"),
    ],
    printed_by="周某", printed_at=AT,
)  # fmt: skip


def test_the_slip_has_all_opinions_names_marks_and_times() -> None:
    html = slip_html(SLIP)
    told = ("六月底前报审。", "王某", "代李某", "同意", "无意见。<br>第二行", "核对指标", "代录", "2021年6月18日 15:20")
    assert [words for words in (*told, "还剩 3 个工作日") if words not in html] == []
    assert html.index("领导批示") < html.index("六月底前报审。") < html.index("征求意见") < html.index("印发")


def test_what_people_typed_is_no_markup_and_the_page_needs_no_inline_style() -> None:
    html = slip_html(SLIP)
    assert "&lt;终稿&gt;" in html and "<终稿>" not in html
    assert "style=" not in html and "<script" not in html


def test_an_odd_number_of_facts_fills_its_row() -> None:
    assert slip_html(SLIP).count("<tr><th>规划代码") == 1
    assert "<th>状态</th><td>办理中</td><th></th><td></td>" in slip_html(SLIP)


def test_the_slip_becomes_a_pdf_or_says_that_it_cannot() -> None:
    if pdf_available():
        made = slip_pdf(SLIP)
        assert made.content.startswith(b"%PDF-") and made.fonts
    else:
        with pytest.raises(PdfUnavailable):
            slip_pdf(SLIP)
