"""The three rhythms as runs: claimed once whoever asks, done in chunks that can be resumed (docs/domain.md §3.4 to §3.6).

A run is a row of `rhythm_run`; its primary key lets one scheduler claim a period. The weekly rhythm has two follow-ups with
rows of their own: naming who is late, and the ledger. `advance` does one chunk in the caller's transaction; the row's cursor
says where the next one goes on, so a run that was killed is finished by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.errors import InvalidInput
from workflow_service.domain.rhythm_reasons import reasons_of
from workflow_service.domain.rhythms import (
    LONGEST_SHIFT,
    Rhythm,
    Run,
    day_period,
    is_caught_up,
    period_of,
    previous_period,
    runs_between,
    runs_due,
    upcoming_runs,
)
from workflow_service.domain.words import Phrase
from workflow_service.domain.working_calendar import WorkingCalendar
from workflow_service.i18n import N_
from workflow_service.store.database import Database
from workflow_service.store.supervision import RhythmRun

from . import audit, bulletins, digests, weekly, weekly_ledgers
from .calendars import SETTINGS, working_calendar
from .context import Actor
from .rhythm_scope import BY_HAND, Scope, scope_of
from .rhythm_settings import Configured, activate, configured, deactivate

LONGEST_PAUSE_SECONDS = 3600
AGAIN = "#"
WEEKLY_LATE, WEEKLY_LEDGER = "weekly_late", "weekly_ledger"

Work = Callable[..., int | None]
WORK: Mapping[str, Work] = {
    Rhythm.DAILY.value: digests.send_digests,
    Rhythm.WEEKLY.value: weekly.ask_for_reports,
    WEEKLY_LATE: weekly.name_late_units,
    WEEKLY_LEDGER: weekly_ledgers.send_ledger,
    Rhythm.TEN_DAY.value: bulletins.start_bulletins,
}


def claim_due(session: Session, *, now: datetime, catch_up: int | None = None) -> list[tuple[str, str]]:
    """Claim every run that is due and that nobody has claimed; gives the (rhythm, period) rows to be worked on.

    `catch_up`: how many weekly and ten-day periods are made up for after downtime (None: three).
    """
    setup, calendar = configured(session), working_calendar(session)
    if catch_up is not None:
        periods = {Rhythm.DAILY: 1, Rhythm.WEEKLY: max(catch_up, 1), Rhythm.TEN_DAY: max(catch_up, 1)}
        setup = replace(setup, settings=replace(setup.settings, catch_up_periods=periods))
    claimed: list[tuple[str, str]] = []
    for rhythm, activated_at in setup.activated.items():
        for run in runs_due(rhythm, activated_at, now, _claimed(session, rhythm), calendar, setup.settings):
            claimed += claim(session, run, now=now, caught_up=is_caught_up(run, now, setup.settings))
    return claimed


def claim(session: Session, run: Run, *, now: datetime, caught_up: bool = False) -> list[tuple[str, str]]:
    """Claim the periods of a run; whoever is second gets what is left of it, usually nothing."""
    run = _with_time_to_answer(run, now, working_calendar(session))
    rows = [_row(run, key, now, caught_up) for key in run.period_keys]
    statement = insert(RhythmRun).on_conflict_do_nothing(index_elements=["rhythm", "period"])
    won = set(session.scalars(statement.returning(RhythmRun.period), rows))
    if run.period_key not in won:
        return []
    follow_ups = _follow_ups(run, now, caught_up)
    if follow_ups:
        session.execute(statement, follow_ups)
    return [(run.rhythm.value, run.period_key)]


def claim_by_hand(
    session: Session, run: Run, scope: Scope, by: Mapping[str, Any], *, now: datetime
) -> tuple[str, str] | None:  # fmt: skip
    """Claim a run for a part only, a later one of the same part under a key with a serial; None where somebody claims it at this
    moment.

    What follows a weekly run (naming the late, the ledger) is claimed with it, for those who supervise that part.
    """
    run = _with_time_to_answer(run, now, working_calendar(session))
    key = _next_key(session, run.rhythm, scope.key_of(run.period_key))
    facts = _facts(run) | {"scope": scope.plain(), "by": dict(by)}
    row = _row(run, run.period_key, now, False) | {"period": key, "due_at": now, "figures": facts}
    statement = insert(RhythmRun).on_conflict_do_nothing(index_elements=["rhythm", "period"])
    won = set(session.scalars(statement.returning(RhythmRun.period), [row]))
    if key not in won:
        return None
    if follow_ups := [one | {"period": key, "figures": facts} for one in _follow_ups(run, now, False)]:
        session.execute(statement, follow_ups)
    return run.rhythm.value, key


def is_under_way(session: Session, run: Run, scope: Scope) -> bool:
    """Whether a run's period is claimed and not finished, by hand for a part or, but for a bulletin, for everybody."""
    key = scope.key_of(run.period_key)
    keys = (key,) if run.rhythm is Rhythm.TEN_DAY else (run.period_key, key)
    same = or_(RhythmRun.period.in_(keys), RhythmRun.period.startswith(f"{key}{AGAIN}", autoescape=True))
    open_runs = RhythmRun.rhythm == run.rhythm.value, RhythmRun.finished_at.is_(None), same
    return session.scalar(select(exists().where(*open_runs))) is True


