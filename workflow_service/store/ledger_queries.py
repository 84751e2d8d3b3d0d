"""What the ledger asks: the catalogue as it stood at one moment, from the plans' history (docs/domain.md §3.7).

While nothing has happened since the moment asked for, the present columns are that state and are read instead of the
events: the question then costs one pass over the plans of the area, not over all that ever happened to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from . import plan_counts
from .database import plan_for_these_values
from .deadlines import moved_since, paused_plans, plan_clocks_moved_since, task_stood
from .former_names import person_name_at, unit_name_at
from .people import Unit, User
from .plans import AgendaItem, Plan, PlanEvent
from .runtime import Task
from .supervision import WeeklyReport

COUNT_LIMIT = 1000
FAR_OFF = date(9999, 12, 31)
LEAVING = ("merged", "split", "withdrawn")
LEAD_CHANGED = "lead_unit_changed"
"""A plan went over to another unit: `data` has the ids `from` and `to`."""

_PLAIN = (
    "p.id, p.code, p.title, {lead} AS lead_unit_id, p.category, p.level, p.tier, p.importance, p.area_path, p.route, p.keywords"
)

# A plan goes over to another unit where units are merged; the first such event since tells who led it at the moment.
_LEADS = "p.lead_unit_id"
_LED_THEN = """coalesce((SELECT (e.data->>'from')::bigint FROM plan_event e WHERE e.plan_id = p.id
  AND e.kind = 'lead_unit_changed' AND e.at >= :until ORDER BY e.at, e.id LIMIT 1), p.lead_unit_id)"""

# Dates are moved often, at the end of each pause: the present columns and the moves since then tell the date of a moment.
_DUE_THEN = "CASE WHEN r.plan_id IS NULL THEN p.due_on ELSE r.due_on END"
_MOVED = """
LEFT JOIN (
  SELECT DISTINCT ON (plan_id) plan_id, (data->>'from')::date AS due_on
  FROM plan_event WHERE kind = 're_dated' AND at >= :until ORDER BY plan_id, at, id
) r ON r.plan_id = p.id
"""

# A revised plan counts as issued from its first issue.
_PRESENT = """
SELECT {plain}, p.registered_on, {due} AS due_on, p.filed_on IS NOT NULL AS filed, p.stage,
  CASE WHEN p.first_issued_on <= :day THEN p.first_issued_on END AS issued_on
FROM plan p {moved}
WHERE p.registered_on <= :day AND p.status IN ('active', 'issued')
"""
# The stage is a subquery of its own, so that a question that does not ask for it does not pay for it.
_PAST = """
SELECT {plain}, (f.registered_at AT TIME ZONE :zone)::date AS registered_on,
  {due} AS due_on, f.filed, f.issued_on,
  coalesce((SELECT e.data->>'to' FROM plan_event e WHERE e.plan_id = p.id AND e.kind = 'stage_changed' AND e.at < :until
            ORDER BY e.at DESC, e.id DESC LIMIT 1), 'registration') AS stage
FROM plan p
JOIN (
  SELECT plan_id, min(at) FILTER (WHERE kind = 'registered') AS registered_at,
    min((data->>'on')::date) FILTER (WHERE kind = 'issued' AND (data->>'on')::date <= :day) AS issued_on,
    bool_or(kind IN ('merged', 'split', 'withdrawn')) AS has_left, bool_or(kind = 'filed') AS filed
  FROM plan_event
  WHERE at < :until AND kind IN ('registered', 'issued', 'merged', 'split', 'withdrawn', 'filed') {limit}
  GROUP BY plan_id
) f ON f.plan_id = p.id
{moved}
WHERE f.registered_at IS NOT NULL AND NOT f.has_left
"""
_IN_AREAS = "AND plan_id IN (SELECT id FROM plan WHERE area_path LIKE ANY(:areas))"


@dataclass(frozen=True)
class Moment:
    """The moment asked for: everything before `until` counts, `day` is its date in the government's `zone`."""

    until: datetime
    day: date
    zone: str


