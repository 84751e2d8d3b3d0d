"""Writes what one step changed, in as few statements as it has kinds of rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text, update
from sqlalchemy.orm import Session

from workflow_service.domain.search_keys import text_keys
from workflow_service.i18n import Said

from .plans import AgendaItem
from .runtime import Incident, Subscription, Timer


@dataclass
class NewTask:
    """One row for `task` and its holders; moments aware."""

    token: UUID
    process_key: str
    element_id: str
    name: str
    title: str
    form_key: str = ""
    kind: str = ""
    stage: str = ""
    unit_id: int | None = None
    assignee_id: int | None = None
    candidate_users: list[str] = field(default_factory=list)
    candidate_groups: list[str] = field(default_factory=list)
    priority: int = 50
    waiting: bool = False
    deadline_rule: str = ""
    urging: str = "daily"
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    local: dict[str, Any] = field(default_factory=dict)
    holders: list[str] = field(default_factory=list)
    claimed_by: int | None = None
    prefill: dict[str, Any] | None = None
    timeout_at: datetime | None = None
    timeout_action: str = ""


@dataclass
class ActivityRow:
    """One row of history; `ended_at` None while it waits."""

    seq: int
    token: UUID
    process_key: str
    element_id: str
    element_type: str
    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None = None
    flows: list[str] = field(default_factory=list)
    actor_id: int | None = None


@dataclass
class ActivityEnd:
    """How an activity that stood in history already ended."""

    token: UUID
    status: str
    ended_at: datetime
    flows: list[str]
    actor_id: int | None


_FALLING = """
WITH RECURSIVE falling AS (
  SELECT id FROM task
  WHERE instance_id = :instance_id AND status = 'open'
    AND (token = ANY(CAST(:tokens AS uuid[])) OR round_id = ANY(CAST(:rounds AS bigint[])))
  UNION
  SELECT asked.id FROM falling
  JOIN task_round r ON r.task_id = falling.id AND r.ended_at IS NULL AND r.relation <> 'instruct'
  JOIN task asked ON asked.round_id = r.id AND asked.status = 'open'
"""
_END_TASKS = text(_FALLING + """), ended AS (
  UPDATE task SET status = 'cancelled', ended_at = :now, revision = revision + 1, held = false, paused_for = ''
  WHERE id IN (SELECT id FROM falling)
  RETURNING id, name, title, element_id
), rounds AS (
  UPDATE task_round SET ended_at = :now, outcome = 'cancelled'
  WHERE ended_at IS NULL AND relation <> 'instruct'
    AND (task_id IN (SELECT id FROM falling) OR id = ANY(CAST(:rounds AS bigint[])))
), clocks AS (
  UPDATE deadline_change SET ended_at = :now, due_after = due_before
  WHERE task_id IN (SELECT id FROM falling) AND ended_at IS NULL
), dropped AS (DELETE FROM task_holder USING ended WHERE task_id = ended.id RETURNING task_id, holder, claimed_by),
drafts AS (DELETE FROM task_draft USING ended WHERE task_id = ended.id AND NOT CAST(:keeps_drafts AS boolean))
SELECT id, name, title, ARRAY(SELECT holder FROM dropped WHERE task_id = ended.id AND claimed_by IS NULL) AS holders,
  element_id FROM ended
