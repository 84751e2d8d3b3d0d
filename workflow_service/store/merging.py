"""What lies with one unit and goes over to another when they are merged, each one statement (docs/domain.md §7).

What is over stays where it was: finished tasks, past reports and numbered documents keep the unit of their day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, func, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from .acting import Extension, ListedMatter, NoticeSlipRow, SpecialReportRow
from .ledger_queries import LEAD_CHANGED
from .operations import CirculationReader, TaskRound
from .people import Membership, Post, Unit
from .personal import Phrase, SavedView
from .plans import Plan
from .runtime import ProcessInstance, Task, TaskHolder

_PLANS_GO_OVER = text("""
    WITH gone AS (
      UPDATE plan SET lead_unit_id = :heir, row_version = row_version + 1
      WHERE lead_unit_id = :unit AND status NOT IN ('refused', 'merged', 'split') RETURNING id
    )
    INSERT INTO plan_event (plan_id, at, kind, data, actor_id)
    SELECT id, :now, :kind, jsonb_build_object('from', CAST(:unit AS bigint), 'to', CAST(:heir AS bigint),
      'from_name', CAST(:unit_name AS text), 'to_name', CAST(:heir_name AS text)), :actor FROM gone
""")


def instances_with(session: Session, unit: Unit) -> list[int]:
    """Lock the runs in which something lies with a unit, in the order of their ids, and give them."""
    prefix = f"g:{unit.code}:"
    held = select(Task.instance_id).join(TaskHolder, TaskHolder.task_id == Task.id)
    held = held.where(TaskHolder.holder.startswith(prefix, autoescape=True))
    own = select(Task.instance_id).where(Task.status == "open", Task.unit_id == unit.id)
    coming = select(TaskRound.instance_id).where(*_open_rounds(prefix))
    ids = select(ProcessInstance.id).where(
        or_(ProcessInstance.id.in_(held), ProcessInstance.id.in_(own), ProcessInstance.id.in_(coming))
    )
    return list(session.scalars(ids.order_by(ProcessInstance.id).with_for_update()))


def open_tasks_of(session: Session, unit: Unit) -> Sequence[Task]:
    """The open tasks that a unit answers for or that lie before one of its posts."""
    held = select(TaskHolder.task_id).where(TaskHolder.holder.startswith(f"g:{unit.code}:", autoescape=True))
    statement = select(Task).where(Task.status == "open", or_(Task.unit_id == unit.id, Task.id.in_(held)))
    return session.scalars(statement.order_by(Task.instance_id, Task.id).execution_options(populate_existing=True)).all()


def open_rounds_of(session: Session, unit: Unit) -> Sequence[TaskRound]:
    """The rounds in which one of its posts is asked or will be."""
    return session.scalars(select(TaskRound).where(*_open_rounds(f"g:{unit.code}:")).order_by(TaskRound.id)).all()


def _open_rounds(prefix: str) -> list[Any]:
    return [TaskRound.ended_at.is_(None), cast(TaskRound.people, String).contains(f'"{prefix}', autoescape=True)]


def memberships_of(session: Session, unit_id: int, today: Any) -> Sequence[Membership]:
    """Who holds a post of a unit now or will."""
    open_ones = or_(Membership.until.is_(None), Membership.until > today)
    statement = select(Membership).join(Post, Post.id == Membership.post_id).where(Post.unit_id == unit_id, open_ones)
    return session.scalars(statement.order_by(Membership.id)).all()


def plans_of(session: Session, unit_id: int) -> int:
    """How many plans a unit leads that are in the catalogue, or on the way into it."""
    left = Plan.status.not_in(("refused", "merged", "split", "withdrawn"))
    return session.scalar(select(func.count()).where(Plan.lead_unit_id == unit_id, left)) or 0


def matters_of(session: Session, unit_id: int) -> int:
    """How many listed matters and unanswered slips lie with a unit."""
    listed = select(func.count()).where(ListedMatter.unit_id == unit_id, ListedMatter.status != "struck_off")
    silent = NoticeSlipRow.answer_wanted, NoticeSlipRow.answered_at.is_(None)
    slips = select(func.count()).where(NoticeSlipRow.unit_id == unit_id, *silent)
    return (session.scalar(listed) or 0) + (session.scalar(slips) or 0)


def pass_plans(session: Session, unit: Unit, heir: Unit, actor_id: int | None, now: datetime) -> None:
    """The plans go over, each with an event, so that the past still knows who led them."""
    values = {"unit": unit.id, "heir": heir.id, "unit_name": unit.name, "heir_name": heir.name}
    session.execute(_PLANS_GO_OVER, values | {"now": now, "kind": LEAD_CHANGED, "actor": actor_id})
    session.expire_all()


def pass_papers(session: Session, unit: Unit, heir: Unit) -> None:
    """Listed matters, slips, drafts of reports, what is still to be read, requests for dates, shared filters and phrases."""
    before, after = f"g:{unit.code}:", f"g:{heir.code}:"
    open_matter = ListedMatter.status != "struck_off"
    session.execute(update(ListedMatter).where(ListedMatter.unit_id == unit.id, open_matter).values(unit_id=heir.id))
    for column in (ListedMatter.holder, NoticeSlipRow.holder):
        _rename(session, column, before, after)
    for owner in (NoticeSlipRow.unit_id, NoticeSlipRow.organ_unit_id, SavedView.unit_id, Phrase.unit_id):
        session.execute(update(owner.class_).where(owner == unit.id).values({owner.key: heir.id}))
    drafts = SpecialReportRow.organ_unit_id == unit.id, SpecialReportRow.status == "draft"  # a sent one is sealed
    speaks = {"organ_unit_id": heir.id, "organ": heir.name, "area": heir.area, "area_path": heir.area_path}
    session.execute(update(SpecialReportRow).where(*drafts).values(speaks))
    asked = Extension.unit_id == unit.id, Extension.status == "open"
    session.execute(update(Extension).where(*asked).values(unit_id=heir.id))
    _pass_readers(session, before, after)


def _pass_readers(session: Session, before: str, after: str) -> None:
    """A document that the successor got too is read once."""
    mine, his = CirculationReader, aliased(CirculationReader)
    unread = mine.holder.startswith(before, autoescape=True), mine.read_at.is_(None)
    same = his.circulation_id == mine.circulation_id, his.holder == _renamed(mine.holder, before, after)
    delivered = select(func.min(mine.delivered_at)).where(*unread, *same).scalar_subquery()
    waiting = his.read_at.is_(None), his.delivered_at.is_(None), select(mine.id).where(*unread, *same).exists()
    session.execute(update(his).where(*waiting).values(delivered_at=delivered).execution_options(synchronize_session=False))
    session.execute(delete(mine).where(*unread, select(his.id).where(*same).exists()))
    session.execute(update(mine).where(*unread).values(holder=_renamed(mine.holder, before, after)))


def pass_holders(session: Session, unit: Unit, heir: Unit) -> None:
    """What lies before a post of the one lies before the same post of the other."""
    before, after = f"g:{unit.code}:", f"g:{heir.code}:"
    mine, his = TaskHolder, aliased(TaskHolder)
    ours = mine.holder.startswith(before, autoescape=True)
    same = his.task_id == mine.task_id, his.holder == _renamed(mine.holder, before, after)
    session.execute(delete(mine).where(ours, select(his.task_id).where(*same).exists()))
    session.execute(update(mine).where(ours).values(holder=_renamed(mine.holder, before, after)))


def _rename(session: Session, column: Any, before: str, after: str) -> None:
    ours = column.startswith(before, autoescape=True)
    session.execute(update(column.class_).where(ours).values({column.key: _renamed(column, before, after)}))


def _renamed(column: Any, before: str, after: str) -> Any:
    return func.concat(after, func.substr(column, len(before) + 1))
