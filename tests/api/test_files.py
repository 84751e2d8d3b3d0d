"""Files over HTTP: kept by content, handed out by right, refused with a secrecy marking."""

import io
import zipfile

import docx
import pytest

from tests.api.callers import ApiHouse, Caller, assert_problem

DECLARED = {"declared": "true"}


def word(*lines: str, macro: bool = False) -> bytes:
    target = io.BytesIO()
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    document.save(target)
    if macro:
        with zipfile.ZipFile(target, "a") as packed:
            packed.writestr("word/vbaProject.bin", b"x")
    return target.getvalue()


@pytest.fixture
def task_id(api: ApiHouse) -> int:
    api.deploy_five_tasks()
    return api.open_ids(api.house.start())["a"]


@pytest.fixture
def handler(api: ApiHouse) -> Caller:
    return api.caller("jb.handler")


def stored(api: ApiHouse) -> list[str]:
    folder = api.app.extensions["tongchou"].settings.uploads
    return [file.name for file in folder.rglob("*") if file.is_file()]


def test_a_file_is_kept_and_comes_back_the_same(api: ApiHouse, handler: Caller, task_id: int) -> None:
    content = word("浙江省能源发展规划（送审稿）")
    answer = handler.upload(f"/tasks/{task_id}/attachments", {"file": [("规划 草案.docx", content)]}, DECLARED)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    facts = answer.get_json()
    assert (facts["name"], facts["size"], facts["task_id"]) == ("规划 草案.docx", len(content), task_id)
    assert stored(api) == [facts["sha256"]]
    back = handler.get(f"/attachments/{facts['id']}/content")
    assert back.data == content
    assert "sandbox" in back.headers["Content-Security-Policy"]
    assert handler.get(f"/attachments/{facts['id']}/content", headers={"If-None-Match": back.headers["ETag"]}).status_code == 304
    assert [one["id"] for one in handler.get(f"/tasks/{task_id}/attachments").get_json()["items"]] == [facts["id"]]


def test_another_county_does_not_get_a_file(api: ApiHouse, handler: Caller, task_id: int) -> None:
    upload = {"file": [("a.txt", "正文".encode())]}
    file_id = handler.upload(f"/tasks/{task_id}/attachments", upload, DECLARED).get_json()["id"]
    others = api.caller("hs.handler"), api.caller("nb.planner")
    assert_problem(others[0].upload(f"/tasks/{task_id}/attachments", upload, DECLARED), 403)
    for path in ("", "/content"):  # a draft is its uploader's own
        assert [one.get(f"/attachments/{file_id}{path}").status_code for one in others] == [403, 403]
        assert handler.get(f"/attachments/{file_id}{path}").status_code == 200
    assert others[1].get(f"/tasks/{task_id}/attachments").get_json()["items"] == []
    api.house.complete("a")
    for path in ("", "/content"):
        assert_problem(others[0].get(f"/attachments/{file_id}{path}"), 403, "forbidden")
        assert others[1].get(f"/attachments/{file_id}{path}").status_code == 200
    assert [one["id"] for one in others[1].get(f"/tasks/{task_id}/attachments").get_json()["items"]] == [file_id]
    assert_problem(others[1].delete(f"/attachments/{file_id}"), 403)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "机密★10年\n正文".encode()),
        ("a.docx", word("000001", "秘密★", "正文")),
        ("a.csv", "绝密\n1,2".encode("gb18030")),
    ],
)
def test_a_marked_file_is_refused_and_not_kept(
    api: ApiHouse, handler: Caller, task_id: int, name: str, content: bytes
) -> None:
    answer = handler.upload(f"/tasks/{task_id}/attachments", {"file": [(name, content)]}, DECLARED)
    assert_problem(answer, 422, "secrecy_marked")
    assert stored(api) == []


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.exe", b"MZ\x90\x00", 415),
        ("a.docx", b"MZ\x90\x00", 415),
        ("a.pdf", b"<html><script>alert(1)</script>", 415),
        ("a.txt", b"<html><script>alert(1)</script>", 415),
        ("a.png", b"%PDF-1.7", 415),
        ("a.docx", word("x", macro=True), 415),
        ("a", b"text", 415),
        ("a.txt", b"", 422),
        ("a.txt", b"x" * 20_500_000, 413),
    ],
)
def test_content_decides_what_a_file_is(
    api: ApiHouse, handler: Caller, task_id: int, name: str, content: bytes, status: int
) -> None:
    answer = handler.upload(f"/tasks/{task_id}/attachments", {"file": [(name, content)]}, DECLARED)
    problem = assert_problem(answer, status)
    assert status == 413 or problem["errors"][0]["field"] == "file"
    assert stored(api) == []


def test_a_file_must_be_declared_unclassified_and_be_there(handler: Caller, task_id: int) -> None:
    upload = {"file": [("a.txt", b"x")]}
    problem = assert_problem(handler.upload(f"/tasks/{task_id}/attachments", upload), 422)
    assert problem["errors"][0]["field"] == "declared"
    problem = assert_problem(handler.upload(f"/tasks/{task_id}/attachments", {"file": []}, DECLARED), 422)
    assert problem["errors"][0]["field"] == "file"


def test_names_lose_their_path_and_control_characters(handler: Caller, task_id: int) -> None:
    upload = {"file": [("..\\..\\etc/pass\u202ewd\x01.txt", b"x")]}
    assert handler.upload(f"/tasks/{task_id}/attachments", upload, DECLARED).get_json()["name"] == "passwd.txt"


def test_a_file_before_its_application_is_seen_by_its_uploader_alone(api: ApiHouse, handler: Caller) -> None:
    facts = handler.upload("/attachments", {"file": [("交办.txt", "交办".encode())]}, DECLARED).get_json()
    assert handler.get(f"/attachments/{facts['id']}").status_code == 200
    assert_problem(api.caller("zj.admin").get(f"/attachments/{facts['id']}"), 403)
    assert handler.delete(f"/attachments/{facts['id']}").get_json() == {"done": True}
    assert_problem(handler.get(f"/attachments/{facts['id']}/content"), 404)
