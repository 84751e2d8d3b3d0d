"""Units and posts: set up, changed, moved and dissolved by the administrators of their area (docs/domain.md §5, §7)."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workflow_service.domain.deadlines import CHINA
from workflow_service.domain.divisions import area_path, level_of
from workflow_service.domain.documents import DocumentNumber
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import names
from workflow_service.identity.actor import is_within
from workflow_service.identity.groups import LEAD_UNIT, RELATION_NAMES, RELATIONS, structure_changed
from workflow_service.identity.policy import ROLES, require, thing_of
from workflow_service.identity.words import Word, plain_text
from workflow_service.services.audit import record
from workflow_service.services.context import Actor
from workflow_service.store import people_queries
from workflow_service.store.former_names import keep_unit_name
from workflow_service.store.people import Membership, Post, Unit, User

CODE = re.compile(r"[\w.-]{1,40}")
RESERVED_CODES = frozenset({LEAD_UNIT, *RELATIONS})
LONGEST_NAME = 60
# the order of organs within one government, then all departments by pinyin
RELATION_ORDER = ("party_office", "congress_office", "government_office", "inspection_office", "drc",
                  "natural_resources", "ecology", "water")  # fmt: skip


@dataclass(frozen=True)
class NewPost:
    """A post to set up; `role` is one of the service's roles or empty, `rank` sorts (1 first)."""

    code: str
    name: str
    role: str = ""
    rank: int = 100


STANDARD_POSTS = {
    post.code: post
    for post in (
        NewPost("leader", "负责人", "leader", 10),
        NewPost("supervisor", "督办", "supervisor", 30),
        NewPost("planner", "规划处", "", 40),
        NewPost("handler", "经办", "", 50),
        NewPost("registry", "收发", "", 60),
        NewPost("designer", "流程设计", "designer", 70),
        NewPost("admin", "管理员", "administrator", 80),
    )
}
USUAL_POSTS = ("leader", "handler", "registry")


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """What is said of a unit. `area` is its government's division code, `parent` the code of the unit above or empty.

    `relation` is what it is to its area (drc, ecology …), `document_prefix` its 机关代字 such as 北区政办发.
    """

    code: str
    name: str
    area: str
    short_name: str = ""
    parent: str = ""
    relation: str = ""
    document_prefix: str = ""


def add_unit(
    session: Session, actor: Actor, facts: UnitFacts, posts: tuple[str, ...] = USUAL_POSTS, *, now: datetime
) -> Unit:
    """Set up a unit with standard posts (codes of `STANDARD_POSTS`); raises Forbidden, InvalidInput, Conflict."""
    facts = _checked(facts)
    require(actor, "people.manage", thing_of(area_path(facts.area)))
    if people_queries.unit_by_code(session, facts.code) is not None:
        raise Conflict(N_("单位代码“%(code)s”已被使用。"), code=facts.code)
    unit = Unit(code=facts.code, area=facts.area, area_path=area_path(facts.area), level=level_of(facts.area))
    _place(session, unit, facts.parent)
    _describe(session, unit, facts)
    session.add(unit)
    flush_unique(session)
    for code in posts:
        _insert_post(session, unit, STANDARD_POSTS[code])
    structure_changed(session)
    record(session, actor, "unit.add", f"unit:{unit.id}", asdict(facts) | {"posts": list(posts)}, now=now)
    return unit


def change_unit(session: Session, actor: Actor, unit_id: int, facts: UnitFacts, *, now: datetime) -> Unit:
    """Change a unit's names, relation, prefix or place in the tree; its code and area stay for good.

    Everything below moves with it; what was done keeps the name of its day. Raises NotFound, Forbidden, InvalidInput, Conflict.
    """
    unit = unit_to_manage(session, actor, unit_id)
    facts = _checked(replace(facts, code=unit.code, area=unit.area))
    before, bore = unit.path, (unit.name, unit.short_name)
    _place(session, unit, facts.parent)
    _describe(session, unit, facts)
    if (unit.name, unit.short_name) != bore:
        keep_unit_name(session, unit, *bore, until=now)
    flush_unique(session)
    if unit.path != before:
        _move_below(session, before, unit.path)
    structure_changed(session)
    record(session, actor, "unit.change", f"unit:{unit.id}", asdict(facts), now=now)
    return unit


def dissolve_unit(session: Session, actor: Actor, unit_id: int, *, now: datetime) -> Unit:
    """Take a unit out of use; raises Conflict naming what still hangs on it: units, people, open tasks."""
    unit = unit_to_manage(session, actor, unit_id)
    hanging = what_hangs_on(session, unit, now=now)
    if any(hanging.values()):
        raise Conflict(
            N_(
                "“%(unit)s”还有下属单位 %(units)d 个、在岗人员 %(people)d 人、待办任务 %(tasks)d 项，请先调整。"
            ),
            unit=unit.name,
            **hanging,
        )
    unit.active, unit.relation = False, ""
    structure_changed(session)
    record(
        session, actor, "unit.dissolve", f"unit:{unit.id}", {"code": unit.code, "name": unit.name}, now=now
    )
    return unit


