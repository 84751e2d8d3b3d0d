"""Listed matters, notice slips and extensions as the interface takes and shows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .shapes import CountedPage, Given, GivenDay, GivenMoment, Id, Moment, PageQuery, Shown

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
PostKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=120, pattern="^g:.+:.+$")]
"""A post as `g:<unit code>:<post code>`."""
ListedState = Literal["open", "asked", "struck_off", "withdrawn"]


class ListingGiven(Given):
    """A matter to be listed: the post that answers for it, the person named (left out: who holds the post alone), until when."""

    title: Line
    reason: Prose
    holder: PostKey
    due_on: GivenDay
    responsible_id: Id | None = None
    plan_id: Id | None = None
    task_id: Id | None = None


class ResponsibleGiven(Given):
    """Who answers for a matter from now on."""

    responsible_id: Id


class ListedQuery(PageQuery):
    """Which matters; `late`: those whose day is over."""

    state: ListedState | None = None
    unit: str = Field("", max_length=64)
    q: str = Field("", max_length=100)
    plan_id: Id | None = None
    late: bool = False


class ListedLine(Shown):
    """One matter under listed supervision."""

    id: int
    year: int
    number: int
    title: str
    reason: str
    state: ListedState
    unit: str
    holder: str
    responsible: str
    due_on: date
    plan_id: int | None
    task_id: int | None
    process_instance_id: int | None
    listed_by: str
    listed_at: Moment
    struck_off_by: str
    struck_off_at: Moment | None


class ListedNoteShown(Shown):
    """One entry of a matter's course."""

    kind: Literal["listed", "progress", "asked", "refused", "struck_off", "responsible"]
    at: Moment
    by: str
    unit: str
    text: str


class ListedShown(ListedLine):
    """A matter with its course."""

    notes: list[ListedNoteShown]


class ListedMatters(CountedPage[ListedLine]):
    """Matters, the latest first."""


LongProse = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
UnitCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class SlipGiven(Given):
    """A notice slip to be issued: to the unit with this code, copies to others, with or without an answer."""

    unit: UnitCode
    matter: Line
    facts: LongProse
    asked: LongProse
    until: GivenDay
    answer_wanted: bool = True
    copies: list[UnitCode] = Field(default_factory=list, max_length=100)
    plan_id: Id | None = None


class SlipQuery(PageQuery):
    """Which slips: waiting for an answer, late with it, answered, not yet signed for."""

    state: Literal["waiting", "late", "answered", "unsigned"] | None = None
    q: str = Field("", max_length=100)
    plan_id: Id | None = None


class SlipShown(Shown):
    """One notice slip."""

    id: int
    number: str
    organ: str
    unit: str
    matter: str
    facts: str
    asked: str
    until: date
    answer_wanted: bool
    copies: list[str]
    issued_on: date
    plan_id: int | None
    circulation_id: int | None
    process_instance_id: int | None
    sent_by: str
    signed_at: Moment | None
    signed_by: str
    answer: str
    answered_at: Moment | None
    superior_told_at: Moment | None
    supervisor_told_at: Moment | None


class Slips(CountedPage[SlipShown]):
    """Slips, the latest first."""


class ExtensionGiven(Given):
    """A later date wanted for a task that lies before me, with the reason."""

    wanted: GivenMoment
    reason: Prose


class PlanExtensionGiven(ExtensionGiven):
    """A later date wanted for a plan's present stage, or without one for its issue."""

    stage: str = Field("", max_length=40)


class PlanDueGiven(Given):
    """Until when a plan's present stage is to be done, or without one the plan issued, with the reason."""

    stage: str = Field("", max_length=40)
    due_at: GivenMoment
    reason: Prose


class StageDeadlineShown(Shown):
    """One time that a plan was in a stage with a deadline."""

    stage: str
    rule: str = Field(description="as the diagram or the table says it, or `by hand`")
    entered_at: Moment
    left_at: Moment | None
    due_at: Moment


class PlanDeadlines(Shown):
    """Until when a plan is to be issued, and its stages to be done."""

    due_on: date | None
    stages: list[StageDeadlineShown]


class ExtensionDecided(Given):
    """Grant (to the date asked for, or to `granted`) or refuse, then with a reason."""

    outcome: Literal["grant", "refuse"]
    granted: GivenMoment | None = None
    answer: str = Field("", max_length=500)


class ExtensionQuery(PageQuery):
    """Which requests."""

    status: Literal["open", "granted", "refused"] | None = None


class ExtensionShown(Shown):
    """A request for a later date."""

    id: int
    task_id: int | None = Field(description="null where it is for a plan or its stage")
    plan_id: int | None
    stage: str = Field(description="the stage of the plan that it is for; empty for a task or the whole plan")
    asked_by: int | None
    asked_at: Moment
    due_before: Moment | None
    wanted: Moment
    reason: str
    status: Literal["open", "granted", "refused"]
    decided_by: int | None
    decided_at: Moment | None
    granted: Moment | None
    answer: str


class Extensions(Shown):
    """Requests that I decide or have made, the latest first."""

    items: list[ExtensionShown]
    next_cursor: str | None