@dataclass(frozen=True)
class Wanted:
    """Which rows. `areas` None means everything; `equal` compares columns; `issued`, `filed`, `waiting` None mean both.

    `keys` are those of a search, which `code` answers too.
    `plan_ids` are the only ones. `told` is a week (its Monday) and what its last weekly report says of a plan: "reported" (there
    is one), "problems" (it tells of some) or "silent" (there is none).
    `due_from` and `due_before` bound the due date (half-open); `issued_from` and `issued_until` the issue (closed).
    """

    areas: tuple[str, ...] | None = None
    equal: tuple[tuple[str, Any], ...] = ()
    units: tuple[str, ...] = ()
    code: str = ""
    keys: Sequence[Sequence[Sequence[str]]] | None = None
    issued: bool | None = None
    filed: bool | None = None
    waiting: bool | None = None
    due_from: date | None = None
    due_before: date | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    plan_ids: tuple[int, ...] | None = None
    told: tuple[date, str] | None = None

    @property
    def is_counted(self) -> bool:
        """Whether counters can answer for it: nothing but areas, units and kinds is asked."""
        spans = (self.due_from, self.due_before, self.issued_from, self.issued_until)
        asked = (self.issued, self.filed, self.waiting, self.keys, self.plan_ids, self.told, *spans)
        kinds = all(name in plan_counts.KINDS for name, _value in self.equal)
        return kinds and all(one is None for one in asked) and plan_counts.is_countable(self.areas)


def state_at(session: Session, moment: Moment, wanted: Wanted, *, stages: bool = True) -> Subquery:
    """The plans in the catalogue at the moment, one row each, filtered: what every question below selects from.

    Without `stages` the columns `stage` and `filed` may be later ones, and recent moments cost as little as the present.
    """
    plan_for_these_values(session)
    is_past = not is_present(session, moment, stages=stages)
    statement = _past(moment, wanted.areas) if is_past else _present(moment, moved=not stages)
    state = statement.columns(**_columns()).subquery("state")
    return select(state).where(*_conditions(state, wanted, moment)).subquery("ledger")


def is_present(session: Session, moment: Moment, *, stages: bool = True) -> bool:
    """Whether the present columns are the state of the moment, because nothing that matters has happened since."""
    return not session.scalar(select(_changed_since(moment) if stages else _rewritten_since(moment)))


def page(
    session: Session, state: Subquery, *, after: tuple[date, int] | None, limit: int | None
) -> Sequence[Any]:
    """A page of rows, those due first first, after the (due date, id) of the page before.

    Plans without a due date come last (FAR_OFF stands for theirs); apart, so that both parts follow an index.
    """
    c = state.c
    rows: list[Any] = []
    if after is None or after[0] < FAR_OFF:
        dated = select(state).where(c.due_on.is_not(None)).order_by(c.due_on, c.id).limit(limit)
        if after is not None:
            dated = dated.where(tuple_(c.due_on, c.id) > tuple_(literal(after[0]), literal(after[1])))
        rows += session.execute(dated).all()
    if limit is not None and len(rows) == limit:
        return rows
    rest = select(state).where(c.due_on.is_(None)).order_by(c.id).limit(None if limit is None else limit - len(rows))
    if after is not None and after[0] == FAR_OFF:
        rest = rest.where(c.id > after[1])
    return [*rows, *session.execute(rest)]


def count(session: Session, state: Subquery) -> int:
    """How many rows, counted no further than COUNT_LIMIT + 1."""
    some = select(state.c.id).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def count_all(session: Session, state: Subquery) -> int:
    """How many rows, exactly."""
    return session.scalar(select(func.count()).select_from(state)) or 0


def areas_of(session: Session, state: Subquery) -> Sequence[str]:
    """The path of each area in whose own catalogue some row is."""
    return session.scalars(select(state.c.area_path).distinct()).all()


