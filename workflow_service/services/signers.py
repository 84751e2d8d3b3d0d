"""Who signs in a countersignature or votes (会签、或签、表决): seen with how far each is, added and taken out while it runs.

These are the signers of the diagram's own step; those whom one handler asks beside the flow are in `rounds`. Who sent the matter
round (the step before) and the supervisors change them; the electorate of a vote is changed by supervisors only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, InvalidInput
from workflow_service.engine.facts import SignerTurn
from workflow_service.engine.navigate import TASK
from workflow_service.engine.signer_items import item_for, template_of, whom
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store import people_queries
from workflow_service.store.people import User
from workflow_service.store.runtime import ProcessInstance, Task

from . import events, recipients
from .calendars import SETTINGS
from .context import Actor
from .execution import Execution, require_status
from .moves import require_words
from .programs import program_of
from .task_access import holders_of, lock_task

MOST_SIGNERS = 200
VOTE = "vote"
ADDED, REMOVED = "add_signers", "remove_signer"


@dataclass(frozen=True)
class Signer:
    """One who is asked to sign. `status`: waiting for his turn, open, completed, cancelled (no longer needed) or removed."""

    turn: int
    name: str
    status: str
    task_id: int | None = None
    outcome: str = ""
    opinion: str = ""
    ended_at: datetime | None = None
    task: Task | None = None

    @property
    def removable(self) -> bool:
        """Whether he has not acted and can still be taken out."""
        return self.status in ("waiting", "open")


@dataclass(frozen=True)
class Signing:
    """A countersignature or vote as it stands: `sign` is all, any or vote; `changeable`: the reader may add and take out."""

    sign: str
    in_order: bool
    signers: tuple[Signer, ...]
    changeable: bool


def rule_of(session: Session, row: ProcessInstance, task: Task) -> dict[str, Any] | None:
    """Give how several sign the step of a task; None for a step that one person does, and for what is asked beside the flow."""
    if task.round_id is not None:
        return None
    program = program_of(session, row.definition_id).program
    rule: dict[str, Any] | None = program.element(task.process_key, task.element_id).get("multi")
    return rule


def signing_of(session: Session, actor: Actor, task: Task, row: ProcessInstance, *, now: datetime) -> Signing | None:
    """Give who signs beside an open task; None where nobody does. Rights to see the task are the caller's."""
    rule = rule_of(session, row, task)
    if rule is None or task.status != "open" or row.status not in ("active", "suspended"):
        return None
    execution = Execution.thaw(session, actor, row, now)
    found = execution.instance.signers(task.token)
    begun = select(Task).where(Task.instance_id == row.id, Task.token.in_([one.token for one in found if one.token is not None]))
    rows = {one.token: one for one in session.scalars(begun)}
    signers = tuple(_signer(execution, task, rule, one, rows.get(one.token)) for one in found)
    changeable = row.status == "active" and policy.may(actor, "task.signers", _thing(execution, task, rule))
    return Signing(str(rule.get("sign") or "all"), bool(rule["sequential"]), signers, changeable)


def _signer(execution: Execution, task: Task, rule: dict[str, Any], turn: SignerTurn, row: Task | None) -> Signer:
    session = execution.session
    if row is None:
        return Signer(turn.turn, _name_of(execution, task, rule, turn.item), turn.status)
    done = row.acted_for or row.completed_by
    holders = [f"u:{done}"] if done is not None else holders_of(row)
    name = "、".join(recipients.name_of(session, one) for one in holders)
    return Signer(turn.turn, name, turn.status, row.id, row.outcome, row.opinion, row.ended_at, row)


def _name_of(execution: Execution, task: Task, rule: dict[str, Any], item: Any) -> str:
    """Whom an item stands for, in words; the item itself where the diagram says it in another way."""
    template, personal = template_of(_attributes(execution, task))
    text = whom(template, str(rule["variable"] or ""), item)
    if personal and text:
        return execution.session.scalars(select(User.name).where(User.username == text)).one_or_none() or text
    return recipients.name_of(execution.session, f"g:{text}") if text else str(item)


def _attributes(execution: Execution, task: Task) -> dict[str, Any]:
    found: dict[str, Any] = execution.loaded.program.element(task.process_key, task.element_id).get("attrs", {})
    return found


