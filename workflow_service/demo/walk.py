"""Walks plans along their routes in business time: each plan begins on its day, goes on at its pace and stops where it shall.

What a diagram asks for comes from `Office`; here stands only when a plan may pass what (`not_before`), where it stays for the
viewer to go on (`until`) and what is answered otherwise than by a clerk who agrees (`answers`, `results`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.services import meetings, plans, rhythms
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.context import Actor
from workflow_service.store.database import Database
from workflow_service.store.plans import AgendaItem, Plan
from workflow_service.store.runtime import ProcessInstance, Task

from .driver import Office, Timeline, at, given_by_form, upload_minutes
from .forward import fire_timers

Progress = Callable[[int, int, datetime], None]
FINISHED = ("refused", "merged", "withdrawn", "split")


@dataclass(frozen=True)
class Journey:
    """One plan of a demo. Names in `until` and `not_before` are element ids, kinds of meetings, or `route` (its start).

    `begins` is the day of its application, `pace` the working days between two rounds. `answers` by element id: the values of
    the first, second … time; after them a clerk who agrees. `results` by kind of meeting likewise.
    """

    title: str
    unit: str
    begins: date
    tier: str = "N"
    importance: str = "key"
    category: str = "special"
    level: str = "county"
    years: tuple[int, int] = (2021, 2025)
    due_on: date | None = None
    environment: bool = False
    water: bool = False
    party: bool = False
    upward: bool = False
    pace: int = 2
    until: frozenset[str] = frozenset()
    not_before: Mapping[str, date] = field(default_factory=dict)
    answers: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    results: Mapping[str, Sequence[meetings.ItemResult]] = field(default_factory=dict)


class Walk:
    """All journeys of one demo in one order of time, up to the moment `closes`; later acts are not carried out."""

    def __init__(self, database: Database, unit_ids: Mapping[str, int], closes: datetime) -> None:
        self.database, self.unit_ids, self.closes = database, unit_ids, closes
        self.journeys: dict[int, Journey] = {}
        self.timeline = Timeline()
        self.office = Office(database, self._given)
        self.calendar = WorkingCalendar.published()
        self.rhythm_answers: dict[str, dict[str, Any]] = dict(RHYTHM_ANSWERS)
        self.late: dict[str, frozenset[str]] = {}
        self._answered: dict[tuple[int, str], int] = {}

    def begin(self, journey: Journey) -> None:
        """Plan the application for the journey's first day."""
        self.at(journey.begins, lambda now: self._apply(journey, now))

    def at(self, day: date, act: Callable[[datetime], Any]) -> None:
        """Plan an act for the morning of a day, or of the next working day; not after the close."""
        moment = at(self.calendar.next_working_day(day))
        if moment <= self.closes:
            self.timeline.add(moment, lambda now: self._in_order(act, now))

    def run(self, progress: Progress | None = None) -> None:
        """Carry everything out in the order of time, and fire the timers that fall due until the close."""
        self.timeline.run(progress)
        fire_timers(self.database, self.closes)

    def plan_id(self, title: str) -> int:
        """Give the id of a plan that has been applied for."""
        return next(plan_id for plan_id, journey in self.journeys.items() if journey.title == title)

    def go_on(self, plan_id: int, now: datetime) -> None:
        """Carry out one round of a plan and plan the next, as long as something moves or a day is waited for."""
        journey = self.journeys[plan_id]
        if self._round(plan_id, journey, now):
            return self.at(self._later(now, journey.pace), lambda moment: self.go_on(plan_id, moment))
        waited_for = [day for day in journey.not_before.values() if day > SETTINGS.day_of(now)]
        if waited_for:
            self.at(min(waited_for), lambda moment: self.go_on(plan_id, moment))
        return None

    def keep_rhythms(self, since: date, release_before: date, hold: frozenset[str] = frozenset()) -> None:
        """Switch the three rhythms on from a day and run them on every working day until the close.

        What they ask for is done on the next working day, except elements in `hold`: reports, and bulletins, of which those
        that wait for release on `release_before` or later stay unreleased.
        """
        first = self.calendar.next_working_day(since)
        self.at(first, self._activate)
        for day in self.calendar.working_days(first, SETTINGS.day_of(self.closes)):
            kept = hold if day < release_before else hold | {"release_bulletin"}
            self.at(day, lambda now, kept=kept: self._keep_rhythms(now, kept))  # type: ignore[misc]

    def _activate(self, now: datetime) -> None:
        with self.database.transaction() as session:
            rhythms.activate(session, Actor.system("demo"), now=now - timedelta(minutes=1))

    def _keep_rhythms(self, now: datetime, hold: frozenset[str]) -> None:
        while self.office.work_on(None, now, hold=hold):
            pass
        rhythms.run_due(self.database, now=now)

    def _in_order(self, act: Callable[[datetime], Any], now: datetime) -> None:
        fire_timers(self.database, now)
        act(now)

    def _later(self, now: datetime, working_days: int) -> date:
        return self.calendar.add_working_days(SETTINGS.day_of(now), working_days)

    def _apply(self, journey: Journey, now: datetime) -> None:
        application = plans.PlanApplication(
            title=journey.title, lead_unit_id=self.unit_ids[journey.unit], category=journey.category, level=journey.level,
            tier=journey.tier, importance=journey.importance, first_year=journey.years[0], last_year=journey.years[1],
            due_on=journey.due_on, needs_party_review=journey.party, upward_filing=journey.upward,
        )  # fmt: skip
        with self.database.transaction() as session:
            applicant = self.office.actor(session, journey.unit, "handler")
            plan = plans.apply_for_plan(session, applicant, application, now=now)
        self.journeys[plan.id] = journey
        self.go_on(plan.id, now)

    def _round(self, plan_id: int, journey: Journey, now: datetime) -> bool:
        """Finish what is open, else hold the meetings that the plan waits for, else start its route."""
        held = self._held(journey, now)
        if self.office.work_on(plan_id, now, hold=held):
            return True
        return self._hold_meetings(plan_id, held, now) or ("route" not in held and self._start(plan_id, now))

    def _held(self, journey: Journey, now: datetime) -> frozenset[str]:
        today = SETTINGS.day_of(now)
        return journey.until | {name for name, day in journey.not_before.items() if today < day}

    def _start(self, plan_id: int, now: datetime) -> bool:
        with self.database.transaction() as session:
            plan = session.get_one(Plan, plan_id)
            started = select(ProcessInstance.id).where(
                ProcessInstance.plan_id == plan_id, ProcessInstance.definition_key != plans.REGISTRATION
            )
            if plan.status != "active" or session.scalars(started.limit(1)).first() is not None:
                return False
            handler = self.office.actor(session, self.journeys[plan_id].unit, "handler")
            plans.start_route(session, handler, plan_id, now=now)
        return True

    def _hold_meetings(self, plan_id: int, held: frozenset[str], now: datetime) -> bool:
        with self.database.transaction() as session:
            statement = select(AgendaItem).where(
                AgendaItem.plan_id == plan_id, AgendaItem.status == "waiting", AgendaItem.meeting_id.is_(None)
            )
            kinds = {(one.kind, one.area) for one in session.scalars(statement) if one.kind not in held}
        for kind, area in sorted(kinds):
            self.hold_meeting(kind, area, now)
        return bool(kinds)

    def hold_meeting(self, kind: str, area: str, now: datetime) -> None:
        """Hold one meeting with everything that may come onto its agenda by now."""
        with self.database.transaction() as session:
            items = self.eligible(session, kind, area, now)
            host = self.host(session, kind, area)
            day = SETTINGS.day_of(now)
            meeting = meetings.plan_meeting(
                session, host, kind, meeting_title(kind, day), area, day, [one.id for one in items], now=now
            )
            meetings.enter_results(
                session, host, meeting.id, {one.id: self._result(one) for one in items},
                minutes_number=f"会议纪要〔{day.year}〕{meeting.id}号", now=now,
                minutes_attachment_id=upload_minutes(session, host, meeting, now),
            )  # fmt: skip

    def eligible(self, session: Session, kind: str, area: str, now: datetime) -> list[AgendaItem]:
        """Give the items of a pool whose plans are not held before it."""
        return [
            one
            for one in meetings.pool(session, area, kind)
            if one.plan_id in self.journeys and kind not in self._held(self.journeys[one.plan_id], now)
        ]

    def host(self, session: Session, kind: str, area: str) -> Any:
        """Give the clerk of the office that calls meetings of this kind."""
        return self.office.host(session, kind, area)

    def _result(self, item: AgendaItem) -> meetings.ItemResult:
        wanted = self.journeys[item.plan_id or 0].results.get(item.kind, ())
        number = self._count(item.plan_id or 0, f"meeting {item.kind}")
        if number < len(wanted):
            return self._with_target(wanted[number])
        return meetings.ItemResult("approved" if item.kind == meetings.CATALOGUE_LIST else "passed")

    def _with_target(self, result: meetings.ItemResult) -> meetings.ItemResult:
        """A plan to merge into is named by its title, before its id is known."""
        target = [one for one, journey in self.journeys.items() if journey.title == result.merged_into]
        return replace(result, merged_into=str(target[0])) if target else result

    def _given(self, task: Task) -> dict[str, Any] | None:
        if self.is_late(task):
            return None
        if task.plan_id is None:
            return given_by_form(self.rhythm_answers, task)
        plan_id, journey = task.plan_id, self.journeys[task.plan_id]
        special = journey.answers.get(task.element_id, ())
        number = self._count(plan_id, task.element_id)
        own = special[number] if number < len(special) else {}
        return {**given_by_form(self._usual(task, journey), task), **own}

    def is_late(self, task: Task) -> bool:
        """Whether the task is one of those that its unit leaves lying (`late`: element id → unit codes)."""
        units = self.late.get(task.element_id, frozenset())
        return any(group.rpartition(":")[0] in units for group in task.candidate_groups)

    def _count(self, plan_id: int, what: str) -> int:
        """Give how many times this was asked before, and count this time."""
        number = self._answered.get((plan_id, what), 0)
        self._answered[plan_id, what] = number + 1
        return number

    def _usual(self, task: Task, journey: Journey) -> dict[str, dict[str, Any]]:
        others = self._asked(task.candidate_groups[0].rpartition(":")[0], journey.unit)
        return {
            "registration_application": {"nature": "plan", "listing": "listed"},
            "consultation_request": {"units": others, "public_notice": True},
            "coordination_request": {
                "units": others[:2],
                "against": ["upper_level", "same_level", "spatial"],
            },
            "submission_preparation": {"units": others[:2]},
            "dependants": {"units": others[:2]},
            "filing_submission": {"issued_on": SETTINGS.day_of(task.created_at).isoformat()},
            "environment_list": {"outcome": "listed" if journey.environment else "not_listed"},
            "water_list": {"outcome": "listed" if journey.water else "not_listed"},
        }

    def _asked(self, asking: str, lead: str) -> list[str]:
        """The departments of the government that asks, itself and the lead unit left out: three of them."""
        prefix = asking.split(".", 1)[0]
        kept = ("land", "ecology", "water")
        ordered = [f"{prefix}.{code}" for code in kept]
        ordered += [code for code in self.unit_ids if code.startswith(prefix + ".") and code not in ordered]
        office = {f"{prefix}.{code}" for code in ("party", "congress", "office", "inspection")}
        return [code for code in ordered if code in self.unit_ids and code not in {asking, lead, *office}][:3]


RHYTHM_ANSWERS = {
    "weekly_report": {
        "outcome": "on_track",
        "progress": "按计划推进，已完成本周安排。",
        "next_steps": "继续修改完善。",
    },
    "bulletin_edit": {"outcome": "submit", "requests": "请逾期单位倒排工期，本旬内办结。"},
    "bulletin_release": {"outcome": "release"},
}
MEETING_NAMES = {
    meetings.CATALOGUE_LIST: "规划目录清单审定",
    "executive_meeting": "政府常务会议",
    "special_meeting": "政府专题会议",
    "party_committee_meeting": "党委常委会会议",
    "people_congress": "人民代表大会会议",
    "standing_committee": "人大常委会会议",
}


def meeting_title(kind: str, day: date) -> str:
    """Give a meeting's name with its date."""
    return f"{day.year}年{day.month}月{day.day}日{MEETING_NAMES.get(kind, '会议')}"


def days_before(calendar: WorkingCalendar, today: date, working_days: int) -> date:
    """Give the working day that lies so many working days before `today`."""
    day = calendar.previous_working_day(today)
    for _ in range(working_days):
        day = calendar.previous_working_day(day - timedelta(days=1))
    return day
