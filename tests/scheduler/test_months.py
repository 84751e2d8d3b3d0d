"""Months with a moving clock over the Spring Festival and National Day, three scheduler processes and two workers at it, while
offices work; a scheduler is killed every few days while it looks, a worker's process in the middle of each rhythm.

One run a period, one digest a person and day, and figures of bulletins that a recount from the test's own journal gives again.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.scheduler.processes import Schedulers
from tests.scheduler.test_triggers import SYSTEM, activate, queued, work_of
from tests.services.catalogue import Catalogue, moment
from tests.services.test_rhythms import government as government
from workflow_service.domain.rhythms import Rhythm, RhythmSettings, runs_between
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.jobs import queue
from workflow_service.services import rhythms
from workflow_service.store.database import Database
from workflow_service.store.runtime import ProcessInstance
from workflow_service.store.supervision import Bulletin, Notice, RhythmRun

CALENDAR = WorkingCalendar.published()
HOURS = (8, 9, 15)
SCHEDULERS = 3


@dataclass
class Journal:
    """What the test itself knows of each plan: registered, due, issued."""

    plans: dict[str, tuple[date, date | None, date | None]] = field(default_factory=dict)

    def figures(self, day: date) -> dict[str, int]:
        there = [one for one in self.plans.values() if one[0] <= day]
        issued = [one for one in there if one[2] is not None and one[2] <= day]
        return {"total": len(there), "issued": len(issued), "overdue": len(self.late(day))}

    def late(self, day: date) -> set[str]:
        """The titles of those not issued by their date."""
        plans = self.plans.items()
        due = {title: issued for title, (since, due, issued) in plans if since <= day and due is not None and due < day}
        return {title for title, issued in due.items() if issued is None or issued > day}


@pytest.fixture
def two(government: Database) -> Iterator[list[Database]]:
    made = [Database(government.url, government.options) for _ in range(2)]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def schedulers(government: Database) -> Iterator[Schedulers]:
    made = Schedulers(government.url, SCHEDULERS)
    yield made
    made.close()


def office_works(database: Database, journal: Journal, day: date, number: int) -> None:
    """Every third day a plan comes in, every fourth the oldest is issued, and somebody gets a task that is soon due."""
    with database.transaction() as session:
        made = Catalogue.again(session)
        if number % 3 == 0:
            title, due = f"规划{number}", day + timedelta(days=number % 11)
            made.plan(title, "zj.energy" if number % 2 else "zj.water", day, due)
            journal.plans[title] = (day, due, None)
        waiting = [title for title, (_, _, issued) in journal.plans.items() if issued is None and title in made.plans]
        if number % 4 == 1 and waiting:
            made.issue(waiting[0], day)
            registered, due, _ = journal.plans[waiting[0]]
            journal.plans[waiting[0]] = (registered, due, day)
        made.task("能源规划", "zj.energy", moment(day + timedelta(days=2), 17, 30), created=moment(day, 7))


KILLED = """
from datetime import datetime
from workflow_service.services import bulletins, digests, rhythms, weekly
from workflow_service.store.database import Database
digests.PEOPLE_A_CHUNK = weekly.UNITS_A_CHUNK = bulletins.AREAS_A_CHUNK = 1
database = Database({url!r})
rhythms.finish(database, {rhythm!r}, {period!r}, now=datetime.fromisoformat({at!r}))
"""


def add_a_city(session: Session) -> None:
    """A second government, so that a period has two bulletins: its plan counts in the province's too."""
    made = Catalogue.again(session)
    made.unit("nb.drc", relation="drc", area="330200", path="/330000/330200/")
    made.plan("宁波规划", "nb.drc", date(2021, 1, 4), date(2021, 1, 5), date(2021, 1, 5))


def kill_in_the_middle(database: Database, rhythm: str, period: str, at: datetime) -> bool:
    """Let a worker of its own process carry a run out and SIGKILL it in its second chunk; tells whether it came so far."""
    url = database.url.render_as_string(hide_password=False)
    program = KILLED.format(url=url, rhythm=rhythm, period=period, at=at.isoformat())
    environment = {"TONGCHOU_FAILPOINT": "in-rhythm:2", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=120)
    assert ended.returncode in (0, -9)
    return ended.returncode == -9


