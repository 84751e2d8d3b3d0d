"""Analysis: how long routes take, element by element; when plans will be issued, and how good such forecasts were."""

from __future__ import annotations

from workflow_service.services import forecasts, ledger, route_times
from workflow_service.services.calendars import SETTINGS

from . import cursors
from .analysis_shapes import (
    ForecastQuery,
    Forecasts,
    Qualities,
    RouteTimesQuery,
    RouteTimesShown,
    forecast_shown,
    quality_shown,
    times_shown,
)
from .calls import Call, endpoint


@endpoint("/route-times", query=RouteTimesQuery, answer=RouteTimesShown, tag="analysis")
def get_route_times(call: Call, query: RouteTimesQuery) -> RouteTimesShown:
    """Tell how long tokens stayed at each element of a route over a span of time, and how often they came back."""
    asked = route_times.HeatAsked(query.route, query.process, query.since, query.until, query.area)
    return times_shown(route_times.heat(call.session, call.actor, asked, now=call.now))


@endpoint("/forecasts", query=ForecastQuery, answer=Forecasts, tag="analysis")
def list_forecasts(call: Call, query: ForecastQuery) -> Forecasts:
    """List the plans in progress with the days by which they will be issued with a chance of 50 % and of 90 %."""
    day = query.as_of or SETTINGS.day_of(call.now)
    wanted = ledger.LedgerFilter(area=query.area, unit=query.unit)
    after = cursors.decode(query.cursor, cursors.day, int)
    page = forecasts.forecasts(call.session, call.actor, wanted, as_of=day, after=after, limit=query.limit)
    following = cursors.encode(*page.cursor) if page.cursor else None
    return Forecasts(as_of=day, items=[forecast_shown(one) for one in page.rows], next_cursor=following)


@endpoint("/forecasts/quality", answer=Qualities, tag="analysis")
def get_forecast_quality(call: Call) -> Qualities:
    """Tell how good forecasts were, had they been made at each stage of the latest issued plans of each route."""
    found = forecasts.qualities(call.session, call.actor, as_of=call.now)
    return Qualities(items=[quality_shown(one) for one in found])
