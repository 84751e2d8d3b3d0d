"""Zhejiang's 179 provincial special plans of the 14th cycle, driven through the engine to 30 June 2021 (docs/domain.md §4).

Totals are the source's; titles and dates are constructed. Every step is acted by the unit whose turn it is, at a date of
the file: registration up to `registered_on`, the route between that and `issued_on`; a filed-only plan states its issue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.rhythms import Rhythm, RhythmSettings, runs_between
from workflow_service.identity.names import initials
from workflow_service.resources import bpmn_dir, demo_dir, forms_dir
from workflow_service.services import calendars, deployments, plans, rhythms
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task

from .catalogue import Entry, read_catalogue
from .driver import Office, Timeline, at, given_by_form, spread
from .people import OFFICES, Area, seed_units

ZHEJIANG = Area("330000", "浙江省", "province", "/330000/", "zj", "浙")
CLOSES = date(2021, 6, 30)
FILE = "zhejiang_catalogue.csv"
VISITS = 16
RHYTHMS_BEGIN = date(2021, 1, 1)
ISSUING = frozenset({"seal_and_send"})
LISTS_ON = time(15, 0)

Progress = Callable[[int, int, datetime], None]


@dataclass(frozen=True)
class Difference:
    """A plan whose route or review form by the tables differs from what the file says."""

    title: str
    field: str
    file: str
    table: str


def build(
    database: Database, catalogue_path: Path | None = None, progress: Progress | None = None
) -> list[Difference]:
    """Fill an empty, migrated database; gives where the tables differ from the file. Under 90 s on two cores."""
    entries = read_catalogue(catalogue_path or demo_dir() / FILE)
    first = min(entry.registered_on for entry in entries)
    deploy_delivered(database, at(first - timedelta(days=60)))
    units = _seed(database, entries, at(first - timedelta(days=60)))
    Province(database, units).run(entries, progress)
    return compare(database, entries)


def deploy_delivered(database: Database, now: datetime) -> None:
    """Deploy the delivered routes, tables and forms."""
    files = {
        one.name: one.read_bytes() for folder in (bpmn_dir(), forms_dir()) for one in sorted(folder.iterdir())
    }
    with database.transaction() as session:
        deployments.deploy_files(session, Actor.system("demo"), "交付的审批路线", files, now=now)


def compare(database: Database, entries: list[Entry]) -> list[Difference]:
    """Compare the file's route and review form with what the tables gave."""
    with database.transaction() as session:
        found = {plan.title: plan for plan in session.scalars(select(Plan))}
    pairs = [
        (entry.title, name, getattr(entry, name), getattr(found[entry.title], name))
        for entry in entries
        for name in ("route", "review_form")
    ]
    return [Difference(*pair) for pair in pairs if pair[2] and pair[2] != pair[3]]


