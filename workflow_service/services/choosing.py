"""Whom a page offers where people or posts are chosen: of one's own governments the people, of all that one sees the posts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from workflow_service.store import people_queries

from .calendars import SETTINGS
from .context import Actor

MOST = 400


def people_of_own_governments(session: Session, actor: Actor, *, now: datetime) -> list[tuple[str, str]]:
    """Give colleagues as (holder key, name with unit and post), those of one's own units first."""
    found: dict[str, tuple[bool, str]] = {}
    for held in people_queries.memberships_in(session, actor.area_paths, SETTINGS.day_of(now)):
        unit = held.post.unit
        key, label = f"u:{held.user_id}", f"{held.user.name}（{unit.short_name or unit.name}·{held.post.name}）"
        if held.user_id != actor.user_id:
            found.setdefault(key, (unit.id not in actor.unit_ids, label))
    ordered = sorted(found.items(), key=lambda one: one[1][0])
    return [(key, label) for key, (_far, label) in ordered][:MOST]


def posts_in_sight(session: Session, actor: Actor, *, now: datetime) -> list[tuple[str, str]]:
    """Give the posts that somebody holds today in the governments that one sees, as (holder key, unit and post)."""
    areas = actor.area_paths
    found = people_queries.filled_posts(session, areas, SETTINGS.day_of(now), MOST)
    return [(f"g:{row.unit_code}:{row.post_code}", f"{row.unit}·{row.post}") for row in found]
