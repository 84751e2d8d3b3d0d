"""Writes notices with their deliveries, many in one statement, and asks who is to get them (docs/domain.md §3.4 to §3.6)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import exists, or_, select, text
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import DeadlineSettings

from .people import Membership, Post, User
from .presence import AWAY_AND_POSTS, HELD_AND_SEEN, HOLDS_POST, IS_THERE, SUBSTITUTES
from .supervision import Notice

_INSERT = text("""
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row(user_id bigint, kind text, subject text, body jsonb, link text, dedup_key text)
), added AS (
  INSERT INTO notice (user_id, kind, subject, body, link, dedup_key, created_at)
  SELECT user_id, kind, subject, body, link, dedup_key, :now FROM wanted ORDER BY user_id
  ON CONFLICT (user_id, dedup_key) DO NOTHING
  RETURNING id, user_id, kind, dedup_key
), robots AS (
  SELECT one.value->>'address' AS address, one.value->'kinds' AS kinds, 'robot:' || one.ordinality AS channel
  FROM setting, jsonb_array_elements(setting.value->'robots') WITH ORDINALITY AS one WHERE setting.name = 'robots'
), told AS (
  INSERT INTO delivery (notice_id, channel, address, message_id, next_attempt_at)
  SELECT min(added.id), robots.channel, robots.address, '<notice-' || min(added.id) || '@robot>', :now
  FROM added JOIN robots ON jsonb_exists(robots.kinds, added.kind)
  GROUP BY added.kind, added.dedup_key, robots.channel, robots.address
), reached AS (
  SELECT added.id, added.user_id, coalesce(choice.robot_address, '') AS robot_address,
    coalesce(choice.channels->added.kind, choice.channels->'other', '["email"]') AS channels
  FROM added LEFT JOIN notice_choice choice ON choice.user_id = added.user_id
), mailed AS (
  INSERT INTO delivery (notice_id, channel, address, message_id, next_attempt_at)
  SELECT added.id, 'email', person.email, '<notice-' || added.id || '@' || :mail_domain || '>', :now
  FROM reached AS added JOIN user_account person ON person.id = added.user_id
  WHERE :mail_domain <> '' AND person.email <> '' AND person.active AND jsonb_exists(added.channels, 'email')
), own_robots AS (
  INSERT INTO delivery (notice_id, channel, address, message_id, next_attempt_at)
  SELECT id, 'robot:own', robot_address, '<notice-' || id || '@robot>', :now
  FROM reached WHERE :robots AND robot_address <> '' AND jsonb_exists(channels, 'robot')
), texted AS (
  INSERT INTO delivery (notice_id, channel, address, message_id, next_attempt_at)
  SELECT reached.id, 'sms', person.mobile, '<notice-' || reached.id || '@sms>', :now
  FROM reached JOIN user_account person ON person.id = reached.user_id
  WHERE :sms AND person.mobile <> '' AND person.active AND jsonb_exists(reached.channels, 'sms')
)
SELECT user_id FROM added
""")

# What a holder is urged to do today.
URGED_TASK = """t.status = 'open' AND t.due_at < :before AND NOT t.waiting AND t.paused_for = '' AND t.created_at <= :at
    AND (i.status = 'active' OR EXISTS (SELECT FROM task_round r WHERE r.id = t.round_id AND r.relation = 'instruct'))
    AND (t.urging = 'daily' OR (t.urging = 'weekly' AND (:first_of_week OR t.due_at < :tomorrow)))"""

# From what is due to who holds it: the work grows with what is due, not with what exists.
_DUE_HOLDINGS = text(f"""
WITH due AS (
  SELECT t.id, t.title, t.name, t.due_at, i.definition_key, h.holder
  FROM task t
  JOIN process_instance i ON i.id = t.instance_id
  JOIN task_holder h ON h.task_id = t.id AND h.claimed_by IS NULL
  WHERE {URGED_TASK}
), held AS (
  SELECT due.*, CAST(substr(holder, 3) AS bigint) AS user_id FROM due WHERE holder LIKE 'u:%'
  UNION
  SELECT due.*, membership.user_id
  FROM due
  JOIN (SELECT post.id, 'g:' || unit.code || ':' || post.code AS holder FROM post JOIN unit ON unit.id = post.unit_id
        WHERE unit.active) place ON place.holder = due.holder
  JOIN membership ON membership.post_id = place.id
    AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
), told AS (
  SELECT held.*, '' AS for_whom FROM held
  UNION
  SELECT held.id, held.title, held.name, held.due_at, held.definition_key, held.holder, s.substitute_id, principal.name
  FROM held
  {SUBSTITUTES.format(of="held", process="definition_key")}
)
SELECT told.user_id, told.id AS task_id, NULL AS plan_id, '' AS stage, told.title, told.name, told.due_at,
  min(told.for_whom) AS for_whom, person.language, person.name AS person, '' AS unit_name
