"""Substitutes, absences, circulations, instructions, handing out and handing over as the interface takes and shows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .shapes import CountedPage, Given, GivenDay, GivenMoment, Id, Moment, PageQuery, Shown

Holder = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120, pattern="^[ug]:.+$")]
"""`u:<user id>` or `g:<unit code>:<post code>`."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Kind = Literal["copy", "read", "act", "tick", "receipt"]


class SubstituteGiven(Given):
    """Who acts for whom (I myself, if left out), from `since` until before `until`."""

    principal_id: Id | None = None
    substitute_id: Id
    since: GivenDay
    until: GivenDay
    processes: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        default_factory=list, max_length=200, description="keys of the routes covered; empty: all"
    )
    may_decide: bool = Field(False, description="signing, confirming and deciding too")


class SubstitutionShown(Shown):
    """One grant."""

    id: int
    principal_id: int
    principal: str
    substitute_id: int
    substitute: str
    since: date
    until: date
    processes: list[str]
    may_decide: bool
    state: Literal["running", "to_come", "over"]


class Substitutions(Shown):
    """Grants, the latest first."""

    items: list[SubstitutionShown]


AbsenceWord = Literal["leave", "trip", "training", "other"]


class AbsenceGiven(Given):
    """Who is away (I myself, if left out), from `since` to `last`, both included."""

    user_id: Id | None = None
    kind: AbsenceWord
    since: GivenDay
    last: GivenDay
    remark: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class AbsenceShown(Shown):
    """One absence; `last` is the last day as it holds, before `since` where it was ended before it began."""

    id: int
    user_id: int
    kind: AbsenceWord
    since: date
    last: date
    planned_last: date
    remark: str
    state: Literal["running", "to_come", "over"]
    ended_at: Moment | None = Field(description="when it was ended early")


class Absences(Shown):
    """Absences, the latest first."""

    items: list[AbsenceShown]


class AbsenceQuery(Given):
    """Whose absences."""

    user_id: Id | None = Field(None, description="my own by default")


class SubstituteQuery(Given):
    """Whose grants; without it my own."""

    user_id: Id | None = None


class CirculationQuery(PageQuery):
    """What has come to me and my posts."""

    unread: bool = False
    kind: Kind | None = None


class ReceivedShown(Shown):
    """Something that came to me or one of my posts."""

    id: int
    kind: Kind
    title: str
    note: str
    link: str
    process_instance_id: int | None
    sender: str
    sent_at: Moment
    read_at: Moment | None
    read_by: str


class Received(CountedPage[ReceivedShown]):
    """One page, the latest first; `total` counts the unread ones."""


class CirculationGiven(Given):
    """What is sent: a run, or one task of it."""

    process_instance_id: Id | None = None
    task_id: Id | None = None
    kind: Kind = "copy"
    holders: list[Holder] = Field(min_length=1, max_length=200)
    note: Words = ""
    in_order: bool = Field(False, description="the next gets it when the one before has read it")


class ReaderShown(Shown):
    """One reader; `delivered_at` is null while it is not his turn."""

    holder: str
    name: str
    delivered_at: Moment | None
    read_at: Moment | None
    read_by: str
    unit: str
    remark: str


class CirculationShown(Shown):
    """Something sent round with its readers."""

    id: int
    kind: Kind
    title: str
    note: str
    link: str
    process_instance_id: int | None
    task_id: int | None
    in_order: bool
    sent_by: int | None
    sent_at: Moment
    readers: list[ReaderShown]


class RemarkGiven(Given):
    """What the reader says; needed where something was to be done about it."""

    remark: Words = ""


class Reminded(Shown):
    """How many people were pushed."""

    people: int


class AskedGiven(Given):
    """Somebody who is asked, with his own due moment."""

    holder: Holder
    due_at: GivenMoment | None = None


class InstructionGiven(Given):
    """A leader's words, and what he orders by them."""

    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    task_id: Id | None = None
    orders: list[AskedGiven] = Field(default_factory=list, max_length=50)


class OrderShown(Shown):
    """One followed-up task."""

    task_id: int
    holder: str
    status: Literal["open", "completed", "cancelled"]
    due_at: Moment | None
    ended_at: Moment | None
    outcome: str
    opinion: str


class InstructionShown(Shown):
    """One instruction; the list has the highest post first."""

    id: int
    leader: str
    unit: str
    post: str
    words: str
    at: Moment
    done: bool
    orders: list[OrderShown]


class Instructions(Shown):
    """A run's instructions."""

    items: list[InstructionShown]


class HandOutGiven(Given):
    """Who leads (left out: it stays with me), who helps, and the proposal."""

    lead: Holder | None = None
    co_handlers: list[AskedGiven] = Field(default_factory=list, max_length=50)
    proposal: Words = ""
    blocking: bool | None = Field(
        None, description="what the lead hands in waits for the co-handlers; null: as the designer says"
    )


class HandOverGiven(Given):
    """To whom the work goes; `on` is the day from which the posts are his (today)."""

    to_id: Id
    on: GivenDay | None = None
    with_posts: bool = True
    check: bool = Field(False, description="only tell what would be handed over")


class HandOverItem(Shown):
    """One thing handed over, and what became of it."""

    kind: Literal["task", "claimed", "turn", "post", "grant_given", "grant_got", "matter"]
    id: int
    name: str
    title: str
    done: str
    refused: str


class HandOverShown(Shown):
    """What was, or would be, handed over."""

    written: bool
    refused: int
    items: list[HandOverItem]
