"""Changes of the catalogue (目录调整): proposed for plans, reviewed by the DRC, approved by the government (docs/domain.md §2.1).

How a change goes is the process `catalogue_change`, which designers may change. Its run belongs to no plan: plans that it
concerns go on, on their own routes, until the approval is entered. `catalogue_carrying` carries it out then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.catalogue import Change, ChangeKind, ListedPlan, ProposedPlan, require_changeable
from workflow_service.domain.divisions import last_area
from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.domain.plans import Importance, OrderedBy, PlanState, Tier
from workflow_service.domain.words import Labelled, Phrase
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import catalogue_changes, people_queries
from workflow_service.store.catalogue_changes import CatalogueChange
from workflow_service.store.people import Membership, Post, Unit
from workflow_service.store.plans import Plan
from workflow_service.store.runtime import Attachment, ProcessInstance, Task

from . import audit, tasks
from .calendars import SETTINGS
from .context import Actor
from .processes import start_process
from .task_access import lock_task, require_holder

PROCESS, AMENDING, KEY = "catalogue_change", "amend", "catalogue:"
LONGEST_TITLE, LONGEST_TEXT = 120, 2000
_POSTS = ("planner", "handler", "supervisor", "registry", "leader")
"""The posts to which a proposal comes back for amendment: the first of these that the proposer holds in his unit."""


@dataclass(frozen=True)
class Successor:
    """A plan that is to follow: the code of its lead unit, its day; what is left out is as with the plans before it."""

    title: str
    lead_unit: str
    due_on: date
    tier: str = ""
    importance: str = ""
    first_year: int | None = None
    last_year: int | None = None

    def plain(self) -> dict[str, Any]:
        """The value as a row keeps it."""
        return {**asdict(self), "due_on": self.due_on.isoformat()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Successor:
        """The value that a row kept."""
        return cls(**{**plain, "due_on": date.fromisoformat(plain["due_on"])})


@dataclass(frozen=True)
class ChangeAsked:
    """What is proposed for the plans `plan_ids`, by kind (`ChangeKind`): split into `successors`; merged into one new successor,
    or into the plan `into_plan_id` of the catalogue; withdrawn; due on `due_on`. `ordered_by` with `order_attachment_id` is a
    document that orders it.
    """

    kind: str
    plan_ids: Sequence[int]
    reason: str
    basis: str = ""
    successors: Sequence[Successor] = ()
    into_plan_id: int | None = None
    due_on: date | None = None
    ordered_by: str = ""
    order_attachment_id: int | None = None


def propose_change(session: Session, actor: Actor, asked: ChangeAsked, *, now: datetime) -> CatalogueChange:
    """Keep a proposal and start its way to approval.

    Raises NotFound, Forbidden, InvalidInput, ChangeRefused with every reason, Conflict where a plan is in another open change.
    """
    plans = _checked(session, actor, asked, None, now)
    first = plans[asked.plan_ids[0]]
    made = CatalogueChange(
        area=last_area(first.area_path), area_path=first.area_path, status="open", proposed_by=actor.user_id,
        proposed_unit_id=actor.unit_id, proposed_at=now, document_number="", answer="", made_plan_ids=[], **_columns(asked),
    )  # fmt: skip
    session.add(made)
    session.flush()
    unit, post = _proposing_post(session, actor, first)
    variables = variables_of(session, made) | {"proposer": {"unit": unit, "post": post, "person": actor.user_id}}
    run = start_process(
        session, actor, PROCESS, variables=variables, business_key=f"{KEY}{made.id}", area_path=made.area_path, now=now
    )
    made.instance_id = run.id
    _file_order(session, made)
    _record(session, actor, made, "catalogue.propose", now)
    return made


def amend_change(
    session: Session, actor: Actor, change_id: int, asked: ChangeAsked, note: str = "", *, now: datetime
) -> CatalogueChange:
    """Put what was sent back forward anew, and hand the task in with it; whoever the amendment lies before does so.

    Raises as `propose_change`, and Conflict where the change does not lie before anybody for amendment.
    """
    found = visible_change(session, actor, change_id)
    task = require_amendable(session, actor, found)
    lock_task(session, task.id)
    plans = _checked(session, actor, asked, found.id, now)
    if any(plan.area_path != found.area_path for plan in plans.values()):
        raise InvalidInput(N_("修改后的规划应属提出调整的同一级政府；另一级政府的规划请另行提出。"), pointer="/plan_ids")
    for name, value in _columns(asked).items():
        setattr(found, name, value)
    session.flush()
    _file_order(session, found)
    _record(session, actor, found, "catalogue.amend", now)
    tasks.complete_task(session, actor, task.id, {"outcome": "submit", "opinion": note}, now=now)
    return found


def visible_change(session: Session, actor: Actor, change_id: int) -> CatalogueChange:
    """Give a change that the actor may see. Raises NotFound, Forbidden."""
    found = session.get(CatalogueChange, change_id)
    if found is None:
        raise NotFound(N_("没有编号为 %(id)s 的目录调整。"), id=change_id)
    led = select(Plan.lead_unit_id).where(Plan.id.in_(found.touched))
    thing = policy.thing_of(found.area_path, participants=(found.proposed_by,), unit_ids=session.scalars(led))
    policy.require(actor, "catalogue.see", thing)
    return found


def require_amendable(session: Session, actor: Actor, change: CatalogueChange) -> Task:
    """Give the open task by which a change is amended; raises Forbidden unless it lies before the actor, Conflict without one."""
    wanted = Task.instance_id == change.instance_id, Task.element_id == AMENDING, Task.status == "open"
    task = session.scalars(select(Task).where(*wanted)).one_or_none()
    if task is None:
        raise Conflict(N_("这项目录调整现在不能修改。"))
    require_holder(session, actor, task, "task.work")
    return task


def change_of_run(row: ProcessInstance) -> int | None:
    """Give the id of the change that a run is about, None for other runs."""
    number = row.business_key.removeprefix(KEY)
    return int(number) if row.definition_key == PROCESS and number.isdecimal() else None


def asked_of(change: CatalogueChange) -> ChangeAsked:
    """Give what a change proposes."""
    return ChangeAsked(
        kind=change.kind, plan_ids=change.plan_ids, reason=change.reason, basis=change.basis, due_on=change.due_on,
        successors=[Successor.from_plain(one) for one in change.successors], into_plan_id=change.into_plan_id,
        ordered_by=change.ordered_by, order_attachment_id=change.order_attachment_id,
    )  # fmt: skip


def variables_of(session: Session, change: CatalogueChange) -> dict[str, Any]:
    """Give what the run of a change is told of it: `change`, the subject of its tasks, and the plan's government as `plan`."""
    plans = catalogue_changes.plans_of(session, [change])
    first, summary = plans[change.plan_ids[0]], summary_of(change, plans)
    facts = {
        "id": change.id, "kind": change.kind, "title": title_of(change, plans), "summary": summary.msgid % dict(summary.params),
        "reason": change.reason, "basis": change.basis,
    }  # fmt: skip
    about = {
        "jurisdiction": change.area, "lead_unit": first.lead_unit.code, "level": first.level, "importance": first.importance,
    }  # fmt: skip
    return {"change": facts, "subject": title_of(change, plans), "plan": about}


