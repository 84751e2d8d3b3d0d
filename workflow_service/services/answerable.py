"""Who answers for a listed matter by name (责任人), as people come and go (docs/domain.md §7).

The task lies before the unit's post and stays there; the name follows: on a hand-over the successor, on a departure the one who
holds the post, and where that is not one person nobody until somebody is named.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import notice_rows
from workflow_service.store.acting import ListedMatter
from workflow_service.store.people import User

from . import audit
from .calendars import SETTINGS
from .context import Actor
from .listing import note, tell, visible_matter

OVER = ("struck_off",)


def name_responsible(
    session: Session, actor: Actor, matter_id: int, user_id: int, *, now: datetime
) -> ListedMatter:
    """Name who answers for a matter from now on, somebody in post in its unit; supervisors of the area.

    Raises NotFound, Forbidden, InvalidInput, Conflict for a matter that is off the list.
    """
    matter = visible_matter(session, actor, matter_id)
    policy.require(actor, "listing.manage", policy.thing_of(matter.area_path))
    if matter.status in OVER:
        raise Conflict(N_("这件事已经销号。"))
    pass_to(session, actor, matter, user_id, now=now)
    return matter


def pass_to(session: Session, actor: Actor, matter: ListedMatter, user_id: int, *, now: datetime) -> None:
    """Let somebody in post in the matter's unit answer for it; raises InvalidInput for anybody else."""
    if not notice_rows.holds_post_in(session, user_id, matter.unit_id, SETTINGS.day_of(now)):
        raise InvalidInput(N_("责任人不在责任单位任职，请另选。"), pointer="/responsible_id")
    if user_id != matter.responsible_id:
        _write(session, actor, matter, session.get_one(User, user_id), now)


def matters_of(session: Session, user_id: int) -> list[ListedMatter]:
    """Give the matters on the list for which a person answers by name."""
    his = ListedMatter.responsible_id == user_id, ListedMatter.status.not_in(OVER)
    return list(session.scalars(select(ListedMatter).where(*his).order_by(ListedMatter.id)))


def pass_on_from_leavers(session: Session, *, now: datetime) -> int:
    """Where who answers has left the unit, name the only holder of its post, else nobody; gives how many changed."""
    today, changed = SETTINGS.day_of(now), 0
    named = ListedMatter.responsible_id.is_not(None), ListedMatter.status.not_in(OVER)
    for matter in session.scalars(select(ListedMatter).where(*named).order_by(ListedMatter.id).with_for_update()):
        if notice_rows.holds_post_in(session, int(matter.responsible_id or 0), matter.unit_id, today):
            continue
        people = notice_rows.people_of(session, [matter.holder], today).get(matter.holder, [])
        heir = session.get_one(User, people[0]) if len(people) == 1 else None
        _write(session, Actor.system("scheduler"), matter, heir, now)
        changed += 1
    return changed


def _write(session: Session, actor: Actor, matter: ListedMatter, heir: User | None, now: datetime) -> None:
    before, matter.responsible_id = matter.responsible_id, heir.id if heir is not None else None
    words = heir.name if heir is not None else ""
    note(session, actor, matter, "responsible", words, now=now)
    data = {"from": before, "to": matter.responsible_id}
    audit.record(session, actor, "listing.responsible", f"listed-matter:{matter.id}", data, now=now)
    told = [f"u:{heir.id}"] if heir is not None else [matter.holder]
    told += [f"u:{matter.listed_by}"] if matter.listed_by else []
    text = N_("更换责任人：%(title)s") if heir is not None else N_("责任人已调离，请另定：%(title)s")
    tell(session, actor, matter, told, text, f"responsible:{now.isoformat()}", words, now=now)
