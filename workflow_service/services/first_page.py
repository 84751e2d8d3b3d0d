"""The lines at the head of a file's first page, where they can be read: there a secrecy marking would stand.

A scan shows nothing here; for it the uploader's declaration counts. An odd file has no lines and is kept as it is: that it opens
is not for us to say. What a reader raises beyond `DAMAGED` is a fault of ours; it is logged and holds up no upload.
"""

from __future__ import annotations

import logging
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

log = logging.getLogger(__name__)

MOST_LINES = 20
PART_LIMIT_BYTES = 20_000_000
PDF_LIMIT_BYTES = 60_000_000
SAME_ROW_POINTS = 3
DAMAGED = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, etree.LxmlError,
    PyPdfError, DependencyError,
)  # fmt: skip
"""Cut off, not of its kind, without the expected part, packed or locked in a way that cannot be read here."""
_FIRST_SLIDE, _SHARED_STRINGS = "ppt/slides/slide1.xml", "xl/sharedStrings.xml"


def first_lines(path: Path, family: str) -> list[str]:
    """Give the first lines of a file of a family (see `file_kinds`), empty where they cannot be read."""
    reader = _READERS.get(family)
    if reader is None:
        return []
    try:
        return [line for line in reader(path) if line.strip()][:MOST_LINES]
    except DAMAGED:
        return []
    except Exception:  # pypdf stumbles over odd objects in ways of its own: the upload goes on, the log says where
        log.exception("the first page of a %s file could not be read", family)
        return []


def _text(path: Path) -> list[str]:
    head = path.open("rb").read(20_000)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return head.decode(encoding).splitlines()
        except UnicodeDecodeError:
            continue
    return head.decode("utf-8", "replace").splitlines()


def _word(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as packed:
        headers = sorted(name for name in packed.namelist() if re.fullmatch(r"word/header\d*\.xml", name))
        parts = [*headers, "word/document.xml"]
        return [line for part in parts for line in _paragraphs(packed, part, "p", "t")]


def _excel(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as packed:
        return _paragraphs(packed, _SHARED_STRINGS, "si", "t") if _SHARED_STRINGS in packed.namelist() else []


def _powerpoint(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as packed:
        return _paragraphs(packed, _FIRST_SLIDE, "p", "t")


def _ofd(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as packed:
        pages = sorted(name for name in packed.namelist() if name.endswith("Content.xml"))
        return _paragraphs(packed, pages[0], "TextObject", "TextCode") if pages else []


def _paragraphs(packed: zipfile.ZipFile, part: str, paragraph: str, run: str) -> list[str]:
    if packed.getinfo(part).file_size > PART_LIMIT_BYTES:
        return []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(packed.read(part), parser)
    lines = []
    for node in root.iter(f"{{*}}{paragraph}"):
        lines.append("".join(one.text or "" for one in node.iter(f"{{*}}{run}")))
        if len(lines) > 10 * MOST_LINES:
            break
    return lines


def _pdf(path: Path) -> list[str]:
    """Read the text of page one from the top, each run in its own font; a running head is often drawn last."""
    if path.stat().st_size > PDF_LIMIT_BYTES:
        return []
    rows: dict[int, list[str]] = {}

    def place(text: str, outer: Sequence[float], inner: Sequence[float], *_font: object) -> None:
        height = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        rows.setdefault(round(height / SAME_ROW_POINTS), []).append(text)

    with PdfReader(path) as pdf:
        if not pdf.pages:
            return []
        pdf.pages[0].extract_text(visitor_text=place)
    return [line for _height, runs in sorted(rows.items(), reverse=True) for line in "".join(runs).splitlines()]


_READERS = {"text": _text, "word": _word, "excel": _excel, "powerpoint": _powerpoint, "ofd": _ofd, "pdf": _pdf}