def title_of(change: CatalogueChange, plans: Mapping[int, Plan]) -> str:
    """What a change is called; documents and tasks are Chinese."""
    first, more = plans[change.plan_ids[0]].title, len(change.plan_ids) > 1
    return f"目录调整（{ChangeKind(change.kind).word}）：{first}{'等' if more else ''}"


def summary_of(change: CatalogueChange, plans: Mapping[int, Plan]) -> Phrase:
    """What a change does, in one sentence, in the language of whoever reads it."""
    named = "".join(f"《{plans[one].title}》" for one in change.plan_ids)
    if change.kind == ChangeKind.WITHDRAW:
        return Phrase(N_("撤销%(plans)s"), {"plans": named})
    if change.kind == ChangeKind.RE_DATE:
        return Phrase(N_("%(plans)s应印发日期调整为 %(day)s"), {"plans": named, "day": change.due_on})
    if change.into_plan_id is not None:
        return Phrase(N_("%(plans)s并入%(into)s"), {"plans": named, "into": f"《{plans[change.into_plan_id].title}》"})
    titles = "".join(f"《{one['title']}》" for one in change.successors)
    becomes = N_("%(plans)s拆分为%(successors)s") if change.kind == ChangeKind.SPLIT else N_("%(plans)s合并为%(successors)s")
    return Phrase(becomes, {"plans": named, "successors": titles})


