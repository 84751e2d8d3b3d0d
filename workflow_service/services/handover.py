"""Handing over a person's work (工作移交): everything that is his by name, in one administrator's step.

What lies before a post stays with the post: what he had claimed goes to the successor where he holds the post too, else back to
it. Memberships end on a day and begin for the successor on it. Each item is its own savepoint with its own result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput, TongchouError
from workflow_service.i18n import N_
from workflow_service.store import people_queries
from workflow_service.store.acting import ListedMatter
from workflow_service.store.operations import Substitution, TaskRound
from workflow_service.store.people import Membership, User
from workflow_service.store.runtime import Task, TaskHolder

from . import answerable, audit, events, people, recipients, substitutions
from .calendars import SETTINGS
from .context import Actor
from .substitutions import SubstituteAsked
from .task_access import changed, lock_task, put_before, refuse_ballot, set_holders

HANDED_OVER = "handed_over"
TASK, CLAIMED, TURN, POST, GRANT_GIVEN, GRANT_GOT = "task", "claimed", "turn", "post", "grant_given", "grant_got"
MATTER = "matter"


@dataclass(frozen=True)
class Item:
    """One thing that is handed over: a task of his own, one claimed for a post, a turn to come, a post, a grant given or got, a
    listed matter for which he answers.
    """

    kind: str
    id: int
    name: str
    title: str = ""


@dataclass(frozen=True)
class Result:
    """What became of one item: `done` empty for what was refused, then `refused` says why (in the reader's language)."""

    item: Item
    done: str = ""
    refused: str = ""


@dataclass(frozen=True)
class HandOver:
    """From whom to whom, from which day on (None: today), and whether the posts go along."""

    from_id: int
    to_id: int
    on: date | None = None
    with_posts: bool = True


@dataclass
class Report:
    """What a hand-over did, item by item."""

    results: list[Result] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many items stayed where they were."""
        return sum(1 for one in self.results if one.refused)


def preview_hand_over(session: Session, actor: Actor, wanted: HandOver, *, now: datetime) -> list[Item]:
    """Give everything that would be handed over; raises NotFound, Forbidden, InvalidInput."""
    leaver, _heir = _both(session, actor, wanted, now)
    tasks = _tasks(session, leaver.id)
    posts = _posts(session, leaver.id, now) if wanted.with_posts else []
    items = [Item(_kind(one), one.id, one.name, one.title) for one in tasks]
    items += [Item(TURN, found.id, task.name, task.title) for found, task in _turns(session, leaver.id)]
    items += [Item(POST, one.id, one.post.name, one.post.unit.name) for one in posts]
    items += [Item(MATTER, one.id, one.title, f"{one.year}-{one.number}") for one in answerable.matters_of(session, leaver.id)]
    today = SETTINGS.day_of(now)
    running = Substitution.revoked_at.is_(None), Substitution.until > today
    for kind, his, other in (
        (GRANT_GIVEN, Substitution.principal_id, Substitution.substitute_id),
        (GRANT_GOT, Substitution.substitute_id, Substitution.principal_id),
    ):
        rows = select(Substitution.id, User.name).join(User, User.id == other).where(his == leaver.id, *running)
        items += [Item(kind, row.id, row.name) for row in session.execute(rows.order_by(Substitution.id))]
    return items


def hand_over(session: Session, actor: Actor, wanted: HandOver, *, now: datetime) -> Report:
    """Hand over all of it; what is refused stays where it was and says why. Raises NotFound, Forbidden, InvalidInput."""
    leaver, heir = _both(session, actor, wanted, now)
    items = preview_hand_over(session, actor, wanted, now=now)
    order = {GRANT_GOT: 0, POST: 1, TURN: 2, TASK: 3, CLAIMED: 4, MATTER: 5, GRANT_GIVEN: 6}
    report = Report()
    for item in sorted(items, key=lambda one: (order[one.kind], one.id)):
        report.results.append(_attempt(session, item, _doer(session, actor, wanted, leaver, heir, now)[item.kind]))
    data = {"to": heir.id, "items": len(items), "refused": report.refused, "on": wanted.on, "with_posts": wanted.with_posts}
    audit.record(session, actor, "work.hand_over", f"user:{leaver.id}", data, now=now)
    recipients.tell(
        session, actor, [f"u:{heir.id}", f"u:{leaver.id}"], HANDED_OVER, N_("%(from)s的工作已移交%(to)s，共 %(count)s 项"),
        {"from": leaver.name, "to": heir.name, "count": len(items) - report.refused},
        f"{HANDED_OVER}:{leaver.id}:{heir.id}:{now.isoformat()}", now=now, link="/tasks",
    )  # fmt: skip
    return report


def _doer(
    session: Session, actor: Actor, wanted: HandOver, leaver: User, heir: User, now: datetime
) -> dict[str, Callable[[Item], str]]:
    return {
        TASK: lambda item: _give_task(session, actor, item.id, leaver, heir, now),
        CLAIMED: lambda item: _give_claimed(session, actor, item.id, leaver, heir, now),
        TURN: lambda item: _give_turn(session, actor, item.id, leaver, heir, now),
        POST: lambda item: _give_post(session, actor, item.id, heir, wanted.on, now),
        MATTER: lambda item: _pass_matter(session, actor, item.id, heir, now),
        GRANT_GIVEN: lambda item: _end_grant(session, actor, item.id, now),
        GRANT_GOT: lambda item: _pass_grant_on(session, actor, item.id, heir, now),
    }


def _attempt(session: Session, item: Item, do: Callable[[Item], str]) -> Result:
    try:
        with session.begin_nested():
            return Result(item, done=do(item))
    except TongchouError as error:
        return Result(item, refused=error.message)


def _both(session: Session, actor: Actor, wanted: HandOver, now: datetime) -> tuple[User, User]:
    leaver = people.person_to_manage(session, actor, wanted.from_id, now=now)
    heir = people.person_to_manage(session, actor, wanted.to_id, now=now)
    if leaver.id == heir.id:
        raise InvalidInput(N_("不能移交给本人。"))
    if not heir.active:
        raise InvalidInput(N_("“%(name)s”的账号已停用，请另选。"), name=heir.name)
    if wanted.on is not None and wanted.on < SETTINGS.day_of(now):
        raise InvalidInput(N_("移交日期不能早于今天。"))
    return leaver, heir


def _tasks(session: Session, user_id: int) -> list[Task]:
    """Open tasks that are his by name or by claim; those that wait for others are his too."""
    asked = select(TaskHolder.task_id).where(TaskHolder.holder == f"u:{user_id}")
    of_him = select(Task).where(Task.status == "open", Task.id.in_(asked) | (Task.assignee_id == user_id))
    return list(session.scalars(of_him.order_by(Task.instance_id, Task.id)))


def _turns(session: Session, user_id: int) -> list[tuple[TaskRound, Task]]:
    """Rounds in which he is to be asked later: his turn has not come."""
    named = TaskRound.ended_at.is_(None), TaskRound.people.contains([{"holder": f"u:{user_id}"}])
    rows = session.execute(select(TaskRound, Task).join(Task, Task.id == TaskRound.task_id).where(*named).order_by(TaskRound.id))
    return [(found, task) for found, task in rows if any(one["holder"] == f"u:{user_id}" for one in found.people[found.begun :])]


def _kind(task: Task) -> str:
    return CLAIMED if task.candidate_groups else TASK


def _posts(session: Session, user_id: int, now: datetime) -> list[Membership]:
    return list(people_queries.memberships_of(session, [user_id], SETTINGS.day_of(now)))


def _give_task(session: Session, actor: Actor, task_id: int, leaver: User, heir: User, now: datetime) -> str:
    """What is asked of him by name is asked of the successor: as handler, or as one of the candidates."""
    row, task = lock_task(session, task_id)
    if task.assignee_id != leaver.id and str(leaver.id) not in task.candidate_users:
        raise Conflict(N_("任务已不在本人名下。"))
    was = events.held(task)
    refuse_ballot(session, row, task)
    task.candidate_users = [str(heir.id) if one == str(leaver.id) else one for one in task.candidate_users]
    if task.assignee_id == leaver.id:
        task.assignee_id, task.claimed_at = heir.id, now
    if not task.held:
        put_before(session, task)
    data = {"from": leaver.id, "to": heir.id, events.WAS: was}
    events.note(session, actor, task, HANDED_OVER, data, now=now)
    changed(session, actor, row, task, "task.hand_over", data, now)
    return N_("已移交")


def _give_turn(session: Session, actor: Actor, round_id: int, leaver: User, heir: User, now: datetime) -> str:
    """When his turn comes, the successor is asked; one who is asked in that round already is not asked twice."""
    row, task = lock_task(session, session.get_one(TaskRound, round_id).task_id)
    found = session.get_one(TaskRound, round_id, populate_existing=True)
    mine, his = f"u:{leaver.id}", f"u:{heir.id}"
    if any(one["holder"] == his for one in found.people):
        raise Conflict(N_("“%(name)s”已在加签人员之中，请先减签。"), name=heir.name)
    coming = [one | {"holder": his} if one["holder"] == mine else one for one in found.people[found.begun :]]
    found.people = [*found.people[: found.begun], *coming]
    data = {"from": leaver.id, "to": heir.id, "round": found.id}
    events.note(session, actor, task, HANDED_OVER, data, now=now)
    changed(session, actor, row, task, "task.hand_over", data, now)
    return N_("已移交")


def _give_claimed(session: Session, actor: Actor, task_id: int, leaver: User, heir: User, now: datetime) -> str:
    """A post's task stays with the post: claimed by the successor where he holds it today, else open to all who do."""
    row, task = lock_task(session, task_id)
    if task.assignee_id != leaver.id:  # since the list was read he put it back, and a colleague may have taken it
        return _give_task(session, actor, task_id, leaver, heir, now)
    held = people_queries.memberships_of(session, [heir.id], SETTINGS.day_of(now))
    his = {f"{one.post.unit.code}:{one.post.code}" for one in held}
    takes = not his.isdisjoint(task.candidate_groups)
    was = events.held(task)
    task.assignee_id, task.claimed_at = (heir.id, now) if takes else (None, None)
    if not task.held:
        set_holders(session, task, None)
        if takes:
            set_holders(session, task, heir.id)
    data = {"from": leaver.id, "to": heir.id if takes else None, "groups": list(task.candidate_groups), events.WAS: was}
    events.note(session, actor, task, HANDED_OVER, data, now=now)
    changed(session, actor, row, task, "task.hand_over", data, now)
    return N_("已移交") if takes else N_("已放回岗位")


def _give_post(session: Session, actor: Actor, membership_id: int, heir: User, on: date | None, now: datetime) -> str:
    day = on or SETTINGS.day_of(now)
    held = session.get_one(Membership, membership_id)
    if held.until is not None and held.until <= day:
        raise Conflict(N_("这个岗位的任职已经结束。"))
    place = held.post.unit.code, held.post.code
    already = {one.post_id for one in people_queries.memberships_of(session, [heir.id], day)}
    people.end_membership(session, actor, membership_id, now=now, until=day, release=False)
    if held.post_id not in already:
        people.assign_post(session, actor, heir.id, *place, now=now, since=day)
    return N_("已移交")


def _pass_matter(session: Session, actor: Actor, matter_id: int, heir: User, now: datetime) -> str:
    """Who takes over the unit's work answers for its matters; who does not work there cannot."""
    answerable.pass_to(session, actor, session.get_one(ListedMatter, matter_id), heir.id, now=now)
    return N_("已移交")


def _end_grant(session: Session, actor: Actor, grant_id: int, now: datetime) -> str:
    """What he left to others ends: the successor names his own substitute."""
    grant = session.get_one(Substitution, grant_id, populate_existing=True)
    if grant.revoked_at is None:
        substitutions.revoke_substitute(session, actor, grant_id, now=now)
    return N_("已结束")


def _pass_grant_on(session: Session, actor: Actor, grant_id: int, heir: User, now: datetime) -> str:
    """Whom he stood in for, the successor stands in for, but never to sign or decide: that was granted to a person."""
    grant = session.get_one(Substitution, grant_id, populate_existing=True)
    principal = people.person_to_manage(session, actor, grant.principal_id, now=now)
    substitutions.revoke_substitute(session, actor, grant_id, now=now)
    if principal.id == heir.id:
        return N_("已结束")
    asked = SubstituteAsked(principal.id, heir.id, max(grant.since, SETTINGS.day_of(now)), grant.until, grant.processes)
    substitutions.name_substitute(session, actor, asked, now=now)
    return N_("已移交")
