"""Messages and signals: from whoever sends them to the instances that wait for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow_service.domain.errors import NotFound
from workflow_service.engine.facts import Thrown
from workflow_service.i18n import N_
from workflow_service.identity import policy
from workflow_service.store.runtime import ProcessInstance, Subscription

from .context import Actor
from .execution import Execution, locked_instance


@dataclass(frozen=True)
class Delivery:
    """What is handed to an element that waits, and what the record says of it."""

    action: str
    data: dict[str, Any]
    payload: dict[str, Any]


def send_message(
    session: Session, actor: Actor, name: str, correlation_key: str, payload: dict[str, Any], *, now: datetime
) -> int:
    """Deliver a message for somebody outside; he must manage every instance that waits for it. Raises NotFound, Forbidden."""
    _require_managed(session, actor, "message", name, correlation_key)
    return deliver_message(session, actor, name, correlation_key, payload, now=now)


def send_signal(session: Session, actor: Actor, name: str, payload: dict[str, Any], *, now: datetime) -> int:
    """Broadcast a signal for somebody outside; he must manage every instance that waits for it. Raises Forbidden."""
    _require_managed(session, actor, "signal", name, None)
    return broadcast_signal(session, actor, name, payload, now=now)


def deliver_message(
    session: Session, actor: Actor, name: str, correlation_key: str, payload: dict[str, Any], *, now: datetime
) -> int:
    """Hand a message to every instance that waits for it under this key; gives how many took it.

    Raises NotFound when nobody waits for it. `payload` becomes the variable named like the receiving element.
    """
    taken = _deliver(session, actor, "message", name, correlation_key, payload, now)
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
) -> int:
    """`noted`: the record says what was handed over; what an instance threw stands in its own records."""
    session.flush()
    waiting = session.execute(_waiting(kind, name, key)).all()
    what = Delivery(f"{kind}.deliver", {"name": name, "key": key} | ({"payload": payload} if noted else {}), payload)
    return sum(_hand_over(session, actor, row, what, now) for row in waiting)


def _hand_over(session: Session, actor: Actor, found: Any, what: Delivery, now: datetime) -> bool:
    """Wake one element, unless it waits no more by the time its instance is locked."""
    row = locked_instance(session, found.instance_id)
    waits = select(Subscription.id).where(
        Subscription.instance_id == found.instance_id, Subscription.token == found.token
    )
    if row.status != "active" or session.scalars(waits).first() is None:
        return False
    execution = Execution.thaw(session, actor, row, now)
    execution.instance.fire(found.token, what.payload)
    execution.settle(what.action, what.data)
    return True


def _waiting(kind: str, name: str, key: str | None) -> Any:
    statement = (
        select(Subscription.instance_id, Subscription.token, ProcessInstance.area_path)
        .join(ProcessInstance, ProcessInstance.id == Subscription.instance_id)
        .where(Subscription.kind == kind, Subscription.name == name, ProcessInstance.status == "active")
        .order_by(Subscription.instance_id, Subscription.id)
    )
    return statement if key is None else statement.where(Subscription.correlation_key == key)


def _require_managed(session: Session, actor: Actor, kind: str, name: str, key: str | None) -> None:
    policy.require(actor, "instance.manage")
    for row in session.execute(_waiting(kind, name, key)):
        policy.require(actor, "instance.manage", policy.thing_of(row.area_path))
