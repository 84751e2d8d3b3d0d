"""What is wrong with a diagram or a table, said so that a designer can find and mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _, translated

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One finding: where (element id, line in the file, counted from 1), what, and what to do about it.

    `text` and `advice_text` are Chinese message ids; `message` and `advice` give them in the reader's
    language. An error keeps the definition from being deployed, a warning does not.
    """

    severity: str
    code: str
    text: str
    advice_text: str = ""
    element_id: str | None = None
    line: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def message(self) -> str:
        """Say what is wrong, in the current language."""
        return _(self.text, **self._words())

    @property
    def advice(self) -> str:
        """Say what to do instead, in the current language; empty where the message says it all."""
        return _(self.advice_text, **self._words()) if self.advice_text else ""

    def _words(self) -> dict[str, Any]:
        """Give the values, terms among them translated."""
        return {name: translated(value) for name, value in self.values.items()}

    @property
    def is_error(self) -> bool:
        """Tell whether this keeps the definition from being deployed."""
        return self.severity == ERROR

    def to_plain(self) -> dict[str, Any]:
        """Give the finding in the current language, for an answer of the API or a page."""
        return {
            "severity": self.severity,
            "code": self.code,
            "element_id": self.element_id,
            "line": self.line,
            "message": self.message,
            "advice": self.advice,
        }


class DefinitionRefused(InvalidInput):
    """A diagram or table cannot be deployed; `problems` are all findings, errors first."""

    code = "definition_refused"
    text = N_("“%(name)s”不能部署，共有 %(count)s 处错误。")

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: not problem.is_error))
        super().__init__(name=name, count=sum(problem.is_error for problem in self.problems))

    @property
    def message(self) -> str:
        """Count the errors and give the first, in the current language."""
        first = next((problem.message for problem in self.problems if problem.is_error), "")
        return f"{super().message}{first}"
