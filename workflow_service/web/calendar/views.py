"""The year at a glance; entering days, taking them back, confirming a year by the State Council's notice."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day, require_in_reach
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _
from workflow_service.services import calendar_days
from workflow_service.services.calendar_days import ExceptionalDay

from ..current import (
    page_actor,
    page_calendar,
    page_day,
    page_now,
    page_session,
    require_sign_in,
    transaction,
)

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar", template_folder="templates")
blueprint.before_request(require_sign_in)

KINDS = {True: N_("调休上班"), False: N_("放假")}


@dataclass(frozen=True)
class Shown:
    """One day of the year's picture; `tone` is off, work, rest or plain, `outside` the month it stands in."""

    day: date
    tone: str
    name: str
    outside: bool


@blueprint.get("")
def index() -> ResponseReturnValue:
    """A year at a glance."""
    year = request.args.get("year", type=int) or page_day().year
    require_in_reach(year)
    days = calendar_days.days_of_year(page_session(), year)
    known = {one.day: one for one in days}
    settled = calendar_days.is_settled(page_session(), year)
    months = [[[_shown(day, month, known) for day in week] for week in _weeks(year, month)] for month in range(1, 13)]
    return render_template(
        "calendar/index.html", year=year, months=months, days=days, settled=settled,
        can_be_estimated=not settled and year >= page_day().year,
        manages=calendar_days.may_manage(page_session(), page_actor()),
        kinds=[("off", _(KINDS[False])), ("work", _(KINDS[True]))],
    )  # fmt: skip


def _weeks(year: int, month: int) -> list[list[date]]:
    return Calendar(firstweekday=0).monthdatescalendar(year, month)


def _shown(day: date, month: int, known: dict[date, ExceptionalDay]) -> Shown:
    found = known.get(day)
    if found is not None:
        return Shown(day, "work" if found.working else "off", found.name, day.month != month)
    return Shown(day, "plain" if page_calendar().is_working_day(day) else "rest", "", day.month != month)


@blueprint.post("")
def enter() -> ResponseReturnValue:
    """Enter one day as off or worked."""
    day, worked = _day(request.form.get("day", "")), request.form.get("kind") == "work"
    with transaction() as session:
        calendar_days.set_days(session, page_actor(), {day: (worked, request.form.get("name", ""))}, now=page_now())
    flash(_("已保存。已定的时限不变，新的时限按新日历计算。"))
    return redirect(url_for("calendar.index", year=day.year))


@blueprint.post("/forget")
def forget() -> ResponseReturnValue:
    """Take an entry back."""
    day = _day(request.form.get("day", ""))
    with transaction() as session:
        calendar_days.forget_day(session, page_actor(), day, now=page_now())
    flash(_("已撤销，按已公布的安排计算。"))
    return redirect(url_for("calendar.index", year=day.year))


@blueprint.post("/<int:year>/<any(estimate, confirm):what>")
def settle(year: int, what: str) -> ResponseReturnValue:
    """Estimate the days of a year without a notice, or confirm them by its number."""
    require_in_reach(year)
    with transaction() as session:
        if what == "estimate":
            count = calendar_days.estimate_year(session, page_actor(), year, now=page_now())
            flash(_("已预估 %(count)s 天，待通知公布后确认。", count=count))
        else:
            notice = request.form.get("notice", "")
            count = calendar_days.confirm_year(session, page_actor(), year, notice, now=page_now())
            flash(_("已确认 %(count)s 天。", count=count))
    return redirect(url_for("calendar.index", year=year))


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise InvalidInput(N_("请选择日期。")) from error
