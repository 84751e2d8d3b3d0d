"""What each job does. Jobs are short: what does not fit into some seconds is deferred again. A job never raises: what failed is
noted where people see it, and tried again later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service.notify.outbox import Channels, send_pending
from workflow_service.services import (
    answerable,
    audit,
    clock_failures,
    ledger,
    mergers,
    processes,
    rhythms,
    timeouts,
)
from workflow_service.services.leavers import release_ended_posts
from workflow_service.store import idempotency
from workflow_service.store.database import Database

from . import queue

JOB_SECONDS = 5.0
TIMERS_A_LOOK = 100

log = logging.getLogger(__name__)

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtext(:name), CAST(:id % 2147483647 AS int))")


@dataclass(frozen=True)
class Clocks:
    """One kind of rows that fall due: which are due (session, now, how many), and how one is fired. `name` as in incidents."""

    name: str
    job: str
    due: Callable[[Session, datetime, int], list[int]]
    fire: Callable[..., bool]


TIMERS = Clocks(clock_failures.TIMER, queue.FIRE_TIMERS, processes.due_timers, processes.fire_timer)
TIMEOUTS = Clocks(clock_failures.TIMEOUT, queue.FIRE_TIMEOUTS, timeouts.due_timeouts, timeouts.fire_timeout)


@dataclass
class Work:
    """Everything that jobs need. `now` is the service's clock; `base_url` is how people reach it, for links in messages."""

    database: Database
    channels: Channels
    base_url: str
    now: Callable[[], datetime]

    def fire_due_timers(self) -> None:
        """Fire every timer that is due, each in a transaction of its own."""
        self._fire_all(TIMERS)

    def fire_due_timeouts(self) -> None:
        """Do what follows where a task's time is over, each in a transaction of its own."""
        self._fire_all(TIMEOUTS)

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
        """Put back what people claimed for posts that have ended and let others answer for their matters; forget answers kept
        for repeated requests after a day; move the counters of plans to today.
        """
        with self.database.transaction() as session:
            release_ended_posts(session, now=self.now())
        with self.database.transaction() as session:
            answerable.pass_on_from_leavers(session, now=self.now())
        with self.database.transaction() as session:
            mergers.pass_stragglers(session, now=self.now())
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

    def _fire_all(self, clocks: Clocks) -> None:
        """Try each that is due once: what another worker has in hand is left to it."""
        ends, tried = time.monotonic() + JOB_SECONDS, set[int]()
        while time.monotonic() < ends:
            due = [one for one in self._due(clocks, len(tried)) if one not in tried]
            if not due:
                return
            for key in due:
                tried.add(key)
                self._fire(clocks, key)
        self._again(clocks.job)

    def _due(self, clocks: Clocks, tried: int) -> list[int]:
        with self.database.transaction() as session:
            return clocks.due(session, self.now(), TIMERS_A_LOOK + tried)

    def _fire(self, clocks: Clocks, key: int) -> None:
        """Skip what another worker is firing; one that fails is put off and hinders no other."""
        try:
            with self.database.transaction() as session:
                if session.scalar(_TRY, {"name": clocks.name, "id": key}):
                    clocks.fire(session, key, now=self.now())
        except Exception as error:
            log.exception("%s %s failed", clocks.name, key)
            self._put_off(clocks, key, error)

    def _put_off(self, clocks: Clocks, key: int, error: Exception) -> None:
        try:
            with self.database.transaction() as session:
                keeps_failing = clock_failures.put_off(session, clocks.name, key, now=self.now())
            if keeps_failing:
                with self.database.transaction() as session:
                    clock_failures.raise_incident(session, clocks.name, key, error, now=self.now())
        except Exception:
            log.exception("%s %s could not be put off", clocks.name, key)

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
        queue.FIRE_TIMEOUTS: work.fire_due_timeouts,
        queue.SEND_DELIVERIES: work.send_deliveries,
        queue.ADVANCE_RHYTHM: work.advance_rhythm,
        queue.ANCHOR_AUDIT: work.anchor_audit,
        queue.CLEAN_UP: work.clean_up,
        queue.ADD_UP_COUNTERS: work.add_up_counters,
    }
