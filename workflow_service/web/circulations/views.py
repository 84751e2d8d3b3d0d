"""What came to me and my posts to be read, what I sent, and sending a run or a task round."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.circulations import CirculationKind
from workflow_service.domain.errors import InvalidInput, NotFound
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.services import candidates, circulations, processes, recipients
from workflow_service.services.circulations import Sending
from workflow_service.store import circulation_list
from workflow_service.store.operations import Circulation

from .. import cursors
from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..listing import PAGE_ROWS, address, filter_values
from ..rights import allowed

blueprint = Blueprint("circulations", __name__, url_prefix="/circulations", template_folder="templates")
blueprint.before_request(require_sign_in)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """What came to the reader and his posts, the latest first."""
    session, chosen, groups = page_session(), filter_values("unread", "kind"), page_actor().groups
    after = cursors.decode(cursors.number)
    found = circulation_list.received(
        session, groups, unread=bool(chosen.get("unread")), kind=chosen.get("kind", ""), after=after[0] if after else None,
        limit=PAGE_ROWS + 1,
    )  # fmt: skip
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1].reader.id)) if len(found) > PAGE_ROWS else ""
    return render_template(
        "circulations/index.html", rows=rows, chosen=chosen, next_address=following, kinds=_kinds(),
        unread=circulation_list.count_unread(session, groups),
    )  # fmt: skip


@blueprint.get("/sent")
def sent() -> ResponseReturnValue:
    """What the reader sent, with how many have read it."""
    after = cursors.decode(cursors.number)
    user_id = int(page_actor().user_id or 0)
    found = circulation_list.sent_by(
        page_session(), user_id, after=after[0] if after else None, limit=PAGE_ROWS + 1
    )
    rows = found[:PAGE_ROWS]
    following = address(after=cursors.encode(rows[-1][0].id)) if len(found) > PAGE_ROWS else ""
    return render_template("circulations/sent.html", rows=rows, next_address=following)


@blueprint.get("/<int:circulation_id>")
def show(circulation_id: int) -> ResponseReturnValue:
    """One of them with its readers; what is read by opening it is marked so by the page itself."""
    session, actor = page_session(), page_actor()
    found, readers = circulations.readable(session, actor, circulation_id)
    return _page(found, mine=any(one.holder in actor.groups and one.read_at is None and one.delivered_at for one in readers))


def _page(found: Circulation, *, mine: bool, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session = page_session()
    rows = circulation_list.readers_of(session, [found.id]).get(found.id, [])
    page = render_template(
        "circulations/show.html", circulation=found, kind=CirculationKind(found.kind), mine=mine, problem=problem,
        readers=[(one, recipients.name_of(session, one.reader.holder)) for one in rows],
        may_remind=_may_remind(found) and any(one.reader.read_at is None for one in rows),
    )  # fmt: skip
    return page, status


def _may_remind(found: Circulation) -> bool:
    return allowed("circulation.remind", policy.thing_of(found.area_path or "/", participants=(found.sent_by,)))


@blueprint.post("/<int:circulation_id>/read")
def read(circulation_id: int) -> ResponseReturnValue:
    """Read, tick, sign for it or say what was done; then to what it is about."""
    remark = request.form.get("remark", "").strip()
    try:
        with transaction() as session:
            circulations.mark_read(session, page_actor(), circulation_id, remark, now=page_now())
    except InvalidInput as error:
        found, _readers = circulations.readable(page_session(), page_actor(), circulation_id)
        return _page(found, mine=True, problem=error.message, status=422)
    flash(_("已记录阅读。"))
    return redirect(url_for("circulations.show", circulation_id=circulation_id))


@blueprint.post("/<int:circulation_id>/remind")
def remind(circulation_id: int) -> ResponseReturnValue:
    """Push those who have not read it."""
    with transaction() as session:
        count = circulations.remind_readers(session, page_actor(), circulation_id, now=page_now())
    flash(_("已提醒 %(count)s 人。", count=count) if count else _("一小时内已经提醒过。"))
    return redirect(url_for("circulations.show", circulation_id=circulation_id))


@blueprint.route("/new/<int:instance_id>", methods=["GET", "POST"])
def new(instance_id: int) -> ResponseReturnValue:
    """Send a run round."""
    row = processes.visible_instance(page_session(), page_actor(), instance_id)
    if request.method == "GET":
        return _form(instance_id, circulations.title_of(page_session(), row))
    try:
        with transaction() as session:
            found = circulations.circulate(session, page_actor(), _sending(), instance_id=instance_id, now=page_now()).id
    except InvalidInput as error:
        return _form(instance_id, circulations.title_of(page_session(), row), error.message, 422)
    flash(_("已发出。"))
    return redirect(url_for("circulations.show", circulation_id=found))


def _sending() -> Sending:
    form = request.form
    kind = form.get("kind", "")
    if kind not in {one.value for one in CirculationKind}:
        raise NotFound(N_("没有这种传阅方式。"))
    return Sending(CirculationKind(kind), form.getlist("holder"), form.get("note", ""), form.get("in_order") == "1")


def _form(instance_id: int, title: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    page = render_template(
        "circulations/new.html", instance_id=instance_id, title=title, problem=problem, kinds=_kinds(), typed=request.form,
        chosen=request.form.getlist("holder"),
        people=[one.option for one in candidates.colleagues(session, int(actor.user_id or 0), now=now)],
        posts=[one.option for one in candidates.posts_in_sight(session, actor, now=now)],
    )  # fmt: skip
    return page, status


def _kinds() -> list[tuple[str, str]]:
    return [(one.value, _(one.label)) for one in CirculationKind]
