"""The weekly report (周报送): asked on Monday, due on Friday, gathered in the weekly ledger (docs/domain.md §3.5).

One task a lead unit with plans in progress; who has not reported is named on the next working day; the ledger goes to the
supervisors once the reports are due and the week is over, with the figures of its last day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.documents import weekly as paper
from workflow_service.documents.docx import write_docx
from workflow_service.domain.rhythms import week_of
from workflow_service.domain.supervision import Comparison, Figures
from workflow_service.i18n import _, use_language
from workflow_service.identity import policy
from workflow_service.store import notice_rows
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import ProcessInstance, Task
from workflow_service.store.supervision import RhythmRun, WeeklyReport

from . import ledger
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .notices import NewNotice, post_notices
from .processes import start_process

PROCESS, REPORTING = "weekly_report", "report_progress"
UNITS_A_CHUNK = 20
PLANS_NAMED = 200
SUPERVISOR = "supervisor"


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
    """The ledger of one week (Monday `first` to Sunday `last`) for one area; `late` are units that have not reported."""

    area_path: str
    first: date
    last: date
    comparison: Comparison
    plans: tuple[ReportedPlan, ...]
    late: tuple[str, ...]


def ask_for_reports(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Start the report of the next lead units after the run's cursor; gives the new cursor, None at the end."""
    waiting = units_with_plans(session, after=run.cursor)
    facts = run.figures or {}
    due_at = _due_at(session, facts, now)
    for unit in waiting[:UNITS_A_CHUNK]:
        _ask(session, unit, run.period, facts, due_at, now)
    failpoints.reach("in-rhythm")
    return waiting[UNITS_A_CHUNK - 1].id if len(waiting) > UNITS_A_CHUNK else None


def units_with_plans(session: Session, *, after: int = 0) -> list[Unit]:
    """Give the lead units with plans in progress, by id."""
    in_progress = select(Plan.id).where(Plan.lead_unit_id == Unit.id, *_in_progress()).exists()
    statement = select(Unit).where(Unit.id > after, Unit.active, in_progress).order_by(Unit.id)
    return list(session.scalars(statement.limit(UNITS_A_CHUNK + 1)))


def all_units_with_plans(session: Session) -> list[str]:
    """Name every unit that the next weekly run asks."""
    in_progress = select(Plan.id).where(Plan.lead_unit_id == Unit.id, *_in_progress()).exists()
    return list(session.scalars(select(Unit.name).where(Unit.active, in_progress).order_by(Unit.id)))


