"""A unit is merged into another by a reform (机构合并), in the middle of running plans (docs/domain.md §7).

From that day on its people, posts, open tasks, plans, listed matters and numbering are the successor's. What was done keeps the
unit's name of its day; ledgers and rankings of earlier days still count it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.i18n import N_
from workflow_service.identity.groups import RELATION_NAMES, structure_changed
from workflow_service.identity.words import Word
from workflow_service.store import merging, people_queries
from workflow_service.store.people import Post, Unit

from . import audit, events, people, recipients
from .calendars import SETTINGS
from .context import Actor
from .units import UnitFacts, change_unit, flush_unique, unit_to_manage

MERGED = "unit_merged"
LONGEST_REASON = 500


@dataclass(frozen=True)
class Merger:
    """What goes over: people in post, posts that the successor lacks, open tasks, plans, listed matters and slips, units below.

    `relation` and `document_prefix` are what the successor takes over, empty where it has its own or there is none.
    """

    unit: Unit
    heir: Unit
    people: int
    posts: tuple[str, ...]
    tasks: int
    plans: int
    matters: int
    units: int
    relation: str
    document_prefix: str


def preview_merger(session: Session, actor: Actor, unit_id: int, heir_id: int, *, now: datetime) -> Merger:
    """Say what a merger would move; raises NotFound, Forbidden, InvalidInput, Conflict as the merger itself does."""
    unit, heir = _both(session, actor, unit_id, heir_id)
    has = {one.code for one in people_queries.posts_of(session, heir.id)}
    hanging = merging.memberships_of(session, unit.id, SETTINGS.day_of(now))
    return Merger(
        unit=unit, heir=heir, people=len({one.user_id for one in hanging}),
        posts=tuple(one.name for one in people_queries.posts_of(session, unit.id) if one.code not in has),
        tasks=len(merging.open_tasks_of(session, unit)), plans=merging.plans_of(session, unit.id),
        matters=merging.matters_of(session, unit.id), units=len(_below(session, unit)),
        relation=unit.relation,
        document_prefix=unit.document_prefix if unit.document_prefix and not heir.document_prefix else "",
    )  # fmt: skip


def merge_unit(session: Session, actor: Actor, unit_id: int, heir_id: int, reason: str, *, now: datetime) -> Merger:
    """Merge a unit into another of the same government, from now on and for good.

    Raises NotFound, Forbidden, InvalidInput, Conflict.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(N_("请写明机构调整的依据，不超过 500 字。"), pointer="/reason")
    locked = select(Unit).where(Unit.id.in_((unit_id, heir_id))).order_by(Unit.id).with_for_update(key_share=True)
    session.scalars(locked.execution_options(populate_existing=True)).all()
    merger = preview_merger(session, actor, unit_id, heir_id, now=now)
    unit, heir = merger.unit, merger.heir
    instances = merging.instances_with(session, unit)
    _pass_people(session, actor, unit, heir, now)
    _pass_tasks(session, actor, unit, heir, reason, now)
    merging.pass_papers(session, unit, heir)
    merging.pass_plans(session, unit, heir, actor.user_id, now)
    _pass_place(session, actor, unit, heir, merger, now)
    data = {
        "unit": unit.code, "into": heir.code, "reason": reason, "people": merger.people, "tasks": merger.tasks,
        "plans": merger.plans, "matters": merger.matters, "instances": len(instances), "relation": merger.relation,
        "document_prefix": merger.document_prefix,
    }  # fmt: skip
    audit.record(session, actor, "unit.merge", f"unit:{unit.id}", data, now=now)
    structure_changed(session)
    _tell(session, actor, unit, heir, reason, now)
    return merger


def pass_stragglers(session: Session, *, now: datetime) -> int:
    """Pass on what came to a merged unit after all: a step that had asked who it is before, a run taken up again.

    Gives how many tasks. Run now and then by the scheduler, and at once where a run is taken up again.
    """
    passed = 0
    for unit in session.scalars(select(Unit).where(Unit.successor_id.is_not(None)).order_by(Unit.id)):
        found = merging.open_tasks_of(session, unit)
        if not found and not merging.open_rounds_of(session, unit):
            continue
        heir = session.get_one(Unit, unit.successor_id)
        merging.instances_with(session, unit)
        _pass_tasks(session, Actor.system("scheduler"), unit, heir, "", now)
        merging.pass_papers(session, unit, heir)
        passed += len(found)
    return passed