def groups(session: Session, moment: Moment, wanted: Wanted, *, stages: bool) -> Sequence[Any]:
    """Counts for each lead unit, level, tier, importance, category (and stage): total, issued, overdue, filed.

    A plan whose clock stood at the moment is not overdue.
    """
    if counters_tell(session, moment, wanted, stages=stages):
        return plan_counts.kinds(
            session, wanted.areas, moment.day, stages=stages, equal=wanted.equal, units=wanted.units
        )
    state = state_at(session, moment, wanted, stages=stages)
    names = ("lead_unit_id", "level", "tier", "importance", "category") + (("stage",) if stages else ())
    return counted_by(session, state, [state.c[name] for name in names], moment)


def counters_tell(session: Session, moment: Moment, wanted: Wanted, *, stages: bool) -> bool:
    """Whether the counters have the figures asked for: nothing that they do not know has happened since the moment."""
    return wanted.is_counted and is_present(session, moment, stages=stages) and not _moved_since(session, moment)


def counted_by(session: Session, state: Subquery, keys: Sequence[Any], moment: Moment) -> Sequence[Any]:
    """Count the plans of a state for each value of the keys: total, issued, overdue, filed."""
    late = and_(state.c.issued_on.is_(None), state.c.due_on < moment.day, not_(_stood(state.c.id, moment.until)))
    return session.execute(
        select(
            *keys,
            func.count().label("total"),
            func.count(state.c.issued_on).label("issued"),
            func.count().filter(late).label("overdue"),
            func.count().filter(state.c.filed).label("filed"),
        ).group_by(*keys)
    ).all()


def per_day(session: Session, moment: Moment, wanted: Wanted) -> tuple[dict[date, int], dict[date, int]]:
    """How many plans were issued on each day, and how many are due on each day."""
    if wanted.is_counted and not wanted.equal and not wanted.units and is_present(session, moment):
        return plan_counts.per_day(session, wanted.areas, moment.day)
    state = state_at(session, moment, wanted)
    return _counted(session, state.c.issued_on), _counted(session, state.c.due_on)


def units_by_id(session: Session, ids: Collection[int], until: datetime) -> dict[int, tuple[str, str]]:
    """Code of each unit, and its name as it was at the moment."""
    rows = session.execute(select(Unit.id, Unit.code, unit_name_at(until).label("name")).where(Unit.id.in_(list(ids))))
    return {row.id: (row.code, row.name) for row in rows}


def steps_at(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, Any]:
    """For each plan the step that was open then: what runs before what waits, the one due first first.

    Rows have id, name, due_at, waiting, groups, unit_name, person (who had taken it by then, else None).
    """
    moved = moved_since(until)
    due_at = case((moved.c.task_id.is_not(None), moved.c.due_at), else_=Task.due_at).label("due_at")
    statement = (
        select(
            Task.plan_id, Task.id, Task.name, due_at, or_(Task.waiting, task_stood(until)).label("waiting"),
            Task.candidate_groups.label("groups"), unit_name_at(until, short=True).label("unit_name"), taker(until),
        )
        .outerjoin(moved, moved.c.task_id == Task.id)
        .outerjoin(Unit, Unit.id == Task.unit_id)
        .outerjoin(User, User.id == Task.assignee_id)
        .where(Task.plan_id.in_(list(plan_ids)), *_open_at(until))
        .ext(distinct_on(Task.plan_id))
        .order_by(Task.plan_id, Task.waiting, due_at.nulls_last(), Task.id)
    )  # fmt: skip
    return {row.plan_id: row for row in session.execute(statement)}


def last_done(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, Any]:
    """For each plan the step done last before the moment: name, at, person, unit_name."""
    statement = (
        select(
            Task.plan_id, Task.name, Task.ended_at.label("at"), person_name_at(until).label("person"),
            unit_name_at(until, short=True).label("unit_name"),
        )
        .outerjoin(User, User.id == Task.completed_by)
        .outerjoin(Unit, Unit.id == func.coalesce(Task.completed_unit_id, Task.unit_id))
        .where(Task.plan_id.in_(list(plan_ids)), Task.status == "completed", Task.ended_at < until)
        .ext(distinct_on(Task.plan_id))
        .order_by(Task.plan_id, Task.ended_at.desc(), Task.id.desc())
    )  # fmt: skip
    return {row.plan_id: row for row in session.execute(statement)}


