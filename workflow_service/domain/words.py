"""A sentence with its values apart, so that it can be computed once and read in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflow_service.i18n import N_, _


@dataclass(frozen=True)
class Phrase:
    """A Chinese sentence marked with ``N_`` and its values; ``str()`` gives it in the current language.

    Values may be phrases, or names marked with ``N_`` where ``translated`` names them.
    """

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)
    translated: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _(self.msgid, **{name: self._shown(name) for name in self.params})

    def _shown(self, name: str) -> object:
        value = self.params[name]
        return _(str(value)) if name in self.translated else value


__all__ = ["N_", "Phrase"]
