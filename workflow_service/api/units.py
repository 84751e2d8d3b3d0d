"""Units and their posts."""

from __future__ import annotations

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.services import units
from workflow_service.store import people_queries
from workflow_service.store.people import Unit

from .calls import Answer, Call, endpoint
from .people_shapes import PostShown, UnitChange, UnitDetail, UnitGiven, UnitQuery, Units, UnitShown
from .shapes import Done

TAG = "units"


@endpoint("/units", query=UnitQuery, answer=Units, tag=TAG)
def list_units(call: Call, query: UnitQuery) -> Units:
    """List the units of my areas in the order of the tree."""
    found = people_queries.units_below(call.session, policy.visible_areas(call.actor), active=query.active)
    return Units(items=[UnitShown.model_validate(unit) for unit in found])


@endpoint("/units", "POST", body=UnitGiven, answer=UnitDetail, status=201, tag=TAG)
def add_unit(call: Call, body: UnitGiven) -> Answer:
    """Set up a unit with the usual posts; administrators of its area."""
    unit = units.add_unit(call.session, call.actor, units.UnitFacts(**body.model_dump()), now=call.now)
    call.session.flush()
    return Answer(_detail(call, unit), location=f"/units/{unit.id}")


@endpoint("/units/<id:unit_id>", answer=UnitDetail, tag=TAG)
def get_unit(call: Call, unit_id: int) -> UnitDetail:
    """Give one unit of my areas with its posts."""
    unit = call.session.get(Unit, unit_id)
    if unit is None or not policy.may(call.actor, "instance.see", policy.thing_of(unit.area_path)):
        raise NotFound(N_("没有这个单位，或不在您的辖区内。"))
    return _detail(call, unit)


@endpoint("/units/<id:unit_id>", "PUT", body=UnitChange, answer=UnitDetail, tag=TAG)
def change_unit(call: Call, unit_id: int, body: UnitChange) -> UnitDetail:
    """Change a unit's names, relation, prefix or place in the tree."""
    facts = units.UnitFacts(code="", area="", **body.model_dump())
    return _detail(call, units.change_unit(call.session, call.actor, unit_id, facts, now=call.now))


@endpoint("/units/<id:unit_id>", "DELETE", answer=Done, tag=TAG)
def dissolve_unit(call: Call, unit_id: int) -> Done:
    """Take a unit out of use, once nothing hangs on it."""
    units.dissolve_unit(call.session, call.actor, unit_id, now=call.now)
    return Done()


def _detail(call: Call, unit: Unit) -> UnitDetail:
    posts = [PostShown.model_validate(post) for post in people_queries.posts_of(call.session, unit.id)]
    return UnitDetail.model_construct(**dict(UnitShown.model_validate(unit)), posts=posts)