def agendas_at(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, str]:
    """For each plan that waited for a place on an agenda or for its result, the kind of the body."""
    statement = select(AgendaItem.plan_id, AgendaItem.kind).where(
        AgendaItem.plan_id.in_(list(plan_ids)),
        AgendaItem.requested_at < until,
        or_(AgendaItem.decided_at.is_(None), AgendaItem.decided_at >= until),
    )
    return {row.plan_id: row.kind for row in session.execute(statement)}


def documents_of(session: Session, plan_ids: Collection[int], until: datetime) -> dict[int, str]:
    """For each plan issued before the moment, the document number of its first issue."""
    statement = (
        select(PlanEvent.plan_id, PlanEvent.data["number"].astext.label("number"))
        .where(PlanEvent.plan_id.in_(list(plan_ids)), PlanEvent.kind == "issued", PlanEvent.at < until)
        .ext(distinct_on(PlanEvent.plan_id))
        .order_by(PlanEvent.plan_id, PlanEvent.at, PlanEvent.id)
    )
    return {row.plan_id: row.number or "" for row in session.execute(statement)}


def issues_told(session: Session, areas: tuple[str, ...] | None, since: datetime, until: datetime) -> Sequence[int]:
    """The plans of which somebody told in a span that they were issued, on whatever day."""
    told = PlanEvent.kind == "issued", PlanEvent.at >= since, PlanEvent.at < until
    statement = select(PlanEvent.plan_id).join(Plan, Plan.id == PlanEvent.plan_id).where(*told, within(Plan.area_path, areas))
    return session.scalars(statement.distinct()).all()


def within(column: Any, areas: tuple[str, ...] | None) -> ColumnElement[bool]:
    """Whether an area path lies in one of the areas; None is everywhere."""
    if areas is None:
        return true()
    return or_(false(), *(column.startswith(area, autoescape=True) for area in areas))

# Asked by the last entry of an index: an EXISTS would be planned as a search for a row among many that fit.
def _changed_since(moment: Moment) -> ColumnElement[bool]:
    last = select(func.max(PlanEvent.at)).scalar_subquery()
    return func.coalesce(last >= moment.until, false())


def _rewritten_since(moment: Moment) -> ColumnElement[bool]:
    """What the dates in the present columns do not tell: who left, who was led by another, whose issue was told late."""
    kinds = (*LEAVING, LEAD_CHANGED)
    last = [select(func.max(PlanEvent.at)).where(PlanEvent.kind == kind).scalar_subquery() for kind in kinds]
    late = PlanEvent.kind == "issued", PlanEvent.at >= moment.until, PlanEvent.data["on"].astext <= moment.day.isoformat()
    told_late = select(PlanEvent.at).where(*late).order_by(PlanEvent.at).limit(1).scalar_subquery()
    return or_(func.coalesce(func.greatest(*last) >= moment.until, false()), told_late.is_not(None))


def _moved_since(session: Session, moment: Moment) -> bool:
    """Whether a date was moved or a clock stopped or started since: counters know the present ones only."""
    moved = select(func.max(PlanEvent.at)).where(PlanEvent.kind == "re_dated").scalar_subquery()
    return bool(
        session.scalar(select(or_(func.coalesce(moved >= moment.until, false()), plan_clocks_moved_since(moment.until))))
    )


def _present(moment: Moment, *, moved: bool) -> Any:
    """`moved`: dates may have been moved since the moment."""
    if not moved:
        return text(_PRESENT.format(plain=_PLAIN.format(lead=_LEADS), due="p.due_on", moved="")).bindparams(day=moment.day)
    known = text(_PRESENT.format(plain=_PLAIN.format(lead=_LEADS), due=_DUE_THEN, moved=_MOVED))
    return known.bindparams(day=moment.day, until=moment.until)


def _past(moment: Moment, areas: tuple[str, ...] | None) -> Any:
    """Only the history of the areas asked for is read."""
    plain, limit = _PLAIN.format(lead=_LED_THEN), "" if areas is None else _IN_AREAS
    statement = text(_PAST.format(plain=plain, due=_DUE_THEN, moved=_MOVED, limit=limit))
    bound: dict[str, Any] = {"until": moment.until, "day": moment.day, "zone": moment.zone}
    if areas is not None:
        bound["areas"] = [f"{area}%" for area in areas]
    return statement.bindparams(**bound)


