"""Figures of the board from counters, exact at any day: what is added up, what is not yet, and what the days between change.

`plan_count` holds f(D), the figures at the end of its day D. For another day x, only plans with a date between D and x differ,
and an index finds them: f(x) = counters + entries + Σ over those plans of their share at x less their share at D. Each question
is one statement, so it sees one state of all three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from .counters import AREA_ABOVE

TODAY, PERIOD = "today", "period"
FOLDED_AT_ONCE = 20_000

_WHOLE = re.compile(r"(/[0-9A-Za-z]+)+/")
_KIND = "lead_unit_id, level, tier, importance, category, stage"
KINDS = tuple(_KIND.split(", "))
"""The columns by which plans are counted: no other one can be asked for."""
_COUNTS = ("total", "issued", "overdue", "filed")
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _COUNTS)
_IN_CATALOGUE = "status IN ('active', 'issued') AND registered_on IS NOT NULL"
_ABOVE = """LATERAL (
  SELECT '' AS area UNION ALL
  SELECT '/' || array_to_string(parts[1:n], '/') || '/'
  FROM (SELECT string_to_array(trim('/' FROM {path}), '/') AS parts) AS p, generate_series(1, cardinality(parts)) AS n
) AS above"""


def _shares(day: str, number: str, issued: str, filed: str, stands: str = "stands") -> str:
    """SQL: what one plan, or an entry, adds to each count at the end of a day. A plan whose clock stands is not overdue."""
    there = f"registered_on <= {day}"
    return (
        f"{number} * ({there})::int AS total, {number} * ({there} AND coalesce({issued} <= {day}, false))::int AS issued,"
        f" {number} * ({there} AND coalesce({issued} > {day}, true) AND coalesce(due_on < {day}, false)"
        f" AND NOT {stands})::int AS overdue,"
        f" {number} * ({there} AND {filed})::int AS filed"
    )


def _plan_shares(day: str, number: int) -> str:
    return _shares(day, str(number), "first_issued_on", "filed_on IS NOT NULL", "(paused_for <> '')")


def _between(day: str, other: str) -> str:
    """SQL: the plans of which a date lies between two days, which may be the same."""
    low, high = f"least({day}, {other})", f"greatest({day}, {other})"
    dates = " OR ".join(f"{one} BETWEEN {low} AND {high}" for one in ("registered_on", "due_on", "first_issued_on"))
    return f"{_IN_CATALOGUE} AND {day} <> {other} AND ({dates})"


_DAY = "(SELECT day FROM plan_count_day WHERE name = :name)"
_NEAREST = text("SELECT name FROM plan_count_day ORDER BY abs(day - :day), name DESC LIMIT 1")
_KIND_OF = """
SELECT {kind}, {sums} FROM (
  SELECT {kind}, total, issued, overdue, filed FROM plan_count WHERE name = :name AND area_path = ANY(:areas) {equal}
  UNION ALL
  SELECT {kind}, {entries} FROM plan_count_entry WHERE area_path LIKE ANY(:below) {equal}
  UNION ALL
  SELECT {kind}, {then} FROM plan WHERE {between} AND area_path LIKE ANY(:below) {equal}
  UNION ALL
  SELECT {kind}, {less} FROM plan WHERE {between} AND area_path LIKE ANY(:below) {equal}
) AS counted
GROUP BY {kind} HAVING sum(total) <> 0
"""
_BELOW = "CAST(:area AS text) || split_part(substr(area_path, length(:area) + 1), '/', 1) || '/'"
_PLACES = f"""
SELECT place, {{sums}} FROM (
  SELECT area_path AS place, total, issued, overdue, filed FROM plan_count
  WHERE name = :name AND {AREA_ABOVE} = :area {{equal}}
  UNION ALL
  SELECT {_BELOW}, {{entries}} FROM plan_count_entry WHERE area_path LIKE :below {{equal}}
  UNION ALL
  SELECT {_BELOW}, {{then}} FROM plan WHERE {{between}} AND area_path LIKE :below {{equal}}
  UNION ALL
  SELECT {_BELOW}, {{less}} FROM plan WHERE {{between}} AND area_path LIKE :below {{equal}}
) AS counted
GROUP BY place HAVING sum(total) <> 0
"""
_PER_DAY = f"""
SELECT day, sum(due) AS due, sum(issued) AS issued FROM (
  SELECT day, due, issued FROM plan_day_count WHERE area_path = ANY(:areas)
  UNION ALL
  SELECT due_on, number, 0 FROM plan_count_entry WHERE area_path LIKE ANY(:below) AND due_on IS NOT NULL
  UNION ALL
  SELECT issued_on, 0, number FROM plan_count_entry WHERE area_path LIKE ANY(:below) AND issued_on IS NOT NULL
  UNION ALL
  SELECT due_on, -1, 0 FROM plan
  WHERE {_IN_CATALOGUE} AND registered_on > :day AND due_on IS NOT NULL AND area_path LIKE ANY(:below)
  UNION ALL
  SELECT first_issued_on, 0, -1 FROM plan
  WHERE {_IN_CATALOGUE} AND registered_on > :day AND first_issued_on <= :day AND area_path LIKE ANY(:below)
) AS counted
GROUP BY day HAVING sum(due) <> 0 OR sum(issued) <> 0
"""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('plan_count'))")
_ADD = f"""
ON CONFLICT (name, area_path, {_KIND}) DO UPDATE SET
  {", ".join(f"{name} = plan_count.{name} + excluded.{name}" for name in _COUNTS)}
