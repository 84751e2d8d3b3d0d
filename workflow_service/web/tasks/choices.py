"""What a form's chosen widgets offer: units, plans and people that the reader may name."""

from __future__ import annotations

from workflow_service.identity import policy
from workflow_service.store import people_queries, plan_list
from workflow_service.store.plan_list import PlanFilter
from workflow_service.store.plans import Plan

from ..current import page_actor, page_day, page_session

PLANS_OFFERED = 300
PEOPLE_OFFERED = 300


def form_options(widget: str) -> list[tuple[str, str]]:
    """Values and titles for `unit`, `units`, `plan`, `plans`, `person`, `people`; nothing for others."""
    if widget in ("unit", "units"):
        found = people_queries.units_below(page_session(), _top_areas())
        return [(unit.code, unit.short_name or unit.name) for unit in found]
    if widget in ("plan", "plans"):
        return [(plan.code or str(plan.id), plan.title) for plan in _plans() if plan.code]
    if widget in ("person", "people"):
        wanted = people_queries.PeopleFilter(areas=policy.visible_areas(page_actor()))
        people = people_queries.people_page(page_session(), wanted, page_day(), after=None, limit=PEOPLE_OFFERED)
        return [(one.username, one.name) for one in people]
    return []


def _top_areas() -> tuple[str, ...] | None:
    """A unit may ask every unit of its own government, wherever in it the reader sits."""
    return policy.visible_areas(page_actor())


def _plans() -> list[Plan]:
    actor = page_actor()
    wanted = PlanFilter(areas=policy.visible_areas(actor), own_units=actor.unit_ids)
    return list(plan_list.plan_page(page_session(), wanted, limit=PLANS_OFFERED))
