"""Everything that the service says has its English, with the same places to fill in."""

import re

from workflow_service.i18n import translations
from workflow_service.web import messages


def places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_every_text_that_is_said_has_an_english_translation() -> None:
    assert len(messages.used()) > 500
    assert messages.missing() == {}


def test_translations_fill_in_nothing_that_the_text_does_not_give() -> None:
    english = translations("en")
    wrong = [text for text in messages.used() if places(english.gettext(text)) - places(text)]
    assert wrong == []
