"""Who is there for what: parts of statements, so that digests, urging and the board have one rule (docs/domain.md §3.4).

All of them ask as of `:today`.
"""

from __future__ import annotations

HOLDS_POST = "membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)"

# Who stands in for the people of a part of a question, on its routes, while neither has left a post since.
SUBSTITUTES = """JOIN substitution s ON s.principal_id = {of}.user_id AND s.since <= :today AND s.until > :today
    AND s.revoked_at IS NULL AND (cardinality(s.processes) = 0 OR {of}.{process} = ANY(s.processes))
  JOIN user_account principal ON principal.id = s.principal_id AND principal.active
  WHERE NOT EXISTS (SELECT FROM membership former WHERE former.user_id IN (s.principal_id, s.substitute_id)
    AND former.until <= :today AND former.until > s.given_on)"""

# Nobody is told anything of a day on which he is away.
IS_THERE = """NOT EXISTS (SELECT FROM absence away
    WHERE away.user_id = told.user_id AND away.since <= :today AND away.until > :today)"""

AWAY_AND_POSTS = """away AS (
  SELECT user_id, kind, until FROM absence WHERE since <= :today AND until > :today
), post_of AS (
  SELECT post.id, post.unit_id, post.code, unit.parent_id, 'g:' || unit.code || ':' || post.code AS holder
  FROM post JOIN unit ON unit.id = post.unit_id AND unit.active
)"""

# From tasks (`asked_of`: id, definition_key) to those before whom they lie (`held`), with their substitutes (`before`), and to
# those of the tasks that somebody of them who is there sees (`seen`).
HELD_AND_SEEN = f"""held AS (
  SELECT DISTINCT asked_of.id, asked_of.definition_key, person.id AS user_id
  FROM asked_of
  JOIN task_holder h ON h.task_id = asked_of.id AND h.claimed_by IS NULL
  LEFT JOIN post_of ON post_of.holder = h.holder
  LEFT JOIN membership ON membership.post_id = post_of.id AND {HOLDS_POST}
  JOIN user_account person ON person.active
    AND person.id = CASE WHEN h.holder LIKE 'u:%' THEN CAST(substr(h.holder, 3) AS bigint) ELSE membership.user_id END
), before AS (
  SELECT id, user_id FROM held
  UNION
  SELECT held.id, s.substitute_id FROM held
  {SUBSTITUTES.format(of="held", process="definition_key")}
), seen AS (
  SELECT DISTINCT before.id FROM before
  JOIN user_account person ON person.id = before.user_id AND person.active
  WHERE NOT EXISTS (SELECT FROM away WHERE away.user_id = before.user_id)
)"""
