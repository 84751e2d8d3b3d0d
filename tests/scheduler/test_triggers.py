"""Any number of schedulers: one run a period; what is due is pushed once."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.scheduler.processes import Schedulers
from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythms import government as government
from workflow_service.config import Settings
from workflow_service.domain.rhythms import Rhythm
from workflow_service.identity.actor import Actor
from workflow_service.jobs import queue
from workflow_service.jobs.tasks import Work
from workflow_service.notify.stub import StubChannel
from workflow_service.scheduler import triggers
from workflow_service.services import notices, rhythms
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.supervision import Bulletin, Notice, RhythmRun

SYSTEM = Actor.system("cli")
SCHEDULERS, WORKERS = 4, 2


def activate(database: Database, day: date) -> None:
    with database.transaction() as session:
        rhythms.activate(session, SYSTEM, now=moment(day, 0, 0))


def work_of(database: Database, at: datetime) -> Work:
    return Work(database, {"email": StubChannel}, "", lambda: at)


def queued(database: Database) -> list[tuple[str, dict[str, str]]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def others(government: Database) -> Iterator[list[Database]]:
    made = [Database(government.url, government.options) for _ in range(WORKERS)]
    yield made
    for one in made:
        one.close()


def test_four_scheduler_processes_and_two_workers_walk_a_month_and_each_period_runs_once(
    government: Database, others: list[Database]
) -> None:
    activate(government, date(2025, 9, 29))
    with closing(Schedulers(government.url, SCHEDULERS)) as schedulers, ThreadPoolExecutor(2 * WORKERS) as pool:
        for number in range(16):
            at = moment(date(2025, 9, 29) + timedelta(days=number), 9)
            schedulers.at(at)
            runs = [job[1] for job in queued(government) if job[0] == queue.ADVANCE_RHYTHM]
            assert len({(run["rhythm"], run["period"]) for run in runs}) == len(runs)
            twice = [(one, run) for run in runs for one in others]
            list(pool.map(lambda pair, at=at: work_of(pair[0], at).advance_rhythm(**pair[1]), twice))
            with government.transaction() as session:
                session.execute(text("DELETE FROM procrastinate_jobs"))
    with government.transaction() as session:
        weekly = session.scalars(select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report"))
        keys = sorted(weekly)
        assert keys == sorted(f"weekly:2025-W{week}:zj.{unit}" for week in (40, 41, 42) for unit in ("energy", "water"))
        periods = session.scalars(select(Bulletin.period).order_by(Bulletin.period)).all()
        assert periods == ["2025-09-D3", "2025-10-D1"]
        assert session.scalar(text("SELECT count(*) FROM rhythm_run WHERE finished_at IS NULL AND rhythm <> 'weekly_ledger'"
                                   " AND rhythm <> 'weekly_late'")) == 0  # fmt: skip


def test_a_claim_and_its_job_are_one_transaction(government: Database) -> None:
    activate(government, date(2025, 11, 24))
    at = moment(date(2025, 11, 24), 9)
    triggers.claim_rhythms(3)(government, lambda: at)
    triggers.claim_rhythms(3)(government, lambda: at)
    assert [job[1]["rhythm"] for job in queued(government)] == ["daily", "weekly"]


def test_a_tick_pushes_due_timers_deliveries_and_unfinished_runs_once(government: Database) -> None:
    at = moment(date(2025, 11, 24), 9)
    work_of(government, at).add_up_counters()
    triggers.tick(government, lambda: at)
    assert queued(government) == []
    with government.transaction() as session:
        notices.wire_channels(session, {"email": {"domain": "plans.example"}}, now=at)
        user = Catalogue.again(session).people["drc.planner"]
        notices.post_notices(session, [notices.NewNotice(user.id, "task", "请办理", "a")], now=at)
        instance = Catalogue.again(session).task("能源规划", "zj.energy", None).instance_id
        session.execute(
            text("INSERT INTO timer (instance_id, token, process_key, element_id, due_at, rule)"
                 " VALUES (:instance, gen_random_uuid(), 'p', 'wait', :at, '')"), {"instance": instance, "at": at})  # fmt: skip
        session.add(RhythmRun(rhythm="weekly_late", period="2025-W47", due_at=at, claimed_at=at))
    for _ in range(3):
        triggers.tick(government, lambda: at)
    assert [job[0] for job in queued(government)] == [queue.FIRE_TIMERS, queue.SEND_DELIVERIES, queue.ADVANCE_RHYTHM]


def test_an_idle_tick_asks_one_statement_however_much_exists(government: Database) -> None:
    from sqlalchemy import event

    at = moment(date(2025, 11, 24), 9)
    work_of(government, at).add_up_counters()
    asked: list[str] = []
    event.listen(government.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    triggers.tick(government, lambda: at)
    assert len(asked) == 1


def test_a_tick_lets_the_changes_of_plans_be_added_up_and_the_hour_moves_the_counters_to_its_day(government: Database) -> None:
    at = moment(date(2025, 11, 24), 9)
    triggers.tick(government, lambda: at)
    assert [job[0] for job in queued(government)] == [queue.ADD_UP_COUNTERS]
    work_of(government, at).add_up_counters()
    work_of(government, moment(date(2025, 11, 25), 0)).clean_up()
    with government.transaction() as session:
        days = dict(session.execute(text("SELECT name, day FROM plan_count_day")).all())
        assert days == {"today": date(2025, 11, 25), "period": date(2025, 11, 20)}
        assert session.scalar(text("SELECT count(*) FROM plan_count_entry")) == 0
        plans = session.scalar(text("SELECT count(*) FROM plan WHERE status IN ('active', 'issued')"))
        assert session.scalar(text("SELECT sum(total) FROM plan_count WHERE name = 'today' AND area_path = ''")) == plans > 0


def test_a_run_that_fails_is_put_off_with_its_reason_and_finished_later(
    government: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate(government, date(2025, 11, 24))
    at = moment(date(2025, 11, 24), 9)
    with government.transaction() as session:
        rhythms.claim_due(session, now=at)
        session.execute(text("DELETE FROM process_definition WHERE key = 'weekly_report'"))
    work_of(government, at).advance_rhythm("weekly", "2025-W48")
    with government.transaction() as session:
        run = session.get(RhythmRun, ("weekly", "2025-W48"))
        assert run is not None and run.figures is not None and "weekly_report" in run.figures["error"]
        assert ("weekly", "2025-W48") not in rhythms.unfinished(session, now=at)
        assert ("weekly", "2025-W48") in rhythms.unfinished(session, now=at + timedelta(minutes=1))


def test_killed_in_the_middle_of_a_rhythm_the_next_worker_finishes_it_without_repeating(government: Database) -> None:
    activate(government, date(2025, 11, 24))
    at = moment(date(2025, 11, 24), 9)
    with government.transaction() as session:
        rhythms.claim_due(session, now=at)
    program = f"""
