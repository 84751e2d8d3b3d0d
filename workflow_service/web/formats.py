"""How moments, days, sizes and lights are written on the pages. Moments are shown in China's legal time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import g

from workflow_service.domain.deadlines import CHINA, DeadlineSettings, Light, read_day_light, read_light
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.i18n import N_, _, current_language
from workflow_service.services.lights import limits_on
from workflow_service.store.plans import Plan

from .current import page_calendar, page_day, page_now, page_session
from .words import WEEKDAYS, word

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KIB = 1024
LIGHT_WORDS = {light.value: light.word for light in Light}


@dataclass(frozen=True)
class LightReading:
    """What the light macro draws: the colour, the sentence beside it and the day below."""

    light: str
    words: str
    due_at: datetime | date | None


def zone() -> ZoneInfo:
    """The government's zone."""
    return CHINA


def local(moment: datetime) -> datetime:
    """`moment` in the government's zone."""
    return moment.astimezone(zone())


def today() -> date:
    """The business day of this request."""
    return page_day()


def day(value: date | datetime | None, *, with_year: bool = False) -> str:
    """A day as 11月20日 (2025年11月20日 in another year); 20 Nov in English; a dash for none."""
    if value is None:
        return "—"
    plain = local(value).date() if isinstance(value, datetime) else value
    year = with_year or plain.year != today().year
    if current_language() == "en":
        return f"{plain.day} {_MONTHS[plain.month - 1]}" + (f" {plain.year}" if year else "")
    return (f"{plain.year}年" if year else "") + f"{plain.month}月{plain.day}日"


def full_day(value: date | datetime | None) -> str:
    """A day with its year."""
    return day(value, with_year=True)


def moment(value: datetime | None) -> str:
    """A moment as 今天 09:12, 昨天 17:40 or 11月20日 10:12."""
    if value is None:
        return "—"
    then = local(value)
    near = {today(): N_("今天"), today() - timedelta(days=1): N_("昨天")}.get(then.date())
    return f"{_(near) if near else day(then)} {then:%H:%M}"


def weekday_word(value: datetime) -> str:
    """The day of the week, as 周六."""
    return _(WEEKDAYS[local(value).weekday()])


def clock_time(value: datetime) -> str:
    """The time of day, as 10:42."""
    return f"{local(value):%H:%M}"


def iso(value: datetime | date | None) -> str:
    """The machine-readable form for a time element."""
    return value.isoformat() if value else ""


def file_size(size: int) -> str:
    """Bytes as 640 B, 38 KB or 2.1 MB."""
    if size < _KIB:
        return f"{size} B"
    if size < _KIB * _KIB:
        return f"{size / _KIB:.0f} KB"
    return f"{size / _KIB / _KIB:.1f} MB"


def percent(part: int, whole: int) -> str:
    """A share with one decimal, as 98.3 %; a dash without a whole."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


def count_words(count: int, limit: int = 1000) -> str:
    """A count that is exact up to `limit`, and 1,000+ beyond."""
    return f"{limit:,}+" if count > limit else f"{count:,}"


def task_light(
    due_at: datetime | None, waiting: bool = False, paused_for: str = "", calendar: WorkingCalendar | None = None
) -> LightReading:
    """The light of a task due at `due_at`; grey while it waits for somebody else's calendar, or while its clock stands."""
    if paused_for:
        return LightReading(Light.GREY, word(paused_for, "pause"), due_at)
    if waiting:
        return LightReading(Light.GREY, _("暂停计时"), due_at)
    reading = read_light(due_at, page_now(), calendar or page_calendar(), deadline_settings())
    if reading is None:
        return LightReading("none", _("无时限"), None)
    return LightReading(str(reading.light), str(reading.words), due_at)


_RULE = re.compile(r"(\d+) (working|calendar) days?")


def deadline_rule_words(rule: str) -> str:
    """How a deadline was reckoned: 5 working days as 收到次日起 5 个工作日."""
    if rule == "by hand":
        return _("人工设定")
    found = _RULE.fullmatch(rule)
    if found and found[2] == "working":
        return _("收到次日起 %(days)s 个工作日", days=found[1])
    if found:
        return _("收到次日起 %(days)s 天", days=found[1])
    try:
        return _("按规定日期：%(day)s", day=day(datetime.fromisoformat(rule)))
    except ValueError:
        return rule or "—"


_THIRDS = {"D1": N_("上旬"), "D2": N_("中旬"), "D3": N_("下旬")}


def period_words(period: str) -> str:
    """A ten-day period `2021-06-D1` as 2021年6月上旬; anything else as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(D[123])", period)
    if not found:
        return period
    year, month, third = found.groups()
    return _("%(year)s年%(month)s月%(third)s", year=year, month=int(month), third=_(_THIRDS[third]))


def plan_light(plan: Plan) -> LightReading:
    """The light of a whole plan: by its due date while it is being written; none once issued or out of the catalogue."""
    if plan.issued_on or plan.status == "issued":
        return LightReading("none", _("已印发"), plan.issued_on)
    if plan.paused_for:
        return LightReading(Light.GREY, word(plan.paused_for, "pause"), plan.due_on)
    if plan.due_on is None or plan.status != "active":
        return LightReading(
            "none",
            word(plan.status, "plan_status") if plan.status != "active" else _("未定时限"),
            plan.due_on,
        )
    reading = read_day_light(plan.due_on, page_now(), page_calendar(), deadline_settings())
    return LightReading(str(reading.light), str(reading.words), plan.due_on) if reading else task_light(None)


def deadline_settings() -> DeadlineSettings:
    """The zone and the limits of the lights on this business day."""
    if "lights" not in g:
        g.lights = replace(limits_on(page_session(), page_day()), zone=zone())
    lights: DeadlineSettings = g.lights
    return lights


def days_late(due_on: date | None, done_on: date | None = None) -> int:
    """Working days by which something is late on the business day; 0 if it is not."""
    if due_on is None:
        return 0
    return max(0, page_calendar().working_days_between(due_on, done_on or today()))


FILTERS = {
    "day": day,
    "full_day": full_day,
    "moment": moment,
    "clock_time": clock_time,
    "iso": iso,
    "file_size": file_size,
    "count_words": count_words,
}
GLOBALS = {
    "period_words": period_words,
    "plan_light": plan_light,
    "percent": percent,
    "task_light": task_light,
    "light_words": LIGHT_WORDS,
    "today": today,
    "days_late": days_late,
    "weekday_word": weekday_word,
}
