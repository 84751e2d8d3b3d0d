"""The weekly report (周报送): asked on Monday, due on Friday, gathered in the weekly ledger (docs/domain.md §3.5).

One task a lead unit with plans in progress; who has not reported is named on the next working day; the ledger is sent by
`weekly_ledgers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.domain.rhythms import Period, Rhythm, monday_of, week_of
from workflow_service.domain.supervision import Comparison
from workflow_service.i18n import N_, _, use_language
from workflow_service.identity import policy
from workflow_service.store import catalogue_changes, notice_rows
from workflow_service.store.ledger_queries import among
from workflow_service.store.operations import TaskEvent
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import RhythmRun, WeeklyReport

from . import ledger
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .execution import Execution, locked_instance
from .interventions import end_instance
from .notices import NewNotice, post_notices
from .processes import start_process
from .rhythm_scope import Scope, leads, period_key, scope_of
from .rhythm_settings import choice
from .weekly_reports import last_texts

PROCESS, REPORTING = "weekly_report", "report_progress"
UNITS_A_CHUNK = 20
PLANS_NAMED = 200
_NOTHING_LEFT = N_("规划目录已调整")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
"""A run of everybody and one by hand must not ask, or name, the same unit at the same moment."""


@dataclass(frozen=True)
class ReportedPlan:
    """One plan of the weekly ledger, with what its unit reported (`reported_at` None: nothing yet)."""

    line: ledger.LedgerLine
    progress: str = ""
    problems: str = ""
    next_steps: str = ""
    reported_at: datetime | None = None


@dataclass(frozen=True)
class WeeklyLedger:
    """The ledger of one week (Monday `first` to Sunday `last`) for one area.

    `plans` are those asked for, or a page of them, after which `cursor` goes on (None at the end); `found` is how many all pages
    have. `reported` is how many of all in progress have a report. `late` are the units that did not report in time;
    `reports_due` whether the time for it is over, but for those `given_time`: asked late, or given more once the week was over.
    """

    area_path: str
    first: date
    last: date
    comparison: Comparison
    plans: tuple[ReportedPlan, ...]
    cursor: tuple[date, int] | None
    found: int
    reported: int
    late: tuple[str, ...]
    reports_due: bool
    given_time: tuple[str, ...] = ()

    @property
    def in_progress(self) -> int:
        """How many plans were in progress at the end of the week."""
        return self.comparison.now.total - self.comparison.now.issued

    @property
    def week(self) -> str:
        """The week's key, as `2026-W09`."""
        return week_of(self.first).key


@dataclass(frozen=True)
class WeeklyFilter:
    """What to show of a week: one `unit`'s plans (its code), those found by `text`, and by what is `told` of them.

    `told` is "reported", "problems" (reported with problems), "silent" (not reported), or empty for all.
    """

    unit: str = ""
    text: str = ""
    told: str = ""


EVERYTHING = WeeklyFilter()


