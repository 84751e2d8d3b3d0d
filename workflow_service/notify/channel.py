"""What a channel is given and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

EMAIL, ROBOT, SMS = "email", "robot", "sms"


@dataclass(frozen=True)
class Outgoing:
    """One message: `address` is the channel's own (an e-mail address, a webhook), `link` a whole address or empty.

    `message_id` stays the same at every attempt, so that a receiver can tell a repetition. `created_at` is aware.
    """

    message_id: str
    address: str
    subject: str
    text: str
    link: str
    created_at: datetime
    body: dict[str, Any] = field(default_factory=dict)


class DeliveryFailed(Exception):
    """The message did not get through; `permanent` says that trying again is of no use."""

    def __init__(self, answer: str, *, permanent: bool = False) -> None:
        super().__init__(answer)
        self.answer, self.permanent = answer, permanent


class Channel(Protocol):
    """Sends messages; kept open for a batch, then closed."""

    def send(self, message: Outgoing) -> str:
        """Send one message and give the receiver's answer; raises DeliveryFailed."""

    def close(self) -> None:
        """Let go of connections."""
