"""A channel that only remembers: for tests and for trying things out."""

from __future__ import annotations

from .channel import DeliveryFailed, Outgoing


class StubChannel:
    """Keeps what it was given in `sent`; addresses in `refusing` fail, those in `dead` for good."""

    def __init__(self, refusing: frozenset[str] = frozenset(), dead: frozenset[str] = frozenset()) -> None:
        self.sent: list[Outgoing] = []
        self.refusing, self.dead = refusing, dead

    def send(self, message: Outgoing) -> str:
        """Remember the message, or fail as told."""
        if message.address in self.refusing | self.dead:
            raise DeliveryFailed("refused by the stub", permanent=message.address in self.dead)
        self.sent.append(message)
        return "kept"

    def close(self) -> None:
        """Nothing is open."""
