"""Whoever is killed wherever: nothing acknowledged is lost, nothing is done twice, nothing is stuck (docs/domain.md §8).

Two web processes, two workers and a scheduler run as they do in service, over one PostgreSQL and a real mail server. Staff
finish tasks over HTTP, timers fire, the rhythms of the last weeks are made up for, mail goes out. All the while each process
kills itself with SIGKILL at the failpoint that it was started with (workflow_service/failpoints.py) and is started again.

TONGCHOU_TEST_KILLS says how often each failpoint must be hit (ten times, about a minute on two idle cores; 1 while working on
it, 100 for a night); TONGCHOU_TEST_SEED chooses at which passes.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, text

from tests.conftest import OPTIONS
from tests.databases import Databases
from tests.notify.test_outbox import Mailbox
from tests.setup.processes import free_port
from workflow_service import clock
from workflow_service.store.database import Database
from workflow_service.store.people import User
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.supervision import Delivery, RhythmRun

from . import checks
from .clients import Client, Journal, Quota
from .fleet import AT_ANY_MOMENT, Fleet, Role
from .nursery import Nursery
from .scene import KEY, build_scene, post_notice

KILLS = int(os.environ.get("TONGCHOU_TEST_KILLS", "10"))
SEED = int(os.environ.get("TONGCHOU_TEST_SEED", "1"))
CLIENTS = 4
AT_ONCE = 16
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 60 + 40 * KILLS

AT_STAFF = dict.fromkeys(("after-lock", "after-freeze", "before-commit", "after-commit"), KILLS)
AT_WORK = {"in-rhythm": KILLS, "after-smtp": KILLS, "after-lock": max(KILLS // 3, 1), "before-commit": max(KILLS // 3, 1)}
AT_TICKS = {AT_ANY_MOMENT: max(KILLS // 3, 1)}


class Installation:
    """The database, the mail server and the processes of one run of the test."""

    def __init__(self, url: str, folder: Path, mailbox: Mailbox, mail_port: int) -> None:
        self.database = Database(url, OPTIONS)
        self.mailbox, self.ports = mailbox, [free_port(), free_port()]
        self.scene = build_scene(self.database, clock.now(), CLIENTS, urged=3 * KILLS + 6)
        self._url, self._folder, self._mail_port = url, folder, mail_port
        self.quota = Quota(AT_ONCE)
        self._over = threading.Event()

    def roles(self) -> list[Role]:
        """Two web processes, two workers, one scheduler."""
        common = {"DATABASE_URL": self._url, "SECRET_KEY": "only-for-these-tests", "TONGCHOU_VAR": self._folder / "var",
                  "TONGCHOU_LOG_LEVEL": "warning", "TONGCHOU_SMTP_HOST": "127.0.0.1", "TONGCHOU_SMTP_PORT": self._mail_port,
                  "TONGCHOU_MAIL_FROM": "tongchou@plans.example"}  # fmt: skip
        return [
            Role("web", AT_STAFF, [common | {"PORT": port} for port in self.ports], passes=8),
            Role("worker", AT_WORK, [common, common], passes=2),
            Role("scheduler", AT_TICKS, [common]),
        ]

    def clients(self) -> list[Client]:
        """Staff of one post, who compete for the same tasks."""
        tokens = self.scene.tokens.items()
        return [
            Client(user, token, self.ports, KEY, self.quota, SEED + number)
            for number, (user, token) in enumerate(tokens)
        ]

    @contextmanager
    def letters(self) -> Iterator[None]:
        """Post notices as long as the block lasts, so that mail is always under way."""
        over = threading.Event()
        writer = threading.Thread(target=self._write_letters, args=[over], daemon=True)
        writer.start()
        yield
        over.set()
        writer.join()

    def _write_letters(self, over: threading.Event) -> None:
        with self.database.transaction() as session:
            user_id = session.scalars(select(User.id).where(User.username == "drc.planner")).one()
        number = 0
        while not over.wait(LOOK_SECONDS):
            number += 1
            with self.database.transaction() as session:
                post_notice(session, user_id, number, clock.now())

    def running(self) -> int:
        """How many instances of the process run."""
        wanted = (ProcessInstance.definition_key == KEY, ProcessInstance.status == "active")
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(ProcessInstance).where(*wanted)) or 0

    def unfinished(self) -> int:
        """How many due runs and deliveries are still to be done, and how many jobs somebody is at or has died at."""
        runs = select(func.count()).select_from(RhythmRun)
        mails = select(func.count()).select_from(Delivery).where(Delivery.status == "pending")
        with self.database.transaction() as session:
            due = runs.where(RhythmRun.finished_at.is_(None), RhythmRun.due_at <= clock.now())
            jobs = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
            return sum(session.scalar(question) or 0 for question in (due, mails, jobs))

    def users(self) -> dict[str, int]:
        """Ids by log-in name."""
        with self.database.transaction() as session:
            return {row.username: row.id for row in session.execute(select(User.username, User.id))}


@pytest.fixture
def installation(databases: Databases, tmp_path: Path) -> Iterator[Installation]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    with databases.temporary(migrated=True) as url:
        made = Installation(url, tmp_path, mailbox, port)
        yield made
        made.database.close()
    server.stop()


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    log = tmp_path / "processes.log"
    made = Nursery(log)
    yield made
    made.close()
    print(log.read_text()[-4000:])


@pytest.mark.slow
def test_whoever_is_killed_wherever_nothing_is_lost_doubled_or_stuck(installation: Installation, nursery: Nursery) -> None:
    fleet = Fleet(nursery, installation.roles(), random.Random(SEED))
    clients = installation.clients()
    try:
        with installation.letters():
            for client in clients:
                client.start()
            _until(fleet.is_done, installation, fleet)
        installation.quota.close()
        _until(lambda: installation.running() == 0 and installation.unfinished() == 0, installation, fleet)
    finally:
        installation.quota.is_over.set()
        for client in clients:
            client.join(30)
        codes = fleet.close()
    journals = {client.user: client.journal for client in clients}
    _tell(fleet, journals, installation)
    assert fleet.unforeseen == [] and set(codes) <= {0, 143}
    assert [line for journal in journals.values() for line in journal.unforeseen] == []
    _compare(installation, fleet, journals)


def _until(condition: Callable[[], bool], installation: Installation, fleet: Fleet) -> None:
    """Wait, letting the clients start as many instances as may run at once."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        installation.quota.count(installation.running())
        assert time.monotonic() < ends, (
            f"missing {fleet.missing()}, running {installation.running()}, unfinished {installation.unfinished()}"
        )
        time.sleep(LOOK_SECONDS)


