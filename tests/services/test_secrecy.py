"""Real files with and without a secrecy marking at the head of page one: PDFs of two producers, and scans."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser

from tests.api.callers import ApiHouse, assert_problem
from tests.conftest import Clock
from tests.services.house import House, user_task
from workflow_service.app import create_app
from workflow_service.config import Settings
from workflow_service.domain.documents import secrecy_marking
from workflow_service.services.first_page import first_lines

STYLE = (
    "<meta charset='utf-8'><style>@page{size:A4;margin:37mm 26mm 35mm 28mm}"
    "body{font-family:'Noto Sans CJK SC','Noto Serif CJK SC';font-size:16pt}h1{text-align:center}</style>"
)
HEAD = "<h1>宁波市人民政府文件</h1>"
LONG = "<p>" + "规划内容。" * 900 + "</p>"
MARKED = {
    "秘密★1年": f"<p>000001</p><p style='font-weight:bold'>秘密★1年</p>{HEAD}{LONG}",
    "机密★10年": f"<p style='text-align:right'>机密★10年</p>{HEAD}<p>正文</p>",
    "绝密★": f"<p>绝密★</p><p>特急</p>{HEAD}{LONG}",
    "机　密": f"<p>机　密</p>{HEAD}<p>正文</p>",
}
PLAIN = {
    "the word in a sentence": f"{HEAD}<p>涉及国家秘密的内容另行报送，秘密事项不在本规划中。</p>{LONG}",
    "the word in the title": "<h1>关于加强国家秘密管理的通知</h1><p>各有关单位：</p>",
    "a marking on page two": f"{HEAD}<p>正文</p><p style='page-break-before:always'>秘密★1年</p>",
}
Print = Callable[[str], bytes]


def of_weasyprint(html: str) -> bytes:
    from weasyprint import HTML

    return bytes(HTML(string=STYLE + html).write_pdf())


@pytest.fixture(params=["weasyprint", "chromium"])
def printed(request: pytest.FixtureRequest) -> Print:
    """Makes a PDF of a page, as one of two programs makes them."""
    if request.param == "weasyprint":
        return of_weasyprint
    browser: Browser = request.getfixturevalue("browser")

    def of_chromium(html: str) -> bytes:
        page = browser.new_page()
        page.set_content(STYLE + html)
        content = page.pdf(prefer_css_page_size=True)
        page.close()
        return content

    return of_chromium


def marking_of(content: bytes, folder: Path) -> str | None:
    file = folder / "a.pdf"
    file.write_bytes(content)
    return secrecy_marking(first_lines(file, "pdf"))


@pytest.mark.parametrize("marking", MARKED)
def test_a_marking_at_the_head_of_page_one_is_seen(printed: Print, tmp_path: Path, marking: str) -> None:
    found = marking_of(printed(MARKED[marking]), tmp_path)
    assert found is not None and found.split() == marking.split()  # a producer may write one wide space as another


def test_a_running_head_is_read_first_though_it_is_drawn_last(tmp_path: Path) -> None:
    head = "<style>@page{@top-left{content:'秘密★1年';font-family:'Noto Sans CJK SC'}}</style>"
    assert marking_of(of_weasyprint(head + HEAD + LONG), tmp_path) == "秘密★1年"


@pytest.mark.parametrize("text", PLAIN)
def test_the_bare_word_and_later_pages_are_none(printed: Print, tmp_path: Path, text: str) -> None:
    assert marking_of(printed(PLAIN[text]), tmp_path) is None


@pytest.mark.parametrize("content", [b"%PDF-1.7\n" + b"\0" * 500, b"%PDF-1.4 stream\r\n" + b"x" * 5000, b""])
def test_a_damaged_file_has_no_lines(tmp_path: Path, content: bytes) -> None:
    assert marking_of(content, tmp_path) is None


def packed(part: str, text: str) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(part, text)
    return held.getvalue()


@pytest.mark.parametrize(
    ("family", "content"),
    [
        ("word", b"PK\x03\x04 cut off"), ("word", packed("other.xml", "<a/>")),
        ("word", packed("word/document.xml", "<a><b></a>")),
        ("ofd", packed("Content.xml", "no xml")), ("powerpoint", packed("ppt/x.xml", "<a/>")),
    ],
)  # fmt: skip
def test_an_odd_office_file_has_no_lines_and_is_no_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, family: str, content: bytes
) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    assert first_lines(file, family) == []
    assert caplog.records == []


def test_what_no_reader_should_raise_holds_up_no_upload_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_given: object, **_named: object) -> None:
        raise TypeError("'NumberObject' object is not subscriptable")

    monkeypatch.setattr(pypdf.PageObject, "extract_text", stumble)
    assert marking_of(of_weasyprint(MARKED["绝密★"]), tmp_path) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "first page of a pdf file" in caplog.text


SCAN = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='60'><path d='M10 10h380v40H10z' fill='none' stroke='red'/></svg>"
)


@pytest.fixture
def api(house: House, settings: Settings, clock: Clock) -> ApiHouse:
    return ApiHouse(house, create_app(settings, house.database, clock))


def test_uploads_with_a_marking_are_refused_and_scans_are_taken_on_the_declaration(api: ApiHouse) -> None:
    api.house.deploy_chain(user_task("a"))
    task_id = api.open_ids(api.house.start())["a"]
    handler = api.caller("jb.handler")

    def send(html: str, name: str = "规划.pdf", declared: str = "true") -> object:
        content = of_weasyprint(html)
        return handler.upload(f"/tasks/{task_id}/attachments", {"file": [(name, content)]}, {"declared": declared})

    problem = assert_problem(send(MARKED["秘密★1年"]), 422, "secrecy_marked")  # type: ignore[arg-type]
    assert "秘密★1年" in problem["detail"]
    assert handler.get(f"/tasks/{task_id}/attachments").get_json()["items"] == []
    assert send(PLAIN["the word in a sentence"]).status_code == 201  # type: ignore[attr-defined]
    assert_problem(send(SCAN, declared="no"), 422)  # type: ignore[arg-type]
    assert send(SCAN, name="扫描件.pdf").status_code == 201  # type: ignore[attr-defined]
