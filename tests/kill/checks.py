"""What must hold after the killing: each check compares the clients' journals, the mail or the queue with the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from workflow_service.services import audit, digests
from workflow_service.store.records import AuditRecord
from workflow_service.store.runtime import Activity, Incident, ProcessInstance, Subscription, Task, Timer
from workflow_service.store.supervision import Bulletin, Delivery, Notice, RhythmRun

from .clients import Acknowledged, Journal
from .scene import KEY, ONCE


def history_is_the_journal(session: Session, journals: dict[str, Journal], users: dict[str, int]) -> None:
    """Nothing acknowledged is lost, nothing is done that nobody was told of, nothing is done twice."""
    started = _by_thing(journals, "start")
    finished = _by_thing(journals, "complete")
    instances = session.scalars(select(ProcessInstance).where(ProcessInstance.definition_key == KEY)).all()
    tasks = session.scalars(select(Task).where(Task.process_key == KEY, Task.status == "completed")).all()
    assert {one.id: one.started_by for one in instances} == {thing: users[one.user] for thing, one in started.items()}
    assert {one.id: one.completed_by for one in tasks} == {thing: users[one.user] for thing, one in finished.items()}
    assert len({one.business_key for one in instances}) == len(instances)
    actions = Counter(
        (entry.action, entry.data["task"] if entry.action == "task.complete" else entry.thing)
        for entry in session.scalars(select(AuditRecord).where(AuditRecord.chain.in_([f"i{one.id}" for one in instances])))
        if entry.action != "timer.fire"
    )
    assert set(actions.values()) == {1}
    assert len(actions) == len(started) + len(finished)


def every_element_ran_once_a_pass(session: Session) -> None:
    """Each instance of the process took its way once, whatever was killed on it; timers fired once."""
    passed: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    statement = select(Activity).join(ProcessInstance, ProcessInstance.id == Activity.instance_id)
    for one in session.scalars(statement.where(ProcessInstance.definition_key == KEY)):
        passed[one.instance_id][one.element_id, one.status] += 1
    for instance_id, seen in passed.items():
        for element in ONCE:
            assert _statuses(seen, element) == [("completed", 1)], (instance_id, element, seen)
        late = seen["late", "completed"]
        assert late in (0, 1), (instance_id, seen)
        assert _statuses(seen, "d") == ([("cancelled", 1)] if late else [("completed", 1)]), (instance_id, seen)
        assert _statuses(seen, "d_late") == ([("completed", 1)] if late else []), (instance_id, seen)
        assert seen["remind", "completed"] == seen["reminded", "completed"] <= 1, (instance_id, seen)


def nothing_is_stuck(session: Session) -> None:
    """Every instance ended, or waits for somebody or something, or has an incident that says why not."""
    waits = [
        select(table.instance_id)
        for table in (Timer, Subscription, Incident)
    ] + [select(Task.instance_id).where(Task.status == "open")]  # fmt: skip
    idle = select(ProcessInstance.id).where(ProcessInstance.status == "active", ProcessInstance.definition_key != "test")
    for wait in waits:
        idle = idle.where(ProcessInstance.id.not_in(wait))
    assert session.scalars(idle).all() == []
    assert session.scalars(select(Incident.message).where(Incident.resolved_at.is_(None))).all() == []
    open_ones = select(func.count()).where(ProcessInstance.definition_key == KEY, ProcessInstance.status != "completed")
    assert session.scalar(open_ones) == 0


def each_period_ran_once(session: Session, now: datetime) -> None:
    """One finished run a period, one record of it, one report a unit, one bulletin; and one digest a person and day."""
    runs = session.scalars(select(RhythmRun).where(RhythmRun.due_at <= now)).all()
    assert runs and all(run.finished_at for run in runs)
    records = session.scalars(select(AuditRecord).where(AuditRecord.action == "rhythm.run"))
    told = Counter((entry.thing.removeprefix("rhythm:"), entry.data["period"]) for entry in records)
    own = [run for run in runs if "joined" not in (run.figures or {})]
    assert told == Counter((run.rhythm, run.period) for run in own)
    reports = select(ProcessInstance.business_key).where(ProcessInstance.definition_key == "weekly_report")
    keys = session.scalars(reports).all()
    assert keys and len(set(keys)) == len(keys)
    periods = session.scalars(select(Bulletin.period)).all()
    assert len(set(periods)) == len(periods) == sum(run.rhythm == "ten_day" for run in own)
    for run in own:
        if run.rhythm == "daily":
            _one_digest_a_person(session, run)


def _one_digest_a_person(session: Session, run: RhythmRun) -> None:
    written = select(Notice.user_id).where(Notice.kind == "digest", Notice.dedup_key == f"daily:{run.period}")
    expected = [one.user_id for one in digests.digests_at(session, run.due_at)]
    assert sorted(session.scalars(written)) == expected


def mail_arrived_at_least_once(session: Session, received: list[Any]) -> int:
    """Every delivery arrived under its own Message-ID at its own address; gives how many arrived once more."""
    arrived = Counter((mail["Message-ID"], mail["To"].addresses[0].addr_spec) for mail in received)
    sent = {(one.message_id, one.address): one.status for one in session.scalars(select(Delivery))}
    assert set(sent.values()) == {"sent"}
    assert set(arrived) == set(sent)
    return arrived.total() - len(arrived)


def no_job_is_left_behind(session: Session) -> None:
    """Workers that were killed left jobs in the state `doing`: all of them were put back and done."""
    left = session.execute(text("SELECT task_name, status FROM procrastinate_jobs WHERE status = 'doing'")).all()
    assert left == []


def the_record_is_whole(session: Session) -> None:
    """The audit chains hold: no command left half a record."""
    assert audit.verify(session) == []


def _statuses(seen: Counter[tuple[str, str]], element: str) -> list[tuple[str, int]]:
    return [(status, number) for (key, status), number in sorted(seen.items()) if key == element]


def _by_thing(journals: dict[str, Journal], command: str) -> dict[int, Acknowledged]:
    found = [one for journal in journals.values() for one in journal.acknowledged if one.command == command]
    by_thing = {one.thing: one for one in found}
    assert len(by_thing) == len(found), "two commands were told that they had done the same thing"
    return by_thing
