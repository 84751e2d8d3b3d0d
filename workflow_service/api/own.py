"""What I set up for myself: how I am told of things, and my standard opinions."""

from __future__ import annotations

from workflow_service.domain.notices import TellingHours
from workflow_service.services import notice_choices, phrases
from workflow_service.services.notice_choices import Telling

from .calls import Call, endpoint
from .own_shapes import DeliveriesShown, DeliveryShown, Phrases, PhrasesShown, TellingGiven, TellingShown

TAG = "me"


@endpoint("/me/notice-settings", answer=TellingShown, tag=TAG)
def get_notice_settings(call: Call) -> TellingShown:
    """Tell how I am told: channels by kind, quiet hours, one message a day."""
    return _shown(notice_choices.telling_of(call.session, call.actor))


@endpoint("/me/notice-settings", "PUT", body=TellingGiven, answer=TellingShown, tag=TAG)
def put_notice_settings(call: Call, body: TellingGiven) -> TellingShown:
    """Put how I want to be told in place of what I chose before."""
    hours = TellingHours(body.quiet_from, body.quiet_until, body.digest_at)
    wanted = Telling({kind: tuple(chosen) for kind, chosen in body.channels.items()}, hours, body.robot_address)
    return _shown(notice_choices.set_telling(call.session, call.actor, wanted, now=call.now))


@endpoint("/me/deliveries", answer=DeliveriesShown, tag=TAG)
def list_deliveries(call: Call) -> DeliveriesShown:
    """List what was lately sent to me outside the service, with the answers."""
    found = notice_choices.own_deliveries(call.session, call.actor)
    return DeliveriesShown(items=[DeliveryShown.model_validate(one) for one in found])


@endpoint("/me/phrases", answer=PhrasesShown, tag=TAG)
def get_phrases(call: Call) -> PhrasesShown:
    """List my standard opinions and my unit's."""
    own = phrases.own_phrases(call.session, call.actor)
    return PhrasesShown(own=own, unit=phrases.unit_phrases(call.session, call.actor.unit_id))


@endpoint("/me/phrases", "PUT", body=Phrases, answer=PhrasesShown, tag=TAG)
def put_phrases(call: Call, body: Phrases) -> PhrasesShown:
    """Put these phrases in place of my own, in this order."""
    own = phrases.set_own_phrases(call.session, call.actor, body.phrases, now=call.now)
    return PhrasesShown(own=own, unit=phrases.unit_phrases(call.session, call.actor.unit_id))


def _shown(telling: Telling) -> TellingShown:
    hours = telling.hours
    return TellingShown(
        channels={kind: list(chosen) for kind, chosen in telling.channels.items()}, quiet_from=hours.quiet_from,
        quiet_until=hours.quiet_until, digest_at=hours.digest_at, robot_address=telling.robot_address,
    )  # fmt: skip
