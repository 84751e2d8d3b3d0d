"""Everything that the service says has its English, with the same places to fill in."""

import re
import shutil
from pathlib import Path

from babel.messages.pofile import read_po

from workflow_service.i18n import TRANSLATIONS, _, translations, use_language
from workflow_service.resources import PACKAGE
from workflow_service.web import messages

ENTRY = 'msgid "规划文本"\nmsgstr "Text of the plan"\n'


def places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_every_text_that_is_said_has_an_english_translation() -> None:
    assert len(messages.used()) > 500
    assert messages.missing() == {}


def test_translations_fill_in_nothing_that_the_text_does_not_give() -> None:
    english = translations("en")
    wrong = [text for text in messages.used() if places(english.gettext(text)) - places(text)]
    assert wrong == []


def test_collecting_texts_appends_what_lacks_english_and_touches_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "translations"
    shutil.copytree(TRANSLATIONS, folder)
    web = folder / "en" / "LC_MESSAGES" / "web.po"
    lacking = messages.add_missing("en", folder)
    complete = {file: file.read_text("utf-8") for file in folder.rglob("*.po")}
    assert complete[web].startswith((TRANSLATIONS / "en" / "LC_MESSAGES" / "web.po").read_text("utf-8"))
    assert messages.add_missing("en", folder) == lacking
    assert {file: file.read_text("utf-8") for file in folder.rglob("*.po")} == complete

    web.write_text(complete[web].replace(ENTRY, ""), "utf-8")
    before = web.read_text("utf-8")
    for _call in range(2):
        assert messages.add_missing("en", folder) == lacking + 1
        assert web.read_text("utf-8") == before + '\nmsgid "规划文本"\nmsgstr ""\n'


def test_english_has_one_working_day_and_two_working_days() -> None:
    text = "逾期 %(days)s 个工作日"
    with use_language("en"):
        said = [_(text, days=days) for days in (1, 2, "1", "2")]
    assert said == ["1 working day late", "2 working days late"] * 2
    assert _(text, days=1) == "逾期 1 个工作日"


def test_no_english_text_counts_things_in_the_plural_only() -> None:
    """A number followed by a plural noun needs its singular beside it, or other words."""
    counted = re.compile(r"%\((days|count|rows|units|people|tasks|plans|posts|held|n|late)\)[ds] (?:\w+ )?(?!was|is|has)\w+s\b")
    limit = re.compile("at (most|least)|At most|At least|(longer|more) than|match where|1 to")
    texts = [line for file in TRANSLATIONS.rglob("*.po") for line in re.findall(r'(?m)^msgstr "(.*)"$', file.read_text("utf-8"))]
    plural_only = [text for text in texts if counted.search(text) and not limit.search(text)]
    assert plural_only == []


def test_a_text_has_one_english_only() -> None:
    said: dict[str, set[str]] = {}
    for file in TRANSLATIONS.rglob("*.po"):
        with file.open("rb") as source:
            for message in read_po(source):
                if message.id:
                    said.setdefault(str(message.id), set()).add(str(message.string))
    assert {text: found for text, found in said.items() if len(found) > 1} == {}


HEADING = re.compile(r'(?:page_head\(|<h2>\{\{ |<th[^>]*>\{\{ |block title %\}\{\{ )_\("([^"]+)"')
NO_HEADINGS = frozenset({"Deploy", "Upload"})


def test_english_headings_begin_with_a_capital_and_name_a_thing() -> None:
    with use_language("en"):
        found = {
            _(text) for page in (PACKAGE / "web").rglob("*.html") for text in HEADING.findall(page.read_text("utf-8"))
        }
    assert len(found) > 80
    assert sorted(text for text in found if text[0].islower() or text in NO_HEADINGS) == []
