"""The queue: names of the jobs, deferring in the caller's transaction, rescuing what a killed worker left."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from sqlalchemy.orm import Session

FIRE_TIMERS = "fire_due_timers"
FIRE_TIMEOUTS = "fire_due_timeouts"
SEND_DELIVERIES = "send_deliveries"
ADVANCE_RHYTHM = "advance_rhythm"
ANCHOR_AUDIT = "anchor_audit"
CLEAN_UP = "clean_up"
ADD_UP_COUNTERS = "add_up_counters"
RESCUE = "rescue"

HEARTBEAT_SECONDS = 5.0
STALLED_AFTER_SECONDS = 20.0

# Deferring uses the session's own connection, so this connector never opens one.
_deferring = App(connector=SyncPsycopgConnector())


def defer(session: Session, name: str, *, once: str = "", lock: str | None = None, **arguments: Any) -> bool:
    """Put a job into the queue in the session's transaction: a roll-back leaves no job. Gives whether it is new.

    At most one job with the same `once` (the name itself, if not given) waits; jobs with the same `lock` run one by one.
    A conflict would abort the transaction, therefore the savepoint.
    """
    connection = session.connection()
    task = _deferring.configure_task(
        name, connection=connection.connection.dbapi_connection, queueing_lock=once or name, lock=lock, allow_unknown=True
    )
    connection.exec_driver_sql("SAVEPOINT deferring")
    try:
        task.defer(**arguments)
    except AlreadyEnqueued:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT deferring")
        return False
    finally:
        connection.exec_driver_sql("RELEASE SAVEPOINT deferring")
    return True


async def rescue_stalled(app: App) -> int:
    """Put jobs of workers without a heartbeat back into the queue; gives how many.

    One whose twin waits already is dropped: the twin does the same work. One that another rescuer was first at is left to him.
    """
    manager, rescued = app.job_manager, 0
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            with suppress(ConnectorException):
                await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        except ConnectorException:
            continue
        rescued += 1
    return rescued
