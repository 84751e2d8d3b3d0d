"""Matters under listed supervision; progress and striking off are tasks of their runs."""

from __future__ import annotations

from typing import Any

from workflow_service.identity import policy
from workflow_service.services import answerable, listing
from workflow_service.services.calendars import SETTINGS
from workflow_service.services.listing import ListingAsked
from workflow_service.store import listed_list
from workflow_service.store.listed_list import ListedFilter, ListedRow

from . import cursors
from .acting_shapes import (
    ListedLine,
    ListedMatters,
    ListedNoteShown,
    ListedQuery,
    ListedShown,
    ListingGiven,
    ResponsibleGiven,
)
from .calls import Answer, Call, endpoint

TAG = "listed matters"


@endpoint("/listed-matters", query=ListedQuery, answer=ListedMatters, tag=TAG)
def list_matters(call: Call, query: ListedQuery) -> ListedMatters:
    """List the matters on the lists of my governments, those above and those below, the latest first."""
    after = cursors.decode(query.cursor, int)
    wanted = ListedFilter(
        areas=policy.visible_areas(call.actor), within=tuple(call.actor.area_paths), state=query.state or "",
        unit=query.unit, text=query.q, plan_id=query.plan_id, late=query.late, today=SETTINGS.day_of(call.now),
    )  # fmt: skip
    rows = listed_list.rows(call.session, wanted, after=after[0] if after else None, limit=query.limit + 1)
    total, limit = listed_list.count(call.session, wanted), listed_list.COUNT_LIMIT
    following = cursors.encode(rows[query.limit - 1].matter.id) if len(rows) > query.limit else None
    items = [ListedLine(**_facts(row)) for row in rows[: query.limit]]
    return ListedMatters(items=items, next_cursor=following, total=min(total, limit), more=total > limit)


@endpoint("/listed-matters", "POST", body=ListingGiven, answer=ListedShown, status=201, tag=TAG)
def list_matter(call: Call, body: ListingGiven) -> Answer:
    """Put a matter on the list, about a plan, a task or neither; supervisors and the inspection office."""
    made = listing.list_matter(call.session, call.actor, ListingAsked(**body.model_dump()), now=call.now)
    return Answer(_shown(call, made.id), location=f"/listed-matters/{made.id}")


@endpoint("/listed-matters/<id:matter_id>", answer=ListedShown, tag=TAG)
def get_matter(call: Call, matter_id: int) -> ListedShown:
    """Give a matter with its course."""
    return _shown(call, listing.visible_matter(call.session, call.actor, matter_id).id)


@endpoint("/listed-matters/<id:matter_id>/responsible", "PUT", body=ResponsibleGiven, answer=ListedShown, tag=TAG)
def name_responsible(call: Call, matter_id: int, body: ResponsibleGiven) -> ListedShown:
    """Name who answers for a matter from now on, somebody in post in its unit; supervisors of the area."""
    found = answerable.name_responsible(call.session, call.actor, matter_id, body.responsible_id, now=call.now)
    return _shown(call, found.id)


def _shown(call: Call, matter_id: int) -> ListedShown:
    notes = [
        ListedNoteShown(kind=note.kind, at=note.at, by=person, unit=unit, text=note.text)  # type: ignore[arg-type]
        for note, person, unit in listed_list.notes_of(call.session, matter_id)
    ]
    return ListedShown(**_facts(listed_list.row_of(call.session, matter_id)), notes=notes)


def _facts(row: ListedRow) -> dict[str, Any]:
    one = row.matter
    return {
        "id": one.id, "year": one.year, "number": one.number, "title": one.title, "reason": one.reason, "state": row.state,
        "unit": row.unit.code, "holder": one.holder, "responsible": row.responsible, "due_on": one.due_on,
        "plan_id": one.plan_id, "task_id": one.task_id, "process_instance_id": one.instance_id, "listed_by": row.lister,
        "listed_at": one.listed_at, "struck_off_by": row.confirmer, "struck_off_at": one.struck_off_at,
    }  # fmt: skip
