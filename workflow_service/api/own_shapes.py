"""What I set up for myself, as the interface takes and shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shapes import Given, Moment, Shown

ChannelName = Literal["email", "robot", "sms"]
KindName = Literal["digest", "urge", "asked", "bulletin", "weekly_ledger", "weekly_late", "other"]
Minute = Field(None, ge=0, le=1439, description="minute of the day in the government's zone: 08:30 is 510")


class TellingGiven(Given):
    """How I want to be told. A kind that is not named goes by e-mail; `other` stands for all kinds not in the list."""

    channels: dict[KindName, list[ChannelName]] = Field(default_factory=dict)
    quiet_from: int | None = Minute
    quiet_until: int | None = Minute
    digest_at: int | None = Minute
    robot_address: str = Field("", max_length=500, description="webhook of a robot of my own, on a host that is allowed")


class TellingShown(Shown):
    """How I am told."""

    channels: dict[str, list[str]]
    quiet_from: int | None
    quiet_until: int | None
    digest_at: int | None
    robot_address: str


class DeliveryShown(Shown):
    """One message on its way to me, with what the other side answered."""

    subject: str
    channel: str
    status: Literal["pending", "sent", "failed"]
    answer: str
    attempts: int
    created_at: Moment
    next_attempt_at: Moment


class DeliveriesShown(Shown):
    """The latest first."""

    items: list[DeliveryShown]


class Phrases(Given):
    """Standard opinions in order."""

    phrases: list[str] = Field(max_length=30)


class PhrasesShown(Shown):
    """My own, and what my unit offers."""

    own: list[str]
    unit: list[str]
