"""Which texts are said and which have no English yet: `make messages` puts those into web.po, tests ask for none.

Source texts are Chinese: `_("…")` and `N_("…")` in code, `_("…")` in templates, descriptions in the delivered forms.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import normalize, read_po

from workflow_service.i18n import TRANSLATIONS
from workflow_service.resources import PACKAGE, forms_dir

KEYWORDS = {"_": None, "N_": None, "gettext": None}
CHINESE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
PLACE = re.compile(r"%\(\w+\)")
EXTENSIONS = {".py": "python", ".html": "jinja2.ext:babel_extract"}


def used(*rooms: str) -> dict[str, str]:
    """Every text said in the named rooms of the package (all without names), with the file that says it first."""
    places = [PACKAGE / room for room in rooms] if rooms else [PACKAGE]
    found: dict[str, str] = {}
    for file in sorted(each for place in places for each in place.rglob("*") if each.suffix in EXTENSIONS):
        for text in _texts_in(file):
            found.setdefault(text, str(file.relative_to(PACKAGE)))
    return found


def _texts_in(file: Path) -> Iterator[str]:
    with file.open("rb") as source:
        for _line, text, _comments, _context in extract(EXTENSIONS[file.suffix], source, keywords=KEYWORDS):
            if isinstance(text, str) and CHINESE.search(text):
                yield text


def form_texts() -> dict[str, str]:
    """Descriptions in the delivered forms; titles bring their English themselves."""
    found: dict[str, str] = {}
    for file in sorted(forms_dir().glob("*.json")):
        for text in _descriptions(json.loads(file.read_text(encoding="utf-8"))):
            found.setdefault(text, file.name)
    return found


def _descriptions(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("description"), str) and "x-description-en" not in node:
            yield node["description"]
        for value in node.values():
            yield from _descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _descriptions(value)


def missing(language: str = "en", folder: Path = TRANSLATIONS) -> dict[str, str]:
    """Texts that are said without a translation, with the file that says them."""
    known = _translated(folder / language)
    return {text: place for text, place in {**form_texts(), **used()}.items() if text not in known}


def _translated(place: Path) -> set[str]:
    known: set[str] = set()
    for file in (place / "LC_MESSAGES").glob("*.po"):
        with file.open("rb") as source:
            known |= {_source(message) for message in read_po(source) if message.id and all(_said(message))}
    return known


def _source(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def _said(message: Message) -> tuple[str, ...]:
    """The translation, or its singular and plural."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def add_missing(language: str = "en", folder: Path = TRANSLATIONS) -> int:
    """Append texts without a translation to web.po, to be filled in; what stands there stays. Gives how many lack one."""
    target = folder / language / "LC_MESSAGES" / "web.po"
    with target.open("rb") as source:
        there = {_source(message) for message in read_po(source) if message.id}
    lacking = missing(language, folder)
    with target.open("a", encoding="utf-8") as out:
        for text in lacking:
            if text not in there:
                flag = "#, python-format\n" if PLACE.search(text) else ""
                out.write(f'\n{flag}msgid {normalize(text)}\nmsgstr ""\n')
    return len(lacking)


if __name__ == "__main__":
    lacking = add_missing()
    print(f"{lacking} texts without English in web.po")
    sys.exit(1 if lacking else 0)
