"""Words that users see, computed once and read in any language: labelled values, and sentences with values
apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflow_service.i18n import N_, _


class Labelled(StrEnum):
    """A value stored as plain text, with the Chinese word that users see; members are ``value, N_("词")``."""

    word: str

    def __new__(cls, value: str, word: str = "") -> Labelled:
        member = str.__new__(cls, value)
        member._value_ = value
        member.word = word
        return member

    @property
    def label(self) -> str:
        """The word in the current language."""
        return _(self.word)


@dataclass(frozen=True)
class Phrase:
    """A Chinese sentence marked with ``N_`` and its values; ``str()`` gives it in the current language.

    Values may be phrases or labelled values, which are put into that language too.
    """

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.msgid, **{name: _shown(value) for name, value in self.params.items()})


def _shown(value: object) -> object:
    return value.label if isinstance(value, Labelled) else value


__all__ = ["N_", "Labelled", "Phrase"]
