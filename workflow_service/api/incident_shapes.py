"""Incidents as the interface shows them."""

from __future__ import annotations

from pydantic import Field

from .shapes import Moment, Page, Shown


class IncidentShown(Shown):
    """What stopped an element, and whether it is settled."""

    id: int
    process_instance_id: int = Field(validation_alias="instance_id")
    element_id: str
    kind: str
    message: str
    created_at: Moment
    resolved_at: Moment | None
    resolved_by: int | None


class IncidentLine(IncidentShown):
    """An incident in a list, with the plan in which it stands."""

    process_key: str
    plan_title: str
    plan_code: str | None


class Incidents(Page[IncidentLine]):
    """One page of open incidents, the newest first."""
