"""When a message to a person may leave: not in his quiet hours, and with the others of the day where he wants one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class TellingHours:
    """What a person chose, in minutes of the day: quiet from … until (over midnight if the end is not later), and his digest.

    None: no quiet hours, every message by itself.
    """

    quiet_from: int | None = None
    quiet_until: int | None = None
    digest_at: int | None = None


AT_ONCE = TellingHours()


def leaves_at(created_at: datetime, now: datetime, hours: TellingHours, zone: ZoneInfo) -> datetime:
    """Give the first moment from `now` on at which a message of `created_at` may leave (all aware).

    A digest gathers what came since the one before; quiet hours hold back whatever is due in them, digests too.
    """
    moment = now if hours.digest_at is None else max(now, _next(created_at, hours.digest_at, zone))
    if hours.quiet_from is None or hours.quiet_until is None or not _is_quiet(moment, hours, zone):
        return moment
    return _next(moment, hours.quiet_until, zone)


def _is_quiet(moment: datetime, hours: TellingHours, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    minute, begins, ends = local.hour * 60 + local.minute, hours.quiet_from or 0, hours.quiet_until or 0
    return begins <= minute < ends if begins < ends else minute >= begins or minute < ends


def _next(moment: datetime, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment at this minute of the day that is not before another."""
    today = _at(moment.astimezone(zone).date(), minute, zone)
    return today if today >= moment else _at(moment.astimezone(zone).date() + timedelta(days=1), minute, zone)


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), zone)
