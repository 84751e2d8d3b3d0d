"""Absence (请假、出差、学习、外出): one's own, and for administrators that of a person, with a substitute for the same days."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from workflow_service.domain.absences import AbsenceKind
from workflow_service.domain.errors import InvalidInput, TongchouError
from workflow_service.i18n import N_, _
from workflow_service.services import absences, candidates, substitutions
from workflow_service.services import people as use
from workflow_service.services.absences import AbsenceAsked
from workflow_service.services.substitutions import SubstituteAsked

from ..current import page_actor, page_day, page_now, page_session
from .blueprint import attempt, blueprint, given_day

ONE_DAY = timedelta(days=1)


@blueprint.route("/me/absences", methods=["GET", "POST"], endpoint="absences")
def own_absences() -> ResponseReturnValue:
    """When I am away."""
    user_id = int(page_actor().user_id or 0)
    return _page(user_id) if request.method == "GET" else _enter(user_id)


@blueprint.route("/<int:user_id>/absences", methods=["GET", "POST"])
def absences_of(user_id: int) -> ResponseReturnValue:
    """The same for a person, by his administrator."""
    use.person_to_manage(page_session(), page_actor(), user_id, now=page_now())
    return _page(user_id) if request.method == "GET" else _enter(user_id)


@blueprint.post("/absences/<int:absence_id>/end")
def end_absence(absence_id: int) -> ResponseReturnValue:
    """The person is there again from today on."""
    found, error = attempt(lambda writing: absences.end_absence(writing, page_actor(), absence_id, now=page_now()).user_id)
    flash(_("已结束，从今天起照常督促。") if error is None else error.message)
    return redirect(_home(found) if found is not None else url_for("people.absences"))


def _enter(user_id: int) -> ResponseReturnValue:
    def change(writing: Session) -> int:
        asked = _asked(user_id)
        found = absences.enter_absence(writing, page_actor(), asked, now=page_now()).id
        if (substitute := _substitute(asked)) is not None:
            substitutions.name_substitute(writing, page_actor(), substitute, now=page_now())
        return found

    _absence, error = attempt(change)
    if error is not None:
        return _page(user_id, error)
    flash(_("已登记，并已授权代办人，双方都会收到通知。") if request.form.get("substitute") else _("已登记。"))
    return redirect(_home(user_id))


def _home(user_id: int) -> str:
    own = user_id == page_actor().user_id
    return url_for("people.absences") if own else url_for("people.absences_of", user_id=user_id)


def _asked(user_id: int) -> AbsenceAsked:
    first, last = given_day("since"), given_day("last")
    if first is None or last is None:
        raise InvalidInput(N_("请选择起止日期。"))
    return AbsenceAsked(user_id, request.form.get("kind", ""), first, last, request.form.get("remark", ""))


def _substitute(asked: AbsenceAsked) -> SubstituteAsked | None:
    """Who is to act meanwhile, on all routes; None where nobody was chosen."""
    chosen = request.form.get("substitute", "")
    if not chosen.isdecimal():
        return None
    since = max(asked.since, page_day())
    return SubstituteAsked(asked.user_id, int(chosen), since, asked.last + ONE_DAY, (), request.form.get("may_decide") == "1")


def _page(user_id: int, error: TongchouError | None = None) -> ResponseReturnValue:
    session, actor, now = page_session(), page_actor(), page_now()
    page = render_template(
        "people/absences.html",
        person=use.myself(session, actor) if user_id == actor.user_id else use.person_to_see(session, actor, user_id, now=now),
        own=user_id == actor.user_id,
        found=absences.absences_of(session, actor, user_id, now=now),
        grants=[
            one for one in substitutions.grants_of(session, actor, user_id, now=now)
            if one.grant.principal_id == user_id and one.state != "over"
        ],
        kinds=[(one.value, one.label) for one in AbsenceKind],
        people=candidates.colleague_ids(session, user_id, now=now),
        typed=request.form,
        first=page_day().isoformat(),
        one_day=ONE_DAY,
        problem=error.message if error else "",
    )  # fmt: skip
    return page, error.status if error else 200
