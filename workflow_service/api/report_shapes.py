"""Special reports as the interface takes and shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .office_shapes import AskedGiven, InstructionShown
from .shapes import CountedPage, Given, Id, Moment, PageQuery, Shown

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
PageText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class ReportChanged(Given):
    """What a report says, to whom: ids of people in leading posts of the area or above it."""

    title: Title
    text: PageText
    recipients: list[Id] = Field(min_length=1, max_length=20)


class ReportGiven(ReportChanged):
    """A report to be drafted about a plan."""

    plan_id: Id


class ReportInstructed(Given):
    """A leader's words on a report, and what he orders by them."""

    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    orders: list[AskedGiven] = Field(default_factory=list, max_length=50)


class ReportQuery(PageQuery):
    """Which reports: drafts, sent ones that a leader has not read, those that all have read, dropped ones."""

    state: Literal["draft", "unread", "read", "dropped"] | None = None
    q: str = Field("", max_length=100)
    plan_id: Id | None = None


class ReportLine(Shown):
    """One special report; `read` counts the leaders who have read it.

    `origin_process_instance_id` is the weekly report in which it was begun, null where a person began it.
    """

    id: int
    number: str | None
    organ: str
    plan_id: int
    title: str
    status: Literal["draft", "sent", "dropped"]
    recipients: list[int]
    read: int
    drafted_by: str
    drafted_at: Moment
    sent_at: Moment | None
    process_instance_id: int | None
    origin_process_instance_id: int | None


class ReadingShown(Shown):
    """How far one leader is; `read` without a word, `instructed` with an instruction."""

    person_id: int
    name: str
    state: Literal["unread", "read", "instructed"]
    read_at: Moment | None
    task_id: int | None


class ReportShown(ReportLine):
    """A report with its text, its leaders and what they wrote."""

    text: str
    readings: list[ReadingShown]
    instructions: list[InstructionShown]


class Reports(CountedPage[ReportLine]):
    """Reports, the latest first."""
