"""The lines at the head of a file's first page, where they can be read: there a secrecy marking would stand.

A scan shows nothing here; for it the uploader's declaration counts. Nothing in this module may fail: an odd file has no lines.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

MOST_LINES = 20
PART_LIMIT_BYTES = 20_000_000
PDF_LIMIT_BYTES = 8_000_000
_FIRST_SLIDE, _SHARED_STRINGS = "ppt/slides/slide1.xml", "xl/sharedStrings.xml"


def first_lines(path: Path, family: str) -> list[str]:
    """Give the first lines of a file of a family (see `file_kinds`), empty where they cannot be read."""
    reader = _READERS.get(family)
    if reader is None:
        return []
    try:
        return [line for line in reader(path) if line.strip()][:MOST_LINES]
    except Exception:  # a damaged file is kept as it is: that it opens is not for us to say
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
    """Read the text of the first content stream that has any, through each of the file's character maps."""
    data = path.read_bytes()[:PDF_LIMIT_BYTES]
    streams = list(_streams(data))
    maps = [_character_map(one) for one in streams if b"begincmap" in one]
    for one in streams:
        if b"BT" in one and (b"Tj" in one or b"TJ" in one):
            return [line for characters in [*maps, {}] for line in _shown(one, characters)]
    return []


def _streams(data: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"stream\r?\n", data):
        end = data.find(b"endstream", match.end())
        raw = data[match.end() : end if end > 0 else None]
        try:
            yield zlib.decompressobj().decompress(raw, PART_LIMIT_BYTES)
        except zlib.error:
            yield raw


def _character_map(stream: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", stream, re.S):
        for code, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = _utf16(text)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", stream, re.S):
        for first, last, text in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for place in range(min(int(last, 16) - int(first, 16) + 1, 65_536)):
                found[int(first, 16) + place] = chr(int(text[-4:], 16) + place)
    return found


def _shown(stream: bytes, characters: dict[int, str]) -> list[str]:
    lines = []
    for line in re.split(rb"\b(?:Td|TD|T\*|Tm|ET)\b", stream)[: 10 * MOST_LINES]:
        shown = "".join(_decoded(one, characters) for one in re.findall(rb"<([0-9A-Fa-f\s]+)>|\(((?:\\.|[^\\)])*)\)", line))
        if shown.strip():
            lines.append(shown)
    return lines


def _decoded(found: Any, characters: dict[int, str]) -> str:
    code, literal = found
    if literal:
        return str(literal.decode("latin-1"))
    digits = re.sub(rb"\s", b"", code)
    return "".join(
        characters.get(int(digits[place : place + 4], 16), "") for place in range(0, len(digits) - 3, 4)
    )


def _utf16(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be", "replace")


_READERS = {"text": _text, "word": _word, "excel": _excel, "powerpoint": _powerpoint, "ofd": _ofd, "pdf": _pdf}
