"""Texts in the reader's language, for every room: source texts are Chinese, others in web/translations.

Plain gettext, so that rooms below the pages need no framework. The language belongs to the current context
(a request, a job), see `use_language`; without one it is Chinese, that is the source text itself.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

SOURCE_LANGUAGE = "zh"
LANGUAGES = (SOURCE_LANGUAGE, "en")
TRANSLATIONS = Path(__file__).parent / "web" / "translations"

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def _(text: str, /, **values: Any) -> str:
    """Translate `text` into the current language and fill in its `%(name)s` places from `values`."""
    translated = in_words(text, values)
    return translated % values if values else translated


def in_words(text: str, values: Mapping[str, Any]) -> str:
    """Translate `text` without filling it in; of a translation with a plural, the form for the first number of `values`."""
    if not text:
        return text
    known = translations(current_language())
    number = next((found for found in map(_number, values.values()) if found is not None), None)
    plural = known.ngettext(text, text, number) if number is not None else text
    return plural if plural != text else known.gettext(text)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    return value if isinstance(value, int) else None


def N_(text: str, /) -> str:
    """Mark `text` for translation without translating it yet: errors, constants are translated when shown."""
    return text


class Term(str):
    """A text that stands inside another text and is to be translated with it; other values are shown as they are."""


def translated(value: Any) -> Any:
    """Translate a `Term`; anything else, such as a name that a designer chose, passes."""
    return _(str(value)) if isinstance(value, Term) else value


class Said(str):
    """A text as it is said in each language, for whoever keeps it for readers to come: as a string, the source text."""

    by_language: dict[str, str]


def said(words: Callable[[], str]) -> Said:
    """Let `words` say something in every language."""
    texts = {}
    for language in LANGUAGES:
        with use_language(language):
            texts[language] = words()
    text = Said(texts[SOURCE_LANGUAGE])
    text.by_language = texts
    return text


def current_language() -> str:
    """Give the language of this context, one of `LANGUAGES`."""
    return _language.get()


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Show texts in `language` inside the with-block; an unknown language shows the Chinese source."""
    token = _language.set(language if language in LANGUAGES else SOURCE_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


def set_language(language: str) -> None:
    """Show texts in `language` for the rest of this context (a request sets it once at its start)."""
    _language.set(language if language in LANGUAGES else SOURCE_LANGUAGE)


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Load the catalogue of `language`: every .po in its folder, one a room so that rooms edit their own.

    Read from the .po files themselves, so that no compiled file can be out of date; once a process.
    """
    files = sorted((TRANSLATIONS / language / "LC_MESSAGES").glob("*.po"))
    if language == SOURCE_LANGUAGE or not files:
        return gettext.NullTranslations()
    return gettext.GNUTranslations(BytesIO(_compiled(files)))


def _compiled(files: list[Path]) -> bytes:
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    merged = Catalog(charset="utf-8")
    for file in files:
        with file.open("rb") as source:
            for message in read_po(source):
                if message.id:
                    merged.add(message.id, message.string)
    target = BytesIO()
    write_mo(target, merged)
    return target.getvalue()
