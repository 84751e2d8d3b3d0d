"""Daily urging (日督促): one digest a person with all that is overdue, due today or due soon (docs/domain.md §3.4).

The same list is shown by `workflow remind --dry-run` and written by the run: `digests_at` is a function of the rows and of
the moment alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from workflow_service import failpoints
from workflow_service.domain.absences import AbsenceKind, away_words
from workflow_service.domain.deadlines import DeadlineSettings, Reading, WorkingCalendar, read_light
from workflow_service.domain.plans import Stage
from workflow_service.domain.rhythms import Rhythm, week_of
from workflow_service.domain.supervision import Urged, Urgency, UrgingSettings, urgency_of, who_is_urged
from workflow_service.domain.words import N_, Phrase
from workflow_service.i18n import _, use_language
from workflow_service.store import notice_rows, unseen_rows
from workflow_service.store.supervision import RhythmRun

from .calendars import SETTINGS, working_calendar
from .lights import limits_on
from .notices import NewNotice, post_notices
from .rhythm_scope import Scope, plans_within, scope_of, tasks_within
from .rhythm_settings import choice

KIND = "digest"
PEOPLE_A_CHUNK = 5000
LINES_SHOWN = 200
# who is urged of a plan and its stages: whoever reports on it, in its lead unit
LEADING = ("handler",)


class DueTask(NamedTuple):
    """One task of a digest, or (without `task_id`) a plan or its `stage`; `unit_name` is set where it belongs to somebody
    below, `for_whom` where to one's principal; `away` says of a task below that all who hold it are away. A tuple, for a sweep
    makes very many.
    """

    task_id: int | None
    plan_id: int | None
    stage: str
    title: str
    name: str | Phrase
    due_at: datetime
    urgency: Urgency
    reading: Reading
    unit_name: str = ""
    for_whom: str = ""
    away: Phrase | None = None

    @property
    def words(self) -> Phrase:
        """The sentence of the light, and that nobody is there to do it."""
        if self.away is None:
            return self.reading.words
        return Phrase(N_("%(light)s，%(away)s"), {"light": self.reading.words, "away": self.away})


@dataclass
class Digest:
    """What one person is urged to do, and what reaches him as the superior: what is long overdue below, and what lies with
    people who are away.
    """

    user_id: int
    person: str
    language: str
    own: list[DueTask] = field(default_factory=list)
    below: list[DueTask] = field(default_factory=list)

    def count(self, urgency: Urgency) -> int:
        """How many own tasks are of an urgency."""
        return sum(task.urgency is urgency for task in self.own)


@dataclass(frozen=True)
class _Sweep:
    """The moment of a sweep with what it is read by; `after`: only people after this id."""

    at: datetime
    after: int
    today: date
    calendar: WorkingCalendar
    settings: DeadlineSettings
    urging: UrgingSettings
    superiors: Sequence[str]

    @classmethod
    def of(cls, session: Session, at: datetime, after: int) -> _Sweep:
        today, set_up = SETTINGS.day_of(at), choice(session, Rhythm.DAILY)
        urging, superiors = UrgingSettings(set_up.superior_after), set_up.posts if set_up.superior_after else ()
        return cls(at, after, today, working_calendar(session), limits_on(session, today), urging, superiors)

    @property
    def days(self) -> notice_rows.UrgedDays:
        """What is due from when on, as the store takes it."""
        return notice_rows.UrgedDays(
            self.at, self.today, _amber_ends(self.today, self.calendar, self.settings),
            _midnight(self.today + timedelta(days=1), self.settings), _is_first_of_week(self.today, self.calendar),
        )  # fmt: skip


def digests_at(session: Session, at: datetime, *, after: int = 0) -> list[Digest]:
    """Give everybody's digest at a moment (aware), by person; nobody with nothing is in it, nor who is away that day.

    Only people after `after`, by id.
    """
    sweep, found = _Sweep.of(session, at, after), dict[int, Digest]()
    read = _reader(at, sweep.calendar, sweep.settings)
    for row in _own(session, sweep):
        if (reading := read(row.due_at)) is not None:
            _digest(found, row).own.append(_due(row, reading))
    told: set[tuple[Any, ...]] = set()
    for row, away in _below(session, sweep):
        subject = (row.user_id, *_subject_of(row))
        if subject not in told and (reading := read(row.due_at)) is not None and not _is_own(found, row):
            told.add(subject)
            _digest(found, row).below.append(_due(row, reading, row.unit_name, away))
    for one in found.values():
        for lines in (one.own, one.below):
            lines.sort(key=attrgetter("due_at"))
    return [found[user_id] for user_id in sorted(found)]


def _own(session: Session, sweep: _Sweep) -> Iterator[Any]:
    days = sweep.days
    yield from notice_rows.due_holdings(session, days, after=sweep.after)
    yield from notice_rows.due_spans(session, sweep.at, days.before, LEADING, sweep.settings, after=sweep.after)


def _below(session: Session, sweep: _Sweep) -> Iterator[tuple[Any, Phrase | None]]:
    """What reaches superiors: what is due where nobody is there, then what is long overdue."""
    if not sweep.superiors:
        return
    for row in unseen_rows.due_unseen(session, sweep.days, sweep.superiors, after=sweep.after):
        yield row, away_words(AbsenceKind(row.kind), row.until - timedelta(days=1), row.people)
    for row in _long_overdue(session, sweep):
        yield row, None


def send_digests(session: Session, run: RhythmRun, *, now: datetime) -> int | None:
    """Write the digests of the next people after the run's cursor; gives the new cursor, None at the end."""
    waiting = _within(session, digests_at(session, run.due_at, after=run.cursor), scope_of(run))
    chunk = waiting[:PEOPLE_A_CHUNK]
    sent = post_notices(session, [notice_of(one, SETTINGS.day_of(run.due_at)) for one in chunk], now=now)
    facts = run.figures or {}
    run.figures = facts | {"sent": int(facts.get("sent", 0)) + sent}
    failpoints.reach("in-rhythm")
    return chunk[-1].user_id if len(waiting) > len(chunk) else None


