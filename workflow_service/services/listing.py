"""Listed supervision (挂牌督办、销号): a matter on the list of a government, until another person confirms that it is done.

The list is a table; how a matter goes is the process `listed_supervision`, which designers may change. Its run belongs to no
plan: it must not let the clock of a plan run that waits for a meeting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.divisions import last_area
from workflow_service.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import listed_list, notice_rows, people_queries
from workflow_service.store.acting import ListedMatter, ListedNote
from workflow_service.store.people import Post, Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Task

from . import audit, recipients
from .calendars import SETTINGS
from .context import Actor
from .numbering import next_number
from .plans import visible_plan
from .processes import start_process
from .task_access import visible_task

PROCESS = "listed_supervision"
KIND = "listed"
INSPECTING = ("inspection_office", "government_office", "drc")
INSPECTOR_POST = "supervisor"
LONGEST_TITLE, LONGEST_TEXT = 200, 2000


@dataclass(frozen=True)
class ListingAsked:
    """A matter to be listed: the post that answers for it (`g:unit:post`), the person named (None: who holds the post alone),
    until when (a day), about which plan or task.
    """

    title: str
    reason: str
    holder: str
    due_on: date
    responsible_id: int | None = None
    plan_id: int | None = None
    task_id: int | None = None


def list_matter(session: Session, actor: Actor, asked: ListingAsked, *, now: datetime) -> ListedMatter:
    """Put a matter on the list of the government whose plan, task or unit it is, and start its run.

    Raises NotFound, Forbidden, InvalidInput, and Conflict where the same plan or task stands on the list already.
    """
    _check_words(asked, now)
    unit, post = _answering(session, asked.holder, now)
    area_path = _area_of(session, actor, asked, unit)
    policy.require(actor, "listing.manage", policy.thing_of(area_path))
    _refuse_twice(session, asked)
    today = SETTINGS.day_of(now)
    area = last_area(area_path)
    made = ListedMatter(
        area=area, area_path=area_path, year=today.year, number=next_number(session, f"listed:{area}:{today.year}"),
        title=asked.title.strip(), reason=asked.reason.strip(), plan_id=asked.plan_id, task_id=asked.task_id, unit_id=unit.id,
        holder=asked.holder, responsible_id=_responsible(session, asked, unit, today), due_on=asked.due_on, status="open",
        listed_by=actor.user_id, listed_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    note(session, actor, made, "listed", made.reason, now=now)
    made.instance_id = _start(session, actor, made, unit, post, now)
    data = {
        "title": made.title,
        "holder": made.holder,
        "due_on": made.due_on,
        "plan": made.plan_id,
        "task": made.task_id,
    }
    audit.record(
        session, actor, "listing.list", f"listed-matter:{made.id}", data | {"reason": made.reason}, now=now
    )
    told = [made.holder, *([f"u:{made.responsible_id}"] if made.responsible_id else [])]
    tell(session, actor, made, told, N_("挂牌督办：%(title)s"), "listed", made.reason, now=now)
    return made


def visible_matter(session: Session, actor: Actor, matter_id: int) -> ListedMatter:
    """Give a matter that the actor may see: every unit of the area sees the list. Raises NotFound, Forbidden."""
    found = session.get(ListedMatter, matter_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的挂牌事项。"), id=matter_id)
    policy.require(actor, "listing.see", policy.thing_of(found.area_path, unit_ids=(found.unit_id,)))
    return found


def note(
    session: Session, actor: Actor, matter: ListedMatter, kind: str, words: str, *, now: datetime
) -> ListedNote:
    """Write into the course of a matter."""
    made = ListedNote(
        matter_id=matter.id, at=now, kind=kind, by_id=actor.user_id, unit_id=actor.unit_id, text=words.strip()
    )
    session.add(made)
    session.flush()
    return made


def record_progress(
    session: Session, actor: Actor, matter: ListedMatter, words: str, *, now: datetime
) -> None:
    """Keep what the responsible unit reports."""
    note(session, actor, matter, "progress", words, now=now)


def ask_to_strike_off(
    session: Session, actor: Actor, matter: ListedMatter, words: str, *, now: datetime
) -> None:
    """Note who asks that the matter be struck off."""
    matter.status, matter.asked_by = "asked", actor.user_id
    note(session, actor, matter, "asked", words, now=now)
    tell(
        session,
        actor,
        matter,
        [f"u:{matter.listed_by}"] if matter.listed_by else [],
        N_("申请销号：%(title)s"),
        "asked",
        words,
        now=now,
    )


def refuse_to_strike_off(
    session: Session, actor: Actor, matter: ListedMatter, words: str, *, now: datetime
) -> None:
    """The matter stays on the list."""
    matter.status = "open"
    note(session, actor, matter, "refused", words, now=now)
    tell(session, actor, matter, [matter.holder], N_("继续整改：%(title)s"), "refused", words, now=now)


def strike_off(session: Session, actor: Actor, matter: ListedMatter, words: str, *, now: datetime) -> None:
    """Strike a matter off; never by the person who asked for it or who answers for it, nor by no person. Raises Forbidden."""
    people = {actor.user_id, actor.acted_for} - {None}
    if not people or not people.isdisjoint({matter.asked_by, matter.responsible_id}):
        raise Forbidden(N_("销号须由申请人、责任人以外的人核验。"), action="listing.strike_off")
    matter.status, matter.struck_off_by, matter.struck_off_at = "struck_off", actor.user_id, now
    note(session, actor, matter, "struck_off", words, now=now)
    audit.record(
        session, actor, "listing.strike_off", f"listed-matter:{matter.id}", {"words": words}, now=now
    )
    told = [matter.holder, *([f"u:{matter.listed_by}"] if matter.listed_by else [])]
    tell(session, actor, matter, told, N_("已销号：%(title)s"), "struck_off", words, now=now)


def tell(
    session: Session, actor: Actor, matter: ListedMatter, holders: list[str], text: str, occasion: str, words: str, *,
    now: datetime,
) -> None:  # fmt: skip
    """Tell people of what happened to a matter."""
    key = f"{KIND}:{matter.id}:{occasion}:{now.isoformat()}"
    link = f"/supervision/listed/{matter.id}"
    recipients.tell(
        session, actor, holders, KIND, text, {"title": matter.title}, key, now=now, note=words, link=link
    )


def _check_words(asked: ListingAsked, now: datetime) -> None:
    if not 1 <= len(asked.title.strip()) <= LONGEST_TITLE:
        raise InvalidInput(N_("请写明挂牌事项，不超过 200 字。"), pointer="/title")
    if not 1 <= len(asked.reason.strip()) <= LONGEST_TEXT:
        raise InvalidInput(N_("请写明挂牌理由，不超过 2000 字。"), pointer="/reason")
    if asked.due_on <= SETTINGS.day_of(now):
        raise InvalidInput(N_("销号期限应晚于今天。"), pointer="/due_on")


def _answering(session: Session, holder: str, now: datetime) -> tuple[Unit, str]:
    """The unit and post that answer for a matter; raises InvalidInput for a person, or a post that nobody holds."""
    code, _colon, post = holder.removeprefix("g:").rpartition(":")
    unit = people_queries.unit_in_use(session, code)
    if not holder.startswith("g:") or unit is None:
        raise InvalidInput(N_("请选择责任单位的岗位。"), pointer="/holder")
    recipients.require_reachable(session, [holder], now=now)
    return unit, post


def _area_of(session: Session, actor: Actor, asked: ListingAsked, unit: Unit) -> str:
    if asked.task_id is not None:
        return visible_task(session, actor, asked.task_id)[0].area_path
    if asked.plan_id is not None:
        return visible_plan(session, actor, asked.plan_id).area_path
    return unit.area_path


def _refuse_twice(session: Session, asked: ListingAsked) -> None:
    subject = (
        ListedMatter.task_id == asked.task_id
        if asked.task_id is not None
        else ListedMatter.plan_id == asked.plan_id
    )
    if asked.task_id is None and asked.plan_id is None:
        return
    found = session.scalars(
        listed_list.on_the_list()
        .where(subject)
        .with_only_columns(ListedMatter)
        .order_by(ListedMatter.id)
        .limit(1)
    ).first()
    if found is not None and (asked.task_id is not None or found.task_id is None):
        raise Conflict(
            N_("这件事已经挂牌（%(year)s年第%(number)s号），尚未销号。"), year=found.year, number=found.number
        )


def _responsible(session: Session, asked: ListingAsked, unit: Unit, today: date) -> int:
    """The person named, who must hold a post of the unit; else the only one who holds the post."""
    if asked.responsible_id is not None:
        if not notice_rows.holds_post_in(session, asked.responsible_id, unit.id, today):
            raise InvalidInput(N_("责任人不在责任单位任职，请另选。"), pointer="/responsible_id")
        return asked.responsible_id
    people = notice_rows.people_of(session, [asked.holder], today)[asked.holder]
    if len(people) != 1:
        raise InvalidInput(N_("这个岗位有多人，请写明责任人。"), pointer="/responsible_id")
    return people[0]


def inspector_of(session: Session, area: str) -> str:
    """Give the code of the unit whose supervisors confirm: the inspection office, else the government office, else the DRC.

    Raises Conflict where none of them has the post.
    """
    statement = select(Unit.code, Unit.relation).join(Post, Post.unit_id == Unit.id).where(
        Unit.area == area, Unit.active, Unit.relation.in_(INSPECTING), Post.code == INSPECTOR_POST
    )  # fmt: skip
    found = {relation: code for code, relation in session.execute(statement.order_by(Unit.id.desc()))}
    for relation in INSPECTING:
        if relation in found:
            return found[relation]
    raise Conflict(N_("本级没有督办岗位，无人核验销号。"))


def _start(session: Session, actor: Actor, matter: ListedMatter, unit: Unit, post: str, now: datetime) -> int:
    plan = session.get(Plan, matter.plan_id) if matter.plan_id is not None else None
    facts: dict[str, Any] = {
        "id": matter.id, "title": matter.title, "reason": matter.reason, "unit": unit.code, "post": post,
        "responsible": matter.responsible_id, "inspector": inspector_of(session, matter.area),
        "due_on": matter.due_on.isoformat(),
    }  # fmt: skip
    variables = {
        "matter": facts, "due": SETTINGS.close_of(matter.due_on).isoformat(), "subject": f"挂牌督办 · {matter.title}",
        "plan": {
            "jurisdiction": matter.area, "lead_unit": unit.code, "level": unit.level,
            "importance": plan.importance if plan else "",
        },
    }  # fmt: skip
    run = start_process(
        session,
        actor,
        PROCESS,
        variables=variables,
        business_key=f"listed:{matter.id}",
        area_path=matter.area_path,
        now=now,
    )
    return run.id


def matter_of_task(session: Session, task: Task) -> ListedMatter | None:
    """Give the matter whose run a task belongs to."""
    return session.scalars(
        select(ListedMatter).where(ListedMatter.instance_id == task.instance_id)
    ).one_or_none()