def _next_key(session: Session, rhythm: Rhythm, key: str) -> str:
    """The key of the next run of a part: the first has none, the second the serial 2."""
    former = or_(RhythmRun.period == key, RhythmRun.period.startswith(f"{key}{AGAIN}", autoescape=True))
    count = select(func.count()).select_from(RhythmRun).where(RhythmRun.rhythm == rhythm.value, former)
    serial = (session.scalar(count) or 0) + 1
    return key if serial == 1 else f"{key}{AGAIN}{serial}"


def unfinished(session: Session, *, now: datetime) -> list[tuple[str, str]]:
    """Give the claimed runs whose time has come and that are not finished, oldest first; not those put off until later."""
    waiting = select(RhythmRun).where(RhythmRun.finished_at.is_(None), RhythmRun.due_at <= now)
    found = session.scalars(waiting.order_by(RhythmRun.due_at, RhythmRun.claimed_at))
    return [(run.rhythm, run.period) for run in found if _retry_at(run) <= now]


def put_off(session: Session, rhythm: str, period: str, reason: str, *, now: datetime) -> None:
    """Note that a run failed, and why; it is tried again after a pause that grows."""
    run = session.get(RhythmRun, (rhythm, period), with_for_update=True)
    if run is None or run.finished_at is not None:
        return
    facts = dict(run.figures or {})
    failures = int(facts.get("failures", 0)) + 1
    pause = timedelta(seconds=min(30 * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS))
    run.figures = facts | {"failures": failures, "error": reason[:500], "retry_at": (now + pause).isoformat()}


def advance(session: Session, rhythm: str, period: str, *, now: datetime) -> bool:
    """Do the next chunk of a run; True while there is more. Somebody else at it, or nothing left: False."""
    statement = select(RhythmRun).where(RhythmRun.rhythm == rhythm, RhythmRun.period == period)
    run = session.scalars(statement.with_for_update(skip_locked=True)).one_or_none()
    if run is None or run.finished_at is not None or run.due_at > now:
        return False
    cursor = WORK[rhythm](session, run, now=now)
    if cursor is None:
        run.finished_at = now
        data = {"period": period, "caught_up": run.caught_up, **_by_hand(run)}
        audit.record(session, Actor.system("scheduler"), "rhythm.run", f"rhythm:{rhythm}", data, now=now)
        return False
    run.cursor = cursor
    return True


def run_due(database: Database, *, now: datetime) -> list[tuple[str, str]]:
    """Claim and finish everything that is due, here and now: what demos and the command line do instead of the workers."""
    with database.transaction() as session:
        claim_due(session, now=now)
    with database.transaction() as session:
        waiting = unfinished(session, now=now)
    for rhythm, period in waiting:
        finish(database, rhythm, period, now=now)
    return waiting


def finish(database: Database, rhythm: str, period: str, *, now: datetime) -> None:
    """Advance a run chunk by chunk, each in a transaction of its own, until nothing is left."""
    more = True
    while more:
        with database.transaction() as session:
            more = advance(session, rhythm, period, now=now)


def daily_run_at(session: Session, at: datetime) -> Run:
    """Give the daily run that a moment belongs to, read at that moment; raises InvalidInput on a day off."""
    day = SETTINGS.day_of(at)
    if not working_calendar(session).is_working_day(day):
        raise InvalidInput(N_("%(day)s 不是工作日，当天不督促。"), day=day)
    return Run(Rhythm.DAILY, at, at, (day_period(day),))


def run_at(session: Session, rhythm: Rhythm, at: datetime) -> Run:
    """Give the run that is asked for at a moment: today's digests, this week's reports, the bulletin of the last period over."""
    if rhythm is Rhythm.DAILY:
        return daily_run_at(session, at)
    period = period_of(rhythm, SETTINGS.day_of(at))
    wanted = previous_period(rhythm, period) if rhythm is Rhythm.TEN_DAY else period
    setup, calendar = configured(session).settings, working_calendar(session)
    near = runs_between(rhythm, at - LONGEST_SHIFT, at + LONGEST_SHIFT, calendar, setup)
    found = next(run for run in near if wanted.key in run.period_keys)
    if rhythm is not Rhythm.TEN_DAY or found.period_key == wanted.key:
        return found
    over = tuple(period for period in found.covers if period.last <= wanted.last)  # the others have no figures yet
    return replace(found, covers=over, figures_at=setup.midnight_after(wanted.last))


