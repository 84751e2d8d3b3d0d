"""Ready reasons for urging, composed from the lights of what is urged: one click more, not a sentence to be written."""

from __future__ import annotations

from collections.abc import Iterable

from workflow_service.domain.deadlines import Reading, read_light
from workflow_service.domain.supervision import urging_phrases
from workflow_service.store.runtime import Task

from .current import page_calendar, page_now
from .formats import deadline_settings


def ready_reasons(tasks: Iterable[Task]) -> list[str]:
    """What an urging of these tasks may say in the reader's language, the fitting sentence first."""
    return [str(one) for one in urging_phrases(map(_reading, tasks))]


def _reading(task: Task) -> Reading | None:
    if task.waiting or task.paused_for:
        return None
    return read_light(task.due_at, page_now(), page_calendar(), deadline_settings())
