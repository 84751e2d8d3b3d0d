"""What kind of file something is, by its content: a name can say anything.

Taken are the office formats that government offices exchange (OFD and WPS among them), pictures and plain text; programs, web
pages and documents with macros are not.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePath

from workflow_service.domain.errors import UnsupportedType
from workflow_service.i18n import N_

HEAD_BYTES = 4096
MOST_PARTS = 20_000
UNPACKED_LIMIT_BYTES = 500_000_000
MACROS = ("vbaproject.bin", "macrosheets/")
OFFICE = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True)
class FileKind:
    """One accepted kind: its family by content, and its media type."""

    family: str
    media_type: str


KINDS = {
    "pdf": FileKind("pdf", "application/pdf"),
    "ofd": FileKind("ofd", "application/ofd"),
    "docx": FileKind("word", OFFICE + "wordprocessingml.document"),
    "xlsx": FileKind("excel", OFFICE + "spreadsheetml.sheet"),
    "pptx": FileKind("powerpoint", OFFICE + "presentationml.presentation"),
    "doc": FileKind("ole", "application/msword"),
    "xls": FileKind("ole", "application/vnd.ms-excel"),
    "ppt": FileKind("ole", "application/vnd.ms-powerpoint"),
    "wps": FileKind("ole", "application/vnd.ms-works"),
    "et": FileKind("ole", "application/vnd.ms-excel"),
    "png": FileKind("png", "image/png"),
    "jpg": FileKind("jpeg", "image/jpeg"),
    "jpeg": FileKind("jpeg", "image/jpeg"),
    "tif": FileKind("tiff", "image/tiff"),
    "tiff": FileKind("tiff", "image/tiff"),
    "txt": FileKind("text", "text/plain"),
    "csv": FileKind("text", "text/csv"),
}
_BEGINNINGS = (
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
_PARTS = (("word/", "word"), ("xl/", "excel"), ("ppt/", "powerpoint"), ("OFD.xml", "ofd"))


class FileRefused(UnsupportedType):
    """The content is of no accepted kind, or not of the kind that the name says."""

    code = "file_refused"


def kind_of(path: Path, name: str) -> FileKind:
    """Give the kind of a stored file that is called `name`; raises FileRefused saying what is accepted."""
    ending = PurePath(name).suffix.lower().removeprefix(".")
    kind = KINDS.get(ending)
    if kind is None:
        raise FileRefused(N_("不接受“%(name)s”这种文件，可上传：%(kinds)s。"), name=name, kinds="、".join(KINDS), field="file")
    family = _family(path)
    if family != kind.family and not (family == "ole" and ending in ("doc", "xls", "ppt", "wps", "et")):
        raise FileRefused(N_("“%(name)s”的内容与扩展名不符，请确认文件没有损坏或改名。"), name=name, field="file")
    return kind


def _family(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for beginning, family in _BEGINNINGS:
        if head.startswith(beginning):
            return family
    if head.startswith(b"PK\x03\x04"):
        return _packed_family(path)
    return "text" if _is_text(head) else ""


def _packed_family(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    names = [part.filename for part in parts]
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED_LIMIT_BYTES:
        raise FileRefused(N_("压缩内容展开后过大，不予保存。"), field="file")
    if any(mark in name.lower() for name in names for mark in MACROS):
        raise FileRefused(N_("文件含有宏，请另存为不含宏的格式后上传。"), field="file")
    return next((family for start, family in _PARTS if any(name.startswith(start) for name in names)), "")


def _is_text(head: bytes) -> bool:
    if b"\0" in head or head.lstrip()[:1] == b"<":
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                continue
        return True
    return False
