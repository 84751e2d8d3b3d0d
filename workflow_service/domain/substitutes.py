"""Who may stand in for whom without a circle (授权代办): what A leaves to B never comes back to A, over others neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Grant:
    """`substitute` acts for `principal` from `since` until before `until` (business dates)."""

    principal: int
    substitute: int
    since: date
    until: date

    def overlaps(self, other: Grant) -> bool:
        """Whether there is a day on which both hold."""
        return self.since < other.until and other.since < self.until

    def is_of(self, other: Grant) -> bool:
        """Whether it is between the same two people, the same way."""
        return (self.principal, self.substitute) == (other.principal, other.substitute)

    def within(self, other: Grant) -> Grant:
        """The same grant, cut to the days on which the other holds too."""
        return Grant(self.principal, self.substitute, max(self.since, other.since), min(self.until, other.until))


def circle_through(wanted: Grant, running: Sequence[Grant]) -> bool:
    """Whether the wanted grant closes a circle on some day: from its substitute a chain of grants leads back to its principal."""
    reached = [wanted]
    seen: set[Grant] = set()
    while reached:
        last = reached.pop()
        for one in running:
            if one.principal != last.substitute or not one.overlaps(last):
                continue
            if one.substitute == wanted.principal:
                return True
            chained = one.within(last)
            if chained not in seen:
                seen.add(chained)
                reached.append(chained)
    return False
