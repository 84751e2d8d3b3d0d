"""How long tokens stay at each element of a route and how often they come back (docs/domain.md §3.7).

Lengths are working days: those after the day of arrival up to and including the day of leaving, none on the same day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from workflow_service.domain.working_calendar import WorkingCalendar

HEAT_FROM = (1, 3, 6, 11)
"""The median, in working days, from which an element has heat 1, 2, 3, 4."""
_HALF, _NINE_TENTHS = 50, 90


@dataclass(frozen=True)
class Stay:
    """So many tokens arrived at an element on one day and left it on another."""

    element_id: str
    arrived_on: date
    left_on: date
    number: int = 1


@dataclass(frozen=True)
class ElementTimes:
    """How long tokens stayed at one element; `median` and `ninth` (nine in ten stayed no longer) in working days.

    `stayed` tokens were counted, `here` are still there, `again` came to it once more in the same run, `returned` of these
    because somebody sent the matter back.
    """

    element_id: str
    stayed: int = 0
    median: int = 0
    ninth: int = 0
    here: int = 0
    again: int = 0
    returned: int = 0

    @property
    def heat(self) -> int:
        """From 0 (within the day) to 4 (more than two weeks), by the median."""
        return sum(self.median >= limit for limit in HEAT_FROM)


def element_times(
    stays: Iterable[Stay], calendar: WorkingCalendar, *, here: Mapping[str, int], again: Mapping[str, int],
    returned: Mapping[str, int],
) -> list[ElementTimes]:  # fmt: skip
    """Give the times of each element at which a token stayed or stands, the slowest first."""
    lengths: dict[str, dict[int, int]] = {}
    for stay in stays:
        of_element = lengths.setdefault(stay.element_id, {})
        days = max(0, calendar.working_days_between(stay.arrived_on, stay.left_on))
        of_element[days] = of_element.get(days, 0) + stay.number
    found = [
        ElementTimes(
            element, sum(counted.values()), percentile(counted, _HALF), percentile(counted, _NINE_TENTHS),
            here.get(element, 0), again.get(element, 0), returned.get(element, 0),
        )
        for element, counted in {**{each: {} for each in here}, **lengths}.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.median, -one.ninth, -one.stayed, one.element_id))


def percentile(counted: Mapping[int, int], share: int) -> int:
    """The value that `share` per cent of the counted values do not exceed (nearest rank), 0 of none."""
    wanted = -(-sum(counted.values()) * share // 100)
    seen = 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= wanted:
            return value
    return 0