def _within(session: Session, found: list[Digest], scope: Scope | None) -> list[Digest]:
    """Those who have anything to do within a scope; each with all that is his, for he gets one digest a day."""
    if scope is None:
        return found
    lines = [task for one in found for task in (*one.own, *one.below)]
    tasks = tasks_within(session, scope, sorted({one.task_id for one in lines if one.task_id is not None}))
    plans = plans_within(session, scope, sorted({one.plan_id for one in lines if one.plan_id is not None}))
    return [one for one in found if any(task.task_id in tasks or task.plan_id in plans for task in (*one.own, *one.below))]


def notice_of(digest: Digest, day: date) -> NewNotice:
    """Word a digest in its person's language: one notice a person and day."""
    with use_language(digest.language):
        return NewNotice(
            user_id=digest.user_id, kind=KIND, subject=_subject(digest), dedup_key=f"daily:{day}",
            text=_text(digest), link=_link(digest), body={"lines": _lines(digest.own), "below": _lines(digest.below)},
        )  # fmt: skip


def _reader(
    at: datetime, calendar: WorkingCalendar, settings: DeadlineSettings
) -> Callable[[datetime], tuple[Urgency, Reading] | None]:
    """Many tasks share a due moment: each is read once."""

    @cache
    def read(due_at: datetime) -> tuple[Urgency, Reading] | None:
        urgency = urgency_of(due_at, at, calendar, settings)
        reading = read_light(due_at, at, calendar, settings)
        return (urgency, reading) if urgency and reading else None

    return read


def _amber_ends(today: date, calendar: WorkingCalendar, settings: DeadlineSettings) -> datetime:
    """The first moment whose due dates are still green on this day."""
    return _midnight(calendar.add_working_days(today, settings.amber_working_days + 1), settings)


def _midnight(day: date, settings: DeadlineSettings) -> datetime:
    return datetime.combine(day, time(0), settings.zone)


def _is_first_of_week(today: date, calendar: WorkingCalendar) -> bool:
    return calendar.next_working_day(week_of(today).first) == today


def _long_overdue(session: Session, sweep: _Sweep) -> Iterator[Any]:
    limit, calendar = sweep.urging.superior_after_working_days, sweep.calendar
    day = calendar.add_working_days(calendar.previous_working_day(sweep.today), 1 - limit)
    before = _midnight(day + timedelta(days=1), sweep.settings)
    tasks = notice_rows.due_below(session, sweep.at, before, sweep.today, sweep.superiors, after=sweep.after)
    spans = notice_rows.due_spans(session, sweep.at, before, sweep.superiors, sweep.settings, below=LEADING, after=sweep.after)
    for row in (*tasks, *spans):
        reading = read_light(row.due_at, sweep.at, calendar, sweep.settings)
        if reading is not None and who_is_urged(reading, sweep.urging) is Urged.SUPERIOR:
            yield row


def _digest(found: dict[int, Digest], row: Any) -> Digest:
    if row.user_id not in found:
        found[row.user_id] = Digest(row.user_id, row.person, row.language)
    return found[row.user_id]


def _is_own(found: dict[int, Digest], row: Any) -> bool:
    digest = found.get(row.user_id)
    return digest is not None and any(_subject_of(task) == _subject_of(row) for task in digest.own)


def _subject_of(told: Any) -> tuple[int | None, int | None, str]:
    """What a row or a line is about, the same for everybody who is told."""
    return told.task_id, told.plan_id, told.stage


def _due(row: Any, read: tuple[Urgency, Reading], unit_name: str = "", away: Phrase | None = None) -> DueTask:
    name = row.name if row.plan_id is None else _span_words(row.stage)
    return DueTask(*_subject_of(row), row.title, name, row.due_at, *read, unit_name, row.for_whom, away)


def _span_words(stage: str) -> Phrase:
    return Phrase(N_("“%(stage)s”阶段"), {"stage": Stage(stage)}) if stage else Phrase(N_("规划印发"))


def _subject(digest: Digest) -> str:
    parts = [
        _("%(what)s %(count)d 项", what=urgency.label, count=count)
        for urgency in Urgency
        if (count := digest.count(urgency))
    ]
    away = sum(one.away is not None for one in digest.below)
    if late := len(digest.below) - away:
        parts.append(_("下属逾期 %(count)d 项", count=late))
    if away:
        parts.append(_("下属外出待办 %(count)d 项", count=away))
    return _("待办提醒：%(parts)s", parts=_("，").join(parts))


def _text(digest: Digest) -> str:
    first = (digest.own or digest.below)[0]
    return _("%(title)s：%(task)s，%(light)s", title=first.title, task=str(first.name), light=first.words)


def _link(digest: Digest) -> str:
    """To what is to be done; to the plan where nothing but a plan's or a stage's date is told."""
    first = (digest.own or digest.below)[0]
    has_tasks = any(one.task_id is not None for one in (*digest.own, *digest.below))
    return "/tasks" if has_tasks else f"/plans/{first.plan_id}"


def _lines(tasks: Sequence[DueTask]) -> list[dict[str, Any]]:
    return [
        {"task": task.task_id, "plan": task.plan_id, "title": task.title, "name": str(task.name),
         "due_at": task.due_at.isoformat(), "urgency": task.urgency.value,
         "words": str(task.words), "unit": task.unit_name, "for_whom": task.for_whom}
        for task in tasks[:LINES_SHOWN]
    ]  # fmt: skip
