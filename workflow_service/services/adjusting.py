"""Where the tokens of an instance stand and on which steps each can be put (调整环节)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from workflow_service.domain.drawing import is_drawn
from workflow_service.engine.blocks import Level
from workflow_service.engine.dialect import ACTIVITIES
from workflow_service.engine.program import Program
from workflow_service.identity import policy
from workflow_service.store import instance_view
from workflow_service.store.runtime import Activity, ProcessInstance

from .context import Actor
from .programs import program_of

HOSTS = ("callActivity", "subProcess", "multiInstanceBody")
NO_START = (*HOSTS, "boundaryEvent")
"""What stands open without a token of its own to put elsewhere: what only surrounds one, and events that wait beside a step."""


@dataclass(frozen=True)
class JumpTarget:
    """An activity that a token can be put on. `process` names the process where it is another than the token's."""

    element_id: str
    name: str
    element_type: str
    process: str = ""


@dataclass(frozen=True)
class JumpStart:
    """One token with the person or event that it waits for, and where it can be put."""

    token: UUID
    element_id: str
    name: str
    started_at: datetime
    targets: tuple[JumpTarget, ...]


def jump_options(session: Session, actor: Actor, row: ProcessInstance) -> list[JumpStart]:
    """Give the tokens of a running instance with their targets, none while it stands still; raises Forbidden."""
    policy.require(actor, "instance.control", policy.thing_of(row.area_path))
    if row.status != "active":
        return []
    program = program_of(session, row.definition_id).program
    open_ones = [one for one, _person in instance_view.activities_of(session, row.id) if one.ended_at is None]
    around = [one for one in open_ones if one.element_type in HOSTS]
    return [_start(program, one, around) for one in open_ones if one.element_type not in NO_START]


def _start(program: Program, standing: Activity, around: Sequence[Activity]) -> JumpStart:
    places = _outwards(program, standing, around)
    targets = [one for key, element_id in places for one in _targets(program, key, element_id, standing)]
    return JumpStart(standing.token, standing.element_id, standing.name, standing.started_at, tuple(targets))


def _outwards(program: Program, standing: Activity, around: Sequence[Activity]) -> list[tuple[str, str]]:
    """The token's process and element, then those that called it, each with the call."""
    found = [(standing.process_key, standing.element_id)]
    while (outer := next((one for one in around if found[-1][0] in _called(program, one)), None)) is not None:
        if outer.process_key in {key for key, _element in found}:
            break
        found.append((outer.process_key, outer.element_id))
    return found


def _called(program: Program, host: Activity) -> set[str]:
    """The processes that a call can run: one, or the candidates of one that is chosen at run time."""
    if host.element_type != "callActivity":
        return set()
    element = program.element(host.process_key, host.element_id)
    return {str(element.get("called")), *element.get("mapping", {}).get("candidates", ())}


def _is_a_step(process: Mapping[str, Any], element_id: str) -> bool:
    """Whether a token can be put there: not on what was put in, nor on an event sub-process, which its event begins."""
    parent = process["elements"][element_id].get("parent")
    return is_drawn(element_id) and not Level(dict(process), parent).is_listening(element_id)


def _targets(program: Program, key: str, place: str, standing: Activity) -> Iterable[JumpTarget]:
    """The activities beside an element and beside the sub-processes around it."""
    process: Mapping[str, Any] = program.processes[key]
    inside = [process["elements"][place].get("parent")]
    while inside[-1] is not None:
        inside.append(process["elements"][inside[-1]].get("parent"))
    for element_id, element in process["elements"].items():
        here = key == standing.process_key and element_id == standing.element_id
        if element["type"] in ACTIVITIES and element.get("parent") in inside and not here and _is_a_step(process, element_id):
            name = process["name"] if key != standing.process_key else ""
            yield JumpTarget(element_id, element["name"] or element_id, element["type"], name)
