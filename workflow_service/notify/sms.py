"""Text messages through a gateway of the office's own: one POST a message, `{"id", "mobile", "text"}` as JSON.

The operator names the address; a gateway with another form is put behind a few lines of his own. It must answer 2xx, and
`errcode` or `code` 0 where it sends one.
"""

from __future__ import annotations

from . import webhook
from .channel import Outgoing

LONGEST_TEXT = 200


class SmsChannel:
    """Sends the subject alone: a text message is no place for lists. `token` goes into `Authorization: Bearer`."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._address, self._token = address, token
        self._webhook = webhook.Webhook()

    def send(self, message: Outgoing) -> str:
        """Hand one message to the gateway; raises DeliveryFailed."""
        text = " ".join(message.subject.split())
        shown = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._webhook.post(
            self._address, {"id": message.message_id, "mobile": message.address, "text": shown}, headers
        )
        webhook.require_zero(answer, may_lack=True)
        return "errcode 0"

    def close(self) -> None:
        """Nothing is kept open."""
