"""Filters of one's lists that are kept: the last ones used, and views under a name, shared with a unit where one wishes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, NotFound
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.personal import LastFilter, SavedView

from . import audit
from .context import Actor

PLACES = ("inbox", "done", "started", "board", "ledger")
LONGEST_NAME, LONGEST_QUERY, MOST_VIEWS = 20, 500, 12


def keep_filter(session: Session, actor: Actor, place: str, query: str) -> None:
    """Remember how a person looked at a list last; an empty query forgets it. Nothing that concerns others, so no record."""
    if actor.user_id is None:
        return
    if not query:
        session.execute(delete(LastFilter).where(LastFilter.user_id == actor.user_id, LastFilter.place == place))
        return
    statement = insert(LastFilter).values(user_id=actor.user_id, place=place, query=query[:LONGEST_QUERY])
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "place"], set_={"query": query[:LONGEST_QUERY]}))


def last_filter(session: Session, actor: Actor, place: str) -> str:
    """Give the filters with which a person last looked at a list, empty for none."""
    kept = session.get(LastFilter, (actor.user_id, place)) if actor.user_id is not None else None
    return kept.query if kept else ""


def views_of(session: Session, actor: Actor, place: str) -> Sequence[SavedView]:
    """Give a person's views of a list and those that his units share, his own first."""
    mine = SavedView.user_id == actor.user_id
    shared = SavedView.unit_id.in_(actor.unit_ids)
    statement = select(SavedView).where(SavedView.place == place, or_(mine, shared))
    return session.scalars(statement.order_by(SavedView.user_id != actor.user_id, SavedView.id).limit(MOST_VIEWS)).all()


def save_view(
    session: Session, actor: Actor, place: str, name: str, query: str, *, now: datetime, unit_id: int | None = None
) -> SavedView:
    """Keep filters under a name; with `unit_id` everybody of that unit sees them. Raises InvalidInput, Conflict, Forbidden."""
    name = " ".join(name.split())
    if place not in PLACES or not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(N_("请给视图起一个不超过 %(limit)s 个字的名称。"), limit=LONGEST_NAME, field="name")
    if not query or len(query) > LONGEST_QUERY:
        raise InvalidInput(N_("请先选好筛选条件，再保存为视图。"), field="query")
    if unit_id is not None:
        policy.require(actor, "view.share", policy.thing_of(unit_ids=(unit_id,)))
    own = session.scalars(select(SavedView.name).where(SavedView.user_id == actor.user_id, SavedView.place == place)).all()
    if name in own:
        raise Conflict(N_("已有名为“%(name)s”的视图。"), name=name)
    if len(own) >= MOST_VIEWS:
        raise Conflict(N_("最多保存 %(limit)s 个视图，请先删除不用的。"), limit=MOST_VIEWS)
    view = SavedView(user_id=actor.user_id, unit_id=unit_id, place=place, name=name, query=query, created_at=now)
    session.add(view)
    session.flush()
    audit.record(session, actor, "view.save", f"view:{view.id}", {"name": name, "query": query, "unit": unit_id}, now=now)
    return view


def remove_view(session: Session, actor: Actor, view_id: int, *, now: datetime) -> SavedView:
    """Take a view away; only who saved it may. Raises NotFound, Forbidden."""
    view = session.get(SavedView, view_id)
    if view is None:
        raise NotFound(N_("没有这个视图。"))
    policy.require(actor, "view.remove", policy.thing_of(participants=(view.user_id,)))
    session.delete(view)
    audit.record(session, actor, "view.remove", f"view:{view_id}", {"name": view.name}, now=now)
    return view
