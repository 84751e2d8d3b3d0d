"""What waits for a person: his own tasks and those of his groups, a page at a time, in the order that he chose.

The rows of `task_holder` answer it from one index range per holder key, so that the page costs the same among a thousand
and a million open tasks. Rows that a colleague claimed are left out; what a person claimed himself stands under his own key.
What is asked of others first (`Task.held`) has no holder and is no part of it: `work_lists` shows it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    SQLColumnExpression,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from . import work_search
from .people import Unit, User
from .plans import Plan
from .runtime import ProcessInstance, Task, TaskHolder
from .work_search import Match, Rows

COUNT_LIMIT = 1000
_NEVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz", DateTime(timezone=True))
NO_PLAN = 2**62
"""Stands for the plan of tasks that concern none: they come last."""

Cursor = tuple[Any, int]


@dataclass(frozen=True)
class Sort:
    """An order of the inbox: what it goes by (task ids decide among equals), and whether the greatest comes first."""

    by: SQLColumnExpression[Any]
    latest_first: bool = False
    needs_task: bool = False

    def ordered(self, *columns: SQLColumnExpression[Any], backwards: bool = False) -> list[ColumnElement[Any]]:
        """The columns in this order, or in the one against it."""
        return [one.desc() if self.latest_first is not backwards else one.asc() for one in columns]

    def beyond(self, after: Cursor, *, backwards: bool = False) -> ColumnElement[bool]:
        """What comes behind a place in this order (before it, `backwards`)."""
        key, task_id = after
        here = tuple_(self.by, TaskHolder.task_id)
        place = tuple_(key if key is not None else _NEVER, task_id)
        return here < place if self.latest_first is not backwards else here > place


SORTS = {
    "due": Sort(TaskHolder.due_at),
    "arrival": Sort(TaskHolder.task_id, latest_first=True),
    "plan": Sort(func.coalesce(Task.plan_id, NO_PLAN), needs_task=True),
}


@dataclass(frozen=True)
class Standing:
    """Whose tasks a substitute sees beside his own: holder keys of the principal, the routes covered (none: all), his name."""

    name: str
    groups: frozenset[str]
    processes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class InboxFilter:
    """Whose tasks, and which of them, in which order. `groups` are holder keys (`u:…`, `g:…`); moments are aware.

    `match` asks a column of search keys for what was typed, `typed` is that text; `sort` is one of SORTS.
    `standings` are those for whom the person is a substitute; what lies before both of them is his own.
    """

    user_id: int
    groups: frozenset[str]
    process_key: str = ""
    unit_id: int | None = None
    kind: str = ""
    holder: str = ""
    due_before: datetime | None = None
    match: Match | None = None
    typed: str = ""
    sort: str = "due"
    standings: tuple[Standing, ...] = ()

    def holders(self) -> list[str]:
        """The person's own keys to look under: all, his own, his groups', or none where he asks for others' only."""
        own = f"u:{self.user_id}"
        chosen = {"own": [own], "groups": sorted(self.groups - {own}), "substitute": []}.get(self.holder)
        return chosen if chosen is not None else sorted(self.groups)

    def others(self) -> list[tuple[str, Standing]]:
        """The keys of those for whom he is a substitute, each with the grant."""
        if self.holder in ("own", "groups"):
            return []
        return [(key, one) for one in self.standings for key in sorted(one.groups - self.groups)]

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL conditions on Task and TaskHolder."""
        found: list[ColumnElement[bool]] = [TaskHolder.claimed_by.is_(None)]
        if self.process_key:
            found.append(Task.process_key == self.process_key)
        if self.unit_id is not None:
            found.append(Plan.lead_unit_id == self.unit_id)
        if self.kind:
            found.append(Task.kind == self.kind)
        if self.due_before is not None:
            found.append(TaskHolder.due_at < self.due_before)
        return found

    @property
    def order(self) -> Sort:
        """The order by its name; an unknown one is by due moment."""
        return SORTS.get(self.sort, SORTS["due"])

    @property
    def needs_task(self) -> bool:
        """Whether the question concerns more of the task than who holds it until when."""
        return bool(self.process_key or self.kind or self.unit_id is not None or self.match or self.order.needs_task)


@dataclass(frozen=True)
class InboxRow:
    """One task as a list shows it; `lead_unit` leads the plan, `person` has claimed or completed it.

    `for_whom`: the reader sees it, or did it, as the substitute of this person.
    """

    task: Task
    plan_code: str | None
    lead_unit: str
    person: str
    for_whom: str = ""


def inbox_page(
    session: Session, wanted: InboxFilter, *, after: Cursor | None = None, limit: int | None = 50, backwards: bool = False
) -> list[InboxRow]:
    """Open tasks in the order of the filter, after the cursor of the row before; `backwards` those before it, nearest first.

    By due moment, tasks without one come last.
    """
    found = _keys(wanted, after, limit, backwards)
    if found is None:
        return []
    keys = found.subquery()
    key, for_whom = func.min(keys.c.key), func.min(keys.c.for_whom)
    top = select(keys.c.task_id, key.label("key"), for_whom.label("for_whom")).group_by(keys.c.task_id)
    top = top.order_by(*wanted.order.ordered(key, keys.c.task_id, backwards=backwards)).limit(limit)
    page = top.subquery()
    ordered = wanted.order.ordered(page.c.key, Task.id, backwards=backwards)
    statement = list_rows().add_columns(page.c.for_whom).join(page, page.c.task_id == Task.id).order_by(*ordered)
    return [InboxRow(*row) for row in session.execute(statement)]


def cursor_of(row: InboxRow, sort: str) -> Cursor:
    """The place of a row in an order: what it is sorted by (None: no due moment), and its id."""
    task = row.task
    key: Any = {"arrival": task.id, "plan": task.plan_id if task.plan_id is not None else NO_PLAN}.get(sort, task.due_at)
    return key, task.id


def count_inbox(session: Session, wanted: InboxFilter) -> int:
    """How many open tasks the filter gives, counted no further than COUNT_LIMIT + 1."""
    found = _keys(wanted, None, COUNT_LIMIT + 1, False)
    if found is None:
        return 0
    keys = found.subquery()
    some = select(keys.c.task_id).distinct().limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def count_due(session: Session, wanted: InboxFilter, *moments: datetime) -> list[int]:
    """How many open tasks of the filter are due before each moment, none counted further than COUNT_LIMIT + 1.

    One question for all: in the order of due moments, the first COUNT_LIMIT + 1 tasks hold whatever comes first.
    """
    found = _keys(replace(wanted, sort="due"), None, COUNT_LIMIT + 1, False)
    if found is None:
        return [0] * len(moments)
    keys = found.subquery()
    due = select(func.min(keys.c.key).label("key")).group_by(keys.c.task_id).subquery()
    numbers = session.execute(select(*(func.count().filter(due.c.key < moment) for moment in moments))).one()
    return [min(number, COUNT_LIMIT + 1) for number in numbers]


def _keys(wanted: InboxFilter, after: Cursor | None, limit: int | None, backwards: bool) -> Any:
    """Sort key and id of the first `limit` tasks under each holder key, each from its own index range."""
    under: list[tuple[str, Standing | None]] = [(holder, None) for holder in wanted.holders()]
    parts = [
        found.order_by(*wanted.order.ordered(wanted.order.by, TaskHolder.task_id, backwards=backwards)).limit(limit)
        for holder, standing in [*under, *wanted.others()]
        for found in _under(holder, wanted, after, backwards, standing)
    ]
    return union_all(*(part.subquery().select() for part in parts)) if parts else None


def _under(
    holder: str, wanted: InboxFilter, after: Cursor | None, backwards: bool, standing: Standing | None
) -> Sequence[Rows]:
    """What lies under one holder key; a search asks once for each place where its words may stand."""
    for_whom = literal(standing.name if standing is not None else "").label("for_whom")
    statement: Rows = select(TaskHolder.task_id, wanted.order.by.label("key"), for_whom)
    routes = standing.processes if standing is not None else frozenset()
    if wanted.needs_task or routes:
        statement = statement.join(Task, Task.id == TaskHolder.task_id)
    if routes:
        statement = statement.join(ProcessInstance, ProcessInstance.id == Task.instance_id)
        statement = statement.where(ProcessInstance.definition_key.in_(sorted(routes)))
    if wanted.unit_id is not None:
        statement = statement.join(Plan, Plan.id == Task.plan_id)
    statement = statement.where(TaskHolder.holder == holder, *wanted.conditions())
    if after is not None:
        statement = statement.where(wanted.order.beyond(after, backwards=backwards))
    return work_search.found_in(statement, wanted.match, wanted.typed) if wanted.match else [statement]


def list_rows() -> Any:
    """The columns of InboxRow, for a statement to narrow."""
    return (
        select(Task, Plan.code, func.coalesce(Unit.short_name, ""), func.coalesce(User.name, ""))
        .outerjoin(Plan, Plan.id == Task.plan_id)
        .outerjoin(Unit, Unit.id == Plan.lead_unit_id)
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
    )


def row_of(session: Session, task_id: int) -> InboxRow | None:
    """One task as the lists show it, whoever holds it."""
    found = session.execute(list_rows().where(Task.id == task_id)).one_or_none()
    return InboxRow(*found) if found else None


def processes_in(session: Session, groups: Collection[str]) -> Sequence[str]:
    """The processes from which something waits under these holder keys, for the filter."""
    statement = (
        select(Task.process_key)
        .join(TaskHolder, TaskHolder.task_id == Task.id)
        .where(TaskHolder.holder.in_(groups))
    )
    some = statement.limit(COUNT_LIMIT).subquery()
    return session.scalars(select(some.c.process_key).distinct().order_by(some.c.process_key)).all()


def just_passed_on(session: Session, task_ids: Collection[int]) -> Sequence[int]:
    """Those of these finished tasks from which an open task of a running instance came that nobody has opened yet."""
    following = aliased(Task)
    came = following.instance_id == Task.instance_id, following.created_at == Task.ended_at
    unopened = following.status == "open", following.opened_at.is_(None), following.round_id.is_(None)
    running = select(ProcessInstance.id).where(ProcessInstance.id == Task.instance_id, ProcessInstance.status == "active")
    statement = select(Task.id).where(Task.id.in_(list(task_ids)), Task.round_id.is_(None), running.exists())
    return session.scalars(statement.where(select(following.id).where(*came, *unopened).exists())).all()
