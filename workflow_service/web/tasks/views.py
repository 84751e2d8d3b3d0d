"""The inbox, its order and its filters, and acting on rows of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.identity.access import keys_of, standings_of
from workflow_service.identity.names import match
from workflow_service.services import tasks
from workflow_service.store import inbox as inbox_rows
from workflow_service.store import plan_list, work_lists
from workflow_service.store.inbox import InboxFilter

from .. import cursors
from ..current import page_actor, page_day, page_now, page_session, require_sign_in
from ..formats import task_light, zone
from ..listing import PAGE_ROWS, address, filter_values
from ..sheets import sheet
from ..words import word
from . import batch, kept, lists, page

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks", template_folder="templates")
blueprint.before_request(require_sign_in)
for part in (page, batch, lists, kept):
    part.connect(blueprint)

FILTERS = ("q", "process", "unit", "kind", "holder", "due", "sort")
WAITING = "waiting"
EXPORT_ROWS = 5_000


@blueprint.get("")
def inbox() -> ResponseReturnValue:
    """What waits for the reader and his groups, in the order that he chose."""
    filters = kept.kept_filters("inbox", *FILTERS)
    if filters.elsewhere:
        return redirect(filters.elsewhere)
    chosen, session = filters.chosen, page_session()
    if chosen.get("holder") == WAITING:
        return _waiting(chosen)
    wanted = inbox_filter(chosen)
    found = inbox_rows.inbox_page(session, wanted, after=_cursor(wanted.sort), limit=PAGE_ROWS + 1)
    rows = found[:PAGE_ROWS]
    following = cursors.encode(*inbox_rows.cursor_of(rows[-1], wanted.sort)) if len(found) > PAGE_ROWS else ""
    overdue, today_due = inbox_rows.count_due(session, inbox_filter({}), page_now(), _end_of_day(1))
    return kept.page(
        "tasks/inbox.html",
        "inbox",
        chosen,
        rows=rows,
        next_address=address(after=following) if following else "",
        total=inbox_rows.count_inbox(session, wanted),
        overdue=overdue,
        today_due=today_due,
        processes=inbox_rows.processes_in(session, keys_of(page_actor())),
        units=plan_list.lead_units(session, policy.visible_areas(page_actor())),
    )


def _cursor(sort: str) -> tuple[Any, int] | None:
    first = cursors.number if sort in ("arrival", "plan") else (lambda text: cursors.moment(text) if text else None)
    found = cursors.decode(first, cursors.number)
    return (found[0], found[1]) if found else None


def _waiting(chosen: dict[str, str]) -> ResponseReturnValue:
    """The reader's tasks that others have to act on first."""
    after = cursors.decode(cursors.number)
    found = work_lists.held_page(
        page_session(), int(page_actor().user_id or 0), after=after[0] if after else None, limit=PAGE_ROWS + 1
    )
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].task.id)) if len(found) > PAGE_ROWS else ""
    return kept.page("tasks/waiting.html", "inbox", chosen, rows=rows, next_address=following)


def inbox_filter(chosen: dict[str, str]) -> InboxFilter:
    """The filters of the address as the store's question."""
    actor, typed = page_actor(), chosen.get("q", "")
    return InboxFilter(
        user_id=int(actor.user_id or 0),
        groups=actor.groups,
        standings=standings_of(actor),
        process_key=chosen.get("process", ""),
        unit_id=int(chosen["unit"]) if chosen.get("unit", "").isdecimal() else None,
        kind=chosen.get("kind", ""),
        holder=chosen.get("holder", ""),
        due_before=_due_before(chosen.get("due", "")),
        match=match(typed),
        typed=typed,
        sort=chosen.get("sort", "due"),
    )


def _due_before(due: str) -> datetime | None:
    """`late`: overdue now; `today`, `week`: due by the end of the day, of the seventh day."""
    if due == "late":
        return page_now()
    days = {"today": 1, "week": 7}.get(due)
    return _end_of_day(days) if days else None


def _end_of_day(days: int) -> datetime:
    """The end of today (1), of the seventh day (7), as the government's clocks show it."""
    return datetime.combine(page_day(), time(), zone()) + timedelta(days=days)


@blueprint.get("/<int:task_id>/<any(next, previous):which>")
def neighbour(task_id: int, which: str) -> ResponseReturnValue:
    """The task after or before this one, in the inbox as the reader last looked at it."""
    session = page_session()
    tasks.visible_task(session, page_actor(), task_id)
    row = inbox_rows.row_of(session, task_id)
    if row is None:
        raise NotFound(N_("没有编号为 %(id)s 的任务。"), id=task_id)
    chosen = {name: value for name, value in kept.last_filters("inbox", *FILTERS).items() if value != WAITING}
    wanted = inbox_filter(chosen)
    here = inbox_rows.cursor_of(row, wanted.sort)
    found = inbox_rows.inbox_page(session, wanted, after=here, limit=1, backwards=which == "previous")
    if found:
        return redirect(url_for("tasks.show", task_id=found[0].task.id))
    flash(_("后面没有待办了。") if which == "next" else _("前面没有待办了。"), "info")
    return redirect(url_for("tasks.inbox"))


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