"""
_FOLD = text(f"""
WITH taken AS (
  DELETE FROM plan_count_entry WHERE id IN (SELECT id FROM plan_count_entry ORDER BY id LIMIT :limit) RETURNING *
), spread AS (
  SELECT above.area, taken.* FROM taken, {_ABOVE.format(path="taken.area_path")}
), days AS (
  INSERT INTO plan_day_count (area_path, day, due, issued)
  SELECT area, day, sum(due), sum(issued) FROM (
    SELECT area, due_on AS day, number AS due, 0 AS issued FROM spread WHERE due_on IS NOT NULL
    UNION ALL
    SELECT area, issued_on, 0, number FROM spread WHERE issued_on IS NOT NULL) AS one
  GROUP BY area, day HAVING sum(due) <> 0 OR sum(issued) <> 0
  ON CONFLICT (area_path, day) DO UPDATE
  SET due = plan_day_count.due + excluded.due, issued = plan_day_count.issued + excluded.issued
), kinds AS (
  INSERT INTO plan_count (name, area_path, {_KIND}, total, issued, overdue, filed)
  SELECT name, area, {_KIND}, {_SUMS} FROM (
    SELECT name, area, {_KIND}, {_shares("day", "number", "issued_on", "filed")} FROM spread, plan_count_day) AS one
  GROUP BY name, area, {_KIND}
  {_ADD}
)
SELECT count(*) FROM taken
""")
_ROLL = text(f"""
WITH moved AS (
  UPDATE plan_count_day SET day = :day WHERE name = :name
)
INSERT INTO plan_count (name, area_path, {_KIND}, total, issued, overdue, filed)
SELECT :name, area, {_KIND}, {_SUMS} FROM (
  SELECT area_path, {_KIND}, {_plan_shares(":day", 1)} FROM plan WHERE {_between(_DAY, ":day")}
  UNION ALL
  SELECT area_path, {_KIND}, {_plan_shares(_DAY, -1)} FROM plan WHERE {_between(_DAY, ":day")}
  UNION ALL
  SELECT area_path, {_KIND}, {_shares(":day", "-number", "issued_on", "filed")} FROM plan_count_entry
  UNION ALL
  SELECT area_path, {_KIND}, {_shares(_DAY, "number", "issued_on", "filed")} FROM plan_count_entry
) AS one, {_ABOVE.format(path="one.area_path")}
GROUP BY area, {_KIND}
HAVING sum(total) <> 0 OR sum(issued) <> 0 OR sum(overdue) <> 0 OR sum(filed) <> 0
{_ADD}
""")
_DROP_EMPTY = (
    text("DELETE FROM plan_count WHERE (total, issued, overdue, filed) = (0, 0, 0, 0)"),
    text("DELETE FROM plan_day_count WHERE (due, issued) = (0, 0)"),
)


def is_countable(areas: tuple[str, ...] | None) -> bool:
    """Whether the areas are whole ones: the counters know no others."""
    return areas is None or all(_WHOLE.fullmatch(area) for area in areas)


def kinds(
    session: Session, areas: tuple[str, ...] | None, day: date, *, stages: bool, equal: Sequence[tuple[str, Any]] = (),
    units: Sequence[str] = (),
) -> Sequence[Any]:  # fmt: skip
    """Counts at the end of `day` for each lead unit, level, tier, importance, category (and stage), of the plans as they are.

    Rows like those of `ledger_queries.groups`. `equal` compares columns of the kind, `units` are codes.
    """
    name = session.scalar(_NEAREST, {"day": day})
    conditions, given = _narrowed(equal, units)
    statement = _KIND_OF.format(
        kind=_KIND if stages else _KIND.removesuffix(", stage"), sums=_SUMS, equal=conditions,
        entries=_shares(_DAY, "number", "issued_on", "filed"), then=_plan_shares(":day", 1), less=_plan_shares(_DAY, -1),
        between=_between(_DAY, ":day"),
    )  # fmt: skip
    return session.execute(text(statement), {"name": name, "day": day, **_areas(areas), **given}).all()


def places(
    session: Session, area: str, day: date, *, equal: Sequence[tuple[str, Any]] = (), units: Sequence[str] = ()
) -> Sequence[Any]:
    """Counts at the end of `day` for each area right below an area (`/`: the topmost ones), of the plans as they are.

    Rows have place, total, issued, overdue. `equal` compares columns of the kind, `units` are codes.
    """
    conditions, given = _narrowed(equal, units)
    statement = _PLACES.format(
        sums=_SUMS, equal=conditions, entries=_shares(_DAY, "number", "issued_on", "filed"), then=_plan_shares(":day", 1),
        less=_plan_shares(_DAY, -1), between=_between(_DAY, ":day"),
    )  # fmt: skip
    values = {"name": session.scalar(_NEAREST, {"day": day}), "day": day, "area": area, "below": f"{area}_%"}
    return session.execute(text(statement), values | given).all()


def per_day(
    session: Session, areas: tuple[str, ...] | None, day: date
) -> tuple[dict[date, int], dict[date, int]]:
    """How many plans were first issued on each day until `day`, and how many are due on each day."""
    rows = session.execute(text(_PER_DAY), {"day": day, **_areas(areas)}).all()
    issued = {row.day: row.issued for row in rows if row.issued and row.day <= day}
    return issued, {row.day: row.due for row in rows if row.due}


def add_up(session: Session, today: date, former_period: date, *, limit: int = FOLDED_AT_ONCE) -> bool:
    """Add up entries, at most `limit`, and move the counters to these days; gives whether entries may be left.

    One at a time: another one waits. Nobody else does, for commands only append and boards only read.
    """
    session.execute(_LOCK)
    taken = session.scalar(_FOLD, {"limit": limit}) or 0
    for name, day in ((TODAY, today), (PERIOD, former_period)):
        if session.scalar(text(f"SELECT {_DAY}"), {"name": name}) != day:
            session.execute(_ROLL, {"name": name, "day": day})
            for statement in _DROP_EMPTY:
                session.execute(statement)
    return taken == limit


def recount(session: Session) -> int:
    """Count everything again and put right what differs; gives how many counters differed. Changes of plans wait meanwhile."""
    session.execute(_LOCK)
    session.execute(text("LOCK TABLE plan IN SHARE MODE"))
    while session.scalar(_FOLD, {"limit": FOLDED_AT_ONCE}):
        pass
    wrong = 0
    for table, key, counts, counted in _RECOUNTED:
        none = f"({', '.join(counts)}) = ({', '.join('0' for _each in counts)})"
        columns = ", ".join((*key, *counts))
        session.execute(text(f"CREATE TEMP TABLE counted ON COMMIT DROP AS {counted}"))
        here, right = f"SELECT {columns} FROM {table} WHERE NOT {none}", f"SELECT {columns} FROM counted"
        differing = f"(SELECT {', '.join(key)} FROM ((({here}) EXCEPT {right}) UNION (({right}) EXCEPT {here})) AS one)"
        found = session.scalar(text(f"SELECT count(*) FROM (SELECT DISTINCT * FROM {differing} AS two) AS three")) or 0
        if found:
            session.execute(text(f"DELETE FROM {table}"))
            session.execute(text(f"INSERT INTO {table} ({columns}) {right}"))
        session.execute(text("DROP TABLE counted"))
        wrong += found
    return wrong


_COUNTED_KINDS = f"""
SELECT name, area AS area_path, {_KIND}, {", ".join(f"sum({one})::int AS {one}" for one in _COUNTS)} FROM (
  SELECT name, area_path, {_KIND}, {_plan_shares("day", 1)} FROM plan, plan_count_day WHERE {_IN_CATALOGUE}
) AS one, {_ABOVE.format(path="one.area_path")}
GROUP BY name, area, {_KIND} HAVING (sum(total), sum(issued), sum(overdue), sum(filed)) <> (0, 0, 0, 0)
"""
_COUNTED_DAYS = f"""
SELECT area AS area_path, day, sum(due)::int AS due, sum(issued)::int AS issued FROM (
  SELECT area_path, due_on AS day, 1 AS due, 0 AS issued FROM plan WHERE {_IN_CATALOGUE} AND due_on IS NOT NULL
  UNION ALL
  SELECT area_path, first_issued_on, 0, 1 FROM plan WHERE {_IN_CATALOGUE} AND first_issued_on IS NOT NULL
) AS one, {_ABOVE.format(path="one.area_path")}
GROUP BY area, day
"""


_RECOUNTED = (
    ("plan_count", ("name", "area_path", *KINDS), _COUNTS, _COUNTED_KINDS),
    ("plan_day_count", ("area_path", "day"), ("due", "issued"), _COUNTED_DAYS),
)


def _narrowed(equal: Sequence[tuple[str, Any]], units: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """SQL conditions on columns of the kind, and their values."""
    conditions = [f"AND {column} = :equal_{column}" for column, _value in equal]
    given: dict[str, Any] = {f"equal_{column}": value for column, value in equal}
    if units:
        conditions.append("AND lead_unit_id IN (SELECT id FROM unit WHERE code = ANY(:units))")
        given["units"] = list(units)
    return " ".join(conditions), given


def _areas(areas: tuple[str, ...] | None) -> dict[str, list[str]]:
    """Each area once: what lies below another one is counted there."""
    if areas is None:
        return {"areas": [""], "below": ["%"]}
    tops = [one for one in dict.fromkeys(areas) if not any(one != top and one.startswith(top) for top in areas)]
    return {"areas": tops, "below": [f"{one}%" for one in tops]}
