"""Runs of the rhythms as their page lists them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .supervision import RhythmRun


def runs_of(session: Session, rhythm: str, *, limit: int) -> Sequence[RhythmRun]:
    """Give the last runs of a rhythm and of what follows from it, the newest first."""
    wanted = or_(RhythmRun.rhythm == rhythm, RhythmRun.rhythm.startswith(f"{rhythm}_"))
    newest = RhythmRun.claimed_at.desc(), RhythmRun.due_at.desc(), RhythmRun.rhythm, RhythmRun.period.desc()
    return session.scalars(select(RhythmRun).where(wanted).order_by(*newest).limit(limit)).all()
