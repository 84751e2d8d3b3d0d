"""The ledger (台账) of any moment: rows, figures and the supervisors' board (docs/domain.md §3.7).

Computed from the plans' history, so that a figure of a past day never changes by what comes later; while nothing has happened
since, from counters that say the same. `as_of` is a date (the end of that day) or an aware datetime.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import Light
from workflow_service.domain.plans import Category, Importance, Level, Stage, Tier
from workflow_service.domain.rhythms import ten_day_period_of
from workflow_service.domain.supervision import Comparison, Figures, Ranked, rank_units
from workflow_service.identity import policy
from workflow_service.identity.names import query_keys
from workflow_service.store import ledger_queries as queries
from workflow_service.store import plan_counts

from . import audit, trends
from .calendars import SETTINGS
from .context import Actor
from .late import LateTask, late_stages, late_tasks
from .ledger_lines import WHOLE, AsOf, LedgerLine, Part, lines_of
from .lights import Measure, measure_at

PAGE = 50
COUNTED = 1001
Areas = str | tuple[str, ...] | None
Told = tuple[date, str]
"""A week (its Monday) and what is told of a plan in it: "reported", "problems" or "silent"."""


@dataclass(frozen=True)
class LedgerFilter:
    """What to show; empty means everything. `unit` is a unit's code, `area` an area path (that area and below).

    `state`: "issued", "in_progress", "filed" or "overdue"; `light`: a Light's value; `text` searches titles, initials and codes.
    """

    unit: str = ""
    stage: str = ""
    importance: str = ""
    level: str = ""
    tier: str = ""
    category: str = ""
    light: str = ""
    state: str = ""
    text: str = ""
    area: str = ""
    issued_from: date | None = None
    issued_until: date | None = None


@dataclass(frozen=True)
class LedgerPage:
    """Rows and where the next page begins (None at the end)."""

    rows: tuple[LedgerLine, ...]
    cursor: tuple[date, int] | None


@dataclass(frozen=True)
class LedgerFigures:
    """Figures of one area at the end of `day`: whole, key plans, by group. `units` by code, names in `unit_names`."""

    day: date
    total: Figures = field(default_factory=Figures)
    filed: int = 0
    stages: Mapping[Stage, int] = field(default_factory=dict)
    levels: Mapping[Level, Figures] = field(default_factory=dict)
    tiers: Mapping[Tier, Figures] = field(default_factory=dict)
    importances: Mapping[Importance, Figures] = field(default_factory=dict)
    categories: Mapping[Category, Figures] = field(default_factory=dict)
    units: Mapping[str, Figures] = field(default_factory=dict)
    unit_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Figures:
        """Figures of the key plans."""
        return self.importances.get(Importance.KEY, Figures())

    @property
    def kinds(self) -> tuple[Level | Tier | Importance | Category, ...]:
        """Every kind of plan that is counted."""
        return (*self.levels, *self.tiers, *self.importances, *self.categories)

    @property
    def ranking(self) -> list[Ranked]:
        """Units by completion rate."""
        return rank_units(self.units)


@dataclass(frozen=True)
class SeriesPoint:
    """Plans issued, and due, up to and with `day`."""

    day: date
    issued: int
    due: int


@dataclass(frozen=True)
class Board:
    """What supervisors see first. `before` is the end of the ten-day period before that of `as_of.day`, without stages."""

    as_of: AsOf
    figures: LedgerFigures
    before: LedgerFigures
    soon: int
    waiting: int
    overdue: tuple[LedgerLine, ...]
    late_stages: tuple[LedgerLine, ...]
    late_tasks: tuple[LateTask, ...]
    late_task_count: int
    series: tuple[SeriesPoint, ...]

    @property
    def comparison(self) -> Comparison:
        """Now beside the end of the former period."""
        return Comparison(self.figures.total, self.before.total)


def ledger_rows(
    session: Session, actor: Actor, filters: LedgerFilter | None = None, *, as_of: date | datetime,
    after: tuple[date, int] | None = None, limit: int | None = PAGE,
) -> LedgerPage:  # fmt: skip
    """Give a page of the ledger, those due first first, of the areas that the actor oversees; `limit` None gives all rows."""
    at = AsOf.of(as_of)
    return _page(session, at, _wanted(session, actor, filters or LedgerFilter(), at), after, limit)


def count_rows(session: Session, actor: Actor, filters: LedgerFilter, *, as_of: date | datetime) -> int:
    """Tell how many rows the filter gives, exact to 1,000; 1,001 means more."""
    at = AsOf.of(as_of)
    wanted = _wanted(session, actor, filters, at)
    return queries.count(session, queries.state_at(session, at.asked, wanted))


def figures(session: Session, area_path: Areas, as_of: date | datetime, *, part: Part = WHOLE) -> LedgerFigures:
    """Give the figures of an area and all below it (several areas, None for everything), or of a part, at a moment."""
    return _figures(session, AsOf.of(as_of), part.within(_areas(area_path)))


def areas_with_plans(session: Session, areas: tuple[str, ...], part: Part, *, as_of: date | datetime) -> Collection[str]:
    """Give the paths of the areas, among these and below, in whose own catalogue some plan of a part was at a moment."""
    return queries.areas_of(session, queries.state_at(session, AsOf.of(as_of).asked, part.within(areas), stages=False))


def figures_for(
    session: Session, actor: Actor, filters: LedgerFilter | None = None, *, as_of: date | datetime
) -> LedgerFigures:
    """Give the figures of exactly the rows that `ledger_rows` gives for the actor and filter."""
    at = AsOf.of(as_of)
    return _figures(session, at, _wanted(session, actor, filters or LedgerFilter(), at))


def issued_between(
    session: Session, area_path: Areas, first: date, last: date, *, as_of: date | datetime, part: Part = WHOLE,
    text: str = "", told: Told | None = None,
) -> list[LedgerLine]:  # fmt: skip
    """Give the plans that count as issued from some day of `first` to `last` (both included) on, as known at `as_of`.

    Those found by `text` and by what is `told` of them. In the order of their issue. One whose issue became known in these days
    only, as by a filing, is among them with its own day, so that what successive spans give adds up to the figures.
    """
    at, areas = AsOf.of(as_of), _areas(area_path)
    before, wanted = AsOf.of(first - timedelta(days=1)), replace(part.within(areas), told=told, **_sought(text))
    known_since = queries.issues_told(session, areas, before.until, min(at.until, AsOf.of(last).until))
    lines = _all_lines(session, at, replace(wanted, issued_from=first, issued_until=last))
    late = set(known_since) - {line.plan_id for line in lines}
    lines += _all_lines(session, at, replace(wanted, plan_ids=tuple(sorted(late)))) if late else []
    issued = [line for line in lines if line.issued_on is not None and line.issued_on <= last]
    known = lines_by_id(session, [line.plan_id for line in issued], as_of=before.day)
    already = {plan_id for plan_id, line in known.items() if line.issued_on is not None}
    return sorted(
        (line for line in issued if line.plan_id not in already), key=lambda line: (line.issued_on or date.max, line.code)
    )


def overdue_plans(
    session: Session, area_path: Areas, *, as_of: date | datetime, limit: int | None = None, part: Part = WHOLE
) -> list[LedgerLine]:
    """Give the plans not issued by their due date, the longest overdue first; those whose clock stands are left out."""
    at = AsOf.of(as_of)
    wanted = replace(part.within(_areas(area_path)), issued=False, waiting=False, due_before=at.day)
    return _all_lines(session, at, wanted, limit)


def open_plans(
    session: Session, area_path: Areas, *, as_of: date | datetime, part: Part = WHOLE, text: str = "",
    told: Told | None = None, after: tuple[date, int] | None = None, limit: int | None = None,
) -> LedgerPage:  # fmt: skip
    """Give a page of the plans in progress, those due first first, found by `text` and by what is `told` of them in a week."""
    return _page(session, AsOf.of(as_of), _open(area_path, part, text, told), after, limit)


def count_open(
    session: Session, area_path: Areas, *, as_of: date | datetime, part: Part = WHOLE, text: str = "", told: Told | None = None
) -> int:
    """Tell how many plans `open_plans` gives in all, exactly."""
    wanted = _open(area_path, part, text, told)
    return queries.count_all(session, queries.state_at(session, AsOf.of(as_of).asked, wanted, stages=False))


def _open(area_path: Areas, part: Part, text: str, told: Told | None) -> queries.Wanted:
    return replace(part.within(_areas(area_path)), issued=False, told=told, **_sought(text))


def lines_by_id(session: Session, plan_ids: Collection[int], *, as_of: date | datetime) -> dict[int, LedgerLine]:
    """Give the lines of some plans, by id; those that were not in the catalogue then are left out."""
    if not plan_ids:
        return {}
    wanted = queries.Wanted(plan_ids=tuple(sorted(plan_ids)))
    return {line.plan_id: line for line in _all_lines(session, AsOf.of(as_of), wanted)}


def board(
    session: Session, actor: Actor, *, as_of: date | datetime, area_path: str = "", unit: str = "", limit: int = PAGE
) -> Board:
    """Give the supervisors' board over the areas that the actor oversees, or one of them, or one lead unit; raises Forbidden.

    What is late is given up to `limit` rows a list; tasks are counted exactly to 1,000 (1,001: more). The board of a unit (its
    code) tells of no tasks: they lie with others too. A stage is told where its plan is not late as a whole.
    """
    policy.require(actor, "board.see", policy.thing_of(area_path) if area_path else None)
    at = AsOf.of(as_of)
    areas = limited(policy.overseen_areas(actor), area_path)
    units = (unit,) if unit else ()
    base = queries.Wanted(areas=areas, units=units)
    soon = replace(base, issued=False, **_span(Light.AMBER, at.day, measure_at(session, at.until)))
    late, late_count = ([], 0) if unit else late_tasks(session, areas, at, limit, counted=COUNTED)
    return Board(
        as_of=at,
        figures=_figures(session, at, base),
        before=_figures(session, AsOf.of(_former_period(at.day)), base, with_stages=False),
        soon=queries.count(session, queries.state_at(session, at.asked, replace(soon, waiting=False))),
        waiting=queries.count(session, queries.state_at(session, at.asked, replace(base, issued=False, waiting=True))),
        overdue=tuple(overdue_plans(session, areas, as_of=as_of, limit=limit, part=Part(units))),
        late_stages=tuple(late_stages(session, areas, at, units, limit)),
        late_tasks=tuple(late),
        late_task_count=late_count,
        series=tuple(_series(session, at, base)),
    )  # fmt: skip


def add_up_counters(session: Session, *, now: datetime) -> bool:
    """Add what changed about plans to the counters, move them to today, and keep the figures of a past period that lacks them.

    Gives whether there is more to do.
    """
    today = SETTINGS.day_of(now)
    more = plan_counts.add_up(session, today, _former_period(today))
    return more or trends.keep_next(session, today)


def recount(session: Session, actor: Actor, *, now: datetime) -> int:
    """Count the plans again and put right every counter that differs; gives how many did. Changes of plans wait meanwhile."""
    plan_counts.add_up(session, SETTINGS.day_of(now), _former_period(SETTINGS.day_of(now)))
    wrong = plan_counts.recount(session)
    audit.record(session, actor, "ledger.recount", "ledger", {"wrong": wrong}, now=now)
    return wrong


def issued_series(
    session: Session, area_path: Areas, as_of: date | datetime, *, part: Part = WHOLE
) -> list[SeriesPoint]:
    """Give issued against due, added up, at the end of every ten-day period from the first event to the last due date."""
    return list(_series(session, AsOf.of(as_of), part.within(_areas(area_path))))


def _wanted(session: Session, actor: Actor, filters: LedgerFilter, at: AsOf) -> queries.Wanted:
    policy.require(actor, "board.see")
    columns = ("stage", "importance", "level", "tier", "category")
    wanted = queries.Wanted(
        areas=limited(policy.overseen_areas(actor), filters.area),
        equal=tuple((name, getattr(filters, name)) for name in columns if getattr(filters, name)),
        units=(filters.unit,) if filters.unit else (),
        **_sought(filters.text),
        issued_from=filters.issued_from,
        issued_until=filters.issued_until,
    )
    if filters.state == "filed":
        wanted = replace(wanted, filed=True)
    elif filters.state:
        wanted = replace(wanted, issued=filters.state == "issued")
    if filters.state == "overdue":
        wanted = replace(wanted, due_before=at.day, waiting=False)
    if not filters.light:
        return wanted
    light = Light(filters.light)
    if light is Light.GREY:
        return replace(wanted, issued=False, waiting=True)
    span = _span(light, at.day, measure_at(session, at.until))
    return replace(wanted, issued=False, waiting=False, **span)


def _sought(text: str) -> dict[str, Any]:
    """What is typed to find plans by: titles, initials, or a code."""
    return {"keys": query_keys(text) if text.strip() else None, "code": text.strip().upper()}


def _span(light: Light, day: date, measure: Measure) -> dict[str, Any]:
    """The due dates that show a light on a day: what `read_light` says of each, as a span for the store."""
    calendar, settings = measure
    green_from = calendar.add_working_days(day, settings.amber_working_days + 1)
    red_from = calendar.add_working_days(calendar.previous_working_day(day), -settings.black_working_days)
    spans = {
        Light.GREEN: (green_from, None),
        Light.AMBER: (day, green_from),
        Light.RED: (red_from, day),
        Light.BLACK: (None, red_from),
    }
    return dict(zip(("due_from", "due_before"), spans[light], strict=True))


def _former_period(day: date) -> date:
    """The last day of the ten-day period before that of a day."""
    return trends.period_ends(day, 1)[0]


def _areas(area_path: Areas) -> tuple[str, ...] | None:
    return (area_path,) if isinstance(area_path, str) else area_path


def limited(visible: tuple[str, ...] | None, area: str) -> tuple[str, ...] | None:
    """What is visible of one area: the area itself below a visible one, the visible ones below the area."""
    if not area:
        return visible
    if visible is None or any(area.startswith(one) for one in visible):
        return (area,)
    return tuple(one for one in visible if one.startswith(area))


def _figures(session: Session, at: AsOf, wanted: queries.Wanted, *, with_stages: bool = True) -> LedgerFigures:
    rows = queries.groups(session, at.asked, wanted, stages=with_stages)
    names = queries.units_by_id(session, {row.lead_unit_id for row in rows}, at.until)
    stages: dict[Stage, int] = {}
    for row in rows if with_stages else ():
        stages[Stage(row.stage)] = stages.get(Stage(row.stage), 0) + row.total
    return LedgerFigures(
        day=at.day,
        total=sum((_counts(row) for row in rows), Figures()),
        filed=sum(row.filed for row in rows) if with_stages else 0,
        stages={stage: stages[stage] for stage in Stage if stage in stages},
        levels=_by(rows, Level, "level"),
        tiers=_by(rows, Tier, "tier"),
        importances=_by(rows, Importance, "importance"),
        categories=_by(rows, Category, "category"),
        units=_added((names[row.lead_unit_id][0], _counts(row)) for row in rows),
        unit_names=dict(names.values()),
    )


def _by(rows: Collection[Any], kind: Any, name: str) -> dict[Any, Figures]:
    found = _added((kind(getattr(row, name)), _counts(row)) for row in rows)
    return {value: found[value] for value in kind if value in found}


def _added(pairs: Iterator[tuple[Any, Figures]]) -> dict[Any, Figures]:
    found: dict[Any, Figures] = {}
    for key, counted in pairs:
        found[key] = found.get(key, Figures()) + counted
    return found


def _counts(row: Any) -> Figures:
    return Figures(row.total, row.issued, row.overdue)


def _page(
    session: Session, at: AsOf, wanted: queries.Wanted, after: tuple[date, int] | None, limit: int | None
) -> LedgerPage:  # fmt: skip
    found = queries.page(
        session, queries.state_at(session, at.asked, wanted), after=after, limit=None if limit is None else limit + 1
    )
    more = limit is not None and len(found) > limit
    lines = tuple(lines_of(session, found[:limit], at))
    return LedgerPage(lines, (lines[-1].due_on or queries.FAR_OFF, lines[-1].plan_id) if more else None)


def _all_lines(session: Session, at: AsOf, wanted: queries.Wanted, limit: int | None = None) -> list[LedgerLine]:
    found = queries.page(session, queries.state_at(session, at.asked, wanted), after=None, limit=limit)
    return list(lines_of(session, found, at))


def _series(session: Session, at: AsOf, wanted: queries.Wanted) -> Iterator[SeriesPoint]:
    issued, due = queries.per_day(session, at.asked, wanted)
    days = [*issued, *due]
    if not days:
        return
    last = max(at.day, *due) if due else at.day
    ends = list(_period_ends(min(days), last))
    for day, done, planned in zip(ends, _cumulated(issued, ends), _cumulated(due, ends), strict=True):
        yield SeriesPoint(day, done, planned)


def _period_ends(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        day = ten_day_period_of(day).last
        yield day
        day += timedelta(days=1)


def _cumulated(per_day: Mapping[date, int], ends: list[date]) -> list[int]:
    found = dict.fromkeys(ends, 0)
    for day, number in per_day.items():
        end = ten_day_period_of(day).last
        if end in found:
            found[end] += number
    return list(accumulate(found.values()))


__all__ = [
    "AsOf", "Board", "LateTask", "LedgerFigures", "LedgerFilter", "LedgerLine", "LedgerPage", "Part", "SeriesPoint",
    "add_up_counters", "areas_with_plans", "board", "count_open", "count_rows", "figures", "figures_for", "issued_between",
    "issued_series", "ledger_rows", "lines_by_id", "open_plans", "overdue_plans", "recount",
]  # fmt: skip
