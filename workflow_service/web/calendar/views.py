"""The year at a glance; entering days, taking them back, confirming a year by the State Council's notice."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from workflow_service.domain.days import read_day, require_in_reach
from workflow_service.domain.errors import InvalidInput
from workflow_service.i18n import N_, _
from workflow_service.services import calendar_days
from workflow_service.services.calendar_days import ExceptionalDay
from workflow_service.services.calendar_effects import effect_of
from workflow_service.services.calendar_import import LARGEST_BYTES, read_notice, write_days

from ..current import (
    page_actor,
    page_calendar,
    page_day,
    page_now,
    page_session,
    require_sign_in,
    transaction,
)
from ..downloads import download

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar", template_folder="templates")
blueprint.before_request(require_sign_in)

MOST_SHOWN = 50
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


@blueprint.get("/<int:year>.csv")
def export(year: int) -> Response:
    """The days of a year as csv, to be edited and read again."""
    require_in_reach(year)
    return download(write_days(calendar_days.days_of_year(page_session(), year)), f"calendar-{year}.csv")


@blueprint.post("/preview")
def preview() -> ResponseReturnValue:
    """What a change moves, before it is saved: of one day, of a notice as csv, or of an entry that is taken back."""
    calendar_days.require_manager(page_session(), page_actor())
    forgotten = _day(request.form["forget"]) if "forget" in request.form else None
    days = {} if forgotten else _days_given()
    effect = effect_of(page_session(), days, forgotten=(forgotten,) if forgotten else (), now=page_now())
    known = page_calendar()
    return render_template(
        "calendar/preview.html", effect=effect, forgotten=forgotten, kinds={worked: _(text) for worked, text in KINDS.items()},
        days=[(day, worked, name, known.is_working_day(day) != worked) for day, (worked, name) in sorted(days.items())],
        notice=request.form.get("notice", ""), shown=MOST_SHOWN, year=forgotten.year if forgotten else max(days).year,
    )  # fmt: skip


def _days_given() -> dict[date, tuple[bool, str]]:
    """The days of an uploaded notice, else of the lines of the form, else its one day."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return read_notice(sent.stream.read(LARGEST_BYTES + 1))
    if request.form.get("rows"):
        return read_notice(request.form["rows"].encode())
    return {_day(request.form.get("day", "")): (request.form.get("kind") == "work", request.form.get("name", "").strip())}


@blueprint.post("")
def enter() -> ResponseReturnValue:
    """Enter one day or those of a notice, which confirms the year by its number."""
    days, notice = _days_given(), request.form.get("notice", "").strip()
    move, year = request.form.get("move") == "1", max(days).year
    with transaction() as session:
        calendar_days.set_days(session, page_actor(), days, now=page_now(), move=move)
        if notice and not calendar_days.is_settled(session, year):
            calendar_days.confirm_year(session, page_actor(), year, notice, now=page_now())
    flash(_("已保存，时限已随之调整。") if move else _("已保存。已定的时限不变，新的时限按新日历计算。"))
    return redirect(url_for("calendar.index", year=year))


@blueprint.post("/forget")
def forget() -> ResponseReturnValue:
    """Take an entry back."""
    day, move = _day(request.form.get("day", "")), request.form.get("move") == "1"
    with transaction() as session:
        calendar_days.forget_day(session, page_actor(), day, now=page_now(), move=move)
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
