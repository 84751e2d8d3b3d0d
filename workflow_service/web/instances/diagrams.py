"""Which diagram of a run is drawn, and what is marked on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from workflow_service.domain.errors import NotFound
from workflow_service.i18n import N_
from workflow_service.store.definitions import ProcessDefinition
from workflow_service.store.runtime import Activity, Incident, ProcessInstance

from ..formats import moment

_LATEST_NOTES = 3


@dataclass(frozen=True)
class Picture:
    """One diagram of a run: the process drawn, its source, and the processes of the run to choose from."""

    key: str
    name: str
    xml: bytes
    choices: tuple[tuple[str, str], ...]


def drawn(session: Session, row: ProcessInstance, key: str, activities: Iterable[tuple[Activity, str]]) -> Picture:
    """The diagram of process `key` of this run (its own without one). Raises NotFound for a process not among them."""
    known = {row.definition_key: row.definition, **called_by(session, row.definition)}
    wanted = known.get(key or row.definition_key)
    if wanted is None:
        raise NotFound(N_("这个流程没有调用“%(key)s”。"), key=key)
    visited = dict.fromkeys([row.definition_key, *(activity.process_key for activity, _ in activities)])
    choices = tuple((each, known[each].name) for each in visited if each in known)
    return Picture(wanted.key, wanted.name, wanted.resource.content, choices)


def called_by(session: Session, definition: ProcessDefinition) -> dict[str, ProcessDefinition]:
    """The versions pinned at deployment by key, also those that they call."""
    pinned = [(key, version) for key, version in definition.called.items() if " " not in key]
    wanted = select(ProcessDefinition).where(tuple_(ProcessDefinition.key, ProcessDefinition.version).in_(pinned))
    rows = session.scalars(wanted.options(joinedload(ProcessDefinition.resource))).all() if pinned else ()
    return {each.key: each for each in rows}


def marks_of(activities: Sequence[tuple[Activity, str]], incidents: Iterable[Incident], key: str) -> dict[str, Any]:
    """Elements and flows passed, present places, failed places, and a note of who and when for each element."""
    mine = [(activity, person) for activity, person in activities if activity.process_key == key]
    bad = {incident.element_id for incident in incidents if incident.resolved_at is None}
    here = {activity.element_id for activity, _ in mine if activity.ended_at is None}
    passed = (each for activity, _ in mine for each in (activity.element_id, *activity.flows))
    return {
        "way": list(dict.fromkeys(each for each in passed if each and each not in here)),
        "here": sorted(here - bad),
        "bad": sorted(bad),
        "notes": _notes(mine),
    }


def _notes(activities: Iterable[tuple[Activity, str]]) -> dict[str, str]:
    told: dict[str, list[str]] = defaultdict(list)
    for activity, person in activities:
        when = moment(activity.ended_at or activity.started_at)
        told[activity.element_id].append(f"{person} · {when}" if person else when)
    return {element: "\n".join(lines[-_LATEST_NOTES:]) for element, lines in told.items()}
