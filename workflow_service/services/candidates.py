"""Whom somebody may choose on a page: found by name, pinyin initials and unit, those chosen lately first.

People of one's own government and those below it are asked by name; every other unit through its registry post, which
hands the work out itself. A transfer stays within the unit, or goes to another unit's registry (`transfers`). Where a page shows
a whole list instead (substitutes, circulations), it has the people of one's own governments and the posts that one sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import Session

from workflow_service.identity import policy
from workflow_service.identity.names import matches
from workflow_service.store import choosing, people_queries, round_list
from workflow_service.store.people import Unit, User
from workflow_service.store.runtime import Task

from . import recipients
from .absences import Away, away_on
from .calendars import SETTINGS
from .context import Actor
from .transfers import REGISTRY

MOST_FOUND = 20
LATEST = 8
MOST_LISTED = 400


@dataclass(frozen=True)
class Candidate:
    """One person or post to choose: its holder key, its name, and unit and post in words. `lately`: chosen lately; `away`: the
    person is away today.
    """

    holder: str
    name: str
    detail: str
    lately: bool = False
    away: Away | None = None

    @property
    def option(self) -> tuple[str, str]:
        """The key, and the name with unit and post in one line."""
        return self.holder, f"{self.name}（{self.detail}）" if self.detail else self.name


def candidates(
    session: Session, actor: Actor, task: Task, typed: str, *, within_unit: bool, now: datetime
) -> list[Candidate]:
    """Give whom to choose for a task; with nothing typed those chosen lately and the colleagues of the unit.

    `within_unit`: only people of the task's unit, and registries of others.
    """
    today = SETTINGS.day_of(now)
    scope = choosing.Scope(
        areas=policy.visible_areas(actor), unit_id=task.unit_id if within_unit else None,
        own_units=frozenset({task.unit_id} if task.unit_id is not None else actor.unit_ids),
    )  # fmt: skip
    typed = typed.strip()
    found = _people(session, scope, typed, today) + _posts(session, scope, typed)
    found = [one for one in found if one.holder != f"u:{actor.user_id}"]
    lately = [] if typed else _lately(session, actor, scope, today)
    kept = list({one.holder: one for one in (*lately, *found)}.values())[: MOST_FOUND + LATEST]
    return _with_absence(session, kept, today)


def _with_absence(session: Session, found: Sequence[Candidate], today: date) -> list[Candidate]:
    away = away_on(session, [int(one.holder[2:]) for one in found if one.holder.startswith("u:")], today)
    return [replace(one, away=away.get(int(one.holder[2:]))) if one.holder.startswith("u:") else one for one in found]


def colleagues(session: Session, user_id: int, *, now: datetime) -> list[Candidate]:
    """Give the other people of a person's own governments, those of his own units first; at most `MOST_LISTED`."""
    today = SETTINGS.day_of(now)
    units = [held.post.unit for held in people_queries.memberships_of(session, [user_id], today)]
    rows = choosing.colleagues(session, {one.area_path for one in units}, {one.id for one in units}, today)
    others = [row for row in rows if row[0] != user_id]
    return [Candidate(f"u:{row[0]}", row[1], f"{row[2]}·{row[3]}") for row in others[:MOST_LISTED]]


def colleague_ids(session: Session, user_id: int, *, now: datetime) -> list[tuple[int, str]]:
    """The same as ids with name, unit and post, where nothing but a person can be chosen."""
    return [(int(key[2:]), text) for key, text in (one.option for one in colleagues(session, user_id, now=now))]


def posts_in_sight(session: Session, actor: Actor, *, now: datetime) -> list[Candidate]:
    """Give the posts that somebody holds today in the governments that one sees."""
    return _as_posts(choosing.filled_posts(session, actor.area_paths, SETTINGS.day_of(now), MOST_LISTED))


def named(session: Session, holders: Iterable[str]) -> list[Candidate]:
    """Give what was chosen already, by key, so that a page can show it again."""
    return [Candidate(one, recipients.name_of(session, one), "") for one in dict.fromkeys(holders)]


def _people(session: Session, scope: choosing.Scope, typed: str, today: date) -> list[Candidate]:
    words = or_(matches(User.keywords, typed), matches(Unit.keywords, typed)) if typed else None
    rows = choosing.people(session, scope, words, today, MOST_FOUND)
    return [Candidate(f"u:{user_id}", name, f"{unit} · {post}") for user_id, name, unit, post in rows]


def _posts(session: Session, scope: choosing.Scope, typed: str) -> list[Candidate]:
    if not typed:
        return []
    return _as_posts(choosing.posts(session, scope, matches(Unit.keywords, typed), REGISTRY, MOST_FOUND))


def _as_posts(rows: Sequence[Any]) -> list[Candidate]:
    return [Candidate(f"g:{unit}:{post}", f"{unit_name}·{name}", "") for unit, post, unit_name, name in rows]


def _lately(session: Session, actor: Actor, scope: choosing.Scope, today: date) -> Sequence[Candidate]:
    keys = round_list.lately_asked(session, actor.user_id, LATEST) if actor.user_id is not None else []
    ids = [int(one[2:]) for one in keys if one.startswith("u:")]
    people = {row[0]: row for row in choosing.people_by_id(session, scope, ids, today)}
    found = []
    for key in keys:
        row = people.get(int(key[2:])) if key.startswith("u:") else None
        if row is not None and row[0] != actor.user_id:
            found.append(Candidate(key, row[1], f"{row[2]} · {row[3]}", lately=True))
        elif key.startswith("g:") and (scope.unit_id is None or key.endswith(f":{REGISTRY}")):
            found.append(Candidate(key, recipients.name_of(session, key), "", lately=True))
    return found