from datetime import datetime
from workflow_service.services import rhythms, weekly
from workflow_service.store.database import Database
weekly.UNITS_A_CHUNK = 1
database = Database({government.url.render_as_string(hide_password=False)!r})
rhythms.finish(database, "weekly", "2025-W48", now=datetime.fromisoformat({at.isoformat()!r}))
"""
    environment = {"TONGCHOU_FAILPOINT": "in-rhythm:2", "PATH": "/usr/bin:/bin"}
    killed = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)
    assert killed.returncode == -9
    work_of(government, at).advance_rhythm("weekly", "2025-W48")
    with government.transaction() as session:
        keys = session.scalars(select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report"))
        assert sorted(keys) == ["weekly:2025-W48:zj.energy", "weekly:2025-W48:zj.water"]


def test_a_scheduler_and_a_worker_running_as_in_service_do_the_day_and_stop_when_told(
    government: Database, settings: Settings
) -> None:
    from workflow_service import jobs, scheduler

    settings = Settings(**{**settings.__dict__, "database_url": str(government.url), "tick_seconds": 0.1})
    activate(government, date(2025, 11, 24))
    with government.transaction() as session:
        Catalogue.again(session).task("能源规划", "zj.energy", moment(date(2025, 11, 24), 17))
    at = moment(date(2025, 11, 24), 9)
    stop = threading.Event()
    threads = [
        threading.Thread(target=room.run, args=(government, settings, stop, lambda: at)) for room in (jobs, scheduler)
    ]
    for thread in threads:
        thread.start()
    finished = _wait_for_all_runs(government)
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert finished
    with government.transaction() as session:
        assert [one.kind for one in session.scalars(select(Notice))] == ["digest"]
        assert {run.rhythm for run in session.scalars(select(RhythmRun)) if run.finished_at} == {
            Rhythm.DAILY.value, Rhythm.WEEKLY.value,
        }  # fmt: skip


def _wait_for_all_runs(database: Database) -> bool:
    pause = threading.Event()
    for _ in range(300):
        with database.transaction() as session:
            done = session.scalar(text("SELECT count(*) FROM rhythm_run WHERE finished_at IS NOT NULL"))
        if done == 2:
            return True
        pause.wait(0.05)
    return False