def locked_plans(session: Session, plan_ids: Sequence[int]) -> dict[int, Plan]:
    """Lock plans, in order, and give them fresh; raises NotFound."""
    statement = select(Plan).where(Plan.id.in_(plan_ids)).order_by(Plan.id).with_for_update(of=Plan)
    found = {plan.id: plan for plan in session.scalars(statement.execution_options(populate_existing=True))}
    missing = next((one for one in plan_ids if one not in found), None)
    if missing is not None:
        raise NotFound(N_("没有编号为 %(id)s 的规划。"), id=missing)
    return found


def require_possible(
    session: Session, asked: ChangeAsked, plans: Mapping[int, Plan], *, but: int | None, today: date | None
) -> dict[str, Unit]:
    """Refuse what the rules refuse, and plans that another open change (than `but`) concerns; gives the successors' lead units.

    `today` is the day of a proposal, None when it is carried out. Raises ChangeRefused with every reason, InvalidInput, Conflict.
    """
    units = {one.lead_unit: _unit(session, one.lead_unit) for one in asked.successors}
    touched = [*asked.plan_ids, *([asked.into_plan_id] if asked.into_plan_id is not None else [])]
    sources = [plans[one] for one in asked.plan_ids]
    require_changeable(
        Change(
            kind=ChangeKind(asked.kind), plans=[_listed(one) for one in sources],
            successors=[_proposed(one, units[one.lead_unit], sources) for one in asked.successors],
            into=_listed(plans[asked.into_plan_id]) if asked.into_plan_id is not None else None, due_on=asked.due_on,
            is_ordered=bool(asked.ordered_by and asked.order_attachment_id), today=today,
        )
    )  # fmt: skip
    other = catalogue_changes.open_of_plans(session, touched, but)
    if other is not None:
        titles = "".join(f"《{plans[one].title}》" for one in touched if one in other.touched)
        raise Conflict(N_("%(plans)s已有目录调整在办，办结后再提。"), plans=titles, change=other.id)
    return units


def _checked(session: Session, actor: Actor, asked: ChangeAsked, but: int | None, now: datetime) -> dict[int, Plan]:
    """The plans of a proposal, locked; rights first, then what was written, then the rules."""
    _require_known(asked)
    plans = locked_plans(session, [*asked.plan_ids, *([asked.into_plan_id] if asked.into_plan_id is not None else [])])
    for plan in plans.values():
        policy.require(actor, "catalogue.propose", policy.thing_of(plan.area_path, unit_ids=(plan.lead_unit_id,)))
    _check_words(asked)
    _check_order(session, actor, asked, but)
    require_possible(session, asked, plans, but=but, today=SETTINGS.day_of(now))
    return plans


def _require_known(asked: ChangeAsked) -> None:
    if asked.kind not in [one.value for one in ChangeKind]:
        raise InvalidInput(N_("“%(value)s”不是可选的值。"), value=asked.kind, pointer="/kind")
    if not asked.plan_ids or len(set(asked.plan_ids)) != len(asked.plan_ids):
        raise InvalidInput(N_("请选择要调整的规划，每项一次。"), pointer="/plan_ids")
    known: tuple[tuple[type[Labelled], Sequence[str]], ...] = (
        (Tier, [one.tier for one in asked.successors]), (Importance, [one.importance for one in asked.successors]),
        (OrderedBy, [asked.ordered_by]),
    )  # fmt: skip
    for kind, values in known:
        for value in values:
            if value and value not in [one.value for one in kind]:
                raise InvalidInput(N_("“%(value)s”不是可选的值。"), value=value)


def _check_words(asked: ChangeAsked) -> None:
    if not 1 <= len(asked.reason.strip()) <= LONGEST_TEXT:
        raise InvalidInput(N_("请写明调整理由，不超过 2000 字。"), pointer="/reason")
    if len(asked.basis) > LONGEST_TEXT:
        raise InvalidInput(N_("依据不超过 2000 字。"), pointer="/basis")
    if any(len(one.title.strip()) > LONGEST_TITLE for one in asked.successors):
        raise InvalidInput(N_("规划名称不超过 120 字。"), pointer="/successors")
    needless = asked.kind in (ChangeKind.WITHDRAW, ChangeKind.RE_DATE) and (asked.successors or asked.into_plan_id)
    if needless or (asked.kind == ChangeKind.SPLIT and asked.into_plan_id):
        raise InvalidInput(N_("这类调整没有后继规划。"), pointer="/successors")


