"""Which texts are said and which have no English yet: `make messages` puts those into web.po, tests ask for none.

Source texts are Chinese: `_("…")` and `N_("…")` in code, `_("…")` in templates, descriptions in the delivered forms.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from workflow_service.i18n import TRANSLATIONS
from workflow_service.resources import PACKAGE, forms_dir

KEYWORDS = {"_": None, "N_": None, "gettext": None}
CHINESE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
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


def missing(language: str = "en") -> dict[str, str]:
    """Texts that are said without a translation, with the file that says them."""
    known = _translated(language)
    return {text: place for text, place in {**form_texts(), **used()}.items() if text not in known}


def _translated(language: str) -> set[str]:
    known: set[str] = set()
    for file in (TRANSLATIONS / language / "LC_MESSAGES").glob("*.po"):
        with file.open("rb") as source:
            known |= {str(message.id) for message in read_po(source) if message.id and message.string}
    return known


def add_missing(language: str = "en") -> int:
    """Put texts without a translation into web.po, to be filled in; gives how many there are."""
    target = TRANSLATIONS / language / "LC_MESSAGES" / "web.po"
    catalogue = read_po(target.open("rb")) if target.exists() else Catalog(locale=language, charset="utf-8")
    for text, place in missing(language).items():
        catalogue.add(text, locations=[(place, 0)])
    with target.open("wb") as out:
        write_po(out, catalogue, width=0, omit_header=False, sort_output=False, no_location=True)
    return len(missing(language))


if __name__ == "__main__":
    lacking = add_missing()
    print(f"{lacking} texts without English in web.po")
    sys.exit(1 if lacking else 0)
