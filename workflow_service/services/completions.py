"""What follows once a person has finished a step: copies to those whom the diagram names, repeated approvers passed on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.store.runtime import ProcessInstance, Task

from . import circulations, repeated
from .context import Actor
from .execution import Execution


def follow(
    session: Session, actor: Actor, row: ProcessInstance, task: Task, execution: Execution, values: Mapping[str, Any], *,
    now: datetime,
) -> None:  # fmt: skip
    """Do what follows from a finished step, in its transaction. `actor` is whoever moved it on."""
    circulations.copy_to(session, actor, task, execution, values, now=now)
    if execution.created and repeated.is_consecutive(session, row):
        repeated.pass_on(session, actor, row, task, execution.created, values, now)