def ask_for_reports(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Start the report of the next lead units after the run's cursor; gives the new cursor, None at the end."""
    period, facts = period_key(run), run.figures or {}
    waiting = units_with_plans(session, after=run.cursor, scope=scope_of(run))
    due_at = _due_at(session, facts, now)
    asked = _asked_already(session, period)
    left = [unit for unit in waiting[:UNITS_A_CHUNK] if _key(period, unit) not in asked]
    for unit in left:
        _ask(session, unit, period, facts, due_at, now)
    run.figures = facts | {"asked": int(facts.get("asked", 0)) + len(left)}
    failpoints.reach("in-rhythm")
    return waiting[UNITS_A_CHUNK - 1].id if len(waiting) > UNITS_A_CHUNK else None


def units_with_plans(session: Session, *, after: int = 0, scope: Scope | None = None) -> list[Unit]:
    """Give the lead units with plans in progress, by id; those of a scope only where one is given."""
    in_progress = select(Plan.id).where(Plan.lead_unit_id == Unit.id, *_in_progress()).exists()
    statement = select(Unit).where(Unit.id > after, Unit.active, in_progress, leads(scope)).order_by(Unit.id)
    return list(session.scalars(statement.limit(UNITS_A_CHUNK + 1)))


def is_anyone_left(session: Session, period: str, scope: Scope) -> bool:
    """Whether a unit with plans in progress within a scope was not asked for its report of a week (`2026-W09`) yet."""
    in_progress = select(Plan.id).where(Plan.lead_unit_id == Unit.id, *_in_progress()).exists()
    own_key = ProcessInstance.business_key == func.concat(f"weekly:{period}:", Unit.code)
    asked = select(ProcessInstance.id).where(own_key, *_is_asked(period)).exists()
    return session.scalar(select(select(Unit.id).where(Unit.active, in_progress, leads(scope), ~asked).exists())) is True


def all_units_with_plans(session: Session) -> list[str]:
    """Name every unit that the next weekly run asks."""
    in_progress = select(Plan.id).where(Plan.lead_unit_id == Unit.id, *_in_progress()).exists()
    return list(session.scalars(select(Unit.name).where(Unit.active, in_progress).order_by(Unit.id)))


def name_late_units(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Name the units that have not reported to the supervisors of their area and above; one notice a supervisor.

    Each is named once: what was asked by hand and what was asked of everybody are named by runs of their own.
    """
    session.execute(_ONE_AT_A_TIME, {"name": f"weekly_late:{period_key(run)}"})
    named = _named(session, run)
    late = [unit for unit in silent_units(session, period_key(run), scope_of(run), now=now) if unit.code not in named]
    run.figures = (run.figures or {}) | {"named": [unit.code for unit in late]}
    if late:
        notices = [
            _late_notice(row, run, names)
            for row in supervisors(session, now)
            if (names := names_within(late, row.area_path))
        ]
        post_notices(session, notices, now=now)
    failpoints.reach("in-rhythm")
    return None


def _named(session: Session, run: RhythmRun) -> set[str]:
    """The codes of the units that other runs of this rhythm have named for the same period."""
    period = period_key(run)
    others = RhythmRun.rhythm == run.rhythm, RhythmRun.period != run.period, RhythmRun.period.startswith(period, autoescape=True)
    told = session.scalars(select(RhythmRun.figures).where(*others))
    return {code for facts in told for code in (facts or {}).get("named", ())}


def silent_units(session: Session, period: str, scope: Scope | None = None, *, now: datetime) -> list[Unit]:
    """Give the units whose report of a week (`2026-W09`) is open past its day, of all or of a part; more time counts."""
    return list(session.scalars(reporting(period).where(Task.status == "open", Task.due_at <= now, leads(scope))))


def late_units(session: Session, period: str, *, now: datetime) -> list[Unit]:
    """Give the units whose report of a week did not come by its day, which is over at `now`; whether it came later or not."""
    late = Task.due_at <= now, or_(Task.ended_at.is_(None), Task.ended_at > Task.due_at)
    return list(session.scalars(_answered(period).where(*late)))


def _answered(period: str) -> Select[Any]:
    """The units that report, or have reported: not those that need not any more."""
    return reporting(period).where(Task.status.in_(("open", "completed")))


def reporting(period: str) -> Select[Any]:
    """The units that were asked to report, with their tasks, whoever has these by now."""
    return (
        select(Unit)
        .join(ProcessInstance, ProcessInstance.business_key == func.concat(f"weekly:{period}:", Unit.code))
        .join(Task, Task.instance_id == ProcessInstance.id)
        .where(ProcessInstance.business_key.startswith(f"weekly:{period}:"), ProcessInstance.definition_key == PROCESS)
        .where(Task.element_id == REPORTING)
        .order_by(Unit.area_path, Unit.sort_key, Unit.id)
    )


@dataclass(frozen=True)
class Answers:
    """How the reports of a week came, of all areas: the units that were late by now, and who has time left, until when.

    `open_until` has the path of each area in which some unit has time, with the last moment of it; `given_time` are these units
    once the week is over: those asked late, or given more time.
    """

    late: tuple[Unit, ...]
    open_until: Mapping[str, datetime]
    given_time: tuple[Unit, ...] = ()

    def due_at(self, area_path: str) -> datetime | None:
        """Until when somebody of an area, or below it, has time left; None where nobody has."""
        return max((until for path, until in self.open_until.items() if path.startswith(area_path)), default=None)


def answers_of(session: Session, period: str, *, now: datetime) -> Answers:
    """Give how the reports of a week (`2026-W09`) came until now."""
    open_still = _answered(period).where(Task.status == "open", Task.due_at > now)
    by_area = open_still.order_by(None).group_by(Unit.area_path)
    until = session.execute(by_area.with_only_columns(Unit.area_path, func.max(Task.due_at))).all()
    is_over = SETTINGS.day_of(now) > week_of(monday_of(period)).last
    given_time = tuple(session.scalars(open_still)) if is_over and until else ()
    return Answers(tuple(late_units(session, period, now=now)), {row[0]: row[1] for row in until if row[1]}, given_time)


def area_of_ledger(actor: Actor, area_path: str) -> str:
    """Give the area whose ledger the actor sees: the one that is named, else his own; raises Forbidden."""
    path = area_path or (policy.overseen_areas(actor) or ("",))[0]
    policy.require(actor, "board.see", policy.thing_of(path) if path else None)
    return path


def weekly_ledger(
    session: Session, actor: Actor, day: date, *, area_path: str = "", wanted: WeeklyFilter = EVERYTHING,
    after: tuple[date, int] | None = None, limit: int | None = None, now: datetime,
) -> WeeklyLedger:  # fmt: skip
    """Give the ledger of the week that `day` lies in, for the actor's area or one that he sees; raises Forbidden."""
    path, week = area_of_ledger(actor, area_path), week_of(day)
    return ledger_of(session, path, week, answers_of(session, week.key, now=now), wanted=wanted, after=after, limit=limit)


def ledger_of(
    session: Session, path: str, week: Period, answers: Answers, *, wanted: WeeklyFilter = EVERYTHING,
    after: tuple[date, int] | None = None, limit: int | None = None,
) -> WeeklyLedger:  # fmt: skip
    """Give the ledger of an area and a week with what was reported until now, or a page of it; rights are the caller's."""
    sought: dict[str, Any] = {"part": ledger.Part.of_unit(wanted.unit), "text": wanted.text}
    sought["told"] = (week.first, wanted.told) if wanted.told else None
    page = ledger.open_plans(session, path, as_of=week.last, **sought, after=after, limit=limit)
    issued = _issued_after_report(session, path, week, sought)
    rows = [*page.rows, *(() if page.cursor else issued)]
    said = _reports(session, [row.plan_id for row in rows], week.first)
    figures = ledger.figures(session, path, week.last)
    before = ledger.figures(session, path, week.first - timedelta(days=1))
    return WeeklyLedger(
        area_path=path, first=week.first, last=week.last, comparison=Comparison(figures.total, before.total),
        plans=tuple(_reported(row, said.get(row.plan_id)) for row in rows), cursor=page.cursor,
        found=len(issued) + ledger.count_open(session, path, as_of=week.last, **sought),
        reported=ledger.count_open(session, path, as_of=week.last, told=(week.first, "reported")),
        late=tuple(unit.name for unit in answers.late if unit.area_path.startswith(path)),
        reports_due=answers.due_at(path) is None,
        given_time=tuple(unit.name for unit in answers.given_time if unit.area_path.startswith(path)),
    )  # fmt: skip


def _issued_after_report(session: Session, path: str, week: Period, sought: Mapping[str, Any]) -> list[ledger.LedgerLine]:
    """The plans, of those sought, that were issued in the week after their unit had reported on them."""
    told = sought["told"] or (week.first, "reported")
    if told[1] == "silent":
        return []
    return ledger.issued_between(session, path, week.first, week.last, as_of=week.last, **{**sought, "told": told})


def locked_reports(session: Session, plan_ids: Sequence[int]) -> list[ProcessInstance]:
    """Lock the runs in which the lead units of some plans are asked for a report now, in order."""
    leads = session.scalars(select(Plan.lead_unit_id).where(Plan.id.in_(plan_ids)))
    return [locked_instance(session, one) for one in catalogue_changes.reports_asked(session, PROCESS, REPORTING, set(leads))]


def ask_no_more(session: Session, actor: Actor, run: ProcessInstance, plan_ids: Sequence[int], *, now: datetime) -> None:
    """Take plans that left the catalogue out of a (locked) report that is asked for; one without plans is not asked for any
    more.
    """
    execution = Execution.thaw(session, actor, run, now)
    asked = execution.instance.variables.get("plans") or []
    left = [one for one in asked if one["id"] not in plan_ids]
    if len(left) == len(asked):
        return
    if not left:
        end_instance(session, actor, run, "process-instance.terminate", "terminated", _NOTHING_LEFT, now, _NOTHING_LEFT)
        return
    execution.instance.renew("plans", left)
    execution.settle("weekly.leave_out", {"plans": sorted({one["id"] for one in asked} & set(plan_ids))})


def _in_progress() -> tuple[Any, ...]:
    return Plan.status == "active", Plan.registered_on.is_not(None), Plan.issued_on.is_(None)


def _key(period: str, unit: Unit) -> str:
    return f"weekly:{period}:{unit.code}"


def _asked_already(session: Session, period: str) -> set[str]:
    """The keys of the reports asked for in a week; whoever asks for more of that week waits for this transaction."""
    session.execute(_ONE_AT_A_TIME, {"name": f"weekly:{period}"})
    return set(session.scalars(select(ProcessInstance.business_key).where(*_is_asked(period))))


def _is_asked(period: str) -> tuple[ColumnElement[bool], ...]:
    """Whether a run asks for a report of a week; one that ended because its plans had left hinders no other."""
    why = TaskEvent.instance_id == ProcessInstance.id, TaskEvent.kind == "terminated", TaskEvent.reason == _NOTHING_LEFT
    let_go = and_(ProcessInstance.status == "terminated", exists().where(*why))
    own = ProcessInstance.business_key.startswith(f"weekly:{period}:", autoescape=True)
    return own, ProcessInstance.definition_key == PROCESS, ~let_go


def _ask(session: Session, unit: Unit, period: str, facts: Mapping[str, Any], due_at: datetime, now: datetime) -> None:
    found = select(Plan.id, Plan.code, Plan.title).where(Plan.lead_unit_id == unit.id, *_in_progress())
    rows = session.execute(found.order_by(Plan.due_on, Plan.id)).all()
    last = last_texts(session, [row.id for row in rows], before=monday_of(period))
    plans = [{"id": row.id, "code": row.code, "title": row.title, "last": last.get(row.id, "")} for row in rows]
    start_process(
        session, Actor.system("scheduler"), PROCESS, business_key=_key(period, unit), area_path=unit.area_path,
        variables={
            "week": monday_of(period).isoformat(), "period": period, "unit": unit.code, "plans": plans, "due": due_at.isoformat(),
            "subject": f"周报送（{facts.get('label', '')}）· {unit.short_name or unit.name}",
            "plan": {"jurisdiction": unit.area, "lead_unit": unit.code, "importance": "", "level": unit.level},
        }, now=now,
    )  # fmt: skip


def _due_at(session: Session, facts: Mapping[str, Any], now: datetime) -> datetime:
    """Friday's close; a report asked for only after that is due at the close of the next working day."""
    due_at = datetime.fromisoformat(facts["answers_due_at"])
    if due_at > now:
        return due_at
    return SETTINGS.close_of(working_calendar(session).add_working_days(SETTINGS.day_of(now), 1))


def supervisors(session: Session, now: datetime) -> Sequence[Any]:
    """Whoever receives the ledger, as set: each once for each area that he supervises."""
    to = choice(session, Rhythm.WEEKLY)
    rows = notice_rows.holders_of_posts(session, "/", SETTINGS.day_of(now), posts=to.posts, roles=to.roles)
    return list({(row.user_id, row.area_path): row for row in rows}.values())


def names_within(units: Sequence[Unit], area_path: str) -> list[str]:
    return [unit.short_name or unit.name for unit in units if unit.area_path.startswith(area_path)]


def _late_notice(row: Any, run: RhythmRun, names: Sequence[str]) -> NewNotice:
    with use_language(row.language):
        subject = _("%(count)d 个单位未按时报送%(week)s进展", count=len(names), week=label_of(run))
        return NewNotice(
            user_id=row.user_id, kind="weekly_late", subject=subject, dedup_key=f"weekly_late:{run.period}:{row.area_path}",
            text=_("、").join(names[:PLANS_NAMED]), link=f"/weekly?week={period_key(run)}", body={"units": list(names)},
        )  # fmt: skip


def label_of(run: RhythmRun) -> str:
    return str((run.figures or {}).get("label") or run.period)


def _reports(session: Session, plan_ids: Sequence[int], week: date) -> dict[int, WeeklyReport]:
    told = WeeklyReport.week == week, among(WeeklyReport.plan_id, plan_ids)
    statement = select(WeeklyReport).where(*told).order_by(WeeklyReport.reported_at)  # the last of the week counts
    return {one.plan_id: one for one in session.scalars(statement)}


def _reported(row: ledger.LedgerLine, said: WeeklyReport | None) -> ReportedPlan:
    if said is None:
        return ReportedPlan(row)
    return ReportedPlan(row, said.progress, said.problems, said.next_steps, said.reported_at)