def add_signer(
    session: Session, actor: Actor, task_id: int, holder: str, reason: str, *, now: datetime, expected: int | None = None
) -> Signer:
    """Ask one more person or post to sign beside the open task of another signer (加签): last in order, else at once.

    Raises NotFound, Forbidden, Conflict, InvalidInput where the diagram says in a way of its own who signs.
    """
    execution, task, rule = _ready(session, actor, task_id, reason, expected, now)
    turns = execution.instance.signers(task.token)
    if len(turns) >= MOST_SIGNERS:
        raise InvalidInput(N_("会签不能超过 200 方。"))
    recipients.require_reachable(session, [holder], now=now)
    item = _item(execution, task, rule, holder, [one.item for one in turns])
    if any(one.item == item and one.status != "removed" for one in turns):
        raise InvalidInput(N_("“%(name)s”已在其中。"), name=_name_of(execution, task, rule, item))
    data = {"people": [holder], "turn": len(turns), "item": item}
    events.note(session, actor, task, ADDED, data, now=now, reason=reason.strip())
    execution.instance.add_signer(task.token, item)
    execution.settle("task.add_signers", {"task": task.id, "reason": reason.strip(), **data})
    return Signer(len(turns), _name_of(execution, task, rule, item), "waiting" if rule["sequential"] else "open")


def remove_signer(
    session: Session, actor: Actor, task_id: int, turn: int, reason: str, *, now: datetime, expected: int | None = None
) -> None:
    """Take a signer who has not acted out of the countersignature or vote that an open task belongs to (减签), by his turn.

    With the last who was waited for it is over. Raises NotFound, Forbidden, Conflict, InvalidInput.
    """
    execution, task, rule = _ready(session, actor, task_id, reason, expected, now)
    found = next((one for one in execution.instance.signers(task.token) if one.turn == turn), None)
    name = _name_of(execution, task, rule, found.item) if found is not None else ""
    data = {"turn": turn, "name": name}
    events.note(session, actor, task, REMOVED, data, now=now, reason=reason.strip())
    execution.why_ended = N_("已减签")
    execution.instance.remove_signer(task.token, turn)
    execution.settle("task.remove_signer", {"task": task.id, "reason": reason.strip(), **data})


def _ready(
    session: Session, actor: Actor, task_id: int, reason: str, expected: int | None, now: datetime
) -> tuple[Execution, Task, dict[str, Any]]:
    row, task = lock_task(session, task_id, expected)
    require_status(row, ("active",))
    rule = rule_of(session, row, task)
    if rule is None:
        policy.require(actor, "task.signers", policy.thing_of(task.area_path))
        raise Conflict(N_("这项任务不在会签之中。"))
    execution = Execution.thaw(session, actor, row, now)
    policy.require(actor, "task.signers", _thing(execution, task, rule))
    require_words(reason)
    return execution, task, rule


def _thing(execution: Execution, task: Task, rule: dict[str, Any]) -> policy.Thing:
    """The countersignature as rights see it: who sent it round has part in it, but not in who votes."""
    senders = [] if rule.get("sign") == VOTE else [_sender(execution, task)]
    return policy.thing_of(task.area_path, participants=senders)


def _sender(execution: Execution, task: Task) -> int | None:
    stop = next((one for one in execution.instance.stops(task.token) if one.kind == TASK), None)
    if stop is None:
        return None
    done = select(Task).where(Task.instance_id == task.instance_id, Task.token == stop.token)
    former = execution.session.scalars(done).one_or_none()
    return former.responsible if former is not None else None


def _item(execution: Execution, task: Task, rule: dict[str, Any], holder: str, others: list[Any]) -> Any:
    template, personal = template_of(_attributes(execution, task))
    variable = str(rule["variable"] or "")
    for text in _texts(execution, holder, template, personal):
        item = item_for(template, variable, text, others)
        if item is not None:
            if not personal:
                recipients.require_reachable(execution.session, [f"g:{text}"], now=execution.now)
            return item
    if "${" not in template:
        raise InvalidInput(N_("这一环节由谁会签由流程规定，不能在此增加。"))
    raise InvalidInput(N_("“%(name)s”不能在这一环节会签。"), name=recipients.name_of(execution.session, holder))


def _texts(execution: Execution, holder: str, template: str, personal: bool) -> Iterator[str]:
    """What the diagram would have to say for a holder: his log-in name, or his posts and the named post of his units."""
    session, (kind, _colon, rest) = execution.session, holder.partition(":")
    if personal:
        if kind == "u":
            yield from session.scalars(select(User.username).where(User.id == int(rest)))
        return
    today = SETTINGS.day_of(execution.now)
    held = people_queries.memberships_of(session, [int(rest)], today) if kind == "u" else ()
    posts = [f"{one.post.unit.code}:{one.post.code}" for one in held] if kind == "u" else [rest]
    yield from posts
    post = template.rpartition(":")[2]
    if post and "$" not in post and "}" not in post:
        yield from (f"{one.rpartition(':')[0]}:{post}" for one in posts)
