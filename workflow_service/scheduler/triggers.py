"""The triggers: a tick for what is due any moment, a minute for the rhythms, an hour for the rest."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow_service import clock
from workflow_service.domain.deadlines import CHINA
from workflow_service.jobs import queue
from workflow_service.jobs.tasks import defer_run
from workflow_service.services import rhythms
from workflow_service.store.database import Database

RESCUE_SECONDS = 10
LATENESS_SECONDS = 30

Trigger = Callable[[Database, Callable[[], datetime]], None]

log = logging.getLogger(__name__)

# One statement a tick, however much waits: each part is the first entry of an index.
_WAITING = text("""
SELECT EXISTS (SELECT FROM timer t JOIN process_instance i ON i.id = t.instance_id AND i.status = 'active'
          WHERE t.due_at <= :now AND t.stood_since IS NULL AND (t.retry_at IS NULL OR t.retry_at <= :now)) AS timers,
  EXISTS (SELECT FROM delivery WHERE status = 'pending' AND next_attempt_at <= :now
          AND split_part(channel, ':', 1) IN (SELECT jsonb_object_keys(value) FROM setting WHERE name = 'notify')) AS deliveries,
  EXISTS (SELECT FROM task t JOIN process_instance i ON i.id = t.instance_id AND i.status = 'active'
          WHERE t.status = 'open' AND t.timeout_at <= :now AND NOT t.held AND t.paused_for = ''
          AND (t.timeout_retry_at IS NULL OR t.timeout_retry_at <= :now)) AS timeouts,
  EXISTS (SELECT FROM rhythm_run WHERE finished_at IS NULL AND due_at <= :now) AS runs,
  EXISTS (SELECT FROM plan_count_entry) AS counters
""")


class SchedulerSettings(Protocol):
    """What a scheduler needs to know of the settings."""

    @property
    def tick_seconds(self) -> float:
        """How often to look for what is due."""

    @property
    def catch_up_periods(self) -> int:
        """How many weekly and ten-day periods are made up for after downtime."""


def run(
    database: Database, settings: SchedulerSettings, stop: threading.Event, now: Callable[[], datetime] = clock.now
) -> None:
    """Decide what is due until `stop` is set."""
    scheduler = _scheduler(database, settings, now)
    scheduler.start()
    try:
        _quietly(claim_rhythms(settings.catch_up_periods), database, now)
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)


def tick(database: Database, now: Callable[[], datetime]) -> None:
    """Push what is due any moment: timers, time-outs, deliveries, runs that are claimed and not finished."""
    at = now()
    with database.transaction() as session:
        waiting = session.execute(_WAITING, {"now": at}).one()
        if waiting.timers:
            queue.defer(session, queue.FIRE_TIMERS)
        if waiting.timeouts:
            queue.defer(session, queue.FIRE_TIMEOUTS)
        if waiting.deliveries:
            queue.defer(session, queue.SEND_DELIVERIES)
        if waiting.counters:
            queue.defer(session, queue.ADD_UP_COUNTERS)
        if waiting.runs:
            _defer_runs(session, at)


def claim_rhythms(catch_up: int) -> Trigger:
    """Give the trigger that claims the runs that are due; the claim and its job are one transaction."""

    def claim(database: Database, now: Callable[[], datetime]) -> None:
        with database.transaction() as session:
            for rhythm, period in rhythms.claim_due(session, now=now(), catch_up=catch_up):
                defer_run(session, rhythm, period)

    return claim


def defer_job(name: str) -> Trigger:
    """Give the trigger that only puts a job into the queue."""

    def push(database: Database, now: Callable[[], datetime]) -> None:
        with database.transaction() as session:
            queue.defer(session, name)

    return push


def _defer_runs(session: Session, at: datetime) -> None:
    for rhythm, period in rhythms.unfinished(session, now=at):
        defer_run(session, rhythm, period)


def _scheduler(
    database: Database, settings: SchedulerSettings, now: Callable[[], datetime]
) -> BackgroundScheduler:
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": LATENESS_SECONDS}
    scheduler = BackgroundScheduler(timezone=CHINA, job_defaults=defaults)
    given = (database, now)
    scheduler.add_job(_quietly, "interval", seconds=settings.tick_seconds, args=(tick, *given))
    scheduler.add_job(_quietly, "interval", seconds=RESCUE_SECONDS, args=(defer_job(queue.RESCUE), *given))
    scheduler.add_job(_quietly, "cron", second=0, args=(claim_rhythms(settings.catch_up_periods), *given))
    scheduler.add_job(_quietly, "cron", minute=0, args=(defer_job(queue.ANCHOR_AUDIT), *given))
    scheduler.add_job(_quietly, "cron", minute=30, args=(defer_job(queue.CLEAN_UP), *given))
    return scheduler


def _quietly(work: Trigger, database: Database, now: Callable[[], datetime]) -> None:
    """A trigger that fails is logged; the next one tries again."""
    try:
        work(database, now)
    except Exception as error:
        log.warning("a trigger failed: %s", error, exc_info=log.isEnabledFor(logging.DEBUG))
