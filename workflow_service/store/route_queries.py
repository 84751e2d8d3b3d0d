"""What the heat map of a route asks: the runs of a span of time, and how long tokens stayed at each element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Select, cast, distinct, func, not_, or_, select
from sqlalchemy.orm import Session

from workflow_service.domain.drawing import INSERTED

from .ledger_queries import within
from .operations import TaskEvent
from .runtime import Activity, ProcessInstance, Task

LEFT = ("completed", "returned")
"""How a token leaves an element of which the time counts; what was cancelled with its branch was nobody's work."""


@dataclass(frozen=True)
class Span:
    """Runs of the process `key` in some areas that were under way from `since` until before `until`; the latest `most`."""

    key: str
    areas: tuple[str, ...] | None
    since: datetime
    until: datetime
    zone: str
    most: int

    @property
    def runs(self) -> Select[Any]:
        """The ids of these runs."""
        i = ProcessInstance
        under_way = i.started_at < self.until, or_(i.ended_at.is_(None), i.ended_at >= self.since)
        of_route = select(i.id).where(i.definition_key == self.key, *under_way, within(i.area_path, self.areas))
        return of_route.order_by(i.started_at.desc(), i.id.desc()).limit(self.most)


def count_runs(session: Session, span: Span) -> int:
    """How many runs the span has, `most` at most."""
    return session.scalar(select(func.count()).select_from(span.runs.subquery())) or 0


def routes_run(session: Session, areas: tuple[str, ...] | None) -> list[tuple[str, int]]:
    """The keys of the processes that ever ran in these areas, each with its latest version that did."""
    i = ProcessInstance
    rows = session.execute(
        select(i.definition_key, func.max(i.definition_id)).where(within(i.area_path, areas)).group_by(i.definition_key)
    )
    return sorted((row[0], row[1]) for row in rows)


def stays(session: Session, span: Span, process: str) -> Sequence[tuple[str, date, date, int]]:
    """Element, day of arrival, day of leaving, and how many, of the tokens of a process that left within the span."""
    came, went = _day(Activity.started_at, span.zone), _day(Activity.ended_at, span.zone)
    rows = session.execute(
        select(Activity.element_id, came, went, func.count())
        .where(*_of(span, process), Activity.status.in_(LEFT), Activity.ended_at >= span.since, Activity.ended_at < span.until)
        .group_by(Activity.element_id, came, went)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def standing(session: Session, span: Span, process: str) -> dict[str, int]:
    """How many tokens stand at each element at the end of the span."""
    there = Activity.started_at < span.until, or_(Activity.ended_at.is_(None), Activity.ended_at >= span.until)
    rows = session.execute(
        select(Activity.element_id, func.count()).where(*_of(span, process), *there).group_by(Activity.element_id)
    )
    return {row[0]: row[1] for row in rows}


def came_again(session: Session, span: Span, process: str) -> dict[str, int]:
    """How often each element was entered once more in the same run; what is asked of many at once is entered once."""
    within_span = Activity.started_at >= span.since, Activity.started_at < span.until
    entries = (
        select(Activity.element_id, func.count(distinct(Activity.started_at)).label("times"))
        .where(*_of(span, process), *within_span)
        .group_by(Activity.element_id, Activity.instance_id)
        .subquery()
    )
    rows = session.execute(
        select(entries.c.element_id, func.sum(entries.c.times - 1)).where(entries.c.times > 1).group_by(entries.c.element_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def returned_to(session: Session, span: Span, process: str) -> dict[str, int]:
    """How often somebody sent a matter back to each element."""
    to = TaskEvent.data["to"].astext
    rows = session.execute(
        select(to, func.count())
        .join(Task, Task.id == TaskEvent.task_id)
        .where(
            TaskEvent.instance_id.in_(span.runs), TaskEvent.kind == "returned", Task.process_key == process,
            TaskEvent.at >= span.since, TaskEvent.at < span.until,
        )
        .group_by(to)
    )  # fmt: skip
    return {row[0]: row[1] for row in rows if row[0]}


def _of(span: Span, process: str) -> tuple[Any, ...]:
    """Nobody waits at gateways, starts and ends."""
    waits = Activity.element_type.not_like("%Gateway"), Activity.element_type.not_in(("startEvent", "endEvent"))
    drawn = not_(Activity.element_id.startswith(INSERTED, autoescape=True))
    return Activity.instance_id.in_(span.runs), Activity.process_key == process, drawn, *waits


def _day(column: Any, zone: str) -> Any:
    return cast(func.timezone(zone, column), Date)
