"""How far the leaders are with a special report: who has read it, who wrote an instruction, what was ordered by it (批示件).

A leader who has read it without a word is 已阅. Writing an instruction is reading it too: it closes his reading task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict
from workflow_service.i18n import N_
from workflow_service.store import report_list
from workflow_service.store.acting import SpecialReportRow
from workflow_service.store.operations import TaskEvent
from workflow_service.store.runtime import Task

from . import instructions, recipients, special_reports, tasks
from .context import Actor
from .instructions import Instruction
from .recipients import Asked
from .special_reports import SENT

READ = {"outcome": "read"}
UNREAD, SEEN, INSTRUCTED = "unread", "read", "instructed"


@dataclass(frozen=True)
class Reading:
    """One leader of a report: how he is named on it, his task once it was sent, and how far he is."""

    user_id: int
    name: str
    task: Task | None
    state: str

    @property
    def read_at(self) -> datetime | None:
        """When he read it."""
        return self.task.ended_at if self.task is not None and self.task.status == "completed" else None


def readings_of(session: Session, report: SpecialReportRow, given: Sequence[Instruction]) -> list[Reading]:
    """Give a report's leaders in the order of the paper, then who was given it to read later; `given` are the instructions."""
    by_person = {task.assignee_id: task for task in report_list.reading_tasks(session, report.instance_id)}
    wrote = {one.event.actor_id for one in given}
    names = dict(zip(report.recipients, report.recipient_names, strict=True))
    later = [one for one in by_person if one is not None and one not in names]
    names |= {one: recipients.name_of(session, f"u:{one}") for one in later}
    return [
        Reading(person, name, by_person.get(person), _state(by_person.get(person), person in wrote))
        for person, name in names.items()
    ]


def instructions_on(session: Session, report: SpecialReportRow) -> list[Instruction]:
    """Give what leaders wrote on a report with what they ordered and how far it is."""
    return instructions.instructions_of(session, report.instance_id) if report.instance_id is not None else []


def instruct(
    session: Session, actor: Actor, report_id: int, words: str, orders: Sequence[Asked] = (), *, now: datetime
) -> TaskEvent:
    """Write an instruction on a report that was sent, give its orders, and close the leader's own reading task.

    Raises NotFound, Forbidden (leaders only), InvalidInput, Conflict before it was sent.
    """
    found = special_reports.visible_report(session, actor, report_id)
    if found.status != SENT or found.instance_id is None:
        raise Conflict(N_("专报尚未报送，不能批示。"))
    mine = own_reading(session, actor, found)
    event = instructions.instruct(
        session, actor, found.instance_id, words, orders, now=now, task_id=mine.id if mine is not None else None
    )
    special_reports.tell_instructed(session, actor, found, event.id, now=now)
    if mine is not None:
        tasks.complete_task(session, actor, mine.id, READ, now=now)
    return event


def own_reading(session: Session, actor: Actor, report: SpecialReportRow) -> Task | None:
    """Give the open task at which the actor himself reads."""
    own = report_list.reading_tasks(session, report.instance_id)
    return next((one for one in own if one.status == "open" and one.assignee_id == actor.user_id), None)


def _state(task: Task | None, wrote: bool) -> str:
    if wrote:
        return INSTRUCTED
    return SEEN if task is not None and task.status == "completed" else UNREAD