def restore_unit(session: Session, actor: Actor, unit_id: int, *, now: datetime) -> Unit:
    """Put a dissolved unit back to use; raises Conflict for one that was merged into another."""
    unit = unit_to_manage(session, actor, unit_id)
    if unit.successor is not None:
        raise Conflict(N_("“%(unit)s”已并入“%(heir)s”，不能恢复。"), unit=unit.name, heir=unit.successor.name)
    unit.active = True
    structure_changed(session)
    record(session, actor, "unit.restore", f"unit:{unit.id}", {"code": unit.code, "name": unit.name}, now=now)
    return unit


def what_hangs_on(session: Session, unit: Unit, *, now: datetime) -> dict[str, int]:
    """Count the units below, the people in post today and the open tasks of a unit's posts."""
    below = select(func.count()).where(Unit.parent_id == unit.id, Unit.active)
    groups = [f"g:{unit.code}:{post.code}" for post in people_queries.posts_of(session, unit.id)]
    return {
        "units": session.scalar(below) or 0,
        "people": people_queries.holders_by_unit(session, [unit.id], business_day(now)).get(unit.id, 0),
        "tasks": sum(people_queries.open_tasks_of_groups(session, groups).values()),
    }


def add_post(session: Session, actor: Actor, unit_id: int, post: NewPost, *, now: datetime) -> Post:
    """Set up a post in a unit; raises NotFound, Forbidden, InvalidInput, Conflict."""
    unit = unit_to_manage(session, actor, unit_id)
    if any(held.code == post.code for held in people_queries.posts_of(session, unit.id)):
        raise Conflict(N_("“%(unit)s”已有代码为“%(post)s”的岗位。"), unit=unit.name, post=post.code)
    added = _insert_post(session, unit, post)
    structure_changed(session)
    record(session, actor, "post.add", f"post:{added.id}", asdict(post) | {"unit": unit.code}, now=now)
    return added


def change_post(session: Session, actor: Actor, post_id: int, post: NewPost, *, now: datetime) -> Post:
    """Change a post's name, role or rank; its code stays, for open tasks name it."""
    held = _post_to_manage(session, actor, post_id)
    _check_post(replace(post, code=held.code))
    held.name, held.role, held.rank = post.name.strip(), post.role, post.rank
    structure_changed(session)
    _sort_holders(session, held)
    record(session, actor, "post.change", f"post:{held.id}", asdict(post) | {"code": held.code}, now=now)
    return held


def remove_post(session: Session, actor: Actor, post_id: int, *, now: datetime) -> None:
    """Remove a post that nobody ever held and no open task waits for; raises Conflict otherwise."""
    post = _post_to_manage(session, actor, post_id)
    group = f"g:{post.unit.code}:{post.code}"
    held = session.scalar(select(func.count()).where(Membership.post_id == post.id)) or 0
    waiting = people_queries.open_tasks_of_groups(session, [group]).get(group, 0)
    if held or waiting:
        raise Conflict(
            N_("岗位“%(post)s”有任职记录 %(held)d 条、待办任务 %(tasks)d 项，不能删除。"),
            post=post.name,
            held=held,
            tasks=waiting,
        )
    session.delete(post)
    structure_changed(session)
    record(session, actor, "post.remove", f"post:{post_id}", {"group": group}, now=now)


def unit_to_manage(session: Session, actor: Actor, unit_id: int) -> Unit:
    """Give the unit if the actor administers its area; raises NotFound, Forbidden."""
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise NotFound(N_("没有这个单位。"))
    require(actor, "people.manage", thing_of(unit.area_path))
    return unit


def flush_unique(session: Session) -> None:
    """Write what is pending; raises Conflict where somebody else has just taken the same code, relation or name."""
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(N_("同样的代码、登录名或职能刚刚被他人使用，请刷新后再试。")) from error


def business_day(now: datetime) -> date:
    """The day on which posts are held at `now`, in the government's zone."""
    return now.astimezone(CHINA).date()


def _post_to_manage(session: Session, actor: Actor, post_id: int) -> Post:
    post = session.get(Post, post_id)
    if post is None:
        raise NotFound(N_("没有这个岗位。"))
    unit_to_manage(session, actor, post.unit_id)
    return post


