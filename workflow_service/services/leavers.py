"""What people leave behind on the day that their posts end: a post's tasks stay with the post (docs/domain.md §7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.store import people_queries
from workflow_service.store.people import Membership

from .calendars import SETTINGS
from .context import Actor
from .tasks import release_tasks

LOOK_BACK = timedelta(days=31)
"""How long a service may have stood still and yet find every post that ended meanwhile."""


def release_ended_posts(session: Session, *, now: datetime) -> int:
    """Put back what people had claimed for posts that ended of themselves, on a day named before; gives how many tasks."""
    today = SETTINGS.day_of(now)
    ended = select(Membership.user_id).where(Membership.until <= today, Membership.until > today - LOOK_BACK)
    released = 0
    for user_id in session.scalars(ended.distinct().order_by(Membership.user_id)):
        held = people_queries.memberships_of(session, [user_id], today)
        groups = {f"{each.post.unit.code}:{each.post.code}" for each in held}
        released += release_tasks(session, Actor.system("scheduler"), user_id, groups, now=now)
    return released
