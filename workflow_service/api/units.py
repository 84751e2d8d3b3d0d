"""Units and their posts."""

from __future__ import annotations

from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.services import mergers, units
from workflow_service.store import people_queries
from workflow_service.store.people import Unit

from .calls import Answer, Call, endpoint
from .people_shapes import (
    MergerGiven,
    MergerInto,
    MergerShown,
    PostShown,
    UnitChange,
    UnitDetail,
    UnitGiven,
    UnitQuery,
    Units,
    UnitShown,
)
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


@endpoint("/units/<id:unit_id>/merger/effect", "POST", body=MergerInto, answer=MergerShown, tag=TAG)
def effect_of_merger(call: Call, unit_id: int, body: MergerInto) -> MergerShown:
    """Say what would go over to another unit of the same government, without doing it."""
    heir = _named(call, body.into)
    return _merger(mergers.preview_merger(call.session, call.actor, unit_id, heir.id, now=call.now))


@endpoint("/units/<id:unit_id>/merger", "POST", body=MergerGiven, answer=MergerShown, tag=TAG)
def merge_unit(call: Call, unit_id: int, body: MergerGiven) -> MergerShown:
    """Merge a unit into another, from now on and for good: its people, tasks, plans and numbering go over."""
    heir = _named(call, body.into)
    return _merger(mergers.merge_unit(call.session, call.actor, unit_id, heir.id, body.reason, now=call.now))


def _named(call: Call, code: str) -> Unit:
    unit = people_queries.unit_in_use(call.session, code)
    if unit is None:
        raise InvalidInput(N_("没有代码为“%(unit)s”的单位。"), pointer="/into", unit=code)
    return unit


def _merger(found: mergers.Merger) -> MergerShown:
    return MergerShown(
        unit=found.unit.code, into=found.heir.code, people=found.people, posts=list(found.posts), tasks=found.tasks,
        plans=found.plans, matters=found.matters, units=found.units, relation=found.relation,
        document_prefix=found.document_prefix,
    )  # fmt: skip


def _detail(call: Call, unit: Unit) -> UnitDetail:
    posts = [PostShown.model_validate(post) for post in people_queries.posts_of(call.session, unit.id)]
    return UnitDetail.model_construct(**dict(UnitShown.model_validate(unit)), posts=posts)
