"""What the engine tells its callers: plain frozen values, no SpiffWorkflow type among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Place:
    """One element of one process, as a token stands on it. `token` identifies this execution."""

    token: UUID
    process_key: str
    element_id: str
    element_type: str
    name: str


@dataclass(frozen=True)
class HumanTask:
    """A user task that now waits for a person. Texts that hold expressions are already evaluated."""

    place: Place
    attributes: Mapping[str, Any]
    local: Mapping[str, Any]


@dataclass(frozen=True)
class SignerTurn:
    """One of those asked in a countersignature or vote. `status`: waiting, open, completed, cancelled or removed; `token` once
    his turn has come.
    """

    turn: int
    item: Any
    status: str
    token: UUID | None = None


@dataclass(frozen=True)
class ServiceWork:
    """A service task that the caller must carry out by its topic and answer with `Instance.work_done`."""

    place: Place
    topic: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class TimerWait:
    """A timer that now runs. `kind` is date, duration or cycle; `rule` its evaluated text; `remaining` cycles left."""

    place: Place
    kind: str
    rule: str
    remaining: int | None


@dataclass(frozen=True)
class EventWait:
    """A message (with correlation key, empty for the business key) or a signal that is now waited for.

    `waiting`: on somebody else's calendar (`approval:waiting`), so that deadlines stand still.
    """

    place: Place
    kind: str
    name: str
    correlation_key: str
    waiting: bool = False


@dataclass(frozen=True)
class Thrown:
    """A message or signal that the instance sent; the caller delivers it in the same transaction."""

    place: Place
    kind: str
    name: str
    correlation_key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Passage:
    """Something happened to one token: started, completed (with the flows it left by) or cancelled."""

    place: Place
    status: str
    flows: tuple[str, ...] = ()


@dataclass(frozen=True)
class JoinWait:
    """A join where tokens wait: the elements whose flow has brought one, and those whose flow may still bring one."""

    process_key: str
    element_id: str
    name: str
    arrived: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """An element that could not go on, with the reason in words (`i18n.Said` where they are ours)."""

    place: Place
    message: str


@dataclass(frozen=True)
class Step:
    """Everything that changed since the last look: what waits anew, what waits no more, what ran, whose trouble is over."""

    at: datetime
    human_tasks: tuple[HumanTask, ...] = ()
    works: tuple[ServiceWork, ...] = ()
    timers: tuple[TimerWait, ...] = ()
    events: tuple[EventWait, ...] = ()
    ended: tuple[UUID, ...] = ()
    passages: tuple[Passage, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    settled: tuple[UUID, ...] = ()
    stages: tuple[str, ...] = ()
    completed: bool = False
    outcome: str = ""
    stalled: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
