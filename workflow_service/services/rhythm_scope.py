"""For whom a run works: everybody, or, by hand, one unit or one route.

In the daily and the weekly rhythm a scope chooses who is served, not what they get: whoever is chosen gets all that the rhythm
has for him in the period, so that the run of the whole period leaves him out, and nobody is served twice. In the ten-day rhythm
it chooses what is told: a bulletin about that part stands beside the one about everything (`bulletin_scope`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import Session

from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task
from workflow_service.store.supervision import RhythmRun

BY_HAND = "@"
UNIT, ROUTE = "unit", "route"


@dataclass(frozen=True)
class Scope:
    """One unit (by its code) or one route (by the key of its process), below these area paths."""

    kind: str
    code: str
    areas: tuple[str, ...] = ("/",)

    def key_of(self, period: str) -> str:
        """The key of a run of this scope for a period."""
        return f"{period}{BY_HAND}{self.kind}:{self.code}:{','.join(self.areas)}"

    @property
    def text(self) -> str:
        """The unit or route as one word: `unit:zj.energy`, `route:filing`."""
        return f"{self.kind}:{self.code}"

    @classmethod
    def read(cls, text: str) -> Scope | None:
        """Read `text` again; None for an empty one, which means everybody."""
        kind, _colon, code = text.partition(":")
        return cls(kind, code) if text else None

    def plain(self) -> dict[str, Any]:
        """The scope as the run's record keeps it."""
        return {"kind": self.kind, "code": self.code, "areas": list(self.areas)}


def scope_of(run: RhythmRun) -> Scope | None:
    """Read whom a run is for; None for everybody."""
    found: Mapping[str, Any] | None = (run.figures or {}).get("scope")
    return Scope(found["kind"], found["code"], tuple(found["areas"])) if found else None


def period_key(run: RhythmRun) -> str:
    """The period of a run without its scope."""
    return run.period.partition(BY_HAND)[0]


def leads(scope: Scope | None) -> ColumnElement[bool]:
    """Whether a unit (of the statement around) is among those that lead plans within the scope."""
    if scope is None:
        return true()
    if scope.kind == UNIT:
        return Unit.code == scope.code
    on_route = exists().where(Plan.lead_unit_id == Unit.id, Plan.route == scope.code, Plan.issued_on.is_(None))
    return _within(scope) & on_route


def tasks_within(session: Session, scope: Scope, task_ids: list[int]) -> set[int]:
    """Give those of the tasks that lie within the scope: of the unit, or about a plan on the route."""
    found = select(Task.id).outerjoin(Plan, Plan.id == Task.plan_id).where(Task.id.in_(task_ids))
    return set(session.scalars(found.where(_is_of(scope, Task.unit_id, Task.area_path))))


def plans_within(session: Session, scope: Scope, plan_ids: list[int]) -> set[int]:
    """Give those of the plans that lie within the scope: led by the unit, or on the route."""
    found = select(Plan.id).where(Plan.id.in_(plan_ids))
    return set(session.scalars(found.where(_is_of(scope, Plan.lead_unit_id, Plan.area_path))))


def _is_of(scope: Scope, unit_id: Any, area_path: Any) -> ColumnElement[bool]:
    """Whether what belongs to a unit and an area, or the plan of the statement, is of the scope's unit or route."""
    if scope.kind == UNIT:
        return exists().where(Unit.id == unit_id, Unit.code == scope.code).correlate_except(Unit)
    return (Plan.route == scope.code) & _below(scope, area_path)


def _within(scope: Scope) -> ColumnElement[bool]:
    return _below(scope, Unit.area_path)


def _below(scope: Scope, area_path: Any) -> ColumnElement[bool]:
    return or_(false(), *(area_path.startswith(area) for area in scope.areas))
