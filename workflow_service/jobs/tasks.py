"""What each job does. Jobs are short: what does not fit into some seconds is deferred again. A job never raises: what failed is
noted where people see it, and tried again later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service.notify.outbox import Channels, send_pending
from workflow_service.services import audit, ledger, processes, rhythms
from workflow_service.services.leavers import release_ended_posts
from workflow_service.store import idempotency
from workflow_service.store.database import Database

from . import queue

JOB_SECONDS = 5.0
TIMERS_A_LOOK = 100
PAUSE_AFTER_FAILURE_SECONDS = 60.0

log = logging.getLogger(__name__)

_TRY_TIMER = text("SELECT pg_try_advisory_xact_lock(hashtext('timer'), CAST(:id % 2147483647 AS int))")


@dataclass
class Work:
    """Everything that jobs need. `now` is the service's clock; `base_url` is how people reach it, for links in messages."""

    database: Database
    channels: Channels
    base_url: str
    now: Callable[[], datetime]
    _put_off: dict[int, float] = field(default_factory=dict)

    def fire_due_timers(self) -> None:
        """Fire every timer that is due, each in a transaction of its own."""
        ends = time.monotonic() + JOB_SECONDS
        while time.monotonic() < ends:
            due = [one for one in self._due_timers() if self._put_off.get(one, 0) < time.monotonic()]
            if not due:
                return
            for timer_id in due:
                self._fire(timer_id)
        self._again(queue.FIRE_TIMERS)

    def send_deliveries(self) -> None:
        """Send pending deliveries."""
        if send_pending(self.database, self.channels, self.base_url, self.now, seconds=JOB_SECONDS):
            self._again(queue.SEND_DELIVERIES)

    def advance_rhythm(self, rhythm: str, period: str) -> None:
        """Do chunks of one run."""
        ends, more = time.monotonic() + JOB_SECONDS, True
        while more and time.monotonic() < ends:
            try:
                with self.database.transaction() as session:
                    more = rhythms.advance(session, rhythm, period, now=self.now())
            except Exception as error:
                log.exception("the run %s of %s failed", period, rhythm)
                with self.database.transaction() as session:
                    rhythms.put_off(session, rhythm, period, str(error), now=self.now())
                return
        if more:
            with self.database.transaction() as session:
                defer_run(session, rhythm, period)

    def anchor_audit(self) -> None:
        """Note the ends of the audit chains."""
        with self.database.transaction() as session:
            audit.anchor(session, now=self.now())

    def clean_up(self) -> None:
        """Put back what people claimed for posts that have ended, forget answers kept for repeated requests after a day, move
        the counters of plans to today.
        """
        with self.database.transaction() as session:
            release_ended_posts(session, now=self.now())
        with self.database.transaction() as session:
            while idempotency.forget_expired(session):
                pass
        self.add_up_counters()

    def add_up_counters(self) -> None:
        """Add what changed about plans to the counters of the board."""
        ends, more = time.monotonic() + JOB_SECONDS, True
        while more and time.monotonic() < ends:
            with self.database.transaction() as session:
                more = ledger.add_up_counters(session, now=self.now())
        if more:
            self._again(queue.ADD_UP_COUNTERS)

    def _due_timers(self) -> list[int]:
        with self.database.transaction() as session:
            return processes.due_timers(session, self.now(), TIMERS_A_LOOK)

    def _fire(self, timer_id: int) -> None:
        """Skip a timer that another worker is firing; one that fails waits a minute and hinders no other."""
        try:
            with self.database.transaction() as session:
                if session.scalar(_TRY_TIMER, {"id": timer_id}):
                    processes.fire_timer(session, timer_id, now=self.now())
        except Exception:
            log.exception("timer %s failed", timer_id)
            self._put_off[timer_id] = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
        else:
            self._put_off.pop(timer_id, None)

    def _again(self, name: str) -> None:
        with self.database.transaction() as session:
            queue.defer(session, name)


def defer_run(session: Session, rhythm: str, period: str) -> bool:
    """Put one run into the queue; runs of one rhythm and period are done one by one."""
    key = f"{rhythm}:{period}"
    return queue.defer(session, queue.ADVANCE_RHYTHM, once=key, lock=key, rhythm=rhythm, period=period)




def registered(work: Work) -> dict[str, Callable[..., Any]]:
    """The jobs by name."""
    return {
        queue.FIRE_TIMERS: work.fire_due_timers,
        queue.SEND_DELIVERIES: work.send_deliveries,
        queue.ADVANCE_RHYTHM: work.advance_rhythm,
        queue.ANCHOR_AUDIT: work.anchor_audit,
        queue.CLEAN_UP: work.clean_up,
        queue.ADD_UP_COUNTERS: work.add_up_counters,
    }
