"""What the board asks beside the ledger: the areas below an area, figures of past periods, histories of plans and stages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from . import plan_counts
from .counters import PlanCountPast
from .deadlines import DeadlineChange
from .former_names import person_name_at, unit_name_at
from .ledger_queries import Moment, Wanted, counted_by, counters_tell, state_at, within
from .operations import TaskEvent
from .people import Unit, User
from .plans import Plan, PlanEvent
from .supervision import WeeklyReport

EVERYWHERE = "/"
KINDS = ("level", "tier", "importance", "category")
ALL, UNIT = "all", "unit"


def places(session: Session, moment: Moment, wanted: Wanted, area: str) -> Sequence[Any]:
    """Counts for each area right below `area` ("/": the topmost ones): place, total, issued, overdue; `wanted` has the area."""
    if counters_tell(session, moment, wanted, stages=False):
        return plan_counts.places(session, area, moment.day, equal=wanted.equal, units=wanted.units)
    state = state_at(session, moment, wanted, stages=False)
    below = select(state).where(state.c.area_path.like(f"{area}_%")).subquery("below")
    rest = func.substr(below.c.area_path, len(area) + 1)
    place = literal(area).op("||")(func.split_part(rest, "/", 1)).op("||")("/").label("place")
    with_place = select(below, place).subquery("placed")
    return counted_by(session, with_place, [with_place.c.place], moment)


def first_registration(session: Session) -> date | None:
    """The day on which the first plan came into a catalogue."""
    return session.scalar(select(func.min(Plan.registered_on)))


def counted_days(session: Session) -> set[date]:
    """The past days of which the figures are kept."""
    of_all = PlanCountPast.kind == ALL, PlanCountPast.value == "", PlanCountPast.area_path == ""
    return set(session.scalars(select(PlanCountPast.day).where(*of_all)))


def keep_past(session: Session, moment: Moment) -> None:
    """Count a past day from history, for every area and all above it, and keep the figures."""
    state = state_at(session, moment, Wanted(), stages=False)
    keys = [state.c[name] for name in ("area_path", "lead_unit_id", *KINDS)]
    rows = counted_by(session, state, keys, moment)
    units = session.execute(select(Unit.id, Unit.code).where(Unit.id.in_({row.lead_unit_id for row in rows})))
    codes = {unit.id: unit.code for unit in units}
    found: dict[tuple[str, str, str], list[int]] = {(ALL, "", ""): [0, 0, 0]}
    for row in rows:
        for key in _keys_of(row, codes[row.lead_unit_id]):
            sums = found.setdefault(key, [0, 0, 0])
            for place, name in enumerate(("total", "issued", "overdue")):
                sums[place] += getattr(row, name)
    session.execute(
        insert(PlanCountPast),
        [
            {"kind": kind, "value": value, "area_path": area, "day": moment.day, "total": total, "issued": issued,
             "overdue": overdue}
            for (kind, value, area), (total, issued, overdue) in found.items()
        ],
    )  # fmt: skip


def forget_past(session: Session, before: date) -> None:
    """Let go of the figures of days before a day."""
    session.execute(delete(PlanCountPast).where(PlanCountPast.day < before))


def past_figures(
    session: Session, areas: Sequence[str], kind: str, values: Collection[str], first: date, last: date
) -> Sequence[Any]:
    """The kept figures of days from `first` to `last`: day, value, total, issued, overdue; `areas` do not lie in each other."""
    p = PlanCountPast
    there = within(p.area_path, tuple(areas)) if kind == UNIT else p.area_path.in_(list(areas))
    statement = (
        select(p.day, p.value, *(func.sum(one).label(one.key) for one in (p.total, p.issued, p.overdue)))
        .where(p.kind == kind, p.value.in_(list(values)), there, p.day >= first, p.day <= last)
        .group_by(p.day, p.value)
        .order_by(p.day)
    )
    return session.execute(statement).all()


def deadline_histories(
    session: Session, plan_ids: Collection[int], until: datetime
) -> dict[int, list[tuple[DeadlineChange, str]]]:
    """What moved the dates of these plans before a moment, in order, with who did it."""
    statement = (
        select(DeadlineChange, person_name_at(DeadlineChange.started_at))
        .outerjoin(User, User.id == DeadlineChange.actor_id)
        .where(
            DeadlineChange.plan_id.in_(list(plan_ids)), DeadlineChange.task_id.is_(None), DeadlineChange.stage == "",
            DeadlineChange.started_at < until,
        )
        .order_by(DeadlineChange.started_at, DeadlineChange.id)
    )  # fmt: skip
    found: dict[int, list[tuple[DeadlineChange, str]]] = {}
    for change, person in session.execute(statement):
        found.setdefault(int(change.plan_id or 0), []).append((change, person or ""))
    return found


def last_reports(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, Any]:
    """For each plan what its unit reported last before a moment: progress, problems, reported_at."""
    statement = (
        select(WeeklyReport.plan_id, WeeklyReport.progress, WeeklyReport.problems, WeeklyReport.reported_at)
        .where(WeeklyReport.plan_id.in_(list(plan_ids)), WeeklyReport.reported_at < until)
        .ext(distinct_on(WeeklyReport.plan_id))
        .order_by(WeeklyReport.plan_id, WeeklyReport.week.desc(), WeeklyReport.reported_at.desc())
    )
    return {row.plan_id: row for row in session.execute(statement)}


def former_holders(session: Session, task_ids: Collection[int], until: datetime) -> dict[int, dict[str, Any]]:
    """For each task that was put before others at or after a moment, before whom it lay until then: user, since, unit, groups."""
    kinds = "transfer", "timeout_transfer", "reassign", "handed_over", "unclaimed", "unit_merged"
    moved = TaskEvent.kind.in_(kinds), TaskEvent.data.has_key("was")
    statement = (
        select(TaskEvent.task_id, TaskEvent.data["was"].label("was"))
        .where(TaskEvent.task_id.in_(list(task_ids)), TaskEvent.at >= until, *moved)
        .ext(distinct_on(TaskEvent.task_id))
        .order_by(TaskEvent.task_id, TaskEvent.at, TaskEvent.id)
    )
    return {int(row.task_id or 0): row.was for row in session.execute(statement)}


def names_of(
    session: Session, users: Collection[int], units: Collection[int], until: datetime
) -> tuple[dict[int, str], dict[int, str]]:
    """The names of people and the short names of units, as they were at a moment."""
    people = select(User.id, person_name_at(until)).where(User.id.in_(list(users)))
    short = select(Unit.id, unit_name_at(until, short=True)).where(Unit.id.in_(list(units)))
    return {one[0]: one[1] for one in session.execute(people)}, {one[0]: one[1] for one in session.execute(short)}


def stages_entered(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, list[tuple[str, datetime]]]:
    """For each plan the stages that it entered before a moment and when, in order, from its registration on."""
    statement = (
        select(PlanEvent.plan_id, PlanEvent.at, PlanEvent.kind, PlanEvent.data["to"].astext.label("to"))
        .where(
            PlanEvent.plan_id.in_(list(plan_ids)), PlanEvent.at < until,
            or_(PlanEvent.kind == "stage_changed", PlanEvent.kind == "registered"),
        )
        .order_by(PlanEvent.plan_id, PlanEvent.at, PlanEvent.id)
    )  # fmt: skip
    found: dict[int, list[tuple[str, datetime]]] = {}
    for row in session.execute(statement):
        found.setdefault(row.plan_id, []).append((row.to or "registration", row.at))
    return found


def finished_plans(session: Session, route: str, area: str, before: date, limit: int) -> dict[int, date]:
    """The plans of a route in an area and below that were first issued before a day, the latest ones, with the day."""
    statement = (
        select(Plan.id, Plan.first_issued_on)
        .where(
            Plan.first_issued_on < before, Plan.route == route, Plan.registered_on.is_not(None), within(Plan.area_path, (area,))
        )
        .order_by(Plan.first_issued_on.desc(), Plan.id)
        .limit(limit)
    )
    return {row.id: row.first_issued_on for row in session.execute(statement)}


def routes_of(session: Session, plan_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """For each plan its route and the province in which it lies."""
    rows = session.execute(select(Plan.id, Plan.route, Plan.area_path).where(Plan.id.in_(list(plan_ids))))
    return {row.id: (row.route, province_of(row.area_path)) for row in rows}


def province_of(area_path: str) -> str:
    """The path of the outermost area of a path, empty for an empty one."""
    first = area_path.strip("/").partition("/")[0]
    return f"/{first}/" if first else ""


def _keys_of(row: Any, unit: str) -> list[tuple[str, str, str]]:
    """The counts that a row adds to: kind, value, area."""
    parts = row.area_path.strip("/").split("/")
    above = ["", *("/" + "/".join(parts[:number]) + "/" for number in range(1, len(parts) + 1))]
    kinds: Mapping[str, str] = {ALL: "", **{name: getattr(row, name) for name in KINDS}}
    return [(kind, value, area) for kind, value in kinds.items() for area in above] + [(UNIT, unit, row.area_path)]
