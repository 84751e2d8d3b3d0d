"""What waits for a person: his own tasks and those of his groups, by deadline, a page at a time; and what he has done.

The rows of `task_holder` answer it from one index range per holder key, so that the page costs the same among a thousand
and a million open tasks. Rows that a colleague claimed are left out; what a person claimed himself stands under his own key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, func, literal, literal_column, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from .people import Unit, User
from .plans import Plan
from .runtime import ProcessInstance, Task, TaskHolder

COUNT_LIMIT = 1000
_principal = aliased(User)
_NEVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz", DateTime(timezone=True))


@dataclass(frozen=True)
class Standing:
    """Whose tasks a substitute sees beside his own: holder keys of the principal, the routes covered (none: all), his name."""

    name: str
    groups: frozenset[str]
    processes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class InboxFilter:
    """Whose tasks, and which of them. `groups` are holder keys (`u:…`, `g:…`); moments are aware.

    `standings` are those for whom the person is a substitute; what lies before both of them is his own.
    """

    user_id: int
    groups: frozenset[str]
    process_key: str = ""
    unit_id: int | None = None
    kind: str = ""
    holder: str = ""
    due_before: datetime | None = None
    words: ColumnElement[bool] | None = None
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
        if self.words is not None:
            found.append(self.words)
        return found

    @property
    def needs_task(self) -> bool:
        """Whether the question concerns more of the task than who holds it until when."""
        return bool(self.process_key or self.kind or self.needs_plan)

    @property
    def needs_plan(self) -> bool:
        """Whether the question concerns the plan behind the task."""
        return self.unit_id is not None or self.words is not None


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
    session: Session,
    wanted: InboxFilter,
    *,
    after: tuple[datetime | None, int] | None = None,
    limit: int | None = 50,
) -> list[InboxRow]:
    """Open tasks by due moment (those without one last), after the (due moment, task id) of the page before."""
    found = _keys(wanted, after, limit)
    if found is None:
        return []
    keys = found.subquery()
    top = select(
        keys.c.task_id, func.min(keys.c.due_at).label("due"), func.min(keys.c.for_whom).label("for_whom")
    ).group_by(keys.c.task_id)
    page = top.order_by(func.min(keys.c.due_at), keys.c.task_id).limit(limit).subquery()
    statement = _rows().add_columns(page.c.for_whom)
    statement = statement.join(page, page.c.task_id == Task.id).order_by(page.c.due, Task.id)
    return [InboxRow(*row) for row in session.execute(statement)]


def count_inbox(session: Session, wanted: InboxFilter) -> int:
    """How many open tasks the filter gives, counted no further than COUNT_LIMIT + 1."""
    found = _keys(wanted, None, COUNT_LIMIT + 1)
    if found is None:
        return 0
    keys = found.subquery()
    some = select(keys.c.task_id).distinct().limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _keys(wanted: InboxFilter, after: tuple[datetime | None, int] | None, limit: int | None) -> Any:
    """Due moment and id of the first `limit` tasks under each holder key, each from its own index range."""
    under = [_under(holder, wanted, after) for holder in wanted.holders()]
    under += [_under(holder, wanted, after, standing) for holder, standing in wanted.others()]
    parts = [one.limit(limit).subquery().select() for one in under]
    return union_all(*parts) if parts else None


def _under(
    holder: str, wanted: InboxFilter, after: tuple[datetime | None, int] | None, standing: Standing | None = None
) -> Any:
    for_whom = literal(standing.name if standing is not None else "").label("for_whom")
    statement = select(TaskHolder.task_id, TaskHolder.due_at, for_whom)
    routes = standing.processes if standing is not None else frozenset()
    if wanted.needs_task or routes:
        statement = statement.join(Task, Task.id == TaskHolder.task_id)
    if routes:
        statement = statement.join(ProcessInstance, ProcessInstance.id == Task.instance_id)
        statement = statement.where(ProcessInstance.definition_key.in_(sorted(routes)))
    if wanted.needs_plan:
        statement = statement.outerjoin(Plan, Plan.id == Task.plan_id)
    statement = statement.where(TaskHolder.holder == holder, *wanted.conditions())
    if after is not None:
        due, task_id = after
        start = tuple_(due if due is not None else _NEVER, task_id)
        statement = statement.where(tuple_(TaskHolder.due_at, TaskHolder.task_id) > start)
    return statement.order_by(TaskHolder.due_at, TaskHolder.task_id)


def _rows() -> Any:
    return (
        select(Task, Plan.code, func.coalesce(Unit.short_name, ""), func.coalesce(User.name, ""))
        .outerjoin(Plan, Plan.id == Task.plan_id)
        .outerjoin(Unit, Unit.id == Plan.lead_unit_id)
        .outerjoin(User, User.id == func.coalesce(Task.completed_by, Task.assignee_id))
    )


def done_page(
    session: Session, user_id: int, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[InboxRow]:
    """What a person has completed, the latest first, before the (end, task id) of the page before."""
    statement = _rows().add_columns(func.coalesce(_principal.name, ""))
    statement = statement.outerjoin(_principal, _principal.id == Task.acted_for)
    statement = statement.where(Task.completed_by == user_id, Task.status == "completed")
    if after is not None:
        statement = statement.where(tuple_(Task.ended_at, Task.id) < after)
    statement = statement.order_by(Task.ended_at.desc(), Task.id.desc()).limit(limit)
    return [InboxRow(*row) for row in session.execute(statement)]


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
