"""Units as a tree, one government at a time, and the posts of one unit."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.divisions import UnknownDivision, area_path, last_area, level_of
from workflow_service.domain.errors import NotFound, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.identity.groups import RELATION_NAMES
from workflow_service.identity.names import matches
from workflow_service.identity.words import ROLE_NAMES
from workflow_service.services import units as use
from workflow_service.services.units import STANDARD_POSTS, NewPost, UnitFacts
from workflow_service.store import people_queries as ask
from workflow_service.store.former_names import names_of_unit
from workflow_service.store.people import Unit

from ..current import page_actor, page_day, page_now, page_session
from ..formats import full_day
from ..listing import filter_values
from ..rights import require
from .blueprint import attempt, blueprint, given

FACTS = ("name", "short_name", "parent", "relation", "document_prefix")
MOST_FOUND = 200


@blueprint.get("/units")
def units() -> ResponseReturnValue:
    """The units of one government with their people counted, and the governments below it."""
    require("people.see")
    session, chosen = page_session(), filter_values("q", "area", "all")
    areas = policy.areas_of_role(page_actor(), "administrator", "supervisor")
    path = _chosen_path(chosen.get("area", ""), areas)
    active = None if chosen.get("all") else True
    if chosen.get("q"):
        words = matches(Unit.keywords, chosen["q"])
        listed = ask.units_found(session, areas, words, active=active, limit=MOST_FOUND)
    else:
        listed = ask.units_of_area(session, path, active=active)
    counts = ask.holders_by_unit(session, [unit.id for unit in listed], page_day())
    return render_template(
        "people/units.html",
        listed=listed,
        in_post=counts,
        chosen=chosen,
        path=path,
        area=last_area(path),
        tops=ask.governments(session, areas or None, only=areas),
        below=ask.governments_below(session, path),
        above=ask.governments_above(session, path, areas),
        depth=_depths(listed),
        relations=RELATION_NAMES,
    )


@blueprint.get("/units/<int:unit_id>")
def unit(unit_id: int) -> ResponseReturnValue:
    """One unit: what is said of it, its posts and who holds them."""
    return _unit_page(unit_id)


@blueprint.route("/units/new", methods=["GET", "POST"])
def new_unit() -> ResponseReturnValue:
    """Set up a unit."""
    require("people.manage")
    if request.method == "GET":
        return _unit_form({"area": request.args.get("area", ""), "parent": request.args.get("parent", "")})
    facts = UnitFacts(**given("code", "area", *FACTS))
    posts = tuple(code for code in request.form.getlist("posts") if code in STANDARD_POSTS)
    added, error = attempt(lambda writing: use.add_unit(writing, page_actor(), facts, posts, now=page_now()))
    if error is not None:
        return _unit_form(vars(facts) | {"posts": posts}, error)
    flash(_("已新增单位“%(unit)s”。", unit=added.name))
    return redirect(url_for("people.unit", unit_id=added.id))


@blueprint.route("/units/<int:unit_id>/edit", methods=["GET", "POST"])
def edit_unit(unit_id: int) -> ResponseReturnValue:
    """Change names, function or place of a unit."""
    found = _visible(unit_id)
    require("people.manage", policy.thing_of(found.area_path))
    if request.method == "GET":
        parent = found.parent.code if found.parent else ""
        values = {name: getattr(found, name) for name in FACTS if name != "parent"}
        return _unit_form({"code": found.code, "area": found.area, "parent": parent, **values}, unit=found)
    facts = UnitFacts(code=found.code, area=found.area, **given(*FACTS))
    changed, error = attempt(
        lambda writing: use.change_unit(writing, page_actor(), unit_id, facts, now=page_now())
    )
    if error is not None:
        return _unit_form(vars(facts), error, unit=found)
    flash(_("已保存“%(unit)s”。", unit=changed.name))
    return redirect(url_for("people.unit", unit_id=unit_id))


@blueprint.post("/units/<int:unit_id>/dissolve")
def dissolve_unit(unit_id: int) -> ResponseReturnValue:
    """Take a unit out of use."""
    _unit, error = attempt(lambda writing: use.dissolve_unit(writing, page_actor(), unit_id, now=page_now()))
    return _back_to_unit(unit_id, error, _("单位已撤销。"))


@blueprint.post("/units/<int:unit_id>/restore")
def restore_unit(unit_id: int) -> ResponseReturnValue:
    """Put a unit back to use."""
    _unit, error = attempt(lambda writing: use.restore_unit(writing, page_actor(), unit_id, now=page_now()))
    return _back_to_unit(unit_id, error, _("单位已恢复。"))


@blueprint.post("/units/<int:unit_id>/posts")
def add_post(unit_id: int) -> ResponseReturnValue:
    """Set up a post."""
    _post, error = attempt(
        lambda writing: use.add_post(writing, page_actor(), unit_id, _given_post(), now=page_now())
    )
    return _back_to_unit(unit_id, error, _("岗位已新增。"))


@blueprint.post("/units/<int:unit_id>/posts/<int:post_id>")
def change_post(unit_id: int, post_id: int) -> ResponseReturnValue:
    """Change a post, or remove it."""
    if "remove" in request.form:
        _none, error = attempt(
            lambda writing: use.remove_post(writing, page_actor(), post_id, now=page_now())
        )
        return _back_to_unit(unit_id, error, _("岗位已删除。"))
    _post, error = attempt(
        lambda writing: use.change_post(writing, page_actor(), post_id, _given_post(), now=page_now())
    )
    return _back_to_unit(unit_id, error, _("岗位已保存。"))


def _unit_page(unit_id: int, error: TongchouError | None = None) -> ResponseReturnValue:
    session, found = page_session(), _visible(unit_id)
    posts, holders = ask.posts_of(session, unit_id), ask.post_holders(session, unit_id, page_day())
    groups = {f"g:{found.code}:{post.code}": post.id for post in posts}
    waiting = ask.open_tasks_of_groups(session, groups)
    page = render_template(
        "people/unit.html",
        unit=found,
        posts=posts,
        problem=error.message if error else "",
        holders={post.id: [row for row in holders if row[1] == post.id] for post in posts},
        waiting={groups[group]: count for group, count in waiting.items()},
        former_names=[
            _("%(name)s（至%(day)s）", name=one.name, day=full_day(one.until)) for one in names_of_unit(session, unit_id)
        ],
        hanging=use.what_hangs_on(session, found, now=page_now()),
        relations=RELATION_NAMES,
        roles=ROLE_NAMES,
        may_manage=policy.may(page_actor(), "people.manage", policy.thing_of(found.area_path)),
        editing=request.args.get("post", ""),
    )
    return page, error.status if error else 200


def _back_to_unit(unit_id: int, error: TongchouError | None, done: str) -> ResponseReturnValue:
    if error is not None:
        return _unit_page(unit_id, error)
    flash(done)
    return redirect(url_for("people.unit", unit_id=unit_id))


def _unit_form(
    values: dict[str, Any], error: TongchouError | None = None, unit: Unit | None = None
) -> ResponseReturnValue:
    session = page_session()
    areas = policy.areas_of_role(page_actor(), "administrator")
    page = render_template(
        "people/unit_form.html",
        values=values,
        unit=unit,
        problem=error.message if error else "",
        governments=ask.governments(session, areas),
        relations=RELATION_NAMES,
        standard=STANDARD_POSTS,
        parents=ask.possible_parents(session, area_path(values["area"]))
        if _is_division(values["area"])
        else [],
    )
    return page, error.status if error else 200


def _is_division(area: str) -> bool:
    try:
        return bool(level_of(area))
    except UnknownDivision:
        return False


def _given_post() -> NewPost:
    values = given("code", "name", "role", "rank")
    rank = int(values["rank"]) if values["rank"].isdecimal() else 0
    return NewPost(values["code"], values["name"], values["role"], rank)


def _visible(unit_id: int) -> Unit:
    found = page_session().get(Unit, unit_id)
    if found is None or not policy.may(page_actor(), "people.see", policy.thing_of(found.area_path)):
        raise NotFound(N_("没有这个单位，或不在您的管理范围内。"))
    return found


def _chosen_path(area: str, areas: tuple[str, ...] | None) -> str:
    """The government to show: the one of the address where the reader may see it, else his first."""
    if area:
        path = area_path(area)
        require("people.see", policy.thing_of(path))
        return path
    return areas[0] if areas else ""


def _depths(listed: Any) -> dict[int, int]:
    """How far each unit is indented: by its superiors that stand in the list."""
    by_id = {unit.id: unit for unit in listed}
    depths: dict[int, int] = {}
    for unit in listed:
        depths[unit.id] = depths.get(unit.parent_id, -1) + 1 if unit.parent_id in by_id else 0
    return depths