def _checked(facts: UnitFacts) -> UnitFacts:
    code, name = plain_text(facts.code), plain_text(facts.name)
    if not CODE.fullmatch(code):
        raise InvalidInput(
            N_("单位代码“%(code)s”只能用字母、数字、汉字、点、横线，最多 40 个字符。"), code=code
        )
    if code in RESERVED_CODES:
        raise InvalidInput(N_("“%(code)s”是流程图里的保留名称，不能作单位代码。"), code=code)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(N_("单位名称应为 1 到 60 个字符。"))
    if facts.relation and facts.relation not in RELATION_NAMES:
        raise InvalidInput(N_("没有“%(relation)s”这种职能。"), relation=facts.relation)
    level_of(facts.area)
    short_name, prefix, parent = map(plain_text, (facts.short_name, facts.document_prefix, facts.parent))
    if prefix and not DocumentNumber.is_prefix(prefix):
        raise InvalidInput(N_("机关代字“%(prefix)s”应为 2 到 20 个字，不含数字、空格和括号，例如 北区政办发。"), prefix=prefix)
    return replace(facts, code=code, name=name, short_name=short_name, document_prefix=prefix, parent=parent)


def _place(session: Session, unit: Unit, parent_code: str) -> None:
    parent = people_queries.unit_by_code(session, parent_code) if parent_code else None
    if parent_code and (parent is None or not parent.active):
        raise InvalidInput(N_("没有代码为“%(code)s”的在用上级单位。"), code=parent_code)
    if parent is not None and not is_within(unit.area_path, parent.area_path):
        raise InvalidInput(N_("上级单位“%(unit)s”不在本级或上级政府。"), unit=parent.name)
    if parent is not None and unit.path and is_within(parent.path, unit.path):
        raise InvalidInput(N_("不能把单位移到自己的下属单位之下。"))
    unit.parent_id = parent.id if parent else None
    unit.path = (parent.path if parent else "/") + unit.code + "/"


def _describe(session: Session, unit: Unit, facts: UnitFacts) -> None:
    if facts.relation and facts.relation != unit.relation:
        _check_relation_is_free(session, unit, facts.relation)
    unit.name, unit.short_name = facts.name, facts.short_name or facts.name
    unit.relation, unit.document_prefix = facts.relation, facts.document_prefix
    order = RELATION_ORDER.index(facts.relation) if facts.relation in RELATION_ORDER else len(RELATION_ORDER)
    unit.sort_key = names.sort_key(order, facts.name)
    unit.pinyin = names.pinyin(facts.name)
    unit.keywords = names.search_keys(facts.name, facts.short_name, facts.code)


def _check_relation_is_free(session: Session, unit: Unit, relation: str) -> None:
    other = session.scalar(select(Unit).where(Unit.area == unit.area, Unit.relation == relation))
    if other is not None and not other.active:
        other.relation = ""
        session.flush()
    elif other is not None and other is not unit:
        raise Conflict(
            N_("%(area)s 的%(relation)s已是“%(unit)s”。"),
            area=unit.area,
            relation=Word(RELATION_NAMES[relation]),
            unit=other.name,
        )


def _move_below(session: Session, before: str, after: str) -> None:
    session.execute(
        update(Unit)
        .where(Unit.path.startswith(before, autoescape=True))
        .values(path=func.concat(after, func.substr(Unit.path, len(before) + 1)))
        .execution_options(synchronize_session="fetch")
    )


def _insert_post(session: Session, unit: Unit, post: NewPost) -> Post:
    _check_post(post)
    added = Post(unit_id=unit.id, code=post.code, name=post.name.strip(), role=post.role, rank=post.rank)
    added.unit = unit
    session.add(added)
    flush_unique(session)
    return added


def _check_post(post: NewPost) -> None:
    if not CODE.fullmatch(post.code):
        raise InvalidInput(
            N_("岗位代码“%(code)s”只能用字母、数字、汉字、点、横线，最多 40 个字符。"), code=post.code
        )
    if not 1 <= len(plain_text(post.name)) <= LONGEST_NAME:
        raise InvalidInput(N_("岗位名称应为 1 到 60 个字符。"))
    if post.role and post.role not in ROLES:
        raise InvalidInput(N_("没有“%(role)s”这种权限。"), role=post.role)
    if not 1 <= post.rank <= 999:
        raise InvalidInput(N_("岗位排序应为 1 到 999 的整数。"))


def _sort_holders(session: Session, post: Post) -> None:
    holders = select(Membership.user_id).where(Membership.post_id == post.id, Membership.until.is_(None))
    for user in session.scalars(select(User).where(User.id.in_(holders))):
        sort_person(session, user)


def sort_person(session: Session, user: User) -> None:
    """Compute a person's place in lists anew: the best rank of the posts he holds, then pinyin."""
    session.flush()
    best = session.scalar(
        select(func.min(Post.rank))
        .join(Membership, Membership.post_id == Post.id)
        .where(Membership.user_id == user.id, Membership.until.is_(None))
    )
    user.sort_key = names.sort_key(best if best is not None else names.NO_POST, user.name, person=True)