""")


@dataclass(frozen=True)
class EndedTask:
    """An open task that ended without having been done, and before whom it lay."""

    id: int
    name: str
    title: str
    holders: list[str]
    element_id: str


@dataclass
class Completion:
    """A task that a person finishes with this step, and what he handed in."""

    task_id: int
    user_id: int | None
    unit_id: int | None
    submission: dict[str, Any]


@dataclass
class StepRows:
    """Everything one command writes about its instance. `instance` and `record` are columns of their rows by name."""

    instance_id: int
    plan_id: int | None
    area_path: str
    now: datetime
    instance: dict[str, Any]
    record: dict[str, Any]
    tasks: Sequence[NewTask] = ()
    activities: Sequence[ActivityRow] = ()
    ends: Sequence[ActivityEnd] = ()
    completion: Completion | None = None


_COMPLETION = """
dropped AS (DELETE FROM task_holder WHERE task_id = :task_id),
drafts AS (DELETE FROM task_draft WHERE task_id = :task_id),
done AS (
  UPDATE task SET status = 'completed', ended_at = :now, completed_by = :user_id, completed_unit_id = :unit_id,
    outcome = :task_outcome, opinion = :opinion, opinion_keys = CAST(:opinion_keys AS text[]),
    submission = CAST(:submission AS jsonb), revision = revision + 1, assignee_id = coalesce(assignee_id, :user_id)
  WHERE id = :task_id AND status = 'open'
)
"""
_TASKS = """
wanted AS (
  SELECT * FROM jsonb_to_recordset(CAST(:tasks AS jsonb)) AS row(
    token uuid, process_key text, element_id text, name text, title text, form_key text, kind text, stage text,
    unit_id bigint, assignee_id bigint, candidate_users text[], candidate_groups text[], priority smallint,
    waiting boolean, deadline_rule text, urging text, due_at timestamptz, follow_up_at timestamptz, local jsonb, holders text[],
    claimed_by bigint, prefill jsonb, timeout_at timestamptz, timeout_action text)
), added AS (
  INSERT INTO task (instance_id, plan_id, area_path, created_at, token, process_key, element_id, name, title, form_key, kind,
    stage, unit_id, assignee_id, candidate_users, candidate_groups, priority, waiting, deadline_rule, urging, due_at,
    follow_up_at, local, claimed_at, prefill, timeout_at, timeout_action)
  SELECT :instance_id, :plan_id, :area_path, :now, token, process_key, element_id, name, title, form_key, kind,
    stage, unit_id, coalesce(claimed_by, assignee_id), candidate_users, candidate_groups, priority, waiting, deadline_rule,
    urging, due_at, follow_up_at, local, CASE WHEN claimed_by IS NOT NULL THEN CAST(:now AS timestamptz) END, prefill, timeout_at,
    timeout_action
  FROM wanted
  RETURNING id, token, due_at
), held AS (
  INSERT INTO task_holder (task_id, holder, due_at, claimed_by)
  SELECT added.id, holder, coalesce(added.due_at, 'infinity'),
    CASE WHEN holder <> 'u:' || wanted.claimed_by THEN wanted.claimed_by END
  FROM added JOIN wanted USING (token), unnest(wanted.holders) AS holder
)
"""
_HISTORY = """
ends AS (
  SELECT * FROM jsonb_to_recordset(CAST(:ends AS jsonb))
    AS row(token uuid, status text, ended_at timestamptz, flows text[], actor_id bigint)
), closed AS (
  UPDATE activity SET status = ends.status, ended_at = ends.ended_at, flows = ends.flows, actor_id = ends.actor_id
  FROM ends WHERE activity.instance_id = :instance_id AND activity.token = ends.token AND activity.ended_at IS NULL
), entered AS (
  INSERT INTO activity
    (instance_id, seq, token, process_key, element_id, element_type, name, status, started_at, ended_at, flows, actor_id)
  SELECT :instance_id, seq, token, process_key, element_id, element_type, name, status, started_at, ended_at, flows, actor_id
  FROM jsonb_to_recordset(CAST(:activities AS jsonb))
    AS row(seq int, token uuid, process_key text, element_id text, element_type text, name text, status text,
      started_at timestamptz, ended_at timestamptz, flows text[], actor_id bigint)
)
"""
_END = """
moved AS (
  UPDATE process_instance SET status = :status, outcome = :outcome, ended_at = :ended_at, state = :state, revision = :revision,
    activity_seq = :activity_seq, audit_seq = :audit_seq, audit_head = :audit_head
  WHERE id = :instance_id
), recorded AS (
  INSERT INTO audit_record
    (chain, seq, recorded_at, business_at, actor_id, actor_name, source, address, action, thing, data, hash)
  VALUES (:chain, :seq, :recorded_at, :business_at, :actor_id, :actor_name, :source, :address, :action, :thing,
    CAST(:data AS jsonb), :hash)
)
"""
_STEPS = {
    completing: text(
        f"WITH {','.join([_TASKS, _HISTORY, _END] + ([_COMPLETION] if completing else []))} SELECT id, token FROM added"
    )
    for completing in (True, False)
}
"""All that a step writes in one statement: each statement less is a round trip less while the instance is locked."""
_COMPLETE_TASK = text(f"WITH {_COMPLETION} SELECT")


def write_step(session: Session, step: StepRows) -> dict[UUID, int]:
    """Write one step of an instance: new tasks, history, the finished task, its row and record; gives new task ids by token."""
    values = {
        "instance_id": step.instance_id, "plan_id": step.plan_id, "area_path": step.area_path, "now": step.now,
        "tasks": _json([vars(one) for one in step.tasks]), "ends": _json([vars(one) for one in step.ends]),
        "activities": _json([vars(one) for one in step.activities]), **step.instance, **step.record,
        "data": _json(step.record["data"]),
    }  # fmt: skip
    if step.completion is not None:
        values |= _completion_values(step.completion, step.now)
    rows = session.execute(_STEPS[step.completion is not None], values)
    return {row.token: row.id for row in rows}


def complete_task_row(session: Session, completion: Completion, now: datetime) -> None:
    """Mark one task as done by a person, ahead of the step: its holders and drafts go."""
    session.execute(_COMPLETE_TASK, _completion_values(completion, now))


def _completion_values(completion: Completion, now: datetime) -> dict[str, Any]:
    submission = completion.submission
    return {
        "task_id": completion.task_id, "now": now, "user_id": completion.user_id, "unit_id": completion.unit_id,
        "submission": _json(submission), "task_outcome": str(submission.get("outcome") or ""),
        "opinion": (opinion := str(submission.get("opinion") or "")), "opinion_keys": text_keys(opinion) or None,
    }  # fmt: skip


def cancel_tasks(
    session: Session, instance_id: int, tokens: Sequence[UUID], now: datetime, rounds: Sequence[int] = (), *,
    keeps_drafts: bool = False,
) -> list[EndedTask]:  # fmt: skip
    """End open tasks that nobody did, and what others were asked on their behalf; `rounds` are ended with all their tasks.

    `keeps_drafts`: the run may be taken up again as it stands, and its people then find what they had begun to write.
    """
    if not tokens and not rounds:
        return []
    values = {"instance_id": instance_id, "tokens": [str(one) for one in tokens], "rounds": list(rounds), "now": now}
    values |= {"keeps_drafts": keeps_drafts}
    return [EndedTask(*row) for row in session.execute(_END_TASKS, values)]


def falling(session: Session, instance_id: int, tokens: Sequence[UUID]) -> list[int]:
    """The open tasks that `cancel_tasks` would end, those that others were asked on their behalf too."""
    values = {"instance_id": instance_id, "tokens": [str(one) for one in tokens], "rounds": []}
    return list(session.scalars(text(f"{_FALLING}) SELECT id FROM falling ORDER BY id"), values))


def replace_waits(
    session: Session, instance_id: int, ended: Sequence[UUID], timers: Sequence[dict[str, Any]],
    subscriptions: Sequence[dict[str, Any]],
) -> None:  # fmt: skip
    """Drop the timers and subscriptions of tokens that wait no more, add the new ones."""
    if ended:
        session.execute(delete(Timer).where(Timer.instance_id == instance_id, Timer.token.in_(ended)))
        session.execute(
            delete(Subscription).where(Subscription.instance_id == instance_id, Subscription.token.in_(ended))
        )
    if timers:
        session.execute(insert(Timer), [{"instance_id": instance_id, **one} for one in timers])
    if subscriptions:
        session.execute(insert(Subscription), [{"instance_id": instance_id, **one} for one in subscriptions])


def words_of(message: str) -> dict[str, Any]:
    """Give what an incident keeps of a message that is said in several languages, for its `data`."""
    return {"said": message.by_language} if isinstance(message, Said) else {}


def insert_incidents(session: Session, instance_id: int, incidents: Sequence[dict[str, Any]]) -> None:
    """Add incidents."""
    if incidents:
        rows = [{**one, "instance_id": instance_id, "message": str(one["message"])} for one in incidents]
        session.execute(insert(Incident), rows)


def settle_incidents(
    session: Session, instance_id: int, tokens: Sequence[UUID], user_id: int | None, now: datetime
) -> None:
    """Settle the open incidents of tokens that stand no more or go on."""
    if tokens:
        open_ones = Incident.instance_id == instance_id, Incident.resolved_at.is_(None), Incident.token.in_(tokens)
        session.execute(update(Incident).where(*open_ones).values(resolved_at=now, resolved_by=user_id))


def resolve_incidents(session: Session, instance_id: int, user_id: int | None, now: datetime) -> None:
    """Settle every open incident of an instance that ended."""
    statement = update(Incident).where(Incident.instance_id == instance_id, Incident.resolved_at.is_(None))
    session.execute(statement.values(resolved_at=now, resolved_by=user_id))


def withdraw_items(session: Session, instance_id: int, now: datetime) -> None:
    """Take what an instance that ended still had in a pool or on an agenda out of it."""
    waiting = AgendaItem.instance_id == instance_id, AgendaItem.status == "waiting"
    session.execute(update(AgendaItem).where(*waiting).values(status="withdrawn", decided_at=now))


_WITHDRAW_ORPHANS = text("""
UPDATE agenda_item item SET status = 'withdrawn', decided_at = :now
WHERE item.instance_id = :instance_id AND item.status = 'waiting' AND NOT EXISTS (
  SELECT FROM subscription s
  WHERE s.instance_id = item.instance_id AND s.name = item.message_name AND s.correlation_key = CAST(item.id AS text))
""")


def withdraw_orphans(session: Session, instance_id: int, now: datetime) -> None:
    """Take out of pools and agendas what an instance does not wait for any more: its token was put elsewhere."""
    session.flush()
    session.execute(_WITHDRAW_ORPHANS, {"instance_id": instance_id, "now": now})


_REINSTATE = text("""
UPDATE agenda_item item SET status = 'waiting', decided_at = NULL, meeting_id = m.id,
  position = CASE WHEN m.id IS NULL THEN 0 ELSE item.position END
FROM agenda_item own LEFT JOIN meeting m ON m.id = own.meeting_id AND m.status = 'planned'
WHERE own.id = item.id AND item.instance_id = :instance_id AND item.status = 'withdrawn' AND EXISTS (
  SELECT FROM subscription s
  WHERE s.instance_id = item.instance_id AND s.name = item.message_name AND s.correlation_key = CAST(item.id AS text))
""")


def reinstate_items(session: Session, instance_id: int) -> None:
    """Put back on its agenda what an instance waits for again; into the pool where that meeting has been held meanwhile."""
    session.flush()
    session.execute(_REINSTATE, {"instance_id": instance_id})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
