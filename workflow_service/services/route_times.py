"""How long a route takes, element by element, over a span of time: what the heat map draws (docs/domain.md §3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.domain.route_times import ElementTimes, Stay, element_times
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import route_queries as queries
from workflow_service.store.definitions import ProcessDefinition
from workflow_service.store.route_queries import Span

from .calendars import SETTINGS, working_calendar
from .context import Actor
from .programs import program_of

MOST_RUNS = 5000
"""Of more runs the latest are counted, and the answer says so."""
USUAL_DAYS = 92


@dataclass(frozen=True)
class HeatAsked:
    """Which route (its key; empty: the one that ran most recently by name), which process of it, from which day to which."""

    route: str = ""
    process: str = ""
    since: date | None = None
    until: date | None = None
    area: str = ""


@dataclass(frozen=True)
class Heat:
    """The times of a process of a route, the slowest element first, from `since` to `until` (both included).

    `definition` is drawn: its latest version that ran. `routes` and `processes` are what else can be asked: key and name.
    `runs` were counted; `cut`: there were more. `names` are those of the elements drawn; some runs may have had others.
    """

    route: str
    definition: ProcessDefinition
    since: date
    until: date
    runs: int
    cut: bool
    elements: tuple[ElementTimes, ...]
    routes: tuple[tuple[str, str], ...]
    processes: tuple[tuple[str, str], ...]
    names: Mapping[str, str]

    @property
    def slowest(self) -> int:
        """The longest median, in working days."""
        return max((one.median for one in self.elements), default=0)


def heat(session: Session, actor: Actor, asked: HeatAsked, *, now: datetime) -> Heat | None:
    """Give the heat map of a route; None while nothing has run. Raises Forbidden, NotFound, InvalidInput."""
    policy.require(actor, "board.see", policy.thing_of(asked.area) if asked.area else None)
    areas = (asked.area,) if asked.area else policy.overseen_areas(actor)
    ran = dict(queries.routes_run(session, areas))
    if not ran and not asked.route:
        return None
    known = _definitions(session, ran)
    route = asked.route or next((key for key in PREFERRED if key in known), next(iter(known)))
    if route not in known:
        raise NotFound(N_("没有办理过“%(key)s”流程。"), key=route)
    parts = {route: known[route], **_called(session, known[route])}
    drawn = parts.get(asked.process or route)
    if drawn is None:
        raise NotFound(N_("这个流程没有调用“%(key)s”。"), key=asked.process)
    span, since, until = _span(asked, route, areas, now)
    runs = queries.count_runs(session, span)
    return Heat(
        route=route, definition=drawn, since=since, until=until, runs=runs, cut=runs >= MOST_RUNS,
        elements=tuple(_times(session, span, drawn.key)),
        routes=tuple((key, one.name) for key, one in known.items()),
        processes=tuple((key, one.name) for key, one in parts.items()), names=_names(session, drawn),
    )  # fmt: skip


PREFERRED = ("government_executive_meeting", "departmental_self_issue", "people_congress")


def _span(asked: HeatAsked, route: str, areas: tuple[str, ...] | None, now: datetime) -> tuple[Span, date, date]:
    until = asked.until or SETTINGS.day_of(now)
    since = asked.since or until - timedelta(days=USUAL_DAYS)
    if since > until:
        raise InvalidInput(N_("开始日期不能晚于结束日期。"), field="since")
    begin, end = (datetime.combine(day, time(), SETTINGS.zone) for day in (since, until + timedelta(days=1)))
    return Span(route, areas, begin, end, SETTINGS.zone.key, MOST_RUNS), since, until


def _times(session: Session, span: Span, process: str) -> list[ElementTimes]:
    return element_times(
        (Stay(*row) for row in queries.stays(session, span, process)), working_calendar(session),
        here=queries.standing(session, span, process), again=queries.came_again(session, span, process),
        returned=queries.returned_to(session, span, process),
    )  # fmt: skip


def _names(session: Session, definition: ProcessDefinition) -> dict[str, str]:
    processes = program_of(session, definition.id).program.processes
    elements = processes[definition.key]["elements"].items()
    return {key: " ".join(str(one["name"]).split()) for key, one in elements if one.get("name")}


def _definitions(session: Session, ran: dict[str, int]) -> dict[str, ProcessDefinition]:
    statement = select(ProcessDefinition).where(ProcessDefinition.id.in_(ran.values()))
    rows = session.scalars(statement.options(joinedload(ProcessDefinition.resource)).order_by(ProcessDefinition.key))
    return {one.key: one for one in rows}


def _called(session: Session, definition: ProcessDefinition) -> dict[str, Any]:
    """The processes that it calls, as pinned; also those that they call."""
    pinned = [(key, version) for key, version in definition.called.items() if " " not in key]
    if not pinned:
        return {}
    wanted = select(ProcessDefinition).where(tuple_(ProcessDefinition.key, ProcessDefinition.version).in_(pinned))
    rows = session.scalars(wanted.options(joinedload(ProcessDefinition.resource)).order_by(ProcessDefinition.key))
    return {one.key: one for one in rows}