FROM told JOIN user_account person ON person.id = told.user_id AND person.active
WHERE told.user_id > :after AND {IS_THERE}
GROUP BY told.user_id, told.id, told.title, told.name, told.due_at, person.language, person.name
ORDER BY told.user_id, told.due_at, told.id
""")

# Who hears of what is late in a unit is asked once for each unit and route, not for each task. Levels: the superiors of the unit;
# where none of them is there, nor a substitute of theirs, those of the unit above. The superior of what lies with the superior
# himself is that of the unit above in any case. A superior's substitute who does the task himself is not above it.
_DUE_BELOW = text(f"""
WITH late AS (
  SELECT t.id, t.title, t.name, t.due_at, t.unit_id, unit.parent_id, unit.code AS unit_code, unit.short_name AS unit_name,
    i.definition_key
  FROM task t
  JOIN process_instance i ON i.id = t.instance_id
  JOIN unit ON unit.id = t.unit_id AND unit.active
  WHERE t.status = 'open' AND t.due_at < :before AND NOT t.waiting AND t.paused_for = '' AND t.created_at <= :at
    AND NOT t.held AND t.urging <> 'none'
    AND (i.status = 'active' OR EXISTS (SELECT FROM task_round r WHERE r.id = t.round_id AND r.relation = 'instruct'))
), superior AS (
  SELECT post.unit_id, post.code, membership.user_id FROM post
  JOIN unit ON unit.id = post.unit_id AND unit.active
  JOIN membership ON membership.post_id = post.id AND {HOLDS_POST}
  WHERE post.code = ANY(:superiors)
), own AS (
  SELECT DISTINCT late.id FROM late JOIN superior ON superior.unit_id = late.unit_id
  JOIN task_holder h ON h.task_id = late.id AND h.claimed_by IS NULL
    AND h.holder IN ('u:' || superior.user_id, 'g:' || late.unit_code || ':' || superior.code)
), place AS (
  SELECT DISTINCT unit_id, parent_id, definition_key FROM late
), above AS (
  SELECT place.*, superior.user_id, 0 AS level FROM place JOIN superior ON superior.unit_id = place.unit_id
  UNION
  SELECT place.*, superior.user_id, 1 AS level FROM place JOIN superior ON superior.unit_id = place.parent_id
), told AS (
  SELECT above.unit_id, above.definition_key, above.level, above.user_id, '' AS for_whom FROM above
  UNION
  SELECT above.unit_id, above.definition_key, above.level, s.substitute_id, principal.name FROM above
  {SUBSTITUTES.format(of="above", process="definition_key")}
), there AS (
  SELECT told.*, person.language, person.name AS person FROM told
  JOIN user_account person ON person.id = told.user_id AND person.active
  WHERE {IS_THERE}
), reached AS (
  SELECT late.id, late.title, late.name, late.due_at, late.unit_name, own.id IS NOT NULL AS own, there.user_id, there.for_whom,
    there.language, there.person, there.level, min(there.level) OVER (PARTITION BY late.id) AS nearest
  FROM late JOIN there ON there.unit_id = late.unit_id AND there.definition_key = late.definition_key
  LEFT JOIN own ON own.id = late.id
  WHERE there.for_whom = '' OR NOT EXISTS (
    SELECT FROM task_holder h WHERE h.task_id = late.id AND h.claimed_by IS NULL
      AND (h.holder = 'u:' || there.user_id OR h.holder IN (
        SELECT 'g:' || unit.code || ':' || post.code FROM membership JOIN post ON post.id = membership.post_id
        JOIN unit ON unit.id = post.unit_id WHERE membership.user_id = there.user_id AND {HOLDS_POST})))
)
SELECT user_id, id AS task_id, NULL AS plan_id, '' AS stage, title, name, due_at, min(for_whom) AS for_whom, language, person,
  unit_name