def _compare(installation: Installation, fleet: Fleet, journals: dict[str, Journal]) -> None:
    users, now = installation.users(), clock.now()
    with installation.database.transaction() as session:
        checks.history_is_the_journal(session, journals, users)
        checks.every_element_ran_once_a_pass(session)
        checks.nothing_is_stuck(session)
        checks.each_period_ran_once(session, now)
        again = checks.mail_arrived_at_least_once(session, installation.mailbox.received)
        checks.no_job_is_left_behind(session)
        checks.the_record_is_whole(session)
    worker = next(role for role in fleet.roles if role.name == "worker")
    assert again >= worker.hits["after-smtp"], "a message whose sender was killed after the 250 goes out again"


def _tell(fleet: Fleet, journals: dict[str, Journal], installation: Installation) -> None:
    """Print what was hit how often, and what was done meanwhile."""
    for role in fleet.roles:
        print(f"{role.name} killed:", ", ".join(f"{number} × {name}" for name, number in sorted(role.hits.items())))
    done = [one for journal in journals.values() for one in journal.acknowledged]
    print(
        f"{len(done)} commands acknowledged, {sum(one.tries > 1 for one in done)} after more than one try,"
        f" {sum(one.replayed for one in done)} answered from the kept answer,"
        f" {sum(len(journal.refused) for journal in journals.values())} refused because a colleague or a timer was first,"
        f" {sum(journal.broken for journal in journals.values())} connections broken,"
        f" {len(installation.mailbox.received)} messages received"
    )
