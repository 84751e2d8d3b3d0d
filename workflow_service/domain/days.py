"""Days as people name them: within the years that plans can be about, so that every sum with them stays a date."""

from __future__ import annotations

from datetime import date

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.words import N_

FIRST_YEAR, LAST_YEAR = 1949, 2200


class OutOfReach(InvalidInput):
    """A day before 1949 or after 2200 is a slip of the pen."""

    code = "date_out_of_reach"
    text = N_("日期应在 1949 年至 2200 年之间")


def require_in_reach(year: int) -> None:
    """Raise OutOfReach for a year that no date of the service lies in."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutOfReach()


def read_day(text: str) -> date:
    """Read `2021-06-30`; raises ValueError for another form or a day that does not exist, OutOfReach for a far one."""
    day = date.fromisoformat(text)
    require_in_reach(day.year)
    return day