def _stood(plan_id: Any, until: datetime) -> ColumnElement[bool]:
    """Whether the plan's clock stood at the moment; few do, so they are gathered once and looked up."""
    stood: ColumnElement[bool] = plan_id.in_(select(paused_plans(until).subquery().c.plan_id))
    return stood


def _columns() -> dict[str, Any]:
    names = ("id", "code", "title", "lead_unit_id", "category", "level", "tier", "importance", "area_path", "route", "stage")
    known = {name: getattr(Plan, name).type for name in names}
    dates = dict.fromkeys(("registered_on", "due_on", "issued_on"), Date())
    return known | dates | {"keywords": Plan.keywords.type, "filed": Boolean()}


def _conditions(state: Subquery, wanted: Wanted, moment: Moment) -> list[ColumnElement[bool]]:
    c = state.c
    found = [within(c.area_path, wanted.areas)]
    found += [c[name] == value for name, value in wanted.equal]
    if wanted.units:
        found.append(c.lead_unit_id.in_(select(Unit.id).where(Unit.code.in_(wanted.units))))
    if wanted.plan_ids is not None:
        found.append(among(c.id, wanted.plan_ids))
    if wanted.told is not None:
        found.append(_told(c.id, *wanted.told))
    if wanted.issued is not None:
        found.append(c.issued_on.is_not(None) if wanted.issued else c.issued_on.is_(None))
    if wanted.filed is not None:
        found.append(c.filed if wanted.filed else not_(c.filed))
    if wanted.waiting is not None:
        stood = _stood(c.id, moment.until)
        found.append(stood if wanted.waiting else not_(stood))
    if wanted.keys is not None:
        words = [_holds_one(c.keywords, alternatives) for alternatives in wanted.keys] or [false()]
        found.append(or_(c.code == wanted.code, and_(*words)))
    return found + _spans(c, wanted)


def among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Whether an id is one of these, however many: as one value, where a list of them ends at 65,535."""
    found: ColumnElement[bool] = column == func.any(literal(list(ids), ARRAY(BigInteger)))
    return found


def _told(plan_id: Any, week: date, what: str) -> ColumnElement[bool]:
    of_week = WeeklyReport.plan_id == plan_id, WeeklyReport.week == week
    if what == "problems":
        last = select(WeeklyReport.problems).where(*of_week).order_by(WeeklyReport.reported_at.desc()).limit(1)
        return last.scalar_subquery() != ""
    reported = exists().where(*of_week)
    return not_(reported) if what == "silent" else reported


def _spans(c: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = []
    if wanted.due_from is not None:
        found.append(c.due_on >= wanted.due_from)
    if wanted.due_before is not None:
        found.append(c.due_on < wanted.due_before)
    if wanted.issued_from is not None:
        found.append(c.issued_on >= wanted.issued_from)
    if wanted.issued_until is not None:
        found.append(c.issued_on <= wanted.issued_until)
    return found


def _holds_one(column: Any, alternatives: Sequence[Sequence[str]]) -> ColumnElement[bool]:
    return or_(false(), *(column.contains(list(keys)) for keys in alternatives))


def taker(until: datetime) -> Any:
    """The name of who had taken a task by then; whoever finishes one that nobody took is noted with it."""
    by_name = and_(func.cardinality(Task.candidate_groups) == 0, func.cardinality(Task.candidate_users) < 2)
    never_claimed = and_(Task.claimed_at.is_(None), or_(Task.ended_at.is_(None), by_name))
    return case((or_(Task.claimed_at < until, never_claimed), person_name_at(until))).label("person")


def _open_at(until: datetime) -> list[ColumnElement[bool]]:
    return [Task.created_at < until, or_(Task.ended_at.is_(None), Task.ended_at >= until)]


def _counted(session: Session, column: Any) -> dict[date, int]:
    rows = session.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
    return {row[0]: row[1] for row in rows}
