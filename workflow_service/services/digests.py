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
from workflow_service.domain.deadlines import DeadlineSettings, Reading, WorkingCalendar, read_light
from workflow_service.domain.plans import Stage
from workflow_service.domain.rhythms import Rhythm, week_of
from workflow_service.domain.supervision import Urged, Urgency, UrgingSettings, urgency_of, who_is_urged
from workflow_service.domain.words import N_, Phrase
from workflow_service.i18n import _, use_language
from workflow_service.store import notice_rows
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
    below, `for_whom` where to one's principal. A tuple, for a sweep makes very many."""

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


@dataclass
class Digest:
    """What one person is urged to do, and what long overdue things below reach him as the superior."""

    user_id: int
    person: str
    language: str
    own: list[DueTask] = field(default_factory=list)
    below: list[DueTask] = field(default_factory=list)

    def count(self, urgency: Urgency) -> int:
        """How many own tasks are of an urgency."""
        return sum(task.urgency is urgency for task in self.own)


def digests_at(session: Session, at: datetime, *, after: int = 0) -> list[Digest]:
    """Give everybody's digest at a moment (aware), by person; nobody with nothing is in it. Only people after `after`, by id."""
    calendar, today, set_up = working_calendar(session), SETTINGS.day_of(at), choice(session, Rhythm.DAILY)
    settings, urging = limits_on(session, today), UrgingSettings(set_up.superior_after)
    read = _reader(at, calendar, settings)
    found: dict[int, Digest] = {}
    before = _amber_ends(today, calendar, settings)
    held = notice_rows.due_holdings(
        session, at, before, today, tomorrow=_midnight(today + timedelta(days=1), settings),
        first_of_week=_is_first_of_week(today, calendar), after=after,
    )  # fmt: skip
    for row in (*held, *notice_rows.due_spans(session, at, before, LEADING, settings, after=after)):
        if (reading := read(row.due_at)) is not None:
            _digest(found, row).own.append(_due(row, reading))
    for row in _long_overdue(session, at, today, calendar, settings, urging, set_up.posts, after):
        if (reading := read(row.due_at)) is not None and not _is_own(found, row):
            _digest(found, row).below.append(_due(row, reading, row.unit_name))
    for one in found.values():
        for lines in (one.own, one.below):
            lines.sort(key=attrgetter("due_at"))
    return [found[user_id] for user_id in sorted(found)]


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


def _long_overdue(
    session: Session, at: datetime, today: date, calendar: WorkingCalendar, settings: DeadlineSettings,
    urging: UrgingSettings, superiors: Sequence[str], after: int,
) -> Iterator[Any]:  # fmt: skip
    limit = urging.superior_after_working_days
    if not limit or not superiors:
        return
    day = calendar.add_working_days(calendar.previous_working_day(today), 1 - limit)
    before = _midnight(day + timedelta(days=1), settings)
    tasks = notice_rows.due_below(session, at, before, today, superiors, after=after)
    for row in (*tasks, *notice_rows.due_spans(session, at, before, superiors, settings, after=after)):
        reading = read_light(row.due_at, at, calendar, settings)
        if reading is not None and who_is_urged(reading, urging) is Urged.SUPERIOR:
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


def _due(row: Any, read: tuple[Urgency, Reading], unit_name: str = "") -> DueTask:
    name = row.name if row.plan_id is None else _span_words(row.stage)
    return DueTask(*_subject_of(row), row.title, name, row.due_at, *read, unit_name, row.for_whom)


def _span_words(stage: str) -> Phrase:
    return Phrase(N_("“%(stage)s”阶段"), {"stage": Stage(stage)}) if stage else Phrase(N_("规划印发"))


def _subject(digest: Digest) -> str:
    parts = [
        _("%(what)s %(count)d 项", what=urgency.label, count=count)
        for urgency in Urgency
        if (count := digest.count(urgency))
    ]
    if digest.below:
        parts.append(_("下属逾期 %(count)d 项", count=len(digest.below)))
    return _("待办提醒：%(parts)s", parts=_("，").join(parts))


def _text(digest: Digest) -> str:
    first = (digest.own or digest.below)[0]
    return _("%(title)s：%(task)s，%(light)s", title=first.title, task=str(first.name), light=first.reading.words)


def _link(digest: Digest) -> str:
    """To what is to be done; to the plan where nothing but a plan's or a stage's date is told."""
    first = (digest.own or digest.below)[0]
    has_tasks = any(one.task_id is not None for one in (*digest.own, *digest.below))
    return "/tasks" if has_tasks else f"/plans/{first.plan_id}"


def _lines(tasks: Sequence[DueTask]) -> list[dict[str, Any]]:
    return [
        {"task": task.task_id, "plan": task.plan_id, "title": task.title, "name": str(task.name),
         "due_at": task.due_at.isoformat(), "urgency": task.urgency.value,
         "words": str(task.reading.words), "unit": task.unit_name, "for_whom": task.for_whom}
        for task in tasks[:LINES_SHOWN]
    ]  # fmt: skip
