"""The inbox and its neighbours, and acting on rows of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from workflow_service.i18n import _
from workflow_service.identity import policy
from workflow_service.identity.access import keys_of, standings_of
from workflow_service.identity.names import matches
from workflow_service.store import inbox as inbox_rows
from workflow_service.store import instance_view, plan_list
from workflow_service.store.inbox import InboxFilter
from workflow_service.store.plans import Plan

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..formats import task_light, zone
from ..instances.control import may_withdraw
from ..listing import PAGE_ROWS, address, filter_values
from ..sheets import sheet
from ..words import word
from . import batch, handing_out, page
from .operations import retrievable

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks", template_folder="templates")
blueprint.before_request(require_sign_in)
page.connect(blueprint)
batch.connect(blueprint)
handing_out.connect(blueprint)

FILTERS = ("q", "process", "unit", "kind", "holder", "due")
EXPORT_ROWS = 5_000


@blueprint.get("")
def inbox() -> ResponseReturnValue:
    """What waits for the reader and his groups, by deadline."""
    chosen, session = filter_values(*FILTERS), page_session()
    wanted = inbox_filter(chosen)
    after = cursors.decode(lambda text: cursors.moment(text) if text else None, cursors.number)
    found = inbox_rows.inbox_page(session, wanted, after=after, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    last = rows[-1].task if rows else None
    return render_template(
        "tasks/inbox.html",
        rows=rows,
        chosen=chosen,
        next_address=address(after=cursors.encode(last.due_at, last.id)) if last and len(found) > PAGE_ROWS else "",
        total=inbox_rows.count_inbox(session, wanted),
        overdue=inbox_rows.count_inbox(session, inbox_filter({"due": "late"})),
        today_due=inbox_rows.count_inbox(session, inbox_filter({"due": "today"})),
        processes=inbox_rows.processes_in(session, keys_of(page_actor())),
        units=plan_list.lead_units(session, policy.visible_areas(page_actor())),
    )


def inbox_filter(chosen: dict[str, str]) -> InboxFilter:
    """The filters of the address as the store's question."""
    actor = page_actor()
    return InboxFilter(
        user_id=int(actor.user_id or 0),
        groups=actor.groups,
        standings=standings_of(actor),
        process_key=chosen.get("process", ""),
        unit_id=int(chosen["unit"]) if chosen.get("unit", "").isdecimal() else None,
        kind=chosen.get("kind", ""),
        holder=chosen.get("holder", ""),
        due_before=_due_before(chosen.get("due", "")),
        words=matches(Plan.keywords, chosen["q"]) if chosen.get("q") else None,
    )


def _due_before(due: str) -> datetime | None:
    """`late`: overdue now; `today`, `week`: due by the end of the day, of the seventh day."""
    if due == "late":
        return page_now()
    days = {"today": 1, "week": 7}.get(due)
    return datetime.combine(page_day(), time(), zone()) + timedelta(days=days) if days else None


@blueprint.get("/export.xlsx")
def export() -> ResponseReturnValue:
    """Exactly the rows of the filters."""
    rows = inbox_rows.inbox_page(page_session(), inbox_filter(filter_values(*FILTERS)), limit=EXPORT_ROWS)
    heads = (_("规划"), _("规划代码"), _("待办事项"), _("流程"), _("编制单位"), _("收到"), _("到期"), _("时限"))
    return sheet(_("待办"), heads, (_cells(row) for row in rows))


def _cells(row: inbox_rows.InboxRow) -> tuple[Any, ...]:
    task = row.task
    words = task_light(task.due_at, task.waiting, task.paused_for).words
    return (
        task.title, row.plan_code, task.name, word(task.process_key, "route"), row.lead_unit, task.created_at,
        task.due_at, words,
    )  # fmt: skip


@blueprint.get("/done")
def done() -> ResponseReturnValue:
    """What the reader has completed, the latest first."""
    after = cursors.decode(cursors.moment, cursors.number)
    found = inbox_rows.done_page(page_session(), int(page_actor().user_id or 0), after=after, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    last = rows[-1].task if len(found) > PAGE_ROWS else None
    following = address(after=cursors.encode(last.ended_at, last.id)) if last else ""
    return render_template(
        "tasks/done.html", rows=rows, next_address=following, retrievable=retrievable([row.task for row in rows])
    )


@blueprint.get("/started")
def started() -> ResponseReturnValue:
    """The runs that the reader started."""
    after = cursors.decode(cursors.moment, cursors.number)
    user_id = int(page_actor().user_id or 0)
    found = instance_view.started_by(page_session(), user_id, after=after, limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    last = rows[-1][0] if len(found) > PAGE_ROWS else None
    following = address(after=cursors.encode(last.started_at, last.id)) if last else ""
    return render_template("tasks/started.html", rows=rows, next_address=following, may_withdraw=may_withdraw)
