"""Remarks on an instance: everybody who sees it may speak, nobody takes a word back."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import Forbidden, InvalidInput
from workflow_service.i18n import N_
from workflow_service.store.runtime import Comment

from . import audit
from .context import Actor
from .processes import visible_instance
from .task_access import visible_task

LONGEST = 5000


def add_comment(
    session: Session, actor: Actor, body: str, *, instance_id: int | None = None, task_id: int | None = None, now: datetime
) -> Comment:
    """Write a remark on a task or on an instance; raises NotFound, Forbidden, InvalidInput."""
    body = body.strip()
    if not 1 <= len(body) <= LONGEST:
        raise InvalidInput(N_("留言应为 1 到 5000 字。"))
    if actor.user_id is None:
        raise Forbidden(N_("留言需要有留言人。"))
    if task_id is not None:
        instance_id = visible_task(session, actor, task_id)[0].instance_id
    else:
        assert instance_id is not None
        visible_instance(session, actor, instance_id)
    comment = Comment(instance_id=instance_id, task_id=task_id, user_id=actor.user_id, body=body, created_at=now)
    session.add(comment)
    session.flush()
    data = {"instance": instance_id, "sha256": hashlib.sha256(body.encode()).hexdigest()}
    audit.record(session, actor, "comment.add", f"comment:{comment.id}", data, now=now)
    return comment