def _check_order(session: Session, actor: Actor, asked: ChangeAsked, but: int | None) -> None:
    """The ordering document is a file that the proposer himself uploaded, or the one that an amended change has already."""
    if asked.order_attachment_id is None:
        return
    file = session.get(Attachment, asked.order_attachment_id)
    if file is None or file.removed_at:
        raise InvalidInput(N_("没有找到交办文件，请重新上传。"), pointer="/order_attachment_id")
    kept = session.get(CatalogueChange, but) if but is not None else None
    if kept is not None and kept.order_attachment_id == asked.order_attachment_id:
        return
    if not (actor.trusted or file.uploaded_by == actor.user_id):
        raise InvalidInput(N_("没有找到交办文件，请重新上传。"), pointer="/order_attachment_id")


def _file_order(session: Session, change: CatalogueChange) -> None:
    """The ordering document belongs to the change's run: whoever decides on it reads it."""
    file = session.get(Attachment, change.order_attachment_id) if change.order_attachment_id is not None else None
    if file is not None and file.instance_id is None and file.plan_id is None and file.task_id is None:
        file.instance_id = change.instance_id


def _columns(asked: ChangeAsked) -> dict[str, Any]:
    return {
        "kind": asked.kind, "plan_ids": list(asked.plan_ids), "successors": [one.plain() for one in asked.successors],
        "into_plan_id": asked.into_plan_id, "due_on": asked.due_on if asked.kind == ChangeKind.RE_DATE else None,
        "reason": asked.reason.strip(), "basis": asked.basis.strip(), "ordered_by": asked.ordered_by,
        "order_attachment_id": asked.order_attachment_id,
    }  # fmt: skip


def _record(session: Session, actor: Actor, change: CatalogueChange, action: str, now: datetime) -> None:
    data = {name: getattr(change, name) for name in ("kind", "plan_ids", "successors", "into_plan_id", "due_on", "reason")}
    audit.record(session, actor, action, f"catalogue-change:{change.id}", data, now=now)


def _listed(plan: Plan) -> ListedPlan:
    return ListedPlan(
        plan.id, plan.title, plan.area, plan.category, plan.cycle.first_year, PlanState(plan.status), plan.due_on
    )


def term_of(one: Successor, sources: Sequence[Plan]) -> tuple[int, int]:
    """The first and last year of a successor: as stated, else the whole of the terms before it."""
    first = one.first_year or min(plan.first_year for plan in sources)
    return first, one.last_year or max(plan.last_year for plan in sources)


def _proposed(one: Successor, unit: Unit, sources: Sequence[Plan]) -> ProposedPlan:
    """What was ordered with the plan before, goes for what follows it."""
    before = sources[0]
    ordered = OrderedBy(before.ordered_by) if before.ordered_by and before.order_attachment_id else None
    first, last = term_of(one, sources)
    return ProposedPlan(one.title.strip(), unit.area, first, last, one.due_on, ordered)


def _unit(session: Session, code: str) -> Unit:
    found = people_queries.unit_in_use(session, code)
    if found is None:
        raise InvalidInput(N_("没有代码为“%(unit)s”的单位。"), unit=code, pointer="/successors")
    return found


def _proposing_post(session: Session, actor: Actor, plan: Plan) -> tuple[str, str]:
    """The unit and post to which the proposal comes back; for the service itself the handlers of the plan's lead unit."""
    held = select(Unit.code, Post.code).join(Post, Post.unit_id == Unit.id).join(Membership, Membership.post_id == Post.id)
    mine = held.where(Membership.user_id == actor.user_id, Unit.id == actor.unit_id)
    posts = {post: unit for unit, post in session.execute(mine) if f"g:{unit}:{post}" in actor.groups}
    found = next((post for post in (*_POSTS, *sorted(posts)) if post in posts), None)
    return (posts[found], found) if found is not None else (plan.lead_unit.code, "handler")
