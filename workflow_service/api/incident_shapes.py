"""Incidents as the interface shows them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .shapes import Given, Moment, Page, Reason, Shown


class IncidentShown(Shown):
    """What stopped an element, and whether it is settled."""

    id: int
    process_instance_id: int = Field(validation_alias="instance_id")
    element_id: str
    kind: str
    message: str = Field(validation_alias="words")
    created_at: Moment
    resolved_at: Moment | None
    resolved_by: int | None


class OutputShown(Shown):
    """A column of results of the table that gave nothing."""

    name: str
    label: str
    type: str


class UndecidedShown(Shown):
    """What a person is to decide: a value for each output of a decision table."""

    table: str
    table_name: str
    outputs: list[OutputShown]
    message: str


class DecisionGiven(Given):
    """What the table should have said (a value for each output by name), and why."""

    result: dict[str, Any] = Field(min_length=1, max_length=50)
    reason: Reason


class IncidentLine(IncidentShown):
    """An incident in a list, with the plan in which it stands."""

    process_key: str
    plan_title: str
    plan_code: str | None


class Incidents(Page[IncidentLine]):
    """One page of open incidents, the newest first."""
