"""Jobs belong to the transaction that defers them; what a killed worker leaves is rescued."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.services.catalogue import Catalogue
from workflow_service.config import Settings
from workflow_service.jobs import queue, worker
from workflow_service.jobs.tasks import Work
from workflow_service.notify.stub import StubChannel
from workflow_service.services import notices
from workflow_service.store.database import Database
from workflow_service.store.records import IdempotencyKey
from workflow_service.store.supervision import Delivery

NOW = datetime(2025, 11, 24, 1, 0, tzinfo=UTC)


def work_of(database: Database) -> Work:
    stub = StubChannel()
    return Work(database, {"email": lambda: stub}, "https://plans.example", lambda: NOW)


def jobs(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


@contextmanager
def working(database: Database, settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(database, settings, stop, lambda: NOW))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def wait_until(condition, seconds: float = 15) -> None:  # type: ignore[no-untyped-def]
    ended = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        ended.wait(0.05)
    pytest.fail("it did not happen in time")


def test_a_rolled_back_command_leaves_no_job(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        assert queue.defer(session, queue.FIRE_TIMERS)
        raise RuntimeError("the command failed")
    assert jobs(database) == []


def test_a_job_that_waits_already_is_not_doubled_and_harms_no_transaction(database: Database) -> None:
    with database.transaction() as session:
        assert queue.defer(session, queue.FIRE_TIMERS)
    with database.transaction() as session:
        session.execute(text("INSERT INTO code_series (name, last) VALUES ('ZX', 1)"))
        assert not queue.defer(session, queue.FIRE_TIMERS)
        assert queue.defer(session, queue.SEND_DELIVERIES)
    with database.transaction() as session:
        assert session.scalar(text("SELECT last FROM code_series")) == 1
    assert jobs(database) == [(queue.FIRE_TIMERS, "todo"), (queue.SEND_DELIVERIES, "todo")]


def test_a_worker_does_the_jobs_deletes_them_and_stops_when_told(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.CLEAN_UP)
        queue.defer(session, queue.FIRE_TIMERS)
    with working(database, settings):
        wait_until(lambda: jobs(database) == [])


def test_a_job_of_a_worker_without_heartbeat_is_put_back_and_done(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.CLEAN_UP)
        session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"))
        session.execute(
            text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)")
        )
    with working(database, settings):
        wait_until(lambda: jobs(database) == [])


def test_a_left_job_whose_twin_waits_is_dropped(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.CLEAN_UP)
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        assert queue.defer(session, queue.CLEAN_UP)

    async def rescue() -> int:
        app = worker.build_app(database.dsn, work_of(database))
        async with app.open_async():
            return await queue.rescue_stalled(app)

    with ThreadPoolExecutor(1) as thread:  # a browser test before may have left a loop in this one
        assert thread.submit(lambda: asyncio.run(rescue())).result() == 1
    assert jobs(database) == [(queue.CLEAN_UP, "todo")]


def test_pending_deliveries_are_sent(database: Database) -> None:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        user = made.person("handler", "zj.energy")
        notices.wire_channels(session, {"email": {"domain": "plans.example"}}, now=NOW)
        notices.post_notices(session, [notices.NewNotice(user.id, "task", "请办理", "a")], now=NOW)
    work_of(database).send_deliveries()
    with database.transaction() as session:
        assert session.scalars(select(Delivery.status)).all() == ["sent"]


def test_answers_to_repeated_requests_are_forgotten_after_a_day(database: Database) -> None:
    with database.transaction() as session:
        made = Catalogue(session)
        made.unit("zj.energy")
        user = made.person("handler", "zj.energy")
        for hours in (1, 25):
            session.add(
                IdempotencyKey(user_id=user.id, route="tasks", key=str(hours), request_hash=b"",
                               created_at=datetime.now(UTC) - timedelta(hours=hours))
            )  # fmt: skip
    work_of(database).clean_up()
    with database.transaction() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["1"]
