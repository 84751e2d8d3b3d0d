"""Runs jobs until told to stop: Procrastinate on a pool of its own, jobs in threads, heartbeats, rescue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError

from workflow_service import clock
from workflow_service.notify.channel import EMAIL, ROBOT, SMS, Channel
from workflow_service.notify.email import EmailChannel, MailServer
from workflow_service.notify.outbox import Channels
from workflow_service.notify.robots import RobotChannel
from workflow_service.notify.sms import SmsChannel
from workflow_service.services.notices import wire_channels
from workflow_service.store.database import Database

from . import queue
from .tasks import Work, registered

POLL_SECONDS = 0.5
STOP_LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 8.0
PAUSE_AFTER_FAILURE_SECONDS = 1.0
CONNECTIONS = 3

log = logging.getLogger(__name__)


class WorkerSettings(Protocol):
    """What a worker needs to know of the settings; see `config.Settings` for their meaning."""

    @property
    def worker_jobs(self) -> int: ...
    @property
    def smtp_host(self) -> str | None: ...
    @property
    def smtp_port(self) -> int: ...
    @property
    def smtp_tls(self) -> str: ...
    @property
    def smtp_user(self) -> str | None: ...
    @property
    def smtp_password(self) -> str | None: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def webhook_hosts(self) -> tuple[str, ...]: ...
    @property
    def sms_url(self) -> str | None: ...
    @property
    def sms_token(self) -> str | None: ...
    @property
    def public_url(self) -> str: ...


def run(
    database: Database, settings: WorkerSettings, stop: threading.Event, now: Callable[[], datetime] = clock.now
) -> None:
    """Do jobs until `stop` is set; a database that goes away is waited for."""
    while not stop.is_set():
        try:
            _wire(database, settings, now)
            work = Work(database, channels_of(settings), settings.public_url, now)
            asyncio.run(_work(database, work, settings.worker_jobs, stop))
        except (ConnectorException, psycopg.Error, OperationalError, OSError) as error:
            log.warning("the queue cannot be reached: %s", error)
        except Exception:
            log.exception("the worker failed and begins again")
        stop.wait(PAUSE_AFTER_FAILURE_SECONDS)


def channels_of(settings: WorkerSettings) -> Channels:
    """Give the outside channels that the settings name."""
    hosts = settings.webhook_hosts
    found: dict[str, Callable[[], Channel]] = {}
    if settings.smtp_host:
        server = MailServer(
            settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, settings.smtp_password,
            settings.mail_from,
        )  # fmt: skip
        found[EMAIL] = lambda: EmailChannel(server)
    if hosts:
        found[ROBOT] = lambda: RobotChannel(hosts)
    if gateway := settings.sms_url:
        found[SMS] = lambda: SmsChannel(gateway, settings.sms_token)
    return found


def build_app(dsn: str, work: Work) -> App:
    """Make the queue's app with every job; it connects when it is opened."""
    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=CONNECTIONS))
    for name, function in registered(work).items():
        app.task(name=name)(function)

    async def rescue() -> None:
        """Put back what killed workers left."""
        rescued = await queue.rescue_stalled(app)
        if rescued:
            log.warning("%s jobs of workers that died are put back", rescued)

    app.task(name=queue.RESCUE)(rescue)
    return app


def _wire(database: Database, settings: WorkerSettings, now: Callable[[], datetime]) -> None:
    """Say in the database which channels there are, so that every process writes deliveries for them."""
    channels: dict[str, dict[str, Any]] = {}
    if settings.smtp_host:
        channels[EMAIL] = {"domain": settings.mail_from.rpartition("@")[2] or "localhost"}
    if settings.webhook_hosts:
        channels[ROBOT] = {"hosts": list(settings.webhook_hosts)}
    if settings.sms_url:
        channels[SMS] = {}
    with database.transaction() as session:
        wire_channels(session, channels, now=now())


async def _work(database: Database, work: Work, jobs: int, stop: threading.Event) -> None:
    app = build_app(database.dsn, work)
    async with app.open_async():
        await queue.rescue_stalled(app)
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=jobs, fetch_job_polling_interval=POLL_SECONDS, delete_jobs="always",
                install_signal_handlers=False, shutdown_graceful_timeout=PATIENCE_SECONDS,
                update_heartbeat_interval=queue.HEARTBEAT_SECONDS, stalled_worker_timeout=queue.STALLED_AFTER_SECONDS,
            )
        )  # fmt: skip
        while not stop.is_set() and not worker.done():
            await asyncio.sleep(STOP_LOOK_SECONDS)
        if worker.done():
            worker.result()
            return
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker
