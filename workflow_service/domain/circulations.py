"""Why something is sent round to be read, and who gets it when; reading blocks nothing."""

from __future__ import annotations

from collections.abc import Sequence

from workflow_service.domain.words import N_, Labelled


class CirculationKind(Labelled):
    """What the reader is asked for."""

    COPY = "copy", N_("抄送")
    READ = "read", N_("阅知")
    ACT = "act", N_("阅办")
    TICK = "tick", N_("圈阅")
    RECEIPT = "receipt", N_("签收")

    @property
    def asks_for_words(self) -> bool:
        """Whether reading alone is not enough: what was done about it has to be said."""
        return self is CirculationKind.ACT

    @property
    def is_read_by_opening(self) -> bool:
        """Whether opening it is enough; the others are ticked, signed or answered."""
        return self in (CirculationKind.COPY, CirculationKind.READ)


def due_turns(in_order: bool, read: Sequence[bool]) -> range:
    """Which readers have it by now: all at once, or in order those up to the first who has not read it."""
    if not in_order:
        return range(len(read))
    return range(next((turn + 1 for turn, done in enumerate(read) if not done), len(read)))
