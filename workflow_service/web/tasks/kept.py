"""Filters kept on the server: a list opens as its reader last left it; views under a name stand as tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import _
from workflow_service.services import list_views
from workflow_service.store import work_lists

from ..current import page_actor, page_now, page_session, transaction
from ..listing import filter_values

EVERYTHING = "all"
"""Marks an address that says everything itself: without it and without filters the kept ones apply."""
ENDPOINTS = {
    "inbox": "tasks.inbox", "done": "tasks.done", "started": "tasks.started", "board": "board.overview",
    "ledger": "board.ledger",
}  # fmt: skip


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks its views."""
    blueprint.add_url_rule("/views", "save_view", save_view, methods=["POST"])
    blueprint.add_url_rule("/views/<int:view_id>/remove", "remove_view", remove_view, methods=["POST"])


@dataclass(frozen=True)
class Kept:
    """The filters of this request; `elsewhere` is where the kept ones are, if the address has none of its own."""

    chosen: dict[str, str]
    elsewhere: str = ""


def kept_filters(place: str, *names: str) -> Kept:
    """Read the filters of the address and keep them; an address without any leads to those kept last."""
    chosen = filter_values(*names)
    actor, before = page_actor(), list_views.last_filter(page_session(), page_actor(), place)
    if not chosen and EVERYTHING not in request.args and "after" not in request.args:
        return Kept({}, url_for(ENDPOINTS[place]) + f"?{before}" if before else "")
    query = urlencode(chosen)
    if query != before and "after" not in request.args and request.method == "GET":
        with transaction() as session:
            list_views.keep_filter(session, actor, place, query)
    return Kept(chosen)


def last_filters(place: str, *names: str) -> dict[str, str]:
    """The filters with which the reader last looked at a list."""
    query = list_views.last_filter(page_session(), page_actor(), place)
    return {name: value for name, value in parse_qsl(query) if name in names}


def frame_of(place: str, chosen: dict[str, str]) -> dict[str, Any]:
    """What every list of this room shows around its rows: tabs with counts, views, and what was chosen."""
    actor = page_actor()
    counts = work_lists.tab_counts(page_session(), int(actor.user_id or 0), actor.groups)
    return views_for(place, chosen) | {"chosen": chosen, "tab_counts": counts}


def views_for(place: str, chosen: dict[str, str]) -> dict[str, Any]:
    """The views kept of a list, and which of them its present filters are."""
    actor, query = page_actor(), urlencode(chosen)
    views = list_views.views_of(page_session(), actor, place) if place in list_views.PLACES else ()
    return {
        "place": place, "query": query, "views": views,
        "current_view": next((view for view in views if view.query == query), None), "my_id": actor.user_id,
    }  # fmt: skip


def page(template: str, place: str, chosen: dict[str, str], **more: Any) -> str:
    """One list of this room in its frame."""
    return render_template(template, **frame_of(place, chosen), **more)


def save_view() -> ResponseReturnValue:
    """Keep the present filters under a name."""
    actor, form = page_actor(), request.form
    place = form.get("place", "")
    unit_id = actor.unit_id if form.get("shared") else None
    try:
        with transaction() as session:
            view = list_views.save_view(
                session, actor, place, form.get("name", ""), form.get("query", ""), now=page_now(), unit_id=unit_id
            )
            query, name = view.query, view.name
    except (InvalidInput, Conflict) as error:
        flash(error.message, "warning")
        return redirect(url_for(ENDPOINTS.get(place, "tasks.inbox")))
    flash(_("已保存视图“%(name)s”。", name=name))
    return redirect(f"{url_for(ENDPOINTS[place])}?{query}")


def remove_view(view_id: int) -> ResponseReturnValue:
    """Take a view away; the filters stay as they are."""
    with transaction() as session:
        view = list_views.remove_view(session, page_actor(), view_id, now=page_now())
        place, query, name = view.place, view.query, view.name
    flash(_("已删除视图“%(name)s”。", name=name))
    return redirect(f"{url_for(ENDPOINTS[place])}?{query}")
