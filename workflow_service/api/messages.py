"""Messages to instances that wait for them, and signals to all that listen."""

from __future__ import annotations

from pydantic import Field

from workflow_service.services import messages

from .calls import Call, endpoint
from .shapes import Given, Name, Shown, Values


class MessageGiven(Given):
    """A message; `correlation_key` says whose (the plan's id unless the diagram says otherwise)."""

    name: Name
    correlation_key: str = Field(max_length=200)
    payload: Values = Field(default_factory=dict, description="becomes the variable named like the receiving element")


class SignalGiven(Given):
    """A signal for everybody who waits for it."""

    name: Name
    payload: Values = Field(default_factory=dict)


class Delivered(Shown):
    """How many waiting elements took it."""

    taken: int


@endpoint("/messages", "POST", body=MessageGiven, answer=Delivered, tag="messages")
def correlate_message(call: Call, body: MessageGiven) -> Delivered:
    """Hand a message to the instances that wait for it; 404 where nobody does. Designers and administrators of the area.

    The outcome of a meeting or list is entered there (`POST /meetings/{id}/results`): 409 here.
    """
    return Delivered(
        taken=messages.send_message(
            call.session, call.actor, body.name, body.correlation_key, body.payload, now=call.now
        )
    )


@endpoint("/signals", "POST", body=SignalGiven, answer=Delivered, tag="signals")
def broadcast_signal(call: Call, body: SignalGiven) -> Delivered:
    """Send a signal to every instance that waits for it; nobody waiting is no error."""
    return Delivered(taken=messages.send_signal(call.session, call.actor, body.name, body.payload, now=call.now))