FROM reached
WHERE (level = nearest OR own) AND user_id > :after
GROUP BY user_id, id, title, name, due_at, language, person, unit_name
ORDER BY user_id, due_at, id
""")

# A plan, or the stage in which it is, and those who have one of the posts in its lead unit; where it climbs and none of them is
# there, nor a substitute of theirs (who has it as his own is not above it), those of the unit above.
_DUE_SPANS = text(f"""
WITH late AS (
  SELECT plan.id, plan.title, plan.route, plan.lead_unit_id, span.stage, span.due_at
  FROM stage_deadline span JOIN plan ON plan.id = span.plan_id
  WHERE span.left_at IS NULL AND span.due_at < :before AND span.entered_at <= :at
    AND plan.status = 'active' AND plan.issued_on IS NULL AND plan.paused_for = ''
  UNION ALL
  SELECT plan.id, plan.title, plan.route, plan.lead_unit_id, '',
    (plan.due_on + CAST(:closes AS time)) AT TIME ZONE :zone
  FROM plan
  WHERE plan.due_on < :before_day AND plan.status = 'active' AND plan.issued_on IS NULL AND plan.paused_for = ''
), holder AS (
  SELECT post.unit_id, membership.user_id FROM post
  JOIN unit ON unit.id = post.unit_id AND unit.active
  JOIN membership ON membership.post_id = post.id AND {HOLDS_POST}
  WHERE post.code = ANY(:posts)
), place AS (
  SELECT DISTINCT unit.id AS unit_id, unit.parent_id, unit.short_name AS unit_name, late.route
  FROM late JOIN unit ON unit.id = late.lead_unit_id AND unit.active
), reached AS (
  SELECT place.*, holder.user_id, 0 AS level FROM place JOIN holder ON holder.unit_id = place.unit_id
  UNION
  SELECT place.*, holder.user_id, 1 AS level FROM place JOIN holder ON holder.unit_id = place.parent_id
  WHERE cardinality(CAST(:below AS text[])) > 0
), told AS (
  SELECT reached.unit_id, reached.unit_name, reached.route, reached.level, reached.user_id, '' AS for_whom FROM reached
  UNION
  SELECT reached.unit_id, reached.unit_name, reached.route, reached.level, s.substitute_id, principal.name FROM reached
  {SUBSTITUTES.format(of="reached", process="route")}
    AND NOT EXISTS (SELECT FROM membership JOIN post ON post.id = membership.post_id
      WHERE membership.user_id = s.substitute_id AND post.unit_id = reached.unit_id AND post.code = ANY(CAST(:below AS text[]))
        AND {HOLDS_POST})
), there AS (
  SELECT told.*, person.language, person.name AS person, min(told.level) OVER (PARTITION BY told.unit_id, told.route) AS nearest
  FROM told JOIN user_account person ON person.id = told.user_id AND person.active
  WHERE {IS_THERE}
)
SELECT there.user_id, NULL AS task_id, late.id AS plan_id, late.stage, late.title, '' AS name, late.due_at,
  min(there.for_whom) AS for_whom, there.language, there.person, there.unit_name
FROM late JOIN there ON there.unit_id = late.lead_unit_id AND there.route = late.route
WHERE there.level = there.nearest AND there.user_id > :after
GROUP BY there.user_id, late.id, late.title, late.stage, late.due_at, there.language, there.person, there.unit_name
ORDER BY there.user_id, late.due_at, late.id, late.stage
""")

_HOLDERS_OF_POSTS = text("""
SELECT DISTINCT person.id AS user_id, person.language, unit.id AS unit_id, unit.area_path, unit.relation
FROM unit JOIN post ON post.unit_id = unit.id
JOIN membership ON membership.post_id = post.id
  AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
JOIN user_account person ON person.id = membership.user_id AND person.active
WHERE unit.active AND unit.area_path LIKE :areas AND (post.code = ANY(:posts) OR post.role = ANY(:roles))
ORDER BY person.id, unit.area_path
""")

_TASK_HOLDERS = text("""
SELECT DISTINCT person.id
FROM task_holder h
LEFT JOIN post ON h.holder LIKE 'g:%'
  AND EXISTS (SELECT FROM unit WHERE unit.id = post.unit_id AND unit.active AND 'g:' || unit.code || ':' || post.code = h.holder)
