"""Drives plans through the engine at given dates, acting as the people whose turn it is.

`Office` is everybody at work: it answers the forms of open tasks and holds the meetings. Every act is a command in a transaction
of its own with its own business time, in the order of time; no row is written behind the engine's back.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.identity.access import actor_by_username
from workflow_service.identity.groups import remember_version
from workflow_service.services import files, form_rows, forms, meetings, processes, tasks
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.people import Unit
from workflow_service.store.plans import AgendaItem, Meeting, Plan
from workflow_service.store.runtime import ProcessInstance, Task

from . import papers
from .answers import OPINIONS, answer
from .people import username_of

OPENS, MINUTES_BETWEEN = time(9, 0), 7
ENCLOSING = {
    "dossier_submission": "items", "dossier_supplement": "items", "draft_submission": "draft",
    "expert_conclusion": "report", "committee_examination": "report", "committee_check": "minutes",
}  # fmt: skip
"""Forms whose answer encloses files, and the field that says so: items that are ticked, or the files themselves."""
ENCLOSED = {
    "draft_submission": papers.DRAFT, "expert_conclusion": papers.EXPERTS,
    "committee_examination": papers.COMMITTEE, "committee_check": papers.COMMITTEE,
}  # fmt: skip
"""Which paper stands in a field that takes the files themselves."""

HOST = {
    "party_committee_meeting": "party_office",
    "people_congress": "congress_office",
    "standing_committee": "congress_office",
    "drc_office_meeting": "drc",
}
"""The relation of the unit that calls meetings of a kind; of others the government's office."""

Answers = Callable[[Task], dict[str, Any] | None]


def upload_minutes(session: Session, host: Actor, meeting: Meeting, now: datetime) -> int:
    """Let the clerk of the office upload the scan of a meeting's minutes."""
    name, content = papers.minutes(meeting.title)
    shelf = files.FileShelf.of(session)
    return files.store_file(session, host, shelf, BytesIO(content), name, now=now, declared_unclassified=True).id


@dataclass(order=True)
class _Due:
    at: datetime
    number: int
    act: Callable[[datetime], None] = field(compare=False)