def name_late_units(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Name the units that have not reported to the supervisors of their area and above; one notice a supervisor."""
    late = late_units(session, run.period)
    if late:
        notices = [
            _late_notice(row, run, names)
            for row in _supervisors(session, now)
            if (names := _names_within(late, row.area_path))
        ]
        post_notices(session, notices, now=now)
    failpoints.reach("in-rhythm")
    return None


def late_units(session: Session, period: str) -> list[Unit]:
    """Give the units whose report of a week (`2026-W09`) is still open."""
    statement = (
        select(Unit)
        .join(Task, Task.unit_id == Unit.id)
        .join(ProcessInstance, ProcessInstance.id == Task.instance_id)
        .where(ProcessInstance.business_key.startswith(f"weekly:{period}:"), ProcessInstance.definition_key == PROCESS)
        .where(Task.element_id == REPORTING, Task.status == "open")
        .order_by(Unit.area_path, Unit.sort_key, Unit.id)
    )
    return list(session.scalars(statement))


def send_ledger(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Send the week's ledger to the supervisors, each with the figures of his area at the end of the week."""
    facts = run.figures or {}
    last = date.fromisoformat(facts["last"])
    late = late_units(session, run.period)
    kept: dict[str, Any] = {}
    notices = []
    for row in _supervisors(session, now):
        if row.area_path not in kept:
            kept[row.area_path] = ledger.figures(session, row.area_path, last)
        notices.append(_ledger_notice(row, run, kept[row.area_path], len(_names_within(late, row.area_path))))
    post_notices(session, notices, now=now)
    run.figures = facts | {"figures": {area: _plain(found.total) for area, found in kept.items()}}
    failpoints.reach("in-rhythm")
    return None


def record_report(
    session: Session, actor: Actor, unit: Unit, week: date, plan_ids: Sequence[int], answer: Mapping[str, Any],
    *, now: datetime,
) -> int:  # fmt: skip
    """Keep what a unit reported for its plans; a second report of the week replaces the first. Gives how many plans."""
    said = {
        "progress": str(answer.get("progress") or ""), "problems": str(answer.get("problem") or ""),
        "next_steps": str(answer.get("next_week") or ""), "reported_at": now, "reported_by": actor.user_id,
    }  # fmt: skip
    for plan_id in plan_ids:
        statement = insert(WeeklyReport).values(plan_id=plan_id, unit_id=unit.id, week=week, **said)
        session.execute(statement.on_conflict_do_update(index_elements=["plan_id", "week"], set_=said))
    return len(plan_ids)


def weekly_ledger(session: Session, actor: Actor, day: date, *, area_path: str = "") -> WeeklyLedger:
    """Give the ledger of the week that `day` lies in, for the actor's area or one that he sees; raises Forbidden."""
    path = area_path or (policy.visible_areas(actor) or ("",))[0]
    policy.require(actor, "board.see", policy.thing_of(path))
    week = week_of(day)
    rows = ledger.open_plans(session, path, as_of=week.last)
    said = _reports(session, [row.plan_id for row in rows], week.first)
    figures = ledger.figures(session, path, week.last)
    before = ledger.figures(session, path, week.first - timedelta(days=1))
    return WeeklyLedger(
        area_path=path, first=week.first, last=week.last, comparison=Comparison(figures.total, before.total),
        plans=tuple(_reported(row, said.get(row.plan_id)) for row in rows),
        late=tuple(unit.name for unit in late_units(session, week.key) if unit.area_path.startswith(path)),
    )  # fmt: skip


def weekly_docx(session: Session, actor: Actor, day: date, *, area_path: str = "", now: datetime) -> bytes:
    """Give the weekly ledger as an official document; raises Forbidden."""
    found = weekly_ledger(session, actor, day, area_path=area_path)
    organ = session.scalars(select(Unit.name).where(Unit.area_path == found.area_path, Unit.relation == "drc")).first()
    lines = tuple(_paper_line(one) for one in found.plans)
    document = paper.WeeklyLedger(
        mark="规划编制周调度台账", organ=organ or "", period=f"{found.first:%Y年%m月%d日}至{found.last:%m月%d日}",
        as_of=found.last, issued_on=SETTINGS.day_of(now), written_at=now, comparison=found.comparison, lines=lines,
        late=found.late,
    )  # fmt: skip
    return write_docx(paper.weekly_document(document))


def _in_progress() -> tuple[Any, ...]:
    return Plan.status == "active", Plan.registered_on.is_not(None), Plan.issued_on.is_(None)


def _ask(session: Session, unit: Unit, period: str, facts: Mapping[str, Any], due_at: datetime, now: datetime) -> None:
    found = select(Plan.id, Plan.code, Plan.title).where(Plan.lead_unit_id == unit.id, *_in_progress())
    plans = [
        {"id": row.id, "code": row.code, "title": row.title}
        for row in session.execute(found.order_by(Plan.due_on, Plan.id).limit(PLANS_NAMED))
    ]
    start_process(
        session, Actor.system("scheduler"), PROCESS, business_key=f"weekly:{period}:{unit.code}", area_path=unit.area_path,
        variables={
            "week": _monday(period).isoformat(), "period": period, "unit": unit.code, "plans": plans, "due": due_at.isoformat(),
            "subject": f"周报送（{facts.get('label', '')}）· {unit.short_name or unit.name}",
            "plan": {"jurisdiction": unit.area, "lead_unit": unit.code, "importance": "", "level": unit.level},
        }, now=now,
    )  # fmt: skip


def _monday(period: str) -> date:
    """The Monday of `2026-W09`; a run of several weeks goes by its newest."""
    year, week = period.split("-W")
    return date.fromisocalendar(int(year), int(week), 1)


def _due_at(session: Session, facts: Mapping[str, Any], now: datetime) -> datetime:
    """Friday's close; a report asked for only after that is due at the close of the next working day."""
    due_at = datetime.fromisoformat(facts["answers_due_at"])
    if due_at > now:
        return due_at
    return SETTINGS.close_of(working_calendar(session).add_working_days(SETTINGS.day_of(now), 1))


def _supervisors(session: Session, now: datetime) -> Sequence[Any]:
    """Each supervisor once for each area that he supervises."""
    rows = notice_rows.holders_of_posts(session, "/", SETTINGS.day_of(now), roles=[SUPERVISOR])
    return list({(row.user_id, row.area_path): row for row in rows}.values())


def _names_within(units: Sequence[Unit], area_path: str) -> list[str]:
    return [unit.short_name or unit.name for unit in units if unit.area_path.startswith(area_path)]


def _late_notice(row: Any, run: RhythmRun, names: Sequence[str]) -> NewNotice:
    with use_language(row.language):
        subject = _("%(count)d 个单位未按时报送%(week)s进展", count=len(names), week=_label(run))
        return NewNotice(
            user_id=row.user_id, kind="weekly_late", subject=subject, dedup_key=f"weekly_late:{run.period}:{row.area_path}",
            text=_("、").join(names[:PLANS_NAMED]), link="/board", body={"units": list(names)},
        )  # fmt: skip


def _ledger_notice(row: Any, run: RhythmRun, found: ledger.LedgerFigures, late: int) -> NewNotice:
    with use_language(row.language):
        total = found.total
        return NewNotice(
            user_id=row.user_id, kind="weekly_ledger", dedup_key=f"weekly_ledger:{run.period}:{row.area_path}",
            subject=_("周调度台账（%(week)s）", week=_label(run)),
            text=_("目录 %(total)d 项，已印发 %(issued)d 项，逾期 %(overdue)d 项，未报送单位 %(late)d 个",
                   total=total.total, issued=total.issued, overdue=total.overdue, late=late),
            link=f"/ledger?as_of={found.day}", body={"figures": _plain(total), "as_of": found.day.isoformat()},
        )  # fmt: skip


def _label(run: RhythmRun) -> str:
    return str((run.figures or {}).get("label") or run.period)


def _plain(total: Figures) -> dict[str, int]:
    return {"total": total.total, "issued": total.issued, "overdue": total.overdue}


def _reports(session: Session, plan_ids: Sequence[int], week: date) -> dict[int, WeeklyReport]:
    statement = select(WeeklyReport).where(WeeklyReport.week == week, WeeklyReport.plan_id.in_(plan_ids))
    return {one.plan_id: one for one in session.scalars(statement)}


def _reported(row: ledger.LedgerLine, said: WeeklyReport | None) -> ReportedPlan:
    if said is None:
        return ReportedPlan(row)
    return ReportedPlan(row, said.progress, said.problems, said.next_steps, said.reported_at)


def _paper_line(one: ReportedPlan) -> paper.ReportLine:
    line = one.line
    due = str(line.light.words) if line.light else ""
    return paper.ReportLine(
        line.title, line.unit_name, line.stage.word, due, one.progress, one.problems, one.next_steps
    )
