"""What a mid-term evaluation starts with: its calendar, its objects, what goes to the government and to the congress.

The delivered route asks for `evaluation` (ten dates), `objects` (title and lead unit each), `specials` and `annexes`. Whoever
starts one states what differs; the rest follows the phases of docs/domain.md §2.4 in the year of the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_
from workflow_service.store.people import Unit
from workflow_service.store.plans import Plan

from .calendars import SETTINGS

LISTS = ("objects", "specials", "annexes")
DAYS = {
    "setup_by": (3, 31), "first_version_by": (6, 10), "consultation_version_by": (6, 30), "consultation_until": (9, 30),
    "review_by": (11, 30),
}  # fmt: skip
MOMENTS = {
    "drafting_from": (4, 1, time(0)), "drafts_by": (5, 31, time(23, 59)), "month_data_until": (7, 1, time(0)),
    "consultation_from": (7, 1, time(0)), "review_from": (10, 1, time(0)),
}  # fmt: skip


def evaluation_variables(session: Session, plan: Plan, given: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Give the variables of a mid-term evaluation, completed from the plan and the year; raises InvalidInput.

    Without objects the plan itself is evaluated.
    """
    unknown = sorted(given.keys() - {"evaluation", *LISTS})
    if unknown:
        raise InvalidInput(N_("评估没有名为“%(name)s”的内容。"), name=unknown[0])
    dates = given.get("evaluation", {})
    if not isinstance(dates, Mapping):
        raise InvalidInput(N_("“%(name)s”应是一组日期。"), name="evaluation")
    itself = {"title": plan.title, "lead_unit": plan.lead_unit.code}
    lists = {name: _objects(session, plan, name, given.get(name, [])) for name in LISTS}
    return {"evaluation": _calendar(SETTINGS.day_of(now).year) | dict(dates), **lists, "objects": lists["objects"] or [itself]}


def _calendar(year: int) -> dict[str, str]:
    days = {name: date(year, *day).isoformat() for name, day in DAYS.items()}
    moments = {
        name: datetime.combine(date(year, month, day), at, SETTINGS.zone).isoformat()
        for name, (month, day, at) in MOMENTS.items()
    }
    return days | moments


def _objects(session: Session, plan: Plan, name: str, objects: Any) -> list[dict[str, Any]]:
    if not isinstance(objects, list) or not all(isinstance(one, dict) and one.get("title") for one in objects):
        raise InvalidInput(N_("“%(name)s”应是一组评估对象，各有名称和牵头单位。"), name=name)
    units = {str(one.get("lead_unit") or "") for one in objects}
    known = select(Unit.code).where(Unit.code.in_(units), Unit.active, Unit.area_path.startswith(plan.area_path))
    lacking = units - set(session.scalars(known))
    if lacking:
        raise InvalidInput(N_("没有代码为“%(one)s”的在用单位"), one=min(lacking))
    return objects
