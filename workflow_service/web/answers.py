"""What somebody wrote in a form beside the result and the opinion, in titles and words: what the next person must know."""

from __future__ import annotations

from workflow_service.services import forms
from workflow_service.store.runtime import Task

from .current import page_session
from .forms import fields_of
from .forms.fields import Field
from .words import unit_name

_ELSEWHERE = ("outcome", "opinion")
_OWN_PAGE = ("static", "hidden", "label", "group", "rows", "given_rows", "file", "files")


def answers_of(task: Task) -> list[tuple[str, str]]:
    """The filled fields of a finished task in the order of its form; files and rows stand on the task's own page."""
    fields = fields_of(forms.form_done_with(page_session(), task), task.submission or {})
    told = [field for field in fields if field.words and field.name not in _ELSEWHERE and field.kind not in _OWN_PAGE]
    return [(field.title, "；".join(_words(field))) for field in told]


def _words(field: Field) -> list[str]:
    """Choices without titles are codes of units."""
    is_code = field.kind in ("select", "checks") and not field.options
    return [unit_name(text) for text in field.words] if is_code else field.words
