"""When plans in progress will be issued, from the history of their routes, and how good such forecasts were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import WorkingCalendar
from workflow_service.domain.forecasts import (
    LEAST_HISTORY,
    TOWARDS_ISSUE,
    Forecast,
    Passage,
    Quality,
    Standing,
    backtest,
    forecast,
)
from workflow_service.domain.plans import Route, Stage
from workflow_service.identity import policy
from workflow_service.store import board_queries as queries

from . import ledger
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .ledger_lines import AsOf, LedgerLine

ROWS, ROWS_OF_A_FILE = 50, 5000
"""A file is one page of its own: each plan costs some milliseconds of dice, and one request is to end."""
MOST_HISTORY = 200
"""The latest finished plans of a route tell how long it takes now."""
TESTED, TEST_DRAWS = 60, 200
FORECAST_ROUTES = tuple(route for route in Route if route is not Route.FILING)
"""A plan that is only filed is issued by its unit, outside any route."""


@dataclass(frozen=True)
class PlanForecast:
    """A plan in progress with its forecast; None where there is too little `history`, or its clock stands."""

    line: LedgerLine
    route: str
    since: date
    history: int
    forecast: Forecast | None = None

    @property
    def late_on(self) -> int:
        """How sure it is to be late: 0 (not to be told), 1 (it may: the safe date lies after the due date), 2 (rather so)."""
        due, found = self.line.due_on, self.forecast
        if due is None or found is None:
            return 0
        return 2 if found.likely > due else 1 if found.safe > due else 0


@dataclass(frozen=True)
class RouteQuality:
    """How good forecasts for a route were; `finished` plans are known."""

    route: Route
    finished: int
    quality: Quality = field(default_factory=Quality)


@dataclass(frozen=True)
class ForecastPage:
    """Rows in the order of the ledger, and where the next page begins."""

    rows: tuple[PlanForecast, ...]
    cursor: tuple[date, int] | None


def forecasts(
    session: Session, actor: Actor, filters: ledger.LedgerFilter, *, as_of: date | datetime,
    after: tuple[date, int] | None = None, limit: int = ROWS,
) -> ForecastPage:  # fmt: skip
    """Give a page of plans in progress with their forecasts as of a moment; raises Forbidden."""
    policy.require(actor, "board.see", policy.thing_of(filters.area) if filters.area else None)
    at, calendar = AsOf.of(as_of), working_calendar(session)
    page = ledger.ledger_rows(
        session, actor, replace(filters, state="in_progress"), as_of=as_of, after=after, limit=limit
    )
    ids = [line.plan_id for line in page.rows]
    entered = queries.stages_entered(session, ids, at.until)
    facts = queries.routes_of(session, ids)
    known = {
        key: [one.times(calendar) for one in history(session, *key, before=at.day)] for key in dict.fromkeys(facts.values())
    }
    rows = tuple(_one(line, facts[line.plan_id], entered.get(line.plan_id, []), known, at, calendar) for line in page.rows)
    return ForecastPage(rows, page.cursor)


def _one(
    line: LedgerLine, fact: tuple[str, str], entered: Sequence[tuple[str, datetime]],
    known: Mapping[tuple[str, str], Sequence[Mapping[Stage, int]]], at: AsOf, calendar: WorkingCalendar,
) -> PlanForecast:  # fmt: skip
    since = SETTINGS.day_of(entered[-1][1]) if entered else line.registered_on
    told = known[fact]
    found = None
    if not line.waiting and fact[0] in FORECAST_ROUTES:
        found = forecast(told, Standing(line.stage, since), at.day, calendar, seed=f"{line.plan_id}:{at.day}")
    return PlanForecast(line, fact[0], since, len(told), found)


def history(session: Session, route: str, area: str, *, before: date, limit: int = MOST_HISTORY) -> list[Passage]:
    """Give the finished plans of a route in an area, issued before a day, the latest ones; those only filed have none."""
    if route not in FORECAST_ROUTES:
        return []
    finished = queries.finished_plans(session, route, area, before, limit)
    ends = datetime.combine(before, datetime.min.time(), SETTINGS.zone)
    entered = queries.stages_entered(session, finished, ends)
    found = [_passage(entered.get(plan_id, ()), ended) for plan_id, ended in finished.items()]
    return [one for one in found if one.entered]


def _passage(entered: Sequence[tuple[str, datetime]], ended: date) -> Passage:
    """What came after the issue (filing, implementation) belongs to it no more."""
    days = [(Stage(stage), SETTINGS.day_of(at)) for stage, at in entered]
    on_the_way = tuple((stage, day) for stage, day in days if day <= ended and stage in TOWARDS_ISSUE)
    return Passage(on_the_way, ended)


def qualities(session: Session, actor: Actor, *, as_of: date | datetime) -> list[RouteQuality]:
    """Tell for each route how good forecasts were: those that would have been made at each stage of its latest plans."""
    policy.require(actor, "board.see")
    day, calendar = AsOf.of(as_of).day, working_calendar(session)
    area = _outermost(actor)
    found = []
    for route in FORECAST_ROUTES:
        finished = history(session, route.value, area, before=day)
        if finished:
            quality = backtest(finished, calendar, seed=route.value, tested=TESTED, draws=TEST_DRAWS)
            found.append(RouteQuality(route, len(finished), quality))
    return found


def _outermost(actor: Actor) -> str:
    """The province of the reader, whose plans' history tells of all below; everything for who is not of one."""
    areas = policy.overseen_areas(actor) or ("",)
    return queries.province_of(areas[0])


__all__ = ["LEAST_HISTORY", "ForecastPage", "PlanForecast", "RouteQuality", "forecasts", "history", "qualities"]
