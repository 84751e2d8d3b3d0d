"""Catalogues: which plans may be written in one cycle by one government; their lists are decided under /meetings."""

from __future__ import annotations

from pydantic import Field

from workflow_service.identity import policy
from workflow_service.store import catalogue_list, plan_list

from . import cursors
from .calls import Call, endpoint
from .plan_shapes import Plans
from .plans import plan_shown
from .shapes import PageQuery, Shown

TAG = "catalogues"


class CatalogueShown(Shown):
    """The catalogue of one government in one cycle, counted."""

    cycle_id: int
    cycle: str
    first_year: int
    last_year: int
    area: str
    registered: int
    issued: int
    applied_for: int


class Catalogues(Shown):
    """The catalogues of my area, the newest cycle first."""

    items: list[CatalogueShown]


class CatalogueQuery(PageQuery):
    """Which part of the catalogue."""

    tier: str = Field("", max_length=1, pattern="^[1NX]?$", description="1, N or X")


@endpoint("/catalogues", answer=Catalogues, tag=TAG)
def list_catalogues(call: Call) -> Catalogues:
    """List the catalogues of the governments that I see, with how far they have come."""
    rows = catalogue_list.catalogues(call.session, policy.visible_areas(call.actor))
    items = [
        CatalogueShown(
            cycle_id=cycle.id, cycle=cycle.name, first_year=cycle.first_year, last_year=cycle.last_year, area=area,
            registered=registered, issued=issued, applied_for=applied,
        )
        for cycle, area, registered, issued, applied in rows
    ]  # fmt: skip
    return Catalogues(items=items)


@endpoint("/catalogues/<id:cycle_id>/<area>/plans", query=CatalogueQuery, answer=Plans, tag=TAG)
def list_catalogue_plans(call: Call, cycle_id: int, area: str, query: CatalogueQuery) -> Plans:
    """List the plans of one catalogue, those due first first."""
    equal = (("cycle_id", cycle_id), ("area", area), *((("tier", query.tier),) if query.tier else ()))
    wanted = plan_list.PlanFilter(areas=policy.visible_areas(call.actor), own_units=call.actor.unit_ids, equal=equal)
    after = cursors.decode(query.cursor, cursors.day, int)
    rows = plan_list.plan_page(call.session, wanted, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    total = plan_list.count_plans(call.session, wanted)
    following = cursors.encode(*plan_list.cursor_of(shown[-1])) if len(rows) > query.limit else None
    return Plans(
        items=[plan_shown(row) for row in shown], next_cursor=following, total=min(total, plan_list.COUNT_LIMIT),
        more=total > plan_list.COUNT_LIMIT,
    )  # fmt: skip