def due_at_moment(session: Session, at: datetime) -> list[Run]:
    """Give the weekly and ten-day runs that fall due on the day of a moment, not later than it.

    Only of rhythms that are switched on, and only what nobody has claimed: what a run at that moment would begin.
    """
    setup, calendar = configured(session), working_calendar(session)
    midnight = setup.settings.midnight_after(SETTINGS.day_of(at) - timedelta(days=1))
    kinds = [kind for kind in (Rhythm.WEEKLY, Rhythm.TEN_DAY) if kind in setup.activated]
    return [
        run
        for kind in kinds
        for run in runs_between(kind, midnight, at, calendar, setup.settings)
        if run.period_key not in _claimed(session, kind)
    ]


@dataclass(frozen=True)
class Coming:
    """A run to come, and why it falls on its day (nothing where that is the usual one)."""

    run: Run
    reasons: tuple[Phrase, ...]


def coming_runs(session: Session, rhythm: Rhythm, *, now: datetime, count: int = 10) -> list[Coming]:
    """Give the next runs of a rhythm with their reasons, as they would be if it is off."""
    settings, calendar = configured(session).settings, working_calendar(session)
    found = upcoming_runs(rhythm, now, count, calendar, settings)
    return [Coming(run, reasons_of(run, calendar, settings)) for run in found]


def preview(session: Session, *, now: datetime, count: int = 3) -> dict[Rhythm, list[Run]]:
    """Give the next runs of each activated rhythm, for the supervisors' page."""
    setup, calendar = configured(session), working_calendar(session)
    return {rhythm: upcoming_runs(rhythm, now, count, calendar, setup.settings) for rhythm in setup.activated}


def runs_of(session: Session, *, limit: int = 100) -> list[RhythmRun]:
    """Give the runs of the past, the newest first."""
    return list(session.scalars(select(RhythmRun).order_by(RhythmRun.due_at.desc(), RhythmRun.rhythm).limit(limit)))


def _by_hand(run: RhythmRun) -> dict[str, Any]:
    return {"by": (run.figures or {}).get("by")} if scope_of(run) else {}


def _retry_at(run: RhythmRun) -> datetime:
    stated = (run.figures or {}).get("retry_at")
    return datetime.fromisoformat(stated) if stated else run.due_at


def _claimed(session: Session, rhythm: Rhythm) -> Collection[str]:
    whole = RhythmRun.rhythm == rhythm.value, ~RhythmRun.period.contains(BY_HAND)
    newest = select(RhythmRun.period).where(*whole)
    return set(session.scalars(newest.order_by(RhythmRun.period.desc()).limit(200)))


def _with_time_to_answer(run: Run, now: datetime, calendar: WorkingCalendar) -> Run:
    """Reports asked for after their Friday are due on the next working day, and nobody is named before that."""
    if run.answers_due_at is None or run.late_named_at is None or run.ledger_at is None or run.answers_due_at > now:
        return run
    answers_on = calendar.add_working_days(SETTINGS.day_of(now), 1)
    named_on = calendar.add_working_days(answers_on, 1)
    named_at = datetime.combine(named_on, run.late_named_at.timetz())
    return replace(
        run, answers_due_at=SETTINGS.close_of(answers_on), late_named_at=named_at, ledger_at=max(run.ledger_at, named_at)
    )


def _row(run: Run, key: str, now: datetime, caught_up: bool) -> dict[str, Any]:
    """The row of one period; the newest carries the run, the others only say that they were told with it."""
    joined = key != run.period_key
    facts = {"joined": run.period_key} if joined else _facts(run)
    return {
        "rhythm": run.rhythm.value, "period": key, "due_at": run.due_at, "claimed_at": now, "caught_up": caught_up,
        "finished_at": now if joined else None, "figures": facts, "cursor": 0,
    }  # fmt: skip


def _facts(run: Run) -> dict[str, Any]:
    moments = {
        "figures_at": run.figures_at, "answers_due_at": run.answers_due_at, "late_named_at": run.late_named_at,
        "ledger_at": run.ledger_at,
    }  # fmt: skip
    return {
        "covers": list(run.period_keys), "first": run.covers[0].first.isoformat(), "last": run.covers[-1].last.isoformat(),
        "label": str(run.label), **{name: at.isoformat() for name, at in moments.items() if at is not None},
    }  # fmt: skip


def _follow_ups(run: Run, now: datetime, caught_up: bool) -> list[dict[str, Any]]:
    rows = []
    for rhythm, due_at in ((WEEKLY_LATE, run.late_named_at), (WEEKLY_LEDGER, run.ledger_at)):
        if due_at is not None:
            row = _row(run, run.period_key, now, caught_up)
            rows.append(row | {"rhythm": rhythm, "due_at": due_at})
    return rows


__all__ = [
    "Coming", "Configured", "activate", "advance", "claim", "claim_by_hand", "claim_due", "coming_runs", "configured",
    "daily_run_at", "deactivate", "due_at_moment", "finish", "is_under_way", "preview", "put_off", "run_at", "run_due", "runs_of",
    "unfinished",
]  # fmt: skip
