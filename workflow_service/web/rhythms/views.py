"""One page a rhythm: the next ten runs, the runs of the past, settings, and a run by hand."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.documents import BulletinForm
from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.domain.plans import Route
from workflow_service.domain.rhythms import Rhythm
from workflow_service.i18n import N_, _
from workflow_service.identity import policy
from workflow_service.jobs.tasks import defer_run
from workflow_service.services import bulletin_numbers, lights, rhythm_by_hand, rhythm_settings, rhythms
from workflow_service.services.rhythm_settings import RhythmChoice
from workflow_service.store import people_queries, plan_list, rhythm_list

from ..current import page_actor, page_now, page_session, require_sign_in, transaction
from ..formats import deadline_settings
from ..listing import PAGE_ROWS
from ..rights import require
from ..words import WEEKDAYS

blueprint = Blueprint("rhythms", __name__, url_prefix="/rhythms", template_folder="templates")
blueprint.before_request(require_sign_in)

SHOWN = 10
OFFERED_WEEKDAYS = rhythm_settings.LAST_WEEKDAY + 1


@blueprint.get("", defaults={"rhythm": Rhythm.DAILY.value})
@blueprint.get("/<any(daily, weekly, ten_day):rhythm>")
def show(rhythm: str) -> ResponseReturnValue:
    """One rhythm."""
    require("rhythm.see")
    return _page(Rhythm(rhythm))


def _page(shown: Rhythm, problem: TongchouError | None = None) -> ResponseReturnValue:
    """The page of a rhythm, with what was refused said on it."""
    session, actor = page_session(), page_actor()
    runs = rhythm_list.runs_of(session, shown.value, limit=PAGE_ROWS)
    page = render_template(
        "rhythms/show.html",
        problem=problem.message if problem else "",
        rhythm=shown,
        rhythms=tuple(Rhythm),
        choice=rhythm_settings.choice(session, shown),
        lights=deadline_settings(),
        coming=rhythms.coming_runs(session, shown, now=page_now(), count=SHOWN),
        runs=runs,
        served=rhythm_by_hand.served(session, runs),
        manages=rhythm_settings.may_set(session, actor),
        runs_by_hand=rhythm_by_hand.may_run(actor),
        units=plan_list.lead_units(session, policy.areas_of_role(actor, policy.SUPERVISOR)),
        posts=_posts(page_session()),
        roles=policy.ROLES,
        forms=tuple(BulletinForm),
        template=bulletin_numbers.TEMPLATES[rhythm_settings.choice(session, Rhythm.TEN_DAY).form],
        without_code=bulletin_numbers.without_code(session) if shown is Rhythm.TEN_DAY else [],
        routes=[(route.value, route.label) for route in Route],
        weekdays=[(number, _(text)) for number, text in enumerate(WEEKDAYS[:OFFERED_WEEKDAYS])],
    )
    return page, problem.status if problem else 200


@blueprint.post("/<any(daily, weekly, ten_day):rhythm>")
def choose(rhythm: str) -> ResponseReturnValue:
    """Set one rhythm."""
    form = request.form
    try:
        asked = RhythmChoice(
            starts_at=_time(form.get("starts_at", "")), weekday=_number(form.get("weekday")),
            posts=tuple(form.getlist("post")), roles=tuple(form.getlist("role")),
            superior_after=_number(form.get("superior_after")), form=_form(form.get("form")),
        )  # fmt: skip
        with transaction() as session:
            rhythm_settings.set_rhythm(session, page_actor(), Rhythm(rhythm), asked, on=form.get("on") == "1", now=page_now())
    except (InvalidInput, Conflict) as error:
        return _page(Rhythm(rhythm), error)
    flash(_("已保存，从下一次运行起生效。"))
    return redirect(url_for("rhythms.show", rhythm=rhythm))


@blueprint.post("/lights")
def set_lights() -> ResponseReturnValue:
    """Set from how many working days on the light is amber, and after how many black."""
    try:
        amber, black = _number(request.form.get("amber")), _number(request.form.get("black"))
        with transaction() as session:
            lights.set_limits(session, page_actor(), amber, black, now=page_now())
    except (InvalidInput, Conflict) as error:
        return _page(Rhythm.DAILY, error)
    flash(_("灯色已从今天起调整，此前各日仍按原来的标准。"))
    return redirect(url_for("rhythms.show"))


@blueprint.post("/<any(daily, weekly, ten_day):rhythm>/run")
def run(rhythm: str) -> ResponseReturnValue:
    """Run a rhythm by hand for one unit or one route; a worker does what is to be done."""
    kind, _separator, code = request.form.get("scope", "").partition(":")
    try:
        with transaction() as session:
            claimed = rhythm_by_hand.run_by_hand(session, page_actor(), Rhythm(rhythm), kind, code, now=page_now())
            defer_run(session, *claimed)
    except (InvalidInput, Conflict) as error:
        return _page(Rhythm(rhythm), error)
    flash(_("已开始运行，结果见下方记录。"))
    return redirect(url_for("rhythms.show", rhythm=rhythm))


def _posts(session: Session) -> list[tuple[str, str]]:
    """The kinds of posts that exist, each by the name that most units give it."""
    return people_queries.post_kinds(session, None)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(N_("时间应写作 09:00 这样。")) from error


def _form(text: str | None) -> BulletinForm:
    """The form of bulletins; a page that does not ask for it leaves it as delivered."""
    try:
        return BulletinForm(text or BulletinForm.BRIEFING)
    except ValueError as error:
        raise InvalidInput(N_("请选择通报的形式。")) from error


def _number(text: Any) -> int:
    try:
        return int(text or 0)
    except ValueError as error:
        raise InvalidInput(N_("“%(text)s”不是整数。"), text=text) from error
