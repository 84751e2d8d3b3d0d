"""Messages and signals: from whoever sends them to the instances that wait for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, exists, select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import Conflict, NotFound
from workflow_service.engine.facts import Thrown
from workflow_service.i18n import N_, _, said
from workflow_service.identity import policy
from workflow_service.store import step_rows
from workflow_service.store.plans import AgendaItem
from workflow_service.store.runtime import HeldEvent, ProcessInstance, Subscription

from . import audit
from .context import Actor
from .execution import Execution, locked_instance

TAKING = ("active", "suspended")
"""A suspended instance takes what comes too: it is kept until the instance goes on."""


@dataclass(frozen=True)
class Delivery:
    """What is handed to an element that waits, and what the record says of it (`data`)."""

    kind: str
    name: str
    key: str | None
    data: dict[str, Any]
    payload: dict[str, Any]


def send_message(
    session: Session, actor: Actor, name: str, correlation_key: str, payload: dict[str, Any], *, now: datetime
) -> int:
    """Deliver a message for somebody outside; he must manage every instance that waits for it.

    Raises NotFound, Forbidden, and Conflict for the outcome of a meeting or list, which its host enters there.
    """
    _require_managed(session, actor, "message", name, correlation_key)
    if session.execute(_waiting("message", name, correlation_key).where(_OF_AGENDA)).first() is not None:
        raise Conflict(N_("这是会议或清单的结果，由承办单位在“会议与清单”中凭纪要录入，不能直接发送。"))
    return deliver_message(session, actor, name, correlation_key, payload, now=now)


def send_signal(session: Session, actor: Actor, name: str, payload: dict[str, Any], *, now: datetime) -> int:
    """Broadcast a signal for somebody outside; he must manage every instance that waits for it. Raises Forbidden."""
    _require_managed(session, actor, "signal", name, None)
    return broadcast_signal(session, actor, name, payload, now=now)


def deliver_message(
    session: Session, actor: Actor, name: str, correlation_key: str, payload: dict[str, Any], *, now: datetime,
    decided: bool = False,
) -> int:  # fmt: skip
    """Hand a message to every instance that waits for it under this key (one suspended keeps it); gives how many took it.

    Raises NotFound when nobody waits for it. `payload` becomes the variable named like the receiving element. Only with
    `decided`, from the meeting or list itself, does it reach what waits for the outcome of an agenda's item.
    """
    taken = _deliver(session, actor, "message", name, correlation_key, payload, now, decided=decided)
    if not taken:
        raise NotFound(N_("没有流程在等待消息“%(name)s”（关联键 %(key)s）。"), name=name, key=correlation_key)
    return taken


def broadcast_signal(
    session: Session, actor: Actor, name: str, payload: dict[str, Any], *, now: datetime
) -> int:
    """Send a signal to every instance that waits for it; nobody waiting is no error."""
    return _deliver(session, actor, "signal", name, None, payload, now)


def deliver_thrown(session: Session, actor: Actor, thrown: Thrown, *, now: datetime) -> int:
    """Deliver what an instance threw; gives how many took it (none for a message becomes an incident of the thrower)."""
    key = thrown.correlation_key if thrown.kind == "message" else None
    return _deliver(session, actor, thrown.kind, thrown.name, key, dict(thrown.payload), now, noted=False)


def _deliver(
    session: Session,
    actor: Actor,
    kind: str,
    name: str,
    key: str | None,
    payload: dict[str, Any],
    now: datetime,
    noted: bool = True,
    decided: bool = False,
) -> int:
    """`noted`: the record says what was handed over; what an instance threw stands in its own records."""
    session.flush()
    found = _waiting(kind, name, key)
    waiting = session.execute(found if decided else found.where(~_OF_AGENDA)).all()
    what = Delivery(kind, name, key, {"name": name, "key": key} | ({"payload": payload} if noted else {}), payload)
    held: set[int] = set()
    return sum(_hand_over(session, actor, row, what, held, now) for row in waiting)


def deliver_held(session: Session, actor: Actor, instance_id: int, *, now: datetime) -> None:
    """Hand over what came while the instance was suspended, in the order of arrival.

    What it waits for no more becomes an incident if it is a message, as when nobody takes what an instance threw.
    """
    for held in session.scalars(select(HeldEvent).where(HeldEvent.instance_id == instance_id).order_by(HeldEvent.id)).all():
        session.delete(held)
        session.flush()
        data = {"name": held.name, "key": held.correlation_key, "sent_at": held.sent_at, "sent_by": held.sent_by}
        what = Delivery(held.kind, held.name, held.correlation_key, data, held.payload)
        waiting = _waiting(held.kind, held.name, held.correlation_key).where(Subscription.instance_id == instance_id)
        taken = [_hand_over(session, actor, one, what, set(), now) for one in session.execute(waiting).all()]
        if not any(taken) and held.kind == "message":
            _note_lost(session, held, now)


def forget_held(session: Session, instance_id: int) -> None:
    """Drop what was kept for an instance that ends."""
    session.execute(delete(HeldEvent).where(HeldEvent.instance_id == instance_id))


def _note_lost(session: Session, held: HeldEvent, now: datetime) -> None:
    text = N_("暂停期间送达的消息“%(name)s”（关联键 %(key)s），恢复后已没有环节等待")
    message = said(lambda: _(text, name=held.name, key=held.correlation_key or ""))
    data = {"name": held.name, "key": held.correlation_key or "", "payload": held.payload}
    row = {
        "token": None, "element_id": held.name, "kind": "message", "created_at": now, "message": message,
        "data": data | step_rows.words_of(message),
    }  # fmt: skip
    step_rows.insert_incidents(session, held.instance_id, [row])


def _hand_over(session: Session, actor: Actor, found: Any, what: Delivery, held: set[int], now: datetime) -> bool:
    """Wake one element, unless it waits no more by the time its instance is locked; for a suspended one it is kept, once."""
    row = locked_instance(session, found.instance_id)
    if row.status == "suspended":
        if row.id not in held:
            held.add(row.id)
            _hold(session, actor, row, what, now)
        return True
    waits = select(Subscription.id).where(
        Subscription.instance_id == found.instance_id, Subscription.token == found.token
    )
    if row.status != "active" or session.scalars(waits).first() is None:
        return False
    execution = Execution.thaw(session, actor, row, now)
    execution.instance.fire(found.token, what.payload)
    execution.settle(f"{what.kind}.deliver", what.data)
    return True


def _hold(session: Session, actor: Actor, row: ProcessInstance, what: Delivery, now: datetime) -> None:
    kept = HeldEvent(
        instance_id=row.id, kind=what.kind, name=what.name, correlation_key=what.key, payload=audit.plain(what.payload),
        sent_at=now, sent_by=actor.user_id,
    )  # fmt: skip
    session.add(kept)
    audit.record(session, actor, f"{what.kind}.hold", f"process-instance:{row.id}", what.data, now=now, instance=row)


_OF_AGENDA: ColumnElement[bool] = exists().where(
    AgendaItem.instance_id == Subscription.instance_id, AgendaItem.message_name == Subscription.name,
    cast(AgendaItem.id, String) == Subscription.correlation_key,
)  # fmt: skip
"""What waits for the outcome of an item of an agenda or list: only whoever enters it there lets the plan go on."""


def _waiting(kind: str, name: str, key: str | None) -> Any:
    statement = (
        select(Subscription.instance_id, Subscription.token, ProcessInstance.area_path)
        .join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
        .where(Subscription.kind == kind, Subscription.name == name, ProcessInstance.status.in_(TAKING))
        .order_by(Subscription.instance_id, Subscription.id)
    )
    return statement if key is None else statement.where(Subscription.correlation_key == key)


def _require_managed(session: Session, actor: Actor, kind: str, name: str, key: str | None) -> None:
    policy.require(actor, "instance.manage")
    for row in session.execute(_waiting(kind, name, key)):
        policy.require(actor, "instance.manage", policy.thing_of(row.area_path))
