"""Catalogues (目录清单): per planning cycle and government, how many plans stand where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from .plans import Plan, PlanningCycle

IN_CATALOGUE = ("active", "issued")


def catalogues(session: Session, areas: tuple[str, ...] | None) -> Sequence[Any]:
    """Cycle, area code, and the numbers of plans registered, issued and applied for, of these areas (None = all)."""
    registered = func.count().filter(Plan.status.in_(IN_CATALOGUE))
    statement = (
        select(
            PlanningCycle, Plan.area, registered, func.count().filter(Plan.status == "issued"),
            func.count().filter(Plan.status.in_(("applied", "pending"))),
        )
        .join(Plan, Plan.cycle_id == PlanningCycle.id)
        .group_by(PlanningCycle.id, Plan.area)
        .order_by(PlanningCycle.first_year.desc(), Plan.area)
    )  # fmt: skip
    if areas is not None:
        statement = statement.where(or_(false(), *(Plan.area_path.startswith(area) for area in areas)))
    return session.execute(statement).all()