def _both(session: Session, actor: Actor, unit_id: int, heir_id: int) -> tuple[Unit, Unit]:
    unit, heir = unit_to_manage(session, actor, unit_id), unit_to_manage(session, actor, heir_id)
    if unit.id == heir.id:
        raise InvalidInput(N_("不能并入本单位。"), pointer="/into")
    if unit.area != heir.area:
        raise InvalidInput(N_("只能并入同一政府的单位。"), pointer="/into")
    if not unit.active:
        raise Conflict(N_("“%(unit)s”已不在用。"), unit=unit.name)
    if not heir.active:
        raise Conflict(N_("“%(unit)s”已不在用。"), unit=heir.name)
    if unit.relation and heir.relation:
        text = N_("“%(unit)s”承担“%(relation)s”职能，“%(heir)s”已另有职能；请先把这项职能改设到其他单位，再并入。")
        raise Conflict(text, unit=unit.name, heir=heir.name, relation=Word(RELATION_NAMES[unit.relation]))
    return unit, heir


def _below(session: Session, unit: Unit) -> list[Unit]:
    return list(session.scalars(select(Unit).where(Unit.parent_id == unit.id, Unit.active).order_by(Unit.id)))


def _pass_people(session: Session, actor: Actor, unit: Unit, heir: Unit, now: datetime) -> None:
    """Posts that the successor lacks are set up there; everybody goes on in the post of the same code."""
    today = SETTINGS.day_of(now)
    posts = {one.code: one for one in people_queries.posts_of(session, heir.id)}
    for post in people_queries.posts_of(session, unit.id):
        if post.code not in posts:
            posts[post.code] = Post(unit_id=heir.id, code=post.code, name=post.name, role=post.role, rank=post.rank)
            posts[post.code].unit = heir
            session.add(posts[post.code])
    flush_unique(session)
    for held in merging.memberships_of(session, unit.id, today):
        people.go_on_in(session, actor, held, posts[held.post.code], now=now)


def _pass_tasks(session: Session, actor: Actor, unit: Unit, heir: Unit, reason: str, now: datetime) -> None:
    before, after = f"{unit.code}:", f"{heir.code}:"
    for task in merging.open_tasks_of(session, unit):
        was = events.held(task)
        groups = [after + one.removeprefix(before) if one.startswith(before) else one for one in task.candidate_groups]
        task.candidate_groups = list(dict.fromkeys(groups))
        if task.unit_id == unit.id:
            task.unit_id = heir.id
        task.revision += 1
        data = {"unit": unit.name, "heir": heir.name, events.WAS: was}
        events.note(session, actor, task, MERGED, data, now=now, reason=reason)
    for found in merging.open_rounds_of(session, unit):
        found.people = [_passed(one, unit, heir) for one in found.people]
    session.flush()
    merging.pass_holders(session, unit, heir)


def _passed(asked: dict[str, object], unit: Unit, heir: Unit) -> dict[str, object]:
    holder, before = str(asked["holder"]), f"g:{unit.code}:"
    if not holder.startswith(before):
        return asked
    return asked | {"holder": f"g:{heir.code}:{holder.removeprefix(before)}"}


def _pass_place(session: Session, actor: Actor, unit: Unit, heir: Unit, merger: Merger, now: datetime) -> None:
    """Units below hang on the successor; what the merged unit was to its government the successor is, as far as it can be."""
    if heir.parent_id == unit.id:
        _hang(session, actor, heir, unit.parent.code if unit.parent else "", now)
    for one in _below(session, unit):
        _hang(session, actor, one, heir.code, now)
    unit.active, unit.successor_id = False, heir.id
    if merger.relation:
        unit.relation = ""
        session.flush()
        heir.relation = merger.relation
    if merger.document_prefix:
        heir.document_prefix = merger.document_prefix
    session.execute(update(Unit).where(Unit.successor_id == unit.id).values(successor_id=heir.id))
    session.flush()


def _hang(session: Session, actor: Actor, unit: Unit, parent: str, now: datetime) -> None:
    facts = UnitFacts(
        code=unit.code, name=unit.name, area=unit.area, short_name=unit.short_name, parent=parent, relation=unit.relation,
        document_prefix=unit.document_prefix,
    )  # fmt: skip
    change_unit(session, actor, unit.id, facts, now=now)


def _tell(session: Session, actor: Actor, unit: Unit, heir: Unit, reason: str, now: datetime) -> None:
    holders = [f"g:{heir.code}:{one.code}" for one in people_queries.posts_of(session, heir.id)]
    values = {"unit": unit.name, "heir": heir.name}
    recipients.tell(
        session, actor, holders, MERGED, N_("%(unit)s已并入%(heir)s"), values, f"{MERGED}:{unit.id}:{now.isoformat()}", now=now,
        note=reason, link="/tasks",
    )  # fmt: skip
