"""The neighbours of the inbox: done, started, drafts."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from workflow_service.i18n import _
from workflow_service.identity.names import match
from workflow_service.services import tasks
from workflow_service.store import work_lists
from workflow_service.store.work_lists import DoneFilter

from .. import cursors
from ..current import is_htmx, page_actor, page_day, page_session, transaction
from ..formats import zone
from ..instances.control import may_withdraw
from ..listing import PAGE_ROWS, address
from . import kept
from .operations import retrievable

DONE_FILTERS = ("q", "process", "since")
STARTED_FILTERS = ("q", "status")
SINCE_DAYS = {"week": 7, "month": 31, "quarter": 92, "year": 366}


def connect(blueprint: Blueprint) -> None:
    """Give the room of tasks these lists."""
    rule = blueprint.add_url_rule
    rule("/done", "done", done)
    rule("/started", "started", started)
    rule("/drafts", "drafts", drafts)
    rule("/<int:task_id>/draft/discard", "discard_draft", discard_draft, methods=["POST"])


def done() -> ResponseReturnValue:
    """What the reader has completed, the latest first."""
    filters = kept.kept_filters("done", *DONE_FILTERS)
    if filters.elsewhere:
        return redirect(filters.elsewhere)
    chosen, session = filters.chosen, page_session()
    typed = chosen.get("q", "")
    wanted = DoneFilter(_reader_id(), chosen.get("process", ""), _since(chosen.get("since", "")), match(typed), typed)
    after = cursors.decode(cursors.moment, cursors.number)
    found = work_lists.done_page(session, wanted, after=after, limit=PAGE_ROWS + 1)
    last = found[PAGE_ROWS - 1].task if len(found) > PAGE_ROWS else None
    return kept.page(
        "tasks/done.html", "done", chosen, rows=found[:PAGE_ROWS], total=work_lists.count_done(session, wanted),
        next_address=address(after=cursors.encode(last.ended_at, last.id)) if last else "",
        processes=work_lists.processes_done(session, _reader_id()),
        retrievable=retrievable([row.task for row in found[:PAGE_ROWS]]),
    )  # fmt: skip


def _since(period: str) -> datetime | None:
    days = SINCE_DAYS.get(period)
    return datetime.combine(page_day() - timedelta(days=days), time(), zone()) if days else None


def started() -> ResponseReturnValue:
    """The runs that the reader started."""
    filters = kept.kept_filters("started", *STARTED_FILTERS)
    if filters.elsewhere:
        return redirect(filters.elsewhere)
    chosen = filters.chosen
    found = work_lists.started_page(
        page_session(), _reader_id(), status=chosen.get("status", ""), match=match(chosen.get("q", "")),
        after=cursors.decode(cursors.moment, cursors.number), limit=PAGE_ROWS + 1,
    )  # fmt: skip
    last = found[PAGE_ROWS - 1][0] if len(found) > PAGE_ROWS else None
    following = address(after=cursors.encode(last.started_at, last.id)) if last else ""
    return kept.page(
        "tasks/started.html", "started", chosen, rows=found[:PAGE_ROWS], next_address=following, may_withdraw=may_withdraw
    )


def drafts() -> ResponseReturnValue:
    """What the reader began to write and has not handed in, the latest first."""
    found = work_lists.drafts_page(
        page_session(), _reader_id(), after=cursors.decode(cursors.moment, cursors.number), limit=PAGE_ROWS + 1
    )
    last = found[PAGE_ROWS - 1] if len(found) > PAGE_ROWS else None
    following = address(after=cursors.encode(last[1], last[0].task.id)) if last else ""
    rows = [(row, saved_at, (page_day() - saved_at.astimezone(zone()).date()).days) for row, saved_at in found[:PAGE_ROWS]]
    return kept.page("tasks/drafts.html", "drafts", {}, rows=rows, next_address=following)


def discard_draft(task_id: int) -> ResponseReturnValue:
    """Forget one's own draft; in the list its row goes, nothing else changes."""
    with transaction() as session:
        tasks.visible_task(session, page_actor(), task_id)
        tasks.discard_draft(session, page_actor(), task_id)
    if is_htmx():
        return ""
    flash(_("草稿已丢弃。"))
    return redirect(url_for("tasks.drafts"))


def _reader_id() -> int:
    return int(page_actor().user_id or 0)
