"""One's own page of how one is told: channels by kind, quiet hours, one message a day, a robot; and what was sent."""

from __future__ import annotations

import re

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.domain.notices import TellingHours
from workflow_service.i18n import N_, _
from workflow_service.services import notice_choices, notices, people
from workflow_service.services.notice_choices import CHANNELS, KINDS, Telling

from ..current import page_actor, page_now, page_session
from .blueprint import attempt, blueprint, given

TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@blueprint.route("/me/notices", methods=["GET", "POST"])
def telling() -> ResponseReturnValue:
    """How I am told, and what was sent to me lately."""
    if request.method == "GET":
        return _page(notice_choices.telling_of(page_session(), page_actor()))
    try:
        wanted = _given_telling()
    except InvalidInput as wrong:
        return _page(notice_choices.telling_of(page_session(), page_actor()), wrong)
    _kept, error = attempt(lambda writing: notice_choices.set_telling(writing, page_actor(), wanted, now=page_now()))
    if error is not None:
        return _page(wanted, error)
    flash(_("已保存。"))
    return redirect(url_for("people.telling"))


@blueprint.post("/me/notices/try")
def try_out() -> ResponseReturnValue:
    """Send a message to myself."""
    attempt(lambda writing: notice_choices.try_out(writing, page_actor(), now=page_now()))
    flash(_("测试消息已发出，稍后在下面看对方的回答。"))
    return redirect(url_for("people.telling"))


def _given_telling() -> Telling:
    channels = {kind: [one for one in CHANNELS if f"{kind}:{one}" in request.form] for kind in KINDS}
    quiet = request.form.get("quiet") == "1"
    begins, ends = (_minute(name) if quiet else None for name in ("quiet_from", "quiet_until"))
    digest = _minute("digest_at") if request.form.get("digest") == "1" else None
    return Telling(channels, TellingHours(begins, ends, digest), given("robot_address")["robot_address"])


def _minute(name: str) -> int:
    found = TIME.fullmatch(request.form.get(name, ""))
    if found is None:
        raise InvalidInput(N_("请按 08:30 的样子填写时间。"), field=name)
    return int(found[1]) * 60 + int(found[2])


def _page(wanted: Telling, error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor = page_session(), page_actor()
    user = people.myself(session, actor)
    wired = notices.wired(session)
    lacks = {
        "email": "" if user.email else _("您还没有填写邮箱"), "sms": "" if user.mobile else _("您还没有填写手机"), "robot": "",
    }  # fmt: skip
    page = render_template(
        "people/telling.html", wanted=wanted, kinds=KINDS, channels=[one for one in CHANNELS if one in wired], lacks=lacks,
        hosts=notice_choices.allowed_hosts(session), sent=notice_choices.own_deliveries(session, actor), clock=_clock,
        problem=error.message if error else "",
    )  # fmt: skip
    return page, error.status if error else 200


def _clock(minute: int | None, otherwise: str) -> str:
    return otherwise if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"
