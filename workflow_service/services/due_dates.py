"""What else is due when a task is: the listed matter that it mends, the notice slip that it answers (docs/domain.md §3.3).

Such a run takes its date from a variable, which came from the row of matter or slip. A later date for the task goes to all of
them, so that the next task of the run, the list of what is late and the reminders of silence go by it as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow_service.store.acting import ListedMatter, NoticeSlipRow
from workflow_service.store.runtime import ProcessInstance, Task, Timer

from .calendars import SETTINGS, working_calendar
from .context import Actor
from .execution import Execution

RECTIFYING, ANSWERING = "rectify", "answer"
"""The steps of the two processes that are due on the day of the matter, of the slip."""
CLIMBS_AFTER_WORKING_DAYS = 3
"""Working days of silence after a slip's day, before the supervisors hear of it."""


def climbs_at(session: Session, until: date) -> datetime:
    """When the supervisors hear of a slip that is to be answered until a day."""
    return SETTINGS.close_of(working_calendar(session).add_working_days(until, CLIMBS_AFTER_WORKING_DAYS))


def carry(session: Session, actor: Actor, row: ProcessInstance, task: Task, *, now: datetime) -> None:
    """Let matter or slip, their (locked) run and its timers go by the due moment that the run's task has now."""
    if task.round_id is None and task.due_at is not None and _subject(session, row, task.element_id) is not None:
        execution = Execution.thaw(session, actor, row, now)
        renew(execution, [task])
        execution.settle("task.set_due", {"task": task.id, "due_at": task.due_at})


def renew(execution: Execution, tasks: Iterable[Task]) -> None:
    """The same within a command that writes the run anyway: for those of the tasks that are due with matter or slip."""
    session, row = execution.session, execution.row
    for task in tasks:
        found = _subject(session, row, task.element_id)
        if found is None or task.due_at is None or task.round_id is not None:
            continue
        due = task.due_at.astimezone(SETTINGS.zone)
        if isinstance(found, ListedMatter):
            found.due_on = due.date()
            facts = execution.instance.variables.get("matter")
            if isinstance(facts, dict):
                execution.instance.renew("matter", facts | {"due_on": found.due_on.isoformat()})
        else:
            found.until = due.date()
            _renew(execution, "climbs", climbs_at(session, found.until))
        _renew(execution, "due", due)


def _subject(session: Session, row: ProcessInstance, element_id: str) -> ListedMatter | NoticeSlipRow | None:
    """The matter or slip whose date the step of a run has; the run's business key names it."""
    kind, _colon, number = row.business_key.partition(":")
    table: Any = {("listed", RECTIFYING): ListedMatter, ("slip", ANSWERING): NoticeSlipRow}.get((kind, element_id))
    if table is None or not number.isdigit():
        return None
    subject = select(table).where(table.id == int(number), table.instance_id == row.id)
    return session.scalars(subject.with_for_update()).one_or_none()


def _renew(execution: Execution, name: str, moment: datetime) -> None:
    """Write a date of the run anew, and let the timers that were set by it go by it."""
    before, after = execution.instance.variables.get(name), moment.isoformat()
    execution.instance.renew(name, after)
    of_it = Timer.instance_id == execution.row.id, Timer.rule == str(before)
    execution.session.execute(update(Timer).where(*of_it).values(rule=after, due_at=moment))
