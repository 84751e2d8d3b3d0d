"""What is due and lies with nobody but people who are away, and so reaches the superior (docs/domain.md §3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from .notice_rows import URGED_TASK, UrgedDays
from .presence import AWAY_AND_POSTS, HELD_AND_SEEN, SUBSTITUTES

# From who is away to what lies before him: the work grows with the tasks of those who are away. Levels: the superiors of the
# task's unit; where none of them is there, nor a substitute of theirs, those of the unit above.
_DUE_UNSEEN = text(f"""
WITH {AWAY_AND_POSTS}, asked AS (
  SELECT 'u:' || user_id AS holder FROM away
  UNION
  SELECT post_of.holder FROM away
  JOIN membership ON membership.user_id = away.user_id
    AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
  JOIN post_of ON post_of.id = membership.post_id
), due AS (
  SELECT DISTINCT t.id, t.title, t.name, t.due_at, t.unit_id, i.definition_key
  FROM asked
  JOIN task_holder h ON h.holder = asked.holder AND h.claimed_by IS NULL AND h.due_at < :before
  JOIN task t ON t.id = h.task_id
  JOIN process_instance i ON i.id = t.instance_id
  WHERE {URGED_TASK}
), asked_of AS (
  SELECT id, definition_key FROM due
), {HELD_AND_SEEN}, unseen AS (
  SELECT due.id, due.title, due.name, due.due_at, due.unit_id, due.definition_key, unit.parent_id, unit.short_name AS unit_name,
    count(*) AS people, min(away.until) AS until, (array_agg(away.kind ORDER BY away.until))[1] AS kind
  FROM due
  JOIN unit ON unit.id = due.unit_id AND unit.active
  JOIN held ON held.id = due.id JOIN away ON away.user_id = held.user_id
  WHERE due.id NOT IN (SELECT id FROM seen)
  GROUP BY due.id, due.title, due.name, due.due_at, due.unit_id, due.definition_key, unit.parent_id, unit.short_name
), superior AS (
  SELECT post_of.unit_id, membership.user_id FROM post_of
  JOIN membership ON membership.post_id = post_of.id
    AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
  WHERE post_of.code = ANY(:superiors)
), above AS (
  SELECT unseen.*, superior.user_id, 0 AS level FROM unseen JOIN superior ON superior.unit_id = unseen.unit_id
  UNION
  SELECT unseen.*, superior.user_id, 1 AS level FROM unseen JOIN superior ON superior.unit_id = unseen.parent_id
), told AS (
  SELECT above.*, '' AS for_whom FROM above
  UNION
  SELECT above.id, above.title, above.name, above.due_at, above.unit_id, above.definition_key, above.parent_id, above.unit_name,
    above.people, above.until, above.kind, s.substitute_id, above.level, principal.name
  FROM above
  {SUBSTITUTES.format(of="above", process="definition_key")}
), reached AS (
  SELECT told.*, person.language, person.name AS person, min(told.level) OVER (PARTITION BY told.id) AS nearest
  FROM told
  JOIN user_account person ON person.id = told.user_id AND person.active
  WHERE NOT EXISTS (SELECT FROM away WHERE away.user_id = told.user_id)
)
SELECT user_id, id AS task_id, NULL AS plan_id, '' AS stage, title, name, due_at, min(for_whom) AS for_whom, language, person,
  unit_name, people, until, kind
FROM reached
WHERE level = nearest AND user_id > :after
GROUP BY user_id, id, title, name, due_at, language, person, unit_name, people, until, kind
ORDER BY user_id, due_at, id
""")


def due_unseen(session: Session, days: UrgedDays, superiors: Sequence[str], *, after: int = 0) -> Sequence[Any]:
    """Tasks that `due_holdings` would tell to people who are all away, without a substitute who is there, with each superior.

    A superior who is away himself counts through his substitute; where nobody is there, it is the unit above's. `people` are
    how many are away, the first of them (`kind`) until before `until`. Only superiors after `after`, by id.
    """
    return session.execute(_DUE_UNSEEN, {**days._asdict(), "superiors": list(superiors), "after": after}).all()
