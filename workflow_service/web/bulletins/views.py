"""Bulletins of the reader's areas; drafts for supervisors only."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_list

from .. import cursors
from ..current import page_actor, page_session, require_sign_in
from ..listing import PAGE_ROWS, address
from ..rights import allowed, require

blueprint = Blueprint("bulletins", __name__, url_prefix="/bulletins", template_folder="templates")
blueprint.before_request(require_sign_in)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Every bulletin, the newest first."""
    after = cursors.decode(cursors.number)
    found = notice_list.bulletins(
        page_session(), policy.visible_areas(page_actor()), drafts=allowed("bulletin.release"),
        after=after[0] if after else None, limit=PAGE_ROWS + 1,
    )  # fmt: skip
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].id)) if len(found) > PAGE_ROWS else ""
    return render_template("bulletins/index.html", bulletins=rows, next_address=following)


@blueprint.get("/<int:bulletin_id>")
def show(bulletin_id: int) -> ResponseReturnValue:
    """One bulletin as it is sent out."""
    found = notice_list.bulletin_by_id(page_session(), bulletin_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的通报。"), id=bulletin_id)
    bulletin, released_by = found
    thing = policy.thing_of(bulletin.area_path)
    require("plan.see" if bulletin.status == "released" else "bulletin.release", thing)
    return render_template("bulletins/show.html", bulletin=bulletin, released_by=released_by)
