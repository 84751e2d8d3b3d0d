"""Handing over all of a person's work (工作移交): what it would be, then doing it, with a result for each item."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.identity.import_people import read_day
from workflow_service.services import candidates, handover
from workflow_service.services import people as use
from workflow_service.services.handover import HandOver

from ..current import page_actor, page_day, page_now, page_session
from ..rights import require
from .blueprint import attempt, blueprint

KINDS = {
    handover.TASK: N_("本人任务"), handover.CLAIMED: N_("已签收的岗位任务"), handover.POST: N_("岗位"),
    handover.TURN: N_("未轮到的加签"), handover.GRANT_GIVEN: N_("授出的代办"), handover.GRANT_GOT: N_("受托的代办"),
    handover.MATTER: N_("挂牌事项"),
}  # fmt: skip


@blueprint.route("/<int:user_id>/hand-over", methods=["GET", "POST"])
def hand_over(user_id: int) -> ResponseReturnValue:
    """Choose the successor, see what would go to him, hand it over."""
    require("work.hand_over")
    use.person_to_manage(page_session(), page_actor(), user_id, now=page_now())
    if request.method == "GET":
        return _page(user_id)
    report, error = attempt(lambda writing: handover.hand_over(writing, page_actor(), _wanted(user_id), now=page_now()))
    return _page(user_id, report, error)


def _wanted(user_id: int) -> HandOver:
    values = request.values
    if not values.get("to", "").isdecimal():
        raise InvalidInput(N_("请选择接任人。"))
    with_posts = values.get("with_posts", "1") == "1"
    return HandOver(user_id, int(values["to"]), read_day(values.get("on", "").strip()), with_posts)


def _page(
    user_id: int, report: handover.Report | None = None, error: TongchouError | None = None
) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    if report is not None:
        session.expire_all()
    items: list[handover.Item] = []
    if report is None and error is None and request.values.get("to"):
        try:
            items = handover.preview_hand_over(session, actor, _wanted(user_id), now=now)
        except InvalidInput as refused:
            error = refused
    page = render_template(
        "people/hand_over.html",
        person=use.person_to_manage(session, actor, user_id, now=now),
        people=candidates.colleague_ids(session, user_id, now=now),
        values=request.values, items=items, report=report, kinds={kind: _(text) for kind, text in KINDS.items()},
        first=page_day().isoformat(), problem=error.message if error else "",
    )  # fmt: skip
    return page, error.status if error else 200
