"""Plans as the interface takes and shows them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from .shapes import CountedPage, Given, GivenDay, Id, Long, Moment, Name, PageQuery, Reason, Shown, Values

Category = Literal["development", "spatial", "special", "regional"]
Level = Literal["province", "city", "county", "town"]
Tier = Literal["1", "N", "X"]
Importance = Literal["key", "general", "filed"]
Status = Literal["applied", "pending", "active", "issued", "refused", "merged", "split", "withdrawn"]
Stage = Literal[
    "registration", "research", "drafting", "consultation", "coordination", "review", "approval", "issue", "filing",
    "implementation", "evaluation", "revision", "closed",
]  # fmt: skip


class PlanShown(Shown):
    """One plan as it stands. `lead_unit_id` writes it; `row_version` is its ETag."""

    id: int
    code: str | None
    title: str
    category: Category
    level: Level
    tier: Tier
    importance: Importance
    area: str = Field(description="division code of the government in whose catalogue it is")
    lead_unit_id: int
    lead_unit_name: str
    first_year: int
    last_year: int
    environmental_review: bool
    water_review: bool
    upward_filing: bool
    needs_party_review: bool
    route: str
    review_form: str
    revision: int
    status: Status
    stage: Stage
    applied_on: date | None
    registered_on: date | None
    due_on: date | None
    paused_for: str = Field(description="why the clock stands: meeting, answer or suspended; empty: it runs")
    issued_on: date | None
    document_number: str
    filed_on: date | None
    filing_number: str
    merged_into_id: int | None
    split_from_id: int | None
    row_version: int


class Plans(CountedPage[PlanShown]):
    """One page of plans, those due first first."""


class PlanQuery(PageQuery):
    """Which plans; without `scope=public` those of my area and of my own units."""

    q: str = Field("", max_length=60, description="words, pinyin initials or the code")
    scope: Literal["mine", "public"] = "mine"
    category: Category | None = None
    level: Level | None = None
    tier: Tier | None = None
    importance: Importance | None = None
    stage: Stage | None = None
    status: Status | None = None
    unit: Id | None = Field(None, description="id of the lead unit")
    cycle: Id | None = Field(None, description="id of the planning cycle")
    overdue: bool = Field(False, description="not issued by its due date")


class ApplicationGiven(Given):
    """What a unit states when it applies to write a plan; years count from 1 January of the first to the end of the last."""

    title: Name
    lead_unit_id: Id
    category: Category
    level: Level
    tier: Tier
    importance: Importance
    first_year: int = Field(ge=1949, le=2200)
    last_year: int = Field(ge=1949, le=2200)
    due_on: GivenDay | None = None
    listed: bool = True
    ordered_by: Literal["", "party_committee", "government", "upper_department"] = ""
    order_attachment_id: Id | None = None
    environmental_review: bool = False
    water_review: bool = False
    upward_filing: bool = False
    needs_party_review: bool = False
    basis: Long = ""


class RevisionGiven(Given):
    """Why the plan is revised."""

    reason: Reason


class EvaluationGiven(Given):
    """What the evaluation starts with, as its process asks."""

    variables: Values = Field(default_factory=dict)


class EventShown(Shown):
    """Something that happened to a plan."""

    id: int
    at: Moment
    kind: str
    data: dict[str, Any]
    process_instance_id: int | None = Field(validation_alias="instance_id")
    actor_id: int | None


class DeadlineChangeShown(Shown):
    """One time that the plan's clock stood still, or that its date was set anew (then `started_at` is `ended_at`).

    `ended_at` and `due_after` are empty while the clock stands; it moves the date by `working_days`.
    """

    id: int
    kind: Literal["meeting", "answer", "suspended", "by_hand", "asked", "extended", "refused"]
    started_at: Moment
    ended_at: Moment | None
    due_before: Moment | None
    due_after: Moment | None
    working_days: int
    reason: str
    actor_id: int | None


class DeadlineChanges(Shown):
    """How the due date came about, in order."""

    items: list[DeadlineChangeShown]


class Events(Shown):
    """What happened to a plan, the newest first."""

    items: list[EventShown]


class NoticeOfPlanQuery(Given):
    """Which notice."""

    revision: int | None = Field(None, ge=0, le=30_000, description="of which revision; the newest by default")


class ResultShown(Shown):
    """One document of the results library. `attachment_id` is its file, null where the unit attached none."""

    id: int
    kind: Literal["notice", "plan"]
    revision: int
    document_number: str
    issued_on: date
    attachment_id: int | None
    entered_at: Moment


class Results(Shown):
    """What the results library holds of a plan, the newest revision first: the notice, and the text that it issues."""

    items: list[ResultShown]