LEFT JOIN membership ON membership.post_id = post.id
  AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
JOIN user_account person ON person.active
  AND person.id = CASE WHEN h.holder LIKE 'u:%' THEN CAST(substr(h.holder, 3) AS bigint) ELSE membership.user_id END
WHERE h.task_id = :task_id AND h.claimed_by IS NULL
""")

# A holder who is away finds it when he is back; a substitute who is away has nothing to find.
_URGED_PEOPLE = text(f"""
WITH asked_of AS (
  SELECT t.id, i.definition_key FROM task t JOIN process_instance i ON i.id = t.instance_id WHERE t.id = :task_id
), {AWAY_AND_POSTS}, {HELD_AND_SEEN}
SELECT person.id FROM before JOIN user_account person ON person.id = before.user_id AND person.active
WHERE before.user_id IN (SELECT user_id FROM held) OR before.user_id NOT IN (SELECT user_id FROM away)
ORDER BY person.id
""")


def insert_notices(session: Session, rows: Sequence[dict[str, Any]], channels: Mapping[str, Any], now: datetime) -> list[int]:
    """Add notices, one per person and `dedup_key`, with deliveries as each person chose; gives whom they reach.

    Who chose nothing gets an e-mail where he has an address. A group robot is told of each occasion of its kinds once, however
    many people get the notice. `channels` are those that are wired: `email` with its `domain`, `robot`, `sms`.
    """
    if not rows:
        return []
    values = {
        "rows": json.dumps(rows, ensure_ascii=False, default=str), "now": now,
        "mail_domain": str(channels.get("email", {}).get("domain", "")), "robots": "robot" in channels, "sms": "sms" in channels,
    }  # fmt: skip
    return list(session.scalars(_INSERT, values))


class UrgedDays(NamedTuple):
    """The moment of a sweep (aware), its day, and what it takes in: tasks due before `before`, weekly ones before `tomorrow` or
    on the first working day of the week.
    """

    at: datetime
    today: date
    before: datetime
    tomorrow: datetime
    first_of_week: bool


def due_holdings(session: Session, days: UrgedDays, *, after: int = 0) -> Sequence[Any]:
    """Running tasks due before `days.before` with each person who holds them, by person and due moment.

    A task that is urged weekly comes on the first working day of the week, and once it is due (before `tomorrow`).
    Who took a task holds it; while nobody has, everybody in its candidate posts does. A substitute has it
    with `for_whom`. Nobody who is away that day is in it. Only people after `after`, by id.
    """
    return session.execute(_DUE_HOLDINGS, {**days._asdict(), "after": after}).all()


def due_below(
    session: Session, at: datetime, before: datetime, today: date, superiors: Sequence[str], *, after: int = 0
) -> Sequence[Any]:
    """The same tasks with each person who has one of the `superiors`' posts in the task's unit, and with his substitute.

    What lies with such a person himself reaches the one of the unit above too; so does what nobody of them is there to hear, nor
    a substitute. Nobody who is away is in it. Only people after `after`, by id.
    """
    values = {"at": at, "before": before, "today": today, "superiors": list(superiors), "after": after}
    return session.execute(_DUE_BELOW, values).all()


def due_spans(
    session: Session, at: datetime, before: datetime, posts: Sequence[str], settings: DeadlineSettings, *,
    below: Sequence[str] = (), after: int = 0,
) -> Sequence[Any]:
    """Plans and stages of plans due before `before`, whose clock runs, with each who has one of the posts in the lead unit.

    A whole plan has no `stage`, and is due at the office's close of its day. Nobody who is away is in it. Where posts `below` are
    named, who have it as their own, it climbs: what nobody of the posts is there to hear, nor a substitute, reaches those of the
    unit above. Only people after `after`, by id.
    """
    values = {
        "at": at, "before": before, "before_day": settings.day_of(before), "closes": settings.closes_at.isoformat(),
        "zone": settings.zone.key, "today": settings.day_of(at), "posts": list(posts), "below": list(below),
        "after": after,
    }  # fmt: skip
    return session.execute(_DUE_SPANS, values).all()


def holders_of_posts(
    session: Session, area_path: str, today: date, *, posts: Sequence[str] = (), roles: Sequence[str] = ()
) -> Sequence[Any]:
    """Everybody who has one of the posts or roles in a unit of the area or below; a row for each such unit."""
    values = {"areas": f"{area_path}%", "today": today, "posts": list(posts), "roles": list(roles)}
    return session.execute(_HOLDERS_OF_POSTS, values).all()


_PEOPLE_OF = text("""
SELECT DISTINCT asked.holder, person.id, person.language
FROM unnest(CAST(:holders AS text[])) AS asked(holder)
LEFT JOIN (SELECT post.id, 'g:' || unit.code || ':' || post.code AS holder FROM post JOIN unit ON unit.id = post.unit_id)
  AS place ON place.holder = asked.holder
