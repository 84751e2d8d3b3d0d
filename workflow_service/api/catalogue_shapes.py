"""Changes of the catalogue as the interface takes and shows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .acting_shapes import Prose, UnitCode
from .plan_shapes import Importance, Tier
from .shapes import CountedPage, Given, GivenDay, Id, Moment, PageQuery, Shown

Kind = Literal["split", "merge", "withdraw", "re_date"]
State = Literal["open", "approved", "refused", "withdrawn", "dropped"]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class SuccessorGiven(Given):
    """A plan that is to follow; what is left out is as with the plans before it."""

    title: Title
    lead_unit: UnitCode = Field(description="code of the unit that is to write it")
    due_on: GivenDay
    tier: Tier | Literal[""] = ""
    importance: Importance | Literal[""] = ""
    first_year: int | None = Field(None, ge=1949, le=2200)
    last_year: int | None = Field(None, ge=1949, le=2200)


class ChangeGiven(Given):
    """What is proposed for plans: split into `successors`; merged into one new successor or into the plan `into_plan_id`;
    withdrawn; due on `due_on`. `ordered_by` with `order_attachment_id` is a document that orders it.
    """

    kind: Kind
    plan_ids: list[Id] = Field(min_length=1, max_length=20)
    reason: Prose
    basis: str = Field("", max_length=2000)
    successors: list[SuccessorGiven] = Field(default_factory=list, max_length=20)
    into_plan_id: Id | None = None
    due_on: GivenDay | None = None
    ordered_by: Literal["", "party_committee", "government", "upper_department"] = ""
    order_attachment_id: Id | None = None


class AmendmentGiven(ChangeGiven):
    """The proposal as it is put forward anew, whole, with a note on what became of the objections."""

    note: str = Field("", max_length=2000)


class ChangeQuery(PageQuery):
    """Which changes; `q` are words of a plan's title, or its code."""

    state: State | None = None
    kind: Kind | None = None
    q: str = Field("", max_length=100)
    plan_id: Id | None = None


class SuccessorShown(Shown):
    """A plan that is to follow, as proposed."""

    title: str
    lead_unit: str
    due_on: date
    tier: str
    importance: str
    first_year: int | None
    last_year: int | None


class ChangeLine(Shown):
    """One change. `dropped`: its run was ended before it was decided. It counts from `decided_at`, and made `made_plan_ids`."""

    id: int
    kind: Kind
    state: State
    summary: str
    plan_ids: list[int]
    into_plan_id: int | None
    due_on: date | None
    reason: str
    basis: str
    ordered_by: str
    proposed_by: str
    proposed_unit: str
    proposed_at: Moment
    document_number: str
    decided_on: date | None
    decided_at: Moment | None
    answer: str
    made_plan_ids: list[int]
    process_instance_id: int | None


class ChangeShown(ChangeLine):
    """A change with what is proposed, and the runs that end when it is carried out (none once it is decided)."""

    successors: list[SuccessorShown]
    ends_process_instance_ids: list[int]


class Changes(CountedPage[ChangeLine]):
    """Changes, the latest first."""