class Province:
    """One province at work on its catalogue."""

    def __init__(self, database: Database, unit_ids: Mapping[str, int]) -> None:
        self.database, self.unit_ids = database, unit_ids
        self.entry_of: dict[int, Entry] = {}
        self.office = Office(database, self._given)
        self.timeline = Timeline()

    def run(self, entries: list[Entry], progress: Progress | None) -> None:
        """Plan every act and carry them out in the order of time."""
        for day in sorted({entry.registered_on for entry in entries}):
            batch = [entry for entry in entries if entry.registered_on == day]
            self.timeline.add(at(day - timedelta(days=20)), partial(self._apply, batch))
            self.timeline.add(at(day, LISTS_ON), partial(self._approve_list, batch))
        self._plan_bulletins()
        self.timeline.run(progress)

    def _plan_bulletins(self) -> None:
        """The ten-day rhythm runs from the new year on; each bulletin is edited and released on its day."""
        begin, end = at(RHYTHMS_BEGIN, time(0, 0)), at(CLOSES, LISTS_ON)
        with self.database.transaction() as session:
            rhythms.activate(session, Actor.system("demo"), rhythms=(Rhythm.TEN_DAY,), now=begin)
            calendar = calendars.working_calendar(session)
        for run in runs_between(Rhythm.TEN_DAY, begin, end, calendar, RhythmSettings()):
            self.timeline.add(run.due_at, self._issue_bulletin)

    def _issue_bulletin(self, now: datetime) -> None:
        rhythms.run_due(self.database, now=now)
        for hour in (2, 4):
            self.office.work_on_process("ten_day_bulletin", now + timedelta(hours=hour))

    def _apply(self, batch: list[Entry], now: datetime) -> None:
        for entry in batch:
            application = plans.PlanApplication(
                title=entry.title, lead_unit_id=self.unit_ids[entry.lead_unit], category=entry.category, level=entry.level,
                tier=entry.tier, importance=entry.importance, first_year=entry.first_year, last_year=entry.last_year,
                due_on=entry.due_on,
            )  # fmt: skip
            with self.database.transaction() as session:
                plan_id = plans.apply_for_plan(session, self._clerk(session, entry), application, now=now).id
            self.entry_of[plan_id] = entry
            for day in spread(now.date(), entry.registered_on - timedelta(days=1), 4):
                self.timeline.add(at(day, time(10, 0)), partial(self._work, plan_id))

    def _approve_list(self, batch: list[Entry], now: datetime) -> None:
        mine = [plan_id for plan_id, entry in self.entry_of.items() if entry in batch]
        for plan_id in mine:
            self.office.work_until_done(plan_id, now - timedelta(hours=5), "", lambda: False)
        self.office.hold_meetings(ZHEJIANG.code, now)
        for plan_id in mine:
            self.timeline.add(
                at(self.entry_of[plan_id].registered_on, time(16, 0)),
                partial(self._start, plan_id),
            )

    def _start(self, plan_id: int, now: datetime) -> None:
        entry = self.entry_of[plan_id]
        with self.database.transaction() as session:
            plans.start_route(session, self._clerk(session, entry), plan_id, now=now)
        if entry.is_filed_only:
            return self._plan_filing(plan_id, entry)
        last = entry.issued_on or CLOSES - timedelta(days=9)
        for day in spread(entry.registered_on + timedelta(days=1), last - timedelta(days=1), VISITS):
            self.timeline.add(at(day, time(11, 0)), partial(self._visit, plan_id))
        if entry.issued_on is not None:
            self.timeline.add(at(entry.issued_on), partial(self._finish, plan_id))
        return None

    def _plan_filing(self, plan_id: int, entry: Entry) -> None:
        if entry.issued_on is not None:
            self.timeline.add(at(entry.issued_on), partial(self._finish, plan_id))

    def _clerk(self, session: Session, entry: Entry) -> Actor:
        """The handler of the unit that leads a plan."""
        code = session.get_one(Unit, self.unit_ids[entry.lead_unit]).code
        return self.office.actor(session, code, "handler")

    def _work(self, plan_id: int, now: datetime) -> None:
        self.office.work_on(plan_id, now)

    def _visit(self, plan_id: int, now: datetime) -> None:
        if not self.office.work_on(plan_id, now, hold=ISSUING):
            self.office.hold_meetings(ZHEJIANG.code, now + timedelta(hours=3), plan_id)

    def _finish(self, plan_id: int, now: datetime) -> None:
        self.office.work_until_done(plan_id, now, ZHEJIANG.code, lambda: False)

    def _given(self, task: Task) -> dict[str, Any] | None:
        if task.plan_id is None:
            return {}
        entry = self.entry_of[task.plan_id]
        others = [
            code for code in ("zj.czt", "zj.ecology") if not task.candidate_groups[0].startswith(code + ":")
        ]
        listed = {"environment_list": entry.environmental_review, "water_list": entry.water_review}
        answers: dict[str, dict[str, Any]] = {
            "registration_application": {"nature": "plan", "listing": "listed"},
            "consultation_request": {"units": others[:1]},
            "coordination_request": {"units": others[:2]},
            "submission_preparation": {"units": others[:1]},
            "dependants": {"units": []},
            "filing_submission": {"issued_on": (entry.issued_on or CLOSES).isoformat()},
        }
        if task.element_id in listed:
            answers[task.element_id] = {"outcome": "listed" if listed[task.element_id] else "not_listed"}
        return given_by_form(answers, task)


def _seed(database: Database, entries: list[Entry], now: datetime) -> dict[str, int]:
    names = {f"省{name}": relation for relation, name in OFFICES.items()} | {"省财政厅": ""}
    names |= {entry.lead_unit: names.get(entry.lead_unit, "") for entry in entries}
    units = [
        (relation or initials(name.removeprefix("省")), name, relation) for name, relation in names.items()
    ]
    with database.transaction() as session:
        return {
            name: unit.id for name, unit in seed_units(session, ZHEJIANG, _distinct(units), now=now).items()
        }


def _distinct(units: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Two names with the same initials get a number behind."""
    seen: dict[str, int] = {}
    given = []
    for code, name, relation in units:
        seen[code] = seen.get(code, 0) + 1
        given.append((code if seen[code] == 1 else f"{code}{seen[code]}", name, relation))
    return given