LEFT JOIN membership ON membership.post_id = place.id
  AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
JOIN user_account person ON person.active AND person.id = CASE
  WHEN asked.holder LIKE 'u:%' THEN CAST(substr(asked.holder, 3) AS bigint) ELSE membership.user_id END
""")


def people_of(session: Session, holders: Sequence[str], today: date) -> dict[str, list[int]]:
    """The people behind holder keys (`u:…`, `g:…`) on a day, by key; a key with nobody behind it is left out."""
    speakers = speakers_of(session, holders, today)
    return {holder: [user_id for user_id, _language in people] for holder, people in speakers.items()}


def speakers_of(session: Session, holders: Sequence[str], today: date) -> dict[str, list[tuple[int, str]]]:
    """The same people, each with the language in which he reads."""
    found: dict[str, list[tuple[int, str]]] = {}
    for holder, user_id, language in session.execute(_PEOPLE_OF, {"holders": list(holders), "today": today}):
        found.setdefault(holder, []).append((user_id, language))
    return found


def told_since(session: Session, people: Collection[int], occasion: str, since: datetime) -> bool:
    """Whether any of these people got a notice whose occasion begins so after `since`."""
    mine = Notice.user_id.in_(people), Notice.dedup_key.startswith(occasion, autoescape=True), Notice.created_at > since
    return bool(people) and session.scalar(select(exists().where(*mine))) is True


_UNIT_OF_PERSON = text("""
SELECT unit.id FROM membership JOIN post ON post.id = membership.post_id JOIN unit ON unit.id = post.unit_id AND unit.active
WHERE membership.user_id = :user_id AND membership.since <= :today AND (membership.until IS NULL OR membership.until > :today)
ORDER BY post.rank, membership.id LIMIT 1
""")


def holds_post_in(session: Session, user_id: int, unit_id: int, today: date) -> bool:
    """Whether a person holds a post in a unit on a day."""
    held = Membership.user_id == user_id, Membership.since <= today, or_(Membership.until.is_(None), Membership.until > today)
    posts = select(Membership.id).join(Post, Post.id == Membership.post_id).where(Post.unit_id == unit_id, *held)
    return session.scalars(posts.limit(1)).one_or_none() is not None


def people_in(session: Session, unit_id: int, today: date) -> list[tuple[int, str]]:
    """The people who hold a post of a unit on a day, with their names, by rank."""
    held = Membership.since <= today, or_(Membership.until.is_(None), Membership.until > today)
    found = select(User.id, User.name).join(Membership, Membership.user_id == User.id).join(Post, Post.id == Membership.post_id)
    rows = session.execute(found.where(Post.unit_id == unit_id, User.active, *held).order_by(Post.rank, User.sort_key, User.id))
    return list(dict.fromkeys((row[0], row[1]) for row in rows))


def unit_of_person(session: Session, user_id: int, today: date) -> int | None:
    """The unit of a person's first post on a day."""
    return session.scalars(_UNIT_OF_PERSON, {"user_id": user_id, "today": today}).one_or_none()


def task_holders(session: Session, task_id: int, today: date) -> list[int]:
    """The people before whom an open task lies."""
    return list(session.scalars(_TASK_HOLDERS, {"task_id": task_id, "today": today}))


def urged_people(session: Session, task_id: int, today: date) -> list[int]:
    """The people before whom an open task lies, those who are away too, and their substitutes who are there."""
    return list(session.scalars(_URGED_PEOPLE, {"task_id": task_id, "today": today}))
