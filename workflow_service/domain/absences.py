"""Absence (请假、出差、学习、外出): from a first to a last day, both included, and how it is said (docs/domain.md §3.4)."""

from __future__ import annotations

from datetime import date

from workflow_service.domain.words import N_, Labelled, Phrase


class AbsenceKind(Labelled):
    """Why a person is not at his desk."""

    LEAVE = "leave", N_("请假")
    TRIP = "trip", N_("出差")
    TRAINING = "training", N_("学习")
    OTHER = "other", N_("外出")


def away_words(kind: AbsenceKind, last: date, people: int = 1) -> Phrase:
    """How a superior is told that nobody is there for a task: the one who holds it, or all `people`, the first until `last`."""
    if people == 1:
        return Phrase(N_("本人%(kind)s至 %(day)s"), {"kind": kind, "day": last})
    return Phrase(N_("%(count)d 位办理人都不在岗，最早 %(day)s 后回岗"), {"count": people, "day": last})
