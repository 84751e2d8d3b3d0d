"""A person's notices and marking them read."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_, _
from workflow_service.services import deliveries as delivering
from workflow_service.store import notice_list

from .. import cursors
from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..listing import PAGE_ROWS, address, filter_values

blueprint = Blueprint("notices", __name__, url_prefix="/notices", template_folder="templates")
blueprint.before_request(require_sign_in)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Notices, filtered by kind or to the unread ones."""
    chosen, after = filter_values("unread", "kind"), cursors.decode(cursors.number)
    found = notice_list.notices_of(
        page_session(), _reader_id(), unread=bool(chosen.get("unread")), kind=chosen.get("kind", ""),
        after=after[0] if after else None, limit=PAGE_ROWS + 1,
    )  # fmt: skip
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].id)) if len(found) > PAGE_ROWS else ""
    return render_template("notices/index.html", notices=rows, chosen=chosen, next_address=following)


@blueprint.post("/read")
def read_all() -> ResponseReturnValue:
    """Mark everything read."""
    with transaction() as session:
        count = notice_list.mark_read(session, _reader_id(), page_now())
    flash(_("已将 %(count)s 条消息标为已读。", count=count))
    return redirect(url_for("notices.index"))


@blueprint.post("/<int:notice_id>")
def follow(notice_id: int) -> ResponseReturnValue:
    """Mark one read and go where it points."""
    with transaction() as session:
        notice = notice_list.notice_of(session, _reader_id(), notice_id)
        if notice is None:
            raise NotFound(N_("没有这条消息。"))
        notice_list.mark_read(session, _reader_id(), page_now(), notice_id)
        link = notice.link
    own = link.startswith("/") and not link.startswith("//")
    return redirect(link if own else url_for("notices.index"))


@blueprint.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """What did not get through outside the service."""
    found = delivering.failed_deliveries(page_session(), page_actor(), now=page_now())
    return render_template("notices/deliveries.html", deliveries=found)


@blueprint.post("/deliveries/<int:delivery_id>")
def retry(delivery_id: int) -> ResponseReturnValue:
    """Try a delivery again from now."""
    with transaction() as session:
        delivering.retry_delivery(session, page_actor(), delivery_id, now=page_now())
    flash(_("已安排重发。"))
    return redirect(url_for("notices.deliveries"))


def _reader_id() -> int:
    return int(page_actor().user_id or 0)
