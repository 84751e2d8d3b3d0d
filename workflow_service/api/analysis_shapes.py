"""How long routes take and forecasts, as the interface shows them. Lengths are working days."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from workflow_service.services.forecasts import PlanForecast, RouteQuality
from workflow_service.services.route_times import Heat

from .shapes import Given, GivenDay, Page, PageQuery, Shown
from .supervision_shapes import AREA

AREA_PATTERN = "^(/([0-9]+/)+)?$"


class RouteTimesQuery(Given):
    """Which route, which process of it, over which span of time (three months by default)."""

    route: str = Field("", max_length=100, description="key of the process that was started")
    process: str = Field("", max_length=100, description="key of a process that it calls; itself by default")
    since: GivenDay | None = Field(None, description="first day")
    until: GivenDay | None = Field(None, description="last day; today by default")
    area: str = Field("", max_length=60, pattern=AREA_PATTERN, description=AREA)


class ElementTimesShown(Shown):
    """How long tokens stayed at one element: of `stayed`, half no longer than `median`, nine in ten no longer than `ninth`.

    `here` stand there at the end of the span; `again` came once more in the same run, `returned` of them sent back.
    """

    element_id: str
    stayed: int
    median: int
    ninth: int
    here: int
    again: int
    returned: int
    heat: int


class RouteTimesShown(Shown):
    """The times of one process of a route; `cut` says that only the latest `runs` were counted. Empty while nothing has run."""

    route: str
    process: str
    version: int | None
    since: date | None
    until: date | None
    runs: int
    cut: bool
    elements: list[ElementTimesShown]


class ForecastQuery(PageQuery):
    """Which plans in progress, as of which day."""

    as_of: GivenDay | None = Field(None, description="as known at the end of this day; today by default")
    area: str = Field("", max_length=60, pattern=AREA_PATTERN, description=AREA)
    unit: str = Field("", max_length=40, description="code of the lead unit")


class PlanForecastShown(Shown):
    """One plan: issued by `likely` with a chance of one half, by `safe` with nine tenths.

    Both are null where `history` (finished plans of the route) is too short or the clock stands. `beyond`: it has been in its
    stage for longer than any of them.
    """

    plan_id: int
    code: str
    title: str
    route: str
    stage: str
    since: date
    due_on: date | None
    likely: date | None
    safe: date | None
    history: int
    beyond: bool


class Forecasts(Page[PlanForecastShown]):
    """One page of forecasts, those due first first."""

    as_of: date


class RouteQualityShown(Shown):
    """How good forecasts were: shares in per cent that came true by the likely date (50 is perfect) and by the safe one (90)."""

    route: str
    finished: int
    made: int
    likely_share: float | None
    safe_share: float | None


class Qualities(Shown):
    """Every route by which plans were issued."""

    items: list[RouteQualityShown]


def times_shown(found: Heat | None) -> RouteTimesShown:
    """Give the times of a route."""
    if found is None:
        return RouteTimesShown(route="", process="", version=None, since=None, until=None, runs=0, cut=False, elements=[])
    names = ElementTimesShown.model_fields
    elements = [ElementTimesShown(**{name: getattr(one, name) for name in names}) for one in found.elements]
    return RouteTimesShown(
        route=found.route, process=found.definition.key, version=found.definition.version, since=found.since, until=found.until,
        runs=found.runs, cut=found.cut, elements=elements,
    )  # fmt: skip


def forecast_shown(one: PlanForecast) -> PlanForecastShown:
    """Give one plan with its forecast."""
    line, told = one.line, one.forecast
    return PlanForecastShown(
        plan_id=line.plan_id, code=line.code, title=line.title, route=one.route, stage=line.stage.value, since=one.since,
        due_on=line.due_on, likely=told.likely if told else None, safe=told.safe if told else None, history=one.history,
        beyond=bool(told and told.beyond),
    )  # fmt: skip


def quality_shown(one: RouteQuality) -> RouteQualityShown:
    """Give how good the forecasts of a route were."""
    likely, safe = (None if share is None else float(share) for share in (one.quality.likely_share, one.quality.safe_share))
    return RouteQualityShown(
        route=one.route.value, finished=one.finished, made=one.quality.made, likely_share=likely, safe_share=safe
    )
