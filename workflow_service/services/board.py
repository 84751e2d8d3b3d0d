"""The supervisors' board of one place: its figures, the places and units below it, the trend, what moved the late dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from workflow_service.domain.divisions import last_area, paths_down_to
from workflow_service.domain.errors import NotFound
from workflow_service.domain.supervision import Figures
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.store import board_queries as queries
from workflow_service.store.ledger_queries import Wanted
from workflow_service.store.people_queries import area_names, unit_by_code

from . import ledger, trends
from .context import Actor
from .ledger_lines import AsOf
from .trends import Trend

BY = ("all", "level", "tier", "importance", "category", "unit")
LINES = 8
"""Most lines of a trend: of units those with the most plans."""


@dataclass(frozen=True)
class BoardAsked:
    """Whose board: an area with all below it (empty: all that the reader sees), one lead unit of it; `by` splits the trend.

    Of what is late, `late` rows a list are given.
    """

    as_of: date | datetime
    area: str = ""
    unit: str = ""
    by: str = "all"
    late: int = ledger.PAGE


@dataclass(frozen=True)
class Place:
    """An area with its figures and those of all below it."""

    path: str
    name: str
    figures: Figures


@dataclass(frozen=True)
class DateMove:
    """One thing that moved a plan's date, or stops its clock; as `DeadlineChange` has it, with who did it."""

    kind: str
    started_at: datetime
    ended_at: datetime | None
    due_before: datetime | None
    due_after: datetime | None
    working_days: int
    reason: str
    person: str


@dataclass(frozen=True)
class Overview:
    """Everything on the board's page. `trail` leads from the outermost area here: name and path of each.

    `moves` has, by plan, what moved the dates of those that are overdue.
    """

    board: ledger.Board
    asked: BoardAsked
    trail: tuple[tuple[str, str], ...]
    unit_name: str
    places: tuple[Place, ...]
    trend: Trend
    moves: Mapping[int, Sequence[DateMove]] = field(default_factory=dict)


def overview(session: Session, actor: Actor, asked: BoardAsked) -> Overview:
    """Give the board of a place. Raises Forbidden outside the actor's areas, NotFound for a unit that is not there."""
    unit_name = _unit_name(session, actor, asked.unit) if asked.unit else ""
    found = ledger.board(session, actor, as_of=asked.as_of, area_path=asked.area, unit=asked.unit, limit=asked.late)
    at = AsOf.of(asked.as_of)
    areas = ledger.limited(policy.overseen_areas(actor), asked.area)
    trail = _trail(session, actor, asked.area)
    return Overview(
        board=found, asked=asked, trail=trail, unit_name=unit_name,
        places=() if asked.unit else _places(session, asked.as_of, areas),
        trend=_trend(session, found, areas, asked, at.day),
        moves=_moves(session, [line.plan_id for line in (*found.overdue, *found.late_stages)], at.until),
    )  # fmt: skip


def _unit_name(session: Session, actor: Actor, code: str) -> str:
    unit = unit_by_code(session, code)
    if unit is None or not policy.may(actor, "board.see", policy.thing_of(unit.area_path)):
        raise NotFound(N_("没有代码为“%(unit)s”的单位。"), unit=code)
    return unit.name


def _trail(session: Session, actor: Actor, area: str) -> tuple[tuple[str, str], ...]:
    """The areas from the outermost that the actor sees down to the one shown."""
    visible = policy.overseen_areas(actor)
    tops = [one for one in visible if area.startswith(one)] if visible is not None else ["/"]
    if not area or not tops:
        return ()
    shown = [path for path in paths_down_to(area) if path.startswith(tops[0])]
    names = area_names(session, [last_area(path) for path in shown])
    return tuple((names.get(last_area(path), last_area(path)), path) for path in shown)


def _places(session: Session, as_of: date | datetime, areas: tuple[str, ...] | None) -> tuple[Place, ...]:
    """The areas below the one shown, or those that the actor sees where there are several."""
    at = AsOf.of(as_of)
    if areas is None:
        found = _below(session, at, queries.EVERYWHERE)
    elif len(areas) == 1:
        found = _below(session, at, areas[0])
    else:
        found = {area: ledger.figures(session, area, as_of).total for area in areas}
    names = area_names(session, [last_area(path) for path in found])
    return tuple(Place(path, names.get(last_area(path), last_area(path)), found[path]) for path in sorted(found))


def _below(session: Session, at: AsOf, area: str) -> dict[str, Figures]:
    wanted = Wanted(areas=None if area == queries.EVERYWHERE else (area,))
    return {
        row.place: Figures(row.total, row.issued, row.overdue) for row in queries.places(session, at.asked, wanted, area)
    }


def _trend(
    session: Session, found: ledger.Board, areas: tuple[str, ...] | None, asked: BoardAsked, day: date
) -> Trend:
    """Of a unit its own course, whatever the trend is split by."""
    if asked.unit:
        return trends.trend_of(session, areas, queries.UNIT, (asked.unit,), day)
    return trends.trend_of(session, areas, asked.by, tuple(lines_of(found.figures, asked.by)), day)


def lines_of(figures: ledger.LedgerFigures, by: str) -> dict[str, Figures]:
    """Give the present figures of each line of a trend, by the value that stands for it."""
    if by == "all":
        return {"": figures.total}
    if by == "unit":
        largest = sorted(figures.units.items(), key=lambda item: (-item[1].total, item[0]))
        return dict(largest[:LINES])
    groups: dict[str, Mapping[Any, Figures]] = {
        "level": figures.levels, "tier": figures.tiers, "importance": figures.importances, "category": figures.categories,
    }  # fmt: skip
    return {kind.value: one for kind, one in groups[by].items()}


def named_lines(found: Overview) -> list[tuple[str, str, Figures]]:
    """Give name, value and present figures of each line of a board's trend, in the reader's language."""
    figures = found.board.figures
    if found.asked.unit:
        return [(found.unit_name, found.asked.unit, figures.total)]
    kinds = {kind.value: kind.label for kind in figures.kinds}
    lines = lines_of(figures, found.asked.by).items()
    return [(kinds.get(value) or figures.unit_names.get(value) or _("完成率"), value, now) for value, now in lines]


def _moves(session: Session, plan_ids: Sequence[int], until: datetime) -> dict[int, list[DateMove]]:
    """What happened after the moment is not told: a pause that ended later still stood then."""
    return {
        plan_id: [
            DateMove(one.kind, one.started_at, one.ended_at, one.due_before, one.due_after, one.working_days, one.reason, person)
            if one.ended_at is not None and one.ended_at < until
            else DateMove(one.kind, one.started_at, None, one.due_before, None, 0, one.reason, person)
            for one, person in changes
        ]
        for plan_id, changes in queries.deadline_histories(session, plan_ids, until).items()
    }
