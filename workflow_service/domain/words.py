"""Sentences that users see, kept translatable below the web.

The domain speaks Chinese and knows no translation machinery: it marks its texts with ``N_`` so that the extractor finds
them, and hands out a :class:`Phrase` (text and values apart) so that a face can put the text into its user's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def N_(text: str) -> str:
    """Mark a text for translation and give it back as it is."""
    return text


@dataclass(frozen=True)
class Phrase:
    """A sentence with its values apart: ``gettext(phrase.msgid) % phrase.params`` gives it in another language."""

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.msgid % self.params if self.params else self.msgid
