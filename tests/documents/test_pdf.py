"""Documents as html and pdf."""

import pytest

from tests.documents.samples import BULLETIN, SLIP
from workflow_service.documents.bulletin import bulletin_document
from workflow_service.documents.html import body_html
from workflow_service.documents.pdf import Pdf, pdf_available, write_pdf
from workflow_service.documents.slip import slip_document

needs_pango = pytest.mark.skipif(
    not pdf_available(), reason="Pango is not installed: libpango-1.0-0, libpangoft2-1.0-0"
)


def test_html_escapes_whatever_people_typed() -> None:
    html = body_html(bulletin_document(BULLETIN))
    assert "A&amp;B &lt;终稿&gt;" in html
    assert "<终稿>" not in html


def test_html_needs_no_inline_style_so_that_the_page_keeps_its_policy() -> None:
    html = body_html(slip_document(SLIP))
    assert "style=" not in html
    assert "<script" not in html


@needs_pango
def test_a_pdf_is_made_and_says_which_fonts_it_had_to_use() -> None:
    pdf = write_pdf(bulletin_document(BULLETIN))
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.fonts
    assert len(pdf.content) < 1_000_000


def test_only_other_fonts_than_the_official_ones_count_as_substituted() -> None:
    assert not Pdf(b"", ("FangSong_GB2312", "SimHei")).substituted
    assert Pdf(b"", ("FangSong_GB2312", "Noto-Sans-CJK-SC")).substituted