@pytest.mark.parametrize(
    ("first", "days"), [(date(2025, 9, 25), 35), (date(2026, 2, 5), 32)], ids=["national day", "spring festival"]
)
def test_a_month_runs_once_a_period_and_its_bulletins_can_be_recounted(
    government: Database, two: list[Database], schedulers: Schedulers, first: date, days: int
) -> None:
    journal = Journal({
        "能源规划": (date(2021, 1, 4), date(2027, 6, 30), None), "水利规划": (date(2021, 1, 4), date(2027, 6, 30), None),
        "已印发规划": (date(2021, 1, 4), date(2021, 6, 30), date(2021, 6, 30)),
        "宁波规划": (date(2021, 1, 4), date(2021, 1, 5), date(2021, 1, 5)),
    })  # fmt: skip
    with government.transaction() as session:
        add_a_city(session)
    activate(government, first)
    killed: set[str] = set()
    with ThreadPoolExecutor(4) as pool:
        for number in range(days):
            day = first + timedelta(days=number)
            office_works(government, journal, day, number)
            for hour in HOURS:
                at = moment(day, hour)
                (schedulers.at_killing_one if hour == 9 and number % 6 == 1 else schedulers.at)(at)
                with government.transaction() as session:
                    waiting = rhythms.unfinished(session, now=at)
                for run in waiting:
                    if run[0] not in killed and kill_in_the_middle(government, *run, at):
                        killed.add(run[0])
                both = [(one, *run) for run in waiting for one in two]
                list(pool.map(lambda each, at=at: work_of(each[0], at).advance_rhythm(*each[1:]), both))
                with government.transaction() as session:
                    session.execute(text("DELETE FROM procrastinate_jobs"))
    assert schedulers.killed >= days // 6
    assert killed == {rhythm.value for rhythm in Rhythm}, "each was killed between its first chunk and its second"
    last = moment(first + timedelta(days=days - 1), HOURS[-1])
    for rhythm in Rhythm:
        due = runs_between(rhythm, moment(first, 0), last, CALENDAR, RhythmSettings())
        with government.transaction() as session:
            claimed = select(RhythmRun.period).where(RhythmRun.rhythm == rhythm.value)
            assert sorted(session.scalars(claimed)) == sorted(key for run in due for key in run.period_keys)
    with government.transaction() as session:
        assert session.scalars(select(RhythmRun).where(RhythmRun.finished_at.is_(None), RhythmRun.due_at <= last)).all() == []
        digests = session.scalars(select(Notice).where(Notice.kind == "digest")).all()
        told = Counter((one.user_id, one.created_at.astimezone(last.tzinfo).date()) for one in digests)
        assert set(told.values()) == {1} and all(CALENDAR.is_working_day(day) for _, day in told)
        keys = session.scalars(select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report"))
        assert set(Counter(keys).values()) == {1}
        both_areas = session.scalars(select(Bulletin).order_by(Bulletin.period)).all()
        assert set(Counter((one.area, one.period) for one in both_areas).values()) == {1}
        assert all(one.figures["total"]["total"] == 1 for one in both_areas if one.area == "330200")
        bulletins = [one for one in both_areas if one.area == "330000"]
        assert len(bulletins) >= 3 and len(both_areas) == 2 * len(bulletins)
        for one in bulletins:
            day = date.fromisoformat(one.figures["last"])
            assert one.figures["total"] == journal.figures(day), one.period
            assert {late["title"] for late in one.figures["overdue"]} == journal.late(day), one.period


@pytest.mark.parametrize(
    ("rhythm", "period", "at", "written"),
    [
        (Rhythm.DAILY, "2025-11-24", moment(date(2025, 11, 24)), 2),
        (Rhythm.WEEKLY, "2025-W48", moment(date(2025, 11, 24)), 2),
        (Rhythm.TEN_DAY, "2025-11-D2", moment(date(2025, 11, 21)), 2),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_worker_killed_in_the_middle_of_a_rhythm_leaves_a_run_that_the_next_one_finishes_once(
    government: Database, rhythm: Rhythm, period: str, at: datetime, written: int
) -> None:
    with government.transaction() as session:
        made = Catalogue.again(session)
        add_a_city(session)
        for unit in ("zj.energy", "zj.water"):
            made.task("能源规划", unit, moment(date(2025, 11, 25), 17, 30))
        rhythms.activate(session, SYSTEM, rhythms=[rhythm], now=moment(at.date(), 0))
    with government.transaction() as session:
        assert rhythms.claim_due(session, now=at) == [(rhythm.value, period)]
    assert kill_in_the_middle(government, rhythm.value, period, at)
    for _again in range(2):
        work_of(government, at).advance_rhythm(rhythm.value, period)
    with government.transaction() as session:
        run = session.get(RhythmRun, (rhythm.value, period))
        assert run is not None and run.finished_at is not None
        found = {
            Rhythm.DAILY: [str(one) for one in session.scalars(select(Notice.user_id).where(Notice.kind == "digest"))],
            Rhythm.WEEKLY: list(session.scalars(select(ProcessInstance.business_key))),
            Rhythm.TEN_DAY: list(session.scalars(select(Bulletin.area))),
        }[rhythm]
        found = [one for one in found if rhythm is not Rhythm.WEEKLY or one.startswith("weekly:")]
        assert len(found) == len(set(found)) == written
    assert not [job for job in queued(government) if job[0] == queue.ADVANCE_RHYTHM]