class Timeline:
    """Acts in the order of their business time; an act may add later ones."""

    def __init__(self) -> None:
        self._acts: list[_Due] = []
        self._numbers = count()
        self.done = 0

    def add(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Plan an act for a moment (aware)."""
        heapq.heappush(self._acts, _Due(at, next(self._numbers), act))

    def run(self, progress: Callable[[int, int, datetime], None] | None = None) -> None:
        """Carry out every act in order; `progress` gets (done, left, now) after each."""
        while self._acts:
            due = heapq.heappop(self._acts)
            due.act(due.at)
            self.done += 1
            if progress is not None:
                progress(self.done, len(self._acts), due.at)


class Office:
    """Everybody who works: finds whose turn it is and acts as that person."""

    def __init__(self, database: Database, given: Answers) -> None:
        self.database, self.given = database, given
        self._actors: dict[str, Actor] = {}
        self._forms: dict[tuple[int, str], dict[str, Any]] = {}

    def actor(self, session: Session, unit_code: str, post_code: str) -> Actor:
        """Give the constructed person of a post."""
        name = username_of(unit_code, post_code)
        if name not in self._actors:
            self._actors[name] = actor_by_username(session, name, "demo", "", date(2021, 1, 1))
        remember_version(session, self._actors[name].structure)
        return self._actors[name]

    def host(self, session: Session, kind: str, area: str) -> Actor:
        """Give the clerk of the office that calls meetings of this kind."""
        relation = HOST.get(kind, "government_office")
        code = session.scalars(select(Unit.code).where(Unit.area == area, Unit.relation == relation)).one()
        return self.actor(session, code, "handler")

    def work_on(self, plan_id: int | None, now: datetime, *, hold: frozenset[str] = frozenset()) -> int:
        """Finish every task that is open for a plan (None: without one), except elements in `hold`; gives how many."""
        done = 0
        for task_id in self._open_tasks(plan_id, hold):
            with self.database.transaction() as session:
                done += self._finish(session, task_id, now + timedelta(minutes=MINUTES_BETWEEN * done))
        return done

    def work_on_process(self, process_key: str, now: datetime) -> int:
        """Finish every open task of a process that carries no plan; gives how many."""
        with self.database.transaction() as session:
            statement = select(Task.id).where(
                Task.process_key == process_key, Task.status == "open", Task.plan_id.is_(None)
            )
            open_tasks = list(session.scalars(statement.order_by(Task.id)))
        done = 0
        for task_id in open_tasks:
            with self.database.transaction() as session:
                done += self._finish(session, task_id, now)
        return done

    def work_until_done(self, plan_id: int, now: datetime, area: str, finished: Callable[[], bool]) -> None:
        """Work, and hold the meetings that the plan waits for, until `finished` or nothing can be done any more."""
        for round_number in range(60):
            if finished():
                return
            moment = now + timedelta(minutes=20 * round_number)
            if not self.work_on(plan_id, moment) and not self.hold_meetings(area, moment, plan_id):
                return

    def hold_meetings(self, area: str, now: datetime, plan_id: int | None = None) -> int:
        """Hold one meeting of each body that plans of an area wait for; everything passes. Gives how many items."""
        with self.database.transaction() as session:
            kinds: dict[str, list[int]] = {}
            for item in meetings.pool(session, area):
                kinds.setdefault(item.kind, []).append(item.id)
            if plan_id is not None:
                kinds = {kind: ids for kind, ids in kinds.items() if self._waits(session, plan_id, kind)}
        return sum(self._hold(area, kind, ids, now) for kind, ids in kinds.items())

    def _waits(self, session: Session, plan_id: int, kind: str) -> bool:
        statement = select(AgendaItem.id).where(
            AgendaItem.plan_id == plan_id, AgendaItem.kind == kind, AgendaItem.status == "waiting"
        )
        return session.scalars(statement.limit(1)).first() is not None

    def _hold(self, area: str, kind: str, item_ids: list[int], now: datetime) -> int:
        day = SETTINGS.day_of(now)
        result = "approved" if kind == meetings.CATALOGUE_LIST else "passed"
        with self.database.transaction() as session:
            host = self.host(session, kind, area)
            title = f"{day.year}年{day.month}月{day.day}日会议"
            meeting = meetings.plan_meeting(session, host, kind, title, area, day, item_ids, now=now)
            meetings.enter_results(
                session, host, meeting.id, {one: meetings.ItemResult(result) for one in item_ids},
                minutes_number=f"会议纪要〔{day.year}〕{meeting.id}号", now=now,
                minutes_attachment_id=upload_minutes(session, host, meeting, now),
            )  # fmt: skip
        return len(item_ids)

    def _open_tasks(self, plan_id: int | None, hold: frozenset[str]) -> list[int]:
        with self.database.transaction() as session:
            statement = select(Task.id, Task.element_id).where(Task.plan_id == plan_id, Task.status == "open")
            return [
                row.id for row in session.execute(statement.order_by(Task.id)) if row.element_id not in hold
            ]

    def _finish(self, session: Session, task_id: int, now: datetime) -> int:
        task = session.get(Task, task_id)
        if task is None or task.status != "open":
            return 0
        given = self.given(task)
        if given is None:
            return 0
        unit_code, _, post_code = task.candidate_groups[0].rpartition(":")
        actor = self.actor(session, unit_code, post_code)
        if task.form_key in ENCLOSING and task.plan_id is not None:
            given = self._enclose(session, actor, task, given, now)
        form = self._form(session, task)
        values = answer(form, given | self._rows(session, task, form, given, now), OPINIONS.get(task.form_key, ""))
        tasks.complete_task(session, actor, task.id, values, now=now)
        return 1

    def _rows(
        self, session: Session, task: Task, form: dict[str, Any], given: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        """Rows that the route gives, each with what was given for all of them, else a sentence in what it requires."""
        asked = form_rows.fields_with_rows(form)
        if not asked:
            return {}
        instance = session.get_one(ProcessInstance, task.instance_id)
        seen = processes.variables_at(session, instance, task.token, now=now)
        return {name: [answer(own["items"], given | _kept(row, own)) for row in form_rows.given_rows(own, seen)]
                for name, own in asked.items()}  # fmt: skip

    def _enclose(
        self, session: Session, actor: Actor, task: Task, given: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        """A clerk who says that something is enclosed encloses it; without other word, all that the plan needs."""
        plan, shelf = session.get_one(Plan, task.plan_id), files.FileShelf.of(session)
        field = ENCLOSING[task.form_key]
        items = given.get(field) or (papers.usual_items(plan) if field == "items" else [ENCLOSED[task.form_key]])
        kept = []
        for item in items:
            name, content = papers.paper(plan.title, item)
            kept += [files.store_file(
                session, actor, shelf, BytesIO(content), name, now=now, declared_unclassified=True, task_id=task.id,
                dossier_item=item if field == "items" else "",
            )]  # fmt: skip
        return {**given, field: items if field == "items" else [str(one.id) for one in kept]}

    def _form(self, session: Session, task: Task) -> dict[str, Any]:
        definition_id = session.scalars(
            select(ProcessInstance.definition_id).where(ProcessInstance.id == task.instance_id)
        ).one()
        key = (definition_id, task.form_key)
        if key not in self._forms:
            self._forms[key] = forms.form_of(session, *key)
        return self._forms[key]


def _kept(row: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What a row is handed in with: not what its form only shows."""
    shown = own["items"]["properties"]
    return {name: value for name, value in row.items() if not shown[name].get("readOnly")}


def at(day: date, hour: time = OPENS) -> datetime:
    """Give a moment of a day in the government's zone."""
    return datetime.combine(day, hour, SETTINGS.zone)


def spread(first: date, last: date, parts: int) -> list[date]:
    """Give `parts` days from `first` to `last`, evenly, both included; fewer when the span is shorter."""
    span = max((last - first).days, 0)
    return sorted({first + timedelta(days=round(span * index / max(parts - 1, 1))) for index in range(parts)})


def given_by_form(answers: Mapping[str, dict[str, Any]], task: Task) -> dict[str, Any]:
    """Look up given values by form key, then by element id."""
    return {**answers.get(task.form_key, {}), **answers.get(task.element_id, {})}
