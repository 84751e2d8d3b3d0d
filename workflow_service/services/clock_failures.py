"""Timers and time-outs that fail when they fire: tried again after a pause, after several failures an incident.

The count and the next try stand in the row, so that every worker knows of them and none stands before what is due beside it.
The pause begins with a minute and doubles up to an hour; what succeeds in the end settles its incident.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from workflow_service.i18n import N_, _, said
from workflow_service.store import step_rows
from workflow_service.store.runtime import Incident, ProcessInstance, Task, Timer

from . import audit
from .context import Actor

FAILURES_BEFORE_INCIDENT = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
TIMER, TIMEOUT = KINDS = ("timer", "timeout")
"""The kinds of their incidents."""


def may_try(retry_at: Any, now: datetime) -> ColumnElement[bool]:
    """Leave out what failed and is to be tried later."""
    return or_(retry_at.is_(None), retry_at <= now)


def put_off(session: Session, kind: str, clock_id: int, *, now: datetime) -> bool:
    """Count a failure of a timer or time-out and set its next try; whether an incident is due.

    It locks nothing but the row itself, so that a long command on the instance keeps nobody from counting.
    """
    clock = _clock(session, kind, clock_id, lock=True)
    if isinstance(clock, Task):
        clock.timeout_retry_at, clock.timeout_failures = now + _pause(clock.timeout_failures), clock.timeout_failures + 1
        return clock.timeout_failures >= FAILURES_BEFORE_INCIDENT
    if clock is None:
        return False
    clock.retry_at, clock.failures = now + _pause(clock.failures), clock.failures + 1
    return clock.failures >= FAILURES_BEFORE_INCIDENT


def raise_incident(session: Session, kind: str, clock_id: int, error: Exception, *, now: datetime) -> None:
    """Note what keeps failing, once: while the incident is open, further failures only put the next try off."""
    clock = _clock(session, kind, clock_id)
    if clock is None:
        return
    of_clock = Incident.instance_id == clock.instance_id, Incident.token == clock.token, Incident.kind == kind
    if session.scalars(select(Incident.id).where(*of_clock, Incident.resolved_at.is_(None))).first() is not None:
        return
    text, name = N_("“%(name)s”到时后多次处理失败，仍会再试：%(reason)s"), clock.name or clock.element_id
    message = said(lambda: _(text, name=name, reason=(str(error) or type(error).__name__).splitlines()[0][:200]))
    row = {
        "token": clock.token, "element_id": clock.element_id, "kind": kind, "created_at": now, "message": message,
        "data": step_rows.words_of(message),
    }  # fmt: skip
    step_rows.insert_incidents(session, clock.instance_id, [row])


def try_again(session: Session, actor: Actor, row: ProcessInstance, incident: Incident, *, now: datetime) -> None:
    """Let the clock of an incident fire with the next look; its failures are counted anew."""
    of_token = {"instance_id": row.id, "token": incident.token}
    if incident.kind == TIMER:
        session.execute(update(Timer).filter_by(**of_token).values(failures=0, retry_at=None))
    else:
        session.execute(update(Task).filter_by(**of_token).values(timeout_failures=0, timeout_retry_at=None))
    incident.resolved_at, incident.resolved_by = now, actor.user_id
    audit.record(
        session, actor, "incident.retry", f"process-instance:{row.id}", {"incident": incident.id}, now=now, instance=row
    )


def _clock(session: Session, kind: str, clock_id: int, *, lock: bool = False) -> Timer | Task | None:
    if kind == TIMER:
        return session.get(Timer, clock_id, with_for_update=lock)
    return session.get(Task, clock_id, with_for_update=lock)


def _pause(failures: int) -> timedelta:
    return min(FIRST_PAUSE * (1 << min(failures, 10)), LONGEST_PAUSE)

